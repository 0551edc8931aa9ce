// Adaptive pooling: windows are chosen so that the result has the size asked for. In: a node [..., size] and the result's size, where null
// keeps an axis. Out: one node. Result o of m covers the elements from floor(o * n / m) to ceil((o + 1) * n / m) of n.
//
// Where m divides n these are ordinary windows. Otherwise each axis in turn is reduced under a mask; a sum of numbers and a
// largest element can both be found axis by axis.

import { dtypes, isFloat } from '../compiler/dtype.ts';
import { DTypeError, ShapeError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import { defineOp } from '../compiler/op.ts';
import type { Op } from '../compiler/op.ts';
import { arg, s } from '../compiler/scalar.ts';
import { showShape } from '../compiler/shape.ts';
import type { Shape } from '../compiler/shape.ts';
import { div } from './binary.ts';
import { cast } from './cast.ts';
import { eq, ge, isnan } from './compare.ts';
import { checkFloats } from './operand.ts';
import { pointwise } from './pointwise.ts';
import { avgPoolOp } from './pool.ts';
import { argmax } from './reduce-pick.ts';
import { sum } from './reduce-sum.ts';
import { amax, mean } from './reduce.ts';
import { clampMin, where } from './select.ts';
import { iota } from './source.ts';
import { unsqueeze } from './view.ts';

interface Extent {
  /** Elements of the axis, and results. */
  readonly n: number;
  readonly m: number;
}

/** 1 where an element (the second input) belongs to a result (the first). */
const belongs = pointwise<Extent>('belongs', {
  expr({ n, m }) {
    const [o, p] = [arg(0), arg(1)];
    const from = s.floor(s.div(s.mul(o, n), m));
    const to = s.ceil(s.div(s.mul(s.add(o, 1), n), m));
    return s.and(s.ge(p, from), s.lt(p, to));
  },
  dtype: 'bool',
});

/** The axis `axis` as two, result and element, where what does not belong together reads `fill`. */
function spreadAxis(
  x: Node,
  axis: number,
  m: number,
  fill: number,
): { readonly spread: Node; readonly mask: Node } {
  const rest = x.type.shape.slice(axis + 1).map(() => 1);
  const n = x.type.shape[axis];
  const o = iota([m, 1, ...rest], 0, 'float64');
  const p = iota([1, n, ...rest], 1, 'float64');
  const mask = node(belongs, [o, p], { n, m });
  return { spread: where(mask, unsqueeze(x, axis), fill), mask };
}

const spatial = (x: Node, out: Shape): number[] => out.map((_, i) => x.type.shape.length - out.length + i);

function average(x: Node, out: Shape): Node {
  const axes = spatial(x, out);
  const size = axes.map((axis) => x.type.shape[axis]);
  const kernel = size.map((n, i) => n / out[i]);
  if (kernel.every(Number.isInteger)) {
    const plain = { dilation: out.map(() => 1), padding: out.map(() => [0, 0] as const), groups: 1 };
    const attrs = {
      size,
      kernel,
      count: out,
      stride: kernel,
      ...plain,
      gradName: '',
      countIncludePad: true,
      divisor: null,
    };
    return node(avgPoolOp, [x], attrs);
  }
  return axes.reduce((y, axis, i) => {
    const { spread, mask } = spreadAxis(y, axis, out[i], 0);
    return div(sum(spread, axis + 1), cast(sum(mask, 1), x.type.dtype));
  }, x);
}

interface Along {
  readonly axis: number;
  readonly m: number;
}

/**
 * The largest elements along one axis. As for maxPool the gradient goes to the first largest element or to the last NaN, never to what does not
 * belong to the window, not even where all else is -Infinity.
 */
const largestAlongOp = defineOp<Along>({
  name: 'adaptiveMaxAlong',
  type: ([x], { axis, m }) => ({ shape: x.shape.with(axis, m), dtype: x.dtype }),
  meaning: ({ inputs: [x], attrs: { axis, m } }) => {
    const { lowest } = dtypes[x.type.dtype];
    const fill = isFloat(x.type.dtype) ? -Infinity : lowest;
    return { tag: 'composite', expand: () => amax(spreadAxis(x, axis, m, fill).spread, axis + 1) };
  },
  vjp: (g, { inputs: [x], attrs: { axis, m } }) => {
    const inside = clampMin(x, dtypes[x.type.dtype].lowest);
    const { spread } = spreadAxis(inside, axis, m, -Infinity);
    const place = iota(
      x.type.shape.slice(axis).map((size, i) => (i === 0 ? size : 1)),
      0,
      'int32',
    );
    const lastNaN = amax(where(isnan(spread), place, -1), axis + 1, true);
    const chosen = where(ge(lastNaN, 0), lastNaN, argmax(spread, axis + 1, true));
    return [sum(where(eq(chosen, place), unsqueeze(g, axis + 1), 0), axis)];
  },
  saves: () => ({ self: 0 }),
});

/** The last axis first: so the first largest element, or last NaN, is that in row-major order. */
const largest = (x: Node, out: Shape): Node =>
  spatial(x, out).reduceRight((y, axis, i) => node(largestAlongOp, [y], { axis, m: out[i] }), x);

interface AdaptiveAttrs {
  readonly out: Shape;
  readonly gradName: string;
}

const adaptiveOp = (name: string, formula: (x: Node, out: Shape) => Node): Op<AdaptiveAttrs> =>
  defineOp<AdaptiveAttrs>({
    name,
    type: ([x], { out }) => ({ shape: [...x.shape.slice(0, -out.length), ...out], dtype: x.dtype }),
    meaning: ({ inputs: [x], attrs: { out } }) => ({ tag: 'composite', expand: () => formula(x, out) }),
    gradName: ({ attrs }) => attrs.gradName,
    saves: () => ({ self: 0 }),
  });

const ops = {
  average: adaptiveOp('adaptiveAvgPool', average),
  largest: adaptiveOp('adaptiveMaxPool', largest),
};

export type OutputSize = number | readonly (number | null)[];

function outputShape(op: string, ndim: number, x: Node, size: OutputSize): Shape {
  const { shape } = x.type;
  if (shape.length !== ndim + 1 && shape.length !== ndim + 2)
    throw new ShapeError(
      `${op}(): Expected ${ndim + 1}D or ${ndim + 2}D tensor, but got ${showShape(shape)}`,
    );
  const list = typeof size === 'number' ? new Array<number>(ndim).fill(size) : size;
  if (list.length !== ndim)
    throw new ShapeError(`${op}(): output_size must be ${ndim} sizes, but got ${list.length}`);
  const kept = shape.slice(-ndim);
  kept.forEach((s, i) => {
    if (s === 0)
      throw new ShapeError(
        `${op}(): Expected input to have non-zero size for non-batch dimensions, but input has sizes ${showShape(shape)} with dimension ${shape.length - ndim + i} being empty`,
      );
  });
  return list.map((s, i) => s ?? kept[i]);
}

type AdaptivePool = (x: Node, outputSize: OutputSize) => Node;

const adaptive =
  (kind: keyof typeof ops, name: string, ndim: number, gradName: string): AdaptivePool =>
  (x, outputSize) => {
    if (kind === 'average') checkFloats(name, x);
    else if (x.type.dtype === 'bool') throw new DTypeError(`"${name}" not implemented for 'Bool'`);
    const out = outputShape(name, ndim, x, outputSize);
    // PyTorch takes a plain mean for a single result
    if (kind === 'average' && ndim > 1 && out.every((s) => s === 1)) return mean(x, spatial(x, out), true);
    return node(ops[kind], [x], { out, gradName });
  };

/** The averages of as many parts of the last dimension as asked for. */
export const adaptiveAvgPool1d = adaptive('average', 'adaptive_avg_pool1d', 1, 'SqueezeBackward1');
/** The averages of as many parts of the last two dimensions as asked for. */
export const adaptiveAvgPool2d = adaptive('average', 'adaptive_avg_pool2d', 2, 'AdaptiveAvgPool2DBackward0');
/** The averages of as many parts of the last three dimensions as asked for. */
export const adaptiveAvgPool3d = adaptive('average', 'adaptive_avg_pool3d', 3, 'AdaptiveAvgPool3DBackward0');

/** The largest elements of as many parts of the last dimension as asked for. */
export const adaptiveMaxPool1d = adaptive('largest', 'adaptive_max_pool1d', 1, 'SqueezeBackward1');
/** The largest elements of as many parts of the last two dimensions as asked for. */
export const adaptiveMaxPool2d = adaptive('largest', 'adaptive_max_pool2d', 2, 'AdaptiveMaxPool2DBackward0');
/** The largest elements of as many parts of the last three dimensions as asked for. */
export const adaptiveMaxPool3d = adaptive('largest', 'adaptive_max_pool3d', 3, 'AdaptiveMaxPool3DBackward0');
