// Bits of integers, and the same on booleans. In: nodes or numbers of integer or bool dtype. Out: a node of their common dtype,
// without a gradient. DTypeError for floats, in PyTorch's words.

import { dtypes, isFloat } from '../compiler/dtype.ts';
import type { DType } from '../compiler/dtype.ts';
import { DTypeError } from '../compiler/errors.ts';
import { node } from '../compiler/node.ts';
import type { Node } from '../compiler/node.ts';
import { declareCommutative } from '../compiler/rewrite.ts';
import { arg, s } from '../compiler/scalar.ts';
import type { Scalar } from '../compiler/scalar.ts';
import { together } from './operand.ts';
import type { Operand } from './operand.ts';
import { pointwise } from './pointwise.ts';

const a = arg(0);
const b = arg(1);

function bitwise(
  name: string,
  torchName: string,
  expr: Scalar | ((dtype: DType) => Scalar),
): (...x: readonly Operand[]) => Node {
  const op = pointwise(name, { expr: typeof expr === 'function' ? (_, __, dtype) => expr(dtype) : expr });
  return (...operands) => {
    const inputs = together(...operands);
    const { dtype } = inputs[0].type;
    if (isFloat(dtype))
      throw new DTypeError(`"${torchName}" not implemented for '${dtypes[dtype].torchName}'`);
    return node(op, inputs, undefined);
  };
}

/** The bits that both have. */
export const bitwiseAnd: (x: Operand, y: Operand) => Node = bitwise(
  'bitwiseAnd',
  'bitwise_and_cpu',
  s.bitAnd(a, b),
);
/** The bits that either has. */
export const bitwiseOr: (x: Operand, y: Operand) => Node = bitwise(
  'bitwiseOr',
  'bitwise_or_cpu',
  s.bitOr(a, b),
);
/** The bits that one of them has. */
export const bitwiseXor: (x: Operand, y: Operand) => Node = bitwise(
  'bitwiseXor',
  'bitwise_xor_cpu',
  s.bitXor(a, b),
);

declareCommutative('bitwiseAnd', 'bitwiseOr', 'bitwiseXor');

/** All bits turned; logical not for booleans. */
export const bitwiseNot: (x: Node) => Node = bitwise('bitwiseNot', 'bitwise_not_cpu', (dtype) =>
  dtype === 'bool' ? s.not(a) : s.bitNot(a),
);

/** x * 2^y by bits; 0 if y is negative or the dtype has no such bit. */
export const bitwiseLeftShift: (x: Operand, y: Operand) => Node = bitwise(
  'bitwiseLeftShift',
  'lshift_cpu',
  (dtype) => s.select(outOfWidth(dtype), 0, s.shiftLeft(a, b)),
);

/** floor(x / 2^y) by bits; the sign alone is left if y is negative or the dtype has no such bit. */
export const bitwiseRightShift: (x: Operand, y: Operand) => Node = bitwise(
  'bitwiseRightShift',
  'rshift_cpu',
  (dtype) => s.select(outOfWidth(dtype), s.select(s.lt(a, 0), -1, 0), s.shiftRight(a, b)),
);

function outOfWidth(dtype: DType): Scalar {
  return s.or(s.lt(b, 0), s.ge(b, 8 * dtypes[dtype].bytes));
}
