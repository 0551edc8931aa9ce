// Factorisations: cholesky, qr, eigh; svd is in linalg-svd.ts. In: matrices or batches of them, in floats. Out: routines; those with
// several results pack them into one matrix, of which each result is a view, so that one gradient formula sees all of them.

import { ValueError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import type { Op } from '../compiler/op.ts';
import type { Shape } from '../compiler/shape.ts';
import { along, at } from '../compiler/view.ts';
import { add, div, mul, sub } from './binary.ts';
import { eq } from './compare.ts';
import { diagEmbed, tril, triu } from './diagonal.ts';
import { cat } from './join.ts';
import { batchOf, checkMatrix, checkSquare, denseOp, inBatch, lastTwo, mT, times } from './linalg-core.ts';
import { solveTriangular } from './linalg.ts';
import { symmetricEigen } from './linalg/eigen.ts';
import { householder } from './linalg/qr.ts';
import { choleskyFactor } from './linalg/triangular.ts';
import { where } from './select.ts';
import { narrow, select } from './slice.ts';
import { iota } from './source.ts';
import { affineOp, affineView } from './view-affine.ts';
import type { AffineAttrs } from './view-affine.ts';
import { unsqueeze } from './view.ts';

const choleskyOp = denseOp<undefined>('cholesky', {
  type: ([x]) => x,
  run([a], out, [type], _, batch) {
    const minor = choleskyFactor(a, lastTwo(type)[0], out);
    if (minor > 0)
      throw new ValueError(
        `linalg.cholesky: ${inBatch(batch)}The factorization could not be completed because the input is not positive-definite (the leading minor of order ${minor} is not positive-definite).`,
      );
  },
  vjp(g, n) {
    // L^-T (lower half of L^T g, made symmetric) L^-1
    const inner = times(n, 'ki', g, 'kj', 'ij');
    const half = mul(add(tril(inner), mT(tril(inner, { diagonal: -1 }))), 0.5);
    const left = solveTriangular(mT(n), half, { upper: true });
    return [solveTriangular(n, left, { upper: false, left: false })];
  },
  gradName: () => 'LinalgCholeskyExBackward0',
  saves: () => ({ L: 'output' }),
});

export interface CholeskyOptions {
  readonly upper?: boolean;
}

/** The lower triangular L with L L^T = x (or its transpose); the gradient is symmetric. ValueError when computed if there is none. */
export function cholesky(x: Node, { upper = false }: CholeskyOptions = {}): Node {
  checkSquare('linalg.cholesky', x);
  const factor = node(choleskyOp, [x], undefined);
  return upper ? mT(factor) : factor;
}

/** X with A X = B, given the Cholesky factor of A. */
export function choleskySolve(b: Node, factor: Node, { upper = false }: CholeskyOptions = {}): Node {
  const lower = upper ? mT(factor) : factor;
  const half = solveTriangular(lower, b, { upper: false });
  return solveTriangular(mT(lower), half, { upper: true });
}

/** Rows of a packed result, as a matrix or, for a single row, as a vector. */
export function part(
  op: Op<AffineAttrs>,
  packed: Node,
  from: number,
  rows: number | null,
  columns: number,
): Node {
  const lead = batchOf(packed.type.shape);
  const maps = lead.map((_, i) => along(i));
  const shape: Shape = rows === null ? [...lead, columns] : [...lead, rows, columns];
  const row = rows === null ? at(from) : along(lead.length, 1, from);
  return affineView(op, packed, shape, [...maps, row, along(shape.length - 1)]);
}

const views = {
  qr: affineOp('qr', 'LinalgQrBackward0'),
  eigh: affineOp('eigh', 'LinalgEighBackward0'),
};

/** [q; r.mT] for k columns of q. */
const qrOp = denseOp<{ readonly k: number }>('qrPacked', {
  type: ([x], { k }) => ({
    shape: [...batchOf(x.shape), x.shape.at(-2)! + x.shape.at(-1)!, k],
    dtype: x.dtype,
  }),
  run([a], out, [type], { k }) {
    const [m, n] = lastTwo(type);
    const { q, r } = householder(a, m, n, k);
    out.set(q);
    for (let i = 0; i < k; i++) for (let j = 0; j < n; j++) out[(m + j) * k + i] = r[i * n + j];
  },
  vjp(g, { inputs: [x], attrs: { k } }) {
    const [m, n] = lastTwo(x.type);
    if (k > n && m > n)
      throw new ValueError(
        "The QR decomposition is not differentiable when mode='complete' and nrows > ncols",
      );
    const packed = node(qrOp, [x], { k });
    const [q, gq] = [packed, g].map((v) => narrow(v, -2, 0, m));
    const [r, gr] = [packed, g].map((v) => mT(narrow(v, -2, m, n)));
    // (gQ + Q sym(gR R^T - Q^T gQ)) R^-T, where sym copies the upper triangle below the diagonal
    const inner = sub(times(gr, 'ik', r, 'jk', 'ij'), times(q, 'ki', gq, 'kj', 'ij'));
    const symmetric = add(triu(inner), mT(triu(inner, { diagonal: 1 })));
    const whole = add(gq, times(q, 'ik', symmetric, 'kj', 'ij'));
    return [solveTriangular(mT(r), whole, { upper: false, left: false })];
  },
}) as Op<{ readonly k: number }>;

/** [Q, R] with orthonormal columns in Q and R upper triangular; 'complete' gives a square Q, 'r' only R. */
export function qr(
  x: Node,
  { mode = 'reduced' }: { readonly mode?: 'reduced' | 'complete' | 'r' } = {},
): [Node, Node] {
  checkMatrix('linalg.qr', x);
  if (!['reduced', 'complete', 'r'].includes(mode))
    throw new ValueError(
      `qr received unrecognized mode '${mode}' but expected one of 'reduced' (default), 'r', or 'complete'`,
    );
  const [m, n] = lastTwo(x.type);
  if (m < n) {
    // the first columns decide; the others are only turned
    const [q, left] = qr(narrow(x, -1, 0, m));
    const r = cat([left, times(q, 'ki', narrow(x, -1, m, n - m), 'kj', 'ij')], -1);
    return [mode === 'r' ? narrow(q, -2, 0, 0) : q, r];
  }
  const k = mode === 'complete' ? m : n;
  const packed = node(qrOp, [x], { k });
  const q = part(views.qr, packed, 0, mode === 'r' ? 0 : m, k);
  return [q, mT(part(views.qr, packed, m, n, k))];
}

/** [w; V]: the eigenvalues as a row above the vectors. */
const eighOp = denseOp<{ readonly upper: boolean }>('eighPacked', {
  type: ([x]) => ({ shape: [...batchOf(x.shape), x.shape.at(-1)! + 1, x.shape.at(-1)!], dtype: x.dtype }),
  run([a], out, [type], { upper }) {
    const [n] = lastTwo(type);
    const lower = upper ? Float64Array.from(a, (_, i) => a[(i % n) * n + Math.floor(i / n)]) : a;
    const { values, vectors } = symmetricEigen(lower, n);
    out.set(values);
    out.set(vectors, n);
  },
  vjp(g, packed) {
    const n = packed.type.shape.at(-1)!;
    const [w, gw] = [packed, g].map((v) => select(v, -2, 0));
    const [v, gv] = [packed, g].map((p) => narrow(p, -2, 1, n));
    // V (diag(gw) + sym(V^T gV / (w_j - w_i))) V^T
    const inner = mul(times(v, 'ki', gv, 'kj', 'ij'), gaps(w));
    const core = add(diagEmbed(gw), mul(add(inner, mT(inner)), 0.5));
    return [times(times(v, 'ik', core, 'kl', 'il'), 'il', v, 'jl', 'ij')];
  },
});

/** True on the diagonal of square matrices. */
const onDiagonal = (n: number): Node => eq(iota([n, 1], 0, 'int32'), iota([1, n], 1, 'int32'));

/** 1 / (w[j] - w[i]), 0 on the diagonal. */
export function gaps(w: Node): Node {
  const same = onDiagonal(w.type.shape.at(-1)!);
  const gap = sub(unsqueeze(w, -2), unsqueeze(w, -1));
  return where(same, 0, div(1, where(same, 1, gap)));
}

export interface EighOptions {
  /** The triangle that is looked at: 'L' or 'U'. */
  readonly UPLO?: 'L' | 'U';
}

/** [eigenvalues in ascending order, eigenvectors as columns] of symmetric matrices. */
export function eigh(x: Node, { UPLO = 'L' }: EighOptions = {}): [Node, Node] {
  checkSquare('linalg.eigh', x);
  if (!['L', 'U'].includes(UPLO))
    throw new ValueError(`Expected UPLO argument to be 'L' or 'U', but got ${UPLO}`);
  const n = x.type.shape.at(-1)!;
  const packed = node(eighOp, [x], { upper: UPLO === 'U' });
  return [part(views.eigh, packed, 0, null, n), part(views.eigh, packed, 1, n, n)];
}
/** The eigenvalues of symmetric matrices in ascending order. */
export const eigvalsh = (x: Node, options: EighOptions = {}): Node => eigh(x, options)[0];
