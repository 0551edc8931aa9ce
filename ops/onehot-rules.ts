// Rewrites of one-hot masks. In: a sum along an axis of where(position === t, v, 0), where neither t nor v varies along that axis. Out: v where
// t is a position of the axis, else 0: at most one term of the sum is not zero. Gradients of cross-entropy are full of these.

import type { Node } from '../compiler/node.ts';
import type { Rule } from '../compiler/rewrite.ts';
import { rule } from '../compiler/rewrite.ts';
import { broadcastShapes, sameShape } from '../compiler/shape.ts';
import { ge, logicalAnd, lt } from './compare.ts';
import type { ReduceAttrs } from './reduce-sum.ts';
import { where } from './select.ts';
import { narrow } from './slice.ts';
import { expand, reshape } from './view.ts';

/** True if `ramp` counts 0, 1, 2, ... along one axis of `ndim` and is the same along all others. */
function countsAlong(ramp: Node, axis: number, ndim: number): boolean {
  let n = ramp;
  let at = axis - (ndim - n.type.shape.length);
  for (;;) {
    const meaning = n.op.meaning(n);
    if (meaning.tag === 'iota') return meaning.axis === at && meaning.offset === 0 && meaning.step === 1;
    if (meaning.tag !== 'view' || meaning.view.tag === 'reshape' || meaning.view.fill !== undefined)
      return false;
    const maps = meaning.view.axes;
    const inner = maps.findIndex(
      (m) => m.terms.length === 1 && m.terms[0][0] === at && m.terms[0][1] === 1 && m.offset === 0,
    );
    if (inner < 0) return false;
    n = n.inputs[0];
    at = inner;
  }
}

/** `x` with size 1 along an axis along which it does not vary; null if it may. */
function steadyAlong(x: Node, axis: number, ndim: number): Node | null {
  const at = axis - (ndim - x.type.shape.length);
  if (at < 0 || x.type.shape[at] === 1) return x;
  const meaning = x.op.meaning(x);
  if (meaning.tag !== 'view' || meaning.view.tag === 'reshape' || meaning.view.fill !== undefined)
    return null;
  return meaning.view.axes.some((m) => m.terms.some(([a]) => a === at)) ? null : narrow(x, at, 0, 1);
}

function pickOne(ramp: Node, t: Node, v: Node, chosen: Node, n: Node): Node | null {
  const { axes } = n.attrs as ReduceAttrs;
  const shape = chosen.type.shape;
  if (axes.length !== 1) return null;
  const [axis] = axes;
  if (!countsAlong(ramp, axis, shape.length)) return null;
  const [place, value] = [steadyAlong(t, axis, shape.length), steadyAlong(v, axis, shape.length)];
  if (!place || !value) return null;
  const size = shape[axis];
  const kept = shape.map((s, i) => (i === axis ? 1 : s));
  const inside = where(logicalAnd(ge(place, 0), lt(place, size)), value, 0);
  const whole = sameShape(broadcastShapes(inside.type.shape, kept), inside.type.shape)
    ? inside
    : expand(inside, kept);
  return sameShape(whole.type.shape, n.type.shape) ? whole : reshape(whole, n.type.shape);
}

export const rules: readonly Rule[] = [
  rule(
    'sum of where(i == t, v, 0) = v',
    'exact',
    ['sum', ['where', ['eq', 'ramp', 't'], 'v', 0]],
    ({ ramp, t, v }, n) => pickOne(ramp, t, v, n.inputs[0], n) ?? pickOne(t, ramp, v, n.inputs[0], n),
  ),
];
