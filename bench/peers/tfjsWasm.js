// @tensorflow/tfjs on WebAssembly with SIMD. In Node it has one thread.

import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';

// its .wasm files lie beside its main file, and it reads them by path
setWasmPaths(fileURLToPath(new URL('.', import.meta.resolve('@tensorflow/tfjs-backend-wasm'))));
await tf.setBackend('wasm');

export { works } from './tfjs/works.js';
