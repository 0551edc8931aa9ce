// The engine: runs backward nodes from the roots to the leaves. In: roots with their gradients, and what is wanted. Out: `.grad` of
// leaves changed, or the gradients of the inputs that were asked for.
//
// A node runs when every reader of its outputs has run; of those that are ready the youngest goes first, and the addition to a leaf's
// `.grad` goes before all others. If something throws, what has run has run: its effects stay, as in PyTorch.

import { isFloat } from '../../compiler/dtype.ts';
import { AutogradError, TraceError } from '../../compiler/errors.ts';
import { backwardOf } from '../origin.ts';
import type { Tensor } from '../tensor.ts';
import { activeTrace } from '../trace.ts';
import { checkAnomaly } from './anomaly.ts';
import type { Edge, Gradients, GradFn } from './gradFn.ts';
import { runListHooks, runTensorHooks } from './hooks.ts';
import { withMode } from './mode.ts';

export interface Root {
  readonly edge: Edge;
  readonly gradient: Tensor;
}

export interface EngineOptions {
  readonly retainGraph: boolean;
  readonly createGraph: boolean;
  /** If given, only what leads there runs, and these gradients are returned instead of being added to leaves. */
  readonly capture?: readonly Edge[];
}

/** Runs backward; returns the gradients of `capture`, null where none arrived. */
export function runBackward(roots: readonly Root[], options: EngineOptions): (Tensor | null)[] {
  const { capture } = options;
  const graph = explore(roots.map((r) => r.edge.fn));
  const needed = capture && neededFor(graph, capture);
  const useful = needed && new Set([...needed, ...capture.map((e) => e.fn)]);
  const captured: (Tensor | null)[] = (capture ?? []).map(() => null);
  const arrived = new Map<GradFn, (Tensor | null)[]>();
  const ready = new ReadyQueue();
  const add = ({ fn, index }: Edge, gradient: Tensor): void => {
    let slots = arrived.get(fn);
    if (!slots) arrived.set(fn, (slots = fn.outputs.map(() => null)));
    const there = slots[index];
    slots[index] = there === null ? gradient : there.add(gradient);
  };

  return withMode(options.createGraph, false, () => {
    const waiting = countReaders(graph);
    for (const { edge, gradient } of roots) add(edge, gradient);
    for (const fn of new Set(roots.map((r) => r.edge.fn))) if (!waiting.get(fn)) ready.push(fn);
    for (let fn = ready.pop(); fn !== null; fn = ready.pop()) {
      const gradients = beforeRunning(fn, arrived.get(fn) ?? fn.outputs.map(() => null));
      arrived.delete(fn);
      capture?.forEach((edge, i) => {
        if (edge.fn === fn) captured[i] = gradients[edge.index];
      });
      const runs = !needed || needed.has(fn);
      const results = runs ? run(fn, gradients, options, useful) : fn.edges.map(() => null);
      fn.edges.forEach((edge, i) => {
        if (edge === null) return;
        const gradient = results[i] ?? null;
        if (gradient !== null) add(edge, gradient);
        const left = waiting.get(edge.fn)! - 1;
        waiting.set(edge.fn, left);
        if (left === 0) ready.push(edge.fn);
      });
    }
    return captured;
  });
}

/** All functions that the roots lead to. */
function explore(roots: readonly GradFn[]): readonly GradFn[] {
  const found = new Set<GradFn>(roots);
  for (const fn of found) for (const edge of fn.edges) if (edge !== null) found.add(edge.fn);
  return [...found];
}

/** How many edges lead to each function. */
function countReaders(graph: readonly GradFn[]): Map<GradFn, number> {
  const count = new Map<GradFn, number>();
  for (const fn of graph)
    for (const edge of fn.edges) if (edge !== null) count.set(edge.fn, (count.get(edge.fn) ?? 0) + 1);
  return count;
}

/** The functions that must run so that gradients reach the captured edges. */
function neededFor(graph: readonly GradFn[], capture: readonly Edge[]): ReadonlySet<GradFn> {
  const readers = new Map<GradFn, GradFn[]>();
  for (const fn of graph)
    for (const edge of fn.edges) {
      if (edge === null) continue;
      const list = readers.get(edge.fn);
      if (list) list.push(fn);
      else readers.set(edge.fn, [fn]);
    }
  const needed = new Set<GradFn>();
  const behind = new Set<GradFn>(capture.map((e) => e.fn));
  for (const fn of behind) {
    for (const reader of readers.get(fn) ?? []) {
      needed.add(reader);
      behind.add(reader);
    }
  }
  return needed;
}

/** The gradients of a function's outputs after the hooks on them; kept by the tensors that retain them. */
function beforeRunning(fn: GradFn, arrived: Gradients): Gradients {
  let gradients = arrived.map((g, i) => (g === null ? null : runTensorHooks(fn.tensorHooks.get(i), g)));
  gradients = [...runListHooks(fn.prehooks, gradients, (hook, g) => hook(g))];
  for (const [index, tensor] of fn.retained) {
    const g = gradients[index];
    if (g !== null) tensor.core.grad = tensor.core.grad === null ? copyOf(g) : tensor.core.grad.add(g);
  }
  return gradients;
}

const copyOf = (g: Tensor): Tensor => (g.requiresGrad ? g : g.detach());

/** Runs one function. */
function run(
  fn: GradFn,
  gradients: Gradients,
  { retainGraph }: EngineOptions,
  useful: ReadonlySet<GradFn> | undefined,
): Gradients {
  const trace = activeTrace();
  if (trace !== null && fn.leaf === null && fn.trace !== trace)
    throw new TraceError(
      `backward inside the compiled function '${trace.name}' reaches ${fn.name}, which was recorded outside of it. ` +
        'Compute what you differentiate inside the function, or detach() the tensor that you bring along.',
    );
  if (fn.leaf !== null && trace !== null && fn.leaf.core.standsFor?.().isLeaf === false)
    throw new TraceError(
      `backward inside the compiled function '${trace.name}' reaches an argument that has a history of its own, which a program cannot ` +
        'follow. Pass a detached tensor, or return the gradient from autograd.grad.',
    );
  if (gradients.every((g) => g === null)) return fn.edges.map(() => null);
  const wants = fn.edges.map((e) => e !== null && (!useful || useful.has(e.fn)));
  let results = backwardOf(fn.origin, () => fn.pull(gradients, wants));
  checkAnomaly(fn, results);
  results = runListHooks(fn.hooks, results, (hook, g) => hook(g, gradients));
  if (!retainGraph) fn.free();
  for (const [i, g] of results.entries())
    if (g !== null && !isFloat(g.dtype)) throw new AutogradError(`${fn.name} returned a gradient of dtype ${g.dtype} at index ${i}`);
  return results;
}

/** Functions that may run: leaves first, then the youngest. A binary heap. */
class ReadyQueue {
  private readonly heap: GradFn[] = [];

  push(fn: GradFn): void {
    const { heap } = this;
    let i = heap.push(fn) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (heap[parent].sequence >= fn.sequence) break;
      heap[i] = heap[parent];
      i = parent;
    }
    heap[i] = fn;
  }

  pop(): GradFn | null {
    const { heap } = this;
    if (heap.length === 0) return null;
    const top = heap[0];
    const last = heap.pop()!;
    if (heap.length === 0) return top;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1].sequence > heap[child].sequence) child++;
      if (heap[child].sequence <= last.sequence) break;
      heap[i] = heap[child];
      i = child;
    }
    heap[i] = last;
    return top;
  }
}
