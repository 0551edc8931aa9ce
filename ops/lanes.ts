// What routines along one dimension share: the lanes of a row-major array. In: a shape and an axis. Out: each run of elements along
// that axis, as a first flat index, a stride and a length.

import type { Node } from '../compiler/node.ts';
import type { Shape } from '../compiler/shape.ts';
import { numel } from '../compiler/shape.ts';
import { along } from '../compiler/view.ts';
import { sortedPositions } from './merge-sort.ts';
import { constant } from './source.ts';
import { affine, affineView } from './view-affine.ts';

export type Values = ArrayLike<number>;

/** Calls `f` once per lane. A scalar is one lane of length 1. */
export function forEachLane(
  shape: Shape,
  axis: number,
  f: (base: number, stride: number, length: number) => void,
): void {
  const length = shape[axis] ?? 1;
  const stride = numel(shape.slice(axis + 1));
  const block = length * stride;
  for (let start = 0, end = numel(shape); start < end; start += block)
    for (let i = 0; i < stride; i++) f(start + i, stride, length);
}

/**
 * Runs through every lane, forwards or backwards: `step(at, previous)` sees the flat index of an element and of the one before it
 * in that direction, or -1.
 */
export function sweep(
  shape: Shape,
  axis: number,
  reverse: boolean,
  step: (at: number, previous: number) => void,
): void {
  forEachLane(shape, axis, (base, stride, length) => {
    const by = reverse ? -stride : stride;
    let at = reverse ? base + (length - 1) * stride : base;
    for (let i = 0; i < length; i++, at += by) step(at, i === 0 ? -1 : at - by);
  });
}

/** The positions of one lane in the order of their values; NaN is the largest, equal values keep their order. */
export function sortedLane(
  x: Values,
  base: number,
  stride: number,
  length: number,
  descending = false,
): Int32Array {
  const keys = new Float64Array(length);
  for (let i = 0; i < length; i++) keys[i] = x[base + i * stride];
  return sortedPositions(keys, descending);
}

/** Element o of the result is element o - by along an axis, and `fill` where there is none. */
export function shift(x: Node, axis: number, by: number, fill: number): Node {
  const { shape, dtype } = x.type;
  if (shape.length === 0) return constant(fill, dtype);
  return affineView(
    affine,
    x,
    shape,
    shape.map((_, i) => along(i, 1, i === axis ? -by : 0)),
    fill,
  );
}
