// Special functions on plain numbers, float64 in and float64 out, pure, to a few units in the last place.
// Edge values (poles, infinities, NaN) are PyTorch's unless noted. This file has the ones JavaScript almost
// has; each family below has a file of its own.

export { erf, erfc, erfcx, erfinv, ndtri } from './special/erf.ts';
export { digamma, lgamma, polygamma, zeta } from './special/gamma.ts';
export { i0, i1 } from './special/bessel.ts';

/** 2 to the x; exact where x is an integer. */
export function exp2(x: number): number {
  return Math.pow(2, x);
}

/**
 * The length of the vector (x, y) without overflow on the way; infinite if either is, even beside a NaN (C99
 * F.9.4.3).
 */
export function hypot(x: number, y: number): number {
  const a = Math.abs(x);
  const b = Math.abs(y);
  if (a === Infinity || b === Infinity) return Infinity;
  const large = Math.max(a, b);
  if (large > 1e150) return length(a * TINY, b * TINY) / TINY;
  if (large < 1e-140) return length(a / TINY, b / TINY) * TINY;
  return length(a, b);
}

/** A power of two, so that scaling by it is exact. */
const TINY = 2 ** -600;

const length = (a: number, b: number): number => Math.sqrt(a * a + b * b);

/**
 * C's pow (C99 F.9.4.4): 1 to any power is 1, even NaN, and -1 to an infinite power is 1; JavaScript says NaN
 * to both.
 */
export function pow(x: number, y: number): number {
  return x === 1 || (x === -1 && (y === Infinity || y === -Infinity)) ? 1 : Math.pow(x, y);
}
