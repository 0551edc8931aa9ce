// The distinct values of a tensor, or its distinct slices along a dimension: unique, uniqueConsecutive. In: a tensor, which is read. Out: what
// is distinct, and on request where each element stands in it and how often it occurs. The shape depends on values, so this is
// refused inside a compiled function. As in PyTorch, the result has a backward function, which refuses.

import { IndexError, ShapeError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { checkDim, numel } from '../compiler/shape.ts';
import type { Shape } from '../compiler/shape.ts';
import { distinct } from '../ops/distinct.ts';
import { sortedPositions } from '../ops/merge-sort.ts';
import { ravel } from '../ops/view.ts';
import type { TypedArray } from './buffer.ts';
import { makeBuffer, makeCell } from './cell.ts';
import { lift } from './lift.ts';
import { checkOptions } from './options.ts';
import { publicCall } from './origin.ts';
import { elementsOf } from './read.ts';
import { Tensor } from './tensor.ts';
import { refuseReading } from './trace.ts';

export interface UniqueOptions {
  /** Also where each element (or slice) stands among the distinct ones. */
  readonly returnInverse?: boolean;
  /** Also how often each occurs. */
  readonly returnCounts?: boolean;
  /** The slices along this dimension are compared; without it the elements. */
  readonly dim?: number | null;
}

/** One tensor, or several if more than the values was asked for. */
export interface Unique {
  (x: Tensor): Tensor;
  (x: Tensor, options: UniqueOptions): Tensor | Tensor[];
}

type Kind = Parameters<typeof distinct>[0];

const int32 = (shape: Shape, array: Int32Array): Tensor =>
  new Tensor(makeCell(makeBuffer({ shape, dtype: 'int32' }, array)));

/** What is compared: single elements, or slices. */
interface Items {
  /** The elements of one item after the other. */
  readonly rows: TypedArray;
  readonly count: number;
  /** Elements per item. */
  readonly width: number;
}

/** The slices along a dimension, each contiguous in a copy. */
function slicesOf(elements: TypedArray, shape: Shape, dim: number): Items {
  const [before, count, after] = [numel(shape.slice(0, dim)), shape[dim], numel(shape.slice(dim + 1))];
  const width = before * after;
  const rows = elements.slice();
  for (let b = 0; b < before; b++)
    for (let i = 0; i < count; i++)
      for (let a = 0; a < after; a++) rows[i * width + b * after + a] = elements[(b * count + i) * after + a];
  return { rows, count, width };
}

/** Below 0 if item i comes first: the first elements that differ decide. NaN comes neither first nor last. */
function compareItems({ rows, width }: Items, i: number, j: number): number {
  for (let k = 0; k < width; k++) {
    const [a, b] = [rows[i * width + k], rows[j * width + k]];
    if (a < b) return -1;
    if (a > b) return 1;
  }
  return 0;
}

/** NaN is not equal to itself: an item that has one is like no other. */
function sameItem({ rows, width }: Items, i: number, j: number): boolean {
  for (let k = 0; k < width; k++) if (rows[i * width + k] !== rows[j * width + k]) return false;
  return true;
}

const ascending = (items: Items): ArrayLike<number> =>
  items.width === 1
    ? sortedPositions(Float64Array.from(items.rows), false)
    : Array.from({ length: items.count }, (_, i) => i).sort((i, j) => compareItems(items, i, j) || i - j);

interface Found {
  /** Where each distinct item occurs first, in the order of the result. */
  readonly firsts: Int32Array;
  readonly counts: Int32Array;
  /** For each item its place in the result. */
  readonly inverse: Int32Array;
}

/** Runs of equal items in this order. */
function runsOf(items: Items, order: ArrayLike<number>): Found {
  const [firsts, counts]: [number[], number[]] = [[], []];
  const inverse = new Int32Array(items.count);
  for (let k = 0; k < order.length; k++) {
    if (k === 0 || !sameItem(items, order[k], order[k - 1])) {
      firsts.push(order[k]);
      counts.push(0);
    }
    counts[counts.length - 1]++;
    inverse[order[k]] = counts.length - 1;
  }
  return { firsts: Int32Array.from(firsts), counts: Int32Array.from(counts), inverse };
}

/** The dimension along which slices are compared, in PyTorch's words if there is none. */
function sliceDim(shape: Shape, dim: number): number {
  const d = checkDim(dim, shape.length);
  if (shape.length === 0) throw new IndexError(`Dimension specified as ${dim} but tensor has no dimensions`);
  const empty = shape.filter((size) => size === 0).length;
  if (empty > 1)
    throw new ShapeError('Number of zero sized dimensions is more than one, so unique cannot be applied ');
  if (empty === 1 && shape[d] !== 0)
    throw new ShapeError(
      "There are 0 sized dimensions, and they aren't selected, so unique cannot be applied",
    );
  return d;
}

const valuesAt = (kind: Kind): ((x: Tensor, dim: number | null, at: Tensor) => Tensor) =>
  lift(kind, ((x: Node, dim: number | null, at: Node) =>
    distinct(kind, dim === null ? ravel(x) : x, dim ?? 0, at)) as never) as (
    x: Tensor,
    dim: number | null,
    at: Tensor,
  ) => Tensor;

const makeUnique = (
  name: string,
  kinds: { readonly flat: Kind; readonly along: Kind },
  order: (items: Items) => ArrayLike<number>,
): Unique => {
  const [flat, along] = [valuesAt(kinds.flat), valuesAt(kinds.along)];
  return ((x: Tensor, options: UniqueOptions = {}) =>
    publicCall(name, () => {
      checkOptions(name, options, ['returnInverse', 'returnCounts', 'dim']);
      refuseReading(`${name}()`);
      const { returnInverse = false, returnCounts = false } = options;
      const dim = options.dim === undefined || options.dim === null ? null : sliceDim(x.shape, options.dim);
      const elements = elementsOf(x);
      const items =
        dim === null
          ? { rows: elements, count: elements.length, width: 1 }
          : slicesOf(elements, x.shape, dim);
      const { firsts, counts, inverse } = runsOf(items, order(items));
      const values = (dim === null ? flat : along)(x, dim, int32([firsts.length], firsts));
      if (!returnInverse && !returnCounts) return values;
      return [
        values,
        ...(returnInverse ? [int32(dim === null ? x.shape : [items.count], inverse)] : []),
        ...(returnCounts ? [int32([counts.length], counts)] : []),
      ];
    })) as Unique;
};

/**
 * The distinct values, ascending: `unique(x, { returnInverse: true, returnCounts: true })` is [values, inverse, counts]. With `dim` the
 * distinct slices, by their first elements that differ. Reads the tensor.
 */
export const unique = makeUnique('unique', { flat: 'unique', along: 'uniqueDim' }, ascending);

/** The values, or slices, without those that equal the one before. Reads the tensor. */
export const uniqueConsecutive = makeUnique(
  'uniqueConsecutive',
  { flat: 'uniqueConsecutive', along: 'uniqueDimConsecutive' },
  ({ count }) => Int32Array.from({ length: count }, (_, i) => i),
);
