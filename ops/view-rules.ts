// Rewrites of views. In: a view over another view, over a reshape or over a cat. Out: one view instead of two, so that readers see
// the element they want and no detour. Views that change nothing, or read one value only, are folded by the compiler.

import type { Node } from '../compiler/node.ts';
import type { Rule } from '../compiler/rewrite.ts';
import { rule } from '../compiler/rewrite.ts';
import type { Shape } from '../compiler/shape.ts';
import { sameShape } from '../compiler/shape.ts';
import type { AxisMap, View } from '../compiler/view.ts';
import { mapRange } from '../compiler/view.ts';
import { affine, affineView } from './view-affine.ts';
import { reshape, reshapeView } from './view.ts';

type Affine = Extract<View, { tag: 'affine' }>;

const viewOf = (n: Node): View | null => {
  const meaning = n.op.meaning(n);
  return meaning.tag === 'view' ? meaning.view : null;
};

/** An axis map of the inner view, read at what the outer view says of its axes; null if that is no axis map. */
function composeMap(inner: AxisMap, outer: readonly AxisMap[]): AxisMap | null {
  const coefs = new Map<number, number>();
  const accumulate = (terms: AxisMap['terms'], by: number): void => {
    for (const [axis, coef] of terms) coefs.set(axis, (coefs.get(axis) ?? 0) + coef * by);
  };
  let offset = inner.offset;
  let div = inner.div ?? 1;
  const [only] = inner.terms;
  const divided = inner.terms.find(([axis]) => (outer[axis].div ?? 1) !== 1);
  if (divided) {
    // (offset + m / d) / div = (d * offset + m) / (d * div), and it divides only where both do
    if (inner.terms.length !== 1 || Math.abs(only[1]) !== 1) return null;
    const { offset: start, terms, div: d = 1 } = outer[only[0]];
    offset = offset * d + only[1] * start;
    accumulate(terms, only[1]);
    div *= d;
  } else
    for (const [axis, coef] of inner.terms) {
      offset += coef * outer[axis].offset;
      accumulate(outer[axis].terms, coef);
    }
  const terms = [...coefs].filter(([, coef]) => coef !== 0).sort((a, b) => a[0] - b[0]);
  return div === 1 ? { offset, terms } : { offset, terms, div };
}

/** True if an index of axis `k` that lies outside its size is read outside by the inner view as well. */
function leavesWith(
  inner: Affine,
  input: Shape,
  k: number,
  size: number,
  low: boolean,
  high: boolean,
): boolean {
  return inner.axes.some(({ offset, terms, div = 1 }, i) => {
    if (terms.length !== 1 || terms[0][0] !== k) return false;
    const coef = terms[0][1];
    const outside = (index: number): boolean => {
      const value = offset + coef * index;
      // a step further in the same direction stays outside
      return coef > 0 === index < 0 ? value < 0 : value > (input[i] - 1) * div;
    };
    return (!low || outside(-1)) && (!high || outside(size));
  });
}

/** Two affine views as one, or null. */
export function composeViews(
  outer: Affine,
  inner: Affine,
  input: Shape,
  middle: Shape,
  out: Shape,
): Affine | null {
  for (let k = 0; k < middle.length; k++) {
    const map = outer.axes[k];
    const { min, max } = mapRange(map, out);
    const div = map.div ?? 1;
    const low = min < 0;
    const high = max > (middle[k] - 1) * div;
    if ((low || high) && !leavesWith(inner, input, k, middle[k], low, high)) return null;
    if (div !== 1 && !inner.axes.some(({ terms }) => terms.some(([axis]) => axis === k))) return null;
  }
  if (outer.fill !== undefined && inner.fill !== undefined && !Object.is(outer.fill, inner.fill)) return null;
  const axes = inner.axes.map((map) => composeMap(map, outer.axes));
  const fill = outer.fill ?? inner.fill;
  return axes.every((map) => map !== null) ? { tag: 'affine', axes, fill } : null;
}

/** True if a view only adds or drops axes of size 1, or regroups all of them: the row-major order stays. */
function keepsOrder(view: View, input: Shape, out: Shape): boolean {
  if (view.tag === 'reshape') return true;
  const plain = reshapeView(input, out);
  if (plain.tag === 'reshape' || view.fill !== undefined) return false;
  return plain.axes.every((map, i) => {
    const { offset, terms, div } = view.axes[i];
    const real = terms.filter(([axis]) => out[axis] !== 1);
    return (
      offset === 0 &&
      div === undefined &&
      real.length === map.terms.length &&
      real.every(([axis, coef], k) => axis === map.terms[k][0] && coef === 1)
    );
  });
}

/** A view by its maps; a reshape if the order stays, so that equal views are equal nodes. */
export function plainView(x: Node, shape: Shape, axes: readonly AxisMap[], fill?: number): Node {
  if (!keepsOrder({ tag: 'affine', axes, fill }, x.type.shape, shape))
    return affineView(affine, x, shape, axes, fill);
  return sameShape(x.type.shape, shape) ? x : reshape(x, shape);
}

function mergeViews(x: Node, n: Node): Node | null {
  const [outer, inner] = [viewOf(n), viewOf(x)];
  if (!outer || !inner) return null;
  const [source] = x.inputs;
  const [input, middle, out] = [source.type.shape, x.type.shape, n.type.shape];
  if (keepsOrder(outer, middle, out) && keepsOrder(inner, input, middle))
    return sameShape(input, out) ? source : reshape(source, out);
  if (outer.tag === 'reshape' || inner.tag === 'reshape') return null;
  const view = composeViews(outer, inner, input, middle, out);
  return view && plainView(source, out, view.axes, view.fill);
}

function asReshape(x: Node, n: Node): Node | null {
  const view = viewOf(n);
  const keeps = n.op.name !== 'reshape' && view !== null && keepsOrder(view, x.type.shape, n.type.shape);
  return keeps ? reshape(x, n.type.shape) : null;
}

/** A view that stays within one part of a cat (or within one entry of a stack). */
function readPart(x: Node, n: Node): Node | null {
  const view = viewOf(n);
  if (!view || view.tag === 'reshape') return null;
  const { dim } = x.attrs as { readonly dim: number };
  const { min, max } = mapRange(view.axes[dim], n.type.shape);
  const div = view.axes[dim].div ?? 1;
  let start = 0;
  for (const part of x.inputs) {
    const size = x.op.name === 'stack' ? 1 : part.type.shape[dim];
    if (min >= start * div && max < (start + size) * div) {
      const moved = view.axes.map((map, i) =>
        i === dim ? { ...map, offset: map.offset - start * div } : map,
      );
      const axes = x.op.name === 'stack' ? moved.filter((_, i) => i !== dim) : moved;
      return x.op.name === 'stack' && div !== 1 ? null : plainView(part, n.type.shape, axes, view.fill);
    }
    start += size;
  }
  return null;
}

/** The rules that every view brings. */
export function viewRules(ops: readonly { readonly name: string }[]): readonly Rule[] {
  return ops.flatMap(({ name }) => [
    rule(`${name} that keeps the order is a reshape`, 'exact', [name, 'x'], ({ x }, n) => asReshape(x, n)),
    rule(`${name} of a view is one view`, 'exact', [name, 'x'], ({ x }, n) => mergeViews(x, n)),
    rule(`${name} of a part of a cat reads the part`, 'exact', [name, 'x'], ({ x }, n) =>
      x.op.name === 'cat' || x.op.name === 'stack' ? readPart(x, n) : null,
    ),
  ]);
}
