// Writing whole slices or single elements by index: indexAdd, indexCopy, indexFill, put, maskedScatter. In: a node, integer nodes and a
// source. Out: a new node; nothing is changed in place.

import { ShapeError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import type { GatherAxis, Op, ScatterMode } from '../compiler/op.ts';
import type { Shape } from '../compiler/shape.ts';
import { checkDim, numel, sameShape, showShape } from '../compiler/shape.ts';
import { maximum, minimum } from './binary-extreme.ts';
import { mul, sub } from './binary.ts';
import { cast } from './cast.ts';
import type { ScatterAttrs } from './index-core.ts';
import { axesAlong, indexNode, scatterOn, scatterOp, wrapIndex } from './index-core.ts';
import { take } from './index-gather.ts';
import { named } from './named.ts';
import type { Operand } from './operand.ts';
import { asNode, isNode } from './operand.ts';
import { cumsum } from './scan.ts';
import { where } from './select.ts';
import { ravel, reshape, spread } from './view.ts';

const ops = {
  indexAdd: scatterOp('indexAdd'),
  indexCopy: scatterOp('indexCopy'),
  indexFill: scatterOp('indexFill'),
};

/** A place for whole slices. */
interface Slices {
  readonly self: Node;
  readonly index: Node;
  readonly axes: readonly GatherAxis[];
  /** What the source must have. */
  readonly shape: Shape;
}

/** Operands of a write of whole slices at the indices of a vector. */
function slices(op: string, x: Node, dim: number, index: Node, source: Node | null): Slices {
  if (index.type.shape.length > 1) throw new ShapeError(`${op}(): Index is supposed to be a vector`);
  const self = x.type.shape.length === 0 ? reshape(x, [1]) : x;
  const d = checkDim(dim, x.type.shape.length);
  const at = indexNode(op, index);
  const count = numel(at.type.shape);
  const shape = self.type.shape.map((size, i) => (i === d ? count : size));
  if (source && !sameShape(source.type.shape.length === 0 ? [1] : source.type.shape, shape))
    throw new ShapeError(
      `${op}(): Number of indices and slices should match: ${count} indices along dimension ${d} of ${showShape(x.type.shape)} for a source of ${showShape(source.type.shape)}`,
    );
  const lane = reshape(at, [count, ...shape.slice(d + 1).map(() => 1)]);
  return { self, index: lane, axes: axesAlong(self.type.shape.length, d), shape };
}

function writeSlices(
  op: Op<ScatterAttrs>,
  x: Node,
  dim: number,
  index: Node,
  source: Operand,
  mode: ScatterMode,
): Node {
  const name = op.name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);
  const whole = isNode(source) && op !== ops.indexFill ? source : null;
  const { self, index: at, axes, shape } = slices(name, x, dim, index, whole);
  const from = whole ? reshape(whole, shape) : spread(asNode(source, x.type.dtype), shape);
  const result = node(op, [self, cast(from, x.type.dtype), at], { axes, mode });
  return x.type.shape.length === 0 ? reshape(result, []) : result;
}

/** A copy of `x` with `alpha` times the slices of `source` added at the indices; duplicates add up. */
export const indexAdd = (
  x: Node,
  dim: number,
  index: Node,
  source: Node,
  { alpha = 1 }: { readonly alpha?: number } = {},
): Node => writeSlices(ops.indexAdd, x, dim, index, alpha === 1 ? source : mul(source, alpha), 'add');

/** A copy of `x` with the slices of `source` at the indices. */
export const indexCopy = (x: Node, dim: number, index: Node, source: Node): Node =>
  writeSlices(ops.indexCopy, x, dim, index, source, 'set');

/** A copy of `x` with a number (or a 0-d node) everywhere in the slices at the indices, which may count from the end. */
export function indexFill(x: Node, dim: number, index: Node, value: Operand): Node {
  const size = x.type.shape[checkDim(dim, x.type.shape.length)] ?? 1;
  return writeSlices(ops.indexFill, x, dim, wrapIndex(indexNode('index_fill', index), size), value, 'set');
}

const putNode = named<ScatterMode>(
  'put',
  ([x, source, index], mode) => {
    const flat = scatterOn(ravel(x), ravel(source), [ravel(index)], [{ input: 1 }], mode);
    return reshape(flat, x.type.shape);
  },
  { saves: () => ({ index: 2 }) },
);

/** A copy of `x` with the elements of `source` at indices of the flattened node. */
export function put(
  x: Node,
  index: Node,
  source: Node,
  { accumulate = false }: { readonly accumulate?: boolean } = {},
): Node {
  const at = wrapIndex(indexNode('put', index), numel(x.type.shape));
  if (numel(at.type.shape) !== numel(source.type.shape))
    throw new ShapeError(
      `put_(): Expected source and index to have the same number of elements, but got source.numel() = ${numel(source.type.shape)}, index.numel() = ${numel(at.type.shape)}`,
    );
  return putNode([x, source, at], accumulate ? 'add' : 'set');
}

const maskedScatterNode = named<undefined>(
  'maskedScatter',
  ([x, mask, source]) => {
    const last = numel(source.type.shape) - 1;
    if (last < 0) return x; // and nothing in the mask, or the call is refused
    const place = sub(reshape(cumsum(ravel(mask), 0), x.type.shape), 1);
    return where(mask, take(source, minimum(maximum(place, 0), last)), x);
  },
  { saves: () => ({ mask: 1 }) },
);

/** A copy of `x` with the elements of `source`, in order, where the mask (broadcast) is true. */
export const maskedScatter = (x: Node, mask: Node, source: Node): Node =>
  maskedScatterNode([x, spread(mask, x.type.shape), source], undefined);
