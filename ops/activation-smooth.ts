// Smooth activations: elu, softplus, silu, gelu and their relatives. In: a node and numbers. Out: a float node of its shape. They
// are composites: the exponential or error function inside is a node of its own, which value and gradient share. Arguments of
// exponentials are cut off where the other branch is taken, so that no derivative of any order meets an overflow.

import { ValueError } from '../compiler/errors.ts';
import type { Op } from '../compiler/op.ts';
import { node } from '../compiler/node.ts';
import type { Node } from '../compiler/node.ts';
import { arg, s } from '../compiler/scalar.ts';
import { add, div, mul, sub } from './binary.ts';
import { cast } from './cast.ts';
import { gt, lt } from './compare.ts';
import { floatFunction, floating, pointwise, savesNothing, savesSelf } from './pointwise.ts';
import { where } from './select.ts';
import { erf } from './special.ts';
import { abs, exp, log1p, neg, sigmoid, tanh } from './unary.ts';

const x0 = arg(0);
const x1 = arg(1);

/** positive * x above 0, negative * (exp(rate * x) - 1) below. */
interface EluAttrs {
  readonly positive: number;
  readonly negative: number;
  readonly rate: number;
}

const eluGradientOp: Op<EluAttrs> = pointwise<EluAttrs>('eluGradient', {
  expr: ({ positive, negative, rate }, num) =>
    s.select(
      s.le(x1, 0),
      s.mul(s.mul(x0, num(negative * rate)), s.exp(s.mul(x1, num(rate)))),
      s.mul(x0, num(positive)),
    ),
  partials: [
    (h, [, x], _, attrs) => node(eluGradientOp, [h, x], attrs),
    (h, [g, x], _, attrs) => where(lt(x, 0), mul(node(eluGradientOp, [mul(h, g), x], attrs), attrs.rate), 0),
  ],
});

const eluOp = (name: string, gradName: string): Op<EluAttrs> =>
  pointwise<EluAttrs>(name, {
    expr: ({ positive, negative, rate }, num) =>
      s.select(s.le(x0, 0), s.mul(s.expm1(s.mul(x0, num(rate))), num(negative)), s.mul(x0, num(positive))),
    partials: [(g, [x], _, attrs) => node(eluGradientOp, [g, x], attrs)],
    saves: savesSelf,
    gradName,
  });

const elus = {
  elu: eluOp('elu', 'EluBackward0'),
  celu: eluOp('celu', 'CeluBackward0'),
  selu: eluOp('selu', 'EluBackward0'),
};

/** x above 0, alpha (exp(x) - 1) below. */
export const elu = (x: Node, { alpha = 1 } = {}): Node =>
  node(elus.elu, [floating(x)], { positive: 1, negative: alpha, rate: 1 });

/** x above 0, alpha (exp(x / alpha) - 1) below. */
export const celu = (x: Node, { alpha = 1 } = {}): Node =>
  node(elus.celu, [floating(x)], { positive: 1, negative: alpha, rate: 1 / alpha });

const seluScale = 1.0507009873554804934193349852946;
const seluAlpha = 1.6732632423543772848170429916717;
/** The self-normalising elu (Klambauer et al. 2017); the gradient at 0 is that of the negative side. */
export const selu = (x: Node): Node =>
  node(elus.selu, [floating(x)], { positive: seluScale, negative: seluAlpha * seluScale, rate: 1 });

interface SoftplusAttrs {
  readonly beta: number;
  readonly threshold: number;
}

/** Where the line is taken, and exp(beta x) elsewhere. */
function softplusParts(
  x: Node,
  { beta, threshold }: SoftplusAttrs,
): { readonly linear: Node; readonly e: Node } {
  const scaled = beta === 1 ? x : mul(x, beta);
  const linear = gt(scaled, threshold);
  return { linear, e: exp(where(linear, 0, scaled)) };
}

const softplusOp = pointwise<SoftplusAttrs>('softplus', {
  expand([x], attrs) {
    const { linear, e } = softplusParts(x, attrs);
    return where(linear, x, attrs.beta === 1 ? log1p(e) : div(log1p(e), attrs.beta));
  },
  partials: [
    (g, [x], _, attrs) => {
      const { linear, e } = softplusParts(x, attrs);
      return where(linear, g, mul(g, div(e, add(e, 1))));
    },
  ],
  saves: savesSelf,
});
/** log(1 + exp(beta x)) / beta, and x itself where beta x exceeds the threshold. */
export const softplus = (x: Node, { beta = 1, threshold = 20 }: Partial<SoftplusAttrs> = {}): Node =>
  node(softplusOp, [floating(x)], { beta, threshold });

/** g times sigmoid(-x), written with z = exp(-|x|). */
const logSigmoidGradientOp: Op = pointwise<unknown>('logSigmoidGradient', {
  expr: s.mul(x0, s.div(s.select(s.lt(x1, 0), 1, arg(2)), s.add(1, arg(2)))),
  partials: [
    (h, [, x, z]) => node(logSigmoidGradientOp, [h, x, z], undefined),
    (h, [g, x]) => mul(mul(mul(h, g), sub(sigmoid(x), 1)), sigmoid(x)),
    null,
  ],
});
const decay = (x: Node): Node => exp(neg(abs(x)));

