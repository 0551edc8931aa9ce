// Running reductions along one dimension: cumsum, cumprod, logcumsumexp, cummax, cummin, and differences. In: a node and a dimension.
// Out: a node of the same shape. Scans are routines, linear in the length.
//
// Their gradients are scans again. Behind all of them is one recurrence,  s[t] = a[t] * s[t-1] + b[t],  whose own gradient is the
// same recurrence run backwards; it divides by nothing, so cumprod and prod are exact where there are zeros, at any order.

import { isFloat } from '../compiler/dtype.ts';
import type { DType } from '../compiler/dtype.ts';
import { DTypeError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import type { Op, RoutineRun } from '../compiler/op.ts';
import { defineOp } from '../compiler/op.ts';
import { checkDim, numel } from '../compiler/shape.ts';
import { mul, sub } from './binary.ts';
import { shift, sweep } from './lanes.ts';
import { exactInt, inDType } from './reduce-sum.ts';
import { exp } from './unary.ts';
import { permute, reshape } from './view.ts';

export interface ScanAttrs {
  readonly dim: number;
  /** From the last element to the first. */
  readonly reverse: boolean;
}

/** A running total of the lane: `combine(total, x)`, in double precision as PyTorch's. */
const running =
  ({ dim, reverse }: ScanAttrs, combine: (total: number, x: number) => number): RoutineRun =>
  ([x], out, [{ shape }]) => {
    let total = 0;
    sweep(shape, dim, reverse, (at, previous) => {
      total = previous < 0 ? x[at] : combine(total, x[at]);
      out[at] = total;
    });
  };

/** The neighbour that a scan has just left. */
const before = (x: Node, { dim, reverse }: ScanAttrs, fill: number): Node =>
  shift(x, dim, reverse ? -1 : 1, fill);
/** The neighbour that a scan meets next. */
const after = (x: Node, { dim, reverse }: ScanAttrs, fill: number): Node =>
  shift(x, dim, reverse ? 1 : -1, fill);
const backwards = ({ dim, reverse }: ScanAttrs): ScanAttrs => ({ dim, reverse: !reverse });

const recurrenceOp = defineOp<ScanAttrs>({
  name: 'recurrence',
  type: ([a]) => a,
  meaning: ({ attrs }) => ({
    tag: 'routine',
    run: ([a, b], out, [{ shape }]) => {
      let s = 0;
      sweep(shape, attrs.dim, attrs.reverse, (at, previous) => {
        s = previous < 0 ? b[at] : a[at] * s + b[at];
        out[at] = s;
      });
    },
  }),
  vjp: (g, n, wants) => {
    const r = recurrence(after(n.inputs[0], n.attrs, 0), g, backwards(n.attrs));
    return [wants[0] ? mul(r, before(n, n.attrs, 0)) : null, r];
  },
  saves: () => ({ self: 0, result: 'output' }),
});

/** s[t] = a[t] * s[t-1] + b[t] along a dimension, with s[-1] = 0; two nodes of one type. */
export const recurrence = (a: Node, b: Node, attrs: ScanAttrs): Node => node(recurrenceOp, [a, b], attrs);

const cumsumOp: Op<ScanAttrs> = defineOp<ScanAttrs>({
  name: 'cumsum',
  type: ([x]) => x,
  meaning: ({ attrs }) => ({ tag: 'routine', run: running(attrs, (total, x) => total + x) }),
  vjp: (g, { attrs }) => [node(cumsumOp, [g], backwards(attrs))],
});

const cumprodOp = defineOp<ScanAttrs>({
  name: 'cumprod',
  type: ([x]) => x,
  meaning: ({ attrs }) => ({ tag: 'routine', run: running(attrs, (total, x) => total * x) }),
  vjp: (g, n) => {
    // dx[k] = product before k * sum over j >= k of g[j] * product of what lies between them
    const rest = recurrence(after(n.inputs[0], n.attrs, 0), g, backwards(n.attrs));
    return [mul(before(n, n.attrs, 1), rest)];
  },
  saves: () => ({ self: 0, result: 'output' }),
});

const forwards = (x: Node, dim: number): ScanAttrs => ({
  dim: checkDim(dim, x.type.shape.length),
  reverse: false,
});

export interface ScanOptions {
  /** The data are converted before they are added up. */
  readonly dtype?: DType;
}

/** Running sums along a dimension; of booleans and integers as int32. */
export const cumsum = (x: Node, dim: number, { dtype }: ScanOptions = {}): Node =>
  inDType(x, dtype, (y) => node(cumsumOp, [exactInt(y)], forwards(y, dim)));

/** Running products along a dimension; of booleans and integers as int32. */
export const cumprod = (x: Node, dim: number, { dtype }: ScanOptions = {}): Node =>
  inDType(x, dtype, (y) => node(cumprodOp, [exactInt(y)], forwards(y, dim)));

/** For each element the product of all others along the given axes. */
export function productOfOthers(x: Node, axes: readonly number[]): Node {
  const { shape } = x.type;
  const rest = shape.map((_, i) => i).filter((i) => !axes.includes(i));
  const order = [...rest, ...axes];
  const moved = order.every((d, i) => d === i) ? x : permute(x, order);
  const dim = rest.length;
  const lanes = reshape(moved, [...rest.map((d) => shape[d]), numel(axes.map((d) => shape[d]))]);
  const left: ScanAttrs = { dim, reverse: false };
  const right: ScanAttrs = { dim, reverse: true };
  const others = mul(
    before(node(cumprodOp, [lanes], left), left, 1),
    before(node(cumprodOp, [lanes], right), right, 1),
  );
  const back = reshape(others, moved.type.shape);
  return moved === x
    ? back
    : permute(
        back,
        order.map((_, i) => order.indexOf(i)),
      );
}

/** log(e^a + e^b) without overflow. */
function logAddExp(a: number, b: number): number {
  const [low, high] = a < b ? [a, b] : [b, a];
  return low === high && !Number.isFinite(low) ? low : high + Math.log1p(Math.exp(low - high));
}

const logcumsumexpOp = defineOp<ScanAttrs>({
  name: 'logcumsumexp',
  type: ([x]) => x,
  meaning: ({ attrs }) => ({ tag: 'routine', run: running(attrs, logAddExp) }),
  vjp: (g, n) => {
    // dx[k] = sum over j >= k of g[j] * e^(x[k] - y[j]), summed relative to y[k] so that no exponent is positive
    const decay = exp(sub(n, after(n, n.attrs, Infinity)));
    return [mul(exp(sub(n.inputs[0], n)), recurrence(decay, g, backwards(n.attrs)))];
  },
  saves: () => ({ self: 0, result: 'output' }),
});

/** Logarithms of the running sums of exponentials along a dimension. */
export function logcumsumexp(x: Node, dim: number): Node {
  if (!isFloat(x.type.dtype)) throw new DTypeError('logcumsumexp(): Expected floating point type for input.');
  return node(logcumsumexpOp, [x], forwards(x, dim));
}
