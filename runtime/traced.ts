// From a function to a graph: one run of it on stand-ins. In: a function and the arguments of a call. Out: what it computes as a graph, and
// for each input and output of the graph where it comes from and where it goes. The outside is left as it was.
//
// Arguments are stood in for, so that the program is good for others. That fails if the function also reaches one of them from outside and
// changes it on one of the two ways: then the trace is given up, and the next takes that tensor as it is, as part of the outside.

import { TraceError } from '../compiler/errors.ts';
import { makeGraph, mapGraph, reachable } from '../compiler/graph.ts';
import type { Graph } from '../compiler/graph.ts';
import type { Node } from '../compiler/node.ts';
import { numel } from '../compiler/shape.ts';
import { cast } from '../ops/cast.ts';
import { constant } from '../ops/source.ts';
import { sourceOf } from './autograd/accumulate.ts';
import { bufferOf, isBuffer, leafOf } from './cell.ts';
import type { Buffer, Cell } from './cell.ts';
import { userCode } from './origin.ts';
import { flatten } from './pytree.ts';
import type { Tree } from './pytree.ts';
import { argumentsFrom, sameArguments, standingOf } from './signature.ts';
import type { Signature, Standing } from './signature.ts';
import { Tensor, nodeOfTensor, placeholderOf } from './tensor.ts';
import { activeTrace, runTrace } from './trace.ts';
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

export interface Traced {
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
  /** The nesting of the result, and for each of its tensors the output that it copies. */
  readonly tree: Tree;
  readonly results: readonly number[];
  /** In the order of the trace, also those that no input needs. */
  readonly feeds: readonly Feed[];
  readonly guards: readonly Guard[];
  /** Outside tensors that were operands, and what autograd knew of them. */
  readonly standings: readonly { readonly tensor: Tensor; readonly standing: Standing }[];
  /** Cells that no argument may have: those that the program changes; all that it uses, if it changes arguments. */
  readonly reserved: ReadonlySet<Cell>;
  /** Whether the program is only good for arguments that share storage as they did. */
  readonly minds: boolean;
}

/** What stands for the tensors of a call. */
interface StandIn {
  readonly tensor: Tensor;
  /** What it holds at first. */
  readonly node: Node;
  /** The tensor it stands for. */
  readonly real: Tensor;
}

const escaping = (what: string, name: string, way: string): TraceError =>
  new TraceError(`the compiled function '${name}' ${what}. ${way}`);

/**
 * Traces a call. `current(slot)` is the tensor in the place of `tensors[slot]` of whatever call is running later. Gives the tensors that
 * must be fixed instead if they are also reached from outside.
 */
export function traceCall(
  name: string,
  fn: (...args: unknown[]) => unknown,
  signature: Signature,
  tensors: readonly Tensor[],
  current: (slot: number) => Tensor,
): Traced | ReadonlySet<Tensor> {
  const body = ():
    (Omit<Traced, 'standings'> & { readonly operands: readonly Tensor[] }) | ReadonlySet<Tensor> => {
    const trace = activeTrace()!;
    const stands = standIns(signature, tensors, current);
    const args = argumentsFrom(
      signature,
      stands.map((s) => s.tensor),
    );
    let returned: unknown;
    try {
      returned = userCode(() => fn(...args));
    } catch (error) {
      const reached = alsoReached(stands, trace);
      if (reached.size > 0) return reached;
      throw error;
    }
    if (returned instanceof Promise)
      throw escaping('is asynchronous', name, 'A program runs from start to end without waiting.');
    if (
      !sameArguments(
        signature,
        args,
        stands.map((s) => s.tensor),
      )
    )
      throw escaping(
        'assigns to a field of an argument',
        name,
        'A program cannot do that: return the new tensor, or write it into the one that is there (x.copy_(y)).',
      );
    const { tree, tensors: results } = flatten(returned);
    const nodes = results.map(nodeOfTensor);
    const reached = alsoReached(stands, trace);
    if (reached.size > 0) return reached;
    refuseOverlaps(name, stands, trace);
    return { ...harvest(stands, nodes, trace, signature), tree };
  };
  const traced = runTrace(name, body, (result) => result);
  if (!('graph' in traced)) return traced;
  const { operands, ...rest } = traced;
  // only now is the outside again what it was
  return { ...rest, standings: operands.map((tensor) => ({ tensor, standing: standingOf(tensor) })) };
}

