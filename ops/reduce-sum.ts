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

/** The sum; of booleans and integers as int32. An empty sum is 0. */
export function sum(x: Node, dim?: Dims, keepdim = false): Node {
  return node(sumOp, [exactInt(x)], reduceAttrs('sum', x, dim, keepdim));
}

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
