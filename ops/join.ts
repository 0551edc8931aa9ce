// Joining along a dimension: cat, stack and their relatives. In: nodes. Out: one node.
//
// A cat is fusable: a choice, by the index along the axis, among views of the parts that are shifted into place. The choice is a
// balanced tree, so that an element of n parts asks log n questions; nothing is added, so -0 and NaN stay what they are. Its
// gradient is one slice per part.

import { ShapeError, ValueError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import { defineOp } from '../compiler/op.ts';
import type { Shape } from '../compiler/shape.ts';
import { checkDim, sameShape, showShape } from '../compiler/shape.ts';
import { along } from '../compiler/view.ts';
import { lt } from './compare.ts';
import { named } from './named.ts';
import { together } from './operand.ts';
import { optionsOf } from './options.ts';
import { where } from './select.ts';
import { narrow, select } from './slice.ts';
import { iota } from './source.ts';
import { affine, affineView } from './view-affine.ts';
import { reshape, unsqueeze } from './view.ts';

export interface DimOption {
  readonly dim?: number;
}
export const dimOf = (given: number | DimOption | undefined): number =>
  optionsOf<'dim', number, DimOption>('dim', given).dim ?? 0;

interface JoinAttrs {
  readonly dim: number;
}

/** Where each part begins along the joined axis, and where the last one ends. */
export const boundsOf = (sizes: readonly number[]): number[] => {
  const bounds = [0];
  for (const size of sizes) bounds.push(bounds[bounds.length - 1] + size);
  return bounds;
};

function joined(parts: readonly Node[], dim: number, out: Shape): Node {
  const bounds = boundsOf(parts.map((part) => part.type.shape[dim]));
  const index = iota(out, dim, 'int32');
  const place = (k: number): Node =>
    affineView(
      affine,
      parts[k],
      out,
      out.map((_, i) => along(i, 1, i === dim ? -bounds[k] : 0)),
      0,
    );
  const among = (from: number, to: number): Node => {
    if (to - from === 1) return place(from);
    const middle = (from + to) >> 1;
    return where(lt(index, bounds[middle]), among(from, middle), among(middle, to));
  };
  return among(0, parts.length);
}

const catOp = defineOp<JoinAttrs>({
  name: 'cat',
  type: (parts, { dim }) => ({
    shape: parts[0].shape.map((size, i) =>
      i === dim ? parts.reduce((sum, part) => sum + part.shape[dim], 0) : size,
    ),
    dtype: parts[0].dtype,
  }),
  meaning: (n) => ({ tag: 'composite', expand: () => joined(n.inputs, n.attrs.dim, n.type.shape) }),
  vjp: (g, { inputs, attrs: { dim } }, wants) => {
    const bounds = boundsOf(inputs.map((part) => part.type.shape[dim]));
    return inputs.map((part, k) => (wants[k] ? narrow(g, dim, bounds[k], part.type.shape[dim]) : null));
  },
});

/** Joins along an existing dimension (the first); all other sizes agree. Empty vectors are skipped, as in PyTorch. */
export function cat(tensors: readonly Node[], options?: number | DimOption): Node {
  if (tensors.length === 0) throw new ValueError('torch.cat(): expected a non-empty list of Tensors');
  const solid = tensors.filter((part) => !sameShape(part.type.shape, [0]));
  const parts = solid.length === 0 ? tensors : solid;
  const first = parts[0].type.shape;
  if (first.length === 0)
    throw new ShapeError('zero-dimensional tensor (at position 0) cannot be concatenated');
  const dim = checkDim(dimOf(options), first.length);
  parts.forEach(({ type: { shape } }) => {
    if (shape.length !== first.length)
      throw new ShapeError(
        `Tensors must have same number of dimensions: got ${first.length} and ${shape.length}`,
      );
    const bad = shape.findIndex((size, i) => i !== dim && size !== first[i]);
    if (bad >= 0)
      throw new ShapeError(
        `Sizes of tensors must match except in dimension ${dim}. Expected size ${first[bad]} but got size ${shape[bad]} for tensor number ${tensors.findIndex((t) => t.type.shape === shape)} in the list.`,
      );
  });
  return node(catOp, together(...parts), { dim });
}
/** `cat` under another name. */
export const concat = cat;
/** `cat` under the name of NumPy. */
export const concatenate = cat;

const stackOp = defineOp<JoinAttrs>({
  name: 'stack',
  type: (parts, { dim }) => {
    const { shape, dtype } = parts[0];
    return { shape: [...shape.slice(0, dim), parts.length, ...shape.slice(dim)], dtype };
  },
  meaning: (n) => ({
    tag: 'composite',
    expand: () =>
      joined(
        n.inputs.map((part) => unsqueeze(part, n.attrs.dim)),
        n.attrs.dim,
        n.type.shape,
      ),
  }),
  vjp: (g, { inputs, attrs: { dim } }, wants) => inputs.map((_, k) => (wants[k] ? select(g, dim, k) : null)),
});

/** Joins along a new dimension (the first); all shapes agree. */
export function stack(tensors: readonly Node[], options?: number | DimOption): Node {
  if (tensors.length === 0) throw new ValueError('stack expects a non-empty TensorList');
  const { shape } = tensors[0].type;
  const dim = checkDim(dimOf(options), shape.length + 1);
  tensors.forEach((part, k) => {
    if (!sameShape(part.type.shape, shape))
      throw new ShapeError(
        `stack expects each tensor to be equal size, but got ${showShape(shape)} at entry 0 and ${showShape(part.type.shape)} at entry ${k}`,
      );
  });
  return node(stackOp, together(...tensors), { dim });
}

/** At least one, two or three dimensions, as NumPy adds them. */
export const atleast1d = (x: Node): Node => (x.type.shape.length === 0 ? reshape(x, [1]) : x);
/** With dimensions of size 1 in front, so that there are two at least. */
export const atleast2d = (x: Node): Node =>
  x.type.shape.length === 1 ? unsqueeze(x, 0) : x.type.shape.length === 0 ? reshape(x, [1, 1]) : x;
/** With dimensions of size 1 added, so that there are three at least. */
export const atleast3d = (x: Node): Node => {
  const matrix = atleast2d(x);
  return matrix.type.shape.length === 2 ? unsqueeze(matrix, -1) : matrix;
};

/** Side by side, on top of each other, behind each other, as columns. */
export function hstack(tensors: readonly Node[]): Node {
  const parts = tensors.map(atleast1d);
  return cat(parts, parts[0]?.type.shape.length === 1 ? 0 : 1);
}
/** Tensors below each other; vectors become rows. */
export const vstack = (tensors: readonly Node[]): Node => cat(tensors.map(atleast2d), 0);
/** `vstack` under another name. */
export const rowStack = vstack;
/** Tensors behind each other, along the third dimension. */
export const dstack = (tensors: readonly Node[]): Node => cat(tensors.map(atleast3d), 2);
/** Tensors beside each other; vectors become columns. */
export const columnStack = (tensors: readonly Node[]): Node =>
  hstack(tensors.map((x) => (x.type.shape.length <= 1 ? reshape(x, [-1, 1]) : x)));

const blockDiagNode = named<undefined>('blockDiag', (tensors) => {
  const blocks = tensors.map(atleast2d);
  const width = blocks.reduce((sum, b) => sum + b.type.shape[1], 0);
  let start = 0;
  const rows = blocks.map((b) => {
    const [height, size] = b.type.shape;
    const row = affineView(affine, b, [height, width], [along(0), along(1, 1, -start)], 0);
    start += size;
    return row;
  });
  return cat(rows, 0);
});

/** A block-diagonal matrix of matrices, vectors (as rows) and scalars. */
export const blockDiag = (...tensors: Node[]): Node => blockDiagNode(together(...tensors), undefined);
