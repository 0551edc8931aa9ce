// Normalisation per channel: batchNorm and instanceNorm. In: a batch [n, c, ...], weights per channel, running moments. Out: one node. The
// moments of the batch are nodes as well; keeping running averages of them is the caller's, who has the state.

import { ShapeError, ValueError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import { defineOp } from '../compiler/op.ts';
import { numel, showShape } from '../compiler/shape.ts';
import type { Shape } from '../compiler/shape.ts';
import { add, mul, sub } from './binary.ts';
import { sameNumbers } from './contract.ts';
import type { AffineOptions } from './norm.ts';
import { moments, normalise, normOps } from './norm.ts';
import { rsqrt } from './unary.ts';
import { reshape } from './view.ts';

/** Axes of a batch that are not channels (dimension 1). */
const perChannel = (shape: Shape): number[] => shape.map((_, i) => i).filter((i) => i !== 1);
const besideChannels = (shape: Shape): number[] => [-1, ...shape.slice(2).map(() => 1)];

function checkChannels(op: string, x: Shape, given: Readonly<Record<string, Node | null | undefined>>): void {
  for (const [name, v] of Object.entries(given))
    if (v && !(v.type.shape.length === 1 && v.type.shape[0] === x[1]))
      throw new ShapeError(`${op}: ${name} should contain ${x[1]} elements not ${numel(v.type.shape)}`);
}

export interface BatchNormOptions extends AffineOptions {
  /** Normalise by the batch's own moments instead of the running ones. */
  readonly training?: boolean;
  readonly momentum?: number;
}

const runningOp = defineOp<{ readonly eps: number; readonly weight: boolean; readonly bias: boolean }>({
  name: 'batchNormRunning',
  type: ([x]) => x,
  meaning: ({ inputs: [x, average, variance, ...rest], attrs: { eps, weight, bias }, type }) => ({
    tag: 'composite',
    expand() {
      const seen = (v: Node): Node => reshape(v, besideChannels(type.shape));
      const normal = mul(sub(x, seen(average)), rsqrt(add(seen(variance), eps)));
      const scaled = weight ? mul(normal, seen(rest[0])) : normal;
      return bias ? add(scaled, seen(rest[rest.length - 1])) : scaled;
    },
  }),
  gradName: () => 'NativeBatchNormBackward0',
  saves: ({ attrs: { weight } }) => ({
    input: 0,
    running_mean: 1,
    running_var: 2,
    ...(weight ? { weight: 3 } : {}),
  }),
});

/**
 * Normalised per channel (dimension 1), by the moments of the batch (`training`) or by the running ones. Updating these is the
 * caller's: `batchNormStats` gives the moments.
 */
export function batchNorm(
  x: Node,
  runningMean: Node | null,
  runningVar: Node | null,
  options: BatchNormOptions = {},
): Node {
  const { weight, bias, training = false } = options;
  const eps = options.eps ?? 1e-5;
  const { shape } = x.type;
  if (shape.length < 2)
    throw new ShapeError(
      `batch_norm: expected input with at least 2 dimensions, but got input of size ${showShape(shape)}`,
    );
  checkChannels('batch_norm', shape, { running_mean: runningMean, running_var: runningVar, weight, bias });
  if (training) {
    if (numel(shape.filter((_, i) => i !== 1)) === 1)
      throw new ValueError(
        `Expected more than 1 value per channel when training, got input size ${showShape(shape)}`,
      );
    return normalise(normOps.batchNorm, x, options, {
      axes: perChannel(shape),
      inner: shape,
      affine: besideChannels(shape),
    });
  }
  if (!runningMean || !runningVar)
    throw new ValueError('Expected running_mean and running_var to be defined when training=False');
  const given = [weight, bias].filter((v) => v !== undefined && v !== null);
  [runningMean, runningVar, ...given].forEach((v) => sameNumbers(x.type, v.type));
  return node(runningOp, [x, runningMean, runningVar, ...given], {
    eps,
    weight: Boolean(weight),
    bias: Boolean(bias),
  });
}

/** The moments of a batch per channel, as running averages take them: mean, and variance over n - 1. */
export function batchNormStats(x: Node): { readonly mean: Node; readonly variance: Node } {
  const { shape } = x.type;
  const { average, variance } = moments(x, perChannel(shape));
  const count = numel(shape) / shape[1];
  return { mean: reshape(average, [-1]), variance: reshape(mul(variance, count / (count - 1)), [-1]) };
}

export interface InstanceNormOptions extends AffineOptions {
  readonly runningMean?: Node | null;
  readonly runningVar?: Node | null;
  /** False: by the running moments, as batchNorm does. */
  readonly useInputStats?: boolean;
}

/** Normalised over the positions of each channel of each example. */
export function instanceNorm(x: Node, options: InstanceNormOptions = {}): Node {
  const { runningMean = null, runningVar = null, useInputStats = true, weight, bias, eps } = options;
  const { shape } = x.type;
  if (!useInputStats) return batchNorm(x, runningMean, runningVar, { weight, bias, eps });
  if (numel(shape.slice(2)) === 1)
    throw new ValueError(
      `Expected more than 1 spatial element when training, got input size ${showShape(shape)}`,
    );
  checkChannels('instance_norm', shape, { weight, bias });
  const axes = shape.map((_, i) => i).slice(2);
  return normalise(normOps.instanceNorm, x, options, { axes, inner: shape, affine: besideChannels(shape) });
}
