// The rest of the functions of two or three operands: angles, lengths, logarithms of sums, interpolation. In: nodes or numbers.
// Out: a node of their common dtype. Formulas as in derivatives.yaml.

import { AutogradError } from '../compiler/errors.ts';
import { node } from '../compiler/node.ts';
import type { Node } from '../compiler/node.ts';
import { arg, s } from '../compiler/scalar.ts';
import { add, div, maximum, mul, pow, sub } from './binary.ts';
import { eq, isinf, le, logicalAnd } from './compare.ts';
import { isNode, isNumber, overloadedByNumber, together } from './operand.ts';
import type { Operand } from './operand.ts';
import { floatsTogether, pointwise } from './pointwise.ts';
import type { Pointwise } from './pointwise.ts';
import { maskedFill, where } from './select.ts';
import { zerosLike } from './source.ts';
import { abs, exp, exp2, log1p, neg, reciprocal, sigmoid } from './unary.ts';

const a = arg(0);
const b = arg(1);
const c = arg(2);

const savesBoth = (): Readonly<Record<string, number>> => ({ self: 0, other: 1 });
const savesBothAndResult = (): Readonly<Record<string, number | 'output'>> => ({
  self: 0,
  other: 1,
  result: 'output',
});

/** The node-level function of an operator of two floats. */
function ofFloats(name: string, spec: Pointwise<undefined>): (x: Operand, y: Operand) => Node {
  const op = pointwise(name, spec);
  return (x, y) => node(op, floatsTogether(x, y), undefined);
}

/** 1 / (x^2 + y^2), 0 at the origin (as PyTorch has it since 2.0). */
const inverseSquare = (x: Node, y: Node): Node => {
  const square = add(mul(x, x), mul(y, y));
  return where(eq(square, 0), 0, reciprocal(square));
};

/** The angle of the point (y, x), y first. */
export const atan2 = ofFloats('atan2', {
  expr: s.atan2(a, b),
  partials: [
    (g, [x, y]) => mul(g, mul(y, inverseSquare(x, y))),
    (g, [x, y]) => mul(g, mul(neg(x), inverseSquare(x, y))),
  ],
  saves: savesBoth,
});

/** sqrt(x^2 + y^2) without overflow on the way; the gradient at the origin is NaN. */
export const hypot = ofFloats('hypot', {
  expr: s.hypot(a, b),
  partials: [(g, [x], r) => div(mul(g, x), r), (g, [, y], r) => div(mul(g, y), r)],
  saves: savesBothAndResult,
});

/** m + f(-|x - y|) with m the larger; equal infinities (whose difference is NaN) are their own sum. */
const logSum = (x: Node, y: Node, tail: (minusDistance: Node) => Node): Node =>
  where(logicalAnd(eq(x, y), isinf(x)), x, add(maximum(x, y), tail(neg(abs(sub(x, y))))));

/** log(exp(x) + exp(y)). */
export const logaddexp = ofFloats('logaddexp', {
  expand: ([x, y]) => logSum(x, y, (d) => log1p(exp(d))),
  partials: [(g, [x, y]) => mul(g, sigmoid(sub(x, y))), (g, [x, y]) => mul(g, sigmoid(sub(y, x)))],
  saves: savesBoth,
});

/** log2(2^x + 2^y). */
export const logaddexp2 = ofFloats('logaddexp2', {
  expand: ([x, y]) => logSum(x, y, (d) => mul(log1p(exp2(d)), Math.LOG2E)),
  partials: [
    (g, [x, y]) => mul(g, sigmoid(mul(sub(x, y), Math.LN2))),
    (g, [x, y]) => mul(g, sigmoid(mul(sub(y, x), Math.LN2))),
  ],
  saves: savesBoth,
});

/** x log(y), 0 where x is 0 even if the logarithm is not finite; NaN where y is. */
export const xlogy = ofFloats('xlogy', {
  expr: s.select(s.isnan(b), NaN, s.select(s.eq(a, 0), 0, s.mul(a, s.log(b)))),
  partials: [
    (g, [x, y]) => maskedFill(xlogy(g, y), logicalAnd(eq(x, 0), le(y, 0)), 0),
    (g, [x, y]) => div(mul(g, x), y),
  ],
  saves: savesBoth,
  gradName: overloadedByNumber('Xlogy'),
});

