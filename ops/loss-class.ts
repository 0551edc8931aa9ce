// Losses of classification among several classes: nllLoss and crossEntropy. In: log-probabilities or scores, and classes or probabilities. Out: their loss, averaged, summed or per example.
//
// A class index is compared with a ramp over the classes instead of being looked up, so that a loss and its gradient are maps and row
// sums only, and the softmax, the loss and its gradient fuse into one loop nest.

import { isFloat, isInteger } from '../compiler/dtype.ts';
import { DTypeError, ShapeError, ValueError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import { defineOp } from '../compiler/op.ts';
import { numel, sameShape, showShape } from '../compiler/shape.ts';
import { add, div, mul } from './binary.ts';
import { cast } from './cast.ts';
import { eq, logicalAnd, ne } from './compare.ts';
import { sameNumbers } from './contract.ts';
import { asFloats, reduceLoss } from './loss.ts';
import type { LossOptions, Reduction } from './loss.ts';
import { checkFloats } from './operand.ts';
import { sum } from './reduce-sum.ts';
import { maskedFill, where } from './select.ts';
import { logSoftmax } from './softmax.ts';
import { iota } from './source.ts';
import { neg } from './unary.ts';
import { reshape, unsqueeze } from './view.ts';

/** The dimension of the classes: the second, or the only one. */
const classDim = (x: Node): number => (x.type.shape.length > 1 ? 1 : 0);

/** Class indices 0, 1, ... along the dimension of the classes of `x`, of size 1 in the others. */
function classRamp(x: Node): Node {
  const { shape } = x.type;
  const dim = classDim(x);
  const ramp = shape.slice(dim).map((size, i) => (i === 0 ? size : 1));
  return iota(ramp, 0, 'int32');
}

/** A value per class, beside the classes of x. */
const perClass = (x: Node, weight: Node): Node =>
  reshape(weight, [-1, ...x.type.shape.slice(classDim(x) + 1).map(() => 1)]);

/** True where a class is the target's, and the target is not to be ignored. */
function hits(x: Node, target: Node, ignoreIndex: number): Node {
  const dim = classDim(x);
  const at = unsqueeze(target, dim);
  const hit = eq(classRamp(x), at);
  return ignoreIndex >= 0 && ignoreIndex < x.type.shape[dim] ? logicalAnd(hit, ne(at, ignoreIndex)) : hit;
}

interface NllAttrs {
  readonly ignoreIndex: number;
  readonly reduction: Reduction;
}

/** The sum of the weights of all targets: what a mean divides by. */
function totalWeight(x: Node, target: Node, weight: Node | undefined, { ignoreIndex }: NllAttrs): Node {
  if (!weight) return cast(sum(ne(target, ignoreIndex)), x.type.dtype);
  return sum(where(hits(x, target, ignoreIndex), perClass(x, weight), 0));
}

const nllOp = defineOp<NllAttrs>({
  name: 'nllLoss',
  type: ([x, target], { reduction }) => ({ shape: reduction === 'none' ? target.shape : [], dtype: x.dtype }),
  meaning: ({ inputs: [x, target, weight], attrs }) => ({
    tag: 'composite',
    expand() {
      const { ignoreIndex, reduction } = attrs;
      const scores = weight ? mul(x, perClass(x, weight)) : x;
      const each = sum(where(hits(x, target, ignoreIndex), neg(scores), 0), classDim(x));
      if (reduction !== 'mean') return reduceLoss(each, reduction);
      return div(sum(each), totalWeight(x, target, weight, attrs));
    },
  }),
  vjp(g, { inputs: [x, target, weight], attrs }) {
    const share = attrs.reduction === 'mean' ? div(g, totalWeight(x, target, weight, attrs)) : g;
    const each = attrs.reduction === 'none' ? unsqueeze(share, classDim(x)) : share;
    const slope = neg(weight ? mul(each, perClass(x, weight)) : each);
    return [where(hits(x, target, attrs.ignoreIndex), slope, 0)];
  },
  gradName({ inputs: [x], attrs }) {
    const rank = x.type.shape.length;
    if (rank <= 2) return 'NllLossBackward0';
    return rank === 4 || attrs.reduction !== 'none' ? 'NllLoss2DBackward0' : 'ViewBackward0';
  },
  saves: ({ inputs }) => ({ self: 0, target: 1, ...(inputs.length === 3 ? { weight: 2 } : {}) }),
});

export interface NllOptions extends LossOptions {
  /** A factor per class. */
  readonly weight?: Node | null;
  /** Targets of this class count for nothing (-100). */
  readonly ignoreIndex?: number;
}

function checkClasses(x: Node, target: Node, weight: Node | null | undefined): void {
  const [shape, given] = [x.type.shape, target.type.shape];
  if (shape.length === 0) throw new ShapeError('input tensor should be 1D or 2D');
  if (!isInteger(target.type.dtype))
    throw new DTypeError(
      `expected scalar type Long but found ${isFloat(target.type.dtype) ? 'Float' : 'Bool'}`,
    );
  if (weight) sameNumbers(x.type, weight.type);
  const dim = classDim(x);
  const classes = shape[dim];
  if (dim === 1 && shape[0] !== given[0])
    throw new ValueError(
      `Expected input batch_size (${shape[0]}) to match target batch_size (${given[0] ?? 1}).`,
    );
  const expected = [...shape.slice(0, dim), ...shape.slice(dim + 1)];
  if (!sameShape(expected, given))
    throw new ShapeError(`Expected target size ${showShape(expected)}, got ${showShape(given)}`);
  if (weight && !sameShape(weight.type.shape, [classes]))
    throw new ShapeError(
      `weight tensor should be defined either for all ${classes} classes or no classes but got weight tensor of shape: ${showShape(weight.type.shape)}`,
    );
}

/** Minus the log-probability of each target class; x is [classes] or [n, classes, ...], target has the other dimensions. */
export function nllLoss(x: Node, target: Node, options: NllOptions = {}): Node {
  const { weight, ignoreIndex = -100, reduction = 'mean' } = options;
  checkClasses(x, target, weight);
  checkFloats('nll_loss_out_frame', x);
  return node(nllOp, weight ? [x, target, weight] : [x, target], { ignoreIndex, reduction });
}

export interface CrossEntropyOptions extends NllOptions {
  /** How much of each target is spread evenly over all classes. */
  readonly labelSmoothing?: number;
}

interface ProbabilityAttrs {
  readonly reduction: Reduction;
  readonly smoothing: number;
}

/** Targets are probabilities. */
const probabilitiesOp = defineOp<ProbabilityAttrs>({
  name: 'crossEntropy',
  type: ([x], { reduction }) => ({
    shape: reduction === 'none' ? x.shape.filter((_, i) => i !== (x.shape.length > 1 ? 1 : 0)) : [],
    dtype: x.dtype,
  }),
  meaning: ({ inputs: [x, target, weight], attrs: { reduction, smoothing } }) => ({
    tag: 'composite',
    expand() {
      const classes = x.type.shape[classDim(x)];
      const smoothed = smoothing > 0 ? add(mul(target, 1 - smoothing), smoothing / classes) : target;
      const terms = mul(x, smoothed);
      const weighted = weight ? mul(terms, perClass(x, weight)) : terms;
      if (reduction === 'none') return neg(sum(weighted, classDim(x)));
      const total = neg(sum(weighted));
      return reduction === 'sum' ? total : div(total, numel(x.type.shape) / classes);
    },
  }),
  gradName: ({ attrs: { reduction } }) => (reduction === 'mean' ? 'DivBackward1' : 'NegBackward0'),
  saves: () => ({ self: 0, target: 1 }),
});

/** Class indices of which a part is spread over all classes. */
function smoothedLoss(x: Node, target: Node, smoothing: number, options: NllOptions): Node {
  const { weight, ignoreIndex = -100, reduction = 'mean' } = options;
  const dim = classDim(x);
  const own = nllLoss(x, target, options);
  const terms = neg(sum(weight ? mul(x, perClass(x, weight)) : x, dim));
  const each = maskedFill(terms, eq(target, ignoreIndex), 0);
  const even =
    reduction === 'mean'
      ? div(sum(each), totalWeight(x, target, weight ?? undefined, { ignoreIndex, reduction }))
      : reduceLoss(each, reduction);
  return add(mul(own, 1 - smoothing), mul(even, smoothing / x.type.shape[dim]));
}

/**
 * The cross entropy of scores [classes] or [n, classes, ...] with class indices, or with probabilities of the scores' own shape. The
 * mean over class indices divides by their weights.
 */
export function crossEntropy(input: Node, target: Node, options: CrossEntropyOptions = {}): Node {
  const { weight, labelSmoothing = 0, reduction = 'mean' } = options;
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1))
    throw new ValueError(`label_smoothing must be between 0.0 and 1.0. Got: ${labelSmoothing}`);
  const { shape } = input.type;
  if (shape.length === 0) throw new ShapeError('input tensor should be 1D or 2D');
  const logs = logSoftmax(input, classDim(input));
  if (!sameShape(shape, target.type.shape))
    return labelSmoothing > 0
      ? smoothedLoss(logs, target, labelSmoothing, options)
      : nllLoss(logs, target, options);
  if (!isFloat(target.type.dtype))
    throw new DTypeError('Expected floating point type for target with class probabilities, got Long');
  if (options.ignoreIndex !== undefined && options.ignoreIndex >= 0)
    throw new ValueError('ignore_index is not supported for floating point target');
  if (weight && !sameShape(weight.type.shape, [shape[classDim(input)]]))
    throw new ShapeError(
      `cross_entropy: weight tensor should be defined either for all ${shape[classDim(input)]} classes or no classes but got weight tensor of shape: ${showShape(weight.type.shape)}`,
    );
  const inputs = asFloats(logs, target, ...(weight ? [weight] : []));
  return node(probabilitiesOp, inputs, { reduction, smoothing: labelSmoothing });
}
