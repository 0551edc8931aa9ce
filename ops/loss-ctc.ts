// The loss of connectionist temporal classification. In: log-probabilities [steps, n, classes], targets and lengths. Out: minus the
// log-probability of each target, over all ways to align it (ctc.ts: one sequence).
//
// PyTorch's gradient takes the log-probabilities to be those of a softmax, and gives exp(x) - occupancy; through the softmax that is the same as
// the derivative proper. The derivative of the occupancy is the Hessian of log Z, which is symmetric: its pullback is the tangent along g.

import { isInteger } from '../compiler/dtype.ts';
import { DTypeError, ShapeError, ValueError } from '../compiler/errors.ts';
import type { Node, TensorType } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import type { Op, RoutineRun } from '../compiler/op.ts';
import { defineOp } from '../compiler/op.ts';
import { div, mul, sub } from './binary.ts';
import { cast } from './cast.ts';
import { eq, lt } from './compare.ts';
import { logProbability, occupancy } from './ctc.ts';
import type { Reading } from './ctc.ts';
import { stack } from './join.ts';
import type { LossOptions } from './loss.ts';
import { reduceLoss } from './loss.ts';
import { checkFloats } from './operand.ts';
import { clampMin, where } from './select.ts';
import { constant, iota } from './source.ts';
import { exp } from './unary.ts';
import { reshape, squeeze, unsqueeze } from './view.ts';

interface CtcAttrs {
  readonly blank: number;
  /** Nothing is learnt from a target that is too long for its steps. */
  readonly zeroInfinity: boolean;
}

/** The sequences of a batch: inputs are log-probabilities, targets, the lengths of both, and perhaps tangents. */
function readings(
  [log, targets, steps, counts, tangents]: readonly ArrayLike<number>[],
  [{ shape }, { shape: given }]: readonly TensorType[],
  blank: number,
): Reading[] {
  const [longest, n, classes] = shape;
  let start = 0;
  return Array.from({ length: n }, (_, b) => {
    const from = given.length === 2 ? b * given[1] : start;
    const room = given.length === 2 ? given[1] : given[0] - start;
    start += counts[b];
    if (steps[b] < 0 || steps[b] > longest)
      throw new ValueError(
        `Expected input_lengths to have value at most ${longest}, but got value ${steps[b]} (while checking arguments for ctc_loss_cpu)`,
      );
    if (counts[b] < 0 || counts[b] > room)
      throw new ValueError(
        `Expected tensor to have size at least ${counts[b]} at dimension ${given.length - 1}, but got size ${room} for argument #2 'targets' (while checking arguments for ctc_loss_cpu)`,
      );
    const at = (step: number, label: number): number => (step * n + b) * classes + label;
    return {
      log: (step, label) => log[at(step, label)],
      tangent: tangents ? (step, label) => tangents[at(step, label)] : () => 0,
      steps: steps[b],
      labels: Array.from({ length: counts[b] }, (_, i) => targets[from + i]),
      blank,
    };
  });
}

const occupancyRun =
  (what: 'probability' | 'tangent', { blank, zeroInfinity }: CtcAttrs): RoutineRun =>
  (inputs, out, types) => {
    const [, n, classes] = types[0].shape;
    for (let i = 0; i < out.length; i++) out[i] = 0;
    readings(inputs, types, blank).forEach((reading, b) => {
      const at = (step: number, label: number): number => (step * n + b) * classes + label;
      const found = occupancy(reading, (step, label, probability, tangent) => {
        out[at(step, label)] += what === 'probability' ? probability : tangent;
      });
      if (found || what === 'tangent') return;
      // what makes the gradient NaN, or 0
      for (let step = 0; step < reading.steps; step++)
        for (let c = 0; c < classes; c++)
          out[at(step, c)] = zeroInfinity ? Math.exp(reading.log(step, c)) : NaN;
    });
  };

const tangentOp: Op<CtcAttrs> = defineOp<CtcAttrs>({
  name: 'ctcOccupancyTangent',
  type: ([x]) => x,
  meaning: ({ attrs }) => ({ tag: 'routine', run: occupancyRun('tangent', attrs) }),
  vjp(g, { inputs: [x, targets, steps, counts], attrs }, wants) {
    if (wants[0]) throw new ValueError('the third derivative of ctcLoss is not implemented.');
    return [null, null, null, null, node(tangentOp, [x, targets, steps, counts, g], attrs)];
  },
});

