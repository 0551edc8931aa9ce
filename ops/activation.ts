// Piecewise linear activations: relu and its relatives. In: a node and slopes or bounds. Out: a float node of its shape. Each is
// one select, and its gradient a gate with PyTorch's choice at the kinks (autograd.md 1.9): relu is decided by its result,
// hardtanh's interval is open where clamp's is closed. The smooth ones are in activation-smooth.ts.

import { ShapeError, ValueError } from '../compiler/errors.ts';
import { node } from '../compiler/node.ts';
import type { Node } from '../compiler/node.ts';
import type { Op } from '../compiler/op.ts';
import { arg, s } from '../compiler/scalar.ts';
import type { Scalar } from '../compiler/scalar.ts';
import { mul } from './binary.ts';
import { together } from './operand.ts';
import { floatFunction, floating, gate, gateWith, pointwise, savesResult, savesSelf } from './pointwise.ts';
import type { Pointwise, Rounded } from './pointwise.ts';
import { reshape } from './view.ts';
import { ge, gt, logicalAnd, lt } from './compare.ts';
import { where } from './select.ts';

export * from './activation-smooth.ts';

const x0 = arg(0);
const g0 = arg(0);
const x1 = arg(1);

/** An activation with numbers as attributes: its value at x, and what it makes of g (argument 0) at x (argument 1). */
function kinked<A>(
  name: string,
  value: (x: Scalar, attrs: A, num: Rounded) => Scalar,
  gradient: (g: Scalar, x: Scalar, attrs: A, num: Rounded) => Scalar,
  gradName?: Pointwise<A>['gradName'],
): (x: Node, attrs: A) => Node {
  const gradientGate = gateWith<A>(`${name}Gate`, (attrs, num) => gradient(g0, x1, attrs, num));
  const op = pointwise<A>(name, {
    expr: (attrs, num) => value(x0, attrs, num),
    partials: [(g, [x], _, attrs) => gradientGate(attrs, g, x)],
    saves: savesSelf,
    gradName,
  });
  return (x, attrs) => node(op, [floating(x)], attrs);
}

const reluGate = gate('reluGate', s.select(s.le(x1, 0), 0, g0));
const reluOp = pointwise('relu', {
  expr: s.select(s.lt(x0, 0), 0, x0),
  partials: [(g, _, y) => reluGate(g, y)],
  saves: savesResult,
});
/** x where it is positive, else 0; any number dtype. NaN passes, and so does its gradient. */
export const relu = (x: Node): Node => node(reluOp, [x], undefined);

const clampBetween = (x: Scalar, low: Scalar | number, high: Scalar | number): Scalar =>
  s.select(s.lt(x, low), low, s.select(s.gt(x, high), high, x));

interface Bounds {
  readonly minVal: number;
  readonly maxVal: number;
}
const hardtanhWith = kinked<Bounds>(
  'hardtanh',
  (x, { minVal, maxVal }, num) => clampBetween(x, num(minVal), num(maxVal)),
  (g, x, { minVal, maxVal }, num) => s.select(s.or(s.le(x, num(minVal)), s.ge(x, num(maxVal))), 0, g),
);
/** x limited to [minVal, maxVal], the upper limit last; no gradient at the ends. */
export const hardtanh = (x: Node, { minVal = -1, maxVal = 1 }: Partial<Bounds> = {}): Node =>
  hardtanhWith(x, { minVal: Math.min(minVal, maxVal), maxVal });
/** x limited to [0, 6]. */
export const relu6 = (x: Node): Node => hardtanhWith(x, { minVal: 0, maxVal: 6 });

const leaky = (x: Scalar, value: Scalar, slope: Scalar): Scalar =>
  s.select(s.gt(x, 0), value, s.mul(value, slope));
const leakyReluWith = kinked<{ readonly negativeSlope: number }>(
  'leakyRelu',
  (x, { negativeSlope }, num) => leaky(x, x, num(negativeSlope)),
  (g, x, { negativeSlope }, num) => leaky(x, g, num(negativeSlope)),
);
/** x where it is positive, else x * negativeSlope. */
export const leakyRelu = (x: Node, { negativeSlope = 0.01 } = {}): Node =>
  leakyReluWith(x, { negativeSlope });

const rreluOp = pointwise('rrelu', {
  expr: s.select(s.le(x0, 0), s.mul(x0, x1), x0),
  partials: [(g, [x, noise]) => rreluGate(g, x, noise), null],
  saves: () => ({ self: 0, noise: 1 }),
  gradName: 'RreluWithNoiseBackward0',
});
const rreluGate = gate('rreluGate', s.select(s.le(x1, 0), s.mul(g0, arg(2)), g0));
/** Leaky relu with a slope per element (drawn by the runtime), or the middle of lower and upper when not training. */
export const rrelu = (x: Node, { lower = 1 / 8, upper = 1 / 3, noise = null as Node | null } = {}): Node =>
  node(rreluOp, together(floating(x), noise ?? (lower + upper) / 2), undefined);

