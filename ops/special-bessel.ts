// Modified Bessel functions of the first kind: i0, i1, and i0e, i1e, which are they times exp(-|x|). In: a node. Out: a float node of its shape.
// Formulas of derivatives as in derivatives.yaml.

import type { Node } from '../compiler/node.ts';
import { arg, s } from '../compiler/scalar.ts';
import { add, div, mul, sub } from './binary.ts';
import { eq, ge, gt } from './compare.ts';
import { floatFunction, savesSelf } from './pointwise.ts';
import { clampMin, where } from './select.ts';
import { fullLike } from './source.ts';
import { abs, exp, neg, sqrt } from './unary.ts';
import { sgn } from './unary-round.ts';

const x0 = arg(0);

/** Modified Bessel function of the first kind, order 0. */
export const i0 = floatFunction('i0', {
  expr: s.i0(x0),
  partials: [(g, [x]) => mul(g, i1(x))],
  saves: savesSelf,
});

/** The same of order 1. Its derivative is i0(x) - i1(x) / x, 1/2 at 0. */
export const i1: (x: Node) => Node = floatFunction('i1', {
  expr: s.i1(x0),
  partials: [
    (g, [x], y) => {
      const atZero = eq(x, 0);
      return mul(g, where(atZero, 0.5, sub(i0(x), div(y, where(atZero, 1, x)))));
    },
  ],
  saves: () => ({ self: 0, result: 'output' }),
  gradName: 'SpecialI1Backward0',
});

/** From here on exp(-x) times a Bessel function is its asymptotic series; it is good to 1e-17, and neither factor overflows below. */
const farOut = 30;
/**
 * exp(-a) I(a) of order v for large a: sum of c[k] / a^k, over the root of 2 pi a, where c[k] / c[k - 1] is
 * ((2 k - 1)^2 - 4 v^2) / (8 k) (Abramowitz & Stegun 9.7.1).
 */
function besselFar(a: Node, order: 0 | 1): Node {
  const coefficients = [1];
  for (let k = 1; k <= 18; k++)
    coefficients.push((coefficients[k - 1] * ((2 * k - 1) ** 2 - 4 * order)) / (8 * k));
  const inverse = div(1, clampMin(a, farOut));
  const start = fullLike(a, coefficients[coefficients.length - 1]);
  const series = coefficients.slice(0, -1).reduceRight((sum, c) => add(mul(sum, inverse), c), start);
  return mul(series, sqrt(mul(inverse, 1 / (2 * Math.PI))));
}

/** i0(x) exp(-|x|), which does not overflow. */
export const i0e: (x: Node) => Node = floatFunction('i0e', {
  expand([x]) {
    const a = abs(x);
    return where(ge(a, farOut), besselFar(a, 0), mul(exp(neg(a)), i0(x)));
  },
  partials: [(g, [x], y) => mul(g, sub(i1e(x), mul(sgn(x), y)))],
  saves: () => ({ self: 0, result: 'output' }),
  gradName: 'SpecialI0EBackward0',
});

/** i1(x) exp(-|x|), which does not overflow. Its derivative is 1/2 at 0. */
export const i1e: (x: Node) => Node = floatFunction('i1e', {
  expand([x]) {
    const a = abs(x);
    return where(ge(a, farOut), mul(sgn(x), besselFar(a, 1)), mul(exp(neg(a)), i1(x)));
  },
  partials: [
    (g, [x], y) => {
      const tiny = x.type.dtype === 'float32' ? 2 ** -23 : 2 ** -52;
      const isLarge = gt(abs(x), tiny);
      const safe = where(isLarge, x, tiny);
      return mul(g, where(isLarge, sub(i0e(safe), mul(y, add(sgn(safe), div(1, safe)))), 0.5));
    },
  ],
  saves: () => ({ self: 0, result: 'output' }),
  gradName: 'SpecialI1EBackward0',
});
