// Cutting along a dimension: split, chunk, tensorSplit, unbind. In: a node. Out: several views of it, one for each part.

import { ShapeError, ValueError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { checkDim, showShape } from '../compiler/shape.ts';
import { along } from '../compiler/view.ts';
import type { DimOption } from './join.ts';
import { boundsOf, dimOf } from './join.ts';
import { narrow } from './slice.ts';
import { affineOp, affineView } from './view-affine.ts';
import { viewRules } from './view-rules.ts';

const ops = {
  split: affineOp('split'),
  splitSizes: affineOp('splitSizes', 'SplitWithSizesBackward0'),
  unbind: affineOp('unbind'),
};

/** Consecutive parts of the given sizes. */
function cut(op: typeof ops.split, x: Node, dim: number, sizes: readonly number[]): Node[] {
  const { shape } = x.type;
  const bounds = boundsOf(sizes);
  return sizes.map((size, k) =>
    affineView(
      op,
      x,
      shape.map((s, i) => (i === dim ? size : s)),
      shape.map((_, i) => along(i, 1, i === dim ? bounds[k] : 0)),
    ),
  );
}

/** Parts of `size` elements (the last may be smaller), or of the sizes listed. */
export function split(x: Node, size: number | readonly number[], options?: number | DimOption): Node[] {
  const { shape } = x.type;
  if (shape.length === 0) throw new ShapeError('split expects at least a 1-dimensional tensor');
  const dim = checkDim(dimOf(options), shape.length);
  const extent = shape[dim];
  if (typeof size !== 'number') {
    if (size.some((s) => s < 0) || size.reduce((a, b) => a + b, 0) !== extent)
      throw new ShapeError(
        `split_with_sizes expects split_sizes to sum exactly to ${extent} (input tensor's size at dimension ${dim}), but got split_sizes=${showShape(size)}`,
      );
    return cut(ops.splitSizes, x, dim, size);
  }
  if (size < 0) throw new ValueError(`split expects split_size be non-negative, but got split_size=${size}`);
  if (size === 0 && extent !== 0)
    throw new ValueError(
      `split_size can only be 0 if dimension size is 0, but got dimension size of ${extent}`,
    );
  const count = size === 0 ? 1 : Math.max(1, Math.ceil(extent / size));
  return cut(
    ops.split,
    x,
    dim,
    Array.from({ length: count }, (_, k) => Math.min(size, extent - k * size)),
  );
}

/** At most `chunks` parts of equal size; the last may be smaller. */
export function chunk(x: Node, chunks: number, options?: number | DimOption): Node[] {
  if (x.type.shape.length === 0) throw new ShapeError('chunk expects at least a 1-dimensional tensor');
  if (!(chunks > 0)) throw new ValueError(`chunk expects \`chunks\` to be greater than 0, got: ${chunks}`);
  const dim = checkDim(dimOf(options), x.type.shape.length);
  const size = Math.ceil(x.type.shape[dim] / chunks);
  if (size === 0)
    return cut(
      ops.splitSizes,
      x,
      dim,
      Array.from({ length: chunks }, () => 0),
    );
  return split(x, size, dim);
}

/** Nearly equal parts (the first ones one larger), or cuts at the given indices. */
export function tensorSplit(x: Node, at: number | readonly number[], options?: number | DimOption): Node[] {
  if (x.type.shape.length === 0)
    throw new ShapeError(
      'tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims',
    );
  const dim = checkDim(dimOf(options), x.type.shape.length);
  const extent = x.type.shape[dim];
  if (typeof at === 'number') {
    if (!(at > 0)) throw new ValueError(`number of sections must be larger than 0, got ${at}`);
    const sizes = Array.from({ length: at }, (_, k) => Math.floor(extent / at) + (k < extent % at ? 1 : 0));
    const bounds = boundsOf(sizes);
    return sizes.map((size, k) => narrow(x, dim, bounds[k], size));
  }
  const clamp = (i: number): number => Math.min(Math.max(i < 0 ? i + extent : i, 0), extent);
  const ends = [...at.map(clamp), extent];
  return ends.map((end, k) => {
    const start = k === 0 ? 0 : ends[k - 1];
    return narrow(x, dim, start, Math.max(0, end - start));
  });
}

/** All slices along a dimension (the first), without it. */
export function unbind(x: Node, options?: number | DimOption): Node[] {
  const { shape } = x.type;
  if (shape.length === 0) throw new ShapeError('Dimension specified as 0 but tensor has no dimensions');
  const dim = checkDim(dimOf(options), shape.length);
  const out = shape.filter((_, i) => i !== dim);
  return Array.from({ length: shape[dim] }, (_, k) =>
    affineView(
      ops.unbind,
      x,
      out,
      shape.map((_, i) => (i === dim ? { offset: k, terms: [] } : along(i < dim ? i : i - 1))),
    ),
  );
}

/** `split` along columns (rows of a vector) and along rows. */
export const hsplit = (x: Node, at: number | readonly number[]): Node[] =>
  tensorSplit(x, at, x.type.shape.length === 1 ? 0 : 1);
/** Parts along the first dimension. */
export const vsplit = (x: Node, at: number | readonly number[]): Node[] => tensorSplit(x, at, 0);
/** Parts along the third dimension. */
export const dsplit = (x: Node, at: number | readonly number[]): Node[] => tensorSplit(x, at, 2);

export const rules = viewRules(Object.values(ops));
