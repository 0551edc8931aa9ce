// Checked mode: a run under supervision. In: a program and its inputs as they are in memory. Out: nothing, if every rewrite and every
// kernel agrees with the interpreter; else an InternalError that names the first one that does not, with both values, the user's line, and
// the smallest part of the kernel that fails alone, as a script.

import { isFloat } from '../compiler/dtype.ts';
import { InternalError } from '../compiler/errors.ts';
import { makeGraph, reachable } from '../compiler/graph.ts';
import type { Graph } from '../compiler/graph.ts';
import { partsOf } from '../compiler/group.ts';
import type { Kernel } from '../compiler/nest.ts';
import type { Node } from '../compiler/node.ts';
import { withInputs } from '../compiler/node.ts';
import { build } from '../compiler/pipeline.ts';
import type { BuildOptions, Built } from '../compiler/pipeline.ts';
import { input } from '../ops/source.ts';
import type { TypedArray } from './buffer.ts';
import { simplifyChecked } from './checked.ts';
import { evaluateAll } from './interpret.ts';
import { link } from './link.ts';
import type { Linked } from './link.ts';
import { describeOrigin } from './origin.ts';
import { scriptOf } from './script.ts';

/** Compiles a graph by itself and runs it on arrays, one per input. */
export type RunAlone = (graph: Graph, inputs: readonly TypedArray[]) => readonly TypedArray[];

type Values = ReadonlyMap<Node, TypedArray>;

/** Values computed in doubles and rounded once differ from values rounded at every node. */
const toleranceOf = (n: Node): number =>
  n.type.dtype === 'float64' ? 1e-9 : isFloat(n.type.dtype) ? 1e-4 : 0;

/** Runs a program; `runAlone` is how its parts are tried if it fails. */
export function checkRun(
  graph: Graph,
  built: Built,
  linked: Linked,
  options: BuildOptions,
  runAlone: RunAlone = compileAlone(options),
): void {
  const inputs = linked.inputs.map((a) => a.slice());
  simplifyChecked(graph, inputs, options);
  const values = new Map<Node, TypedArray>();
  built.optimized.inputs.forEach((n, i) => values.set(n, inputs[i]));
  evaluateAll(built.optimized.nodes, values);
  const scale = Math.max(1, ...[...values.values()].map(largest));
  for (const kernel of built.plan.kernels) {
    linked.kernels[kernel.name]();
    for (const buffer of kernel.writes) {
      const n = built.valueOf.get(buffer) as Node;
      const got = linked.arrayOf(buffer);
      const at = firstDifference(n, values, got, scale);
      if (at >= 0)
        throw new InternalError(
          report(built, kernel, n, at, got[at], values, failsAlone(values, scale, runAlone)),
        );
    }
  }
  for (const { from, to } of built.plan.copies) linked.arrayOf(to).set(linked.arrayOf(from));
}

/** The first element that is not what the interpreter says, or -1. */
const firstDifference = (n: Node, values: Values, got: TypedArray, scale: number): number =>
  values.get(n)!.findIndex((want, i) => !close(want, got[i], toleranceOf(n) * scale));

function report(
  built: Built,
  kernel: Kernel,
  n: Node,
  at: number,
  got: number,
  values: Values,
  fails: (n: Node, kept: ReadonlySet<Node>) => boolean,
): string {
  const members = built.grouping.groups
    .map((g) => partsOf(g).flatMap((part) => part.domain.members))
    .find((list) => list.includes(n));
  const parts = growing(n, new Set(members));
  const smallest = parts.find((kept) => fails(n, kept));
  const kept = smallest ?? parts[parts.length - 1];
  return [
    `checked: kernel ${kernel.name} computes ${n.op.name} wrongly: element ${at} is ${got}, the interpreter says ${values.get(n)![at]}`,
    ...(n.origin === null ? [] : [`of ${describeOrigin(n.origin)}`]),
    smallest ? 'to see it again:' : 'no part of it fails alone; all of it:',
    scriptOf(
      [n],
      (x) => !kept.has(x),
      (x) => values.get(x)!,
    ),
    '',
    built.emitted.textOf(kernel),
  ].join('\n');
}

/** A node, then with its operands, then with theirs, as far as one kernel goes; each with the views and constants that it reads. */
function growing(n: Node, members: ReadonlySet<Node>): ReadonlySet<Node>[] {
  const parts: Set<Node>[] = [];
  let kept = new Set([n]);
  for (;;) {
    for (const x of kept) for (const i of x.inputs) if (isFree(i)) kept.add(i);
    parts.push(kept);
    const next = new Set(kept);
    for (const x of kept) for (const i of x.inputs) if (members.has(i)) next.add(i);
    if (next.size === kept.size) return parts;
    kept = next;
  }
}

const isFree = (n: Node): boolean => {
  const { tag } = n.op.meaning(n);
  return tag === 'view' || tag === 'constant' || tag === 'iota';
};

/** Whether a node is wrong when nothing but `kept` is compiled, over the values of the rest. */
const failsAlone =
  (values: Values, scale: number, runAlone: RunAlone) =>
  (n: Node, kept: ReadonlySet<Node>): boolean => {
    const copies = new Map<Node, Node>();
    const inputs: Node[] = [];
    const given: TypedArray[] = [];
    for (const x of reachable([n], (m) => !kept.has(m))) {
      if (kept.has(x))
        copies.set(
          x,
          withInputs(
            x,
            x.inputs.map((i) => copies.get(i)!),
          ),
        );
      else {
        const place = input(x.type);
        copies.set(x, place);
        inputs.push(place);
        given.push(values.get(x)!);
      }
    }
    const [got] = runAlone(makeGraph(inputs, [copies.get(n)!]), given);
    return firstDifference(n, values, got, scale) >= 0;
  };

const compileAlone =
  (options: BuildOptions): RunAlone =>
  (graph, inputs) => {
    const alone = { ...options, external: new Set<number>(), writeBack: graph.outputs.map(() => null) };
    const linked = link(
      build(graph, alone),
      graph.inputs.map(() => null),
    );
    inputs.forEach((a, i) => linked.inputs[i].set(a));
    linked.run();
    return linked.outputs;
  };

const largest = (a: TypedArray): number => {
  let top = 0;
  for (const v of a) if (Number.isFinite(v) && Math.abs(v) > top) top = Math.abs(v);
  return top;
};

const close = (a: number, b: number, tolerance: number): boolean =>
  Object.is(a, b) ||
  a === b ||
  Math.abs(a - b) <= tolerance + 1e-6 * Math.abs(a) * Math.sign(tolerance) ||
  (Number.isNaN(a) && Number.isNaN(b));
