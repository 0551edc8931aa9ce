// Eigenvalues of symmetric matrices and singular values, both by Jacobi rotations: slow for large matrices, but accurate and short.
// In: a row-major matrix in double. Out: values in PyTorch's order (eigenvalues ascending, singular values descending) and vectors.

const sweeps = 60;

export interface Eigen {
  readonly values: Float64Array;
  /** One vector per column. */
  readonly vectors: Float64Array;
}

/** Cosine and sine of the rotation that makes two columns orthogonal, given their squares and their product. */
function rotation(alpha: number, beta: number, gamma: number): readonly [number, number] {
  const zeta = (beta - alpha) / (2 * gamma);
  const t = (zeta >= 0 ? 1 : -1) / (Math.abs(zeta) + Math.hypot(1, zeta));
  const c = 1 / Math.hypot(1, t);
  return [c, c * t];
}

/** Turns columns p and q of a matrix with n columns. */
function turnColumns(
  a: Float64Array,
  rows: number,
  n: number,
  p: number,
  q: number,
  c: number,
  s: number,
): void {
  for (let i = 0; i < rows; i++) {
    const [x, y] = [a[i * n + p], a[i * n + q]];
    a[i * n + p] = c * x - s * y;
    a[i * n + q] = s * x + c * y;
  }
}

const unit = (n: number): Float64Array =>
  Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0));

/** Values in a given order, and the columns of a matrix along with them. */
function arrange(values: Float64Array, order: readonly number[], matrix: Float64Array, rows: number): Eigen {
  const n = order.length;
  const vectors = new Float64Array(rows * n);
  for (let i = 0; i < rows; i++) for (let j = 0; j < n; j++) vectors[i * n + j] = matrix[i * n + order[j]];
  return { values: Float64Array.from(order, (k) => values[k]), vectors };
}

/** A = V diag(w) V^T of the symmetric matrix whose lower triangle is given. */
export function symmetricEigen(lower: Float64Array, n: number): Eigen {
  const a = lower.slice();
  for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) a[i * n + j] = a[j * n + i];
  const v = unit(n);
  for (let sweep = 0; sweep < sweeps; sweep++) {
    let turned = false;
    for (let p = 0; p < n; p++)
      for (let q = p + 1; q < n; q++) {
        const off = a[p * n + q];
        if (Math.abs(off) <= 1e-17 * Math.sqrt(Math.abs(a[p * n + p] * a[q * n + q])) || off === 0) continue;
        turned = true;
        const [c, s] = rotation(a[p * n + p], a[q * n + q], off);
        turnColumns(a, n, n, p, q, c, s);
        for (let j = 0; j < n; j++) {
          const [x, y] = [a[p * n + j], a[q * n + j]];
          a[p * n + j] = c * x - s * y;
          a[q * n + j] = s * x + c * y;
        }
        a[p * n + q] = a[q * n + p] = 0;
        turnColumns(v, n, n, p, q, c, s);
      }
    if (!turned) break;
  }
  const values = Float64Array.from({ length: n }, (_, i) => a[i * n + i]);
  const order = Array.from(values.keys()).sort((i, j) => values[i] - values[j]);
  return arrange(values, order, v, n);
}

export interface Singular {
  /** [m, n], columns of length 1 (0 for singular values of 0, before `complete`). */
  readonly u: Float64Array;
  readonly s: Float64Array;
  /** [n, n], one vector per column. */
  readonly v: Float64Array;
}

/** A = U diag(s) V^T for m >= n: the columns are turned until they are orthogonal. */
export function singularValues(a: Float64Array, m: number, n: number): Singular {
  const u = a.slice();
  const v = unit(n);
  for (let sweep = 0; sweep < sweeps; sweep++) {
    let turned = false;
    for (let p = 0; p < n; p++)
      for (let q = p + 1; q < n; q++) {
        let [alpha, beta, gamma] = [0, 0, 0];
        for (let i = 0; i < m; i++) {
          const [x, y] = [u[i * n + p], u[i * n + q]];
          alpha += x * x;
          beta += y * y;
          gamma += x * y;
        }
        if (Math.abs(gamma) <= 1e-16 * Math.sqrt(alpha * beta) || gamma === 0) continue;
        turned = true;
        const [c, s] = rotation(alpha, beta, gamma);
        turnColumns(u, m, n, p, q, c, s);
        turnColumns(v, n, n, p, q, c, s);
      }
    if (!turned) break;
  }
  const lengths = Float64Array.from({ length: n }, (_, j) => {
    let sum = 0;
    for (let i = 0; i < m; i++) sum += u[i * n + j] * u[i * n + j];
    return Math.sqrt(sum);
  });
  const order = Array.from(lengths.keys()).sort((i, j) => lengths[j] - lengths[i]);
  const left = arrange(lengths, order, u, m);
  const right = arrange(lengths, order, v, n);
  for (let j = 0; j < n; j++) {
    const length = left.values[j];
    for (let i = 0; i < m; i++) left.vectors[i * n + j] = length > 0 ? left.vectors[i * n + j] / length : 0;
  }
  return { u: complete(left.vectors, m, n), s: left.values, v: right.vectors };
}

/** Replaces columns of zeros by unit vectors orthogonal to the others. */
function complete(u: Float64Array, m: number, n: number): Float64Array {
  for (let j = 0; j < n; j++) {
    let empty = true;
    for (let i = 0; i < m; i++) if (u[i * n + j] !== 0) empty = false;
    if (!empty) continue;
    // the unit vector that the others cover least, less its shadow on them (twice, against rounding)
    const cover = Float64Array.from({ length: m }, (_, i) => {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += u[i * n + k] * u[i * n + k];
      return sum;
    });
    const column = new Float64Array(m);
    column[cover.indexOf(Math.min(...cover))] = 1;
    for (let pass = 0; pass < 2; pass++)
      for (let k = 0; k < n; k++) {
        if (k === j) continue;
        let shadow = 0;
        for (let i = 0; i < m; i++) shadow += column[i] * u[i * n + k];
        for (let i = 0; i < m; i++) column[i] -= shadow * u[i * n + k];
      }
    const length = Math.hypot(...column);
    for (let i = 0; i < m; i++) u[i * n + j] = column[i] / length;
  }
  return u;
}
