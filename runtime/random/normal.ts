// Normal numbers, in the two ways in which PyTorch draws them.
//
// In: a generator, an array to fill, mean and standard deviation. Out: the array filled, the generator moved on.
//
// Fewer than 16 numbers come one by one from `Generator.normal`. Sixteen and more are made in blocks of 16 out
// of uniform numbers of the array's own type, which gives other numbers and leaves the generator's cached
// normal alone. Box & Muller's transform is the same in both: of independent uniform u1 in (0, 1] and u2,
//
//     r cos t  and  r sin t   with   r = sqrt(-2 ln u1),  t = 2 pi u2
//
// are independent and normal.

import type { Generator } from '../generator.ts';
import { fusedMultiplyAdd64 } from './fused.ts';
import { transformBlock32 } from './normal32.ts';
import { fillUniform } from './uniform.ts';
import type { FloatArray } from './uniform.ts';

/** Numbers in a block: eight u1 and eight u2 become eight cosines and eight sines. */
const blockLength = 16;

function checkDeviation(std: number): void {
  if (!(std >= 0)) throw new RangeError(`normal expects std >= 0.0, but found std ${std}`);
}

/**
 * Fills with normal numbers: PyTorch's `normal_`, and `randn` with the defaults.
 *
 * @example
 * fillNormal(new Generator(0), new Float32Array(3)); // 1.5410, -0.2934, -2.1788
 */
export function fillNormal<Target extends FloatArray>(
  generator: Generator,
  out: Target,
  mean = 0,
  std = 1,
): Target {
  checkDeviation(std);
  if (out.length < blockLength) return fillNormalSerially(generator, out, mean, std);
  fillBlocks(generator, out, mean, std);
  return out;
}

/**
 * Fills with normal numbers one by one, however many there are: what PyTorch does for a tensor whose memory is
 * not contiguous. `out` is in memory order.
 */
export function fillNormalSerially<Target extends FloatArray>(
  generator: Generator,
  out: Target,
  mean = 0,
  std = 1,
): Target {
  checkDeviation(std);
  for (let i = 0; i < out.length; i++) out[i] = fusedMultiplyAdd64(generator.normal(), std, mean);
  return out;
}

/**
 * All uniform numbers first, then block after block is transformed in place. If numbers are left over, the last
 * 16 places are drawn anew, over finished ones, and make one more block.
 */
function fillBlocks(generator: Generator, out: FloatArray, mean: number, std: number): void {
  fillUniform(generator, out);
  for (let start = 0; start + blockLength <= out.length; start += blockLength) {
    transformBlock(out, start, mean, std);
  }
  if (out.length % blockLength !== 0) {
    const start = out.length - blockLength;
    fillUniform(generator, out.subarray(start));
    transformBlock(out, start, mean, std);
  }
}

function transformBlock(data: FloatArray, start: number, mean: number, std: number): void {
  if (data instanceof Float32Array) transformBlock32(data, start, mean, std);
  else transformBlock64(data, start, mean, std);
}

/** Box & Muller in double precision. The last bit is that of this engine's log, sin and cos. */
function transformBlock64(data: Float64Array, start: number, mean: number, std: number): void {
  for (let j = start; j < start + 8; j++) {
    const radius = Math.sqrt(-2 * Math.log(1 - data[j]));
    const angle = 2 * Math.PI * data[j + 8];
    data[j] = fusedMultiplyAdd64(radius * Math.cos(angle), std, mean);
    data[j + 8] = fusedMultiplyAdd64(radius * Math.sin(angle), std, mean);
  }
}
