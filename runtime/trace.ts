// Tracing: what `compile` keeps while it runs a function once. In: reads and writes of what lives outside the function. Out: a record of
// them, from which the program's inputs and outputs are made.
//
// Outside cells are read through placeholders. While the trace runs they hold the placeholder, or what the function wrote; the
// journal puts everything back at the end, also when the function throws, so that nothing is ever left half-written. The real
// cells change only when the program has run.

import { TraceError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { input } from '../ops/source.ts';
import { refuseInBatch } from './batching.ts';
import type { TypedArray } from './buffer.ts';
import type { Buffer, Cell } from './cell.ts';
import type { Demand } from './demands.ts';
import type { Tensor } from './tensor.ts';

/** An outside cell that the function has read or written. */
export interface TracedCell {
  readonly before: Node | Buffer;
  readonly version: number;
  readonly depth: number;
  readonly placeholder: Node;
}

/** The `.grad` of an outside tensor that the function has read or written. */
export interface TracedGrad {
  readonly before: Tensor | null;
  /** Stands for the gradient that is there when the program is called; null if there was none, or if it was overwritten unread. */
  readonly placeholder: Tensor | null;
}

/** An input that is filled anew at every call, in the order of the trace: random numbers, a learning rate. */
export interface Feed {
  /** Null for an action that yields no value, such as seeding. */
  readonly node: Node | null;
  readonly fill: (array: TypedArray) => void;
}

/** Something outside of the graph that the trace relied on. A call whose value differs needs a trace of its own. */
export interface Guard {
  readonly what: string;
  readonly value: unknown;
  readonly read: () => unknown;
}

export interface Trace {
  readonly name: string;
  readonly cells: Map<Cell, TracedCell>;
  readonly grads: Map<Tensor, TracedGrad>;
  /** Placeholder tensors with the input nodes they began with. */
  readonly beginnings: Map<Tensor, Node>;
  /** Outside tensors that were arguments of an operation. */
  readonly captured: Set<Tensor>;
  readonly feeds: Feed[];
  readonly guards: Guard[];
  /** What the values of integer tensors must be at every call. */
  readonly demands: Demand[];
  readonly undo: (() => void)[];
}

let active: Trace | null = null;

export const activeTrace = (): Trace | null => active;

/** True while a function is being traced. */
export const isCompiling = (): boolean => active !== null;

/** Runs a function under a new trace, which it gets; then puts the outside back as it was. */
export function runTrace<T>(name: string, body: (trace: Trace) => T): T {
  const trace: Trace = {
    name,
    cells: new Map(),
    grads: new Map(),
    beginnings: new Map(),
    captured: new Set(),
    feeds: [],
    guards: [],
    demands: [],
    undo: [],
  };
  active = trace;
  try {
    return body(trace);
  } finally {
    active = null;
    for (let i = trace.undo.length - 1; i >= 0; i--) trace.undo[i]();
    // backward nodes of outside tensors remember their trace: it must not keep all that was there before
    for (const noted of [trace.cells, trace.grads, trace.beginnings, trace.captured]) noted.clear();
    trace.undo.length = 0;
  }
}

/** Makes an outside cell hold a placeholder, the first time the trace meets it. */
export function touchCell(trace: Trace, cell: Cell): void {
  if (trace.cells.has(cell)) return;
  const { value: before, version, depth } = cell;
  const placeholder = input(cell.type);
  trace.cells.set(cell, { before, version, depth, placeholder });
  trace.undo.push(() => {
    cell.value = before;
    cell.version = version;
    cell.depth = depth;
  });
  cell.value = placeholder;
  cell.depth = 0;
}

/** Throws, because a tensor that was made in a trace is used after it. */
export function refuseEscaped(): never {
  refuseInBatch();
  throw new TraceError(
    'this tensor was made inside a compiled function while it was traced, and has no value of its own. ' +
      'Return it from the function, or write it into a tensor that was made outside (x.copy_(y)).',
  );
}

/** Throws if a value is asked for while a function is being traced. */
export function refuseReading(what: string): void {
  if (active === null) return;
  throw new TraceError(
    `${what}: a value cannot be read inside the compiled function '${active.name}' while it is traced, because it would be frozen ` +
      'into the program. Use where(condition, a, b) instead of an if, or return the tensor and read it outside.',
  );
}

/**
 * A value that the graph cannot see but depends on, such as a module's training flag. While a function is traced it is noted: a call
 * for which it differs is traced anew. Otherwise it is simply read.
 */
export function guarded<T>(what: string, read: () => T): T {
  const value = read();
  if (active !== null && !active.guards.some((g) => g.what === what && Object.is(g.value, value)))
    active.guards.push({ what, value, read });
  return value;
}