const preluOp = pointwise('prelu', {
  expr: s.select(s.ge(x0, 0), x0, s.mul(x0, x1)),
  partials: [(g, [x, w]) => where(ge(x, 0), g, mul(g, w)), (g, [x]) => where(ge(x, 0), 0, mul(g, x))],
  saves: () => ({ self: 0, weight: 1 }),
});
/**
 * x where it is not negative, else x times its channel's weight (axis 1; one weight serves all channels). The gradient at 0 is 1.
 * ShapeError if the number of weights is neither 1 nor the number of channels.
 */
export function prelu(x: Node, weight: Node): Node {
  const { shape } = x.type;
  const count = weight.type.shape.reduce((product, size) => product * size, 1);
  const channels = shape.length < 2 ? 1 : shape[1];
  if (count !== 1 && count !== channels)
    throw new ShapeError(
      `Mismatch of parameter numbers and input channel size. Found parameter numbers = ${count} and channel size = ${channels}.`,
    );
  const aligned = shape.map((_, axis) => (axis === 1 ? count : 1));
  return node(
    preluOp,
    together(floating(x), reshape(weight, count === 1 ? shape.map(() => 1) : aligned)),
    undefined,
  );
}

const thresholdWith = kinked<{ readonly threshold: number; readonly value: number }>(
  'threshold',
  (x, { threshold, value }, num) => s.select(s.le(x, num(threshold)), num(value), x),
  (g, x, { threshold }, num) => s.select(s.le(x, num(threshold)), 0, g),
);
/** x where it exceeds the threshold, else `value`. */
export const threshold = (x: Node, limit: number, value: number): Node =>
  thresholdWith(x, { threshold: limit, value });

const within = (x: Scalar, lambd: number, num: Rounded): Scalar =>
  s.and(s.ge(x, num(-lambd)), s.le(x, num(lambd)));
const shrinkGradient = (g: Scalar, x: Scalar, { lambd }: { lambd: number }, num: Rounded): Scalar =>
  s.select(within(x, lambd, num), 0, g);
const hardshrinkWith = kinked<{ readonly lambd: number }>(
  'hardshrink',
  (x, { lambd }, num) => s.select(within(x, lambd, num), 0, x),
  shrinkGradient,
);
/** x outside [-lambd, lambd], else 0. */
export const hardshrink = (x: Node, { lambd = 0.5 } = {}): Node => hardshrinkWith(x, { lambd });

const softshrinkWith = kinked<{ readonly lambd: number }>(
  'softshrink',
  (x, { lambd }, num) =>
    s.select(
      s.gt(x, num(lambd)),
      s.sub(x, num(lambd)),
      s.select(s.lt(x, num(-lambd)), s.add(x, num(lambd)), s.select(s.isnan(x), x, 0)),
    ),
  shrinkGradient,
);
/** x moved towards 0 by lambd, 0 within. */
export function softshrink(x: Node, { lambd = 0.5 } = {}): Node {
  if (!(lambd >= 0)) throw new ValueError(`lambda must be greater or equal to 0, but found to be ${lambd}.`);
  return softshrinkWith(x, { lambd });
}

const hardsigmoidWith = kinked<undefined>(
  'hardsigmoid',
  (x) => s.div(clampBetween(s.add(x, 3), 0, 6), 6),
  (g, x) => s.select(s.and(s.gt(x, -3), s.lt(x, 3)), s.mul(g, Math.fround(1 / 6)), 0),
);
/** (x + 3) / 6 limited to [0, 1]. The slope is a float32 sixth in every dtype, as in PyTorch's kernel. */
export const hardsigmoid = (x: Node): Node => hardsigmoidWith(x, undefined);

const hardswishGradientOp: Op = pointwise<unknown>('hardswishGradient', {
  expr: s.select(s.lt(x1, -3), 0, s.select(s.le(x1, 3), s.mul(g0, s.add(s.div(x1, 3), 0.5)), g0)),
  partials: [
    (h, [, x]) => node(hardswishGradientOp, [h, x], undefined),
    (h, [g, x]) => where(logicalAnd(gt(x, -3), lt(x, 3)), mul(mul(h, g), 1 / 3), 0),
  ],
});
/** x times hardsigmoid(x). */
export const hardswish: (x: Node) => Node = floatFunction('hardswish', {
  expr: s.div(s.mul(x0, clampBetween(s.add(x0, 3), 0, 6)), 6),
  partials: [(g, [x]) => node(hardswishGradientOp, [g, x], undefined)],
  saves: savesSelf,
});