/** log(sigmoid(x)), without overflow: min(x, 0) - log(1 + exp(-|x|)). */
export const logsigmoid = floatFunction('logsigmoid', {
  expand: ([x]) => sub(where(lt(x, 0), x, 0), log1p(decay(x))),
  partials: [(g, [x]) => node(logSigmoidGradientOp, [g, x, decay(x)], undefined)],
  saves: savesSelf,
  gradName: 'LogSigmoidBackward0',
});

/** x sigmoid(x), also called swish. */
export const silu = floatFunction('silu', {
  expand: ([x]) => mul(x, sigmoid(x)),
  partials: [
    (g, [x]) => {
      const y = sigmoid(x);
      return mul(mul(g, y), add(mul(x, sub(1, y)), 1));
    },
  ],
  saves: savesSelf,
});

/** tanh(softplus(x)) and sigmoid(x) from one exponential e: (e^2 + 2e) / (e^2 + 2e + 2), which is 1 from x = 20 on. */
function mishParts(x: Node): { readonly t: Node; readonly y: Node } {
  const { linear, e } = softplusParts(x, { beta: 1, threshold: 20 });
  const n = mul(e, add(e, 2));
  return { t: where(linear, 1, div(n, add(n, 2))), y: where(linear, 1, div(e, add(e, 1))) };
}

/** x tanh(softplus(x)). */
export const mish = floatFunction('mish', {
  expand: ([x]) => mul(x, mishParts(x).t),
  partials: [
    (g, [x]) => {
      const { t, y } = mishParts(x);
      return mul(g, add(t, mul(mul(x, y), sub(1, mul(t, t)))));
    },
  ],
  saves: savesSelf,
});

/** The normal distribution function, by the error function. */
const normalCdf = (x: Node): Node => mul(add(erf(mul(x, Math.SQRT1_2)), 1), 0.5);

const geluOp = pointwise('gelu', {
  expand: ([x]) => mul(x, normalCdf(x)),
  partials: [
    (g, [x]) => {
      const density = mul(exp(mul(mul(x, x), -0.5)), Math.SQRT1_2 / Math.sqrt(Math.PI));
      return mul(g, add(normalCdf(x), mul(x, density)));
    },
  ],
  saves: savesSelf,
});

/** (1 + tanh(t)) / 2 is sigmoid(2 t): one exponential, and no cancellation below. Here 2 t = x (rate + rate * cube * x^2). */
const geluRate = 2 * Math.sqrt(2 / Math.PI);
const geluCube = 0.044715;
const geluGate = (x: Node): Node => sigmoid(mul(x, add(mul(mul(x, x), geluRate * geluCube), geluRate)));

const geluTanhOp = pointwise('geluTanh', {
  expand: ([x]) => mul(x, geluGate(x)),
  partials: [
    (g, [x]) => {
      const gate = geluGate(x);
      const slope = add(mul(mul(x, x), 3 * geluRate * geluCube), geluRate);
      return mul(g, add(gate, mul(mul(mul(x, gate), sub(1, gate)), slope)));
    },
  ],
  saves: savesSelf,
  gradName: 'GeluBackward0',
});

/** x times the normal distribution function of x, or its approximation by tanh (Hendrycks and Gimpel 2016). */
export function gelu(x: Node, { approximate = 'none' }: { approximate?: 'none' | 'tanh' } = {}): Node {
  if (!Object.hasOwn(gelus, approximate))
    throw new ValueError('approximate argument must be either none or tanh.');
  return node(gelus[approximate], [floating(x)], undefined);
}
const gelus = { none: geluOp, tanh: geluTanhOp };

/** x / (1 + |x|). */
export const softsign = floatFunction('softsign', {
  expand: ([x]) => div(x, add(abs(x), 1)),
  gradName: 'DivBackward0',
  saves: () => ({ self: 0 }),
});

/** x - tanh(x). */
export const tanhshrink = floatFunction('tanhshrink', {
  expand: ([x]) => sub(x, tanh(x)),
  gradName: 'SubBackward0',
  saves: savesNothing,
});

const dropoutOp = pointwise<{ readonly p: number }>('dropout', {
  expand: ([x, mask], { p }) =>
    mul(x, p === 1 ? cast(mask, x.type.dtype) : div(cast(mask, x.type.dtype), 1 - p)),
  gradName: 'MulBackward0',
  saves: (_, [x]): Readonly<Record<string, number>> => (x ? { other: 1 } : {}),
});
/** x where the mask (1 or 0 per element, drawn by the runtime) keeps it, divided by 1 - p; else 0. */
export const applyDropout = (x: Node, mask: Node, p: number): Node => node(dropoutOp, [x, mask], { p });
