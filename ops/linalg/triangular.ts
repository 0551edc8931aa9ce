// Triangular matrices: substitution and the Cholesky factor. In: row-major matrices in double. Out: solutions and factors, written
// into an array that the caller brings.

export interface Triangle {
  readonly upper: boolean;
  /** The diagonal counts as 1 whatever stands there. */
  readonly unit: boolean;
}

/** X with A X = B for a triangular A; B has `columns` columns. */
export function substitute(
  a: Float64Array,
  n: number,
  b: Float64Array,
  columns: number,
  { upper, unit }: Triangle,
  out: Float64Array,
): void {
  out.set(b);
  for (let step = 0; step < n; step++) {
    const i = upper ? n - 1 - step : step;
    const [from, to] = upper ? [i + 1, n] : [0, i];
    for (let k = from; k < to; k++) {
      const factor = a[i * n + k];
      if (factor !== 0)
        for (let c = 0; c < columns; c++) out[i * columns + c] -= factor * out[k * columns + c];
    }
    if (!unit) for (let c = 0; c < columns; c++) out[i * columns + c] /= a[i * n + i];
  }
}

/** The lower L with L L^T = A, from A's lower triangle. Returns 0, or the order of the first minor that is not positive. */
export function choleskyFactor(a: Float64Array, n: number, out: Float64Array): number {
  out.fill(0);
  for (let j = 0; j < n; j++) {
    let square = a[j * n + j];
    for (let k = 0; k < j; k++) square -= out[j * n + k] * out[j * n + k];
    if (!(square > 0)) return j + 1;
    const root = Math.sqrt(square);
    out[j * n + j] = root;
    for (let i = j + 1; i < n; i++) {
      let sum = a[i * n + j];
      for (let k = 0; k < j; k++) sum -= out[i * n + k] * out[j * n + k];
      out[i * n + j] = sum / root;
    }
  }
  return 0;
}