/** Leaves that know the tensor of the present call. Tensors that share a storage get stand-ins that share one. */
function standIns(
  { same, shared }: Signature,
  tensors: readonly Tensor[],
  current: (slot: number) => Tensor,
): StandIn[] {
  const stands: StandIn[] = [];
  tensors.forEach((real, slot) => {
    if (same[slot] < slot) {
      stands.push(stands[same[slot]]);
      return;
    }
    const whole = real.core.path === null && tensors[shared[slot]].core.path === null;
    const partner = whole && shared[slot] < slot ? stands[shared[slot]] : null;
    const tensor = partner === null ? placeholderOf(real.core.type) : new Tensor(partner.tensor.core.cell);
    Object.assign(tensor.core, {
      trace: null,
      wantsGrad: real.requiresGrad,
      grad: real.core.grad,
      standsFor: () => current(slot),
    });
    stands.push({ tensor, node: partner === null ? nodeOfTensor(tensor) : partner.node, real });
  });
  return stands;
}

const isWritten = ({ tensor, node }: StandIn): boolean => nodeOfTensor(tensor) !== node;

const valueNode = ({ value }: Cell): Node => (isBuffer(value) ? leafOf(value) : value);

/** True if the trace changed an outside cell. */
function changes(trace: Trace, cell: Cell): boolean {
  const traced = trace.cells.get(cell);
  return traced !== undefined && valueNode(cell) !== traced.placeholder;
}

/** Arguments that the function also reached from outside, and changed on one of the two ways. */
function alsoReached(stands: readonly StandIn[], trace: Trace): Set<Tensor> {
  const reached = new Set<Tensor>();
  for (const s of stands) {
    const { real, tensor } = s;
    if (real.core.path !== null) continue;
    const { cell } = real.core;
    if (!trace.cells.has(cell) && !trace.grads.has(real)) continue;
    if (isWritten(s) || changes(trace, cell) || trace.grads.has(tensor) || trace.grads.has(real))
      reached.add(real);
  }
  return reached;
}

/** Views among the arguments are copied in, so nothing else may be known of their storage if one of the two is written. */
function refuseOverlaps(name: string, stands: readonly StandIn[], trace: Trace): void {
  for (const s of stands) {
    const { path, cell } = s.real.core;
    const others = stands.filter(
      (o) => o !== s && o.real.core.cell === cell && o.tensor.core.cell !== s.tensor.core.cell,
    );
    const written = isWritten(s) || changes(trace, cell) || others.some(isWritten);
    if (written && (others.length > 0 || (path !== null && trace.cells.has(cell))))
      throw escaping(
        'writes to a tensor of which it was also given a view',
        name,
        'Pass one of the two, or a clone() of the view.',
      );
  }
}

/** The record of a trace as a graph with its connections. */
function harvest(
  stands: readonly StandIn[],
  resultNodes: readonly Node[],
  trace: Trace,
  signature: Signature,
): Omit<Traced, 'standings' | 'tree'> & { readonly operands: readonly Tensor[] } {
  const outputs: Node[] = [];
  const changed: { placeholder: Node; writes: number }[] = [];
  for (const [cell, { placeholder, version }] of trace.cells) {
    if (!changes(trace, cell)) continue;
    outputs.push(cast(valueNode(cell), cell.type.dtype));
    changed.push({ placeholder, writes: cell.version - version });
  }
  const newGradients: Traced['newGradients'][number][] = [];
  const assignedGradients: Traced['assignedGradients'][number][] = [];
  const gradients = new Map<Node, () => Tensor>();
  const fresh: { of: () => Tensor; node: Node; fixed: boolean }[] = [];
  for (const [x, { before, placeholder }] of trace.grads) {
    const of = x.core.standsFor ?? (() => x);
    const after = x.core.grad;
    if (placeholder !== null) gradients.set(trace.beginnings.get(placeholder)!, of);
    if (placeholder !== null && after === placeholder) {
      const node = nodeOfTensor(placeholder);
      const start = trace.beginnings.get(placeholder)!;
      if (node === start) continue;
      outputs.push(node);
      changed.push({ placeholder: start, writes: placeholder.core.cell.version });
    } else if (after === null) assignedGradients.push({ of, value: () => null });
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

  const { inputs, sources } = inputsFor(outputs, stands, gradients, changed, trace);
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

/** An input for everything that the outputs read, and for all memory that is written. */
function inputsFor(
  outputs: readonly Node[],
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
  for (const node of [...reachable(outputs), ...changed.map((c) => c.placeholder)]) {
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
