// Uniform numbers.
//
// In: a generator and an array to fill. Out: the array filled from the front, the generator moved on.

import type { Generator } from '../generator.ts';
import { fusedMultiplyAdd32, fusedMultiplyAdd64 } from './fused.ts';

/** Arrays that can hold real numbers. */
export type FloatArray = Float32Array | Float64Array;

/** Arrays that can hold the elements of a tensor; booleans are 0 and 1 in a Uint8Array. */
export type FillableArray = FloatArray | Int32Array | Uint8Array;

/**
 * Fills with numbers from [from, to): PyTorch's `uniform_`, and `rand` with the defaults. A float32 takes one
 * word of the stream for 24 bits, a float64 two for 53 bits; u * (to - from) + from is computed in the type of
 * the array and rounded once.
 *
 * @example
 * fillUniform(new Generator(0), new Float32Array(2)); // 0.4963, 0.7682
 */
export function fillUniform<Target extends FloatArray>(
  generator: Generator,
  out: Target,
  from = 0,
  to = 1,
): Target {
  if (!(from <= to)) {
    throw new RangeError(`uniform_ expects to return a [from, to) range, but found from=${from} > to=${to}`);
  }
  if (out instanceof Float32Array) fillUniform32(generator, out, Math.fround(from), Math.fround(to));
  else fillUniform64(generator, out, from, to);
  return out;
}

function fillUniform32(generator: Generator, out: Float32Array, from: number, to: number): void {
  const span = Math.fround(to - from);
  for (let i = 0; i < out.length; i++) out[i] = fusedMultiplyAdd32(generator.uniform24(), span, from);
}

function fillUniform64(generator: Generator, out: Float64Array, from: number, to: number): void {
  const span = to - from;
  if (from === 0) {
    for (let i = 0; i < out.length; i++) out[i] = generator.uniform53() * span;
  } else {
    for (let i = 0; i < out.length; i++) out[i] = fusedMultiplyAdd64(generator.uniform53(), span, from);
  }
}
