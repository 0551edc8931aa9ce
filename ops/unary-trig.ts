// Trigonometric and hyperbolic functions and the logistic curve. In: a node. Out: a float node of its shape. Formulas as in
// derivatives.yaml; tan, tanh and sigmoid are differentiated through their result.

import { node } from '../compiler/node.ts';
import type { Node } from '../compiler/node.ts';
import { arg, s } from '../compiler/scalar.ts';
import { add, div, mul, sub } from './binary.ts';
import { floatFunction, floating, gateWith, pointwise, savesResult, savesSelf } from './pointwise.ts';
import type { Pull } from './pointwise.ts';
import { neg, rsqrt, square } from './unary.ts';

const x0 = arg(0);

/** An operator whose derivative is a function of its operand. */
const ofSelf = (
  name: 'sin' | 'cos' | 'asin' | 'acos' | 'atan' | 'sinh' | 'cosh' | 'asinh' | 'acosh' | 'atanh',
  pull: Pull,
) => floatFunction(name, { expr: s[name](x0), partials: [pull], saves: savesSelf });

/** Sine; angles are in radians. */
export const sin = ofSelf('sin', (g, [x]) => mul(g, cos(x)));
/** Cosine. */
export const cos = ofSelf('cos', (g, [x]) => mul(g, neg(sin(x))));

/** Tangent. */
export const tan = floatFunction('tan', {
  expr: s.tan(x0),
  partials: [(g, _, y) => mul(g, add(square(y), 1))],
  saves: savesResult,
});

/** Inverse sine; the gradient is infinite at -1 and 1, NaN outside. */
export const asin = ofSelf('asin', (g, [x]) => mul(g, rsqrt(sub(1, mul(x, x)))));
/** Inverse cosine; the gradient as that of asin. */
export const acos = ofSelf('acos', (g, [x]) => mul(g, neg(rsqrt(sub(1, mul(x, x))))));
/** Inverse tangent. */
export const atan = ofSelf('atan', (g, [x]) => div(g, add(mul(x, x), 1)));

/** Hyperbolic sine. */
export const sinh = ofSelf('sinh', (g, [x]) => mul(g, cosh(x)));
/** Hyperbolic cosine. */
export const cosh = ofSelf('cosh', (g, [x]) => mul(g, sinh(x)));

/** Hyperbolic tangent. */
export const tanh = floatFunction('tanh', {
  expr: s.tanh(x0),
  partials: [(g, _, y) => mul(g, sub(1, mul(y, y)))],
  saves: savesResult,
});

/** Inverse hyperbolic sine. */
export const asinh = ofSelf('asinh', (g, [x]) => mul(g, rsqrt(add(square(x), 1))));
/** Inverse hyperbolic cosine; NaN below 1. */
export const acosh = ofSelf('acosh', (g, [x]) => mul(g, rsqrt(sub(square(x), 1))));
/** Inverse hyperbolic tangent; infinite at -1 and 1, NaN outside. */
export const atanh = ofSelf('atanh', (g, [x]) => div(g, sub(1, square(x))));

/** 1 / (1 + exp(-x)). */
export const sigmoid = floatFunction('sigmoid', {
  expr: s.sigmoid(x0),
  partials: [(g, _, y) => mul(mul(g, sub(1, y)), y)],
  saves: savesResult,
});

interface LogitAttrs {
  readonly eps: number | null;
}

/** g inside [eps, 1 - eps], 0 outside; without eps NaN outside [0, 1]. */
const logitGate = gateWith<LogitAttrs>('logitGate', ({ eps }, num) => {
  const outside = s.or(s.lt(arg(1), num(eps ?? 0)), s.gt(arg(1), num(1 - (eps ?? 0))));
  return s.select(outside, eps === null ? NaN : 0, x0);
});

const logitOp = pointwise<LogitAttrs>('logit', {
  expr({ eps }, num) {
    const low = num(eps ?? 0);
    const high = num(1 - (eps ?? 0));
    const z = eps === null ? x0 : s.select(s.lt(x0, low), low, s.select(s.gt(x0, high), high, x0));
    return s.log(s.div(z, s.sub(1, z)));
  },
  partials: [(g, [x], _, attrs) => logitGate(attrs, div(g, mul(x, sub(1, x))), x)],
  saves: savesSelf,
});

/** log(x / (1 - x)); with `eps`, x is first clamped to [eps, 1 - eps], and the gradient outside is 0. */
export const logit = (x: Node, { eps = null }: Partial<LogitAttrs> = {}): Node =>
  node(logitOp, [floating(x)], { eps });
