// Order: sort, argsort, topk, quantile, searchsorted. In: a node and a dimension, the last one if none is given. Out: values with
// their indices. The indices come from a routine; the values are a gather by them, and so the gradient is a scatter.

import { isFloat } from '../compiler/dtype.ts';
import { DTypeError, IndexError, ValueError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import { defineOp } from '../compiler/op.ts';
import { checkDim, sameShape } from '../compiler/shape.ts';
import { add, mul, sub } from './binary.ts';
import { isnan } from './compare.ts';
import { takeOp } from './index-core.ts';
import { stack } from './join.ts';
import { forEachLane, sortedLane } from './lanes.ts';
import type { Values } from './lanes.ts';
import { optionsOf } from './options.ts';
import type { Dims } from './reduce-sum.ts';
import { reduceAttrs, reducedShape } from './reduce-sum.ts';
import { where } from './select.ts';
import { select } from './slice.ts';
import { constant } from './source.ts';
import { permute, reshape } from './view.ts';

interface OrderAttrs {
  readonly dim: number;
  readonly descending: boolean;
  /** How many of the order are kept. */
  readonly count: number;
}

const orderOp = defineOp<OrderAttrs>({
  name: 'argsort',
  type: ([x], { dim, count }) => ({
    shape: x.shape.map((size, i) => (i === dim ? count : size)),
    dtype: 'int32',
  }),
  meaning: ({ attrs: { dim, descending, count } }) => ({
    tag: 'routine',
    run: ([x], out, [{ shape }]) =>
      forEachLane(shape, dim, (base, stride, length) => {
        const order = sortedLane(x, base, stride, length, descending);
        // the lane's place in the output, which is `count` instead of `length` long
        const block = Math.floor(base / (stride * Math.max(length, 1)));
        const start = block * stride * count + (base % stride);
        for (let i = 0; i < count; i++) out[start + i * stride] = order[i];
      }),
  }),
  nondifferentiable: true,
});

function order(
  x: Node,
  dim: number,
  descending: boolean,
  count?: number,
): { readonly dim: number; readonly indices: Node } {
  const { shape } = x.type;
  const d = checkDim(dim, shape.length);
  if (shape.length === 0) return { dim: d, indices: constant(0, 'int32') };
  return { dim: d, indices: node(orderOp, [x], { dim: d, descending, count: count ?? shape[d] }) };
}

export interface SortOptions {
  readonly dim?: number;
  readonly descending?: boolean;
  /** Equal values always keep their order. */
  readonly stable?: boolean;
}

const sortOp = takeOp('sort', 'SortBackward0');

/** [values, indices] in ascending order along a dimension; NaN is the largest. */
export function sort(x: Node, options?: number | SortOptions, descendingArg = false): [Node, Node] {
  const { dim = -1, descending = descendingArg } = optionsOf<'dim', number, SortOptions>('dim', options);
  const { dim: d, indices } = order(x, dim, descending);
  return [node(sortOp, [x, indices], { dim: d }), indices];
}

/** The indices that sort a dimension. */
export function argsort(x: Node, options?: number | SortOptions, descendingArg = false): Node {
  const { dim = -1, descending = descendingArg } = optionsOf<'dim', number, SortOptions>('dim', options);
  return order(x, dim, descending).indices;
}

/** The values sorted in ascending order along the first dimension. */
export const msort = (x: Node): Node => sort(x, { dim: 0 })[0];

export interface TopkOptions {
  readonly dim?: number;
  readonly largest?: boolean;
  /** The result is sorted in any case. */
  readonly sorted?: boolean;
}

const topkOp = takeOp('topk', 'TopkBackward0');

/** [values, indices] of the k largest (or smallest) elements along a dimension, in order. */
export function topk(x: Node, k: number, options?: number | TopkOptions): [Node, Node] {
  const { dim = -1, largest = true } = optionsOf<'dim', number, TopkOptions>('dim', options);
  const size = x.type.shape[checkDim(dim, x.type.shape.length)] ?? 1;
  if (!Number.isInteger(k) || k < 0 || k > size) throw new IndexError('selected index k out of range');
  const { dim: d, indices } = order(x, dim, largest, k);
  return [node(topkOp, [x, indices], { dim: d }), indices];
}

export type Interpolation = 'linear' | 'lower' | 'higher' | 'nearest' | 'midpoint';

interface QuantileAttrs {
  readonly q: number;
  readonly axes: readonly number[];
  readonly keepdim: boolean;
  readonly interpolation: Interpolation;
}

const quantileOp = defineOp<QuantileAttrs>({
  name: 'quantile',
  type: ([x], attrs) => ({ shape: reducedShape(x.shape, attrs), dtype: x.dtype }),
  meaning: ({ inputs: [x], attrs }) => ({ tag: 'composite', expand: () => quantileFormula(x, attrs) }),
  gradName: () => 'SqueezeBackward3',
  saves: () => ({ self: 0 }),
});

/** Between the two sorted elements around the rank q * (n - 1); NaN if the lane has one, which then is sorted last. */
function quantileFormula(x: Node, attrs: QuantileAttrs): Node {
  const { q, axes, interpolation } = attrs;
  const { shape } = x.type;
  const rest = shape.map((_, i) => i).filter((i) => !axes.includes(i));
  const lanes = reshape(permute(x, [...rest, ...axes]), [...rest.map((i) => shape[i]), -1]);
  const sorted = sort(lanes)[0];
  const last = sorted.type.shape[rest.length] - 1;
  const exact = q * last;
  const rank = {
    linear: exact,
    midpoint: exact,
    lower: Math.floor(exact),
    higher: Math.ceil(exact),
    nearest: halfEven(exact),
  };
  const at = rank[interpolation];
  const below = select(sorted, -1, Math.floor(at));
  const above = select(sorted, -1, Math.ceil(at));
  const weight = interpolation === 'midpoint' && at !== Math.floor(at) ? 0.5 : at - Math.floor(at);
  const step = mul(sub(above, below), weight < 0.5 ? weight : 1 - weight);
  const between = weight < 0.5 ? add(below, step) : sub(above, step);
  const top = select(sorted, -1, last);
  return reshape(where(isnan(top), top, between), reducedShape(shape, attrs));
}

const halfEven = (x: number): number => {
  const r = Math.round(x);
  return r - x === 0.5 && r % 2 !== 0 ? r - 1 : r;
};

export interface QuantileOptions {
  readonly dim?: Dims;
  readonly keepdim?: boolean;
  readonly interpolation?: Interpolation;
}

const interpolations: readonly Interpolation[] = ['linear', 'lower', 'higher', 'nearest', 'midpoint'];

/** The q-th quantile along a dimension, or of everything; a list of them is stacked in front. */
export function quantile(
  x: Node,
  q: number | readonly number[],
  by?: Dims | QuantileOptions,
  keepdim = false,
  options: QuantileOptions = {},
): Node {
  const given = { ...optionsOf<'dim', Dims, QuantileOptions>('dim', by), ...options };
  return quantiles(x, q, { ...given, keepdim: given.keepdim ?? keepdim });
}

function quantiles(x: Node, q: number | readonly number[], options: QuantileOptions): Node {
  if (typeof q !== 'number') return stack(q.map((one) => quantiles(x, one, options)));
  const { dim, keepdim = false, interpolation = 'linear' } = options;
  if (!isFloat(x.type.dtype))
    throw new DTypeError('quantile() input tensor must be either float or double dtype');
  if (!interpolations.includes(interpolation))
    throw new ValueError(
      `quantile() interpolation must be one of linear, lower, higher, midpoint or nearest, but got ${String(interpolation)}`,
    );
  if (!(q >= 0 && q <= 1)) throw new ValueError('quantile() q values must be in the range [0, 1]');
  const { axes } = reduceAttrs('quantile', x, dim, keepdim);
  if (axes.some((axis) => x.type.shape[axis] === 0))
    throw new ValueError('quantile() input tensor must be non-empty');
  return node(quantileOp, [x], { q, axes, keepdim, interpolation });
}

interface SearchAttrs {
  readonly right: boolean;
}

const searchOp = defineOp<SearchAttrs>({
  name: 'searchsorted',
  type: ([, values]) => ({ shape: values.shape, dtype: 'int32' }),
  meaning: ({ attrs: { right } }) => ({
    tag: 'routine',
    run: ([sorted, values], out, [{ shape }, { shape: wanted }]) => {
      const length = shape[shape.length - 1];
      const perLane = shape.length === 1 ? out.length : wanted[wanted.length - 1];
      for (let i = 0; i < out.length; i++)
        out[i] = placeOf(
          sorted,
          shape.length === 1 ? 0 : Math.floor(i / perLane) * length,
          length,
          values[i],
          right,
        );
    },
  }),
  nondifferentiable: true,
});

/** Where a value belongs in a sorted lane, before its equals or (right) behind them. */
function placeOf(sorted: Values, base: number, length: number, value: number, right: boolean): number {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const x = sorted[base + middle];
    if (right ? !(x > value) : !(x >= value)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Where values would be inserted into sorted sequences (the last dimension) to keep them sorted, as int32. */
export function searchsorted(sorted: Node, values: Node, { right = false }: Partial<SearchAttrs> = {}): Node {
  const lead = sorted.type.shape.slice(0, -1);
  if (sorted.type.shape.length !== 1 && !sameShape(lead, values.type.shape.slice(0, -1)))
    throw new ValueError(
      `torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries tensor and input value tensor must match, but we got boundaries tensor [${sorted.type.shape.join(', ')}] and input value tensor [${values.type.shape.join(', ')}]`,
    );
  return node(searchOp, [sorted, values], { right });
}

/** `searchsorted` with its arguments exchanged. */
export const bucketize = (x: Node, boundaries: Node, options: Partial<SearchAttrs> = {}): Node =>
  searchsorted(boundaries, x, options);
