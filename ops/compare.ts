// Questions: comparisons, logic and tests of floats. In: nodes or numbers of any dtypes. Out: booleans, which carry no gradient.

import { DTypeError } from '../compiler/errors.ts';
import { dtypes } from '../compiler/dtype.ts';
import { node } from '../compiler/node.ts';
import type { Node } from '../compiler/node.ts';
import { declareCommutative } from '../compiler/rewrite.ts';
import { arg, s } from '../compiler/scalar.ts';
import type { Scalar } from '../compiler/scalar.ts';
import { asNode, together } from './operand.ts';
import type { Operand } from './operand.ts';
import { pointwise } from './pointwise.ts';

const a = arg(0);
const b = arg(1);

const comparison = (name: string, expr: Scalar): ((x: Operand, y: Operand) => Node) => {
  const op = pointwise(name, { expr, dtype: 'bool' });
  return (x, y) => node(op, together(x, y), undefined);
};

/** True where x equals y in the operands' common dtype; NaN equals nothing. */
export const eq = comparison('eq', s.eq(a, b));
/** True where they differ; NaN differs from everything. */
export const ne = comparison('ne', s.ne(a, b));
/** True where x < y; false beside NaN, like the next three. */
export const lt = comparison('lt', s.lt(a, b));
/** True where x <= y. */
export const le = comparison('le', s.le(a, b));
/** True where x > y. */
export const gt = comparison('gt', s.gt(a, b));
/** True where x >= y. */
export const ge = comparison('ge', s.ge(a, b));

const logical = (name: string, expr: Scalar): ((x: Operand, y: Operand) => Node) => {
  const op = pointwise(name, { expr, dtype: 'bool' });
  return (x, y) => node(op, [asNode(x, 'bool'), asNode(y, 'bool')], undefined);
};

/** True where both are; any dtype, what is not 0 is true, NaN too. */
export const logicalAnd = logical('logicalAnd', s.and(a, b));
/** True where one or both are. */
export const logicalOr = logical('logicalOr', s.or(a, b));
/** True where one is and the other is not. */
export const logicalXor = logical('logicalXor', s.ne(a, b));

const notOp = pointwise('logicalNot', { expr: s.not(a), dtype: 'bool' });
/** True where x is 0. */
export const logicalNot = (x: Operand): Node => node(notOp, [asNode(x, 'bool')], undefined);

declareCommutative('eq', 'ne', 'logicalAnd', 'logicalOr', 'logicalXor');

const floatTest = (name: string, expr: Scalar): ((x: Node) => Node) => {
  const op = pointwise(name, { expr, dtype: 'bool' });
  return (x) => node(op, [x], undefined);
};

/** True for NaN. */
export const isnan = floatTest('isnan', s.isnan(a));
/** False for NaN and the infinities. */
export const isfinite = floatTest('isfinite', s.isfinite(a));
/** True for both infinities. */
export const isinf = floatTest('isinf', s.eq(s.abs(a), Infinity));
/** True for Infinity. */
export const isposinf = floatTest('isposinf', s.eq(a, Infinity));
/** True for -Infinity. */
export const isneginf = floatTest('isneginf', s.eq(a, -Infinity));
/** True for negative numbers and -0. */
export const signbit = floatTest('signbit', s.signbit(a));

interface Tolerance {
  readonly rtol: number;
  readonly atol: number;
  readonly equalNan: boolean;
}

const iscloseOp = pointwise<Tolerance>('isclose', {
  dtype: 'bool',
  expr({ rtol, atol, equalNan }) {
    const within = s.and(s.isfinite(b), s.le(s.abs(s.sub(a, b)), s.add(atol, s.mul(rtol, s.abs(b)))));
    const close = s.or(s.eq(a, b), within);
    return equalNan ? s.or(close, s.and(s.isnan(a), s.isnan(b))) : close;
  },
});

/**
 * |x - y| <= atol + rtol |y|, or equal, or (`equalNan`) both NaN. PyTorch's defaults: rtol 1e-5, atol 1e-8.
 * DTypeError if the dtypes differ.
 */
export function isclose(
  x: Node,
  y: Node,
  { rtol = 1e-5, atol = 1e-8, equalNan = false }: Partial<Tolerance> = {},
): Node {
  if (x.type.dtype !== y.type.dtype)
    throw new DTypeError(`${dtypes[x.type.dtype].torchName} did not match ${dtypes[y.type.dtype].torchName}`);
  return node(iscloseOp, [x, y], { rtol, atol, equalNan });
}
