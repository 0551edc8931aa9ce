// Coin tosses: ones and zeros with a given probability, and dropout's mask made of them.
//
// In: a generator, an array to fill, the probability. Out: the array filled, the generator moved on.

import type { Generator } from '../generator.ts';
import type { FloatArray, FillableArray } from './uniform.ts';

/**
 * Fills with ones (probability p) and zeros: PyTorch's `bernoulli` and `bernoulli_`. With one p for all a draw
 * has 53 bits whatever the array; with an array of probabilities, 24 if that is float32.
 *
 * @example
 * fillBernoulli(new Generator(0), new Float32Array(4), 0.3); // 0, 1, 0, 0, each 1 with probability 0.3
 * fillBernoulli(new Generator(0), new Uint8Array(2), new Float32Array([0.1, 0.9]));
 */
export function fillBernoulli<Target extends FillableArray>(
  generator: Generator,
  out: Target,
  p: number | FloatArray,
): Target {
  if (typeof p === 'number') {
    checkProbability('bernoulli_ expects p to be in [0, 1], but got p=', p);
    for (let i = 0; i < out.length; i++) out[i] = generator.uniform53() < p ? 1 : 0;
  } else if (p instanceof Float32Array) {
    for (let i = 0; i < out.length; i++) out[i] = generator.uniform24() < checkedElement(p, i) ? 1 : 0;
  } else {
    for (let i = 0; i < out.length; i++) out[i] = generator.uniform53() < checkedElement(p, i) ? 1 : 0;
  }
  return out;
}

function checkProbability(message: string, p: number): void {
  if (!(p >= 0 && p <= 1)) throw new RangeError(message + p);
}

function checkedElement(p: FloatArray, i: number): number {
  const value = p[i];
  if (!(value >= 0 && value <= 1)) {
    throw new RangeError('Expected p_in >= 0 && p_in <= 1 to be true, but got false.');
  }
  return value;
}

/**
 * Fills with dropout's mask: 0 with probability p, else 1 / (1 - p), so that the mean of mask * x is x. With
 * p = 0 (all ones) and p = 1 (all zeros) nothing is drawn, as in PyTorch.
 *
 * @example
 * fillDropoutMask(new Generator(0), new Float32Array(4), 0.5); // 0, 0, 2, 0
 */
export function fillDropoutMask<Target extends FloatArray>(
  generator: Generator,
  out: Target,
  p: number,
): Target {
  checkProbability('dropout probability has to be between 0 and 1, but got ', p);
  if (p === 0 || p === 1) {
    out.fill(1 - p);
    return out;
  }
  const kept = 1 - p;
  const scale = 1 / (out instanceof Float32Array ? Math.fround(kept) : kept);
  for (let i = 0; i < out.length; i++) out[i] = generator.uniform53() < kept ? scale : 0;
  return out;
}
