// Hooks: functions of the user's that see gradients on their way. In: a tensor or node and a function. Out: a handle that takes it away
// again. The order, as in PyTorch 2: hooks of the tensor, `.grad` of a tensor that retains it, prehooks of the node, the node, hooks of
// the node; for a leaf the node is the addition to `.grad`, within which come the hooks on that. (PyTorch's documentation names the second
// and third the other way round; its engine and its tests do it like this.)

import { AutogradError, DTypeError, ShapeError } from '../../compiler/errors.ts';
import { sameShape } from '../../compiler/shape.ts';
import { isTensor } from '../core.ts';
import { describeValue } from '../describe.ts';
import { identityOf } from '../key.ts';
import { checkFunction } from '../options.ts';
import { userCode } from '../origin.ts';
import type { Tensor } from '../tensor.ts';
import { activeTrace } from '../trace.ts';
import type { GradFn, Gradients } from './gradFn.ts';
import { edgeOf } from './accumulate.ts';

/** Takes a hook away again. */
export interface HookHandle {
  /** Takes the hook away; doing it twice does no harm. */
  remove(): void;
}
export type TensorHook = (gradient: Tensor) => Tensor | void | null;
export type NodeHook = (gradInputs: Gradients, gradOutputs: Gradients) => Gradients | void | null;
export type NodePrehook = (gradOutputs: Gradients) => Gradients | void | null;
export type PostAccumulateHook = (leaf: Tensor) => void;

/** The hooks on one backward function. */
export interface Hooks {
  /** On gradients of single outputs, in the order in which the first on each was registered. */
  readonly tensor: Map<number, TensorHook[]>;
  /** Tensors that keep their gradient, by output. */
  readonly retained: Map<number, Tensor>;
  readonly before: NodePrehook[];
  readonly after: NodeHook[];
}

/** The hooks of a function, to add to them. */
export const hooksOf = (fn: GradFn): Hooks =>
  (fn.hooks ??= { tensor: new Map(), retained: new Map(), before: [], after: [] });

const postHooks = new WeakMap<Tensor, PostAccumulateHook[]>();

/** Puts a hook on a list. One that is registered while a function is traced lives as long as the trace. */
export function listHandle<H>(list: H[], hook: H): HookHandle {
  const entry = hook;
  list.push(entry);
  let present = true;
  const remove = (): void => {
    if (present) list.splice(list.indexOf(entry), 1);
    present = false;
  };
  activeTrace()?.undo.push(remove);
  return { remove };
}

/** Registers a hook on the gradient of a tensor. */
export function registerTensorHook(x: Tensor, hook: TensorHook): HookHandle {
  checkFunction('registerHook', hook);
  const edge = edgeOf(x);
  if (edge === null)
    throw new AutogradError("cannot register a hook on a tensor that doesn't require gradient");
  const { tensor } = hooksOf(edge.fn);
  const list = tensor.get(edge.index) ?? [];
  tensor.set(edge.index, list);
  return listHandle(list, hook);
}

/** Registers a hook that runs after the `.grad` of a leaf has been updated. */
export function registerPostAccumulateHook(x: Tensor, hook: PostAccumulateHook): HookHandle {
  if (!x.requiresGrad)
    throw new AutogradError("cannot register a hook on a tensor that doesn't require gradient");
  if (!x.isLeaf)
    throw new AutogradError('post accumulate grad hooks cannot be registered on non-leaf tensors');
  const list = postHooks.get(x) ?? [];
  postHooks.set(x, list);
  return listHandle(list, hook);
}

export function runPostAccumulateHooks(x: Tensor): void {
  for (const hook of [...(postHooks.get(x) ?? [])]) userCode(() => hook(x));
}

/** The hooks on a leaf as text, `clip#3,<lambda>#4`: equal for the same hooks in the same order; empty if there are none. */
export function hooksKey(x: Tensor): string {
  const hooks = x.core.accumulator?.hooks;
  const after = postHooks.get(x) ?? [];
  const list: readonly { readonly name: string }[] = hooks
    ? [...[...hooks.tensor.values()].flat(), ...hooks.before, ...hooks.after, ...after]
    : after;
  return list.map((hook) => `${hook.name || '<lambda>'}#${identityOf(hook)}`).join();
}

