// Running extremes and finite differences along a dimension: cummax, cummin, diff, trapezoid. In: a node and a dimension. Out: nodes.
// A running extreme is a routine that finds indices (of the last of equals) and a gather by them; differences are slices subtracted.

import { ShapeError, ValueError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import { defineOp } from '../compiler/op.ts';
import { checkDim } from '../compiler/shape.ts';
import { add, div, mul, sub } from './binary.ts';
import { logicalXor } from './compare.ts';
import { takeOp } from './index-core.ts';
import { cat } from './join.ts';
import { forEachLane } from './lanes.ts';
import { optionsOf } from './options.ts';
import { sum } from './reduce-sum.ts';
import { cumsum } from './scan.ts';
import { narrow, select } from './slice.ts';
import { constant } from './source.ts';
import { reshape } from './view.ts';

interface ExtremeAttrs {
  readonly dim: number;
  readonly sign: 1 | -1;
}

const runningIndexOp = defineOp<ExtremeAttrs>({
  name: 'cumargmax',
  type: ([x]) => ({ shape: x.shape, dtype: 'int32' }),
  meaning: ({ attrs: { dim, sign } }) => ({
    tag: 'routine',
    run: ([x], out, [{ shape }]) =>
      forEachLane(shape, dim, (base, stride, length) => {
        let best = 0;
        for (let i = 0; i < length; i++) {
          const value = x[base + i * stride];
          const held = x[base + best * stride];
          if (Number.isNaN(value) || sign * value >= sign * held) best = i;
          out[base + i * stride] = best;
        }
      }),
  }),
  nondifferentiable: true,
});

const cummaxOp = takeOp('cummax', 'CummaxBackward0');
const cumminOp = takeOp('cummin', 'CumminBackward0');

function runningExtreme(op: typeof cummaxOp, x: Node, dim: number, sign: 1 | -1): [Node, Node] {
  const d = checkDim(dim, x.type.shape.length);
  const indices =
    x.type.shape.length === 0 ? constant(0, 'int32') : node(runningIndexOp, [x], { dim: d, sign });
  return [node(op, [x, indices], { dim: d }), indices];
}

/** [values, indices] of the largest element so far along a dimension; the last of equals, NaN once there is one. */
export const cummax = (x: Node, dim: number): [Node, Node] => runningExtreme(cummaxOp, x, dim, 1);
/** [values, indices] of the smallest element so far along a dimension; the last of equals, NaN once there is one. */
export const cummin = (x: Node, dim: number): [Node, Node] => runningExtreme(cumminOp, x, dim, -1);

/** All but the first, and all but the last, along a dimension. */
const neighbours = (x: Node, dim: number): readonly [next: Node, previous: Node] => {
  const length = Math.max(0, x.type.shape[dim] - 1);
  return [narrow(x, dim, Math.min(1, x.type.shape[dim]), length), narrow(x, dim, 0, length)];
};

export interface DiffOptions {
  readonly n?: number;
  readonly dim?: number;
  readonly prepend?: Node;
  readonly append?: Node;
}

/** The n-th difference of neighbours along a dimension (the last one); exclusive or for booleans. */
export function diff(x: Node, options?: number | DiffOptions): Node {
  const { n = 1, dim = -1, prepend, append } = optionsOf<'n', number, DiffOptions>('n', options);
  if (x.type.shape.length === 0) throw new ShapeError('diff expects input to be at least one-dimensional');
  if (!Number.isInteger(n) || n < 0) throw new ValueError(`order must be non-negative but got ${n}`);
  const d = checkDim(dim, x.type.shape.length);
  const parts = [prepend, x, append].filter((part) => part !== undefined);
  let result = parts.length === 1 ? x : cat(parts, d);
  // of nothing nothing is left
  const order = Math.min(n, result.type.shape[d]);
  for (let i = 0; i < order; i++) {
    const [next, previous] = neighbours(result, d);
    result = x.type.dtype === 'bool' ? logicalXor(next, previous) : sub(next, previous);
  }
  return result;
}

export interface TrapezoidOptions {
  /** The points; or their distance `dx`, 1 if neither is given. */
  readonly x?: Node;
  readonly dx?: number;
  readonly dim?: number;
}

/** Distances that multiply the neighbours' sums along dimension `d`. */
function spacing(y: Node, x: Node, d: number): Node {
  const ndim = y.type.shape.length;
  const points =
    x.type.shape.length === 1
      ? reshape(
          x,
          y.type.shape.map((_, i) => (i === d ? -1 : 1)),
        )
      : x;
  const [next, previous] = neighbours(points, d + points.type.shape.length - ndim);
  return sub(next, previous);
}

/** The integral by the trapezoidal rule along a dimension (the last one). */
export function trapezoid(y: Node, options?: Node | TrapezoidOptions, dimArg = -1): Node {
  const { x, dx = 1, dim = dimArg } = pointsOf(options);
  const d = checkDim(dim, y.type.shape.length);
  if (x) {
    const [next, previous] = neighbours(y, d);
    return div(sum(mul(add(next, previous), spacing(y, x, d)), d), 2);
  }
  if (y.type.shape[d] === 0) return sum(y, d);
  return mul(sub(sum(y, d), mul(add(select(y, d, 0), select(y, d, -1)), 0.5)), dx);
}
/** `trapezoid` under its older name. */
export const trapz = trapezoid;

/** The running integral by the trapezoidal rule: one element shorter. */
export function cumulativeTrapezoid(y: Node, options?: Node | TrapezoidOptions, dimArg = -1): Node {
  const { x, dx = 1, dim = dimArg } = pointsOf(options);
  const d = checkDim(dim, y.type.shape.length);
  const [next, previous] = neighbours(y, d);
  const both = add(next, previous);
  return x ? div(cumsum(mul(both, spacing(y, x, d)), d), 2) : mul(cumsum(both, d), dx / 2);
}

const pointsOf = (options: Node | TrapezoidOptions | undefined): TrapezoidOptions =>
  options === undefined ? {} : 'op' in options ? { x: options } : options;
