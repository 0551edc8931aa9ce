// Recording: the backward node of one public call. In: the call's arguments as nodes with the edges their gradients take, and its
// results. Out: a GradFn whose rule differentiates from the results to the arguments, however many nodes lie between. Its gradients are
// recorded in the same way, which gives derivatives of any order.

import { differentiate } from '../../compiler/differentiate.ts';
import { isFloat } from '../../compiler/dtype.ts';
import { AutogradError } from '../../compiler/errors.ts';
import type { Node } from '../../compiler/node.ts';
import { reachable } from '../../compiler/graph.ts';
import { node, withInputs } from '../../compiler/node.ts';
import { defineOp } from '../../compiler/op.ts';
import { add } from '../../ops/binary.ts';
import { makeCell } from '../cell.ts';
import { nodeOfTensor } from '../core.ts';
import { internally } from '../origin.ts';
import { limitDepth } from '../realize.ts';
import { Tensor } from '../tensor.ts';
import { edgeNow } from './accumulate.ts';
import { GradFn } from './gradFn.ts';
import type { Edge, Gradients, Rule } from './gradFn.ts';
import { isGradEnabled, isRecording } from './mode.ts';
import { hasSavedHooks, pack, restore } from './saved.ts';

/** An argument of a recorded call. */
export interface Source {
  readonly node: Node;
  /** Where its gradient goes; null if it requires none. */
  readonly edge: Edge | null;
  /** Made in inference mode: must not be kept. */
  readonly inference?: boolean;
  /** The length of the chain that leads to it, as far as it has not been computed. */
  readonly depth?: number;
}

const aliasOp = defineOp<undefined>({
  name: 'alias',
  type: ([x]) => x,
  meaning: () => ({ tag: 'view', view: { tag: 'reshape' } }),
  vjp: (g) => [g],
});

/** The same value as a node of its own, where two tensors hold one node but go different ways in autograd. */
export const alias = (x: Node): Node => node(aliasOp, [x], undefined);

/** Which of `results` depend differentiably on nodes of `wanted`, without passing through one of `stops`. */
function dependents(results: readonly Node[], wanted: readonly Node[], stops: readonly Node[]): boolean[] {
  const passes = (n: Node): boolean => isFloat(n.type.dtype) && !n.op.nondifferentiable;
  const direct = results.map((r) => passes(r) && r.inputs.some((i) => wanted.includes(i)));
  if (direct.every(Boolean)) return direct;
  const onPath = new Set<Node>(wanted);
  const end = new Set(stops);
  for (const n of reachable(results, (x) => end.has(x)))
    if (!end.has(n) && passes(n) && n.inputs.some((i) => onPath.has(i))) onPath.add(n);
  return results.map((r) => onPath.has(r));
}

const camelCase = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

/** PyTorch's name of the backward of a node. */
export const gradNameOf = (n: Node): string => n.op.gradName?.(n) ?? `${camelCase(n.op.name)}Backward0`;

/** The nodes that a result's operator keeps for backward, by PyTorch's names. */
function savedNodes(result: Node, wanted: readonly Node[], stops: readonly Node[]): Record<string, Node> {
  if (result.op.saves === undefined) return {};
  const wants = dependents(result.inputs, wanted, stops);
  const kept: Record<string, Node> = {};
  for (const [name, which] of Object.entries(result.op.saves(result, wants)))
    kept[name] = which === 'output' ? result : result.inputs[which];
  return kept;
}

export interface Recording {
  readonly fn: GradFn;
  /** Which results are outputs of `fn` that require grad. */
  readonly recorded: readonly boolean[];
}

/**
 * The backward node for results of sources, or null if none of them requires grad. `prune` leaves out edges of sources on which no
 * result depends; otherwise there is one edge per source. `tangentOnly` says that nothing but tangents is recorded now.
 */
export function record(
  results: readonly Node[],
  sources: readonly Source[],
  {
    name,
    prune = false,
    tangentOnly = false,
  }: { readonly name?: string; readonly prune?: boolean; readonly tangentOnly?: boolean } = {},
): Recording | null {
  const wanted = sources.filter((s) => s.edge !== null).map((s) => s.node);
  if (wanted.length === 0) return null;
  const stops = sources.map((s) => s.node);
  const recorded = dependents(results, wanted, stops);
  const first = recorded.indexOf(true);
  if (first < 0) return null;
  const kept = savedNodes(results[first], wanted, stops);
  refuseInference(kept, sources);
  const used = prune ? sources.filter((s) => s.edge !== null && dependsOn(results, s.node, stops)) : sources;
  let self: GradFn | null = null;
  const rule = differentiation({ results, sources: used, stops, saved: kept }, () => self!);
  const fn = (self = new GradFn(
    name ?? gradNameOf(results[first]),
    used.map((s) => s.edge),
    results.map((r) => r.type),
    rule,
    null,
    tangentOnly,
  ));
  return { fn, recorded };
}

const dependsOn = (results: readonly Node[], source: Node, stops: readonly Node[]): boolean =>
  dependents(results, [source], stops).includes(true);

function refuseInference(kept: Readonly<Record<string, Node>>, sources: readonly Source[]): void {
  if (!sources.some((s) => s.inference)) return;
  const nodes = Object.values(kept).flatMap((n) => [n, ...n.inputs]);
  if (sources.some((s) => s.inference && nodes.includes(s.node)))
    throw new AutogradError(
      'Inference tensors cannot be saved for backward. To work around you can make a clone to get a normal tensor and use it in autograd.',
    );
}

