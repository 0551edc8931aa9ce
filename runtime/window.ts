// Windows: views whose elements lie one after the other in the memory of the whole, such as a batch of rows. In: the node of a view and the
// node of the whole. Out: where it begins. Such a view is read where it lies, without a program.

import type { Node } from '../compiler/node.ts';
import type { Shape } from '../compiler/shape.ts';
import { stridesOf } from '../compiler/shape.ts';

const isDense = (shape: Shape, steps: readonly number[]): boolean => {
  const dense = stridesOf(shape);
  return shape.every((size, axis) => size === 1 || steps[axis] === dense[axis]);
};

/** The number of the element of `whole` at which `view` begins; null if its elements are scattered, or not only elements of `whole`. */
export function windowStart(view: Node, whole: Node): number | null {
  const chain: Node[] = [];
  for (let n = view; n !== whole; n = n.inputs[0]) {
    if (n.inputs.length !== 1) return null;
    chain.push(n);
  }
  let start = 0;
  let steps: readonly number[] = stridesOf(whole.type.shape);
  for (const n of chain.reverse()) {
    const meaning = n.op.meaning(n);
    if (meaning.tag !== 'view') return null;
    const { shape } = n.inputs[0].type;
    if (meaning.view.tag === 'reshape') {
      if (!isDense(shape, steps)) return null;
      steps = stridesOf(n.type.shape);
      continue;
    }
    if (meaning.view.fill !== undefined) return null;
    const next = n.type.shape.map(() => 0);
    for (const [axis, { offset, terms, div }] of meaning.view.axes.entries()) {
      if (div !== undefined) return null;
      start += steps[axis] * offset;
      for (const [to, coef] of terms) next[to] += steps[axis] * coef;
    }
    steps = next;
  }
  return isDense(view.type.shape, steps) ? start : null;
}
