// Writing through a view, without memory: a new value of what the view was taken from. In: the base, a view of it, and what the view is
// to hold. Out: the base with those elements replaced, as a choice between the base and the value read through the adjoint view; all
// of it is index arithmetic, so an assignment to a slice fuses like any map.

import { InternalError, ShapeError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import type { Op } from '../compiler/op.ts';
import { defineOp } from '../compiler/op.ts';
import { sameShape, showShape } from '../compiler/shape.ts';
import type { View } from '../compiler/view.ts';
import { cast } from './cast.ts';
import { diagonal } from './diagonal.ts';
import type { DiagonalOptions } from './diagonal.ts';
import { scatterOn } from './index-core.ts';
import { where } from './select.ts';
import { select, slice } from './slice.ts';
import { constant } from './source.ts';
import { viewAdjoint } from './view-affine.ts';
import { expand, reshape } from './view.ts';

/** `base` with the elements that `view` (a view that reads none of them twice) reads replaced by `value`. */
function putThrough(base: Node, out: readonly number[], view: View, value: Node): Node {
  if (view.tag === 'reshape') return reshape(value, base.type.shape);
  // an element that is read along a whole axis is to hold one value, which is that of its first place
  const read = new Set(view.axes.flatMap(({ terms }) => terms.map(([axis]) => axis)));
  const once = value.type.shape.reduce((v, _, i) => (read.has(i) ? v : slice(v, i, 0, 1)), value);
  const attrs = { shape: once.type.shape, axes: view.axes };
  const written = viewAdjoint(constant(1, 'bool', once.type.shape), attrs, base.type.shape);
  return where(written, viewAdjoint(once, attrs, base.type.shape), base);
}

/**
 * The new value of `base` after the value of `view`, which is made of views of `base`, was replaced. For in-place operations: `value`
 * is broadcast to the view and converted to its dtype.
 */
export function writeThrough(base: Node, view: Node, value: Node): Node {
  const fitting = cast(
    sameShape(value.type.shape, view.type.shape) ? value : expand(value, view.type.shape),
    base.type.dtype,
  );
  if (view === base) return fitting;
  const meaning = view.op.meaning(view);
  const [from, ...indices] = view.inputs;
  if (meaning.tag === 'view')
    return writeThrough(base, from, putThrough(from, view.type.shape, meaning.view, fitting));
  if (meaning.tag === 'gather')
    return writeThrough(base, from, scatterOn(from, fitting, indices, meaning.axes, 'set'));
  throw new InternalError(`writeThrough: '${view.op.name}' is not a view`);
}

interface PutAttrs {
  readonly view: View;
}

const putOp = (name: string): Op<PutAttrs> =>
  defineOp<PutAttrs>({
    name,
    type: ([base]) => base,
    meaning: ({ inputs: [base, value], attrs: { view } }) => ({
      tag: 'composite',
      expand: () => putThrough(base, value.type.shape, view, value),
    }),
  });

const ops = {
  sliceScatter: putOp('sliceScatter'),
  selectScatter: putOp('selectScatter'),
  diagonalScatter: putOp('diagonalScatter'),
};

function put(op: Op<PutAttrs>, base: Node, view: Node, source: Node): Node {
  if (!sameShape(view.type.shape, source.type.shape))
    throw new ShapeError(
      `expected src to have a size equal to the slice of self. src size = ${showShape(source.type.shape)}, slice size = ${showShape(view.type.shape)}`,
    );
  const meaning = view.op.meaning(view);
  if (meaning.tag !== 'view') throw new InternalError(`${op.name}: '${view.op.name}' is not a view`);
  return node(op, [base, cast(source, base.type.dtype)], { view: meaning.view });
}

/** `x` with a slice, the slice at one index, or a diagonal replaced by `source`. */
export const sliceScatter = (
  x: Node,
  source: Node,
  options: {
    readonly dim?: number;
    readonly start?: number | null;
    readonly end?: number | null;
    readonly step?: number;
  } = {},
): Node =>
  put(ops.sliceScatter, x, slice(x, options.dim ?? 0, options.start, options.end, options.step), source);
/** A copy with other values in one slice along a dimension. */
export const selectScatter = (x: Node, source: Node, dim: number, index: number): Node =>
  put(ops.selectScatter, x, select(x, dim, index), source);
/** A copy with other values on a diagonal. */
export const diagonalScatter = (x: Node, source: Node, options?: number | DiagonalOptions): Node =>
  put(ops.diagonalScatter, x, diagonal(x, options), source);
