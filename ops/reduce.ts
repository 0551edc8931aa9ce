// Reductions: mean, prod, amax, amin, any, all and what is made of them. In: a node and dimensions (all if none are given). Out: a
// node that drops those dimensions, or keeps them with size 1.
// Each operator is one reduction over one monoid, or a composite of such and of maps, so that all of it can be fused.

import { dtypes, isFloat } from '../compiler/dtype.ts';
import { DTypeError, IndexError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import { defineOp } from '../compiler/op.ts';
import type { Op } from '../compiler/op.ts';
import type { Shape } from '../compiler/shape.ts';
import { div, mul } from './binary.ts';
import { cast } from './cast.ts';
import { eq, isnan, logicalAnd, logicalNot, logicalOr, ne } from './compare.ts';
import type { Dims, ReduceAttrs } from './reduce-sum.ts';
import {
  countReduced,
  exactInt,
  overloaded,
  reduceAttrs,
  reduceType,
  reduction,
  restore,
  sum,
  withOptions,
} from './reduce-sum.ts';
import { productOfOthers } from './scan.ts';
import { where } from './select.ts';
import { expand } from './view.ts';

export { sum, sumTo } from './reduce-sum.ts';
export type { Dims } from './reduce-sum.ts';

/** The mean, on its own or next to a variance. */
export const meanOf = (name: string, gradName: (n: Node<ReduceAttrs>) => string): Op<ReduceAttrs> =>
  defineOp<ReduceAttrs>({
    name,
    type: (inputs, attrs) => reduceType(inputs, attrs),
    meaning: ({ inputs: [x], attrs }) => ({
      tag: 'composite',
      expand: () => div(sum(x, attrs.axes, attrs.keepdim), countReduced(x.type.shape, attrs)),
    }),
    vjp: (g, { inputs: [x], attrs }) => {
      const share = div(g, countReduced(x.type.shape, attrs));
      return [expand(restore(share, x.type.shape, attrs), x.type.shape)];
    },
    gradName,
  });

const meanOp = meanOf('mean', overloaded('Mean'));

/** The arithmetic mean of a floating-point node; NaN if it is empty. */
export const mean = withOptions((x, dim, keepdim) => {
  if (!isFloat(x.type.dtype))
    throw new DTypeError(
      `mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. Got: ${dtypes[x.type.dtype].torchName}`,
    );
  return node(meanOp, [x], reduceAttrs('mean', x, dim, keepdim));
});

const prodOp = reduction('prod', 'prod', {
  vjp: (g, { inputs: [x], attrs }) => [mul(restore(g, x.type.shape, attrs), productOfOthers(x, attrs.axes))],
  gradName: overloaded('Prod'),
  saves: () => ({ self: 0, result: 'output' }),
});

/** The product; of booleans and integers as int32. The gradient is the product of the others, exact where there are zeros. */
export const prod = withOptions((x, dim, keepdim) =>
  node(prodOp, [exactInt(x)], reduceAttrs('prod', x, dim, keepdim)),
);

/** True where `x` equals the reduced value; NaN equals NaN here. */
export const attains = (x: Node, value: Node): Node =>
  logicalOr(eq(x, value), logicalAnd(isnan(x), isnan(value)));

/** The gradient of a reduction that selects: shared evenly by all elements that attain the result. */
export function shareEvenly(g: Node, x: Node, result: Node, attrs: ReduceAttrs): Node {
  const { shape } = x.type;
  const chosen = attains(x, restore(result, shape, attrs));
  const count = cast(sum(chosen, attrs.axes, true), g.type.dtype);
  return where(chosen, div(restore(g, shape, attrs), count), 0);
}

/** Refuses a reduction without a neutral element over nothing. */
export function refuseEmpty(op: string, shape: Shape, { axes, whole }: ReduceAttrs): void {
  if (axes.every((axis) => shape[axis] !== 0)) return;
  if (whole)
    throw new IndexError(
      `${op}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with the 'dim' argument.`,
    );
  throw new IndexError(
    `${op}(): Expected reduction dim ${axes.find((a) => shape[a] === 0)} to have non-zero size.`,
  );
}

/** amax, amin and the forms of max() and min() without dimensions. */
export const extreme = (name: string, monoid: 'max' | 'min', gradName: string): Op<ReduceAttrs> =>
  reduction(name, monoid, {
    vjp: (g, n) => [shareEvenly(g, n.inputs[0], n, n.attrs)],
    gradName: () => gradName,
    saves: () => ({ self: 0, result: 'output' }),
  });

const amaxOp = extreme('amax', 'max', 'AmaxBackward0');
const aminOp = extreme('amin', 'min', 'AminBackward0');
const aminmaxOps = [
  extreme('aminmax.min', 'min', 'AminmaxBackward0'),
  extreme('aminmax.max', 'max', 'AminmaxBackward0'),
] as const;

/** The largest value (NaN if there is one); ties share the gradient evenly. */
export function amax(x: Node, dim?: Dims, keepdim = false): Node {
  const attrs = reduceAttrs('amax', x, dim, keepdim);
  refuseEmpty('amax', x.type.shape, attrs);
  return node(amaxOp, [x], attrs);
}

/** The smallest value (NaN if there is one); ties share the gradient evenly. */
export function amin(x: Node, dim?: Dims, keepdim = false): Node {
  const attrs = reduceAttrs('amin', x, dim, keepdim);
  refuseEmpty('amin', x.type.shape, attrs);
  return node(aminOp, [x], attrs);
}

/** [smallest, largest]. */
export function aminmax(x: Node, dim?: Dims, keepdim = false): [Node, Node] {
  const attrs = reduceAttrs('aminmax', x, dim, keepdim);
  refuseEmpty('aminmax', x.type.shape, attrs);
  return [node(aminmaxOps[0], [x], attrs), node(aminmaxOps[1], [x], attrs)];
}

const anyOp = reduction('any', 'any', { nondifferentiable: true });
const allOp = reduction('all', 'all', { nondifferentiable: true });

const truth = (op: Op<ReduceAttrs>, x: Node, dim: Dims | undefined, keepdim: boolean): Node => {
  const result = node(op, [cast(x, 'bool')], reduceAttrs(op.name, x, dim, keepdim));
  return x.type.dtype === 'uint8' ? cast(result, 'uint8') : result;
};

/** True where some element is not 0; bool, but uint8 for uint8. */
export const any = (x: Node, dim?: Dims, keepdim = false): Node => truth(anyOp, x, dim, keepdim);
/** True where no element is 0; bool, but uint8 for uint8. */
export const all = (x: Node, dim?: Dims, keepdim = false): Node => truth(allOp, x, dim, keepdim);

/** How many elements are not 0, as int32. */
export const countNonzero = (x: Node, dim?: Dims): Node => sum(ne(x, 0), dim);

const nansumOp = defineOp<ReduceAttrs>({
  name: 'nansum',
  type: (inputs, attrs) => reduceType(inputs, attrs),
  meaning: ({ inputs: [x], attrs }) => ({
    tag: 'composite',
    expand: () => sum(where(isnan(x), 0, x), attrs.axes, attrs.keepdim),
  }),
  vjp: (g, { inputs: [x], attrs }) => [where(isnan(x), 0, restore(g, x.type.shape, attrs))],
  saves: () => ({ self: 0 }),
});

/** The sum of what is not NaN. */
export const nansum = withOptions((x, dim, keepdim) =>
  isFloat(x.type.dtype) ? node(nansumOp, [x], reduceAttrs('nansum', x, dim, keepdim)) : sum(x, dim, keepdim),
);

/** The mean of what is not NaN. */
export const nanmean = withOptions((x, dim, keepdim) => {
  if (!isFloat(x.type.dtype))
    throw new DTypeError(
      `nanmean(): expected input to have floating point or complex dtype but got ${dtypes[x.type.dtype].torchName}`,
    );
  const count = sum(logicalNot(isnan(x)), dim, keepdim);
  return div(nansum(x, dim, keepdim), cast(count, x.type.dtype));
});
