// Functions of one operand: sign, exponentials, logarithms, roots. In: a node. Out: a node of its shape; what is only defined
// for floats turns integers into the default float. Derivatives are written with the result wherever PyTorch does that, so that
// a backward computes no transcendental anew. Rounding and trigonometry have files of their own and are re-exported here.

import { DTypeError } from '../compiler/errors.ts';
import { node } from '../compiler/node.ts';
import type { Node } from '../compiler/node.ts';
import { arg, s } from '../compiler/scalar.ts';
import { add, div, mul } from './binary.ts';
import { pow } from './binary-power.ts';
import { floatFunction, pointwise, sameFunction, savesNothing, savesResult, savesSelf } from './pointwise.ts';
import { sgn } from './unary-round.ts';

export * from './unary-round.ts';
export * from './unary-trig.ts';

const x0 = arg(0);

const negOp = pointwise('neg', { expr: s.neg(x0), partials: [(g) => neg(g)], saves: savesNothing });

/** -x; DTypeError for booleans, as in PyTorch. */
export function neg(x: Node): Node {
  if (x.type.dtype === 'bool')
    throw new DTypeError(
      'Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a mask, use the `~` or `logical_not()` operator instead.',
    );
  return node(negOp, [x], undefined);
}

/** |x|; the gradient at 0 is 0. */
export const abs = sameFunction('abs', {
  expr: s.abs(x0),
  partials: [(g, [x]) => mul(g, sgn(x))],
  saves: savesSelf,
});

/** The operand itself, as in PyTorch (where it makes no gradFn either). */
export const positive = (x: Node): Node => x;

/** A copy. */
export const clone = sameFunction('clone', { expr: x0, partials: [(g) => g], saves: savesNothing });

/** e to the x. */
export const exp = floatFunction('exp', {
  expr: s.exp(x0),
  partials: [(g, _, y) => mul(g, y)],
  saves: savesResult,
});

/** 2 to the x. */
export const exp2 = floatFunction('exp2', {
  expr: s.exp2(x0),
  partials: [(g, _, y) => mul(mul(g, y), Math.LN2)],
  saves: savesResult,
});

/** exp(x) - 1 without cancellation near 0. */
export const expm1 = floatFunction('expm1', {
  expr: s.expm1(x0),
  partials: [(g, _, y) => mul(g, add(y, 1))],
  saves: savesResult,
});

/** Natural logarithm. */
export const log = floatFunction('log', {
  expr: s.log(x0),
  partials: [(g, [x]) => div(g, x)],
  saves: savesSelf,
});

/** Logarithm to base 2. */
export const log2 = floatFunction('log2', {
  expr: s.log2(x0),
  partials: [(g, [x]) => div(g, mul(x, 0.6931471805599453))],
  saves: savesSelf,
});

/** Logarithm to base 10. */
export const log10 = floatFunction('log10', {
  expr: s.log10(x0),
  partials: [(g, [x]) => div(g, mul(x, 2.3025850929940456))],
  saves: savesSelf,
});

/** log(1 + x) without cancellation near 0. */
export const log1p = floatFunction('log1p', {
  expr: s.log1p(x0),
  partials: [(g, [x]) => div(g, add(x, 1))],
  gradName: 'Log1PBackward0',
  saves: savesSelf,
});

/** Square root; the gradient at 0 is infinite. */
export const sqrt = floatFunction('sqrt', {
  expr: s.sqrt(x0),
  partials: [(g, _, y) => div(g, mul(y, 2))],
  saves: savesResult,
});

/** 1 / sqrt(x). */
export const rsqrt = floatFunction('rsqrt', {
  expr: s.div(1, s.sqrt(x0)),
  partials: [(g, _, y) => mul(mul(g, -0.5), pow(y, 3))],
  saves: savesResult,
});

/** 1 / x. */
export const reciprocal = floatFunction('reciprocal', {
  expr: s.div(1, x0),
  partials: [(g, _, y) => mul(neg(g), mul(y, y))],
  saves: savesResult,
});

/** x * x; PyTorch calls its backward that of a power. */
export const square = (x: Node): Node => pow(x, 2);

const radians = Math.PI / 180;
const degrees = 180 / Math.PI;

/** Degrees to radians. */
export const deg2rad = floatFunction('deg2rad', {
  expr: (_, num) => s.mul(x0, num(radians)),
  partials: [(g) => mul(g, radians)],
  gradName: 'Deg2RadBackward0',
  saves: savesNothing,
});

/** Radians to degrees. */
export const rad2deg = floatFunction('rad2deg', {
  expr: (_, num) => s.mul(x0, num(degrees)),
  partials: [(g) => mul(g, degrees)],
  gradName: 'Rad2DegBackward0',
  saves: savesNothing,
});
