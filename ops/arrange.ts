// Copies and rearrangements: repeat, tile, roll, rot90, meshgrid, kron. In: nodes. Out: nodes made of views only, so that nothing is
// copied before somebody needs it.

import { ShapeError, ValueError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import type { Op } from '../compiler/op.ts';
import { defineOp } from '../compiler/op.ts';
import type { Shape } from '../compiler/shape.ts';
import { checkDim, numel } from '../compiler/shape.ts';
import { along } from '../compiler/view.ts';
import { mul } from './binary.ts';
import { lt } from './compare.ts';
import { stack } from './join.ts';
import { named } from './named.ts';
import { together } from './operand.ts';
import { optionsOf } from './options.ts';
import { where } from './select.ts';
import { iota } from './source.ts';
import { affine, affineOp, affineView } from './view-affine.ts';
import { viewRules } from './view-rules.ts';
import { expand, flatten, ravel, reshape, unsqueeze } from './view.ts';

/** Sizes with leading 1s up to `ndim` dimensions. */
const lead = (shape: Shape, ndim: number): number[] => [
  ...new Array<number>(Math.max(0, ndim - shape.length)).fill(1),
  ...shape,
];

const repeatNode = named<readonly number[]>('repeat', ([x], repeats) => {
  const shape = lead(x.type.shape, repeats.length);
  const apart = reshape(
    x,
    shape.flatMap((size) => [1, size]),
  );
  const copies = expand(
    apart,
    shape.flatMap((size, i) => [repeats[i], size]),
  );
  return reshape(
    copies,
    shape.map((size, i) => size * repeats[i]),
  );
});

/** `x` laid side by side `repeats[i]` times along each dimension; there may be more repeats than dimensions, not fewer. */
export function repeat(x: Node, repeats: readonly number[]): Node {
  if (repeats.length < x.type.shape.length)
    throw new ShapeError(
      'Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor',
    );
  if (repeats.some((r) => !Number.isInteger(r) || r < 0))
    throw new ValueError(
      `repeat(): repeats must be whole numbers from 0 on, but got [${repeats.join(', ')}]`,
    );
  return repeatNode([x], repeats);
}

/** As `repeat`; missing leading repeats are 1. */
export const tile = (x: Node, dims: readonly number[]): Node => repeat(x, lead(dims, x.type.shape.length));

interface InterleaveAttrs {
  readonly repeats: number;
  readonly dim: number;
}

const interleaveNode = named<InterleaveAttrs>(
  'repeatInterleave',
  ([x], { repeats, dim }) => {
    const { shape } = x.type;
    const copies = expand(unsqueeze(x, dim + 1), [
      ...shape.slice(0, dim + 1),
      repeats,
      ...shape.slice(dim + 1),
    ]);
    return reshape(
      copies,
      shape.map((size, i) => (i === dim ? size * repeats : size)),
    );
  },
  { gradName: () => 'IndexSelectBackward0' },
);

/** Each element `repeats` times in a row, along a dimension or, without one, of the flattened node. */
export function repeatInterleave(
  x: Node,
  repeats: number,
  options?: number | { readonly dim?: number },
): Node {
  const { dim } = optionsOf<'dim', number, { readonly dim?: number }>('dim', options);
  if (!Number.isInteger(repeats) || repeats < 0) throw new ValueError('Repeats must be non-negative');
  if (dim === undefined) return interleaveNode([flatten(x)], { repeats, dim: 0 });
  if (x.type.shape.length === 0) return repeatInterleave(flatten(x), repeats, checkDim(dim, 0));
  return interleaveNode([x], { repeats, dim: checkDim(dim, x.type.shape.length) });
}

interface RollAttrs {
  /** Each between 0 and its size. */
  readonly shifts: readonly number[];
  /** null: the flattened node is rolled. */
  readonly dims: readonly number[] | null;
}

/** The size of what the k-th shift moves through. */
const extent = (shape: Shape, dims: RollAttrs['dims'], k: number): number =>
  dims === null ? numel(shape) : shape[dims[k]];

const rollOp: Op<RollAttrs> = defineOp<RollAttrs>({
  name: 'roll',
  type: ([x]) => x,
  meaning: ({ inputs: [x], attrs: { shifts, dims } }) => ({
    tag: 'composite',
    expand: () =>
      dims === null
        ? reshape(rollOne(ravel(x), 0, shifts[0]), x.type.shape)
        : dims.reduce((rolled, dim, k) => rollOne(rolled, dim, shifts[k]), x),
  }),
  vjp: (g, { attrs: { shifts, dims }, type: { shape } }) => [
    node(rollOp, [g], { dims, shifts: shifts.map((s, k) => (s === 0 ? 0 : extent(shape, dims, k) - s)) }),
  ],
});

/** The first `by` elements come from the end, the others from `by` places before. */
function rollOne(x: Node, dim: number, by: number): Node {
  const { shape } = x.type;
  const read = (offset: number): Node =>
    affineView(
      affine,
      x,
      shape,
      shape.map((_, i) => along(i, 1, i === dim ? offset : 0)),
      0,
    );
  if (by === 0) return x;
  return where(lt(iota(shape, dim, 'int32'), by), read(shape[dim] - by), read(-by));
}

/** Shifts elements along dimensions; what leaves at the end comes in at the front. Without dimensions, of the flattened node. */
export function roll(x: Node, shifts: number | readonly number[], dims?: number | readonly number[]): Node {
  const by = typeof shifts === 'number' ? [shifts] : shifts;
  const list = dims === undefined ? [] : typeof dims === 'number' ? [dims] : dims;
  if (by.length === 0) throw new ValueError('`shifts` required');
  const whole = list.length === 0 && by.length === 1;
  if (!whole && by.length !== list.length)
    throw new ValueError(`shifts and dimensions must align. shifts: ${by.length}, dims:${list.length}`);
  const { shape } = x.type;
  const axes = whole || shape.length === 0 ? null : list.map((d) => checkDim(d, shape.length));
  const wrapped = by.map((s, k) => {
    const size = extent(shape, axes, k);
    return size === 0 ? 0 : ((s % size) + size) % size;
  });
  return node(rollOp, [x], { shifts: wrapped, dims: axes });
}

const rot90Op = affineOp('rot90');

/** Turns the plane of two dimensions k times by 90 degrees, from the first towards the second. */
export function rot90(x: Node, k = 1, dims: readonly number[] = [0, 1]): Node {
  const { shape } = x.type;
  if (dims.length !== 2)
    throw new ValueError(`expected total rotation dims == 2, but got dims = ${dims.length}`);
  if (shape.length < 2)
    throw new ShapeError(`expected total dims >= 2, but got total dims = ${shape.length}`);
  const [a, b] = dims.map((d) => checkDim(d, shape.length));
  if (a === b)
    throw new ValueError(
      `expected rotation dims to be different, but got dim0 = ${dims[0]} and dim1 = ${dims[1]}`,
    );
  const turns = ((k % 4) + 4) % 4;
  const out = shape.map((size, i) =>
    turns % 2 === 0 ? size : i === a ? shape[b] : i === b ? shape[a] : size,
  );
  const axes = shape.map((size, i) => {
    if (i !== a && i !== b) return along(i);
    const from = turns % 2 === 0 ? i : i === a ? b : a;
    const turned = turns === 2 || (turns === 1 ? i === b : turns === 3 && i === a);
    return turned ? along(from, -1, size - 1) : along(from);
  });
  return affineView(rot90Op, x, out, axes);
}

/** Coordinate grids of vectors: matrix indexing ('ij', the default) or Cartesian ('xy', the first two exchanged). */
export function meshgrid(
  tensors: readonly Node[],
  { indexing = 'ij' }: { readonly indexing?: 'ij' | 'xy' } = {},
): Node[] {
  if (tensors.length === 0) throw new ValueError('meshgrid expects a non-empty TensorList');
  if (indexing !== 'ij' && indexing !== 'xy')
    throw new ValueError(
      `torch.meshgrid: indexing must be one of "xy" or "ij", but received: ${String(indexing)}`,
    );
  const bad = tensors.find((x) => x.type.shape.length > 1);
  if (bad)
    throw new ShapeError(
      `torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: ${bad.type.shape.length}D`,
    );
  const place = (k: number): number => (indexing === 'xy' && k < 2 && tensors.length > 1 ? 1 - k : k);
  const out = tensors.map((_, k) => numel(tensors[place(k)].type.shape));
  return tensors.map((x, k) =>
    expand(
      reshape(
        x,
        out.map((_, i) => (i === place(k) ? -1 : 1)),
      ),
      out,
    ),
  );
}

/** All tuples of elements of vectors, one per row. */
export function cartesianProd(...tensors: Node[]): Node {
  if (tensors.length === 1) return tensors[0];
  return stack(
    meshgrid(tensors).map((grid) => flatten(grid)),
    1,
  );
}

const kronNode = named<undefined>(
  'kron',
  ([a, b]) => {
    const ndim = Math.max(a.type.shape.length, b.type.shape.length);
    const [outer, inner] = [a, b].map((x) => lead(x.type.shape, ndim));
    const blocks = mul(
      reshape(
        a,
        outer.flatMap((size) => [size, 1]),
      ),
      reshape(
        b,
        inner.flatMap((size) => [1, size]),
      ),
    );
    return reshape(
      blocks,
      outer.map((size, i) => size * inner[i]),
    );
  },
  { gradName: () => 'UnsafeViewBackward0' },
);

/** The Kronecker product: each element of `a` times the whole of `b`, as a block. */
export const kron = (a: Node, b: Node): Node => kronNode(together(a, b), undefined);

export const rules = viewRules([rot90Op]);