/** |x| with the sign of y, of -0 too. Differentiable in x; the gradient at x = 0 is 0. */
export const copysign = ofFloats('copysign', {
  expr: s.select(s.signbit(b), s.neg(s.abs(a)), s.abs(a)),
  partials: [(g, [x], r) => mul(g, maskedFill(div(r, x), eq(x, 0), 0)), (_, [, y]) => zerosLike(y)],
  saves: (_, [x]): Readonly<Record<string, number | 'output'>> => (x ? { self: 0, result: 'output' } : {}),
  gradName: ({ inputs: [, y] }) => (isNumber(y) ? 'CopysignBackward1' : 'CopysignBackward0'),
});

const ldexpOp = pointwise('ldexp', {
  expand: ([x, y]) => mul(x, pow(2, y)),
  gradName: 'MulBackward0',
  saves: savesBoth,
});
/** x * 2^y, differentiable in both. */
export const ldexp = (x: Operand, y: Operand): Node => node(ldexpOp, floatsTogether(x, y), undefined);

const heavisideOp = {
  ...pointwise('heaviside', { expr: s.select(s.eq(a, 0), b, s.select(s.gt(a, 0), 1, 0)) }),
  nondifferentiable: false,
  vjp: () => {
    throw new AutogradError("the derivative for 'heaviside' is not implemented.");
  },
};
/** 0 for negative x, 1 for positive ones, y at 0. PyTorch has no derivative of it. */
export const heaviside = (x: Operand, y: Operand): Node => node(heavisideOp, together(x, y), undefined);

const lerpOp = pointwise<{ readonly plain: boolean }>('lerp', {
  expr: s.select(
    s.lt(s.abs(c), 0.5),
    s.add(a, s.mul(c, s.sub(b, a))),
    s.sub(b, s.mul(s.sub(b, a), s.sub(1, c))),
  ),
  partials: [(g, [, , w]) => mul(g, sub(1, w)), (g, [, , w]) => mul(g, w), (g, [x, y]) => mul(g, sub(y, x))],
  gradName: ({ attrs }) => (attrs.plain ? 'LerpBackward0' : 'LerpBackward1'),
  saves: ({ attrs }, [x, y, w]): Readonly<Record<string, number>> =>
    attrs.plain ? {} : { ...(w ? { self: 0, end: 1 } : {}), ...(x || y ? { weight: 2 } : {}) },
});

/** x + weight (end - x), written from the nearer end. */
export const lerp = (x: Node, end: Operand, weight: Operand): Node =>
  node(lerpOp, together(x, end, weight), { plain: !isNode(weight) });

interface Scale {
  readonly value: number;
}

const addcmulOp = pointwise<Scale>('addcmul', {
  expr: ({ value }, num) => s.add(a, s.mul(s.mul(num(value), b), c)),
  partials: [
    (g) => g,
    (g, [, , z], _, { value }) => mul(g, mul(z, value)),
    (g, [, y], _, { value }) => mul(g, mul(y, value)),
  ],
  saves: (_, [, y, z]) => ({ ...(z ? { tensor1: 1 } : {}), ...(y ? { tensor2: 2 } : {}) }),
});
const addcdivOp = pointwise<Scale>('addcdiv', {
  expr: ({ value }, num) => s.add(a, s.div(s.mul(num(value), b), c)),
  partials: [
    (g) => g,
    (g, [, , z], _, { value }) => mul(g, div(value, z)),
    (g, [, y, z], _, { value }) => mul(neg(g), div(mul(y, value), mul(z, z))),
  ],
  saves: (_, [, y, z]) => ({ ...(z ? { tensor1: 1 } : {}), ...(y || z ? { tensor2: 2 } : {}) }),
});

/** x + value * y * z. */
export const addcmul = (x: Operand, y: Operand, z: Operand, { value = 1 }: Partial<Scale> = {}): Node =>
  node(addcmulOp, together(x, y, z), { value });

/** x + value * y / z, in floats. */
export const addcdiv = (x: Operand, y: Operand, z: Operand, { value = 1 }: Partial<Scale> = {}): Node =>
  node(addcdivOp, floatsTogether(x, y, z), { value });
