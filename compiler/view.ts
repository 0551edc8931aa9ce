// Views as index arithmetic. A view never computes and never owns memory: it says which element of its input each element of
// its output is. In: an output index. Out: an input index, or nothing (then the element is `fill`).
//
// For each input axis:   index = (offset + sum of coef * outputIndex[axis]) / div
// which covers permute, expand, (un)squeeze, slice, select, flip, pad, diagonal and sliding windows; with a divisor also the
// adjoint of each of them (an upsampled grid is read where the division leaves no remainder). Only `reshape` is not affine.

import type { Shape } from './shape.ts';
import { numel, sameShape, showShape } from './shape.ts';

export interface AxisMap {
  readonly offset: number;
  /** Pairs of an output axis and its coefficient; no axis twice, no coefficient 0. */
  readonly terms: readonly (readonly [axis: number, coef: number])[];
  /** Positive; the element exists only where it divides. Absent means 1. */
  readonly div?: number;
}

export type View =
  | {
      readonly tag: 'affine';
      /** One map per axis of the input. */
      readonly axes: readonly AxisMap[];
      /** What is read where an index falls outside the input; absent if none can. */
      readonly fill?: number;
    }
  | { readonly tag: 'reshape' };

/** The axis map that reads output axis `axis` unchanged. */
export const along = (axis: number, coef = 1, offset = 0): AxisMap => ({ offset, terms: [[axis, coef]] });
/** The axis map that always reads one place. */
export const at = (offset: number): AxisMap => ({ offset, terms: [] });

/** How an operand of `shape` is read when it is broadcast to `out`. */
export function broadcastView(shape: Shape, out: Shape): View {
  const lead = out.length - shape.length;
  return {
    tag: 'affine',
    axes: shape.map((size, i) => (size === 1 && out[lead + i] !== 1 ? at(0) : along(lead + i))),
  };
}

/** The input index for an output index, or null where the view reads its fill. The definition that everything else obeys. */
export function readIndex(
  view: View,
  input: Shape,
  output: Shape,
  index: readonly number[],
): number[] | null {
  if (view.tag === 'reshape') {
    let flat = 0;
    for (let i = 0; i < output.length; i++) flat = flat * output[i] + index[i];
    const result = new Array<number>(input.length);
    for (let i = input.length - 1; i >= 0; i--) {
      result[i] = flat % input[i];
      flat = Math.floor(flat / input[i]);
    }
    return result;
  }
  const result = new Array<number>(input.length);
  for (let i = 0; i < input.length; i++) {
    const map = view.axes[i];
    let value = map.offset;
    for (const [axis, coef] of map.terms) value += coef * index[axis];
    if (map.div !== undefined) {
      if (value % map.div !== 0) return null;
      value /= map.div;
    }
    if (value < 0 || value >= input[i]) return null;
    result[i] = value;
  }
  return result;
}

/** The smallest and largest value of an axis map before division, over a whole output. */
export function mapRange(map: AxisMap, output: Shape): { readonly min: number; readonly max: number } {
  let min = map.offset;
  let max = map.offset;
  for (const [axis, coef] of map.terms) {
    const reach = coef * (output[axis] - 1);
    if (reach < 0) min += reach;
    else max += reach;
  }
  return { min, max };
}

/** What is wrong with a view between two shapes, or null. */
export function viewFault(view: View, input: Shape, output: Shape): string | null {
  if (view.tag === 'reshape')
    return numel(input) === numel(output) ? null : `reshape of ${showShape(input)} to ${showShape(output)}`;
  if (view.axes.length !== input.length) return `${view.axes.length} axis maps for ${input.length} axes`;
  if (numel(output) === 0) return null;
  for (let i = 0; i < input.length; i++) {
    const map = view.axes[i];
    if (map.terms.some(([axis, coef]) => axis < 0 || axis >= output.length || coef === 0))
      return `axis ${i}: bad term`;
    if (view.fill !== undefined) continue;
    const { min, max } = mapRange(map, output);
    if (map.div !== undefined || min < 0 || max >= input[i])
      return `axis ${i}: reads [${min}, ${max}] of ${input[i]} without a fill`;
  }
  return null;
}

/** True if the view changes nothing. */
export const isIdentityView = (view: View, input: Shape, output: Shape): boolean =>
  sameShape(input, output) &&
  (view.tag === 'reshape' ||
    view.axes.every(
      (m, i) =>
        m.offset === 0 &&
        m.div === undefined &&
        m.terms.length === 1 &&
        m.terms[0][0] === i &&
        m.terms[0][1] === 1,
    ));

export function printView(view: View): string {
  if (view.tag === 'reshape') return 'reshape';
  const axes = view.axes.map((m) => {
    const terms = m.terms.map(([axis, coef]) => (coef === 1 ? `i${axis}` : `${coef}*i${axis}`));
    if (m.offset !== 0 || terms.length === 0) terms.push(String(m.offset));
    const sum = terms.join('+').replaceAll('+-', '-');
    return m.div === undefined ? sum : `(${sum})/${m.div}`;
  });
  return `[${axes.join(', ')}]${view.fill === undefined ? '' : ` else ${view.fill}`}`;
}
