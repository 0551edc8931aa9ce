// rose: derivatives of functions of single numbers and vectors of them, compiled to WebAssembly. It has no tensors, so it takes part where there
// are few numbers.

import { works as functions } from './rose/functions.js';
import { works as training } from './rose/training.js';

export const works = { ...functions, ...training };
