// Losses of yes and no: binaryCrossEntropy, its form for logits, and multilabelSoftMarginLoss. In: probabilities or scores, and targets in
// [0, 1] of the same shape. Out: their loss, averaged, summed or element by element.

import { ValueError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { arg, s } from '../compiler/scalar.ts';
import type { Scalar } from '../compiler/scalar.ts';
import { sameShape, showShape } from '../compiler/shape.ts';
import { logsigmoid } from './activation.ts';
import { add, div, mul, sub } from './binary.ts';
import { asFloats, lossFunction, reduceLoss } from './loss.ts';
import type { LossOptions } from './loss.ts';
import { mean } from './reduce.ts';
import { clampMin } from './select.ts';
import { log, log1p, neg, sigmoid } from './unary.ts';

interface WeightAttrs {
  readonly weight: boolean;
}

const [p, y] = [arg(0), arg(1)];
const clampedLog = (x: Scalar): Scalar => s.max(x, -100);
const times = (x: Node, inputs: readonly Node[], weight: boolean): Node => (weight ? mul(x, inputs[2]) : x);

const bce = lossFunction<WeightAttrs>('binaryCrossEntropy', {
  expr({ weight }) {
    const own = s.mul(s.sub(y, 1), clampedLog(s.log1p(s.neg(p))));
    const loss = s.sub(own, s.mul(y, clampedLog(s.log(p))));
    return weight ? s.mul(loss, arg(2)) : loss;
  },
  partials: [
    (g, inputs, _, { weight }) => {
      const [x, t] = inputs;
      const slope = div(mul(g, sub(x, t)), clampMin(mul(sub(1, x), x), 1e-12));
      return times(slope, inputs, weight);
    },
    (g, inputs, _, { weight }) => {
      const [x] = inputs;
      return times(mul(g, sub(clampMin(log1p(neg(x)), -100), clampMin(log(x), -100))), inputs, weight);
    },
    null,
  ],
});

export interface BceOptions extends LossOptions {
  /** A factor per element; broadcasts. */
  readonly weight?: Node | null;
}

function checkSame(input: Node, target: Node, words: (target: string, input: string) => string): void {
  const [a, b] = [input.type.shape, target.type.shape];
  if (!sameShape(a, b)) throw new ValueError(words(showShape(b), showShape(a)));
}

/** Minus the log-likelihood of targets in [0, 1] under probabilities; logarithms count as at least -100. */
export function binaryCrossEntropy(input: Node, target: Node, { weight, reduction }: BceOptions = {}): Node {
  checkSame(
    input,
    target,
    (t, x) =>
      `Using a target size (${t}) that is different to the input size (${x}) is deprecated. Please ensure they have the same size.`,
  );
  const inputs = asFloats(input, target, ...(weight ? [weight] : []));
  return bce(inputs, { weight: Boolean(weight) }, reduction);
}
/** `binaryCrossEntropy` under another name. */
export const bceLoss = binaryCrossEntropy;

interface LogitAttrs extends WeightAttrs {
  readonly posWeight: boolean;
}

const posWeightOf = (inputs: readonly Node[]): Node => inputs[inputs.length - 1];

const bceLogits = lossFunction<LogitAttrs>('binaryCrossEntropyWithLogits', {
  expr({ weight, posWeight }) {
    // log(1 + exp(-x)) without overflow
    const tail = s.add(s.log1p(s.exp(s.neg(s.abs(p)))), s.max(s.neg(p), 0));
    const factor = posWeight ? s.add(s.mul(s.sub(arg(weight ? 3 : 2), 1), y), 1) : null;
    const loss = s.add(s.mul(s.sub(1, y), p), factor ? s.mul(factor, tail) : tail);
    return weight ? s.mul(loss, arg(2)) : loss;
  },
  partials: [
    (g, inputs, _, { weight, posWeight }) => {
      const [x, t] = inputs;
      const own = posWeight ? mul(posWeightOf(inputs), t) : t;
      const all = posWeight ? sub(add(own, 1), t) : null;
      const slope = sub(all ? mul(all, sigmoid(x)) : sigmoid(x), own);
      return times(mul(g, slope), inputs, weight);
    },
    (g, inputs, _, { weight, posWeight }) => {
      const [x] = inputs;
      const slope = posWeight ? sub(logsigmoid(neg(x)), mul(posWeightOf(inputs), logsigmoid(x))) : neg(x);
      return times(mul(g, slope), inputs, weight);
    },
    null,
    null,
  ],
});

export interface BceLogitsOptions extends BceOptions {
  /** A factor for the positive part, per class; broadcasts. */
  readonly posWeight?: Node | null;
}

/** `binaryCrossEntropy` of the sigmoid of the input, without overflow. */
export function binaryCrossEntropyWithLogits(
  input: Node,
  target: Node,
  { weight, posWeight, reduction }: BceLogitsOptions = {},
): Node {
  checkSame(input, target, (t, x) => `Target size (${t}) must be the same as input size (${x})`);
  const given = [weight, posWeight].filter((v) => v !== undefined && v !== null);
  const attrs = { weight: Boolean(weight), posWeight: Boolean(posWeight) };
  return bceLogits(asFloats(input, target, ...given), attrs, reduction);
}
/** `binaryCrossEntropyWithLogits` under another name. */
export const bceWithLogits = binaryCrossEntropyWithLogits;

/** The mean over the classes (the last dimension) of binary cross entropies of scores. */
export function multilabelSoftMarginLoss(
  input: Node,
  target: Node,
  { weight, reduction }: BceOptions = {},
): Node {
  const [x, t, w] = asFloats(input, target, ...(weight ? [weight] : []));
  const loss = neg(add(mul(t, logsigmoid(x)), mul(sub(1, t), logsigmoid(neg(x)))));
  return reduceLoss(mean(w ? mul(loss, w) : loss, -1), reduction);
}
