// Views that take a part of an axis, or turn it around: slice, narrow, select, flip, unfold. In: a node, dimensions and indices as
// users give them (negative ones count from the end). Out: an affine view; the gradient is the view that puts them back among
// zeros (view-affine.ts).

import { IndexError, ShapeError, ValueError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { checkDim, checkDims, numel, showShape } from '../compiler/shape.ts';
import type { AxisMap } from '../compiler/view.ts';
import { along, at, mapRange } from '../compiler/view.ts';
import { affineOp, affineView } from './view-affine.ts';
import { viewRules } from './view-rules.ts';
import { ravel } from './view.ts';

const ops = {
  slice: affineOp('slice'),
  select: affineOp('select'),
  flip: affineOp('flip'),
  unfold: affineOp('unfold'),
  asStrided: affineOp('asStrided'),
};

/** The view that reads one axis through a map and every other one unchanged. */
const onAxis = (ndim: number, dim: number, map: AxisMap): AxisMap[] =>
  Array.from({ length: ndim }, (_, i) => (i === dim ? map : along(i)));

const withSize = (shape: readonly number[], dim: number, size: number): number[] =>
  shape.map((s, i) => (i === dim ? size : s));

/** Elements start, start + step, ... before `end` along a dimension; as in Python, bounds are clamped, never an error. */
export function slice(x: Node, dim: number, start?: number | null, end?: number | null, step = 1): Node {
  const { shape } = x.type;
  if (shape.length === 0) throw new ShapeError('slice() cannot be applied to a 0-dim tensor.');
  const d = checkDim(dim, shape.length);
  if (!Number.isInteger(step) || step <= 0) throw new ValueError('slice step must be positive');
  for (const bound of [start, end])
    if (Number.isNaN(bound) || (Number.isFinite(bound) && !Number.isInteger(bound)))
      throw new ValueError(`slice(): a bound must be a whole number, but got ${bound}`);
  const size = shape[d];
  const clamp = (i: number): number => Math.min(Math.max(i < 0 ? i + size : i, 0), size);
  const from = clamp(start ?? 0);
  const to = clamp(end ?? size);
  const length = Math.max(0, Math.ceil((to - from) / step));
  return affineView(ops.slice, x, withSize(shape, d, length), onAxis(shape.length, d, along(d, step, from)));
}

/** `length` elements from `start`; out of range is an error. */
export function narrow(x: Node, dim: number, start: number, length: number): Node {
  const { shape } = x.type;
  if (shape.length === 0) throw new ShapeError('narrow() cannot be applied to a 0-dim tensor.');
  const d = checkDim(dim, shape.length);
  const size = shape[d];
  if (!Number.isInteger(start) || !Number.isInteger(length))
    throw new ValueError(`narrow(): start and length must be whole numbers, but got ${start} and ${length}`);
  if (length < 0) throw new ValueError('narrow(): length must be non-negative.');
  if (start < -size || start > size)
    throw new IndexError(
      `start out of range (expected to be in range of [${-size}, ${size}], but got ${start})`,
    );
  const from = start < 0 ? start + size : start;
  if (from + length > size)
    throw new IndexError(`start (${from}) + length (${length}) exceeds dimension size (${size}).`);
  return slice(x, d, from, from + length);
}

/** The slice at one index; the dimension disappears. */
export function select(x: Node, dim: number, index: number): Node {
  const { shape } = x.type;
  if (shape.length === 0) throw new IndexError('select() cannot be applied to a 0-dim tensor.');
  const d = checkDim(dim, shape.length);
  const size = shape[d];
  if (!Number.isInteger(index) || index < -size || index >= size)
    throw new IndexError(
      `select(): index ${index} out of range for tensor of size ${showShape(shape)} at dimension ${d}`,
    );
  const place = at(index < 0 ? index + size : index);
  const axes = shape.map((_, i) => (i === d ? place : along(i < d ? i : i - 1)));
  return affineView(
    ops.select,
    x,
    shape.filter((_, i) => i !== d),
    axes,
  );
}

/** Reverses the order along the given dimensions. */
export function flip(x: Node, dims: number | readonly number[]): Node {
  const { shape } = x.type;
  const turned = typeof dims !== 'number' && dims.length === 0 ? [] : checkDims('flip', dims, shape.length);
  const axes = shape.map((size, i) => (turned.includes(i) ? along(i, -1, size - 1) : along(i)));
  return affineView(ops.flip, x, shape, axes);
}

/** Columns in reverse order; at least two dimensions. */
export const fliplr = (x: Node): Node => {
  if (x.type.shape.length < 2) throw new ShapeError('Input must be >= 2-d.');
  return flip(x, 1);
};
/** Rows in reverse order; at least one dimension. */
export const flipud = (x: Node): Node => {
  if (x.type.shape.length < 1) throw new ShapeError('Input must be >= 1-d.');
  return flip(x, 0);
};

/** All windows of `size` elements, `step` apart, of one dimension; the elements of a window become the last dimension. */
export function unfold(x: Node, dimension: number, size: number, step: number): Node {
  const { shape } = x.type;
  const d = checkDim(dimension, shape.length);
  const extent = shape.length === 0 ? 1 : shape[d];
  if (size > extent)
    throw new ShapeError(`maximum size for tensor at dimension ${d} is ${extent} but size is ${size}`);
  if (step <= 0) throw new ValueError(`step is ${step} but must be > 0`);
  if (shape.length === 0) return affineView(ops.unfold, x, [size], []);
  const count = Math.floor((extent - size) / step) + 1;
  const terms = [
    [d, step],
    [shape.length, 1],
  ] as const;
  return affineView(
    ops.unfold,
    x,
    [...withSize(shape, d, count), size],
    onAxis(shape.length, d, { offset: 0, terms }),
  );
}

/** Element i of the result is element offset + sum of strides[k] * i[k] of `x` in row-major order. */
export function asStrided(
  x: Node,
  size: readonly number[],
  stride: readonly number[],
  storageOffset = 0,
): Node {
  if (size.length !== stride.length) throw new ShapeError('mismatch in length of strides and shape');
  if (stride.some((s) => s < 0))
    throw new ValueError(
      `as_strided: Negative strides are not supported at the moment, got strides: ${showShape(stride)}`,
    );
  const map: AxisMap = {
    offset: storageOffset,
    terms: stride.flatMap((s, axis) => (s === 0 ? [] : [[axis, s] as const])),
  };
  const { max } = mapRange(map, size);
  if (numel(size) > 0 && (storageOffset < 0 || max >= numel(x.type.shape)))
    throw new IndexError(
      `setStorage: sizes ${showShape(size)}, strides ${showShape(stride)}, storage offset ${storageOffset} are out of bounds for ${numel(x.type.shape)} elements`,
    );
  return affineView(ops.asStrided, ravel(x), size, [map]);
}

export const rules = viewRules(Object.values(ops));
