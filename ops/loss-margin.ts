// Losses with a margin: what is on the right side by more than the margin costs nothing. In: scores or vectors, and targets of 1 and -1 or
// class indices. Out: their loss, averaged, summed or per example.

import { ShapeError, ValueError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import { defineOp } from '../compiler/op.ts';
import { arg, s } from '../compiler/scalar.ts';
import { sameShape, showShape } from '../compiler/shape.ts';
import { relu } from './activation.ts';
import { add, div, minimum, mul, sub } from './binary.ts';
import { cast } from './cast.ts';
import { eq, ge, logicalAnd, lt, ne } from './compare.ts';
import { sameNumbers } from './contract.ts';
import { pairwiseDistance } from './distance.ts';
import { gather } from './index-gather.ts';
import { asFloats, lossFunction, reduceLoss } from './loss.ts';
import type { LossOptions, Reduction } from './loss.ts';
import { checkFloats } from './operand.ts';
import { sum } from './reduce-sum.ts';
import { any } from './reduce.ts';
import { cumsum } from './scan.ts';
import { clampMin, where } from './select.ts';
import { iota } from './source.ts';
import { neg, sigmoid, sqrt } from './unary.ts';
import { reshape, unsqueeze } from './view.ts';

export interface MarginOptions extends LossOptions {
  readonly margin?: number;
}

const softMargin = lossFunction<undefined>('softMarginLoss', {
  expr: s.log1p(s.exp(s.mul(s.neg(arg(1)), arg(0)))),
  partials: [(g, [x, t]) => mul(g, mul(neg(t), sigmoid(mul(neg(t), x)))), null],
});

/** log(1 + exp(-target * input)) for targets of 1 and -1. */
export const softMarginLoss = (input: Node, target: Node, { reduction }: LossOptions = {}): Node =>
  softMargin(asFloats(input, target), undefined, reduction);

/** The input where the target is 1, max(0, margin - input) where it is -1. */
export function hingeEmbeddingLoss(
  input: Node,
  target: Node,
  { margin = 1, reduction }: MarginOptions = {},
): Node {
  const [x, t] = asFloats(input, target);
  const apart = where(ne(t, 1), clampMin(sub(margin, x), 0), 0);
  return reduceLoss(add(apart, where(ne(t, -1), x, 0)), reduction);
}

/** max(0, -target * (input1 - input2) + margin): target 1 wants the first input larger, -1 the second. */
export function marginRankingLoss(
  input1: Node,
  input2: Node,
  target: Node,
  { margin = 0, reduction }: MarginOptions = {},
): Node {
  const [a, b, t] = asFloats(input1, input2, target);
  if (a.type.shape.length !== t.type.shape.length || b.type.shape.length !== t.type.shape.length)
    throw new ShapeError(
      `margin_ranking_loss : All input tensors should have same dimension but got sizes: input1: ${showShape(a.type.shape)}, input2: ${showShape(b.type.shape)}, target: ${showShape(t.type.shape)} `,
    );
  return reduceLoss(clampMin(add(mul(neg(t), sub(a, b)), margin), 0), reduction);
}

/** 1 - cos where the target is 1, max(0, cos - margin) where it is -1; vectors lie along the last dimension. */
export function cosineEmbeddingLoss(
  input1: Node,
  input2: Node,
  target: Node,
  { margin = 0, reduction }: MarginOptions = {},
): Node {
  const [a, b, t] = asFloats(input1, input2, target);
  const rank = a.type.shape.length;
  if (t.type.shape.length !== rank - 1 || b.type.shape.length !== rank)
    throw new ShapeError(
      `${rank - 1}D target tensor expects ${rank}D input tensors, but found inputs with sizes ${showShape(a.type.shape)} and ${showShape(b.type.shape)}.`,
    );
  const size = (x: Node): Node => add(sum(mul(x, x), -1), 1e-12);
  const cos = div(sum(mul(a, b), -1), sqrt(mul(size(a), size(b))));
  const together = where(eq(t, 1), sub(1, cos), 0);
  return reduceLoss(add(together, where(eq(t, -1), clampMin(sub(cos, margin), 0), 0)), reduction);
}

export interface TripletOptions extends MarginOptions {
  readonly p?: number;
  readonly eps?: number;
  /** Use the distance of positive and negative where that is the smaller one. */
  readonly swap?: boolean;
}

/** max(0, margin + distance to the positive - distance to the negative). */
export function tripletMarginLoss(
  anchor: Node,
  positive: Node,
  negative: Node,
  { margin = 1, p = 2, eps = 1e-6, swap = false, reduction }: TripletOptions = {},
): Node {
  const near = pairwiseDistance(anchor, positive, { p, eps });
  const away = pairwiseDistance(anchor, negative, { p, eps });
  const far = swap ? minimum(away, pairwiseDistance(positive, negative, { p, eps })) : away;
  return reduceLoss(clampMin(sub(add(near, margin), far), 0), reduction);
}

interface MultiMarginAttrs {
  readonly p: 1 | 2;
  readonly margin: number;
  readonly reduction: Reduction;
}

const multiMarginOp = defineOp<MultiMarginAttrs>({
  name: 'multiMarginLoss',
  type: ([x], { reduction }) => ({ shape: reduction === 'none' ? x.shape.slice(0, -1) : [], dtype: x.dtype }),
  meaning: ({ inputs: [x, target, weight], attrs: { p, margin, reduction } }) => ({
    tag: 'composite',
    expand() {
      const classes = x.type.shape.at(-1)!;
      const hit = eq(iota([classes], 0, 'int32'), unsqueeze(target, -1));
      const own = sum(where(hit, x, 0), -1, true);
      const short = relu(add(sub(x, own), margin));
      const cost = p === 1 ? short : mul(short, short);
      const factor = weight ? sum(where(hit, weight, 0), -1, true) : null;
      const others = where(hit, 0, factor ? mul(cost, factor) : cost);
      return reduceLoss(div(sum(others, -1), classes), reduction);
    },
  }),
  saves: () => ({ self: 0, target: 1 }),
});

export interface MultiMarginOptions extends MarginOptions {
  readonly p?: 1 | 2;
  /** A factor per class, that of the target. */
  readonly weight?: Node | null;
}

/** The mean over the other classes of max(0, margin - x[target] + x[class]) ** p; x is [classes] or [n, classes]. */
export function multiMarginLoss(
  input: Node,
  target: Node,
  { p = 1, margin = 1, weight, reduction = 'mean' }: MultiMarginOptions = {},
): Node {
  checkFloats('multi_margin_loss', input);
  if (p !== 1 && p !== 2) throw new ValueError('multi_margin_loss: Invalid p, expected 1 or 2');
  const { shape } = input.type;
  const scalars = shape.length === 1 && sameShape(target.type.shape, [1]);
  if (!scalars && !sameShape(target.type.shape, shape.slice(0, -1)))
    throw new ShapeError(
      `inconsistent target size, expected ${shape[0]} but got ${showShape(target.type.shape)}`,
    );
  if (weight) sameNumbers(input.type, weight.type);
  const at = scalars ? reshape(target, []) : target;
  return node(multiMarginOp, weight ? [input, at, weight] : [input, at], { p, margin, reduction });
}

const multilabelOp = defineOp<{ readonly reduction: Reduction }>({
  name: 'multilabelMarginLoss',
  type: ([x], { reduction }) => ({ shape: reduction === 'none' ? x.shape.slice(0, -1) : [], dtype: x.dtype }),
  meaning: ({ inputs: [x, target], attrs: { reduction } }) => ({
    tag: 'composite',
    expand() {
      const classes = x.type.shape.at(-1)!;
      const ended = cumsum(cast(lt(target, 0), 'int32'), target.type.shape.length - 1);
      const listed = eq(ended, 0);
      const safe = where(ge(target, 0), target, 0);
      const names = logicalAnd(unsqueeze(listed, -1), eq(unsqueeze(target, -1), iota([classes], 0, 'int32')));
      const wanted = any(names, -2, true);
      const own = unsqueeze(gather(x, x.type.shape.length - 1, safe), -1);
      const short = relu(add(sub(unsqueeze(x, -2), own), 1));
      const counted = where(wanted, 0, where(unsqueeze(listed, -1), short, 0));
      return reduceLoss(div(sum(counted, [-2, -1]), classes), reduction);
    },
  }),
  saves: () => ({ self: 0, target: 1 }),
});

/** Over all pairs of a wanted and another class: max(0, 1 - x[wanted] + x[other]) / classes. A row of targets ends at the first -1. */
export function multilabelMarginLoss(
  input: Node,
  target: Node,
  { reduction = 'mean' }: LossOptions = {},
): Node {
  checkFloats('multilabel_margin_loss_forward_out_frame', input);
  if (!sameShape(input.type.shape, target.type.shape))
    throw new ShapeError(
      `inconsistent target size: ${showShape(target.type.shape)} for input of size: ${showShape(input.type.shape)}`,
    );
  return node(multilabelOp, [input, target], { reduction });
}
