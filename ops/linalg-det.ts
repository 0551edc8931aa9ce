// Determinants. In: square matrices, or batches of them, in floats. Out: routines over the elimination of linalg/lu.ts, whose gradients are
// there for singular matrices as well, as far as the second.

import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import type { Op } from '../compiler/op.ts';
import { mul, sub } from './binary.ts';
import { eq } from './compare.ts';
import { batchOf, checkSquare, denseOp, lastTwo, mT, times } from './linalg-core.ts';
import { inv } from './linalg.ts';
import { cofactorSlope, cofactors } from './linalg/cofactors.ts';
import * as lu from './linalg/lu.ts';
import { sum } from './reduce-sum.ts';
import { where } from './select.ts';
import { zerosLike } from './source.ts';
import { unsqueeze } from './view.ts';

const perMatrix = (x: Node): Node => unsqueeze(unsqueeze(x, -1), -1);

const detOp = denseOp<undefined>('det', {
  type: ([x]) => ({ shape: batchOf(x.shape), dtype: x.dtype }),
  run([a], out, [type]) {
    const [n] = lastTwo(type);
    out[0] = lu.determinant(lu.factorize(a, n), n);
  },
  vjp: (g, { inputs: [x] }) => [mul(perMatrix(g), node(cofactorOp, [x], undefined))],
  gradName: () => 'LinalgDetBackward0',
  saves: () => ({ A: 0, result: 'output' }),
});

/** The first derivative of the determinant. */
const cofactorOp = denseOp<undefined>('cofactors', {
  type: ([x]) => x,
  run: ([a], out, [type]) => cofactors(a, lastTwo(type)[0], out),
  vjp: (g, { inputs: [x] }) => [node(slopeOp, [x, g], undefined)],
});

/** The product of `x`, transposed, and the transposed `y`. */
const backwards = (x: Node, y: Node): Node => times(x, 'ki', y, 'jk', 'ij');
const inner = (x: Node, y: Node): Node => sum(mul(x, y), [-2, -1], true);

/** How the cofactors of `x` change along `e`: the second derivative. The third takes `x` to be invertible. */
const slopeOp: Op<undefined> = denseOp<undefined>('cofactorSlope', {
  type: ([x]) => x,
  run: ([a, e], out, [type]) => cofactorSlope(a, e, lastTwo(type)[0], out),
  vjp(g, { inputs: [x, e] }, wants) {
    const slope = (along: Node): Node => node(slopeOp, [x, along], undefined);
    if (!wants[0]) return [null, slope(g)];
    // With y the inverse and c = det y.mT the cofactors, the slope along e is c <y.mT, e> - c e.mT y.mT; and dy = -y g y.
    const [y, c, along] = [inv(x), node(cofactorOp, [x], undefined), slope(g)];
    const ygy = times(times(y, 'ij', g, 'jk', 'ik'), 'ij', y, 'jk', 'ik');
    const first = sub(mul(along, inner(mT(y), e)), mul(c, inner(mT(ygy), e)));
    const ey = backwards(e, y);
    const second = sub(times(along, 'ij', ey, 'jk', 'ik'), times(c, 'ij', backwards(e, ygy), 'jk', 'ik'));
    return [sub(first, second), wants[1] ? along : null];
  },
});

/** The determinant; of a singular matrix the gradient is that of its cofactors. */
export function det(x: Node): Node {
  checkSquare('linalg.det', x);
  return node(detOp, [x], undefined);
}

const signOp = denseOp<undefined>('slogdetSign', {
  type: ([x]) => ({ shape: batchOf(x.shape), dtype: x.dtype }),
  run([a], out, [type]) {
    const [n] = lastTwo(type);
    out[0] = lu.logDeterminant(lu.factorize(a, n), n).sign;
  },
  vjp: (_, { inputs: [x] }) => [zerosLike(x)],
  gradName: () => 'LinalgSlogdetBackward0',
  saves: () => ({ A: 0 }),
});

const logOp = denseOp<undefined>('slogdet', {
  type: ([x]) => ({ shape: batchOf(x.shape), dtype: x.dtype }),
  run([a], out, [type]) {
    const [n] = lastTwo(type);
    out[0] = lu.logDeterminant(lu.factorize(a, n), n).log;
  },
  vjp: (g, { inputs: [x] }) => [mul(perMatrix(g), mT(inv(x)))],
  gradName: () => 'LinalgSlogdetBackward0',
  saves: () => ({ A: 0 }),
});

/** [sign of the determinant, logarithm of its magnitude]. */
export function slogdet(x: Node): [Node, Node] {
  checkSquare('linalg.slogdet', x);
  return [node(signOp, [x], undefined), node(logOp, [x], undefined)];
}

/** The logarithm of the determinant, NaN where that is negative. */
export function logdet(x: Node): Node {
  const [sign, log] = slogdet(x);
  return where(eq(sign, -1), NaN, log);
}
