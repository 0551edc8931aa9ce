// @tensorflow/tfjs on its plain JavaScript backend.

import * as tf from '@tensorflow/tfjs';

await tf.setBackend('cpu');

export { works } from './tfjs/works.js';
