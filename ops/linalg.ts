// Inverses and linear systems. In: square matrices, or batches of them, in floats. Out: routines over the elimination of
// linalg/lu.ts, with gradients made of such routines and of contractions.

import { ShapeError, ValueError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import type { Op } from '../compiler/op.ts';
import { broadcastShapes, sameShape } from '../compiler/shape.ts';
import { sameNumbers } from './contract.ts';
import { tril, triu } from './diagonal.ts';
import { batchOf, checkMatrix, checkSquare, denseOp, inBatch, lastTwo, mT, times } from './linalg-core.ts';
import * as lu from './linalg/lu.ts';
import { substitute } from './linalg/triangular.ts';
import type { Triangle } from './linalg/triangular.ts';
import { neg } from './unary.ts';
import { spread, squeeze, unsqueeze } from './view.ts';

const invOp = denseOp<undefined>('inv', {
  type: ([x]) => x,
  run([a], out, [type], _, batch) {
    const [n] = lastTwo(type);
    const factors = lu.factorize(a, n);
    const zero = lu.zeroPivot(factors, n);
    if (zero > 0)
      throw new ValueError(
        `linalg.inv: ${inBatch(batch)}The diagonal element ${zero} is zero, the inversion could not be completed because the input matrix is singular.`,
      );
    lu.solveFactors(factors, n, lu.identity(n), n, out);
  },
  vjp: (g, n) => [neg(times(times(n, 'ki', g, 'kl', 'il'), 'il', n, 'jl', 'ij'))],
  gradName: () => 'LinalgInvExBackward0',
  saves: () => ({ inverse: 'output' }),
});

/** The inverse; ValueError when it is computed if a matrix is singular. */
export function inv(x: Node): Node {
  checkSquare('linalg.inv', x);
  return node(invOp, [x], undefined);
}
/** `linalg.inv`: of a square matrix or a batch of them; singular ones are an error. */
export const inverse = inv;

const solveOp = denseOp<undefined>('solve', {
  type: ([, b]) => b,
  run([a, b], out, [type, right], _, batch) {
    const [n] = lastTwo(type);
    const factors = lu.factorize(a, n);
    if (lu.zeroPivot(factors, n) > 0)
      throw new ValueError(
        `linalg.solve: ${inBatch(batch)}The solver failed because the input matrix is singular.`,
      );
    lu.solveFactors(factors, n, b, lastTwo(right)[1], out);
  },
  vjp(g, n, wants) {
    const [a] = n.inputs;
    const gb = node(solveOp, [mT(a), g], undefined);
    return [wants[0] ? neg(times(gb, 'ik', n, 'jk', 'ij')) : null, wants[1] ? gb : null];
  },
  gradName: () => 'LinalgSolveExBackward0',
  saves: () => ({ A: 0, result: 'output' }),
}) as Op<undefined>;

/** Matrices of both sides with a common batch, and whether the right side was a vector. */
function sides(op: string, a: Node, b: Node): readonly [a: Node, b: Node, vector: boolean] {
  sameNumbers(a.type, b.type, op);
  const [left, right] = [a.type.shape, b.type.shape];
  const vector =
    right.length === 1 || (left.length - 1 === right.length && sameShape(left.slice(0, -1), right));
  const columns = vector ? unsqueeze(b, -1) : b;
  const [rows] = lastTwo(columns.type);
  if (rows !== lastTwo(a.type)[0])
    throw new ShapeError(
      `${op}: Incompatible shapes of A and B for the equation AX = B (${left.slice(-2).join('x')} and ${lastTwo(columns.type).join('x')})`,
    );
  const batch = broadcastShapes(batchOf(left), batchOf(columns.type.shape));
  const widen = (x: Node): Node => spread(x, [...batch, ...x.type.shape.slice(-2)]);
  return [widen(a), widen(columns), vector];
}

/** X with A X = B (or X A = B if not `left`); B may be a vector. ValueError when it is computed if A is singular. */
export function solve(a: Node, b: Node, { left = true }: { readonly left?: boolean } = {}): Node {
  checkSquare('linalg.solve', a);
  if (!left && b.type.shape.length > 1) return mT(solve(mT(a), mT(b)));
  const [matrix, right, vector] = sides('linalg.solve', left ? a : mT(a), b);
  const x = node(solveOp, [matrix, right], undefined);
  return vector ? squeeze(x, -1) : x;
}

const triangularOp: Op<Triangle> = denseOp<Triangle>('solveTriangular', {
  type: ([, b]) => b,
  run: ([a, b], out, [type, right], attrs) =>
    substitute(a, lastTwo(type)[0], b, lastTwo(right)[1], attrs, out),
  vjp(g, n, wants) {
    const [a] = n.inputs;
    const { upper, unit } = n.attrs;
    const gb = node(triangularOp, [mT(a), g], { upper: !upper, unit });
    const diagonal = unit ? 1 : 0;
    const part = (full: Node): Node =>
      upper ? triu(full, { diagonal }) : tril(full, { diagonal: -diagonal });
    return [wants[0] ? part(neg(times(gb, 'ik', n, 'jk', 'ij'))) : null, wants[1] ? gb : null];
  },
  gradName: () => 'LinalgSolveTriangularBackward0',
  saves: () => ({ self: 0, result: 'output' }),
});

export interface TriangularOptions {
  readonly upper: boolean;
  /** False: X A = B. */
  readonly left?: boolean;
  /** The diagonal counts as 1. */
  readonly unitriangular?: boolean;
}

/** X with A X = B for a triangular A, of which the other triangle is not looked at. */
export function solveTriangular(
  a: Node,
  b: Node,
  { upper, left = true, unitriangular = false }: TriangularOptions,
): Node {
  checkSquare('linalg.solve_triangular', a);
  checkMatrix('linalg.solve_triangular', b);
  if (!left) return mT(solveTriangular(mT(a), mT(b), { upper: !upper, unitriangular }));
  const [matrix, right] = sides('linalg.solve_triangular', a, b);
  return node(triangularOp, [matrix, right], { upper, unit: unitriangular });
}
