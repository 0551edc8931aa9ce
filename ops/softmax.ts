// Softmax and its relatives. In: a node and a dimension. Out: composites that subtract the maximum, so that nothing overflows. Their
// gradients are written with the result, as in PyTorch; the maximum gets none, because it cancels.
//
// The rules recognise the same functions written out by hand and replace them by the stable ones.

import type { DType } from '../compiler/dtype.ts';
import { ShapeError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import { defineOp } from '../compiler/op.ts';
import type { Op } from '../compiler/op.ts';
import { rule } from '../compiler/rewrite.ts';
import type { Rule } from '../compiler/rewrite.ts';
import { checkDim, numel, sameShape } from '../compiler/shape.ts';
import { add, div, mul, sub } from './binary.ts';
import { cast } from './cast.ts';
import { eq, isinf } from './compare.ts';
import { checkFloats } from './operand.ts';
import { floating, savesResult } from './pointwise.ts';
import type { Dims, ReduceAttrs } from './reduce-sum.ts';
import { reduceAttrs, reduceType, reducedShape, restore, sum } from './reduce-sum.ts';
import { amax } from './reduce.ts';
import { where } from './select.ts';
import { narrow } from './slice.ts';
import { exp, log, neg, sigmoid } from './unary.ts';
import { reshape } from './view.ts';

interface AxesAttrs {
  readonly axes: readonly number[];
  /** An infinite maximum is not subtracted, as in logsumexp: what a formula written by hand gives there. */
  readonly guarded?: true;
}

type Formula = (x: Node, attrs: AxesAttrs) => Node;
type Pull = (g: Node, y: Node, axes: readonly number[]) => Node;

const rowOp = (name: string, formula: Formula, pull: Pull): Op<AxesAttrs> =>
  defineOp<AxesAttrs>({
    name,
    type: ([x]) => x,
    meaning: ({ inputs: [x], attrs }) => ({
      tag: 'composite',
      expand: () => (numel(x.type.shape) === 0 ? exp(x) : formula(x, attrs)),
    }),
    vjp: (g, n) => [pull(g, n, n.attrs.axes)],
    saves: savesResult,
  });

/** The largest elements, or 0 where they are infinite. */
function finiteMaximum(x: Node, axes: readonly number[]): Node {
  const largest = amax(x, axes, true);
  return where(isinf(largest), 0, largest);
}

const shifted = (x: Node, { axes, guarded }: AxesAttrs): Node =>
  sub(x, guarded ? finiteMaximum(x, axes) : amax(x, axes, true));

const throughSoftmax: Pull = (g, y, axes) => mul(sub(g, sum(mul(g, y), axes, true)), y);

const softmaxOp = rowOp(
  'softmax',
  (x, attrs) => {
    const e = exp(shifted(x, attrs));
    return div(e, sum(e, attrs.axes, true));
  },
  throughSoftmax,
);

const logSoftmaxOp = rowOp(
  'logSoftmax',
  (x, attrs) => {
    const z = shifted(x, attrs);
    return sub(z, log(sum(exp(z), attrs.axes, true)));
  },
  (g, y, axes) => sub(g, mul(exp(y), sum(g, axes, true))),
);

const safeSoftmaxOp = rowOp(
  'safeSoftmax',
  (x, { axes }) => {
    const e = exp(sub(x, finiteMaximum(x, axes)));
    const total = sum(e, axes, true);
    return div(e, where(eq(total, 0), 1, total));
  },
  throughSoftmax,
);

/** softmax along the last dimension, but 0 where all of a row is -Infinity: for masked attention. */
export const safeSoftmax = (x: Node): Node => node(safeSoftmaxOp, [x], { axes: [x.type.shape.length - 1] });

export interface SoftmaxOptions {
  /** Computes in this dtype. */
  readonly dtype?: DType;
}

function alongRows(op: Op<AxesAttrs>, kernel: string, x: Node, dim: number, { dtype }: SoftmaxOptions): Node {
  const input = dtype ? cast(x, dtype) : x;
  checkFloats(kernel, input);
  const { length } = x.type.shape;
  const at = checkDim(dim, length);
  return node(op, [input], { axes: length === 0 ? [] : [at] });
}

/** exp(x) over its sum along a dimension. */
export const softmax = (x: Node, dim: number, options: SoftmaxOptions = {}): Node =>
  alongRows(softmaxOp, 'softmax_lastdim_kernel_impl', x, dim, options);

/** The logarithm of `softmax`, without its loss of digits. */
export const logSoftmax = (x: Node, dim: number, options: SoftmaxOptions = {}): Node =>
  alongRows(logSoftmaxOp, 'log_softmax_lastdim_kernel_impl', x, dim, options);

/** softmax(-x). */
export const softmin = (x: Node, dim: number, options: SoftmaxOptions = {}): Node =>
  softmax(neg(x), dim, options);

const logsumexpOp = defineOp<ReduceAttrs>({
  name: 'logsumexp',
  type: (inputs, attrs) => reduceType(inputs, attrs),
  meaning: ({ inputs: [x], attrs: { axes, keepdim }, type }) => ({
    tag: 'composite',
    expand() {
      if (numel(x.type.shape) === 0) return log(sum(exp(x), axes, keepdim));
      const shift = finiteMaximum(x, axes);
      // with all axes kept, so that x - logsumexp(x) shares the sum
      return reshape(add(log(sum(exp(sub(x, shift)), axes, true)), shift), type.shape);
    },
  }),
  vjp: (g, n) => {
    const [x] = n.inputs;
    const [grad, y] = [g, n].map((v) => restore(v, x.type.shape, n.attrs));
    return [mul(grad, exp(sub(x, y)))];
  },
  saves: () => ({ self: 0, result: 'output' }),
});

/** log(sum(exp(x))) along dimensions, without overflow. */
export function logsumexp(x: Node, dim?: Dims, keepdim = false): Node {
  const { axes } = reduceAttrs('logsumexp', x, dim, keepdim);
  return node(logsumexpOp, [floating(x)], { axes, keepdim });
}

const gluOp = defineOp<{ readonly dim: number }>({
  name: 'glu',
  type: ([x], { dim }) => ({
    shape: x.shape.map((size, i) => (i === dim ? size / 2 : size)),
    dtype: x.dtype,
  }),
  meaning: ({ inputs: [x], attrs: { dim }, type }) => ({
    tag: 'composite',
    expand() {
      const half = type.shape[dim];
      return mul(narrow(x, dim, 0, half), sigmoid(narrow(x, dim, half, half)));
    },
  }),
  saves: () => ({ self: 0 }),
});

/** The first half of a dimension (the last) times the sigmoid of the second. */
export function glu(x: Node, dim = -1): Node {
  const { shape } = x.type;
  if (shape.length === 0) throw new ShapeError('glu does not support 0-dimensional tensors');
  const at = checkDim(dim, shape.length);
  if (shape[at] % 2 !== 0)
    throw new ShapeError(`Halving dimension must be even, but dimension ${at} is size ${shape[at]}`);
  return node(gluOp, [floating(x)], { dim: at });
}

/** A reduction behind views that only put axes of size 1 back, if its result broadcasts against `x` as with keepdim. */
function keptReduction(x: Node, y: Node, name: string): Node<ReduceAttrs> | null {
  let n = y;
  while (n.op.name === 'unsqueeze' || n.op.name === 'reshape' || n.op.name === 'view') n = n.inputs[0];
  if (n.op.name !== name) return null;
  const { axes } = n.attrs as ReduceAttrs;
  const kept = reducedShape(x.type.shape, { axes, keepdim: true });
  const lead = kept.length - y.type.shape.length;
  const fits =
    lead >= 0 && kept.slice(0, lead).every((size) => size === 1) && sameShape(kept.slice(lead), y.type.shape);
  return fits ? (n as Node<ReduceAttrs>) : null;
}

/** True if something like a maximum has been subtracted already. */
function isShifted(x: Node): boolean {
  if (x.op.name !== 'sub') return false;
  let n = x.inputs[1];
  for (;;) {
    const meaning = n.op.meaning(n);
    if (meaning.tag === 'reduce') return meaning.monoid === 'max';
    if (meaning.tag !== 'view' && meaning.tag !== 'map') return false;
    n = n.inputs[n.inputs.length - 1];
    if (!n) return false;
  }
}

export const rules: readonly Rule[] = [
  rule('exp(x) / sum(exp(x)) = softmax(x)', 'stabilising', ['div', ['exp', 'x'], 'total'], ({ x, total }) => {
    const n = keptReduction(x, total, 'sum');
    if (!n || n.inputs[0].op.name !== 'exp' || n.inputs[0].inputs[0] !== x || isShifted(x)) return null;
    return node(softmaxOp, [x], { axes: n.attrs.axes, guarded: true });
  }),
  rule('log(softmax(x)) = logSoftmax(x)', 'stabilising', ['log', ['softmax', 'x']], ({ x }, n) =>
    node(logSoftmaxOp, [x], n.inputs[0].attrs as AxesAttrs),
  ),
  rule('log(sum(exp(x))) = logsumexp(x)', 'stabilising', ['log', ['sum', ['exp', 'x']]], ({ x }, n) => {
    const { axes, keepdim } = n.inputs[0].attrs as ReduceAttrs;
    return isShifted(x) ? null : node(logsumexpOp, [x], { axes, keepdim });
  }),
  rule('x - logsumexp(x) = logSoftmax(x)', 'stabilising', ['sub', 'x', 'total'], ({ x, total }) => {
    const n = keptReduction(x, total, 'logsumexp');
    return n && n.inputs[0] === x ? node(logSoftmaxOp, [x], { axes: n.attrs.axes, guarded: true }) : null;
  }),
  // The gradient of a logSoftmax needs the softmax: no second exp. Both sides underflow alike, as sum(exp(x)) >= 1.
  rule(
    'exp(x - log(sum(exp(x)))) = exp(x) / sum(exp(x))',
    'stabilising',
    ['exp', ['sub', 'x', ['log', ['sum', ['exp', 'x']]]]],
    ({ x }, n) => {
      const total = n.inputs[0].inputs[1].inputs[0];
      return isShifted(x) ? div(total.inputs[0], total) : null;
    },
  ),
];
