// The engine: runs backward nodes from the roots to the leaves. In: roots with their gradients, and what is wanted. Out: `.grad` of
// leaves changed, or the gradients of the inputs that were asked for.
//
// A node runs when every reader of its outputs has run; of those that are ready the youngest goes first, and the addition to a leaf's
// `.grad` goes before all others. If something throws, what has run has run: its effects stay, as in PyTorch.

import { isFloat } from '../../compiler/dtype.ts';
import { DTypeError, ShapeError, TraceError } from '../../compiler/errors.ts';
import { sameShape, showShape } from '../../compiler/shape.ts';
import type { Shape } from '../../compiler/shape.ts';
import { backwardOf } from '../origin.ts';
import type { Tensor } from '../tensor.ts';
import { activeTrace } from '../trace.ts';
import { addToRetained } from './accumulate.ts';
import { checkAnomaly } from './anomaly.ts';
import type { Edge, Gradients, GradFn } from './gradFn.ts';
import { asRunning, runListHooks, runTensorHooks } from './hooks.ts';
import { followsTangents, withMode } from './mode.ts';

export interface Root {
  readonly edge: Edge;
  readonly gradient: Tensor;
}

export interface EngineOptions {
  readonly retainGraph: boolean;
  readonly createGraph: boolean;
  /** If given, only what leads there runs. */
  readonly targets?: readonly Edge[];
  /** The gradients that arrive at the targets are returned, and the targets themselves do not run (unless one leads to another). */
  readonly capture?: boolean;
  /** Functions where this backward ends: it is part of another one, which goes on there, and runs their hooks. */
  readonly boundary?: ReadonlySet<GradFn>;
  /** Gets the functions that ran. */
  readonly executed?: GradFn[];
}

/** Runs backward; returns the captured gradients of the targets, null where none arrived. */
export function runBackward(roots: readonly Root[], options: EngineOptions): (Tensor | null)[] {
  const { targets = [], capture = false, boundary = new Set() } = options;
  const graph = explore(
    roots.map((r) => r.edge.fn),
    boundary,
  );
  const needed = options.targets && neededFor(graph, targets, !capture);
  const useful = needed && new Set([...needed, ...targets.map((e) => e.fn)]);
  const captured: (Tensor | null)[] = targets.map(() => null);
  const arrived = new Map<GradFn, (Tensor | null)[]>();
  const ready = new ReadyQueue();
  const add = ({ fn, index }: Edge, gradient: Tensor): void => {
    let slots = arrived.get(fn);
    if (!slots) arrived.set(fn, (slots = fn.outputs.map(() => null)));
    const there = slots[index];
    slots[index] = there === null ? gradient : there.add(gradient);
  };

  const reached = useful ?? graph;
  const body = (): (Tensor | null)[] => {
    const waiting = countReaders(graph);
    for (const { edge, gradient } of roots) add(edge, gradient);
    for (const fn of new Set(roots.map((r) => r.edge.fn))) if (!waiting.get(fn)) ready.push(fn);
    for (let fn = ready.pop(); fn !== null; fn = ready.pop()) {
      const runs = !needed || needed.has(fn);
      const incoming = arrived.get(fn) ?? fn.outputs.map(() => null);
      arrived.delete(fn);
      // as in PyTorch, hooks have no say in what is captured from a function that runs itself
      const gradients = runs || boundary.has(fn) ? incoming : afterTensorHooks(fn, incoming);
      if (capture)
        targets.forEach((edge, i) => {
          if (edge.fn === fn) captured[i] = gradients[edge.index];
        });
      if (!runs) continue;
      const results = run(fn, gradients, options, useful);
      options.executed?.push(fn);
      fn.edges.forEach((edge, i) => {
        if (!isFollowed(edge)) return;
        const left = waiting.get(edge.fn)! - 1;
        waiting.set(edge.fn, left);
        if (useful && !useful.has(edge.fn)) return;
        const gradient = results[i] ?? null;
        if (gradient !== null) add(edge, gradient);
        if (left === 0) ready.push(edge.fn);
      });
    }
    return captured;
  };
  return asRunning({ reaches: (fn) => reached.has(fn) }, () => withMode(options.createGraph, false, body));
}

/** Whether a backward goes along an edge: where only tangents come from, only that of a jvp does. */
const isFollowed = (edge: Edge | null): edge is Edge =>
  edge !== null && (!edge.fn.tangentOnly || followsTangents());

/** The functions that a backward may meet, with the edges that it may follow from there. */
type Reach = ReadonlyMap<GradFn, readonly Edge[]>;

/** All functions that the roots lead to. */
function explore(roots: readonly GradFn[], boundary: ReadonlySet<GradFn>): Reach {
  const reach = new Map<GradFn, readonly Edge[]>();
  const found = new Set<GradFn>(roots);
  for (const fn of found) {
    const edges = boundary.has(fn) ? [] : fn.edges.filter(isFollowed);
    reach.set(fn, edges);
    for (const edge of edges) found.add(edge.fn);
  }
  return reach;
}

