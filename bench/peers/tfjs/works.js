// All that tfjs does, on whichever backend has been set. Every operation is a kernel of its own; tidy() frees what is in between.

import * as tf from '@tensorflow/tfjs';
import { works as functions } from './functions.js';
import { works as models } from './models.js';
import { works as training } from './training.js';

tf.enableProdMode();

export const works = { ...functions, ...training, ...models };
