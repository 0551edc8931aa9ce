// The QR factorisation by Householder reflections. In: a row-major [m, n] matrix in double. Out: Q with orthonormal columns and R upper
// triangular with Q R = A; signs are LAPACK's (R's diagonal is minus the sign of the column it comes from).

export interface QR {
  /** [m, k]. */
  readonly q: Float64Array;
  /** [k, n]. */
  readonly r: Float64Array;
}

/** `k` columns of Q: min(m, n) for the reduced form, m for the complete one. */
export function householder(a: Float64Array, m: number, n: number, k: number): QR {
  const r = a.slice();
  const steps = Math.min(m, n);
  const reflectors: (Float64Array | null)[] = [];
  for (let j = 0; j < steps; j++) {
    const x = Float64Array.from({ length: m - j }, (_, i) => r[(j + i) * n + j]);
    const reflector = reflectorOf(x);
    reflectors.push(reflector);
    if (reflector) reflect(r, m, n, j, reflector);
  }
  const q = new Float64Array(m * k);
  for (let i = 0; i < Math.min(m, k); i++) q[i * k + i] = 1;
  for (let j = steps - 1; j >= 0; j--) {
    const reflector = reflectors[j];
    if (reflector) reflect(q, m, k, j, reflector);
  }
  const upper = new Float64Array(k * n);
  for (let i = 0; i < Math.min(k, m); i++) for (let j = i; j < n; j++) upper[i * n + j] = r[i * n + j];
  return { q, r: upper };
}

/** The unit vector v for which x - 2 v (v . x) has one element only; null if x has no more than that already. */
function reflectorOf(x: Float64Array): Float64Array | null {
  const tail = Math.hypot(...x.subarray(1));
  if (tail === 0) return null;
  const v = x.slice();
  v[0] += (x[0] >= 0 ? 1 : -1) * Math.hypot(x[0], tail);
  const length = Math.hypot(...v);
  return v.map((e) => e / length);
}

/** Reflects the rows from `from` on of a matrix with n columns. */
function reflect(a: Float64Array, m: number, n: number, from: number, v: Float64Array): void {
  for (let c = 0; c < n; c++) {
    let product = 0;
    for (let i = from; i < m; i++) product += v[i - from] * a[i * n + c];
    for (let i = from; i < m; i++) a[i * n + c] -= 2 * product * v[i - from];
  }
}
