// Special functions: gamma, error function, normal distribution, entropy; `torch.special` and their namesakes in `torch`.
// In: a node. Out: a float node of its shape. Formulas as in derivatives.yaml.

import { ValueError } from '../compiler/errors.ts';
import { node } from '../compiler/node.ts';
import type { Node } from '../compiler/node.ts';
import { arg, s } from '../compiler/scalar.ts';
import { add, div, mul, sub } from './binary.ts';
import { eq, le, logicalAnd, lt } from './compare.ts';
import { named } from './named.ts';
import { overloadedByNumber } from './operand.ts';
import type { Operand } from './operand.ts';
import { floatFunction, floating, floatsTogether, pointwise, savesResult, savesSelf } from './pointwise.ts';
import { maskedFill, where } from './select.ts';
import { fullLike } from './source.ts';
import { cos, exp, log, log1p, neg, sin, square } from './unary.ts';

// the rest of the namespace under its names there
export { exp2, expm1, log1p, logit, round, sigmoid as expit } from './unary.ts';
export { xlogy } from './binary-mixed.ts';
export { i0, i0e, i1, i1e } from './special-bessel.ts';

const x0 = arg(0);
const x1 = arg(1);
const twoOverRootPi = 2 / Math.sqrt(Math.PI);
const root2Pi = Math.sqrt(2 * Math.PI);

/** The error function. */
export const erf = floatFunction('erf', {
  expr: s.erf(x0),
  partials: [(g, [x]) => mul(mul(exp(neg(square(x))), twoOverRootPi), g)],
  saves: savesSelf,
});

/** 1 - erf(x), accurate for large x. */
export const erfc = floatFunction('erfc', {
  expr: s.erfc(x0),
  partials: [(g, [x]) => mul(mul(exp(neg(square(x))), -twoOverRootPi), g)],
  saves: savesSelf,
});

/** The inverse of erf on [-1, 1]. */
export const erfinv = floatFunction('erfinv', {
  expr: s.erfinv(x0),
  partials: [(g, _, y) => mul(mul(exp(square(y)), Math.sqrt(Math.PI) / 2), g)],
  saves: savesSelf,
});

/** exp(x^2) erfc(x). */
export const erfcx = floatFunction('erfcx', {
  expr: s.erfcx(x0),
  partials: [(g, [x], y) => mul(sub(mul(mul(x, 2), y), twoOverRootPi), g)],
  saves: () => ({ self: 0, result: 'output' }),
  gradName: 'SpecialErfcxBackward0',
});

/** The logarithm of the multivariate gamma function of order p: the sum of lgamma(x - j / 2) for j < p, and p (p - 1) / 4 log pi. */
export function mvlgamma(x: Node, p: number): Node {
  if (!Number.isInteger(p) || p < 1) throw new ValueError('p has to be greater than or equal to 1');
  return mvlgammaNode([floating(x)], p);
}

const mvlgammaNode = named<number>(
  'mvlgamma',
  ([x], p) =>
    Array.from({ length: p }, (_, j) => lgamma(j === 0 ? x : sub(x, j / 2))).reduce(
      (total, part) => add(total, part),
      fullLike(x, ((p * (p - 1)) / 4) * Math.log(Math.PI)),
    ),
  { saves: savesSelf },
);

/** log |Gamma(x)|. */
export const lgamma = floatFunction('lgamma', {
  expr: s.lgamma(x0),
  partials: [(g, [x]) => mul(g, digamma(x))],
  saves: savesSelf,
});

/** The derivative of lgamma. */
export const digamma: (x: Node) => Node = floatFunction('digamma', {
  expr: s.digamma(x0),
  partials: [(g, [x]) => mul(g, polygamma(1, x))],
  saves: savesSelf,
});

const polygammaOp = pointwise<{ readonly n: number }>('polygamma', {
  expr: ({ n }) => s.polygamma(n, x0),
  partials: [(g, [x], _, { n }) => mul(g, polygamma(n + 1, x))],
  saves: savesSelf,
});
/** The n-th derivative of digamma. ValueError for negative n. */
export function polygamma(n: number, x: Node): Node {
  if (!Number.isInteger(n) || n < 0) throw new ValueError('polygamma(n, x) does not support negative n.');
  return n === 0 ? digamma(x) : node(polygammaOp, [floating(x)], { n });
}

/** sin(pi x) / (pi x), 1 at 0. */
export const sinc = floatFunction('sinc', {
  expand([x]) {
    const angle = mul(x, Math.PI);
    return where(eq(x, 0), 1, div(sin(angle), angle));
  },
  partials: [
    (g, [x]) => {
      const angle = mul(x, Math.PI);
      const square = mul(mul(x, x), Math.PI);
      return where(eq(square, 0), 0, mul(g, div(sub(mul(angle, cos(angle)), sin(angle)), square)));
    },
  ],
  saves: savesSelf,
});

/** The standard normal distribution function. */
export const ndtr = floatFunction('ndtr', {
  expand: ([x]) => mul(erfc(mul(x, -Math.SQRT1_2)), 0.5),
  gradName: 'MulBackward1',
  saves: savesSelf,
});

/** Its logarithm, accurate far below 0. */
export const logNdtr = floatFunction('logNdtr', {
  expand([x]) {
    const t = mul(x, Math.SQRT1_2);
    const far = lt(x, -1);
    const below = sub(log(mul(erfcx(where(far, neg(t), 0)), 0.5)), mul(t, t));
    return where(far, below, log1p(mul(erfc(t), -0.5)));
  },
  partials: [(g, [x], y) => mul(div(g, root2Pi), exp(neg(add(y, mul(square(x), 0.5)))))],
  saves: () => ({ self: 0, result: 'output' }),
  gradName: 'SpecialLogNdtrBackward0',
});

/** The inverse of ndtr on [0, 1]. */
export const ndtri = floatFunction('ndtri', {
  expr: s.ndtri(x0),
  partials: [(g, _, y) => mul(mul(g, root2Pi), exp(mul(square(y), 0.5)))],
  saves: savesResult,
  gradName: 'SpecialNdtriBackward0',
});

/** -x log(x), 0 at 0, -Infinity below. */
export const entr = floatFunction('entr', {
  expr: s.select(
    s.isnan(x0),
    x0,
    s.select(s.gt(x0, 0), s.mul(s.neg(x0), s.log(x0)), s.select(s.eq(x0, 0), 0, -Infinity)),
  ),
  partials: [(g, [x]) => mul(g, neg(add(log(x), 1)))],
  saves: savesSelf,
  gradName: 'SpecialEntrBackward0',
});

const xlog1pyOp = pointwise('xlog1py', {
  expr: s.select(s.isnan(x1), NaN, s.select(s.eq(x0, 0), 0, s.mul(x0, s.log1p(x1)))),
  partials: [
    (g, [x, y]) => maskedFill(xlog1py(g, y), logicalAnd(eq(x, 0), le(y, -1)), 0),
    (g, [x, y]) => div(mul(g, x), add(y, 1)),
  ],
  saves: () => ({ self: 0, other: 1 }),
  gradName: overloadedByNumber('SpecialXlog1Py'),
});
/** x log(1 + y), 0 where x is 0 even if the logarithm is not finite. */
export const xlog1py = (x: Operand, y: Operand): Node => node(xlog1pyOp, floatsTogether(x, y), undefined);

export { digamma as psi, lgamma as gammaln };
