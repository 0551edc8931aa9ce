// What operations keep for backward. In: a tensor at the time of the forward. Out: the same value, with the same place in the backward
// graph, whenever it is asked for, whatever has been written into the tensor since. Hooks may keep something else in its place (a file,
// fewer bits) and make a tensor of it again when it is needed.

import { AutogradError, DTypeError } from '../../compiler/errors.ts';
import type { Node } from '../../compiler/node.ts';
import { bufferOf, makeCell } from '../cell.ts';
import { isTensor, nodeOfTensor } from '../core.ts';
import { describeValue } from '../describe.ts';
import { checkFunction } from '../options.ts';
import { atCaller, userCode } from '../origin.ts';
import { Tensor } from '../tensor.ts';
import { edgeOf } from './accumulate.ts';
import type { Edge } from './gradFn.ts';
import { unrecorded } from './mode.ts';
import { attach, withHistory } from './record.ts';

/** What to keep for a tensor, and how to get the tensor back from it. */
export interface SavedTensorsHooks {
  readonly pack: (x: Tensor) => unknown;
  readonly unpack: (packed: never) => Tensor;
}

let current: SavedTensorsHooks | null = null;

/** Why hooks must not be set now; null if they may. */
let refusal: string | null = null;

/**
 * Runs `body`; what its operations keep for backward goes through the hooks: `pack` once when a tensor is kept, `unpack` whenever it is
 * needed. The innermost pair counts. Returns what `body` returns. See torch.autograd.graph.saved_tensors_hooks.
 *
 * @example
 * const y = autograd.graph.savedTensorsHooks((x: Tensor) => x.toTypedArray(), (kept) => tensor(kept), () => x.exp());
 */
export function savedTensorsHooks<T, P>(
  pack: (x: Tensor) => P,
  unpack: (packed: P) => Tensor,
  body: () => T,
): T {
  if (refusal !== null) throw atCaller(new AutogradError(refusal));
  const before = current;
  current = { pack, unpack };
  try {
    return body();
  } finally {
    current = before;
  }
}

/**
 * Runs `body`; what its operations keep for backward is kept in the memory of the CPU, where it is anyway: nothing is copied, but hooks
 * further out are not called, and where hooks are refused this is an error. See torch.autograd.graph.save_on_cpu.
 *
 * @example
 * const y = autograd.graph.saveOnCpu(() => x.exp());
 */
export function saveOnCpu<T>(body: () => T): T {
  checkFunction('saveOnCpu', body);
  const same = (x: Tensor): Tensor => x;
  return savedTensorsHooks(same, same, body);
}

/**
 * Runs `body`, in which setting hooks for saved tensors is an AutogradError with this message; so it is already here if some are set.
 * The innermost message counts. For what does not work with such hooks. See torch.autograd.graph.disable_saved_tensors_hooks.
 *
 * @example
 * autograd.graph.disableSavedTensorsHooks('no hooks within this layer', () => layer.forward(x));
 */
export function disableSavedTensorsHooks<T>(message: string, body: () => T): T {
  checkFunction('disableSavedTensorsHooks', body);
  if (current !== null) throw atCaller(new AutogradError(message));
  const before = refusal;
  refusal = message;
  try {
    return body();
  } finally {
    refusal = before;
  }
}

export const hasSavedHooks = (): boolean => current !== null;

/** Packs a value by the hooks that are set now; the function returned unpacks it. */
export function pack(n: Node): () => Tensor {
  const hooks = current!;
  const given = new Tensor(makeCell(n));
  const packed = unrecorded(() => userCode(() => hooks.pack(given)));
  return () => {
    const x: unknown = unrecorded(() => userCode(() => hooks.unpack(packed as never)));
    if (!isTensor(x))
      throw new DTypeError(
        `Output of saved tensor unpack_hook expected to be a Tensor but got result of type ${describeValue(x)}`,
      );
    return x;
  };
}

/** Keeps a tensor; the function returned gives it back. */
export function save(x: Tensor): () => Tensor {
  const n = nodeOfTensor(x);
  const edge = edgeOf(x);
  if (hasSavedHooks()) {
    const unpack = pack(n);
    return () => restore(nodeOfTensor(unpack()), edge);
  }
  const { version } = x.core.cell;
  return () => (x.core.cell.version === version && sameEdge(edgeOf(x), edge) ? x : restore(n, edge));
}

const sameEdge = (a: Edge | null, b: Edge | null): boolean => a?.fn === b?.fn && a?.index === b?.index;

function holds(x: Tensor, n: Node): boolean {
  const present = nodeOfTensor(x);
  return present === n || (bufferOf(n) !== undefined && bufferOf(n) === bufferOf(present));
}

/** A tensor with this value at this place of the backward graph. */
export function restore(n: Node, edge: Edge | null): Tensor {
  const leaf = edge?.fn.leaf ?? null;
  if (leaf !== null) return holds(leaf, n) ? leaf : withHistory(n, [{ node: n, edge }], 0);
  const x = new Tensor(makeCell(n));
  if (edge !== null) attach(x, edge);
  return x;
}
