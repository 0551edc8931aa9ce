// Powers. In: a base and an exponent, at most one of them a plain number. Out: a node. A plain exponent is part of the operator:
// small ones become products and roots, as in PyTorch, whose backward is named Pow0 then and Pow1 otherwise.

import { DTypeError } from '../compiler/errors.ts';
import { isFloat } from '../compiler/dtype.ts';
import type { DType } from '../compiler/dtype.ts';
import { node } from '../compiler/node.ts';
import type { Node } from '../compiler/node.ts';
import { arg, constant as constantScalar, s } from '../compiler/scalar.ts';
import type { Scalar } from '../compiler/scalar.ts';
import { mul, sub, times } from './binary.ts';
import { eq, ge, logicalAnd } from './compare.ts';
import { asNode, commonType, isNode, together } from './operand.ts';
import type { Operand } from './operand.ts';
import { pointwise, savesSelf } from './pointwise.ts';
import { where } from './select.ts';
import { zerosLike } from './source.ts';
import { log } from './unary.ts';

const a = arg(0);
const b = arg(1);

/** x to a whole power >= 1 by squaring: in float64 steps, hence better than one rounding away in float32. */
const bySquaring = (dtype: DType, x: Scalar, n: number): Scalar =>
  n === 1
    ? x
    : n % 2 === 0
      ? bySquaring(dtype, times(dtype, x, x), n / 2)
      : times(dtype, bySquaring(dtype, x, n - 1), x);

/** Up to which whole exponent products are no worse than `pow`. */
const longestProduct: Readonly<Record<DType, number>> = {
  float64: 3,
  float32: 16,
  int32: 31,
  uint8: 3,
  bool: 1,
};

function powerExpr(exponent: number, dtype: DType): Scalar {
  switch (exponent) {
    case 0:
      return constantScalar(1);
    case 0.5:
      return s.sqrt(a);
    case -0.5:
      return s.div(1, s.sqrt(a));
    case -1:
      return s.div(1, a);
    case -2:
      return s.div(1, s.mul(a, a));
  }
  const size = Math.abs(exponent);
  if (Number.isInteger(exponent) && size <= longestProduct[dtype]) {
    if (exponent > 0) return bySquaring(dtype, a, exponent);
    if (dtype === 'float32') return s.div(1, bySquaring(dtype, a, size));
  }
  if (dtype === 'float32' && size % 1 === 0.5 && size <= longestProduct[dtype]) {
    // The root of -Infinity is NaN, but any power of it is infinite or zero; of -0 it is -0, but its powers are 0.
    const product = s.mul(bySquaring(dtype, a, size - 0.5), s.sqrt(a));
    const known = s.select(s.eq(a, -Infinity), Infinity, s.abs(product));
    return exponent > 0 ? known : s.div(1, known);
  }
  return s.pow(a, exponent);
}

const powScalarOp = pointwise<{ readonly exponent: number }>('powScalar', {
  expr: ({ exponent }, _, dtype) => powerExpr(exponent, dtype),
  partials: [
    (g, [x], _, { exponent }) =>
      exponent === 0 ? zerosLike(x) : mul(g, mul(power(x, exponent - 1), exponent)),
  ],
  gradName: 'PowBackward0',
  saves: savesSelf,
});

/** The plain exponent of a power, for rules. */
export const exponentOf = (n: Node): number => (n as Node<{ readonly exponent: number }>).attrs.exponent;

/** x^0 and x^1 are simplified later, not here: as in PyTorch, the derivative of a linear power still depends on x. */
const power = (x: Node, exponent: number): Node => node(powScalarOp, [x], { exponent });

const powOp = pointwise('pow', {
  expr: s.pow(a, b),
  partials: [
    (g, [x, y]) => where(eq(y, 0), 0, mul(g, mul(y, pow(x, sub(y, 1))))),
    (g, [x, y], result) => mul(g, where(logicalAnd(eq(x, 0), ge(y, 0)), 0, mul(result, log(x)))),
  ],
  gradName: 'PowBackward1',
  saves: (_, [, exponent]) => ({ self: 0, exponent: 1, ...(exponent ? { result: 'output' } : {}) }),
});

/**
 * x to the power y. The gradient with respect to x is 0 where y is 0, that with respect to y is 0 where x is 0 and y >= 0.
 * DTypeError for a negative plain exponent of an integer.
 */
export function pow(x: Operand, y: Operand): Node {
  if (!isNode(x) || isNode(y)) return node(powOp, together(x, y), undefined);
  const dtype = commonType(x, y);
  const exponent = Number(y);
  if (!isFloat(dtype) && exponent < 0)
    throw new DTypeError('Integers to negative integer powers are not allowed.');
  return node(powScalarOp, [asNode(x, dtype)], { exponent });
}

/** x to the power y, computed in float64. */
export const floatPower = (x: Operand, y: Operand): Node => {
  const wide = (z: Operand): Operand => (isNode(z) ? asNode(z, 'float64') : z);
  return isNode(x) && !isNode(y) ? pow(wide(x), y) : pow(asNode(x, 'float64'), asNode(y, 'float64'));
};
