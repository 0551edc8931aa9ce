// Demands on values: indices that point inside, divisors that are not 0. In: a tensor of integers and what its elements may be. Out: nothing,
// or PyTorch's error at the user's line, before anything is written.
//
// The graph never looks at values, so a call does: it computes the tensor if it has not been. Inside a compiled function a demand is noted
// and asked at every call of the program. What is cheap to compute from the program's inputs is asked before the program runs; what only the
// program itself can tell is asked after it, and state is then put back (binding.ts). What is right by construction (an argmax) is not asked.

import { isFloat } from '../compiler/dtype.ts';
import type { GradloomError } from '../compiler/errors.ts';
import { makeGraph, reachable } from '../compiler/graph.ts';
import type { Node, Origin } from '../compiler/node.ts';
import { numel } from '../compiler/shape.ts';
import { activeBatch } from './batching.ts';
import { isTensor, nodeOfTensor } from './core.ts';
import type { Executable } from './executable.ts';
import { limits } from './limits.ts';
import { currentOrigin, located } from './origin.ts';
import { elementsOf } from './read.ts';
import { prepareWith } from './target.ts';
import type { TargetOptions } from './target.ts';
import { activeTrace } from './trace.ts';

/** What an element may be: at least `from`, less than `below`, and not `never`; or just `except`. */
export interface Allowed {
  readonly from: number;
  readonly below: number;
  readonly never?: number;
  readonly except?: number;
  /** The error for an element that is nothing of that. */
  readonly fault: (value: number) => GradloomError;
}

export interface Demand extends Allowed {
  readonly node: Node;
  readonly origin: Origin | null;
}

/** Throws at the first element that is not allowed. */
function check(values: ArrayLike<number>, allowed: Allowed): void {
  const at = firstFault(values, allowed);
  if (at >= 0) throw allowed.fault(values[at]);
}

/** The place of the first element that is not allowed, or -1. Indices may be many: written so that V8 needs a nanosecond for each. */
function firstFault(values: ArrayLike<number>, { from, below, never, except }: Allowed): number {
  const { length } = values;
  for (let i = 0; i < length; i++) {
    const value = values[i];
    if (value < from || value >= below) {
      if (value !== except) return i;
    }
  }
  if (never !== undefined) for (let i = 0; i < length; i++) if (values[i] === never) return i;
  return -1;
}

/** Asks it of a tensor of integers or booleans: now, or whenever the program that is being traced is called. Anything else is for others to refuse. */
export function demand(values: unknown, allowed: Allowed, origin = currentOrigin()): void {
  if (!isTensor(values) || isFloat(values.dtype)) return;
  const [batch, trace] = [activeBatch(), activeTrace()];
  // one example of a batch has no values: the whole is asked when there is one
  if (batch !== null) batch.demands.push({ values, allowed, origin });
  else if (trace !== null) trace.demands.push({ ...allowed, node: nodeOfTensor(values), origin });
  else if (origin === null) check(elementsOf(values), allowed);
  else located(origin, () => check(elementsOf(values), allowed));
}

type Range = readonly [from: number, to: number];

/** Bounds that follow from how a node is made; null if nothing is known. */
function rangeOf(n: Node): Range | null {
  const meaning = n.op.meaning(n);
  switch (meaning.tag) {
    case 'constant':
      return [meaning.value, meaning.value];
    case 'reduce': {
      if (meaning.monoid !== 'argmax' && meaning.monoid !== 'argmin') return null;
      return [0, n.inputs[0].type.shape[meaning.axes[0]] - 1];
    }
    case 'composite':
      return rangeOf(meaning.expand());
    case 'view': {
      const inner = rangeOf(n.inputs[0]);
      const fill = meaning.view.tag === 'affine' ? meaning.view.fill : undefined;
      return inner && fill !== undefined ? [Math.min(inner[0], fill), Math.max(inner[1], fill)] : inner;
    }
    default:
      return null;
  }
}

function holds({ node, from, below, never }: Demand): boolean {
  const range = rangeOf(node);
  if (range === null) return false;
  const met = never !== undefined && never >= range[0] && never <= range[1];
  return range[0] >= from && range[1] < below && !met;
}

/** True if a node is worth computing twice: elementwise work on about as many elements as it has. */
function isCheap(n: Node): boolean {
  const most = Math.max(numel(n.type.shape), limits.cheapDemand);
  return reachable([n]).every((part) => {
    const { tag } = part.op.meaning(part);
    if (tag === 'input' || tag === 'view' || tag === 'constant' || tag === 'iota') return true;
    return (tag === 'map' || tag === 'gather') && numel(part.type.shape) <= most;
  });
}

export interface Demands {
  readonly before: readonly Demand[];
  readonly after: readonly Demand[];
}

/** The demands of a trace by when they can be asked; those that always hold are left out. */
export function sortDemands(demands: readonly Demand[]): Demands {
  const open = demands.filter((d) => !holds(d));
  const cheap = open.map((d) => isCheap(d.node));
  return { before: open.filter((_, i) => cheap[i]), after: open.filter((_, i) => !cheap[i]) };
}

/** Asks demands of arrays that are known when a program is made. */
export const asking =
  (demands: readonly Demand[], arrays: readonly ArrayLike<number>[]): (() => void) =>
  () => {
    for (let k = 0; k < demands.length; k++) {
      const { origin } = demands[k];
      if (origin === null) check(arrays[k], demands[k]);
      else located(origin, () => check(arrays[k], demands[k]));
    }
  };

/** Asks what the inputs of a program can tell; what has to be computed from them is a small program of its own on the same memory. */
export function askBefore(
  demands: readonly Demand[],
  inputs: readonly Node[],
  { inputs: arrays }: Executable,
  options: TargetOptions,
): () => void {
  const computed = [...new Set(demands.map((d) => d.node))].filter((n) => !inputs.includes(n));
  const arrayOf = (n: Node): ArrayLike<number> => arrays[inputs.indexOf(n)];
  if (computed.length === 0)
    return asking(
      demands,
      demands.map((d) => arrayOf(d.node)),
    );
  const needed = new Set(reachable(computed));
  const read = inputs.flatMap((n, i) => (needed.has(n) ? [i] : []));
  const executable = prepareWith(
    makeGraph(
      read.map((i) => inputs[i]),
      computed,
    ),
    {
      ...options,
      name: `${options.name}_indices`,
      homes: read.map((i) => arrays[i]),
      writeBack: computed.map(() => null),
    },
  );
  const ask = asking(
    demands,
    demands.map((d) =>
      inputs.includes(d.node) ? arrayOf(d.node) : executable.outputs[computed.indexOf(d.node)],
    ),
  );
  return () => {
    executable.run();
    ask();
  };
}
