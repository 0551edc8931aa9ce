// The matrix exponential: scaling, a Padé approximant of degree 13, squaring (Higham, "The scaling and squaring method for the matrix
// exponential revisited", 2005). In: a square matrix, row-major, in double. Out: its exponential.

import { factorize, identity, solveFactors } from './lu.ts';

const coefficients = [
  64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000, 10559470521600,
  670442572800, 33522128640, 1323241920, 40840800, 960960, 16380, 182, 1,
];

/** Norms up to this one need no scaling. */
const reach = 5.371920351148152;

function multiply(a: Float64Array, b: Float64Array, n: number): Float64Array {
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let k = 0; k < n; k++) {
      const factor = a[i * n + k];
      for (let j = 0; j < n; j++) out[i * n + j] += factor * b[k * n + j];
    }
  return out;
}

/** The sum of matrices, each with a factor. */
const combine = (...terms: readonly (readonly [number, Float64Array])[]): Float64Array =>
  terms[0][1].map((_, i) => terms.reduce((sum, [factor, m]) => sum + factor * m[i], 0));

/** The largest sum of magnitudes of a column. */
function columnNorm(a: Float64Array, n: number): number {
  let largest = 0;
  for (let j = 0; j < n; j++) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += Math.abs(a[i * n + j]);
    largest = Math.max(largest, sum);
  }
  return largest;
}

export function exponential(a: Float64Array, n: number, out: Float64Array): void {
  const norm = columnNorm(a, n);
  if (!Number.isFinite(norm)) return void out.fill(NaN);
  const squarings = Math.max(0, Math.ceil(Math.log2(norm / reach)));
  const x = a.map((v) => v / 2 ** squarings);
  const one = identity(n);
  const x2 = multiply(x, x, n);
  const x4 = multiply(x2, x2, n);
  const x6 = multiply(x4, x2, n);
  const c = coefficients;
  const high = (p: number, q: number, r: number): Float64Array =>
    multiply(x6, combine([c[p], x6], [c[q], x4], [c[r], x2]), n);
  const odd = multiply(x, combine([1, high(13, 11, 9)], [c[7], x6], [c[5], x4], [c[3], x2], [c[1], one]), n);
  const even = combine([1, high(12, 10, 8)], [c[6], x6], [c[4], x4], [c[2], x2], [c[0], one]);
  solveFactors(factorize(combine([1, even], [-1, odd]), n), n, combine([1, even], [1, odd]), n, out);
  for (let i = 0; i < squarings; i++) out.set(multiply(out.slice(), out.slice(), n));
}
