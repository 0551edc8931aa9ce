// The singular value decomposition and what is made of it: svdvals, pinv, matrixRank. In: matrices or batches of them, in floats. Out: a
// routine that packs U, S and V into one matrix, of which each is a view, so that one gradient formula sees all of them.

import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import { add, div, mul, sub } from './binary.ts';
import { gt } from './compare.ts';
import { diagEmbed } from './diagonal.ts';
import { cat } from './join.ts';
import { batchOf, checkMatrix, denseOp, lastTwo, mT, times } from './linalg-core.ts';
import { gaps, part } from './linalg-factor.ts';
import { singularValues } from './linalg/eigen.ts';
import { householder } from './linalg/qr.ts';
import { named } from './named.ts';
import { sum } from './reduce-sum.ts';
import { where } from './select.ts';
import { narrow, select, slice } from './slice.ts';
import { affineOp } from './view-affine.ts';
import { unsqueeze } from './view.ts';

/** [s; u; v] of matrices [m, n] with m >= n: n columns each. */
const svdOp = denseOp<undefined>('svdPacked', {
  type: ([x]) => {
    const [m, n] = lastTwo(x);
    return { shape: [...batchOf(x.shape), 1 + m + n, n], dtype: x.dtype };
  },
  run([a], out, [type]) {
    const [m, n] = lastTwo(type);
    const { u, s, v } = singularValues(a, m, n);
    out.set(s);
    out.set(u, n);
    out.set(v, n + m * n);
  },
  vjp(g, packed) {
    const [m, n] = lastTwo(packed.inputs[0].type);
    const [s, gs] = [packed, g].map((v) => select(v, -2, 0));
    const [u, gu] = [packed, g].map((p) => narrow(p, -2, 1, m));
    const [v, gv] = [packed, g].map((p) => narrow(p, -2, 1 + m, n));
    // U ((skew(U^T gU) / E) S + S (skew(V^T gV) / E) + diag(gs)) V^T + (1 - U U^T) gU S^-1 V^T, with E_ij = s_j^2 - s_i^2
    const skew = (a: Node, b: Node): Node => {
      const inner = times(a, 'ki', b, 'kj', 'ij');
      return sub(inner, mT(inner));
    };
    const e = gaps(mul(s, s));
    const [row, column] = [unsqueeze(s, -2), unsqueeze(s, -1)];
    const core = add(add(mul(mul(skew(u, gu), e), row), mul(mul(skew(v, gv), e), column)), diagEmbed(gs));
    const inside = times(times(u, 'ik', core, 'kl', 'il'), 'il', v, 'jl', 'ij');
    if (m === n) return [inside];
    const scaled = div(gu, row);
    const outside = sub(scaled, times(u, 'ik', times(u, 'lk', scaled, 'lj', 'kj'), 'kj', 'ij'));
    return [add(inside, times(outside, 'ik', v, 'jk', 'ij'))];
  },
});

const view = affineOp('svd', 'LinalgSvdBackward0');

/** The columns that complete orthonormal columns [m, n] to a basis; any will do, so that they have no gradient. */
const complementOp = denseOp<undefined>('complement', {
  type: ([u]) => {
    const [m, n] = lastTwo(u);
    return { shape: [...batchOf(u.shape), m, m - n], dtype: u.dtype };
  },
  run([u], out, [type]) {
    const [m, n] = lastTwo(type);
    const { q } = householder(u, m, n, m);
    const width = m - n;
    for (let i = 0; i < m; i++) for (let j = 0; j < width; j++) out[i * width + j] = q[i * m + n + j];
  },
  nondifferentiable: true,
});

/** The reduced form: k = min(m, n) columns of U and rows of Vh. */
function thin(x: Node): [Node, Node, Node] {
  checkMatrix('linalg.svd', x);
  const [m, n] = lastTwo(x.type);
  if (m < n) {
    const [u, s, vh] = thin(mT(x));
    return [mT(vh), s, mT(u)];
  }
  const packed = node(svdOp, [x], undefined);
  return [part(view, packed, 1, m, n), part(view, packed, 0, null, n), mT(part(view, packed, 1 + m, n, n))];
}

const completed = (u: Node): Node => cat([u, node(complementOp, [u], undefined)], -1);

/**
 * [U, S, Vh] with x = U diag(S) Vh, singular values descending. U and Vh are square unless `fullMatrices` is false: then they have
 * min(m, n) columns and rows.
 */
export function svd(
  x: Node,
  { fullMatrices = true }: { readonly fullMatrices?: boolean } = {},
): [Node, Node, Node] {
  const [u, s, vh] = thin(x);
  const [m, n] = lastTwo(x.type);
  if (!fullMatrices || m === n) return [u, s, vh];
  return m > n ? [completed(u), s, vh] : [u, s, mT(completed(mT(vh)))];
}
/** The singular values, descending. */
export const svdvals = (x: Node): Node => thin(x)[1];

/** The largest of singular values, which is the first; none if there are none. */
const largest = (s: Node): Node => slice(s, -1, 0, 1);

export interface PinvOptions {
  /** Singular values up to this part of the largest count as 0. */
  readonly rcond?: number;
}

const pinvOf = named<PinvOptions>(
  'pinv',
  ([x], { rcond }) => {
    const [u, s, vh] = thin(x);
    const [m, n] = lastTwo(x.type);
    const part = rcond ?? Math.max(m, n) * (x.type.dtype === 'float64' ? 2 ** -52 : 2 ** -23);
    const kept = gt(s, mul(largest(s), part));
    const inverse = where(kept, div(1, where(kept, s, 1)), 0);
    return times(mul(mT(vh), unsqueeze(inverse, -2)), 'ik', u, 'jk', 'ij');
  },
  { gradName: () => 'LinalgPinvBackward0', saves: () => ({ result: 'output', self: 0 }) },
);

/** The pseudoinverse (Moore and Penrose). */
export const pinv = (x: Node, { rcond }: PinvOptions = {}): Node => pinvOf([x], { rcond });

/** How many singular values are not 0, up to rounding. */
export function matrixRank(x: Node): Node {
  const s = svdvals(x);
  const [m, n] = lastTwo(x.type);
  const part = Math.max(m, n) * (x.type.dtype === 'float64' ? 2 ** -52 : 2 ** -23);
  return sum(gt(s, mul(largest(s), part)), -1);
}
