// Rewrites of reductions. In: a reduction over something whose structure says more than its values do. Out: less work: axes of size 1
// are not reduced, a reduction of a reduction is one, an axis along which everything is equal counts once, what does not vary along
// the reduced axes is taken out of a sum.

import { isFloat } from '../compiler/dtype.ts';
import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import type { Op } from '../compiler/op.ts';
import type { Rule, RuleKind } from '../compiler/rewrite.ts';
import { rule } from '../compiler/rewrite.ts';
import { numel, sameShape } from '../compiler/shape.ts';
import { div, mul } from './binary.ts';
import type { ReduceAttrs } from './reduce-sum.ts';
import { restore, sum } from './reduce-sum.ts';
import { neg } from './unary.ts';
import { plainView } from './view-rules.ts';
import { reshape } from './view.ts';

const attrsOf = (n: Node): ReduceAttrs => n.attrs as ReduceAttrs;

/** `x` in the shape of the reduction it replaces. */
const fitted = (x: Node, n: Node): Node =>
  sameShape(x.type.shape, n.type.shape) ? x : reshape(x, n.type.shape);

/** The same reduction of something else, over other axes. */
const again = (n: Node, x: Node, axes: readonly number[]): Node =>
  fitted(axes.length === 0 ? x : node(n.op as Op<ReduceAttrs>, [x], { axes, keepdim: false }), n);

function overNothing(x: Node, n: Node): Node | null {
  const { axes } = attrsOf(n);
  const long = axes.filter((axis) => x.type.shape[axis] !== 1);
  if (long.length === axes.length && axes.length > 0) return null;
  return long.length === 0 ? fitted(x, n) : again(n, x, long);
}

function ofReduction(x: Node, n: Node): Node | null {
  const inner = attrsOf(x);
  const kept = x.inputs[0].type.shape
    .map((_, i) => i)
    .filter((i) => inner.keepdim || !inner.axes.includes(i));
  const axes = new Set([...inner.axes, ...attrsOf(n).axes.map((axis) => kept[axis])]);
  return again(
    n,
    x.inputs[0],
    [...axes].sort((a, b) => a - b),
  );
}

/** Reduced axes that a view does not look at: every index along them reads the same. */
function ofRepetition(x: Node, n: Node): Node | null {
  const meaning = x.op.meaning(x);
  if (meaning.tag !== 'view' || meaning.view.tag === 'reshape') return null;
  const { axes: maps, fill } = meaning.view;
  const { axes } = attrsOf(n);
  const { shape } = x.type;
  const idle = axes.filter(
    (axis) => shape[axis] > 1 && maps.every(({ terms }) => terms.every(([a]) => a !== axis)),
  );
  const times = numel(idle.map((axis) => shape[axis]));
  const sums = n.op.name === 'sum';
  if (idle.length === 0 || (sums && !isFloat(n.type.dtype))) return null;
  const left = shape.map((_, i) => i).filter((i) => !idle.includes(i));
  const renamed = maps.map((map) => ({
    ...map,
    terms: map.terms.map(([a, coef]) => [left.indexOf(a), coef] as const),
  }));
  const once = plainView(
    x.inputs[0],
    left.map((i) => shape[i]),
    renamed,
    fill,
  );
  const rest = axes.filter((axis) => !idle.includes(axis)).map((axis) => left.indexOf(axis));
  const result = again(n, once, rest);
  return sums ? mul(result, times) : result;
}

/** True if `c` is the same all along the axes of a reduction of something of shape `x`. */
function steady(c: Node, x: Node, { axes }: ReduceAttrs): boolean {
  const lead = x.type.shape.length - c.type.shape.length;
  return axes.every((axis) => axis < lead || c.type.shape[axis - lead] === 1);
}

/** The sum of `x` with a factor taken out, which is put back by `apply`. */
function takenOut(
  x: Node,
  c: Node,
  product: Node,
  n: Node,
  apply: (sum: Node, c: Node) => Node,
): Node | null {
  const attrs = attrsOf(n);
  if (!isFloat(n.type.dtype) || !steady(c, product, attrs) || !sameShape(x.type.shape, product.type.shape))
    return null;
  return fitted(apply(restore(sum(x, attrs.axes, true), x.type.shape, { ...attrs, keepdim: true }), c), n);
}

const repeatable: readonly (readonly [name: string, kind: RuleKind])[] = [
  ['sum', 'stabilising'],
  ['prod', 'stabilising'],
  ['amax', 'exact'],
  ['amin', 'exact'],
  ['max', 'exact'],
  ['min', 'exact'],
  ['any', 'exact'],
  ['all', 'exact'],
];

export const rules: readonly Rule[] = [
  ...repeatable.flatMap(([name, kind]) => [
    rule(`${name} over axes of size 1 does nothing`, kind, [name, 'x'], ({ x }, n) => overNothing(x, n)),
    rule(`${name} of ${name} is one ${name}`, kind, [name, [name, 'x']], (_, n) =>
      ofReduction(n.inputs[0], n),
    ),
  ]),
  ...repeatable
    .filter(([name]) => name !== 'prod')
    .map(([name, kind]) =>
      rule(`${name} over an axis of equal values`, kind, [name, 'x'], ({ x }, n) => ofRepetition(x, n)),
    ),
  rule('sum(-x) = -sum(x)', 'fast', ['sum', ['neg', 'x']], ({ x }, n) =>
    neg(fitted(sum(x, attrsOf(n).axes), n)),
  ),
  rule(
    'sum(x * c) = sum(x) * c',
    'fast',
    ['sum', ['mul', 'x', 'c']],
    ({ x, c }, n) => takenOut(x, c, n.inputs[0], n, mul) ?? takenOut(c, x, n.inputs[0], n, mul),
  ),
  rule('sum(x / c) = sum(x) / c', 'fast', ['sum', ['div', 'x', 'c']], ({ x, c }, n) =>
    takenOut(x, c, n.inputs[0], n, div),
  ),
];
