// The harvest of a trace. In: the stand-ins for the arguments, the nodes of the result, and what the trace noted. Out: one graph, and for
// each of its inputs and outputs where it comes from and where it goes.

import { makeGraph, mapGraph, reachable } from '../compiler/graph.ts';
import type { Graph } from '../compiler/graph.ts';
import type { Node } from '../compiler/node.ts';
import { numel } from '../compiler/shape.ts';
import { cast } from '../ops/cast.ts';
import { constant } from '../ops/source.ts';
import { sourceOf } from './autograd/accumulate.ts';
import { bufferOf, isBuffer, leafOf } from './cell.ts';
import type { Buffer, Cell } from './cell.ts';
import { nodeOfTensor } from './core.ts';
import { sortDemands } from './demands.ts';
import type { Demand } from './demands.ts';
import type { Signature } from './signature.ts';
import type { Tensor } from './tensor.ts';
import type { Feed, Guard, Trace } from './trace.ts';

/** What fills an input of the graph at a call. */
export type Source =
  | { readonly tag: 'argument'; readonly slot: number }
  /** The `.grad` of a tensor. */
  | { readonly tag: 'gradient'; readonly of: () => Tensor }
  | { readonly tag: 'state'; readonly cell: Cell }
  | { readonly tag: 'feed'; readonly feed: Feed }
  /** Data that the function made while it was traced. */
  | { readonly tag: 'constant'; readonly buffer: Buffer };

/** A graph with its connections to the outside. */
export interface Harvest {
  readonly graph: Graph;
  readonly sources: readonly Source[];
  /** For each output of the graph the input in whose memory it ends, or null. */
  readonly writeBack: readonly (number | null)[];
  /** Inputs that are written back (state, and gradients that are there already), and how often the function wrote to them. */
  readonly changed: readonly { readonly source: number; readonly writes: number }[];
  readonly argumentWrites: readonly {
    readonly slot: number;
    readonly output: number;
    readonly writes: number;
  }[];
  /** Tensors that become the `.grad` of others; `fixed` if of the same at every call. */
  readonly newGradients: readonly {
    readonly of: () => Tensor;
    readonly output: number;
    readonly fixed: boolean;
  }[];
  /** What becomes of `.grad` where nothing has to be computed: none, or a tensor that is there. */
  readonly assignedGradients: readonly { readonly of: () => Tensor; readonly value: () => Tensor | null }[];
  /** For each tensor of the result the output that it copies. */
  readonly results: readonly number[];
  /** In the order of the trace, also those that no input needs. */
  readonly feeds: readonly Feed[];
  readonly guards: readonly Guard[];
  /** Asked of what can be computed from the inputs before the program runs. */
  readonly demandsBefore: readonly Demand[];
  /** Asked of outputs after it has run. */
  readonly demandsAfter: readonly { readonly demand: Demand; readonly output: number }[];
  /** Outside tensors that were operands. */
  readonly operands: readonly Tensor[];
  /** Cells that no argument may have: those that the program changes; all that it uses, if it changes arguments. */
  readonly reserved: ReadonlySet<Cell>;
  /** Whether the program is only good for arguments that share storage as they did. */
  readonly minds: boolean;
}

/** What stands for the tensors of a call. */
export interface StandIn {
  readonly tensor: Tensor;
  /** What it holds at first. */
  readonly node: Node;
  /** The tensor it stands for. */
  readonly real: Tensor;
}

/** True if the function changed an argument in place. */
export const isWritten = ({ tensor, node }: StandIn): boolean => nodeOfTensor(tensor) !== node;

const valueNode = ({ value }: Cell): Node => (isBuffer(value) ? leafOf(value) : value);

/** True if the trace changed an outside cell. */
export function changes(trace: Trace, cell: Cell): boolean {
  const traced = trace.cells.get(cell);
  return traced !== undefined && valueNode(cell) !== traced.placeholder;
}

/** A function of its own scope: one of `harvest` would keep all that `harvest` knows, such as the arguments of the first call. */
const always =
  <T>(value: T): (() => T) =>
  () =>
    value;

