// Views: tensors that share a cell and read it through view operators. In: a tensor and a view function. Out: a tensor that sees what is
// written to the other, and the other way round. A write through a view gives the whole a new value (`ops/view-put.ts`); a view whose
// whole has been written since finds its history again when it is asked for.

import { AutogradError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { cast } from '../ops/cast.ts';
import { writeThrough } from '../ops/view-put.ts';
import { edgeNow, edgeOf } from './autograd/accumulate.ts';
import { attach, record } from './autograd/record.ts';
import { isGradEnabled, tangentsSince } from './autograd/mode.ts';
import { nodeOf, writeCell } from './cell.ts';
import { nodeOfTensor } from './core.ts';
import type { Layout } from './layout.ts';
import { Tensor } from './tensor.ts';
import type { Path } from './tensor.ts';
import { activeTrace } from './trace.ts';

/** Where a view came from, as far as autograd is concerned. */
export interface ViewOf {
  /** The tensor that is no view. */
  readonly base: Tensor;
  /** Made without recording: then it must not be written while recording. */
  readonly inNoGrad: boolean;
  /** `Output 0 of UnbindBackward0`, if it is one of several views from one call. */
  readonly multiple: string | null;
  /** The version of the storage for which its `gradFn` holds. */
  version: number;
}

export interface ViewTraits {
  readonly layout: Layout;
  readonly multiple: string | null;
}

/** A view of `x`; `view` builds it from the node of `x`. */
export function makeView(x: Tensor, view: Path, node: Node, { layout, multiple }: ViewTraits): Tensor {
  const { cell, path } = x.core;
  const result = new Tensor(cell, path === null ? view : (whole) => view(path(whole)), node.type);
  result.core.seen = { whole: nodeOf(cell), node };
  result.core.layout = layout;
  result.core.viewOf = {
    base: x.core.viewOf?.base ?? x,
    inNoGrad: !isGradEnabled(),
    multiple,
    version: cell.version,
  };
  return result;
}

/** Renews the history of a view whose storage has been written since. */
export function refreshView(x: Tensor): void {
  const { viewOf, cell } = x.core;
  if (viewOf === null || viewOf.version === cell.version) return;
  viewOf.version = cell.version;
  const { base } = viewOf;
  const edge = edgeNow(base) ?? edgeOf(base);
  const tangentOnly = viewOf.inNoGrad;
  if (edge === null || (tangentOnly && tangentsSince() === Infinity)) return;
  if (base.core.path !== null)
    throw new AutogradError(
      'the tensor behind this view was written in place, and is itself a view by now, so that the history of this one is lost: clone() it first.',
    );
  const recording = record([nodeOfTensor(x)], [{ node: nodeOfTensor(base), edge }], {
    name: 'AsStridedBackward0',
    tangentOnly,
  });
  if (recording !== null) attach(x, { fn: recording.fn, index: 0 });
}

/** Writes a value into the storage of a tensor, whole or through its view, whatever autograd thinks of it. */
export function writeTensor(x: Tensor, value: Node, depth: number): void {
  const { cell, path } = x.core;
  if (path === null) return writeCell(cell, cast(value, cell.type.dtype), depth);
  writeCell(cell, writeThrough(nodeOf(cell), nodeOfTensor(x), value), Math.max(depth, cell.depth) + 1);
}

const noGradView =
  'A view was created in no_grad mode and is being modified inplace with grad mode enabled. Given that this use case is ambiguous and ' +
  'error-prone, it is forbidden. You can clarify your code by moving both the view and the inplace either both inside the no_grad block ' +
  "(if you don't want the inplace to be tracked) or both outside (if you want the inplace to be tracked).";

/** The rules about who may be written in place while recording; `requiresGrad` if x or what is written does. */
export function checkWritable(x: Tensor, requiresGrad: boolean, inInference: boolean): void {
  if (x.core.inference && !inInference)
    throw new AutogradError(
      'Inplace update to inference tensor outside InferenceMode is not allowed.You can make a clone to get a normal tensor before doing ' +
        'inplace update.See https://github.com/pytorch/rfcs/pull/17 for more details.',
    );
  if (!requiresGrad || !isGradEnabled()) return;
  const { viewOf } = x.core;
  if (viewOf !== null) {
    if (viewOf.multiple !== null)
      throw new AutogradError(
        `${viewOf.multiple} is a view and is being modified inplace. This view is the output of a function that returns multiple views. ` +
          'Such functions do not allow the output views to be modified inplace. You should replace the inplace operation by an ' +
          'out-of-place one.',
      );
    if (viewOf.inNoGrad) throw new AutogradError(noGradView);
    if (viewOf.base.core.wantsGrad && viewOf.base.isLeaf)
      throw new AutogradError(
        'a view of a leaf Variable that requires grad is being used in an in-place operation.',
      );
  }
  if (x.requiresGrad && x.isLeaf)
    throw new AutogradError('a leaf Variable that requires grad is being used in an in-place operation.');
}

/** The journal of a trace keeps the history of outside tensors. */
export function keepHistory(x: Tensor): void {
  const trace = activeTrace();
  if (trace === null || x.core.trace === trace) return;
  const { gradFn, outputIndex, wantsGrad } = x.core;
  const version = x.core.viewOf?.version;
  trace.undo.push(() => {
    Object.assign(x.core, { gradFn, outputIndex, wantsGrad });
    if (x.core.viewOf && version !== undefined) x.core.viewOf.version = version;
  });
}
