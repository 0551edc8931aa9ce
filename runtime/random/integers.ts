// Random whole numbers and permutations.
//
// In: a generator, an array to fill, bounds. Out: the array filled, the generator moved on.
//
// A word modulo the size of the range is not quite uniform, but it is what PyTorch does, and so the numbers are
// the same. They depend on the range alone, not on the type of the array (but see `innerBounds`).

import type { Generator } from '../generator.ts';
import type { FillableArray } from './uniform.ts';

/** Types in which whole numbers can be drawn over their whole range. */
export type DrawnDtype = 'float32' | 'float64' | 'int32' | 'uint8' | 'bool';

/**
 * Fills with whole numbers from [low, high): PyTorch's `randint` and `random_(from, to)`.
 *
 * @example
 * fillRandint(new Generator(0), new Int32Array(4), 0, 10); // 4, 9, 3, 0
 */
export function fillRandint<Target extends FillableArray>(
  generator: Generator,
  out: Target,
  low: number,
  high: number,
): Target {
  if (!(low < high)) {
    throw new RangeError(`random_ expects 'from' to be less than 'to', but got from=${low} >= to=${high}`);
  }
  checkBounds(out, low, high);
  const [from, to] = innerBounds(out, low, high);
  const range = to - from;
  const floating = out instanceof Float32Array || out instanceof Float64Array;
  if (range < 2 ** 32) {
    // as unsigned 32-bit numbers, so that the remainder is one machine instruction
    const modulus = range >>> 0;
    for (let i = 0; i < out.length; i++) out[i] = (generator.random32() % modulus) + from;
  } else if (floating) {
    const modulus = BigInt(range);
    for (let i = 0; i < out.length; i++) out[i] = Number((generator.random64() % modulus) + BigInt(from));
  } else {
    // all 2^32 numbers of an int32: each word stands for one of them
    for (let i = 0; i < out.length; i++) out[i] = generator.random32() + from;
  }
  return out;
}

function checkBounds(out: FillableArray, low: number, high: number): void {
  if (out instanceof Float32Array || out instanceof Float64Array) return;
  const [name, min, max] =
    out instanceof Int32Array
      ? (['int', -(2 ** 31), 2 ** 31 - 1] as const)
      : (['unsigned char', 0, 255] as const);
  if (low < min || low > max) throw new RangeError(`from is out of bounds for ${name}`);
  if (high - 1 > max) throw new RangeError(`to - 1 is out of bounds for ${name}`);
}

/**
 * The bounds that are kept when numbers are rounded to the type of the array. In float32 the largest number
 * below 2^25, say, would be rounded up to 2^25, out of the range; PyTorch moves such a bound to the next number
 * inside it. Nothing moves as long as the bounds are within +-2^24 (float32) or +-2^53 (float64).
 */
function innerBounds(out: FillableArray, low: number, high: number): readonly [number, number] {
  if (out instanceof Float32Array) return [moveUp(low, 24, Math.fround), moveDown(high, 24, Math.fround)];
  if (out instanceof Float64Array) return [moveUp(low, 53, Number), moveDown(high, 53, Number)];
  return [low, high];
}

type Rounding = (value: number) => number;

/** The distance between neighbours of `digits` bits around a whole number. */
function spacingAt(value: bigint, digits: number): number {
  const magnitude = value < 0n ? -value : value;
  return 2 ** (magnitude.toString(2).length - digits);
}

function moveUp(low: number, digits: number, round: Rounding): number {
  if (Math.abs(low) < 2 ** digits) return low;
  const after = BigInt(low) + 1n;
  const rounded = round(Number(after));
  return rounded < low ? rounded + spacingAt(after, digits) : low;
}

function moveDown(high: number, digits: number, round: Rounding): number {
  if (Math.abs(high) < 2 ** digits) return high;
  const before = BigInt(high) - 1n;
  const rounded = round(Number(before));
  return rounded >= high ? rounded - spacingAt(before, digits) : high;
}

/**
 * Fills with whole numbers from the whole range of the dtype that are not negative: PyTorch's `random_()`. For
 * floats these are 0 to 2^24 or 2^53, as far as every whole number has its own float.
 *
 * @example
 * fillRandom(new Generator(0), new Uint8Array(1), 'bool'); // 0 or 1
 */
export function fillRandom<Target extends FillableArray>(
  generator: Generator,
  out: Target,
  dtype: DrawnDtype,
): Target {
  if (dtype === 'float64') {
    for (let i = 0; i < out.length; i++) out[i] = drawUpTo2To53(generator);
    return out;
  }
  const modulus = { float32: 2 ** 24 + 1, int32: 2 ** 31, uint8: 256, bool: 2 }[dtype] >>> 0;
  for (let i = 0; i < out.length; i++) out[i] = generator.random32() % modulus;
  return out;
}

/**
 * A 64-bit word modulo m = 2^53 + 1, without 64-bit arithmetic: the word is q 2^53 + r and 2^53 is -1 modulo m,
 * hence the remainder is r - q, or r - q + m where that is negative.
 */
function drawUpTo2To53(generator: Generator): number {
  const high = generator.random32();
  const q = high >>> 21;
  const r = (high & 0x1fffff) * 2 ** 32 + generator.random32();
  return r >= q ? r - q : r - q + 1 + 2 ** 53;
}

/**
 * Fills with the numbers 0 to n - 1 in random order, n being the length of the array: PyTorch's `randperm`. Each
 * place in turn swaps its number with one of those from there on (Fisher & Yates), n - 1 words in all.
 *
 * @example
 * fillPermutation(new Generator(0), new Int32Array(5)); // 4, 0, 1, 3, 2
 */
export function fillPermutation<Target extends FillableArray>(generator: Generator, out: Target): Target {
  for (let i = 0; i < out.length; i++) out[i] = i;
  for (let i = 0; i < out.length - 1; i++) {
    const other = i + (generator.random32() % ((out.length - i) >>> 0));
    const number = out[i];
    out[i] = out[other];
    out[other] = number;
  }
  return out;
}
