// Arithmetic of two operands. In: nodes or numbers, brought to their common dtype and broadcast. Out: nodes. Formulas are those
// of derivatives.yaml in the same order of operations, because values at zeros and infinities depend on it.

import type { DType } from '../compiler/dtype.ts';
import { DTypeError } from '../compiler/errors.ts';
import { node } from '../compiler/node.ts';
import type { Node } from '../compiler/node.ts';
import { declareCommutative } from '../compiler/rewrite.ts';
import { arg, s } from '../compiler/scalar.ts';
import type { Scalar } from '../compiler/scalar.ts';
import { cast } from './cast.ts';
import { divRounded } from './binary-divide.ts';
import type { RoundingMode } from './binary-divide.ts';
import { isNode, isNumber, together } from './operand.ts';
import type { Operand } from './operand.ts';
import { floatsTogether, pointwise, savesNothing } from './pointwise.ts';
import type { Pull } from './pointwise.ts';
import { neg } from './unary.ts';

const a = arg(0);
const b = arg(1);

/** The gradient as it is. */
const pass: Pull = (g) => g;

// `alpha` multiplies the second operand: a composite under the same name, and nothing that a rule for plain sums could mistake.
const addScaledOp = pointwise<{ readonly alpha: number }>('addScaled', {
  expand: ([x, y], { alpha }) => add(x, cast(mul(y, alpha), y.type.dtype)),
  saves: savesNothing,
  gradName: 'AddBackward0',
});
const subScaledOp = pointwise<{ readonly alpha: number }>('subScaled', {
  expand: ([x, y], { alpha }) => sub(x, mul(y, alpha)),
  saves: savesNothing,
  gradName: 'SubBackward0',
});
const rsubOp = pointwise<{ readonly alpha: number }>('rsub', {
  expand: ([x, y], { alpha }) => sub(y, alpha === 1 ? x : mul(x, alpha)),
  saves: savesNothing,
  gradName: ({ inputs: [, y] }) => (isNumber(y) ? 'RsubBackward1' : 'RsubBackward0'),
});

const addOp = pointwise('add', {
  expr: (_, __, dtype) => (dtype === 'bool' ? s.or(a, b) : s.add(a, b)),
  partials: [pass, pass],
  saves: savesNothing,
});
const subOp = pointwise('sub', {
  expr: s.sub(a, b),
  partials: [pass, (g) => neg(g)],
  saves: savesNothing,
  gradName: ({ inputs: [x] }) => (isNumber(x) ? 'RsubBackward1' : 'SubBackward0'),
});

/** The low 32 bits of a product of integers: exact, because no partial product exceeds 2^53. */
function timesInt32(x: Scalar, y: Scalar): Scalar {
  const low = s.bitOr(y, 0);
  return s.add(s.shiftLeft(s.mul(s.shiftRight(x, 16), low), 16), s.mul(s.bitAnd(x, 65535), low));
}

/** A product in a dtype: it wraps for integers, and is `and` for booleans. */
export function times(dtype: DType, x: Scalar, y: Scalar): Scalar {
  return dtype === 'int32' ? timesInt32(x, y) : dtype === 'bool' ? s.and(x, y) : s.mul(x, y);
}

const mulOp = pointwise('mul', {
  expr: (_, __, dtype) => times(dtype, a, b),
  partials: [(g, [, y]) => mul(g, y), (g, [x]) => mul(g, x)],
  saves: (_, [x, y]) => ({ ...(x ? { other: 1 } : {}), ...(y ? { self: 0 } : {}) }),
});

const divOp = pointwise('div', {
  expr: s.div(a, b),
  partials: [(g, [, y]) => div(g, y), (g, [x, y]) => mul(neg(g), div(div(x, y), y))],
  saves: (_, [, y]) => ({ other: 1, ...(y ? { self: 0 } : {}) }),
  gradName: ({ inputs: [x] }) => (isNumber(x) ? 'MulBackward0' : 'DivBackward0'),
});

declareCommutative('add', 'mul');

/** x + alpha * y. */
export const add = (x: Operand, y: Operand, { alpha = 1 }: { alpha?: number } = {}): Node =>
  alpha === 1 ? node(addOp, together(x, y), undefined) : node(addScaledOp, together(x, y), { alpha });

function refuseBool(x: Operand, y: Operand): void {
  const isBool = (z: Operand): boolean => (isNode(z) ? z.type.dtype === 'bool' : typeof z === 'boolean');
  if (isBool(x) && isBool(y))
    throw new DTypeError(
      'Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` operator instead.',
    );
  if (isBool(x) || isBool(y))
    throw new DTypeError(
      'Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a mask, use the `~` or `logical_not()` operator instead.',
    );
}

/** x - alpha * y; DTypeError for booleans, as in PyTorch. */
export function sub(x: Operand, y: Operand, { alpha = 1 }: { alpha?: number } = {}): Node {
  refuseBool(x, y);
  return alpha === 1 ? node(subOp, together(x, y), undefined) : node(subScaledOp, together(x, y), { alpha });
}

/** y - alpha * x. */
export function rsub(x: Operand, y: Operand, { alpha = 1 }: { alpha?: number } = {}): Node {
  refuseBool(x, y);
  return node(rsubOp, together(x, y), { alpha });
}

/** x * y. */
export const mul = (x: Operand, y: Operand): Node => node(mulOp, together(x, y), undefined);

/** x / y in floats (integers become the default float), or rounded down or towards 0 in the common dtype. */
export const div = (
  x: Operand,
  y: Operand,
  { roundingMode = null }: { roundingMode?: RoundingMode | null } = {},
): Node =>
  roundingMode === null ? node(divOp, floatsTogether(x, y), undefined) : divRounded(x, y, roundingMode);

export * from './binary-power.ts';
export * from './binary-extreme.ts';
export * from './binary-divide.ts';
export * from './binary-mixed.ts';
