// Evaluation for tests. In: nodes, and values for the inputs among them. Out: plain arrays. `raw` makes a node of any meaning, for
// tests of what the passes do with a meaning rather than with an operator.

import { makeGraph } from '../../compiler/graph.ts';
import type { Graph } from '../../compiler/graph.ts';
import { node } from '../../compiler/node.ts';
import type { Node, TensorType } from '../../compiler/node.ts';
import { defineOp } from '../../compiler/op.ts';
import type { Meaning, NumberArray } from '../../compiler/op.ts';
import { interpret } from '../../runtime/interpret.ts';

/** How a graph is run: the interpreter, or a compiled program that is held against it. */
export type Evaluate = (graph: Graph, arrays: readonly NumberArray[]) => ArrayLike<number>[];

export type Binding = readonly [input: Node, values: NumberArray];

/** The values of some nodes, in one evaluation. */
export function valuesOf(
  outputs: readonly Node[],
  bindings: readonly Binding[] = [],
  run: Evaluate = interpret,
): number[][] {
  const graph = makeGraph(
    bindings.map(([n]) => n),
    outputs,
  );
  return run(
    graph,
    bindings.map(([, values]) => values),
  ).map((a) => Array.from(a));
}

/** The value of one node. */
export const valueOf = (output: Node, bindings: readonly Binding[] = [], run?: Evaluate): number[] =>
  valuesOf([output], bindings, run)[0];

const rawOp = defineOp<{ readonly type: TensorType; readonly meaning: Meaning }>({
  name: 'raw',
  type: (_, attrs) => attrs.type,
  meaning: ({ attrs }) => attrs.meaning,
});

/** A node with this meaning and nothing else. */
export const raw = (meaning: Meaning, type: TensorType, ...inputs: readonly Node[]): Node =>
  node(rawOp, inputs, { type, meaning });

/** Operator names of all nodes that the outputs need, with how often each occurs. */
export function countOps(graph: Graph): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const n of graph.nodes) counts[n.op.name] = (counts[n.op.name] ?? 0) + 1;
  return counts;
}

/** True if two values agree to a relative tolerance; NaN equals NaN, and infinities only themselves. */
export const near = (a: number, b: number, tolerance: number): boolean =>
  a === b ||
  (Number.isNaN(a) && Number.isNaN(b)) ||
  Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(a), Math.abs(b));

/** The first place where two arrays differ by more than the tolerance, in words, or null. */
export function difference(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance = 0,
): string | null {
  if (actual.length !== expected.length) return `${actual.length} elements instead of ${expected.length}`;
  for (let i = 0; i < expected.length; i++)
    if (!near(actual[i], expected[i], tolerance)) return `at ${i}: ${actual[i]} instead of ${expected[i]}`;
  return null;
}
