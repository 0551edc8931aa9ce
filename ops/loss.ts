// What all losses share, and those of regression: mseLoss, l1Loss, smoothL1Loss, huberLoss, klDiv, poissonNllLoss, gaussianNllLoss. In: a
// prediction and a target, which broadcast. Out: their loss, averaged, summed, or element by element.
//
// A loss that PyTorch has as an operator of its own is given by what it computes at one element and by the slopes there; the
// others are plain formulas, whose last step names their backward there too.

import { ValueError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import { defineOp } from '../compiler/op.ts';
import { arg, s } from '../compiler/scalar.ts';
import { sameShape, showShape } from '../compiler/shape.ts';
import { add, div, mul, sub } from './binary.ts';
import { xlogy } from './binary-mixed.ts';
import { ge, le } from './compare.ts';
import { raise } from './distance.ts';
import { together } from './operand.ts';
import { floating, pointwise } from './pointwise.ts';
import type { Expression, Pointwise } from './pointwise.ts';
import { sum } from './reduce-sum.ts';
import { mean } from './reduce.ts';
import { where } from './select.ts';
import { abs, exp, log, neg, sgn } from './unary.ts';
import { unsqueeze } from './view.ts';

export type Reduction = 'mean' | 'sum' | 'none';

export interface LossOptions {
  /** 'mean' if absent. */
  readonly reduction?: Reduction;
}

/** Elementwise losses as one number, or as they are. */
export function reduceLoss(x: Node, reduction: Reduction = 'mean'): Node {
  switch (reduction) {
    case 'mean':
      return mean(x);
    case 'sum':
      return sum(x);
    case 'none':
      return x;
    default:
      throw new ValueError(`${String(reduction)} is not a valid value for reduction`);
  }
}

/** Prediction and target as floats of one dtype. */
export const asFloats = (...nodes: readonly Node[]): Node[] => together(...nodes.map(floating));

type LossFunction<A> = (inputs: readonly Node[], attrs: A, reduction?: Reduction) => Node;

/** A loss that is an operator: named alike whether it is reduced or not. */
export function lossFunction<A>(name: string, spec: Pointwise<A>): LossFunction<A> {
  const gradName = `${name[0].toUpperCase()}${name.slice(1)}Backward0`;
  const saves = (): Readonly<Record<string, number>> => ({ self: 0, target: 1 });
  const each = pointwise<A>(`${name}Each`, { saves, ...spec, gradName });
  const whole = defineOp<{ readonly of: A; readonly reduction: Reduction }>({
    name,
    type: ([x]) => ({ shape: [], dtype: x.dtype }),
    meaning: ({ inputs, attrs: { of, reduction } }) => ({
      tag: 'composite',
      expand: () => reduceLoss(node(each, inputs, of), reduction),
    }),
    saves,
  });
  return (inputs, of, reduction = 'mean') => {
    if (reduction !== 'none' && reduction !== 'sum' && reduction !== 'mean')
      return reduceLoss(inputs[0], reduction);
    const elements = node(each, inputs, of);
    return reduction === 'none' ? elements : node(whole, inputs, { of, reduction });
  };
}

const difference = s.sub(arg(0), arg(1));

/** An operator of the difference of prediction and target; `slope` is its derivative there. */
const ofDifference = <A>(
  name: string,
  expr: Expression<A>,
  slope: (z: Node, attrs: A) => Node,
): LossFunction<A> =>
  lossFunction<A>(name, {
    expr,
    partials: [
      (g, [x, y], _, attrs) => mul(g, slope(sub(x, y), attrs)),
      (g, [x, y], _, attrs) => mul(neg(g), slope(sub(x, y), attrs)),
    ],
  });

const squared = ofDifference<undefined>('mseLoss', s.mul(difference, difference), (z) => mul(z, 2));

/** (input - target) squared. */
export const mseLoss = (input: Node, target: Node, { reduction }: LossOptions = {}): Node =>
  squared(asFloats(input, target), undefined, reduction);

/** |input - target|, of integers an integer; the gradient at 0 is 0. */
export const l1Loss = (input: Node, target: Node, { reduction }: LossOptions = {}): Node => {
  const [x, y] = together(input, target);
  return reduceLoss(abs(sub(x, y)), reduction);
};

const smooth = ofDifference<{ readonly beta: number }>(
  'smoothL1Loss',
  ({ beta }, num) => {
    const size = s.abs(difference);
    const inside = s.div(s.mul(s.mul(0.5, size), size), num(beta));
    return s.select(s.lt(size, num(beta)), inside, s.sub(size, s.mul(0.5, num(beta))));
  },
  (z, { beta }) => where(ge(abs(z), beta), sgn(z), div(z, beta)),
);

export interface SmoothL1Options extends LossOptions {
  readonly beta?: number;
}

/** Quadratic up to a distance of `beta` (1), linear beyond. */
export function smoothL1Loss(input: Node, target: Node, { beta = 1, reduction }: SmoothL1Options = {}): Node {
  if (beta < 0) throw new ValueError('smooth_l1_loss does not support negative values for beta.');
  if (beta === 0) return l1Loss(input, target, { reduction });
  return smooth(asFloats(input, target), { beta }, reduction);
}

const huber = ofDifference<{ readonly delta: number }>(
  'huberLoss',
  ({ delta }, num) => {
    const size = s.abs(difference);
    const outside = s.mul(num(delta), s.sub(size, s.mul(0.5, num(delta))));
    return s.select(s.lt(size, num(delta)), s.mul(s.mul(0.5, size), size), outside);
  },
  (z, { delta }) => where(ge(abs(z), delta), mul(sgn(z), delta), z),
);

export interface HuberOptions extends LossOptions {
  readonly delta?: number;
}

/** Quadratic up to a distance of `delta` (1), linear beyond; `delta` times the smooth L1 loss. */
export function huberLoss(input: Node, target: Node, { delta = 1, reduction }: HuberOptions = {}): Node {
  if (!(delta > 0)) throw new ValueError('huber_loss does not support non-positive values for delta.');
  return huber(asFloats(input, target), { delta }, reduction);
}

export interface KlDivOptions {
  /** 'batchmean' is the mathematical one: the sum over the batch size. */
  readonly reduction?: Reduction | 'batchmean';
  /** The target is given as logarithms. */
  readonly logTarget?: boolean;
}

/** Kullback-Leibler divergence of the target from `input`, which are log-probabilities. */
export function klDiv(
  input: Node,
  target: Node,
  { reduction = 'mean', logTarget = false }: KlDivOptions = {},
): Node {
  const [x, y] = asFloats(input, target);
  const terms = logTarget ? mul(exp(y), sub(y, x)) : sub(xlogy(y, y), mul(y, x));
  return reduction === 'batchmean' ? div(sum(terms), x.type.shape[0] ?? 1) : reduceLoss(terms, reduction);
}

export interface PoissonOptions extends LossOptions {
  /** The input is the logarithm of the rate (true). */
  readonly logInput?: boolean;
  /** Add Stirling's approximation of the target's factorial. */
  readonly full?: boolean;
  readonly eps?: number;
}

/** Negative log-likelihood of counts under a Poisson distribution. */
export function poissonNllLoss(
  input: Node,
  target: Node,
  { logInput = true, full = false, eps = 1e-8, reduction }: PoissonOptions = {},
): Node {
  const [x, y] = asFloats(input, target);
  const terms = logInput ? sub(exp(x), mul(y, x)) : sub(x, mul(y, log(add(x, eps))));
  if (!full) return reduceLoss(terms, reduction);
  const stirling = add(sub(mul(y, log(y)), y), mul(log(mul(y, 2 * Math.PI)), 0.5));
  return reduceLoss(add(terms, where(le(y, 1), 0, stirling)), reduction);
}

export interface GaussianOptions extends LossOptions {
  /** Add the constant log(2 pi) / 2. */
  readonly full?: boolean;
  /** The least variance (1e-6); clamping is not seen by the gradient. */
  readonly eps?: number;
}

/** Negative log-likelihood under normal distributions of mean `input` and variance `variance`. */
export function gaussianNllLoss(
  input: Node,
  target: Node,
  variance: Node,
  { full = false, eps = 1e-6, reduction }: GaussianOptions = {},
): Node {
  const [x, y, v] = asFloats(input, target, variance);
  const [shape, given] = [x.type.shape, v.type.shape];
  const perRow = sameShape(shape.slice(0, -1), given);
  if (!sameShape(shape, given) && !perRow && !(given.length === shape.length && given.at(-1) === 1))
    throw new ValueError(`var is of incorrect size ${showShape(given)}`);
  const spread = raise(perRow && !sameShape(shape, given) ? unsqueeze(v, -1) : v, eps);
  const z = sub(x, y);
  const terms = mul(add(log(spread), div(mul(z, z), spread)), 0.5);
  return reduceLoss(full ? add(terms, 0.5 * Math.log(2 * Math.PI)) : terms, reduction);
}
