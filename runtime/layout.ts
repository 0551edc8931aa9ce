// Where the elements of a view lie, as PyTorch's strides say it. In: the node of a view and the layout of its base. Out: the layout of the
// view. Nothing is computed by strides here; they decide which calls of `reshape` share memory with their argument, and which
// tensors hold one element at several places.

import type { Node, TensorType } from '../compiler/node.ts';
import { numel, stridesOf } from '../compiler/shape.ts';
import type { Shape } from '../compiler/shape.ts';

/** Steps by axis, in elements; `dense` is row-major order without gaps, `unknown` what a `view` made that PyTorch refuses. */
export type Layout = 'dense' | 'unknown' | readonly number[];

/** What is asked here of a tensor. */
interface Placed {
  readonly type: TensorType;
  readonly layout: Layout;
}

const stepsOf = ({ type, layout }: Placed): readonly number[] | null =>
  layout === 'dense' ? stridesOf(type.shape) : layout === 'unknown' ? null : layout;

/** The steps of another shape over the same elements, or null if no steps lead through them in their order. */
function reshaped(shape: Shape, steps: readonly number[], to: Shape): number[] | null {
  if (numel(to) === 0) return stridesOf(to);
  const result = to.map(() => 0);
  const axes = shape.map((_, i) => i).filter((i) => shape[i] !== 1);
  let at = to.length - 1;
  let size = 1;
  for (let k = axes.length - 1, first = axes.length - 1; k >= 0; k--) {
    const step = steps[axes[first]];
    size *= shape[axes[k]];
    // axes that lie one within the other are one run, which the new axes must fill
    if (k > 0 && steps[axes[k - 1]] === size * step) continue;
    let filled = 1;
    while (at >= 0 && (filled < size || to[at] === 1)) {
      result[at] = filled * step;
      filled *= to[at];
      at--;
    }
    if (filled !== size) return null;
    size = 1;
    first = k - 1;
  }
  return result;
}

/** The steps of `view`, which is made of views of `base`. */
function stepsThrough(view: Node, base: Node, steps: readonly number[]): readonly number[] | null {
  if (view === base) return steps;
  const meaning = view.op.meaning(view);
  if (meaning.tag !== 'view') return null;
  const [from] = view.inputs;
  const inner = stepsThrough(from, base, steps);
  if (inner === null) return null;
  if (meaning.view.tag === 'reshape') return reshaped(from.type.shape, inner, view.type.shape);
  const result = view.type.shape.map(() => 0);
  meaning.view.axes.forEach(({ terms }, i) =>
    terms.forEach(([axis, coef]) => (result[axis] += coef * inner[i])),
  );
  return result;
}

/** The layout of `view`, which is made of views of `base`, the node of `placed`. */
export function layoutThrough(view: Node, base: Node, placed: Placed): Layout {
  const from = stepsOf(placed);
  const steps = from && stepsThrough(view, base, from);
  if (steps === null) return 'unknown';
  const { shape } = view.type;
  const dense = stridesOf(shape);
  return steps.every((step, i) => step === dense[i] || shape[i] === 1) ? 'dense' : steps;
}

/** True if an element stands at several places of a tensor, as after `expand`. */
export const holdsRepeatedly = ({ type, layout }: Placed): boolean =>
  typeof layout !== 'string' &&
  numel(type.shape) > 0 &&
  layout.some((step, i) => step === 0 && type.shape[i] > 1);
