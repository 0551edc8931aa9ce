// Pooling over windows of the last dimensions: the largest element, the average, a p-norm. In: a node [..., size], kernel, stride and the
// like. Out: one node that stands for a reduction over a view of windows.
//
// The gradient of a maximum goes to the first largest element of its window. It is gathered, not scattered: a position asks each
// window that reads it whether that window's choice (an argmax over the taps) is this tap.

import { dtypes, isFloat } from '../compiler/dtype.ts';
import { ShapeError, ValueError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import { defineOp } from '../compiler/op.ts';
import { numel } from '../compiler/shape.ts';
import type { Shape } from '../compiler/shape.ts';
import { add, div, maximum, minimum, mul, sub } from './binary.ts';
import { pow } from './binary-power.ts';
import { cast } from './cast.ts';
import { eq } from './compare.ts';
import type { PerAxis } from './conv.ts';
import { perAxis } from './conv.ts';
import { relu } from './activation.ts';
import type { ReduceAttrs } from './reduce-sum.ts';
import { reduceType, reduction, sum } from './reduce-sum.ts';
import { amax } from './reduce.ts';
import { clampMin, where } from './select.ts';
import { iota } from './source.ts';
import { abs, sign } from './unary.ts';
import type { Geometry } from './window.ts';
import { spreadWindows } from './window.ts';
import { windows } from './window-view.ts';

interface PoolAttrs extends Geometry {
  readonly gradName: string;
}

interface AverageAttrs extends PoolAttrs {
  readonly countIncludePad: boolean;
  readonly divisor: number | null;
}

/** Axes of the taps behind the windows of `ndim` dimensions. */
const tapAxes = (x: Node, ndim: number): number[] =>
  Array.from({ length: ndim }, (_, i) => x.type.shape.length + i);

const pooled = (shape: Shape, { size, count }: Geometry): Shape => [
  ...shape.slice(0, shape.length - size.length),
  ...count,
];

const chosenTap = defineOp<ReduceAttrs>({
  ...reduction('chosenTap', 'argmax', { nondifferentiable: true }),
  type: (inputs, attrs) => reduceType(inputs, attrs, 'int32'),
});

/** The number of each tap in row-major order. */
const tapNumber = (kernel: Shape): Node =>
  kernel.map((_, i) => iota(kernel, i, 'int32', 0, numel(kernel.slice(i + 1)))).reduce((a, b) => add(a, b));

const lowest = (x: Node): number => (isFloat(x.type.dtype) ? -Infinity : dtypes[x.type.dtype].lowest);

/** g brought to the element that each window has chosen. */
function route(g: Node, x: Node, geometry: Geometry): Node {
  const taps = tapAxes(x, geometry.size.length);
  // what is read outside must not be chosen, not even where all else is -Infinity
  const inside = geometry.padding.every(([before]) => before === 0)
    ? x
    : clampMin(x, dtypes[x.type.dtype].lowest);
  const seen = windows(inside, geometry.kernel, { ...geometry, fill: lowest(x) });
  const chosen = spreadWindows(node(chosenTap, [seen], { axes: taps, keepdim: false }), geometry, -1);
  return sum(where(eq(chosen, tapNumber(geometry.kernel)), spreadWindows(g, geometry), 0), taps);
}

const maxPoolOp = defineOp<PoolAttrs>({
  name: 'maxPool',
  type: ([x], attrs) => ({ shape: pooled(x.shape, attrs), dtype: x.dtype }),
  meaning: ({ inputs: [x], attrs }) => ({
    tag: 'composite',
    expand: () =>
      amax(windows(x, attrs.kernel, { ...attrs, fill: lowest(x) }), tapAxes(x, attrs.size.length)),
  }),
  vjp: (g, { inputs: [x], attrs }) => [route(g, x, attrs)],
  gradName: ({ attrs }) => attrs.gradName,
  saves: () => ({ self: 0 }),
});

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

const avgPoolOp = defineOp<AverageAttrs>({
  name: 'avgPool',
  type: ([x], attrs) => ({ shape: pooled(x.shape, attrs), dtype: x.dtype }),
  meaning: ({ inputs: [x], attrs }) => ({
    tag: 'composite',
    expand: () =>
      div(sum(windows(x, attrs.kernel, attrs), tapAxes(x, attrs.size.length)), divisorOf(attrs, x)),
  }),
  gradName: ({ attrs }) => attrs.gradName,
  saves: () => ({ self: 0 }),
});

export interface PoolOptions {
  /** The kernel's size if absent. */
  readonly stride?: PerAxis | null;
  readonly padding?: PerAxis;
  /** Also windows that reach beyond the end. */
  readonly ceilMode?: boolean;
}

export interface MaxPoolOptions extends PoolOptions {
  readonly dilation?: PerAxis;
}

export interface AvgPoolOptions extends PoolOptions {
  /** Count the padding in the divisor (true). */
  readonly countIncludePad?: boolean;
  /** Divide by this instead. */
  readonly divisorOverride?: number | null;
}

function checkPool(
  op: string,
  ndim: number,
  x: Node,
  kernelSize: PerAxis,
  options: MaxPoolOptions,
): Geometry {
  const { shape } = x.type;
  if (shape.length !== ndim + 1 && shape.length !== ndim + 2)
    throw new ShapeError(
      `${op}() Expected ${ndim + 1}D or ${ndim + 2}D input tensor, but got [${shape.join(', ')}]`,
    );
  const kernel = perAxis(op, 'kernel_size', kernelSize, ndim);
  const stride = perAxis(op, 'stride', options.stride ?? kernel, ndim);
  const padding = perAxis(op, 'padding', options.padding ?? 0, ndim);
  const dilation = perAxis(op, 'dilation', options.dilation ?? 1, ndim);
  if (kernel.some((k) => k <= 0))
    throw new ValueError('kernel size should be greater than zero, but got ' + kernel.join(', '));
  if (stride.some((v) => v <= 0))
    throw new ValueError('stride should be greater than zero, but got ' + stride.join(', '));
  if (dilation.some((v) => v <= 0))
    throw new ValueError('dilation should be greater than zero, but got ' + dilation.join(', '));
  const size = shape.slice(-ndim);
  const count = size.map((n, i) => {
    const [k, s, p, d] = [kernel[i], stride[i], padding[i], dilation[i]];
    if (p < 0) throw new ValueError(`pad must be non-negative, but got pad: ${p}`);
    if (p > (d * (k - 1) + 1) / 2)
      throw new ValueError(
        `pad should be at most half of effective kernel size, but got pad=${p}, kernel_size=${k} and dilation=${d}`,
      );
    const free = n + 2 * p - d * (k - 1) - 1;
    const fits = Math.floor((free + (options.ceilMode ? s - 1 : 0)) / s) + 1;
    return options.ceilMode && (fits - 1) * s >= n + p ? fits - 1 : fits;
  });
  if (count.some((c) => c < 1)) {
    const show = (sizes: Shape): string => `(${[...shape.slice(-ndim - 1, -ndim), ...sizes].join('x')})`;
    throw new ShapeError(
      `Given input size: ${show(size)}. Calculated output size: ${show(count)}. Output size is too small`,
    );
  }
  return { size, kernel, count, stride, dilation, padding: padding.map((p) => [p, p]), groups: 1 };
}

type MaxPool = (x: Node, kernelSize: PerAxis, options?: MaxPoolOptions) => Node;
type AvgPool = (x: Node, kernelSize: PerAxis, options?: AvgPoolOptions) => Node;

const maxPool =
  (op: string, ndim: number, gradName: string): MaxPool =>
  (x, kernelSize, options = {}) =>
    node(maxPoolOp, [x], { ...checkPool(op, ndim, x, kernelSize, options), gradName });

const avgPool =
  (op: string, ndim: number, gradName: string): AvgPool =>
  (x, kernelSize, options = {}) => {
    const { countIncludePad = true, divisorOverride = null } = options;
    if (divisorOverride === 0) throw new ValueError('divisor must be not zero');
    const geometry = checkPool(op, ndim, x, kernelSize, options);
    return node(avgPoolOp, [x], { ...geometry, gradName, countIncludePad, divisor: divisorOverride });
  };

/** The largest element of each window of the last dimension; padding is never the largest, NaN always is. */
export const maxPool1d = maxPool('max_pool1d', 1, 'SqueezeBackward1');
/** The largest element of each window of the last two dimensions. */
export const maxPool2d = maxPool('max_pool2d', 2, 'MaxPool2DWithIndicesBackward0');
/** The largest element of each window of the last three dimensions. */
export const maxPool3d = maxPool('max_pool3d', 3, 'MaxPool3DWithIndicesBackward0');

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
