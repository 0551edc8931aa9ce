// Reductions that pick one element: max, min, argmax, argmin, median, kthvalue, mode. In: a node and a dimension. Out: with a dimension
// [values, indices], without one the value alone, as in PyTorch. With a dimension the gradient goes to the element picked; without
// one it is shared by all that equal it.

import { IndexError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import type { Monoid, Op } from '../compiler/op.ts';
import { defineOp } from '../compiler/op.ts';
import { checkDim, numel } from '../compiler/shape.ts';
import { maximum, minimum } from './binary-extreme.ts';
import { gatherFrom, pickOp } from './index-core.ts';
import type { Values } from './lanes.ts';
import { forEachLane, sortedLane } from './lanes.ts';
import { optionsOf } from './options.ts';
import type { ReduceAttrs } from './reduce-sum.ts';
import { reduceAttrs, reducedShape, reduction } from './reduce-sum.ts';
import { amax, amin, extreme, refuseEmpty, shareEvenly } from './reduce.ts';
import { constant } from './source.ts';
import { reshape } from './view.ts';

/** Where the reduction of one axis finds its element. */
const located = (name: string, monoid: Monoid): Op<ReduceAttrs> =>
  defineOp<ReduceAttrs>({
    ...reduction(name, monoid, { nondifferentiable: true }),
    type: ([x], attrs) => ({ shape: reducedShape(x.shape, attrs), dtype: 'int32' }),
  });

const argmaxOp = located('argmax', 'argmax');
const argminOp = located('argmin', 'argmin');

function locate(op: Op<ReduceAttrs>, x: Node, dim: number | null | undefined, keepdim: boolean): Node {
  const { shape } = x.type;
  const attrs = reduceAttrs(op.name, x, dim, keepdim);
  refuseEmpty(op.name, shape, attrs);
  if (shape.length === 0) return constant(0, 'int32');
  if (!attrs.whole) return node(op, [x], attrs);
  const at = node(op, [reshape(x, [-1])], { axes: [0], keepdim: false });
  return keepdim ? reshape(at, reducedShape(shape, attrs)) : at;
}

/** The index of the largest element (the first of equals; of NaN if there is one), along `dim` or in row-major order. */
export const argmax = (x: Node, dim?: number | null, keepdim = false): Node =>
  locate(argmaxOp, x, dim, keepdim);
/** The index of the smallest element (the first of equals; of NaN if there is one), along `dim` or in row-major order. */
export const argmin = (x: Node, dim?: number | null, keepdim = false): Node =>
  locate(argminOp, x, dim, keepdim);

const maxAllOp = extreme('max', 'max', 'MaxBackward1');
const minAllOp = extreme('min', 'min', 'MinBackward1');
const maxOp = pickOp('max', 'MaxBackward0', (x, { axes, keepdim }) => amax(x, axes, keepdim));
const minOp = pickOp('min', 'MinBackward0', (x, { axes, keepdim }) => amin(x, axes, keepdim));

function extremeOf(
  x: Node,
  all: Op<ReduceAttrs>,
  one: Op<ReduceAttrs>,
  arg: typeof argmax,
  dim: number | undefined,
  keepdim: boolean,
): Node | [Node, Node] {
  const attrs = reduceAttrs(all.name, x, dim, keepdim);
  refuseEmpty(all.name, x.type.shape, attrs);
  if (dim === undefined) return node(all, [x], attrs);
  const indices = arg(x, dim, keepdim);
  return [node(one, [x, indices], attrs), indices];
}

/** The largest value; with a dimension [values, indices]; with another node the larger of both, element by element. */
export function max(x: Node): Node;
export function max(x: Node, other: Node): Node;
export function max(x: Node, dim: number, keepdim?: boolean): [Node, Node];
export function max(x: Node, dim?: number | Node, keepdim = false): Node | [Node, Node] {
  return typeof dim === 'object' ? maximum(x, dim) : extremeOf(x, maxAllOp, maxOp, argmax, dim, keepdim);
}

/** The smallest value; with a dimension [values, indices]; with another node the smaller of both, element by element. */
export function min(x: Node): Node;
export function min(x: Node, other: Node): Node;
export function min(x: Node, dim: number, keepdim?: boolean): [Node, Node];
export function min(x: Node, dim?: number | Node, keepdim = false): Node | [Node, Node] {
  return typeof dim === 'object' ? minimum(x, dim) : extremeOf(x, minAllOp, minOp, argmin, dim, keepdim);
}

/** Finds in a lane, given its positions in ascending order, the position to pick. */
type Choice = (order: Int32Array, x: Values, base: number, stride: number) => number;

interface RankAttrs extends ReduceAttrs {
  /** Which choice; part of the identity of the node. */
  readonly choice: 'median' | 'nanmedian' | 'kth' | 'mode';
  readonly k?: number;
}

const nanCount = (order: Int32Array, x: Values, base: number, stride: number): number => {
  let count = 0;
  while (count < order.length && Number.isNaN(x[base + order[order.length - 1 - count] * stride])) count++;
  return count;
};

const choices: Readonly<Record<RankAttrs['choice'], (k: number) => Choice>> = {
  median: () => (order, x, base, stride) => {
    const nans = nanCount(order, x, base, stride);
    return order[nans > 0 ? order.length - nans : (order.length - 1) >> 1];
  },
  nanmedian: () => (order, x, base, stride) =>
    order[Math.max(0, (order.length - 1 - nanCount(order, x, base, stride)) >> 1)],
  kth: (k) => (order) => order[k - 1],
  mode: () => (order, x, base, stride) => {
    let [best, longest, run] = [0, 0, 0];
    for (let i = 0; i < order.length; i++) {
      const same = i > 0 && x[base + order[i] * stride] === x[base + order[i - 1] * stride];
      run = same ? run + 1 : 1;
      if (run > longest || (same && best === i - 1)) [best, longest] = [i, run];
    }
    return order[best];
  },
};

const rankOp = defineOp<RankAttrs>({
  name: 'rank',
  type: ([x], attrs) => ({ shape: reducedShape(x.shape, attrs), dtype: 'int32' }),
  meaning: ({ attrs }) => ({
    tag: 'routine',
    run: ([x], out, [{ shape }]) => {
      const choose = choices[attrs.choice](attrs.k ?? 0);
      let at = 0;
      forEachLane(shape, attrs.axes[0], (base, stride, length) => {
        out[at++] = choose(sortedLane(x, base, stride, length), x, base, stride);
      });
    },
  }),
  nondifferentiable: true,
});

function picked(
  op: Op<ReduceAttrs>,
  choice: RankAttrs['choice'],
  x: Node,
  dim: number,
  keepdim: boolean,
  k?: number,
): [Node, Node] {
  const attrs = reduceAttrs(op.name, x, dim, keepdim);
  refuseEmpty(op.name, x.type.shape, attrs);
  const rank: RankAttrs = k === undefined ? { ...attrs, choice } : { ...attrs, choice, k };
  const indices = x.type.shape.length === 0 ? constant(0, 'int32') : node(rankOp, [x], rank);
  return [node(op, [x, indices], attrs), indices];
}

/** The median of everything: one routine finds it, all that equal it share the gradient. */
const medianAll = (name: 'median' | 'nanmedian', gradName: string): Op<ReduceAttrs> =>
  defineOp<ReduceAttrs>({
    name,
    type: ([x]) => ({ shape: [], dtype: x.dtype }),
    meaning: ({ inputs: [x] }) => ({
      tag: 'composite',
      expand: () => {
        const flat = reshape(x, [numel(x.type.shape)]);
        return gatherFrom(
          flat,
          [node(rankOp, [flat], { axes: [0], keepdim: false, choice: name })],
          [{ input: 1 }],
          [],
        );
      },
    }),
    vjp: (g, n) => [shareEvenly(g, n.inputs[0], n, n.attrs)],
    gradName: () => gradName,
    saves: () => ({ self: 0, result: 'output' }),
  });

const medians = {
  median: [medianAll('median', 'MedianBackward0'), pickOp('median', 'MedianBackward1')],
  nanmedian: [medianAll('nanmedian', 'NanmedianBackward0'), pickOp('nanmedian', 'NanmedianBackward1')],
} as const;

function medianOf(
  name: keyof typeof medians,
  x: Node,
  dim: number | undefined,
  keepdim: boolean,
): Node | [Node, Node] {
  if (dim !== undefined) return picked(medians[name][1], name, x, dim, keepdim);
  const attrs = reduceAttrs(name, x, undefined, false);
  if (numel(x.type.shape) === 0) return constant(NaN, x.type.dtype);
  return node(medians[name][0], [x], attrs);
}

/** The lower median (NaN if there is one); with a dimension [values, indices]. */
export function median(x: Node): Node;
export function median(x: Node, dim: number, keepdim?: boolean): [Node, Node];
export function median(x: Node, dim?: number, keepdim = false): Node | [Node, Node] {
  return medianOf('median', x, dim, keepdim);
}

/** The lower median of what is not NaN; with a dimension [values, indices]. */
export function nanmedian(x: Node): Node;
export function nanmedian(x: Node, dim: number, keepdim?: boolean): [Node, Node];
export function nanmedian(x: Node, dim?: number, keepdim = false): Node | [Node, Node] {
  return medianOf('nanmedian', x, dim, keepdim);
}

export interface PickOptions {
  readonly dim?: number;
  readonly keepdim?: boolean;
}

const kthvalueOp = pickOp('kthvalue', 'KthvalueBackward0');

/** [values, indices] of the k-th smallest element along a dimension (the last one), k counted from 1. */
export function kthvalue(
  x: Node,
  k: number,
  options?: number | PickOptions,
  keepdimArg = false,
): [Node, Node] {
  const { dim = -1, keepdim = keepdimArg } = optionsOf<'dim', number, PickOptions>('dim', options);
  const size = x.type.shape[checkDim(dim, x.type.shape.length)] ?? 1;
  if (!Number.isInteger(k) || k < 1 || k > size)
    throw new IndexError('kthvalue(): selected number k out of range for dimension');
  return picked(kthvalueOp, 'kth', x, dim, keepdim, k);
}

const modeOp = pickOp('mode', 'ModeBackward0');

/** [values, indices] of the most frequent element along a dimension (the last one): the smallest of them, where it stands last. */
export function mode(x: Node, options?: number | PickOptions, keepdimArg = false): [Node, Node] {
  const { dim = -1, keepdim = keepdimArg } = optionsOf<'dim', number, PickOptions>('dim', options);
  return picked(modeOp, 'mode', x, dim, keepdim);
}
