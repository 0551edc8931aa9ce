// Normalisation layers: layerNorm, groupNorm, rmsNorm, and what batchNorm and instanceNorm (norm-batch.ts) share with them. In: a node,
// what to normalise over, weights. Out: one node named as PyTorch names its backward.
//
// All of them are y = xhat * weight + bias, where xhat has mean 0 and variance 1 over some axes. `standardize` is that core, with the
// gradient written in terms of xhat; mean and rstd are the same nodes in forward and backward, and so are computed once.

import { isFloat } from '../compiler/dtype.ts';
import { DTypeError, ShapeError, ValueError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import { defineOp } from '../compiler/op.ts';
import type { Op } from '../compiler/op.ts';
import { sameShape, showShape } from '../compiler/shape.ts';
import type { Shape } from '../compiler/shape.ts';
import { add, mul, sub } from './binary.ts';
import { sameNumbers } from './contract.ts';
import { mean } from './reduce.ts';
import { rsqrt } from './unary.ts';
import { reshape } from './view.ts';

interface CoreAttrs {
  readonly axes: readonly number[];
  readonly eps: number;
}

/** Mean and biased variance over axes, which stay with size 1. */
export function moments(
  x: Node,
  axes: readonly number[],
): { readonly centred: Node; readonly average: Node; readonly variance: Node } {
  const average = mean(x, axes, true);
  const centred = sub(x, average);
  return { centred, average, variance: mean(mul(centred, centred), axes, true) };
}

/** (x - mean) / sqrt(variance + eps). Its gradient is rstd * (g - mean(g) - y * mean(g * y)). */
const standardizeOp = defineOp<CoreAttrs>({
  name: 'standardize',
  type: ([x]) => x,
  meaning: ({ inputs: [x], attrs: { axes, eps } }) => ({
    tag: 'composite',
    expand() {
      const { centred, variance } = moments(x, axes);
      return mul(centred, rsqrt(add(variance, eps)));
    },
  }),
  vjp(g, n) {
    const { axes, eps } = n.attrs;
    const rstd = rsqrt(add(moments(n.inputs[0], axes).variance, eps));
    const inner = sub(sub(g, mean(g, axes, true)), mul(n, mean(mul(g, n), axes, true)));
    return [mul(inner, rstd)];
  },
});

/** x / sqrt(mean(x * x) + eps). */
const rmsOp = defineOp<CoreAttrs>({
  name: 'rmsStandardize',
  type: ([x]) => x,
  meaning: ({ inputs: [x], attrs }) => ({ tag: 'composite', expand: () => mul(x, rms(x, attrs)) }),
  vjp: (g, n) => [mul(sub(g, mul(n, mean(mul(g, n), n.attrs.axes, true))), rms(n.inputs[0], n.attrs))],
});
const rms = (x: Node, { axes, eps }: CoreAttrs): Node => rsqrt(add(mean(mul(x, x), axes, true), eps));

interface LayerAttrs extends CoreAttrs {
  /** The shape that x is seen in while it is normalised, and that of weight and bias beside it. */
  readonly inner: Shape;
  readonly affine: Shape;
  /** Inputs behind x: a weight, a bias, or both. */
  readonly weight: boolean;
}

const layer = (name: string, core: Op<CoreAttrs>, gradName: string): Op<LayerAttrs> =>
  defineOp<LayerAttrs>({
    name,
    type: ([x]) => x,
    meaning: ({ inputs: [x, ...rest], attrs: { axes, eps, inner, affine, weight }, type }) => ({
      tag: 'composite',
      expand() {
        const given = rest.map((v) => reshape(v, affine));
        const seen = sameShape(inner, type.shape) ? x : reshape(x, inner);
        const normal = node(core, [seen], { axes, eps });
        const scaled = weight ? mul(normal, given[0]) : normal;
        const bias = given[weight ? 1 : 0];
        const y = bias ? add(scaled, bias) : scaled;
        return sameShape(inner, type.shape) ? y : reshape(y, type.shape);
      },
    }),
    gradName: () => gradName,
    saves: ({ attrs: { weight } }) => ({ input: 0, ...(weight ? { weight: 1 } : {}) }),
  });

export const normOps = {
  layerNorm: layer('layerNorm', standardizeOp, 'NativeLayerNormBackward0'),
  batchNorm: layer('batchNorm', standardizeOp, 'NativeBatchNormBackward0'),
  groupNorm: layer('groupNorm', standardizeOp, 'NativeGroupNormBackward0'),
  instanceNorm: layer('instanceNorm', standardizeOp, 'ViewBackward0'),
  rmsNorm: layer('rmsNorm', rmsOp, 'MulBackward0'),
};

export interface AffineOptions {
  readonly weight?: Node | null;
  readonly bias?: Node | null;
  readonly eps?: number;
}

export function normalise(
  op: Op<LayerAttrs>,
  x: Node,
  { weight, bias, eps }: AffineOptions,
  view: Pick<LayerAttrs, 'axes' | 'inner' | 'affine'>,
): Node {
  if (!isFloat(x.type.dtype)) throw new DTypeError(`"${op.name}" not implemented for '${x.type.dtype}'`);
  const given = [weight, bias].filter((v) => v !== undefined && v !== null);
  given.forEach((v) => sameNumbers(x.type, v.type));
  return node(op, [x, ...given], {
    ...view,
    eps: eps ?? 1e-5,
    weight: weight !== undefined && weight !== null,
  });
}

function checkNormalized(x: Shape, normalized: Shape, options: AffineOptions): number[] {
  if (normalized.length === 0)
    throw new ValueError(
      'Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, but got normalized_shape = []',
    );
  for (const name of ['weight', 'bias'] as const) {
    const shape = options[name]?.type.shape;
    if (shape && !sameShape(shape, normalized))
      throw new ShapeError(
        `Expected ${name} to be of same shape as normalized_shape, but got ${name} of shape ${showShape(shape)} and normalized_shape = ${showShape(normalized)}`,
      );
  }
  const lead = x.length - normalized.length;
  if (lead < 0 || !sameShape(x.slice(lead), normalized))
    throw new ShapeError(
      `Given normalized_shape=${showShape(normalized)}, expected input with shape [*, ${normalized.join(', ')}], but got input of size${showShape(x)}`,
    );
  return normalized.map((_, i) => lead + i);
}

/** Normalised over the last dimensions, which are `normalizedShape`; weight and bias have that shape. */
export function layerNorm(x: Node, normalizedShape: Shape, options: AffineOptions = {}): Node {
  const axes = checkNormalized(x.type.shape, normalizedShape, options);
  return normalise(normOps.layerNorm, x, options, { axes, inner: x.type.shape, affine: normalizedShape });
}

/** x over its root mean square along the last dimensions; eps is the dtype's precision if absent. */
export function rmsNorm(x: Node, normalizedShape: Shape, options: Omit<AffineOptions, 'bias'> = {}): Node {
  const axes = checkNormalized(x.type.shape, normalizedShape, options);
  const eps = options.eps ?? (x.type.dtype === 'float64' ? 2 ** -52 : 2 ** -23);
  return normalise(
    normOps.rmsNorm,
    x,
    { weight: options.weight, eps },
    { axes, inner: x.type.shape, affine: normalizedShape },
  );
}

/** Normalised over the channels (dimension 1) of each group and all positions. */
export function groupNorm(x: Node, numGroups: number, options: AffineOptions = {}): Node {
  const { shape } = x.type;
  if (shape.length < 2)
    throw new ShapeError(`Expected at least 2 dimensions for input tensor but received ${shape.length}`);
  const [n, c, ...rest] = shape;
  if (numGroups <= 0) throw new ValueError(`Expected num groups to be greater than 0, got ${numGroups}`);
  if (c % numGroups !== 0)
    throw new ShapeError(
      `Expected number of channels in input to be divisible by num_groups, but got input of shape ${showShape(shape)} and num_groups=${numGroups}`,
    );
  for (const name of ['weight', 'bias'] as const) {
    const given = options[name]?.type.shape;
    if (given && !sameShape(given, [c]))
      throw new ShapeError(
        `Expected ${name} to be a vector of size equal to the number of channels in input, but got ${name} of shape ${showShape(given)} and input of shape ${showShape(shape)}`,
      );
  }
  const inner = [n, numGroups, c / numGroups, ...rest];
  const affine = [numGroups, c / numGroups, ...rest.map(() => 1)];
  return normalise(normOps.groupNorm, x, options, { axes: inner.map((_, i) => i).slice(2), inner, affine });
}
