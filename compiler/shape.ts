// Shapes. In: lists of sizes as users write them. Out: checked, normalised ones. [] is a scalar; sizes of 0 are legal.
// Messages are PyTorch's, so that a user finds the same words.

import { IndexError, ShapeError, ValueError } from './errors.ts';

/** Sizes of the dimensions; [] is a scalar. */
export type Shape = readonly number[];

/** How many elements a tensor of this shape has. */
export function numel(shape: Shape): number {
  let product = 1;
  for (let i = 0; i < shape.length; i++) product *= shape[i];
  return product;
}

export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((size, i) => size === b[i]);

export const showShape = (shape: Shape): string => `[${shape.join(', ')}]`;

/** Row-major strides in elements: the last axis has stride 1. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= shape[i];
  }
  return strides;
}

/** A shape given by a user, or an error that names the operation. */
export function checkShape(op: string, shape: Shape): Shape {
  if (!Array.isArray(shape))
    throw new ShapeError(`${op}(): a shape is an array of sizes, but got ${String(shape)}`);
  for (const size of shape) {
    if (!Number.isInteger(size))
      throw new ShapeError(`${op}(): sizes must be whole numbers, but got [${shape.join(', ')}]`);
    if (size < 0)
      throw new ShapeError(`Trying to create tensor with negative dimension ${size}: ${showShape(shape)}`);
  }
  return shape;
}

/** A dimension counted from either end, as an index; `ndim` 0 accepts 0 and -1 as PyTorch does. */
export function checkDim(dim: number, ndim: number): number {
  const range = Math.max(ndim, 1);
  if (!Number.isInteger(dim))
    throw new ValueError(`a dimension must be a whole number, but got ${String(dim)}`);
  if (dim < -range || dim >= range)
    throw new IndexError(
      `Dimension out of range (expected to be in range of [${-range}, ${range - 1}], but got ${dim})`,
    );
  return dim < 0 ? dim + range : dim;
}

/** Several dimensions, sorted and distinct; undefined or an empty list means all of them, as for PyTorch's reductions. */
export function checkDims(
  op: string,
  dims: number | readonly number[] | null | undefined,
  ndim: number,
): number[] {
  if (dims === undefined || dims === null) return Array.from({ length: ndim }, (_, i) => i);
  const list = typeof dims === 'number' ? [dims] : dims;
  if (list.length === 0) return Array.from({ length: ndim }, (_, i) => i);
  const seen = new Set<number>();
  for (const dim of list) {
    const d = checkDim(dim, ndim);
    if (seen.has(d)) throw new ValueError(`dim ${d} appears multiple times in the list of dims of ${op}()`);
    seen.add(d);
  }
  return ndim === 0 ? [] : [...seen].sort((a, b) => a - b);
}

/** The common shape of operands under broadcasting (NumPy's rule, counted from the last axis). */
export function broadcastShapes(...shapes: readonly Shape[]): Shape {
  const ndim = Math.max(0, ...shapes.map((s) => s.length));
  const out = new Array<number>(ndim).fill(1);
  for (const shape of shapes) {
    for (let i = 0; i < shape.length; i++) {
      const at = ndim - shape.length + i;
      const size = shape[i];
      const other = out[at];
      if (size === other || size === 1) continue;
      if (other !== 1)
        throw new ShapeError(
          `The size of tensor a (${other}) must match the size of tensor b (${size}) at non-singleton dimension ${at}`,
        );
      out[at] = size;
    }
  }
  return out;
}

/** Resolves the single -1 of a requested shape against a number of elements. */
export function inferShape(requested: Shape, elements: number): Shape {
  const unknown = requested.indexOf(-1);
  const bad = (): ShapeError =>
    new ShapeError(`shape '${showShape(requested)}' is invalid for input of size ${elements}`);
  if (requested.some((size, i) => !Number.isInteger(size) || size < -1 || (size === -1 && i !== unknown))) {
    if (requested.filter((size) => size === -1).length > 1)
      throw new ShapeError('only one dimension can be inferred');
    throw new ShapeError(`invalid shape dimension ${requested.find((s) => !Number.isInteger(s) || s < -1)}`);
  }
  if (unknown < 0) {
    if (numel(requested) !== elements) throw bad();
    return requested;
  }
  const known = requested.reduce((product, size) => (size === -1 ? product : product * size), 1);
  if (known === 0)
    throw new ShapeError(
      `cannot reshape tensor of ${elements} elements into shape ${showShape(requested)} because the unspecified dimension size -1 can be any value and is ambiguous`,
    );
  if (elements % known !== 0) throw bad();
  return requested.map((size) => (size === -1 ? elements / known : size));
}