/** How probable it is that a class is read at a step, given the target. */
const occupancyOp = defineOp<CtcAttrs>({
  name: 'ctcOccupancy',
  type: ([x]) => x,
  meaning: ({ attrs }) => ({ tag: 'routine', run: occupancyRun('probability', attrs) }),
  vjp: (g, { inputs, attrs }) => [node(tangentOp, [...inputs, g], attrs), null, null, null],
});

const ctcOp = defineOp<CtcAttrs>({
  name: 'ctcLoss',
  type: ([x]) => ({ shape: [x.shape[1]], dtype: x.dtype }),
  meaning: ({ attrs: { blank } }) => ({
    tag: 'routine',
    run: (inputs, out, types) =>
      readings(inputs, types, blank).forEach((reading, b) => (out[b] = -logProbability(reading))),
  }),
  vjp(g, { inputs, attrs }) {
    const [x, , steps] = inputs;
    const live = lt(iota([x.type.shape[0], 1], 0, 'int32'), steps);
    const slope = sub(exp(x), node(occupancyOp, inputs, attrs));
    return [mul(unsqueeze(g, -1), where(unsqueeze(live, -1), slope, 0)), null, null, null];
  },
  saves: () => ({ logProbs: 0, targets: 1 }),
});

type Lengths = Node | number | readonly number[];

function lengthsNode(name: string, given: Lengths, n: number): Node {
  const list = typeof given === 'number' ? [given] : given;
  const lengths = 'op' in list ? list : stack(list.map((length) => constant(length, 'int32')));
  if (!isInteger(lengths.type.dtype)) throw new DTypeError(`${name} must be integral`);
  const flat = reshape(lengths, [-1]);
  if (flat.type.shape[0] !== n) throw new ShapeError(`${name} must be of size batch_size`);
  return cast(flat, 'int32');
}

export interface CtcOptions extends LossOptions {
  /** The class that stands for no label. */
  readonly blank?: number;
  /** Losses that are infinite, because a target is too long for its steps, and their gradients count as 0. */
  readonly zeroInfinity?: boolean;
}

/**
 * Minus the log-probability of each target under `logProbs` [steps, n, classes] (or [steps, classes]). Targets are [n, longest], or one after
 * the other in a vector; the lengths say how many steps and labels of each count. The mean divides each loss by its target's length first.
 * Differentiable twice. Graves et al., "Connectionist temporal classification", 2006.
 */
export function ctcLoss(
  logProbs: Node,
  targets: Node,
  inputLengths: Lengths,
  targetLengths: Lengths,
  { blank = 0, reduction = 'mean', zeroInfinity = false }: CtcOptions = {},
): Node {
  const rank = logProbs.type.shape.length;
  checkFloats('ctc_loss', logProbs);
  if (rank !== 2 && rank !== 3)
    throw new ShapeError(`ctc_loss: log_probs must have 2 or 3 dimensions, but got ${rank}`);
  const x = rank === 3 ? logProbs : unsqueeze(logProbs, 1);
  const [, n, classes] = x.type.shape;
  if (!Number.isInteger(blank) || blank < 0 || blank >= classes)
    throw new ValueError('blank must be in label range');
  if (!isInteger(targets.type.dtype) || targets.type.shape.length > 2)
    throw new DTypeError('ctc_loss: targets must be integers in one or two dimensions');
  const counts = lengthsNode('target_lengths', targetLengths, n);
  const inputs = [x, targets, lengthsNode('input_lengths', inputLengths, n), counts];
  const each = node(ctcOp, inputs, { blank, zeroInfinity });
  const finite = zeroInfinity ? where(eq(each, Infinity), 0, each) : each;
  if (reduction === 'mean') return reduceLoss(div(finite, clampMin(cast(counts, x.type.dtype), 1)), 'mean');
  return reduceLoss(rank === 2 ? squeeze(finite, 0) : finite, reduction);
}
