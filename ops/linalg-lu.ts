// The factors of elimination: lu, luFactor, luSolve; and least squares. In: matrices or batches of them, in floats. Out: a routine that packs L
// below the diagonal of U, of which both are views with a mask; the permutation is another routine, without gradient.

import { ShapeError, ValueError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import { broadcastShapes } from '../compiler/shape.ts';
import { add, mul, sub } from './binary.ts';
import { cast } from './cast.ts';
import { eq } from './compare.ts';
import { tril, triu } from './diagonal.ts';
import { gatherAlong } from './index-core.ts';
import { cat } from './join.ts';
import { batchOf, checkMatrix, denseOp, lastTwo, mT, times } from './linalg-core.ts';
import { matrixRank, pinv, svdvals } from './linalg-svd.ts';
import { solveTriangular } from './linalg.ts';
import { factorize } from './linalg/lu.ts';
import { matmul } from './matmul.ts';
import { named } from './named.ts';
import { sum } from './reduce-sum.ts';
import { narrow } from './slice.ts';
import { iota, zeros } from './source.ts';
import { where } from './select.ts';
import { spread, squeeze, unsqueeze } from './view.ts';

/** L (without its diagonal of ones) and U in one matrix, of the permuted rows. */
const packedOp = denseOp<undefined>('luFactor', {
  type: ([x]) => x,
  run: ([a], out, [type]) => out.set(factorize(a, ...lastTwo(type)).lu),
  vjp(g, packed) {
    const [m, n] = lastTwo(packed.type);
    const k = Math.min(m, n);
    const part = (x: Node, row: number, rows: number, column: number, columns: number): Node =>
      narrow(narrow(x, -2, row, rows), -1, column, columns);
    const square = (x: Node): Node => part(x, 0, k, 0, k);
    // P^T dA = dL U + L dU. For square A, with L unit lower and U upper triangular:
    //   P^T gA = L^-T (strictly lower part of L^T gL + upper part of gU U^T) U^-T
    // Columns beyond the square: U2 = L^-1 P^T A2 adds L^-T gU2 to A2, and -gU2 U2^T to L^T gL.
    // Rows beyond it: L2 = A2 U^-1 adds gL2 U^-T to A2, and -L2^T gL2 to gU U^T.
    const [p, gp] = [square(packed), square(g)];
    const lower = unitLower(p);
    const fromLeft = (x: Node): Node => solveTriangular(mT(lower), x, { upper: true, unitriangular: true });
    const fromRight = (x: Node): Node => solveTriangular(mT(triu(p)), x, { upper: false, left: false });
    let inL = times(lower, 'ki', tril(gp, { diagonal: -1 }), 'kj', 'ij');
    let inU = times(triu(gp), 'ik', triu(p), 'jk', 'ij');
    const more: Node[] = [];
    if (n > k) {
      const [u2, gu2] = [packed, g].map((x) => part(x, 0, k, k, n - k));
      inL = sub(inL, times(gu2, 'ik', u2, 'jk', 'ij'));
      more.push(fromLeft(gu2));
    }
    if (m > k) {
      const [l2, gl2] = [packed, g].map((x) => part(x, k, m - k, 0, k));
      inU = sub(inU, times(l2, 'ki', gl2, 'kj', 'ij'));
      more.push(fromRight(gl2));
    }
    const first = fromRight(fromLeft(add(tril(inL, { diagonal: -1 }), triu(inU))));
    const rows = more.length === 0 ? first : cat([first, ...more], n > k ? -1 : -2);
    // row i of the factors is row order[i] of A, so row order[i] of the gradient is row i
    return [takeRows(rows, node(placeOp, [packed.inputs[0]], undefined))];
  },
  gradName: () => 'LinalgLuFactorExBackward0',
  saves: () => ({ LU: 'output' }),
});

const order = (a: Float64Array, m: number, n: number): Int32Array => factorize(a, m, n).order;
const rowsOp = (name: string, run: (a: Float64Array, out: Float64Array, m: number, n: number) => void) =>
  denseOp<undefined>(name, {
    type: ([x]) => ({ shape: x.shape.slice(0, -1), dtype: 'int32' }),
    run: ([a], out, [type]) => run(a, out, ...lastTwo(type)),
    nondifferentiable: true,
  });
/** Where each row of A has gone. */
const placeOp = rowsOp('luPlaces', (a, out, m, n) => order(a, m, n).forEach((row, i) => (out[row] = i)));

/** PyTorch's pivots: at step k rows k and pivots[k] - 1 were exchanged. */
const pivotsOp = denseOp<undefined>('luPivots', {
  type: ([x]) => ({ shape: [...batchOf(x.shape), Math.min(...lastTwo(x))], dtype: 'int32' }),
  run: ([a], out, [type]) => out.set(factorize(a, ...lastTwo(type)).pivots.map((row) => row + 1)),
  nondifferentiable: true,
});

/** The places of the rows, [n] for pivots [n] and factors with n rows, given as [pivots beside a column of nothing]. */
const rowsOfPivots = denseOp<undefined>('rowsOfPivots', {
  type: ([pivots]) => ({ shape: pivots.shape.slice(0, -1), dtype: 'int32' }),
  run([pivots], out) {
    for (let i = 0; i < out.length; i++) out[i] = i;
    pivots.forEach((row, k) => ([out[k], out[row - 1]] = [out[row - 1], out[k]]));
  },
  nondifferentiable: true,
});

const takeRows = (x: Node, rows: Node): Node => {
  const { shape } = x.type;
  return gatherAlong(x, shape.length - 2, spread(unsqueeze(rows, -1), shape));
};

/** Ones on the diagonal of what lies below it. */
function unitLower(x: Node): Node {
  const [m, n] = lastTwo(x.type);
  const one = eq(iota([m, 1], 0, 'int32'), iota([1, n], 1, 'int32'));
  return where(one, 1, tril(x, { diagonal: -1 }));
}

/** [LU, pivots]: L below the diagonal (its own is 1) and U on and above it; at step k rows k and pivots[k] - 1 were exchanged. */
export function luFactor(x: Node): [Node, Node] {
  checkMatrix('torch.lu_factor', x);
  return [node(packedOp, [x], undefined), node(pivotsOp, [x], undefined)];
}

const factors = {
  L: named<undefined>(
    'luL',
    ([packed]) => {
      const [m, n] = lastTwo(packed.type);
      return unitLower(narrow(packed, -1, 0, Math.min(m, n)));
    },
    { gradName: () => 'LinalgLuBackward0' },
  ),
  U: named<undefined>(
    'luU',
    ([packed]) => {
      const [m, n] = lastTwo(packed.type);
      return triu(narrow(packed, -2, 0, Math.min(m, n)));
    },
    { gradName: () => 'LinalgLuBackward0' },
  ),
};

/** [P, L, U] with x = P L U: a permutation, a lower triangle with ones on its diagonal, an upper triangle. */
export function lu(x: Node): [Node, Node, Node] {
  checkMatrix('linalg.lu', x);
  const [m] = lastTwo(x.type);
  const packed = node(packedOp, [x], undefined);
  const places = node(placeOp, [x], undefined);
  const p = cast(eq(unsqueeze(places, -1), iota([m], 0, 'int32')), x.type.dtype);
  return [p, factors.L([packed], undefined), factors.U([packed], undefined)];
}

export interface LuSolveOptions {
  /** False: X A = B. */
  readonly left?: boolean;
  /** Solve with the transpose of A. */
  readonly adjoint?: boolean;
}

const luSolveNode = named<{ readonly adjoint: boolean }>(
  'luSolve',
  ([packed, pivots, b], { adjoint }) => {
    const batch = broadcastShapes(batchOf(packed.type.shape), batchOf(b.type.shape));
    const [factor, right] = [packed, b].map((x) => spread(x, [...batch, ...lastTwo(x.type)]));
    const rows = node(rowsOfPivots, [unsqueeze(pivots, -1)], undefined);
    const lower = { upper: false, unitriangular: true };
    if (!adjoint)
      return solveTriangular(factor, solveTriangular(factor, takeRows(right, rows), lower), { upper: true });
    // A^T X = B with A = P L U: U^T L^T P^T X = B
    const inner = solveTriangular(mT(factor), right, { upper: false });
    const permuted = solveTriangular(mT(factor), inner, { upper: true, unitriangular: true });
    const back = eq(unsqueeze(rows, -1), iota([lastTwo(factor.type)[0]], 0, 'int32'));
    return matmul(mT(cast(back, b.type.dtype)), permuted);
  },
  { gradName: () => 'LinalgLuSolveBackward0', saves: () => ({ LU: 0 }) },
);

/** X with A X = B, given the factors of A from `luFactor`. */
export function luSolve(
  packed: Node,
  pivots: Node,
  b: Node,
  { left = true, adjoint = false }: LuSolveOptions = {},
): Node {
  checkMatrix('torch.linalg.lu_solve', packed);
  checkMatrix('torch.linalg.lu_solve', b);
  const [m, n] = lastTwo(packed.type);
  const rows = lastTwo(b.type)[left ? 0 : 1];
  if (m !== n || m !== rows)
    throw new ShapeError(
      `linalg.lu_solve: Incompatible shapes of A and B for the equation ${left ? 'AX = B' : 'XA = B'} (${m}x${n} and ${lastTwo(b.type).join('x')})`,
    );
  if (!left) return mT(luSolve(packed, pivots, mT(b), { adjoint: !adjoint }));
  return luSolveNode([packed, pivots, b], { adjoint });
}

export interface LeastSquaresOptions {
  /** Singular values up to this part of the largest count as 0. */
  readonly rcond?: number | null;
  /** What comes besides the solution; the solution is the same for all. */
  readonly driver?: 'gelsy' | 'gels' | 'gelsd' | 'gelss';
}

const lstsqNode = named<number | null>(
  'lstsq',
  ([a, b], rcond) => matmul(pinv(a, rcond === null ? {} : { rcond }), b),
  { gradName: () => 'LinalgLstsqBackward0', saves: () => ({ self: 0, b: 1 }) },
);

/**
 * [solution, residuals, rank, singularValues]: the X of least norm among those that make A X - B least; B is [..., m, k], or [..., m]. As in
 * PyTorch, `gelsy` finds the rank, `gels` the residuals (squared distances per column, if there are more rows than columns), `gelsd` and
 * `gelss` both and the singular values; what is not found is empty.
 */
export function lstsq(
  a: Node,
  b: Node,
  { rcond = null, driver = 'gelsy' }: LeastSquaresOptions = {},
): [Node, Node, Node, Node] {
  checkMatrix('torch.linalg.lstsq', a);
  if (!['gelsy', 'gels', 'gelsd', 'gelss'].includes(driver))
    throw new ValueError(
      'torch.linalg.lstsq: parameter `driver` should be one of (gels, gelsy, gelsd, gelss)',
    );
  const vector = b.type.shape.length === a.type.shape.length - 1;
  const right = vector ? unsqueeze(b, -1) : b;
  const [m, n] = lastTwo(a.type);
  if (right.type.shape.length < 2 || lastTwo(right.type)[0] !== m)
    throw new ShapeError(
      `torch.linalg.lstsq: input.size(-2) should match other.size(-2), but got ${m} and ${lastTwo(right.type)[0]}`,
    );
  const x = lstsqNode([a, right], rcond);
  const none = zeros([0], a.type.dtype);
  const gap = sub(matmul(a, x), right);
  return [
    vector ? squeeze(x, -1) : x,
    m > n && driver !== 'gelsy' ? sum(mul(gap, gap), -2) : none,
    driver === 'gels' ? zeros([0], 'int32') : matrixRank(a),
    driver === 'gelsd' || driver === 'gelss' ? svdvals(a) : none,
  ];
}
