// Vector norms: norm, linalg.vector_norm, dist, renorm. In: a node, the order p, dimensions. Out: composites of one reduction; the
// gradients are PyTorch's norm_backward (FunctionsManual.cpp), 0 where the norm is 0, shared evenly among the largest for p = inf.

import { dtypes, isFloat } from '../compiler/dtype.ts';
import { DTypeError, ShapeError, ValueError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import type { Op } from '../compiler/op.ts';
import { defineOp } from '../compiler/op.ts';
import { checkDim } from '../compiler/shape.ts';
import { add, div, mul, sub } from './binary.ts';
import { pow } from './binary-power.ts';
import { cast } from './cast.ts';
import { eq, gt, ne } from './compare.ts';
import { named } from './named.ts';
import { optionsOf } from './options.ts';
import type { Dims, ReduceAttrs } from './reduce-sum.ts';
import { countReduced, reduceAttrs, reduceType, restore, sum } from './reduce-sum.ts';
import { amax, amin, shareEvenly } from './reduce.ts';
import { where } from './select.ts';
import { abs, sgn, sqrt } from './unary.ts';

export type Order = number | 'fro' | 'inf' | '-inf';

export interface NormOptions {
  readonly p?: Order;
  readonly dim?: Dims;
  readonly keepdim?: boolean;
}

interface NormAttrs extends ReduceAttrs {
  readonly p: number;
}

function normFormula(x: Node, { p, axes, keepdim }: NormAttrs): Node {
  const total = (terms: Node): Node => sum(terms, axes, keepdim);
  if (p === 0) return total(cast(ne(x, 0), x.type.dtype));
  if (p === 1) return total(abs(x));
  if (p === 2) return sqrt(total(mul(x, x)));
  if (p === Infinity) return amax(abs(x), axes, keepdim);
  if (p === -Infinity) return amin(abs(x), axes, keepdim);
  return pow(total(pow(abs(x), p)), 1 / p);
}

function normPullback(g: Node, n: Node<NormAttrs>): Node | null {
  const {
    inputs: [x],
    attrs,
  } = n;
  const { p } = attrs;
  const [grad, norm] = [g, n].map((y) => restore(y, x.type.shape, attrs));
  const unlessZero = (value: Node): Node => where(eq(norm, 0), 0, value);
  if (p === 0) return null;
  if (p === 1) return mul(sgn(x), grad);
  if (p === 2) return mul(grad, unlessZero(div(x, norm)));
  if (Math.abs(p) === Infinity) return mul(sgn(x), shareEvenly(g, abs(x), n, attrs));
  if (p < 1) {
    const scaled = mul(sgn(x), where(eq(x, 0), 0, pow(abs(x), p - 1)));
    return mul(mul(scaled, grad), pow(norm, 1 - p));
  }
  const scale = unlessZero(div(grad, pow(norm, p - 1)));
  return mul(p < 2 ? mul(sgn(x), pow(abs(x), p - 1)) : mul(x, pow(abs(x), p - 2)), scale);
}

const normOp = (name: string, gradName: string): Op<NormAttrs> =>
  defineOp<NormAttrs>({
    name,
    type: (inputs, attrs) => reduceType(inputs, attrs),
    meaning: ({ inputs: [x], attrs }) => ({ tag: 'composite', expand: () => normFormula(x, attrs) }),
    vjp: (g, n) => [normPullback(g, n)],
    gradName: () => gradName,
    saves: () => ({ self: 0, result: 'output' }),
  });

const ops = {
  norm: normOp('norm', 'NormBackward1'),
  vectorNorm: normOp('vectorNorm', 'LinalgVectorNormBackward0'),
};

function orderOf(p: Order): number {
  const order = p === 'fro' ? 2 : p === 'inf' ? Infinity : p === '-inf' ? -Infinity : p;
  if (typeof order !== 'number' || Number.isNaN(order))
    throw new ValueError(`norm(): ${String(p)} is not an order of a vector norm`);
  return order;
}

function normOf(op: Op<NormAttrs>, x: Node, p: Order, dim: Dims | undefined, keepdim: boolean): Node {
  if (!isFloat(x.type.dtype))
    throw new DTypeError(
      `linalg.vector_norm: Expected a floating point or complex tensor as input. Got ${dtypes[x.type.dtype].torchName}`,
    );
  const attrs = { ...reduceAttrs(op.name, x, dim, keepdim), p: orderOf(p) };
  if ((attrs.p >= 0 && attrs.p < Infinity) || countReduced(x.type.shape, attrs) > 0)
    return node(op, [x], attrs);
  // there is no largest magnitude of nothing; the older function says 0
  if (op === ops.norm) return sum(x, attrs.axes, keepdim);
  const axis = attrs.axes.find((a) => x.type.shape[a] === 0)!;
  const place = attrs.whole ? 'an empty tensor' : `the dimension ${axis}`;
  throw new ValueError(
    `linalg.vector_norm cannot compute the ${orderName(attrs.p)} norm on ${place} because ${attrs.whole ? '' : 'this dimension is empty and '}the operation does not have an identity`,
  );
}

const orderName = (p: number): string => String(p).replace('Infinity', 'inf');

/** (sum |x|^p)^(1/p); p = 2 if absent, 0 counts, inf and -inf are the largest and smallest magnitude. */
export function norm(x: Node, p?: Order | NormOptions, dim?: Dims, keepdim = false): Node {
  const given = optionsOf<'p', Order, NormOptions>('p', p);
  return normOf(ops.norm, x, given.p ?? 2, given.dim ?? dim, given.keepdim ?? keepdim);
}

/** linalg.vector_norm: as `norm`, under its own name. */
export function vectorNorm(
  x: Node,
  ord?: Order | { readonly ord?: Order; readonly dim?: Dims; readonly keepdim?: boolean },
  dim?: Dims,
  keepdim = false,
): Node {
  const given = optionsOf<
    'ord',
    Order,
    { readonly ord?: Order; readonly dim?: Dims; readonly keepdim?: boolean }
  >('ord', ord);
  return normOf(ops.vectorNorm, x, given.ord ?? 2, given.dim ?? dim, given.keepdim ?? keepdim);
}

const distNode = named<number>('dist', ([x, y], p) => norm(sub(x, y), p), {
  saves: () => ({ self: 0, other: 1, result: 'output' }),
});

/** The norm of a difference. */
export const dist = (x: Node, y: Node, options?: Order | { readonly p?: Order }): Node =>
  distNode([x, y], orderOf(optionsOf<'p', Order, { readonly p?: Order }>('p', options).p ?? 2));

const renormNode = named<{ readonly p: number; readonly dim: number; readonly maxnorm: number }>(
  'renorm',
  ([x], { p, dim, maxnorm }) => {
    const others = x.type.shape.map((_, i) => i).filter((i) => i !== dim);
    const size = vectorNorm(x, p, others, true);
    return mul(x, where(gt(size, maxnorm), div(maxnorm, add(size, 1e-7)), 1));
  },
  { saves: () => ({ self: 0 }) },
);

/** `x` with each slice along a dimension scaled down to norm `maxnorm` where it is larger. */
export function renorm(x: Node, p: number, dim: number, maxnorm: number): Node {
  const rank = x.type.shape.length;
  if (typeof p !== 'number' || typeof maxnorm !== 'number')
    throw new ValueError('renorm: p and maxnorm must be numbers');
  if (rank < 2) throw new ShapeError(`renorm: input needs at least 2 dimensions, got ${rank} dimensions`);
  return renormNode([x], { p, dim: checkDim(dim, rank), maxnorm });
}
