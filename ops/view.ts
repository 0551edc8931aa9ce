// Views that rearrange whole axes: reshape, permute, expand, squeeze and their relatives. In: a node and shapes or dimensions as
// users give them. Out: a node that computes nothing and reads the same elements elsewhere.
// All but `reshape` are affine index maps; so is a reshape that only adds or drops axes of size 1.

import { ShapeError, ValueError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import { defineOp } from '../compiler/op.ts';
import type { Op } from '../compiler/op.ts';
import type { Shape } from '../compiler/shape.ts';
import { checkDim, inferShape, numel, sameShape, showShape } from '../compiler/shape.ts';
import type { AxisMap, View } from '../compiler/view.ts';
import { along, at, broadcastView } from '../compiler/view.ts';
import { sumTo } from './reduce-sum.ts';
import { affineOp, affineView } from './view-affine.ts';
import { viewRules } from './view-rules.ts';
import type { AffineAttrs } from './view-affine.ts';

export interface ReshapeAttrs {
  readonly shape: Shape;
}

/** How `from` is read as `to`: affine if the two differ only in axes of size 1. */
export function reshapeView(from: Shape, to: Shape): View {
  const big = (shape: Shape): number[] => shape.map((_, i) => i).filter((i) => shape[i] !== 1);
  const source = big(from);
  const target = big(to);
  if (source.length !== target.length || source.some((i, k) => from[i] !== to[target[k]]))
    return { tag: 'reshape' };
  return {
    tag: 'affine',
    axes: from.map((size, i) => (size === 1 ? at(0) : along(target[source.indexOf(i)]))),
  };
}

const reshapeOp = (name: string, gradName: string): Op<ReshapeAttrs> =>
  defineOp<ReshapeAttrs>({
    name,
    type: ([x], { shape }) => ({ shape, dtype: x.dtype }),
    meaning: (n) => ({ tag: 'view', view: reshapeView(n.inputs[0].type.shape, n.attrs.shape) }),
    vjp: (g, n) => [reshape(g, n.inputs[0].type.shape)],
    gradName: () => gradName,
  });

const ops = {
  reshape: reshapeOp('reshape', 'ReshapeAliasBackward0'),
  view: reshapeOp('view', 'ViewBackward0'),
  squeeze: reshapeOp('squeeze', 'SqueezeBackward0'),
  squeezeDim: reshapeOp('squeezeDim', 'SqueezeBackward1'),
  unsqueeze: reshapeOp('unsqueeze', 'UnsqueezeBackward0'),
  permute: affineOp('permute'),
  transpose: affineOp('transpose'),
  t: affineOp('t', 'TBackward0'),
  expand: {
    ...affineOp('expand'),
    vjp: (g: Node, n: Node<AffineAttrs>) => [sumTo(g, n.inputs[0].type.shape)],
  },
};

/** The same elements in row-major order under another shape; one size may be -1. */
export const reshape = (x: Node, shape: Shape): Node =>
  node(ops.reshape, [x], { shape: inferShape(shape, numel(x.type.shape)) });

/** As `reshape`: values have no strides here, so every view is possible. */
export const view = (x: Node, shape: Shape): Node =>
  node(ops.view, [x], { shape: inferShape(shape, numel(x.type.shape)) });

/** `view` with the shape of another tensor. */
export const viewAs = (x: Node, other: Node): Node => view(x, other.type.shape);
/** `reshape` with the shape of another tensor. */
export const reshapeAs = (x: Node, other: Node): Node => reshape(x, other.type.shape);
/** All elements in a row; a view of them, as PyTorch first copies what is not contiguous. */
export const ravel = (x: Node): Node => view(x, [-1]);

/** Merges the dimensions from `startDim` to `endDim`; a scalar becomes [1]. */
export function flatten(x: Node, startDim = 0, endDim = -1): Node {
  const { shape } = x.type;
  if (shape.length === 0) return reshape(x, [1]);
  const start = checkDim(startDim, shape.length);
  const end = checkDim(endDim, shape.length);
  if (start > end) throw new ShapeError('flatten() has invalid args: start_dim cannot come after end_dim');
  if (start === end) return x;
  return reshape(x, [...shape.slice(0, start), numel(shape.slice(start, end + 1)), ...shape.slice(end + 1)]);
}

/** Splits one dimension into several; one size may be -1. */
export function unflatten(x: Node, dim: number, sizes: Shape): Node {
  const { shape } = x.type;
  const d = checkDim(dim, shape.length);
  if (sizes.length === 0) throw new ValueError('unflatten: sizes must be non-empty');
  const known = sizes.reduce((product, size) => (size === -1 ? product : product * size), 1);
  if (sizes.includes(-1) ? known === 0 || shape[d] % known !== 0 : known !== shape[d])
    throw new ShapeError(
      `unflatten: Provided sizes ${showShape(sizes)} don't multiply up to the size of dim ${d} (${shape[d]}) in the input tensor`,
    );
  return view(x, [...shape.slice(0, d), ...inferShape(sizes, shape[d]), ...shape.slice(d + 1)]);
}

/** Drops the given dimensions where they have size 1, or all of size 1. */
export function squeeze(x: Node, dim?: number | readonly number[]): Node {
  const { shape } = x.type;
  if (dim === undefined) return node(ops.squeeze, [x], { shape: shape.filter((size) => size !== 1) });
  const dims = (typeof dim === 'number' ? [dim] : dim).map((d) => checkDim(d, shape.length));
  return node(ops.squeezeDim, [x], { shape: shape.filter((size, i) => size !== 1 || !dims.includes(i)) });
}

/** A new dimension of size 1 before `dim`. */
export function unsqueeze(x: Node, dim: number): Node {
  const { shape } = x.type;
  const d = checkDim(dim, shape.length + 1);
  return node(ops.unsqueeze, [x], { shape: [...shape.slice(0, d), 1, ...shape.slice(d)] });
}

function reorder(op: Op<AffineAttrs>, x: Node, order: readonly number[]): Node {
  const axes = new Array<AxisMap>(order.length);
  order.forEach((from, to) => (axes[from] = along(to)));
  return affineView(
    op,
    x,
    order.map((d) => x.type.shape[d]),
    axes,
  );
}

/** Dimension `j` of the result is dimension `dims[j]` of `x`. */
export function permute(x: Node, dims: readonly number[]): Node {
  const ndim = x.type.shape.length;
  if (!Array.isArray(dims))
    throw new ShapeError(`permute(): dims is an array of dimensions, but got ${String(dims)}`);
  if (dims.length !== ndim)
    throw new ShapeError(
      `permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired ordering of dimensions i.e. input.dim() = ${ndim} is not equal to len(dims) = ${dims.length}`,
    );
  const order = dims.map((d) => checkDim(d, ndim));
  if (new Set(order).size !== ndim) throw new ShapeError('permute(): duplicate dims are not allowed.');
  return reorder(ops.permute, x, order);
}

const swapped = (ndim: number, a: number, b: number): number[] =>
  Array.from({ length: ndim }, (_, i) => (i === a ? b : i === b ? a : i));

/** Exchanges two dimensions. */
export function transpose(x: Node, dim0: number, dim1: number): Node {
  const ndim = x.type.shape.length;
  const [a, b] = [checkDim(dim0, ndim), checkDim(dim1, ndim)];
  return reorder(ops.transpose, x, swapped(ndim, a, b));
}
/** `transpose` under the name of NumPy. */
export const swapaxes = transpose;
/** `transpose` under another name. */
export const swapdims = transpose;

/** The transposed matrix; vectors and scalars stay as they are. */
export function t(x: Node): Node {
  const ndim = x.type.shape.length;
  if (ndim > 2) throw new ShapeError(`t() expects a tensor with <= 2 dimensions, but self is ${ndim}D`);
  return reorder(ops.t, x, ndim === 2 ? [1, 0] : ndim === 1 ? [0] : []);
}

/** All dimensions in reverse order: `x.T`. */
export const reversedDims = (x: Node): Node =>
  permute(
    x,
    x.type.shape.map((_, i) => x.type.shape.length - 1 - i),
  );

/** Matrices of the last two dimensions, transposed: `x.mT`. */
export function matrixTranspose(x: Node): Node {
  const ndim = x.type.shape.length;
  if (ndim < 2)
    throw new ShapeError(
      `tensor.mT is only supported on matrices or batches of matrices. Got ${ndim}-D tensor.`,
    );
  return transpose(x, -2, -1);
}

/** Moves dimensions to new places; the others keep their order. */
export function movedim(
  x: Node,
  source: number | readonly number[],
  destination: number | readonly number[],
): Node {
  const ndim = x.type.shape.length;
  const list = (dims: number | readonly number[]): number[] =>
    (typeof dims === 'number' ? [dims] : dims).map((d) => checkDim(d, ndim));
  const [from, to] = [list(source), list(destination)];
  if (from.length !== to.length)
    throw new ShapeError(
      `movedim: Invalid source or destination dims: source (${showShape(from)} dims) should contain the same number of dims as destination (${showShape(to)} dims)`,
    );
  for (const [name, dims] of [
    ['source', from],
    ['destination', to],
  ] as const)
    if (new Set(dims).size !== dims.length)
      throw new ShapeError(`movedim: repeated dim in \`${name}\` (${showShape(dims)})`);
  const rest = x.type.shape.map((_, i) => i).filter((i) => !from.includes(i));
  const order = x.type.shape.map((_, i) => (to.includes(i) ? from[to.indexOf(i)] : rest.shift()!));
  return permute(x, order);
}
/** `movedim` under the name of NumPy. */
export const moveaxis = movedim;

/** Repeats dimensions of size 1 without copying; -1 keeps a size, new dimensions come first. */
export function expand(x: Node, sizes: Shape): Node {
  const { shape, dtype } = x.type;
  const lead = sizes.length - shape.length;
  if (lead < 0)
    throw new ShapeError(
      `expand(${dtype}${showShape(shape)}, size=${showShape(sizes)}): the number of sizes provided (${sizes.length}) must be greater or equal to the number of dimensions in the tensor (${shape.length})`,
    );
  const out = sizes.map((size, i) => {
    const existing = i < lead ? 1 : shape[i - lead];
    if (size === -1) {
      if (i >= lead) return existing;
      throw new ShapeError(
        `The expanded size of the tensor (-1) isn't allowed in a leading, non-existing dimension ${i}`,
      );
    }
    if (size !== existing && existing !== 1)
      throw new ShapeError(
        `The expanded size of the tensor (${size}) must match the existing size (${existing}) at non-singleton dimension ${i}.  Target sizes: ${showShape(sizes)}.  Tensor sizes: ${showShape(shape)}`,
      );
    if (!Number.isInteger(size) || size < 0) throw new ShapeError(`expand: invalid size ${size}`);
    return size;
  });
  const read = broadcastView(shape, out);
  return affineView(ops.expand, x, out, read.tag === 'affine' ? read.axes : []);
}
/** `expand` under the name of NumPy. */
export const broadcastTo = expand;
/** `expand` to the shape of another tensor. */
export const expandAs = (x: Node, other: Node): Node => expand(x, other.type.shape);

/** `x` repeated to a shape it broadcasts to, or `x` itself: for formulas. */
export const spread = (x: Node, shape: Shape): Node =>
  sameShape(x.type.shape, shape) ? x : expand(x, shape);

export const rules = viewRules(Object.values(ops));
