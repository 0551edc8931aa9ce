// Where gradients end: `.grad` of the leaves. In: a tensor and a gradient. Out: the gradient added to what is there. Also the edges that
// lead to a tensor, and the rules about what may be assigned to `.grad`.

import { AutogradError, DTypeError, ShapeError } from '../../compiler/errors.ts';
import { sameShape } from '../../compiler/shape.ts';
import { add } from '../../ops/binary.ts';
import { keepElements, makeCell } from '../cell.ts';
import { isTensor, nodeOfTensor } from '../core.ts';
import { atCaller, warnAtCaller } from '../origin.ts';
import { refuseEffect } from '../pure.ts';
import { forget, remind } from '../realize.ts';
import { Tensor, placeholderOf } from '../tensor.ts';
import { activeTrace } from '../trace.ts';
import { writeTensor } from '../views.ts';
import { GradFn } from './gradFn.ts';
import type { Edge, Rule } from './gradFn.ts';
import { runPostAccumulateHooks } from './hooks.ts';
import { followsTangents, isGradEnabled, isRecording, tangentsSince } from './mode.ts';
import { alias, attach, record } from './record.ts';
import { parting } from './tangents.ts';

/** Where the gradient of a tensor goes; null if it requires none. */
export function edgeOf(x: Tensor): Edge | null {
  const { gradFn } = x;
  if (gradFn !== null) return { fn: gradFn, index: x.core.outputIndex };
  if (!x.core.wantsGrad) return null;
  x.core.accumulator ??= new GradFn('AccumulateGrad', [], [x.core.type], accumulation(x), x);
  return { fn: x.core.accumulator, index: 0 };
}

/** As `edgeOf`, as far as it counts now: within a jvp also where the tangent of `x` comes from, if that is somewhere else. */
export function edgeNow(x: Tensor): Edge | null {
  if (!isRecording()) return null;
  const gradient = edgeOf(x);
  const tangent = tangentEdgeNow(x);
  if (gradient === null || tangent === null) return gradient ?? tangent;
  return tangent.fn.tangentOnly ? (x.core.tangentEdge = parting(gradient, tangent, x.core.type)) : tangent;
}

function tangentEdgeNow(x: Tensor): Edge | null {
  const { tangentEdge } = x.core;
  if (tangentEdge === null) return null;
  return followsTangents() || tangentEdge.fn.sequence >= tangentsSince() ? tangentEdge : null;
}

const accumulation = (leaf: Tensor): Rule => ({
  pull([gradient]) {
    if (gradient === null || !leaf.core.wantsGrad) return [];
    accumulate(leaf, gradient);
    runPostAccumulateHooks(leaf);
    return [];
  },
  saved: () => ({}),
  needsSaved: false,
  free() {},
});

/**
 * Adds to `.grad`: in place, so that it stays the same tensor, or, where the backward itself is recorded, as a new tensor. The first
 * gradient is taken over.
 */
function accumulate(x: Tensor, gradient: Tensor): void {
  const before = currentGrad(x);
  if (before === null) replaceGrad(x, ownCopy(gradient));
  else if (isGradEnabled()) replaceGrad(x, before.add(gradient));
  else {
    const depth = Math.max(before.core.cell.depth, gradient.core.cell.depth) + 1;
    writeTensor(before, add(nodeOfTensor(before), nodeOfTensor(gradient)), depth);
    remind(before.core.cell);
  }
}

/** The gradient of a tensor that is not a leaf, added to its `.grad`. */
export function addToRetained(x: Tensor, gradient: Tensor): void {
  const before = x.core.grad;
  x.core.grad = before === null ? ownCopy(gradient) : before.add(gradient);
}

/** A gradient as a tensor of its own, with its history if that is being recorded. */
function ownCopy(gradient: Tensor): Tensor {
  const { cell } = gradient.core;
  const edge = isGradEnabled() ? edgeOf(gradient) : null;
  const source = nodeOfTensor(gradient);
  const own = edge === null ? source : alias(source);
  const copy = new Tensor(makeCell(own, cell.depth));
  const recording = edge && record([own], [{ node: source, edge }], { name: 'CopyBackwards' });
  if (recording) attach(copy, { fn: recording.fn, index: 0 });
  return copy;
}

/** `.grad` as a user reads it: what backward never fills comes with a warning, once per line that reads it. */
export function gradOf(x: Tensor): Tensor | null {
  const grad = currentGrad(x);
  if (grad === null && x.gradFn !== null && !x.core.retainsGrad)
    warnAtCaller(
      'The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. ' +
        "Its .grad attribute won't be populated during backward(). If you indeed want the .grad field to be populated for a non-leaf " +
        'Tensor, use .retainGrad() on the non-leaf Tensor. If you access the non-leaf Tensor by mistake, make sure you access the leaf ' +
        'Tensor instead.',
    );
  return grad;
}

/** `.grad`, as the trace sees it if there is one. */
function currentGrad(x: Tensor): Tensor | null {
  const trace = activeTrace();
  if (trace !== null && x.core.trace !== trace) touchGrad(x, true);
  const { grad } = x.core;
  if (grad !== null) keepElements(grad.core.cell);
  return grad;
}

/** Makes another tensor the `.grad`. */
function replaceGrad(x: Tensor, value: Tensor | null): void {
  refuseEffect(x.core.cell);
  const trace = activeTrace();
  if (trace !== null && x.core.trace !== trace) touchGrad(x, false);
  else {
    if (x.core.grad !== null) forget(x.core.grad.core.cell);
    if (value !== null && trace === null) remind(value.core.cell);
  }
  x.core.grad = value;
}

/**
 * The first time a trace meets the `.grad` of an outside tensor: notes what was there. If the function reads it, whether there is one
 * decides what is traced, so that becomes a guard, and a placeholder stands for it.
 */
function touchGrad(x: Tensor, reads: boolean): void {
  const trace = activeTrace()!;
  if (trace.grads.has(x)) return;
  const before = x.core.grad;
  let placeholder: Tensor | null = null;
  if (reads) {
    if (before !== null) placeholder = placeholderOf(before.core.type);
    trace.guards.push({
      what: 'whether a tensor has a gradient',
      value: before !== null,
      read: () => sourceOf(x).core.grad !== null,
    });
    x.core.grad = placeholder;
  }
  trace.grads.set(x, { before, placeholder });
  trace.undo.push(() => {
    x.core.grad = before;
  });
}

/** The tensor whose `.grad` is meant: arguments of a compiled function are stood in for by others. */
export const sourceOf = (x: Tensor): Tensor => x.core.standsFor?.() ?? x;

/** The checks of an assignment to `.grad`. */
export function assignGrad(x: Tensor, value: Tensor | null): void {
  if (value === null || value === undefined) return replaceGrad(x, null);
  if (!isTensor(value))
    throw atCaller(
      new DTypeError(`assigned grad expected to be a Tensor or None but got grad of type ${typeof value}`),
    );
  if (value === x) throw atCaller(new AutogradError("can't assign Variable as its own grad"));
  if (value.dtype !== x.dtype) throw atCaller(new DTypeError('assigned grad has data of a different type'));
  if (!sameShape(value.shape, x.shape))
    throw atCaller(new ShapeError('assigned grad has data of a different size'));
  replaceGrad(x, value);
}