/** Gives the hooks of a leaf to what stands for it. */
export function copyHooks(from: Tensor, to: Tensor): void {
  const hooks = from.core.accumulator?.hooks;
  if (hooks) {
    const own = hooksOf(edgeOf(to)!.fn);
    for (const [index, list] of hooks.tensor) own.tensor.set(index, [...list]);
    own.before.push(...hooks.before);
    own.after.push(...hooks.after);
  }
  const after = postHooks.get(from);
  if (after !== undefined) postHooks.set(to, [...after]);
}

/** Lets a tensor that is not a leaf keep its gradient. */
export function retainGrad(x: Tensor): void {
  if (!x.requiresGrad) throw new AutogradError("can't retain_grad on Tensor that has requires_grad=False");
  const { gradFn } = x;
  if (gradFn === null) return;
  hooksOf(gradFn).retained.set(x.core.outputIndex, x);
  x.core.retainsGrad = true;
}

/** A gradient after the hooks of its tensor. */
export function runTensorHooks(hooks: readonly TensorHook[] | undefined, gradient: Tensor): Tensor {
  let result = gradient;
  for (const hook of [...(hooks ?? [])]) {
    const next = userCode(() => hook(result));
    if (next === undefined || next === null) continue;
    if (!isTensor(next))
      throw new DTypeError(`expected Variable, but hook returned '${describeValue(next)}'`);
    if (!sameShape(next.shape, result.shape))
      throw new ShapeError(`hook '${hook.name || '<lambda>'}' has changed the size of value`);
    result = next;
  }
  return result;
}

/** What hooks of a node make of gradients: the list they return, or the one they were given. */
export function runListHooks<H>(
  hooks: readonly H[] | undefined,
  gradients: Gradients,
  call: (hook: H, gradients: Gradients) => Gradients | void | null,
): Gradients {
  let result = gradients;
  for (const hook of [...(hooks ?? [])]) {
    const next = userCode(() => call(hook, result));
    if (next === undefined || next === null) continue;
    if (next.length !== result.length)
      throw new ShapeError(
        `hook returned an incorrect number of gradients (expected ${result.length}, got ${next.length})`,
      );
    result = next;
  }
  return result;
}

/** A backward that is running. */
export interface RunningBackward {
  /** True if it leads to this function. */
  reaches(fn: GradFn): boolean;
}

let running: RunningBackward | null = null;

/** Runs `body` as the backward that hooks can ask about. */
export function asRunning<T>(backward: RunningBackward, body: () => T): T {
  const before = running;
  running = backward;
  try {
    return body();
  } finally {
    running = before;
  }
}

export interface MultiGradOptions {
  /** Call the hook when all tensors that are reached have their gradients, with a list; or at the first, with that one. */
  readonly mode?: 'all' | 'any';
}

/** Calls `hook` once per backward for several tensors. */
export function registerMultiGradHook(
  tensors: readonly Tensor[],
  hook: (gradients: Gradients) => void,
  options?: { readonly mode?: 'all' },
): HookHandle;
export function registerMultiGradHook(
  tensors: readonly Tensor[],
  hook: (gradient: Tensor) => void,
  options: { readonly mode: 'any' },
): HookHandle;
export function registerMultiGradHook(
  tensors: readonly Tensor[],
  hook: ((gradients: Gradients) => void) | ((gradient: Tensor) => void),
  { mode = 'all' }: MultiGradOptions = {},
): HookHandle {
  const arrived = new WeakMap<RunningBackward, (Tensor | null)[]>();
  const fns = tensors.map((x) => edgeOf(x)?.fn);
  const note = (g: Tensor, i: number): void => {
    const before = arrived.get(running!);
    const gradients = before ?? tensors.map(() => null);
    arrived.set(running!, gradients);
    gradients[i] = g;
    if (mode === 'any') {
      if (before === undefined) (hook as (gradient: Tensor) => void)(g);
    } else if (fns.every((fn, k) => gradients[k] !== null || fn === undefined || !running!.reaches(fn)))
      (hook as (gradients: Gradients) => void)(gradients);
  };
  const handles = tensors.map((x, i) => registerTensorHook(x, (g) => note(g, i)));
  return { remove: () => handles.forEach((h) => h.remove()) };
}
