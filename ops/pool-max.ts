// Maximum pooling. In: a node [..., size], kernel, stride and the like. Out: one node that stands for a maximum over a view of windows.
//
// The gradient goes to the first largest element of its window, or to its last NaN. It is gathered, not scattered: a position asks each window that
// reads it whether that window's choice (an argmax over the taps) is this tap.

import { dtypes, isFloat } from '../compiler/dtype.ts';
import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import { defineOp } from '../compiler/op.ts';
import { numel } from '../compiler/shape.ts';
import type { Shape } from '../compiler/shape.ts';
import { add } from './binary.ts';
import { eq, ge, isnan } from './compare.ts';
import type { PerAxis } from './conv.ts';
import { checkPool, intoPlace, isDisjoint, pooled, tapAxes } from './pool-core.ts';
import type { MaxPoolOptions, PoolAttrs } from './pool-core.ts';
import type { ReduceAttrs } from './reduce-sum.ts';
import { reduceType, reduction, sum } from './reduce-sum.ts';
import { amax } from './reduce.ts';
import { clampMin, where } from './select.ts';
import { iota } from './source.ts';
import { reshape } from './view.ts';
import type { Geometry } from './window.ts';
import { spreadWindows } from './window.ts';
import { windows } from './window-view.ts';

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
  const tap = tapNumber(geometry.kernel);
  const largest = node(chosenTap, [seen], { axes: taps, keepdim: false });
  const lastNaN = amax(where(isnan(seen), tap, -1), taps);
  const chosen = isFloat(x.type.dtype) ? where(ge(lastNaN, 0), lastNaN, largest) : largest;
  if (isDisjoint(geometry)) {
    const [choice, slope] = [chosen, g].map((v) => reshape(v, [...g.type.shape, ...taps.map(() => 1)]));
    return intoPlace(where(eq(choice, tap), slope, 0), geometry);
  }
  return sum(where(eq(spreadWindows(chosen, geometry, -1), tap), spreadWindows(g, geometry), 0), taps);
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

type MaxPool = (x: Node, kernelSize: PerAxis, options?: MaxPoolOptions) => Node;
const maxPool =
  (op: string, ndim: number, gradName: string): MaxPool =>
  (x, kernelSize, options = {}) =>
    node(maxPoolOp, [x], { ...checkPool(op, ndim, x, kernelSize, options), gradName });

/** The largest element of each window of the last dimension; padding is never the largest, NaN always is. */
export const maxPool1d = maxPool('max_pool1d', 1, 'SqueezeBackward1');
/** The largest element of each window of the last two dimensions. */
export const maxPool2d = maxPool('max_pool2d', 2, 'MaxPool2DWithIndicesBackward0');
/** The largest element of each window of the last three dimensions. */
export const maxPool3d = maxPool('max_pool3d', 3, 'MaxPool3DWithIndicesBackward0');