/** What a recorded call keeps until it is freed. */
interface Kept {
  readonly results: readonly Node[];
  readonly sources: readonly Source[];
  /** Where differentiation ends: the nodes of all sources, also of those that were pruned. */
  readonly stops: readonly Node[];
  readonly saved: Readonly<Record<string, Node>>;
  /** How to get the saved values back, if hooks keep something else for them. */
  readonly packed: ReadonlyMap<Node, () => Tensor> | null;
}

/** The rule of a recorded call. */
function differentiation(call: Omit<Kept, 'packed'>, self: () => GradFn): Rule {
  const saved = [...new Set(Object.values(call.saved))];
  let kept: Kept | null = {
    ...call,
    packed: hasSavedHooks() ? new Map(saved.map((n) => [n, pack(n)])) : null,
  };
  return {
    pull: (gradients, wants) => pullBack(kept!, gradients, wants, self()),
    saved: () => savedTensors(kept!, self()),
    needsSaved: saved.length > 0,
    free() {
      if (saved.length > 0) kept = null;
    },
    forward: () => ({ operands: kept?.sources.map((s) => s.node) ?? [], outputs: kept?.results ?? [] }),
  };
}

function pullBack(call: Kept, gradients: Gradients, wants: readonly boolean[], fn: GradFn): Gradients {
  const { results, sources, stops, packed } = call;
  const taken = new Set([...stops, ...results]);
  const cotangents = gradients.map((g) => {
    if (g === null) return null;
    const n = nodeOfTensor(g);
    const own = isRecording() && taken.has(n) ? alias(n) : n;
    taken.add(own);
    return own;
  });
  const wanted = [...new Set(sources.filter((s, i) => s.edge !== null && wants[i]).map((s) => s.node))];
  const unpacked = new Map([...(packed ?? [])].map(([n, unpack]) => [n, nodeOfTensor(unpack())]));
  const found = internally(() => differentiate(results, cotangents, wanted, add, new Set(stops)));
  const pulled = replaced(found, unpacked, taken);
  const depth = 1 + Math.max(0, ...gradients.map((g) => g?.core.cell.depth ?? 0));
  const history = isRecording() ? historyOf(gradients, cotangents, call, fn, unpacked) : [];
  const given = new Set<Node>();
  return sources.map((s, i) => {
    if (s.edge === null || !wants[i] || given.has(s.node)) return null;
    given.add(s.node);
    const n = pulled[wanted.indexOf(s.node)];
    if (n === null) return null;
    const passed = cotangents.indexOf(n);
    return passed >= 0 ? gradients[passed] : withHistory(n, history, depth);
  });
}

/** Graphs with other nodes in the place of some; what lies behind `stops` stays as it is. */
function replaced(
  outputs: readonly (Node | null)[],
  others: ReadonlyMap<Node, Node>,
  stops: ReadonlySet<Node>,
): readonly (Node | null)[] {
  if (others.size === 0) return outputs;
  const done = new Map(others);
  const stop = (n: Node): boolean => stops.has(n) || others.has(n);
  for (const n of reachable(
    outputs.filter((n) => n !== null),
    stop,
  )) {
    if (done.has(n)) continue;
    const inputs = stop(n) ? n.inputs : n.inputs.map((i) => done.get(i)!);
    done.set(n, inputs.some((x, i) => x !== n.inputs[i]) ? withInputs(n, inputs) : n);
  }
  return outputs.map((n) => n && done.get(n)!);
}

function savedTensors(
  { results, sources, saved, packed }: Kept,
  fn: GradFn,
): Readonly<Record<string, Tensor>> {
  const tensors: Record<string, Tensor> = {};
  for (const [name, n] of Object.entries(saved)) {
    const output = results.indexOf(n);
    const edge = output >= 0 ? { fn, index: output } : (sources.find((s) => s.node === n)?.edge ?? null);
    const unpack = packed?.get(n);
    tensors[name] = restore(unpack ? nodeOfTensor(unpack()) : n, edge);
  }
  return tensors;
}

/** What the gradients of a call depend on: the gradients that came in, the call's arguments and its results. */
function historyOf(
  gradients: Gradients,
  cotangents: readonly (Node | null)[],
  { sources, results }: Kept,
  fn: GradFn,
  unpacked: ReadonlyMap<Node, Node>,
): Source[] {
  const history: Source[] = [];
  gradients.forEach((g, i) => {
    if (g !== null) history.push({ node: cotangents[i]!, edge: edgeNow(g) });
  });
  history.push(...sources);
  results.forEach((node, index) => history.push({ node, edge: { fn, index } }));
  for (const [n, other] of unpacked) {
    const edge = history.find((s) => s.node === n)?.edge ?? null;
    history.push({ node: other, edge });
  }
  return history;
}

/** A tensor of a node, recorded as a function of `history`. */
export function withHistory(n: Node, history: readonly Source[], depth: number): Tensor {
  const own = history.some((s) => s.node === n) ? alias(n) : n;
  const x = new Tensor(makeCell(own, depth));
  const recording =
    history.length > 0 ? record([own], history, { prune: true, tangentOnly: !isGradEnabled() }) : null;
  if (recording !== null) attach(x, { fn: recording.fn, index: 0 });
  limitDepth(x.core.cell);
  return x;
}

/** Says that a tensor is an output of a recorded call; for tangents only, if that was recorded for nothing else. */
export function attach(x: Tensor, { fn, index }: Edge): void {
  if (fn.leaf !== null) return;
  if (fn.tangentOnly) {
    x.core.tangentEdge = { fn, index };
    return;
  }
  x.core.tangentEdge = null;
  x.core.gradFn = fn;
  x.core.outputIndex = index;
  x.core.wantsGrad = false;
}
