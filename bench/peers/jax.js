// @jax-js/jax: JAX in JavaScript, jitted, on WebAssembly (its fastest backend in Node). Its functions consume their arguments: `.ref` keeps one.

import { defaultDevice, init } from '@jax-js/jax';
import { works as functions } from './jax/functions.js';
import { works as models } from './jax/models.js';
import { works as training } from './jax/training.js';

// what it does not find in Node 20, but looks for when it is given a Float64Array
globalThis.Float16Array ??= class Float16Array {};
await init('wasm');
defaultDevice('wasm');

export const works = { ...functions, ...training, ...models };
