// Functions of matrices: matrixExp and matrixPower. In: square matrices, or batches of them. Out: a routine (linalg/expm.ts), and a chain of
// products.

import { ValueError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import type { Op } from '../compiler/op.ts';
import { cast } from './cast.ts';
import { eq } from './compare.ts';
import { cat } from './join.ts';
import { checkSquare, denseOp, lastTwo, mT } from './linalg-core.ts';
import { exponential } from './linalg/expm.ts';
import { inv } from './linalg.ts';
import { matmul } from './matmul.ts';
import { narrow } from './slice.ts';
import { iota, zerosLike } from './source.ts';
import { clone } from './unary.ts';
import { spread } from './view.ts';

const expOp: Op<undefined> = denseOp<undefined>('matrixExp', {
  type: ([x]) => x,
  run: ([a], out, [type]) => exponential(a, lastTwo(type)[0], out),
  vjp(g, { inputs: [x] }) {
    // the upper right block of exp([[x.mT, g], [0, x.mT]]): Mathias, "A chain rule for matrix functions", 1996
    const n = x.type.shape.at(-1)!;
    const a = mT(x);
    const blocks = cat([cat([a, g], -1), cat([zerosLike(a), a], -1)], -2);
    const whole = node(expOp, [blocks], undefined);
    return [narrow(narrow(whole, -2, 0, n), -1, n, n)];
  },
  gradName: () => 'LinalgMatrixExpBackward0',
  saves: () => ({ self: 0 }),
});

/** The exponential of matrices: the sum of x^k / k!. */
export function matrixExp(x: Node): Node {
  checkSquare('linalg.matrix_exp', x);
  return node(expOp, [x], undefined);
}

/** x to a whole power by repeated squaring; negative powers are those of the inverse. */
export function matrixPower(x: Node, n: number): Node {
  checkSquare('linalg.matrix_power', x);
  if (!Number.isInteger(n))
    throw new ValueError(`matrix_power(): the power must be a whole number, but got ${n}`);
  if (n < 0) return matrixPower(inv(x), -n);
  if (n === 0) {
    const [rows, columns] = lastTwo(x.type);
    const one = eq(iota([rows, 1], 0, 'int32'), iota([1, columns], 1, 'int32'));
    return spread(cast(one, x.type.dtype), x.type.shape);
  }
  if (n === 1) return clone(x);
  if (n === 3) return matmul(matmul(x, x), x);
  let [result, square]: [Node | null, Node] = [null, x];
  for (let rest = n; ; square = matmul(square, square)) {
    if (rest % 2 === 1) result = result ? matmul(result, square) : square;
    rest = Math.floor(rest / 2);
    if (rest === 0) return result!;
  }
}
