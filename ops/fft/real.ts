// Transforms of real numbers. In: a length n. Out: functions between n real numbers and the first n / 2 + 1 complex numbers of their transform, of
// which the others are the conjugates. For even n the even and the odd places are the real and imaginary parts of n / 2 complex numbers.

import { makeComplexes, tabulateRoots } from './roots.ts';
import type { Complexes } from './roots.ts';
import { invert, planTransform } from './transform.ts';

/** How many numbers of a transform of n real ones stand for all. */
export const halfOf = (n: number): number => Math.floor(n / 2) + 1;

/** Writes the first half of the transform of `x`, the sums of x[k] e^(-2 pi i j k / n), to `out`. */
export type RealTransform = (x: Float64Array, out: Complexes) => void;

/** The transform of n real numbers. */
export function planRealTransform(n: number): RealTransform {
  if (n % 2 === 1) {
    const transform = planTransform(n);
    const work = makeComplexes(n);
    return (x, out) => {
      work.re.set(x);
      work.im.fill(0);
      transform(work);
      out.re.set(work.re.subarray(0, halfOf(n)));
      out.im.set(work.im.subarray(0, halfOf(n)));
      out.im[0] = 0;
    };
  }
  const h = n / 2;
  const transform = planTransform(h);
  const roots = tabulateRoots(n);
  const z = makeComplexes(h);
  return (x, out) => {
    for (let j = 0; j < h; j++) {
      z.re[j] = x[2 * j];
      z.im[j] = x[2 * j + 1];
    }
    transform(z);
    for (let k = 0; k <= h; k++) {
      const [a, b] = [k % h, (h - k) % h];
      // of the even places (z[k] + conj z[h - k]) / 2, of the odd ones (z[k] - conj z[h - k]) / 2i
      const evenR = 0.5 * (z.re[a] + z.re[b]);
      const evenI = 0.5 * (z.im[a] - z.im[b]);
      const oddR = 0.5 * (z.im[a] + z.im[b]);
      const oddI = 0.5 * (z.re[b] - z.re[a]);
      out.re[k] = evenR + (oddR * roots.re[k] - oddI * roots.im[k]);
      out.im[k] = evenI + (oddR * roots.im[k] + oddI * roots.re[k]);
    }
    // numbers that are their own conjugates
    out.im[0] = 0;
    out.im[h] = 0;
  };
}

/**
 * Writes n real numbers to `out`: the sums of x[k] e^(2 pi i j k / n) over a whole x, of which `x` is the first half and the rest conjugate.
 * The imaginary parts of what has no other half (x[0], and x[n / 2] for even n) are not looked at.
 */
export type InverseRealTransform = (x: Complexes, out: Float64Array) => void;

/** n times the inverse of `planRealTransform(n)`. */
export function planInverseReal(n: number): InverseRealTransform {
  if (n % 2 === 1) {
    const backwards = invert(planTransform(n));
    const work = makeComplexes(n);
    return (x, out) => {
      work.re[0] = x.re[0];
      work.im[0] = 0;
      for (let k = 1; k < halfOf(n); k++) {
        work.re[k] = work.re[n - k] = x.re[k];
        work.im[k] = x.im[k];
        work.im[n - k] = -x.im[k];
      }
      backwards(work);
      out.set(work.re);
    };
  }
  const h = n / 2;
  const backwards = invert(planTransform(h));
  const roots = tabulateRoots(n);
  const z = makeComplexes(h);
  return (x, out) => {
    for (let k = 0; k < h; k++) {
      const imag = k === 0 ? 0 : x.im[k];
      const mirror = k === 0 ? 0 : -x.im[h - k];
      // x[k] + conj x[h - k] + i (x[k] - conj x[h - k]) / root
      const oddR = x.re[k] - x.re[h - k];
      const oddI = imag - mirror;
      const turnedR = oddR * roots.re[k] + oddI * roots.im[k];
      const turnedI = oddI * roots.re[k] - oddR * roots.im[k];
      z.re[k] = x.re[k] + x.re[h - k] - turnedI;
      z.im[k] = imag + mirror + turnedR;
    }
    backwards(z);
    for (let j = 0; j < h; j++) {
      out[2 * j] = z.re[j];
      out[2 * j + 1] = z.im[j];
    }
  };
}