/** The record of a trace as a graph with its connections. */
export function harvest(
  stands: readonly StandIn[],
  resultNodes: readonly Node[],
  trace: Trace,
  signature: Signature,
): Harvest {
  const outputs: Node[] = [];
  const changed: { placeholder: Node; writes: number }[] = [];
  for (const [cell, { placeholder, version }] of trace.cells) {
    if (!changes(trace, cell)) continue;
    outputs.push(cast(valueNode(cell), cell.type.dtype));
    changed.push({ placeholder, writes: cell.version - version });
  }
  const newGradients: Harvest['newGradients'][number][] = [];
  const assignedGradients: Harvest['assignedGradients'][number][] = [];
  const gradients = new Map<Node, () => Tensor>();
  const fresh: { of: () => Tensor; node: Node; fixed: boolean }[] = [];
  for (const [x, { before, placeholder }] of trace.grads) {
    const of = x.core.standsFor ?? always(x);
    const after = x.core.grad;
    if (placeholder !== null) gradients.set(trace.beginnings.get(placeholder)!, of);
    if (placeholder !== null && after === placeholder) {
      const node = nodeOfTensor(placeholder);
      const start = trace.beginnings.get(placeholder)!;
      if (node === start) continue;
      outputs.push(node);
      changed.push({ placeholder: start, writes: placeholder.core.cell.version });
    } else if (after === null) assignedGradients.push({ of, value: always(null) });
    else {
      const value = presentTensor(after, trace);
      if (value === null) fresh.push({ of, node: nodeOfTensor(after), fixed: x.core.standsFor === null });
      else if (after !== before) assignedGradients.push({ of, value });
    }
  }
  const inPlace = outputs.length;
  for (const { of, node, fixed } of fresh) newGradients.push({ of, fixed, output: outputs.push(node) - 1 });
  const copied = (node: Node): number => {
    const known = outputs.indexOf(node);
    return known >= 0 ? known : outputs.push(node) - 1;
  };
  const argumentWrites = stands.flatMap((s, slot) => {
    if (stands.findIndex((o) => o.tensor.core.cell === s.tensor.core.cell) < slot || !isWritten(s)) return [];
    return [{ slot, output: copied(nodeOfTensor(s.tensor)), writes: s.tensor.core.cell.version }];
  });
  const results = resultNodes.map(copied);
  const { before: demandsBefore, after } = sortDemands(trace.demands);
  const demandsAfter = after.map((demand) => ({ demand, output: copied(demand.node) }));

  const { inputs, sources } = inputsFor(
    [...outputs, ...demandsBefore.map((d) => d.node)],
    stands,
    gradients,
    changed,
    trace,
  );
  const changesArguments = stands.some((s) => isWritten(s) || trace.grads.has(s.tensor));
  const reserved = new Set<Cell>();
  for (const cell of trace.cells.keys()) if (changesArguments || changes(trace, cell)) reserved.add(cell);
  for (const x of trace.grads.keys()) if (x.core.standsFor === null) reserved.add(x.core.cell);
  return {
    graph: withLiterals(makeGraph(inputs, outputs), sources),
    sources,
    writeBack: outputs.map((_, o) => (o < inPlace ? inputs.indexOf(changed[o].placeholder) : null)),
    changed: changed.map(({ placeholder, writes }) => ({ source: inputs.indexOf(placeholder), writes })),
    argumentWrites,
    newGradients,
    assignedGradients,
    results,
    feeds: trace.feeds,
    guards: trace.guards,
    demandsBefore,
    demandsAfter,
    operands: [...trace.captured].filter((x) => x.core.trace !== trace && x.core.standsFor === null),
    reserved,
    minds: changesArguments || signature.shared.some((first, slot) => first !== slot),
  };
}

/** How to find a tensor at a call that is there without being computed; null for one that the function made. */
function presentTensor(x: Tensor, trace: Trace): (() => Tensor | null) | null {
  if (x.core.standsFor !== null) return x.core.standsFor;
  if (x.core.trace !== trace) return () => x;
  for (const [other, { placeholder }] of trace.grads)
    if (placeholder === x) return () => sourceOf(other).core.grad;
  return null;
}

/** An input for everything that is needed, and for all memory that is written. */
function inputsFor(
  needed: readonly Node[],
  stands: readonly StandIn[],
  gradients: ReadonlyMap<Node, () => Tensor>,
  changed: readonly { readonly placeholder: Node }[],
  trace: Trace,
): { inputs: Node[]; sources: Source[] } {
  const origins = new Map<Node, Source>();
  for (const [node, of] of gradients) origins.set(node, { tag: 'gradient', of });
  for (const [cell, { placeholder }] of trace.cells) origins.set(placeholder, { tag: 'state', cell });
  for (const feed of trace.feeds) if (feed.node !== null) origins.set(feed.node, { tag: 'feed', feed });
  stands.forEach(({ node }, slot) => {
    if (!origins.has(node)) origins.set(node, { tag: 'argument', slot });
  });
  const inputs: Node[] = [];
  const sources: Source[] = [];
  for (const node of [...reachable(needed), ...changed.map((c) => c.placeholder)]) {
    const buffer = node.op.meaning(node).tag === 'input' ? bufferOf(node) : undefined;
    const source: Source | undefined = origins.get(node) ?? (buffer && { tag: 'constant', buffer });
    if (source === undefined || inputs.includes(node)) continue;
    inputs.push(node);
    sources.push(source);
  }
  return { inputs, sources };
}

/** Single numbers that the function made become constants of the graph, which it can calculate with. */
function withLiterals(graph: Graph, sources: readonly Source[]): Graph {
  const literals = new Map<Node, Node>();
  sources.forEach((s, i) => {
    const { type } = graph.inputs[i];
    if (s.tag === 'constant' && numel(type.shape) === 1)
      literals.set(graph.inputs[i], constant(s.buffer.array[0], type.dtype, type.shape));
  });
  return literals.size === 0 ? graph : mapGraph(graph, (n) => literals.get(n) ?? n);
}
