// Fused multiply-add, a * b + c rounded once.
//
// In: three numbers. Out: the number of the wished precision nearest to the exact a * b + c.
//
// PyTorch's kernels scale every random number by such an instruction (compilers contract `u * (b - a) + a` to
// it), so a product that is rounded before the addition differs in the last bit of every fourth number.

/**
 * Fused multiply-add of float32 numbers. The product of two 24-bit mantissas has at most 48 bits and is exact
 * in a double; the sum is then rounded to 53 and to 24 bits. (Two roundings differ from one only if the first
 * hits the middle between two float32 exactly: about once in 2^29.)
 */
export function fusedMultiplyAdd32(a: number, b: number, c: number): number {
  return Math.fround(a * b + c);
}

/** Beyond these magnitudes a step below might overflow or lose bits to underflow. */
const largest = 2 ** 990;
const smallest = 2 ** -900;

const double = new Float64Array(1);
const halves = new Int32Array(double.buffer);
const low = new Uint8Array(new Int32Array([1]).buffer)[0] === 1 ? 0 : 1;

/** The upper 26 bits of a number, by Veltkamp's splitting. */
function upperBitsOf(a: number): number {
  const scaled = a * 134217729; // 2^27 + 1
  return scaled - (scaled - a);
}

/**
 * `value + rest` rounded to odd: if it is not exact, the one of the two neighbours with an odd last bit. Such a
 * number never lies in the middle between two coarser ones unless the exact sum does, so that rounding it again
 * is as good as rounding once (Boldo & Melquiond, "Emulation of a FMA and correctly rounded sums", 2008).
 */
function roundToOdd(value: number, rest: number): number {
  if (rest === 0) return value;
  double[0] = value;
  if ((halves[low] & 1) === 1) return value;
  // an even mantissa and its odd neighbour towards `rest`: outwards + 1, inwards - 1 as a 64-bit integer
  if (rest > 0 === value > 0) halves[low] |= 1;
  else if (halves[low] !== 0) halves[low] -= 1;
  else {
    halves[low] = -1;
    halves[1 - low] -= 1;
  }
  return double[0];
}

/**
 * Fused multiply-add of float64 numbers: the errors of the product (Dekker 1971) and of the sums (Knuth) are
 * computed exactly and added last.
 *
 *     a * b = p + e,   p + c = s + t,   t + e = v + w   exactly;   result = s + odd(v, w)
 */
export function fusedMultiplyAdd64(a: number, b: number, c: number): number {
  const p = a * b;
  const size = Math.abs(p);
  if (!(size < largest && size > smallest && Math.abs(a) < largest && Math.abs(b) < largest)) return p + c;

  const aHigh = upperBitsOf(a);
  const aLow = a - aHigh;
  const bHigh = upperBitsOf(b);
  const bLow = b - bHigh;
  const e = aLow * bLow - (p - aHigh * bHigh - aLow * bHigh - aHigh * bLow);

  const s = p + c;
  const sPart = s - p;
  const t = p - (s - sPart) + (c - sPart);

  const v = t + e;
  const vPart = v - t;
  const w = t - (v - vPart) + (e - vPart);
  return s + roundToOdd(v, w);
}
