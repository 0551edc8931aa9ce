// The discrete Fourier transform of any length. In: a length. Out: a function that transforms that many complex numbers in place, with its tables
// made once. Lengths of small prime factors are passes, one per factor; others are a convolution with a chirp (Bluestein), which is a product
// of transforms of a longer length that has small factors.

import { runPass } from './passes.ts';
import type { Stage } from './passes.ts';
import { makeComplexes, tabulateRoots } from './roots.ts';
import type { Complexes } from './roots.ts';

/** Replaces x[j] by the sum over k of x[k] e^(-2 pi i j k / n). */
export type Transform = (x: Complexes) => void;

/** A prime factor up to this is a pass, which takes its square of steps; beyond it the two longer transforms of a chirp take fewer. */
const largestRadix = 61;

/** The transform of a length of at least 1. */
export function planTransform(n: number): Transform {
  const factors = factorize(n);
  return Math.max(1, ...factors) > largestRadix ? planChirp(n) : planPasses(n, factors);
}

/** The same with e^(+2 pi i j k / n): real and imaginary parts change places before and after. */
export const invert =
  (transform: Transform): Transform =>
  ({ re, im }) =>
    transform({ re: im, im: re });

/** Factors of 4, then at most one 2, then odd primes, ascending. */
function factorize(n: number): number[] {
  const factors: number[] = [];
  let rest = n;
  for (; rest % 4 === 0; rest /= 4) factors.push(4);
  for (let p = 2; p * p <= rest; p++) for (; rest % p === 0; rest /= p) factors.push(p);
  return rest > 1 ? [...factors, rest] : factors;
}

function planPasses(n: number, factors: readonly number[]): Transform {
  const roots = tabulateRoots(n);
  const scratch = makeComplexes(n);
  const stages: Stage[] = [];
  let done = 1;
  for (const radix of factors) {
    stages.push({ radix, done, rest: n / (done * radix) });
    done *= radix;
  }
  return (x) => {
    stages.forEach((stage, s) =>
      s % 2 === 0 ? runPass(stage, x, scratch, roots) : runPass(stage, scratch, x, roots),
    );
    if (stages.length % 2 === 1) {
      x.re.set(scratch.re);
      x.im.set(scratch.im);
    }
  };
}

/** The least power of 2, or three times one, that is at least `least`. */
function paddedLength(least: number): number {
  let power = 1;
  while (power < least) power *= 2;
  return power >= 4 && 0.75 * power >= least ? 0.75 * power : power;
}

/**
 * j k = (j^2 + k^2 - (j - k)^2) / 2, so a transform is a convolution with the chirp e^(pi i k^2 / n) between two products with its conjugate
 * (L. Bluestein, A linear filtering approach to the computation of the discrete Fourier transform, 1970).
 */
function planChirp(n: number): Transform {
  const length = paddedLength(2 * n - 1);
  const transform = planPasses(length, factorize(length));
  const roots = tabulateRoots(2 * n);
  const chirp = makeComplexes(n);
  const filter = makeComplexes(length);
  for (let k = 0, square = 0; k < n; k++) {
    chirp.re[k] = roots.re[square];
    chirp.im[k] = roots.im[square];
    for (const at of k === 0 ? [0] : [k, length - k]) {
      filter.re[at] = chirp.re[k] / length;
      filter.im[at] = -chirp.im[k] / length;
    }
    // (k + 1)^2 modulo 2 n
    square = (square + 2 * k + 1) % (2 * n);
  }
  transform(filter);
  const work = makeComplexes(length);
  const backwards = invert(transform);
  return ({ re, im }) => {
    work.re.fill(0);
    work.im.fill(0);
    multiply(n, { re, im }, chirp, work);
    transform(work);
    multiply(length, work, filter, work);
    backwards(work);
    multiply(n, work, chirp, { re, im });
  };
}

/** The first `n` products; the result may be an operand. */
function multiply(n: number, a: Complexes, b: Complexes, out: Complexes): void {
  for (let k = 0; k < n; k++) {
    const re = a.re[k] * b.re[k] - a.im[k] * b.im[k];
    out.im[k] = a.re[k] * b.im[k] + a.im[k] * b.re[k];
    out.re[k] = re;
  }
}
