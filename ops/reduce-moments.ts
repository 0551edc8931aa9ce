// Variance and standard deviation. In: a node, dimensions, and the correction of the divisor (1: unbiased). Out: composites of two
// reductions; gradients as in PyTorch's var_backward and std_backward, the latter 0 where the deviation is 0.

import { dtypes, isFloat } from '../compiler/dtype.ts';
import { DTypeError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import type { Op } from '../compiler/op.ts';
import { defineOp } from '../compiler/op.ts';
import { div, mul, sub } from './binary.ts';
import { eq } from './compare.ts';
import type { Dims, ReduceAttrs } from './reduce-sum.ts';
import { countReduced, reduceAttrs, reduceType, restore, sum } from './reduce-sum.ts';
import { mean, meanOf } from './reduce.ts';
import { where } from './select.ts';
import { sqrt } from './unary.ts';

export interface MomentOptions {
  readonly keepdim?: boolean;
  /** Subtracted from the number of elements in the divisor; 1 if absent. */
  readonly correction?: number;
  /** PyTorch's older word: true is correction 1, false 0. */
  readonly unbiased?: boolean;
}

interface MomentAttrs extends ReduceAttrs {
  readonly correction: number;
}

const divisor = (x: Node, attrs: MomentAttrs): number =>
  Math.max(0, countReduced(x.type.shape, attrs) - attrs.correction);

/** g times the derivative of the variance: 2 (x - mean) / divisor. */
function varPullback(g: Node, x: Node, attrs: MomentAttrs): Node {
  const scale = div(mul(restore(g, x.type.shape, attrs), 2), divisor(x, attrs));
  return mul(scale, sub(x, mean(x, attrs.axes, true)));
}

function varianceFormula(x: Node, attrs: MomentAttrs): Node {
  const deviation = sub(x, mean(x, attrs.axes, true));
  return div(sum(mul(deviation, deviation), attrs.axes, attrs.keepdim), divisor(x, attrs));
}

const varianceOp = (name: string, gradName: string): Op<MomentAttrs> =>
  defineOp<MomentAttrs>({
    name,
    type: (inputs, attrs) => reduceType(inputs, attrs),
    meaning: ({ inputs: [x], attrs }) => ({ tag: 'composite', expand: () => varianceFormula(x, attrs) }),
    vjp: (g, { inputs: [x], attrs }) => [varPullback(g, x, attrs)],
    gradName: () => gradName,
    saves: () => ({ self: 0 }),
  });

const deviationOp = (name: string, gradName: string): Op<MomentAttrs> =>
  defineOp<MomentAttrs>({
    name,
    type: (inputs, attrs) => reduceType(inputs, attrs),
    meaning: ({ inputs: [x], attrs }) => ({
      tag: 'composite',
      expand: () => sqrt(varianceFormula(x, attrs)),
    }),
    vjp: (g, n) => [varPullback(where(eq(n, 0), 0, div(g, mul(n, 2))), n.inputs[0], n.attrs)],
    gradName: () => gradName,
    saves: () => ({ self: 0, result: 'output' }),
  });

const ops = {
  var: varianceOp('var', 'VarBackward0'),
  std: deviationOp('std', 'StdBackward0'),
  varMean: varianceOp('varMean', 'VarMeanBackward0'),
  stdMean: deviationOp('stdMean', 'StdMeanBackward0'),
};
const means = {
  varMean: meanOf('varMean.mean', () => 'VarMeanBackward0'),
  stdMean: meanOf('stdMean.mean', () => 'StdMeanBackward0'),
};

function moment(
  op: Op<MomentAttrs>,
  x: Node,
  dim: Dims | undefined,
  third: boolean | MomentOptions,
  more: MomentOptions,
): Node<MomentAttrs> {
  if (!isFloat(x.type.dtype))
    throw new DTypeError(
      `${op.name}: only support floating point and complex dtypes. Got: ${dtypes[x.type.dtype].torchName}`,
    );
  const options = typeof third === 'boolean' ? { keepdim: third, ...more } : third;
  const { keepdim = false, unbiased = true, correction = unbiased ? 1 : 0 } = options;
  return node(op, [x], { ...reduceAttrs(op.name, x, dim, keepdim), correction });
}

/** The variance: squared deviations from the mean over n - correction. NaN if nothing is left to divide by. */
export const variance = (
  x: Node,
  dim?: Dims,
  keepdim: boolean | MomentOptions = false,
  options: MomentOptions = {},
): Node => moment(ops.var, x, dim, keepdim, options);
export { variance as var };

/** The standard deviation, the root of the variance. */
export const std = (
  x: Node,
  dim?: Dims,
  keepdim: boolean | MomentOptions = false,
  options: MomentOptions = {},
): Node => moment(ops.std, x, dim, keepdim, options);

/** A moment with the mean of the same dimensions. */
function withMean(
  name: 'varMean' | 'stdMean',
  x: Node,
  dim: Dims | undefined,
  keepdim: boolean | MomentOptions,
  options: MomentOptions,
): [Node, Node] {
  const value = moment(ops[name], x, dim, keepdim, options);
  const { axes, whole } = value.attrs;
  return [value, node(means[name], [x], { axes, keepdim: value.attrs.keepdim, whole })];
}

/** [variance, mean]. */
export const varMean = (
  x: Node,
  dim?: Dims,
  keepdim: boolean | MomentOptions = false,
  options: MomentOptions = {},
): [Node, Node] => withMean('varMean', x, dim, keepdim, options);
/** [standard deviation, mean]. */
export const stdMean = (
  x: Node,
  dim?: Dims,
  keepdim: boolean | MomentOptions = false,
  options: MomentOptions = {},
): [Node, Node] => withMean('stdMean', x, dim, keepdim, options);
