// Checked mode: a run under supervision. In: a program and its inputs as they are in memory. Out: nothing, if every rewrite and every
// kernel agrees with the interpreter; else an InternalError that names the first one that does not, with both values.

import { isFloat } from '../compiler/dtype.ts';
import { InternalError } from '../compiler/errors.ts';
import { makeGraph, printGraph } from '../compiler/graph.ts';
import type { Graph } from '../compiler/graph.ts';
import type { Node } from '../compiler/node.ts';
import type { BuildOptions, Built } from '../compiler/pipeline.ts';
import type { TypedArray } from './buffer.ts';
import { simplifyChecked } from './checked.ts';
import { evaluateAll } from './interpret.ts';
import type { Linked } from './link.ts';

/** Values computed in doubles and rounded once differ from values rounded at every node. */
const toleranceOf = (n: Node): number =>
  n.type.dtype === 'float64' ? 1e-9 : isFloat(n.type.dtype) ? 1e-4 : 0;

export function checkRun(graph: Graph, built: Built, linked: Linked, options: BuildOptions): void {
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
      const want = values.get(n) as TypedArray;
      const got = linked.arrayOf(buffer);
      const at = want.findIndex((w, i) => !close(w, got[i], toleranceOf(n) * scale));
      if (at < 0) continue;
      throw new InternalError(
        `checked: kernel ${kernel.name} computes ${n.op.name} wrongly: element ${at} is ${got[at]}, the interpreter says ${want[at]}\n` +
          `${printGraph(makeGraph(graph.inputs, [n]))}\n${built.kernelSources.get(kernel)}`,
      );
    }
  }
  for (const { from, to } of built.plan.copies) linked.arrayOf(to).set(linked.arrayOf(from));
}

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
