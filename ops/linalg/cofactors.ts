// The derivatives of the determinant, for singular matrices as well. In: a row-major matrix in double. Out: its cofactors, and how they
// change along another matrix, written into an array that the caller brings.

import { singularValues } from './eigen.ts';
import { determinant, eliminate, factorize, identity, solveFactors, swapRows, zeroPivot } from './lu.ts';

/**
 * The matrix of cofactors, the derivative of the determinant; right for singular matrices as well. From P A Q = L U with complete
 * pivoting: the cofactors of L U are those of U carried through the inverse of L, and U may lack its last pivot.
 */
export function cofactors(a: Float64Array, n: number, out: Float64Array): void {
  const factors = factorize(a, n);
  if (zeroPivot(factors, n) === 0) {
    const det = determinant(factors, n);
    const inverse = new Float64Array(n * n);
    solveFactors(factors, n, identity(n), n, inverse);
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) out[i * n + j] = det * inverse[j * n + i];
    if (out.every(Number.isFinite)) return;
  }
  singularCofactors(a, n, out);
}

/** Of rank n - 1 they are a product of the two null vectors, of a lower rank 0. */
function singularCofactors(a: Float64Array, n: number, out: Float64Array): void {
  out.fill(0);
  if (n === 0) return;
  const lu = a.slice();
  const rows = Int32Array.from({ length: n }, (_, i) => i);
  const columns = rows.slice();
  let scale = 1;
  for (let k = 0; k < n - 1; k++) {
    let [row, column] = [k, k];
    for (let i = k; i < n; i++)
      for (let j = k; j < n; j++)
        if (Math.abs(lu[i * n + j]) > Math.abs(lu[row * n + column])) [row, column] = [i, j];
    if (lu[row * n + column] === 0) return;
    if (row !== k) {
      swapRows(lu, n, k, row);
      [rows[k], rows[row]] = [rows[row], rows[k]];
      scale = -scale;
    }
    if (column !== k) {
      for (let i = 0; i < n; i++) [lu[i * n + k], lu[i * n + column]] = [lu[i * n + column], lu[i * n + k]];
      [columns[k], columns[column]] = [columns[column], columns[k]];
      scale = -scale;
    }
    eliminate(lu, n, n, k);
    scale *= lu[k * n + k];
  }
  const right = new Float64Array(n);
  const left = new Float64Array(n);
  right[n - 1] = left[n - 1] = 1;
  for (let i = n - 2; i >= 0; i--) {
    let sum = 0;
    for (let j = i + 1; j < n; j++) sum -= lu[i * n + j] * right[j];
    right[i] = sum / lu[i * n + i];
  }
  // the last row of the inverse of L
  for (let j = n - 2; j >= 0; j--) for (let i = j + 1; i < n; i++) left[j] -= left[i] * lu[i * n + j];
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) out[rows[i] * n + columns[j]] = scale * left[i] * right[j];
}

/**
 * How the cofactors of A change along E: the second derivative of the determinant, symmetric in all its arguments. From A = U S V^T: a minor of
 * a diagonal matrix of which two diagonal elements are crossed out is a product of the others, P_ij. So with F = U^T E V the change
 * is +-U M V^T, where M_ii is the sum of F_jj P_ij over j != i, and M_ij = -F_ji P_ij.
 */
export function cofactorSlope(a: Float64Array, e: Float64Array, n: number, out: Float64Array): void {
  const { u, s, v } = singularValues(a, n, n);
  const sign = determinant(factorize(u, n), n) * determinant(factorize(v, n), n) < 0 ? -1 : 1;
  const f = product(transposed(u, n), product(e, v, n), n);
  const m = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      if (j === i) continue;
      let others = sign;
      for (let k = 0; k < n; k++) if (k !== i && k !== j) others *= s[k];
      m[i * n + i] += f[j * n + j] * others;
      m[i * n + j] = -f[j * n + i] * others;
    }
  out.set(product(u, product(m, transposed(v, n), n), n));
}

function transposed(a: Float64Array, n: number): Float64Array {
  return a.map((_, at) => a[(at % n) * n + Math.floor(at / n)]);
}

function product(a: Float64Array, b: Float64Array, n: number): Float64Array {
  const c = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let k = 0; k < n; k++) for (let j = 0; j < n; j++) c[i * n + j] += a[i * n + k] * b[k * n + j];
  return c;
}