/** How many edges lead to each function. */
function countReaders(graph: Reach): Map<GradFn, number> {
  const count = new Map<GradFn, number>();
  for (const edges of graph.values()) for (const { fn } of edges) count.set(fn, (count.get(fn) ?? 0) + 1);
  return count;
}

/** The functions that must run so that gradients reach the targets, with the targets themselves if `inclusive`. */
function neededFor(graph: Reach, targets: readonly Edge[], inclusive: boolean): ReadonlySet<GradFn> {
  const readers = new Map<GradFn, GradFn[]>();
  for (const [reader, edges] of graph)
    for (const { fn } of edges) {
      const list = readers.get(fn);
      if (list) list.push(reader);
      else readers.set(fn, [reader]);
    }
  const behind = new Set<GradFn>(targets.map((e) => e.fn));
  const needed = new Set<GradFn>(inclusive ? behind : []);
  for (const fn of behind) {
    for (const reader of readers.get(fn) ?? []) {
      needed.add(reader);
      behind.add(reader);
    }
  }
  return needed;
}

/** The gradients of a function's outputs after the hooks on these tensors; those that retain their gradient keep it. */
function afterTensorHooks(fn: GradFn, incoming: Gradients): Gradients {
  if (fn.hooks === null) return incoming;
  const gradients = [...incoming];
  for (const [index, hooks] of fn.hooks.tensor) {
    const g = gradients[index];
    if (g !== null) gradients[index] = runTensorHooks(hooks, g);
  }
  for (const [index, tensor] of fn.hooks.retained) {
    const g = gradients[index];
    if (g !== null) addToRetained(tensor, g);
  }
  return gradients;
}

/** Runs one function between its hooks. */
function run(
  fn: GradFn,
  incoming: Gradients,
  { retainGraph }: EngineOptions,
  useful: ReadonlySet<GradFn> | undefined,
): Gradients {
  refuseOutside(fn);
  const gradients = runListHooks(fn.hooks?.before, afterTensorHooks(fn, incoming), (hook, g) => hook(g));
  const wants = fn.edges.map((e) => isFollowed(e) && (!useful || useful.has(e.fn)));
  const pull = (): Gradients => backwardOf(fn.origin, () => fitted(fn, fn.pull(gradients, wants)));
  const pulled = fn.tangentOnly ? withMode(false, false, pull) : pull();
  const results = runListHooks(fn.hooks?.after, pulled, (hook, g) => hook(g, gradients));
  checkAnomaly(fn, gradients, results);
  if (!retainGraph) fn.free();
  return results;
}

/** A backward that is traced must not leave the trace. */
function refuseOutside(fn: GradFn): void {
  const trace = activeTrace();
  if (trace === null) return;
  if (fn.leaf === null && fn.trace !== trace)
    throw new TraceError(
      `backward inside the compiled function '${trace.name}' reaches ${fn.name}, which was recorded outside of it. ` +
        'Compute what you differentiate inside the function, or detach() the tensor that you bring along.',
    );
  if (fn.leaf?.core.standsFor?.().isLeaf === false)
    throw new TraceError(
      `backward inside the compiled function '${trace.name}' reaches an argument that has a history of its own, which a program cannot ` +
        'follow. Pass a detached tensor, or return the gradient from autograd.grad.',
    );
}

/** Gradients in the shape and dtype of what they are gradients of: summed where it was broadcast, and cast. */
function fitted(fn: GradFn, gradients: Gradients): Gradients {
  return gradients.map((g, i) => {
    const edge = fn.edges[i];
    if (g === null || !edge) return g;
    const { shape, dtype } = edge.fn.outputs[edge.index];
    let result = g;
    if (!sameShape(g.shape, shape)) {
      if (!expandsTo(shape, g.shape))
        throw new ShapeError(
          `Function ${fn.name} returned an invalid gradient at index ${i} - got ${showShape(g.shape)} but expected shape compatible ` +
            `with ${showShape(shape)}`,
        );
      result = sumToShape(result, shape);
    }
    if (g.dtype === dtype) return result;
    if (!isFloat(g.dtype))
      throw new DTypeError(
        `Function ${fn.name} returned an invalid gradient at index ${i} - expected dtype ${dtype} but got ${g.dtype}`,
      );
    return result.to(dtype);
  });
}

/** True if a tensor of the first shape can be broadcast to the second. */
const expandsTo = (from: Shape, to: Shape): boolean =>
  from.length <= to.length && from.every((size, i) => size === 1 || size === to[to.length - from.length + i]);

function sumToShape(g: Tensor, shape: Shape): Tensor {
  const lead = g.ndim - shape.length;
  const dims = g.shape.flatMap((size, i) => (i < lead || (shape[i - lead] === 1 && size !== 1) ? [i] : []));
  return g.sum(dims, true).reshape(shape);
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
