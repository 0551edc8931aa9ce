// The pipeline: a straight list of named passes from a graph to a source text. In: a graph of users' operators. Out: everything
// each pass made, so that all of it can be printed. The only place that knows the order.

import { emitProgram } from './emit/driver.ts';
import type { ProgramSource } from './emit/driver.ts';
import { helperTexts, importedHelpers } from './emit/helpers.ts';
import type { Builders } from './fold.ts';
import type { Graph } from './graph.ts';
import { reachable, verifyGraph } from './graph.ts';
import type { Grouping } from './group.ts';
import { group, partsOf } from './group.ts';
import { makeKernels } from './kernels.ts';
import type { Lowered } from './copies.ts';
import { Names } from './names.ts';
import type { Buffer, Kernel } from './nest.ts';
import type { Node, TensorType } from './node.ts';
import { node } from './node.ts';
import type { Op, RoutineRun } from './op.ts';
import { defineOp } from './op.ts';
import type { Plan } from './plan.ts';
import { plan } from './plan.ts';
import { isComputed, meaningOf, readOf } from './reads.ts';
import type { Rule } from './rewrite.ts';
import { arg } from './scalar.ts';
import { numel } from './shape.ts';
import { simplify } from './simplify.ts';
import type { SimplifyOptions } from './simplify.ts';
import { verifyKernel } from './verify.ts';

export interface BuildOptions extends Builders {
  readonly name: string;
  readonly serial: number;
  readonly rules: readonly Rule[];
  readonly fastMath?: boolean;
  /** Whether what every pass made is checked, unless false: that costs as much as a pass. */
  readonly verify?: boolean;
  /** Inputs (by number) whose memory the caller brings. */
  readonly external: ReadonlySet<number>;
  /** For each output the input in whose memory it must end, or null. */
  readonly writeBack: readonly (number | null)[];
}

/** A host function that a source calls as `routines.run<slot>`. */
export interface RoutineSlot {
  readonly slot: number;
  readonly run: RoutineRun;
  readonly types: readonly TensorType[];
}

export interface Built {
  readonly options: BuildOptions;
  readonly graph: Graph;
  readonly optimized: Graph;
  readonly grouping: Grouping;
  /** As lowered, before loops were chosen. */
  readonly nests: readonly Kernel[];
  readonly plan: Plan;
  readonly emitted: ProgramSource;
  /** All of it as one text; made when it is asked for. */
  readonly source: string;
  readonly inputs: readonly Buffer[];
  readonly outputs: readonly Buffer[];
  /** Which value each buffer that a kernel writes holds. */
  readonly valueOf: ReadonlyMap<Buffer, Node>;
  readonly routines: readonly RoutineSlot[];
}

/** Writes a value into memory as it is. */
const copy: Op<undefined> = defineOp<undefined>({
  name: 'copy',
  type: ([x]) => x,
  meaning: () => ({ tag: 'map', expr: arg(0) }),
  vjp: (g) => [g],
});

/**
 * Outputs and operands of routines must lie in memory as whole values: views, sources and repeated outputs are copied.
 */
export function materialise(graph: Graph, follow?: SimplifyOptions['follow']): Graph {
  const done = new Map<Node, Node>();
  const inMemory = (n: Node): boolean => {
    const { source, steps } = readOf(n);
    return (
      steps.every((s) => s.view.tag === 'reshape') &&
      (isComputed(source) || meaningOf(source).tag === 'input')
    );
  };
  for (const n of graph.nodes) {
    const isRoutine = meaningOf(n).tag === 'routine';
    const inputs = n.inputs.map((i) => {
      const now = done.get(i) as Node;
      return isRoutine && !inMemory(now) ? node(copy, [now], undefined) : now;
    });
    const now = inputs.some((x, i) => x !== n.inputs[i]) ? { ...n, inputs } : n;
    follow?.(n, now);
    done.set(n, now);
  }
  const taken = new Set<Node>();
  const outputs = graph.outputs.map((o) => {
    let now = done.get(o) as Node;
    if (!isComputed(now) || taken.has(now)) now = node(copy, [now], undefined);
    taken.add(now);
    return now;
  });
  return { inputs: graph.inputs, outputs, nodes: reachable(outputs) };
}

/** Runs every pass. */
export function build(graph: Graph, options: BuildOptions): Built {
  const optimized = materialise(simplify(graph, options));
  const verify = options.verify !== false;
  if (verify) verifyGraph(optimized);
  const grouping = group(optimized);

  // Nothing in a source may hide a helper: a 32nd local of tanh would be tanh32.
  const names = new Names();
  for (const name of [...Object.keys(helperTexts), ...Object.keys(importedHelpers)]) names.reserve(name);
  const buffers = new Map<Node, Buffer>();
  const outputs = new Set(optimized.outputs);
  const bufferFor = (n: Node, base: string, role: Buffer['role']): Buffer => {
    const buffer: Buffer = {
      name: names.fresh(base),
      dtype: n.type.dtype,
      length: numel(n.type.shape),
      role,
    };
    buffers.set(n, buffer);
    return buffer;
  };
  const inputBuffers = optimized.inputs.map((n, i) => bufferFor(n, `in${i}`, 'input'));
  const outputBuffers = optimized.outputs.map((n, i) => bufferFor(n, `out${i}`, 'output'));
  for (const g of grouping.groups.flatMap(partsOf))
    for (const n of g.stored) if (!outputs.has(n)) bufferFor(n, n.op.name, 'temporary');

  const valueOf = new Map([...buffers].map(([n, b]) => [b, n]));
  const lowered = makeKernels({ grouping, bufferOf: (n) => buffers.get(n), names });
  const kernels = lowered.map((l) => l.kernel);
  if (verify) kernels.forEach(verifyKernel);
  const external = new Set(inputBuffers.filter((_, i) => options.external.has(i)));
  const writeBack = new Map<Buffer, Buffer>();
  options.writeBack.forEach(
    (input, o) => input !== null && writeBack.set(outputBuffers[o], inputBuffers[input]),
  );
  const of = new Map(lowered.map((l) => [l.kernel, l]));
  const planned = plan({
    kernels,
    nestOf: (k) => (of.get(k) as Lowered).nest,
    inputs: inputBuffers,
    outputs: outputBuffers,
    external,
    writeBack,
  });
  const final: Plan = { ...planned, kernels: planned.kernels.map((k) => (of.get(k) as Lowered).finish()) };
  const emitted = emitProgram(final, options);
  const routines = optimized.nodes.flatMap((n): RoutineSlot[] => {
    const m = meaningOf(n);
    return m.tag === 'routine'
      ? [{ slot: n.id, run: m.run, types: [...n.inputs.map((i) => i.type), n.type] }]
      : [];
  });
  return {
    options,
    graph,
    optimized,
    grouping,
    nests: lowered.map((l) => l.nest),
    plan: final,
    emitted,
    get source() {
      return emitted.whole();
    },
    inputs: inputBuffers,
    outputs: outputBuffers,
    valueOf,
    routines,
  };
}
