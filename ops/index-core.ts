// The two literals behind all indexing by data: a gather reads where its index inputs say, a scatter writes there. Each is the other's
// adjoint over the same axis list (compiler/op.ts: GatherAxis), so every operator of this family is a choice of axes.
// In: a node, integer index nodes that broadcast against the result (gather) or the source (scatter). Out: a node.

import { dtypes } from '../compiler/dtype.ts';
import { DTypeError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import type { GatherAxis, Op, ScatterMode } from '../compiler/op.ts';
import { defineOp } from '../compiler/op.ts';
import type { Shape } from '../compiler/shape.ts';
import { add } from './binary.ts';
import { cast } from './cast.ts';
import { eq, lt } from './compare.ts';
import type { ReduceAttrs } from './reduce-sum.ts';
import { restore } from './reduce-sum.ts';
import { where } from './select.ts';
import { iota, zeros, zerosLike } from './source.ts';
import { reshape } from './view.ts';

export interface GatherAttrs {
  /** One per axis of the data; `input: k` is the k-th index, counted from 1. */
  readonly axes: readonly GatherAxis[];
  readonly shape: Shape;
}

const savesIndex = (): Record<string, number> => ({ index: 1 });

/** A gather operator: inputs are the data and its indices. */
export function gatherOp(
  name: string,
  rest: Pick<Op<GatherAttrs>, 'gradName' | 'vjp' | 'saves'> = {},
): Op<GatherAttrs> {
  return defineOp<GatherAttrs>({
    name,
    type: ([x], { shape }) => ({ shape, dtype: x.dtype }),
    meaning: ({ attrs: { axes } }) => ({ tag: 'gather', axes }),
    vjp: (g, { inputs: [x, ...indices], attrs }) => [scatterOn(zerosLike(x), g, indices, attrs.axes, 'add')],
    saves: savesIndex,
    ...rest,
  });
}

export interface ScatterAttrs {
  /** One per axis of the output; `input: k` is the k-th index, counted from 1. */
  readonly axes: readonly GatherAxis[];
  readonly mode: ScatterMode;
}

/** A scatter operator: inputs are what is written into, the source and the indices. */
export function scatterOp(
  name: string,
  rest: Pick<Op<ScatterAttrs>, 'gradName' | 'vjp' | 'saves'> = {},
): Op<ScatterAttrs> {
  return defineOp<ScatterAttrs>({
    name,
    type: ([self]) => self,
    meaning: ({ attrs: { axes, mode } }) => ({
      tag: 'scatter',
      axes: axes.map((a) => ('input' in a ? { input: a.input + 1 } : a)),
      mode,
    }),
    vjp: scatterPullback,
    saves: () => ({ index: 2 }),
    ...rest,
  });
}

/** The pullback of writing ('set') and of adding ('add'). */
function scatterPullback(g: Node, n: Node<ScatterAttrs>, wants: readonly boolean[]): (Node | null)[] {
  const [, source, ...indices] = n.inputs;
  const { axes, mode } = n.attrs;
  const kept = (): Node =>
    mode === 'add' ? g : scatterOn(g, zeros(source.type.shape, g.type.dtype), indices, axes, 'set');
  return [wants[0] ? kept() : null, wants[1] ? gatherFrom(g, indices, axes, source.type.shape) : null];
}

const plainGather = gatherOp('gatherAt');
const plainScatter = scatterOp('scatterAt');

/** A gather without a name of its own. */
export const gatherFrom = (
  x: Node,
  indices: readonly Node[],
  axes: readonly GatherAxis[],
  shape: Shape,
): Node => node(plainGather, [x, ...indices], { axes, shape });

/** A scatter without a name of its own; `set`, `add`, or for values without gradient `mul`, `max`, `min`. */
export const scatterOn = (
  self: Node,
  source: Node,
  indices: readonly Node[],
  axes: readonly GatherAxis[],
  mode: ScatterMode,
): Node => node(plainScatter, [self, source, ...indices], { axes, mode });

/** Every axis as it is, but `dim` by the first index. */
export const axesAlong = (ndim: number, dim: number): GatherAxis[] =>
  Array.from({ length: ndim }, (_, i) => (i === dim ? { input: 1 } : { axis: i }));

/** An index as int32; floats are refused. */
export function indexNode(op: string, index: Node): Node {
  if (dtypes[index.type.dtype].category !== 'int')
    throw new DTypeError(`${op}(): Expected dtype int64 for index`);
  return cast(index, 'int32');
}

/** Indices counted from either end, as indices counted from the start. */
export const wrapIndex = (index: Node, size: number): Node => where(lt(index, 0), add(index, size), index);

/** `x` at one index per lane of `dim`; all but that axis as the index has it. */
export const gatherAlong = (x: Node, dim: number, index: Node): Node =>
  x.type.shape.length === 0
    ? x
    : gatherFrom(x, [index], axesAlong(x.type.shape.length, dim), index.type.shape);

/**
 * The operator of a value that another computation has located: inputs are the data and, for each result, its index along the one
 * axis of the attributes. The gradient goes to that place alone.
 */
export function pickOp(
  name: string,
  gradName: string,
  value?: (x: Node, attrs: ReduceAttrs) => Node,
): Op<ReduceAttrs> {
  const pick = (x: Node, index: Node, attrs: ReduceAttrs): Node => {
    if (value) return value(x, attrs);
    const found = gatherAlong(x, attrs.axes[0], restore(index, x.type.shape, attrs));
    return reshape(found, index.type.shape);
  };
  return defineOp<ReduceAttrs>({
    name,
    type: ([x, index]) => ({ shape: index.shape, dtype: x.dtype }),
    meaning: ({ inputs: [x, index], attrs }) => ({ tag: 'composite', expand: () => pick(x, index, attrs) }),
    vjp: (g, { inputs: [x, index], attrs }) => {
      const { shape } = x.type;
      if (shape.length === 0) return [g];
      const here = eq(iota(shape, attrs.axes[0], 'int32'), restore(index, shape, attrs));
      return [where(here, restore(g, shape, attrs), 0)];
    },
    gradName: () => gradName,
    saves: () => ({ indices: 1 }),
  });
}

/**
 * The operator of values taken along a dimension at indices of any number (sort, topk, cummax): inputs are the data and the indices.
 * The gradient is added up where each came from.
 */
export function takeOp(name: string, gradName: string): Op<{ readonly dim: number }> {
  return defineOp<{ readonly dim: number }>({
    name,
    type: ([x, index]) => ({ shape: index.shape, dtype: x.dtype }),
    meaning: ({ inputs: [x, index], attrs }) => ({
      tag: 'composite',
      expand: () => gatherAlong(x, attrs.dim, index),
    }),
    gradName: () => gradName,
    saves: () => ({ indices: 1 }),
  });
}
