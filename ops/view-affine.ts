// The one literal behind every view that is affine index arithmetic (compiler/view.ts): permute, slice, pad, diagonal, ...
// In: a node, the shape of the result and for each axis of the input where it is read. Out: a node that computes nothing.
//
// The adjoint of any such view is again a view and a sum, found by solving for the output's indices. Each axis k of the input says
//     div * i[k] = offset + sum of coef * o[a]
// One o[a] per equation, the pivot, is expressed by the others (a division by its coefficient: where it leaves a remainder,
// nothing was read). An equation without a pivot left is a condition, read through an axis of size 1: only index 0 exists.
// Axes that are no pivot stay free and are summed: these are the elements that were read several times.

import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import type { Op } from '../compiler/op.ts';
import { defineOp } from '../compiler/op.ts';
import type { Shape } from '../compiler/shape.ts';
import type { AxisMap } from '../compiler/view.ts';
import { viewFault } from '../compiler/view.ts';
import { sum } from './reduce-sum.ts';
import { viewRules } from './view-rules.ts';
import { reshape } from './view.ts';

export interface AffineAttrs {
  readonly shape: Shape;
  readonly axes: readonly AxisMap[];
  readonly fill?: number;
}

/** A view operator; all that tells one from another is its name. */
export function affineOp(name: string, gradName?: string): Op<AffineAttrs> {
  return defineOp<AffineAttrs>({
    name,
    type: ([x], { shape }) => ({ shape, dtype: x.dtype }),
    meaning: ({ attrs: { axes, fill } }) => ({ tag: 'view', view: { tag: 'affine', axes, fill } }),
    vjp: (g, n) => [viewAdjoint(g, n.attrs, n.inputs[0].type.shape)],
    gradName: gradName === undefined ? undefined : () => gradName,
  });
}

/** A view without a name of its own: what adjoints and rewrites make. */
export const affine = affineOp('affine');

/** The node of a view; the fill is dropped if it can never be read. */
export function affineView(
  op: Op<AffineAttrs>,
  x: Node,
  shape: Shape,
  axes: readonly AxisMap[],
  fill?: number,
): Node {
  const total = fill === undefined || viewFault({ tag: 'affine', axes }, x.type.shape, shape) === null;
  return node(op, [x], total ? { shape, axes } : { shape, axes, fill });
}

/** `div * o[axis] = offset + sum of coef * i[k] + sum of coef * o[free]`; input axes are numbered from 0, output axes from `n`. */
interface Equation {
  readonly offset: number;
  readonly div: number;
  readonly terms: ReadonlyMap<number, number>;
}

/** The equation with a variable replaced by what another one says of it. */
function substitute(e: Equation, variable: number, by: Equation): Equation {
  const coef = e.terms.get(variable);
  if (coef === undefined) return e;
  const terms = new Map<number, number>();
  for (const [v, c] of e.terms) if (v !== variable) terms.set(v, c * by.div);
  for (const [v, c] of by.terms) terms.set(v, (terms.get(v) ?? 0) + c * coef);
  for (const [v, c] of terms) if (c === 0) terms.delete(v);
  return { offset: e.offset * by.div + coef * by.offset, div: e.div * by.div, terms };
}

/** The sum of `g` over everything that was read from each element: the pullback of a view from `input` to `g`'s shape. */
export function viewAdjoint(g: Node, { shape, axes }: AffineAttrs, input: Shape): Node {
  const n = input.length;
  const solved = new Map<number, Equation>();
  const conditions: Equation[] = [];
  axes.forEach((map, k) => {
    // 0 = div * i[k] - offset - sum of coef * o[a]
    const terms = new Map<number, number>([[k, map.div ?? 1]]);
    for (const [a, coef] of map.terms) if (shape[a] !== 1) terms.set(n + a, -coef);
    let equation: Equation = { offset: -map.offset, div: 1, terms };
    for (const [variable, by] of solved) equation = substitute(equation, variable, by);
    const open = [...equation.terms.keys()].filter((v) => v >= n);
    if (open.length === 0) {
      if (input[k] !== 1 || equation.offset !== 0 || equation.terms.size !== 1) conditions.push(equation);
      return;
    }
    const pivot = open.reduce((a, b) => (shape[b - n] > shape[a - n] ? b : a));
    const coef = equation.terms.get(pivot)!;
    const sign = coef > 0 ? -1 : 1;
    const others = [...equation.terms].filter(([v]) => v !== pivot).map(([v, c]) => [v, sign * c] as const);
    const by: Equation = { offset: sign * equation.offset, div: Math.abs(coef), terms: new Map(others) };
    for (const [variable, e] of solved) solved.set(variable, substitute(e, pivot, by));
    solved.set(pivot, by);
  });
  const free = shape.map((_, a) => n + a).filter((v) => shape[v - n] !== 1 && !solved.has(v));
  const place = (v: number): number => (v < n ? v : n + free.indexOf(v));
  const mapOf = (e: Equation): AxisMap => {
    const terms = [...e.terms].map(([v, c]) => [place(v), c] as const).sort((a, b) => a[0] - b[0]);
    return e.div === 1 ? { offset: e.offset, terms } : { offset: e.offset, terms, div: e.div };
  };
  const maps = shape.map((size, a): AxisMap => {
    const e = solved.get(n + a);
    if (e) return mapOf(e);
    return { offset: 0, terms: size === 1 ? [] : [[place(n + a), 1]] };
  });
  const source = conditions.length === 0 ? g : reshape(g, [...shape, ...conditions.map(() => 1)]);
  const out = [...input, ...free.map((v) => shape[v - n])];
  const spread = affineView(affine, source, out, [...maps, ...conditions.map(mapOf)], 0);
  const repeats = free.map((_, i) => n + i);
  return free.length === 0 ? spread : sum(spread, repeats);
}

export const rules = viewRules([affine]);
