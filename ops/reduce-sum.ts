// Summation, on which all gradients of broadcasting stand. In: a node and dimensions (all if none are given). Out: a node that drops
// those dimensions, or keeps them with size 1. Here too is what every reduction shares: its attributes, its type rule and its literal.
// The other reductions are in reduce.ts; this file stands below the pointwise operators, whose gradients it sums.

import { isFloat } from '../compiler/dtype.ts';
import type { DType } from '../compiler/dtype.ts';
import type { Node, TensorType } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import { defineOp } from '../compiler/op.ts';
import type { Monoid, Op } from '../compiler/op.ts';
import type { Shape } from '../compiler/shape.ts';
import { checkDims, numel, sameShape } from '../compiler/shape.ts';
import { cast } from './cast.ts';
import { expand, reshape } from './view.ts';

export type Dims = number | readonly number[] | null;

export interface ReduceAttrs {
  /** Sorted. */
  readonly axes: readonly number[];
  readonly keepdim: boolean;
  /** No dimensions were given: PyTorch counts that as another overload. */
  readonly whole?: boolean;
}

export const reduceAttrs = (op: string, x: Node, dim: Dims | undefined, keepdim: boolean): ReduceAttrs => {
  const axes = checkDims(op, dim, x.type.shape.length);
  return dim === undefined || dim === null ? { axes, keepdim, whole: true } : { axes, keepdim };
};

export const reducedShape = (shape: Shape, { axes, keepdim }: ReduceAttrs): Shape =>
  keepdim ? shape.map((size, i) => (axes.includes(i) ? 1 : size)) : shape.filter((_, i) => !axes.includes(i));

export const reduceType = (
  [x]: readonly TensorType[],
  attrs: ReduceAttrs,
  dtype: DType = x.dtype,
): TensorType => ({
  shape: reducedShape(x.shape, attrs),
  dtype,
});

/** A reduced value with its dimensions of size 1 again, so that it broadcasts against what was reduced. */
export const restore = (y: Node, shape: Shape, attrs: ReduceAttrs): Node =>
  attrs.keepdim || attrs.axes.length === 0 ? y : reshape(y, reducedShape(shape, { ...attrs, keepdim: true }));

/** How many elements go into one result. */
export const countReduced = (shape: Shape, { axes }: ReduceAttrs): number =>
  numel(axes.map((axis) => shape[axis]));

/** SumBackward0 without dimensions, SumBackward1 with them. */
export const overloaded = (name: string) => (n: Node<ReduceAttrs>) =>
  `${name}Backward${n.attrs.whole ? 0 : 1}`;

/** The operator of one reduction over one monoid. */
export const reduction = (
  name: string,
  monoid: Monoid,
  rest: Pick<Op<ReduceAttrs>, 'vjp' | 'gradName' | 'saves' | 'nondifferentiable'>,
): Op<ReduceAttrs> =>
  defineOp<ReduceAttrs>({
    name,
    type: (inputs, attrs) => reduceType(inputs, attrs),
    meaning: ({ attrs: { axes, keepdim } }) => ({ tag: 'reduce', axes, monoid, keepdim }),
    ...rest,
  });

const sumOp = reduction('sum', 'sum', {
  vjp: (g, { inputs: [x], attrs }) => [expand(restore(g, x.type.shape, attrs), x.type.shape)],
  gradName: overloaded('Sum'),
});

/** Booleans and small integers are summed as int32. */
export const exactInt = (x: Node): Node => (isFloat(x.type.dtype) ? x : cast(x, 'int32'));

/** What may be given by name, in the place of the argument from which on nothing else is given. */
export interface ReduceOptions {
  readonly dim?: Dims;
  readonly keepdim?: boolean;
  /** The data are converted before they are reduced. */
  readonly dtype?: DType;
}
type Reduce = (x: Node, dim: Dims | undefined, keepdim: boolean) => Node;
export type ReduceFunction = (
  x: Node,
  dim?: Dims | ReduceOptions,
  keepdim?: boolean | ReduceOptions,
  options?: ReduceOptions,
) => Node;

const areOptions = (given: Dims | boolean | ReduceOptions | undefined): given is ReduceOptions =>
  typeof given === 'object' && given !== null && !Array.isArray(given);

/** A reduction with its optional arguments by place or by name. */
export const withOptions =
  (reduce: Reduce): ReduceFunction =>
  (x, dim, keepdim = false, options = {}) => {
    const named = areOptions(dim) ? dim : areOptions(keepdim) ? keepdim : options;
    const axes = areOptions(dim) ? dim.dim : dim;
    const keeps = typeof keepdim === 'boolean' && keepdim;
    return inDType(x, named.dtype, (y) => reduce(y, named.dim ?? axes, named.keepdim ?? keeps));
  };

/** What `compute` makes of x in another dtype, and as one: integers are computed as int32. */
export function inDType(x: Node, dtype: DType | undefined, compute: (x: Node) => Node): Node {
  return dtype === undefined ? compute(x) : cast(compute(cast(x, dtype)), dtype);
}

/** The sum; of booleans and integers as int32. An empty sum is 0. */
export const sum = withOptions((x, dim, keepdim) =>
  node(sumOp, [exactInt(x)], reduceAttrs('sum', x, dim, keepdim)),
);

/** Sums a node down to a shape that broadcasts to its own: the pullback of broadcasting. `x` itself if the shapes agree. */
export function sumTo(x: Node, shape: Shape): Node {
  if (sameShape(x.type.shape, shape)) return x;
  const lead = x.type.shape.length - shape.length;
  const axes = x.type.shape
    .map((_, i) => i)
    .filter((i) => i < lead || (shape[i - lead] === 1 && x.type.shape[i] !== 1));
  if (lead === 0) return sum(x, axes, true);
  const total = axes.length === 0 ? x : sum(x, axes);
  return sameShape(total.type.shape, shape) ? total : reshape(total, shape);
}
