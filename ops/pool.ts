// Pooling over windows of the last dimensions by average and p-norm; pool-max.ts has the maximum. In: a node [..., size], kernel, stride
// and the like. Out: one node that stands for a sum over a view of windows.

import { ValueError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import { defineOp } from '../compiler/op.ts';
import { numel } from '../compiler/shape.ts';
import { relu } from './activation.ts';
import { add, div, maximum, minimum, mul, sub } from './binary.ts';
import { pow } from './binary-power.ts';
import { cast } from './cast.ts';
import type { PerAxis } from './conv.ts';
import { perAxis } from './conv.ts';
import { checkFloats } from './operand.ts';
import { checkPool, intoPlace, pooled, tapAxes } from './pool-core.ts';
import type { PoolAttrs, PoolOptions } from './pool-core.ts';
import { sum } from './reduce-sum.ts';
import { iota } from './source.ts';
import { abs, sign } from './unary.ts';
import { expand, reshape } from './view.ts';
import { windows } from './window-view.ts';

export { maxPool1d, maxPool2d, maxPool3d } from './pool-max.ts';
export type { MaxPoolOptions, PoolOptions } from './pool-core.ts';

export interface AverageAttrs extends PoolAttrs {
  readonly countIncludePad: boolean;
  readonly divisor: number | null;
}

/** How many elements each window of an axis counts: those within the padded size, or within the size itself. */
function axisCount(
  { size, kernel, count, stride, padding, countIncludePad }: AverageAttrs,
  i: number,
): Node | number {
  const [pad] = padding[i];
  const last = (count[i] - 1) * stride[i] - pad + kernel[i];
  if (last <= size[i] + (countIncludePad ? pad : 0) && (countIncludePad || pad === 0)) return kernel[i];
  const shape = count.map((c, k) => (k === i ? c : 1));
  const start = iota(shape, i, 'int32', -pad, stride[i]);
  const end = minimum(add(start, kernel[i]), size[i] + pad);
  return countIncludePad ? sub(end, start) : sub(minimum(end, size[i]), maximum(start, 0));
}

function divisorOf(attrs: AverageAttrs, x: Node): Node | number {
  if (attrs.divisor !== null) return attrs.divisor;
  const counts = attrs.kernel.map((_, i) => axisCount(attrs, i));
  const varying = counts.filter((c) => typeof c !== 'number');
  const constant = counts.filter((c) => typeof c === 'number').reduce((a, b) => a * b, 1);
  if (varying.length === 0) return constant;
  return cast(
    mul(
      varying.reduce((a, b) => mul(a, b)),
      constant,
    ),
    x.type.dtype,
  );
}

/** The average of each window. */
export const avgPoolOp = defineOp<AverageAttrs>({
  name: 'avgPool',
  type: ([x], attrs) => ({ shape: pooled(x.shape, attrs), dtype: x.dtype }),
  meaning: ({ inputs: [x], attrs }) => ({
    tag: 'composite',
    expand: () =>
      div(sum(windows(x, attrs.kernel, attrs), tapAxes(x, attrs.size.length)), divisorOf(attrs, x)),
  }),
  vjp(g, { inputs: [x], attrs }) {
    const share = div(g, divisorOf(attrs, x));
    const taps = reshape(share, [...g.type.shape, ...attrs.kernel.map(() => 1)]);
    return [intoPlace(expand(taps, [...g.type.shape, ...attrs.kernel]), attrs)];
  },
  gradName: ({ attrs }) => attrs.gradName,
  saves: () => ({ self: 0 }),
});

export interface AvgPoolOptions extends PoolOptions {
  /** Count the padding in the divisor (true). */
  readonly countIncludePad?: boolean;
  /** Divide by this instead. */
  readonly divisorOverride?: number | null;
}

type AvgPool = (x: Node, kernelSize: PerAxis, options?: AvgPoolOptions) => Node;

const avgPool =
  (op: string, ndim: number, gradName: string): AvgPool =>
  (x, kernelSize, options = {}) => {
    const { countIncludePad = true, divisorOverride = null } = options;
    if (divisorOverride === 0) throw new ValueError('divisor must be not zero');
    checkFloats(op, x);
    const geometry = checkPool(op, ndim, x, kernelSize, options);
    return node(avgPoolOp, [x], { ...geometry, gradName, countIncludePad, divisor: divisorOverride });
  };

/** The average of each window of the last dimension. */
export const avgPool1d = avgPool('avg_pool1d', 1, 'SqueezeBackward1');
/** The average of each window of the last two dimensions. */
export const avgPool2d = avgPool('avg_pool2d', 2, 'AvgPool2DBackward0');
/** The average of each window of the last three dimensions. */
export const avgPool3d = avgPool('avg_pool3d', 3, 'AvgPool3DBackward0');

type LpPool = (
  x: Node,
  normType: number,
  kernelSize: PerAxis,
  options?: Pick<PoolOptions, 'stride' | 'ceilMode'>,
) => Node;

const lpPool =
  (average: AvgPool, ndim: number): LpPool =>
  (x, normType, kernelSize, options = {}) => {
    const taps = numel(perAxis('lp_pool', 'kernel_size', kernelSize, ndim));
    const powers = average(pow(x, normType), kernelSize, options);
    return pow(mul(mul(sign(powers), relu(abs(powers))), taps), 1 / normType);
  };

/** The p-norm of each window of the last dimension. */
export const lpPool1d = lpPool(avgPool1d, 1);
/** The p-norm of each window of the last two dimensions. */
export const lpPool2d = lpPool(avgPool2d, 2);
