// In-place operations. In: a tensor and the result of the same operation out of place. Out: the tensor with that value and history; views
// and whole see it, nodes built before keep what they read. Everything is checked before anything is changed.

import { dtypes, isFloat } from '../compiler/dtype.ts';
import { AutogradError, DTypeError, ShapeError, TraceError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { sameShape, showShape } from '../compiler/shape.ts';
import { cast } from '../ops/cast.ts';
import { overwrite } from '../ops/overwrite.ts';
import { writeThrough } from '../ops/view-put.ts';
import { edgeNow, edgeOf } from './autograd/accumulate.ts';
import type { Edge } from './autograd/gradFn.ts';
import { hooksOf } from './autograd/hooks.ts';
import { alias, attach, gradNameOf, record } from './autograd/record.ts';
import { inInferenceMode, isGradEnabled, tangentsSince } from './autograd/mode.ts';
import { forTangents } from './autograd/tangents.ts';
import { nodeOf, writeCell } from './cell.ts';
import { isTensor, nodeOfTensor } from './core.ts';
import { holdsRepeatedly } from './layout.ts';
import { limits } from './limits.ts';
import { publicCall } from './origin.ts';
import { limitDepth, remind } from './realize.ts';
import type { Tensor } from './tensor.ts';
import { activeTrace } from './trace.ts';
import { checkWritable, keepHistory, refreshView, writeTensor } from './views.ts';

const categories = ['bool', 'int', 'float'];

/** The checks on a value that is about to be written into `x`. */
function checkFits(x: Tensor, value: Tensor): void {
  if (!sameShape(value.shape, x.shape))
    throw new ShapeError(
      `output with shape ${showShape(x.shape)} doesn't match the broadcast shape ${showShape(value.shape)}`,
    );
  const from = dtypes[value.dtype];
  const to = dtypes[x.dtype];
  if (categories.indexOf(from.category) > categories.indexOf(to.category))
    throw new DTypeError(
      `result type ${from.torchName} can't be cast to the desired output type ${to.torchName}`,
    );
}

/**
 * Makes `x` hold what `compute` gives, with its history. A value that takes nothing from what `x` was has a history that leads there all the
 * same, with gradients of 0; `overwrites` is PyTorch's name of that function, where it is not that of the value's operation. Only
 * a value that is `uniform` may be written where several elements are one.
 */
export function inPlace(
  x: Tensor,
  others: readonly unknown[],
  compute: () => Tensor,
  overwrites: string | null = null,
  uniform = false,
): Tensor {
  const followed = x.requiresGrad || (x.core.viewOf?.base.requiresGrad ?? false);
  const requiresGrad = followed || others.some((o) => isTensor(o) && o.requiresGrad);
  checkWritable(x, requiresGrad && isFloat(x.dtype), inInferenceMode());
  if (!uniform && holdsRepeatedly(x.core))
    throw new AutogradError(
      'unsupported operation: more than one element of the written-to tensor refers to a single memory location. Please clone() the tensor before performing the operation.',
    );
  const value = compute();
  checkFits(x, value);
  replaceValue(x, value, overwrites);
  return x;
}

/** Writes the value of a checked tensor and takes over its history. */
function replaceValue(x: Tensor, value: Tensor, overwrites: string | null): void {
  const { cell, path, viewOf } = x.core;
  const depth = value.core.cell.depth + 1;
  const recorded =
    isGradEnabled() &&
    isFloat(x.dtype) &&
    (value.requiresGrad || x.requiresGrad || (viewOf?.base.requiresGrad ?? false));
  const tangents = !recorded && tangentsSince() < Infinity && isFloat(x.dtype) ? nodeOf(cell) : null;
  const converted = value.dtype === x.dtype || !(recorded || tangents) ? value : value.to(x.dtype);
  if (!recorded || path === null || viewOf === null) {
    const apart = recorded && (overwrites !== null || !value.requiresGrad);
    const gradName = overwrites ?? gradNameOf(nodeOfTensor(value));
    const written = apart
      ? overwritten(x, converted, gradName)
      : { node: nodeOfTensor(converted), edge: edgeOf(converted) };
    writeTensor(x, written.node, depth);
    if (recorded && written.edge !== null) takeHistory(x, written.edge);
    else if (tangents !== null) takeTangent(x, tangents, converted);
  } else writeRecordedView(x, converted, depth);
  if (activeTrace() === null) {
    remind(cell);
    limitDepth(cell, limits.writtenChain);
  }
}

/** The tangent of what was written becomes that of the whole, which was `before`; nothing changes for gradients. */
function takeTangent(x: Tensor, before: Node, value: Tensor): void {
  const whole = x.core.path === null ? x : x.core.viewOf?.base;
  if (whole === undefined) return;
  const edge = x === whole ? edgeNow(value) : tangentOfParts(whole, before, value);
  if (edge !== null || edgeNow(whole) !== null) whole.core.tangentEdge = forTangents(edge, whole.core.type);
}

/** Where the tangent of a whole comes from of which a value has become a part. */
function tangentOfParts(whole: Tensor, before: Node, value: Tensor): Edge | null {
  const sources = [
    { node: before, edge: edgeNow(whole) },
    { node: nodeOfTensor(value), edge: edgeNow(value) },
  ];
  const recording = record([nodeOf(whole.core.cell)], sources, { tangentOnly: true });
  return recording && { fn: recording.fn, index: 0 };
}

/** What a tensor holds once it is overwritten: a function of what it was, and of a value that took nothing from that. */
function overwritten(x: Tensor, value: Tensor, gradName: string): { node: Node; edge: Edge | null } {
  const before = { node: nodeOfTensor(x), edge: edgeNow(x) };
  const given = nodeOfTensor(value);
  const after = { node: given === before.node ? alias(given) : given, edge: edgeNow(value) };
  const written = overwrite(before.node, after.node, gradName);
  const recording = record([written], [before, after]);
  return { node: written, edge: recording && { fn: recording.fn, index: 0 } };
}

/** A history becomes that of `x`; tensors that retain their gradient go on doing so. */
function takeHistory(x: Tensor, edge: Edge): void {
  keepHistory(x);
  if (x.core.retainsGrad) {
    x.core.gradFn?.hooks?.retained.delete(x.core.outputIndex);
    hooksOf(edge.fn).retained.set(edge.index, x);
  }
  attach(x, edge);
}

/** A write through a view that autograd follows: the whole becomes a function of what it was and of the value. */
function writeRecordedView(x: Tensor, value: Tensor, depth: number): void {
  const { cell, viewOf } = x.core;
  const { base } = viewOf!;
  if (base.core.path !== null)
    throw new AutogradError(
      'a view of a detached view is being used in an in-place operation; clone() it first.',
    );
  const before = { node: nodeOf(cell), edge: edgeNow(base) };
  const node = nodeOfTensor(value);
  const source = { node: node === before.node ? alias(node) : node, edge: edgeNow(value) };
  const written = writeThrough(before.node, nodeOfTensor(x), source.node);
  const given = record([written], [before, source], { name: 'CopySlices' });
  // a view of all elements leaves nothing of what the whole was, which it leads to all the same
  const after = given === null ? overwrite(before.node, written, 'CopySlices') : written;
  const recording = given ?? record([after], [before, source]);
  keepHistory(base);
  keepHistory(x);
  writeCell(cell, after, depth);
  if (recording !== null) attach(base, { fn: recording.fn, index: 0 });
  refreshView(x);
}

/** Makes `x` the view of itself that `view` gives: another shape over the same elements, with the history of a view. */
export function viewInPlace(x: Tensor, view: () => Tensor): Tensor {
  checkWritable(x, x.requiresGrad, inInferenceMode());
  const trace = activeTrace();
  if (trace !== null && x.core.trace !== trace)
    throw new TraceError(
      `the compiled function '${trace.name}' changes the shape of a tensor that was made outside of it: use the form that returns a view.`,
    );
  const seen = view();
  if (seen === x) return x;
  const { type, path, layout, viewOf } = seen.core;
  Object.assign(x.core, { type, path, layout, seen: seen.core.seen });
  if (x.core.viewOf !== null) x.core.viewOf = viewOf;
  const edge = edgeOf(seen);
  if (edge !== null) takeHistory(x, edge);
  return x;
}

/** The rules about the flag of leaves. */
export function setRequiresGrad(x: Tensor, flag: boolean, refusal: string): void {
  publicCall('requiresGrad_', () => {
    if (!x.isLeaf) {
      if (flag) return;
      throw new AutogradError(
        'you can only change requires_grad flags of leaf variables. If you want to use a computed variable in a subgraph that ' +
          "doesn't require differentiation use var_no_grad = var.detach().",
      );
    }
    if (flag && !isFloat(x.dtype)) throw new DTypeError(refusal);
    if (flag && x.core.inference && !inInferenceMode())
      throw new AutogradError(
        'Setting requires_grad=True on inference tensor outside InferenceMode is not allowed.',
      );
    const trace = activeTrace();
    if (trace !== null && x.core.trace !== trace && x.core.wantsGrad !== flag)
      throw new TraceError(
        `the compiled function '${trace.name}' changes requiresGrad of a tensor that was made outside of it; do that before calling it.`,
      );
    x.core.wantsGrad = Boolean(flag);
  });
}

/** `x.data = value`. */
export function setData(x: Tensor, value: Tensor): void {
  publicCall('data', () => {
    if (!isTensor(value)) throw new DTypeError('data expected to be a Tensor');
    if (value.dtype !== x.dtype || !sameShape(value.shape, x.shape))
      throw new ShapeError(
        `data of ${x.dtype}${showShape(x.shape)} cannot become ${value.dtype}${showShape(value.shape)}: dtype and shape must stay`,
      );
    writeTensor(x, cast(nodeOfTensor(value), x.dtype), value.core.cell.depth + 1);
    if (activeTrace() === null) remind(x.core.cell);
  });
}

/** `x.detach_()`. */
export function detachInPlace(x: Tensor): void {
  if (x.core.viewOf !== null) throw new AutogradError("Can't detach views in-place. Use detach() instead.");
  keepHistory(x);
  Object.assign(x.core, { gradFn: null, outputIndex: 0, wantsGrad: false, tangentEdge: null });
}
