// Maximum pooling. In: a node [..., size], kernel, stride and the like. Out: one node that stands for a maximum over a view of windows; and on
// request another one, where in the plane of `size` each maximum lies.
//
// The gradient goes to the first largest element of its window, or to its last NaN. It is gathered, not scattered: a position asks each window that
// reads it whether that window's choice (an argmax over the taps) is this tap.

import { dtypes, isFloat } from '../compiler/dtype.ts';
import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import { defineOp } from '../compiler/op.ts';
import { arg, s } from '../compiler/scalar.ts';
import { numel } from '../compiler/shape.ts';
import type { Shape } from '../compiler/shape.ts';
import { add } from './binary.ts';
import { cast } from './cast.ts';
import { eq, ge, isnan } from './compare.ts';
import type { PerAxis } from './conv.ts';
import { checkPool, intoPlace, isDisjoint, pooled, tapAxes } from './pool-core.ts';
import type { MaxPoolOptions, PoolAttrs } from './pool-core.ts';
import { pointwise } from './pointwise.ts';
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

/** The tap that each window has chosen. */
function chosenTaps(x: Node, geometry: Geometry): Node {
  const taps = tapAxes(x, geometry.size.length);
  // what is read outside must not be chosen, not even where all else is -Infinity
  const inside = geometry.padding.every(([before]) => before === 0)
    ? x
    : clampMin(x, dtypes[x.type.dtype].lowest);
  const seen = windows(inside, geometry.kernel, { ...geometry, fill: lowest(x) });
  const largest = node(chosenTap, [seen], { axes: taps, keepdim: false });
  if (!isFloat(x.type.dtype)) return largest;
  const lastNaN = amax(where(isnan(seen), tapNumber(geometry.kernel), -1), taps);
  return where(ge(lastNaN, 0), lastNaN, largest);
}

/** g brought to the element that each window has chosen. */
function route(g: Node, x: Node, geometry: Geometry): Node {
  const taps = tapAxes(x, geometry.size.length);
  const tap = tapNumber(geometry.kernel);
  const chosen = chosenTaps(x, geometry);
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

/** The row-major place in the plane of the tap (the first input) of the window at some numbers (the others). */
const placeOf = pointwise<Geometry>('maxPoolPlace', {
  expr({ size, kernel, stride, dilation, padding }) {
    const at = size.map((_, i) => {
      const above = s.floor(s.div(arg(0), numel(kernel.slice(i + 1))));
      const tap = s.sub(above, s.mul(s.floor(s.div(above, kernel[i])), kernel[i]));
      return s.add(s.sub(s.mul(arg(i + 1), stride[i]), padding[i][0]), s.mul(tap, dilation[i]));
    });
    return at.reduce((place, p, i) => s.add(s.mul(place, size[i]), p));
  },
  dtype: 'int32',
});

const maxPoolIndicesOp = defineOp<Geometry>({
  name: 'maxPoolIndices',
  type: ([x], attrs) => ({ shape: pooled(x.shape, attrs), dtype: 'int32' }),
  meaning: ({ inputs: [x], attrs }) => ({
    tag: 'composite',
    expand() {
      const numbers = attrs.count.map((_, i) => iota(attrs.count, i, 'float64'));
      return node(placeOf, [cast(chosenTaps(x, attrs), 'float64'), ...numbers], attrs);
    },
  }),
  nondifferentiable: true,
});

export interface MaxPoolIndexOptions extends MaxPoolOptions {
  /** Also where each maximum lies in its plane: int32, counted in row-major order over the pooled dimensions. */
  readonly returnIndices?: boolean;
}

/** The values, or with `returnIndices` [values, indices]. */
export interface MaxPool {
  (x: Node, kernelSize: PerAxis, options?: MaxPoolOptions & { readonly returnIndices?: false }): Node;
  (x: Node, kernelSize: PerAxis, options: MaxPoolOptions & { readonly returnIndices: true }): [Node, Node];
  (x: Node, kernelSize: PerAxis, options?: MaxPoolIndexOptions): Node | [Node, Node];
}
const maxPool = (op: string, ndim: number, gradName: string): MaxPool =>
  ((x: Node, kernelSize: PerAxis, options: MaxPoolIndexOptions = {}) => {
    const geometry = checkPool(op, ndim, x, kernelSize, options);
    const values = node(maxPoolOp, [x], { ...geometry, gradName });
    return options.returnIndices ? [values, node(maxPoolIndicesOp, [x], geometry)] : values;
  }) as MaxPool;

/**
 * The largest element of each window of the last dimension; padding is never the largest, NaN always is. With `returnIndices` also where each
 * lies: `const [values, indices] = maxPool1d(x, 2, { returnIndices: true })`, which `maxUnpool1d` takes.
 */
export const maxPool1d = maxPool('max_pool1d', 1, 'SqueezeBackward1');
/** The largest element of each window of the last two dimensions; with `returnIndices` [values, indices], for `maxUnpool2d`. */
export const maxPool2d = maxPool('max_pool2d', 2, 'MaxPool2DWithIndicesBackward0');
/** The largest element of each window of the last three dimensions; with `returnIndices` [values, indices], for `maxUnpool3d`. */
export const maxPool3d = maxPool('max_pool3d', 3, 'MaxPool3DWithIndicesBackward0');
