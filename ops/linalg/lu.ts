// Elimination with pivoting. In: a matrix, row-major, in double. Out: its factors, and of square ones determinants, solutions and inverses.

export interface Factors {
  /** L below the diagonal (its own diagonal is 1), U on and above it, of the permuted rows. */
  readonly lu: Float64Array;
  /** Row i of the factors is row order[i] of the matrix. */
  readonly order: Int32Array;
  /** At step k row k was exchanged with row pivots[k]. */
  readonly pivots: Int32Array;
  /** 1 or -1: whether the permutation is even. */
  readonly sign: number;
}

/** Gaussian elimination of a copy; each step takes the largest pivot of its column. */
export function factorize(a: Float64Array, rows: number, n = rows): Factors {
  const lu = a.slice();
  const order = Int32Array.from({ length: rows }, (_, i) => i);
  const pivots = new Int32Array(Math.min(rows, n));
  let sign = 1;
  for (let k = 0; k < pivots.length; k++) {
    let pivot = k;
    for (let i = k + 1; i < rows; i++) if (Math.abs(lu[i * n + k]) > Math.abs(lu[pivot * n + k])) pivot = i;
    pivots[k] = pivot;
    if (pivot !== k) {
      swapRows(lu, n, k, pivot);
      [order[k], order[pivot]] = [order[pivot], order[k]];
      sign = -sign;
    }
    eliminate(lu, rows, n, k);
  }
  return { lu, order, pivots, sign };
}

export function swapRows(a: Float64Array, n: number, i: number, j: number): void {
  const row = a.slice(i * n, i * n + n);
  a.copyWithin(i * n, j * n, j * n + n);
  a.set(row, j * n);
}

/** Subtracts multiples of row k from those below. */
export function eliminate(lu: Float64Array, rows: number, n: number, k: number): void {
  const pivot = lu[k * n + k];
  if (pivot === 0) return;
  for (let i = k + 1; i < rows; i++) {
    const factor = lu[i * n + k] / pivot;
    lu[i * n + k] = factor;
    if (factor === 0) continue;
    for (let j = k + 1; j < n; j++) lu[i * n + j] -= factor * lu[k * n + j];
  }
}

/** The number of the first zero on U's diagonal, counted from 1, or 0. */
export function zeroPivot({ lu }: Factors, n: number): number {
  for (let k = 0; k < n; k++) if (lu[k * n + k] === 0) return k + 1;
  return 0;
}

export function determinant({ lu, sign }: Factors, n: number): number {
  let product = sign;
  for (let k = 0; k < n; k++) product *= lu[k * n + k];
  return product;
}

/** The sign of the determinant, and the logarithm of its magnitude. */
export function logDeterminant(
  { lu, sign }: Factors,
  n: number,
): { readonly sign: number; readonly log: number } {
  let [s, log] = [sign, 0];
  for (let k = 0; k < n; k++) {
    const pivot = lu[k * n + k];
    s *= Math.sign(pivot);
    log += Math.log(Math.abs(pivot));
  }
  return { sign: s, log };
}

/** Writes the solution X of A X = B, with `columns` columns, into `out`. */
export function solveFactors(
  { lu, order }: Factors,
  n: number,
  b: Float64Array,
  columns: number,
  out: Float64Array,
): void {
  for (let i = 0; i < n; i++) out.set(b.subarray(order[i] * columns, (order[i] + 1) * columns), i * columns);
  for (let i = 0; i < n; i++) for (let k = 0; k < i; k++) subtractRow(out, columns, i, k, lu[i * n + k]);
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) subtractRow(out, columns, i, k, lu[i * n + k]);
    for (let c = 0; c < columns; c++) out[i * columns + c] /= lu[i * n + i];
  }
}

function subtractRow(x: Float64Array, columns: number, to: number, from: number, factor: number): void {
  if (factor === 0) return;
  for (let c = 0; c < columns; c++) x[to * columns + c] -= factor * x[from * columns + c];
}

export function identity(n: number): Float64Array {
  const one = new Float64Array(n * n);
  for (let i = 0; i < n; i++) one[i * n + i] = 1;
  return one;
}
