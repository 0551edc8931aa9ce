// From a graph to something that runs. In: a graph, and for each of its inputs and outputs where it lives. Out: an executable, with
// arrays to fill before it runs and arrays to read afterwards. This version interprets; the compiler's pipeline takes its place.

import { printGraph } from '../compiler/graph.ts';
import type { Graph } from '../compiler/graph.ts';
import { numel } from '../compiler/shape.ts';
import { allocate } from './buffer.ts';
import type { TypedArray } from './buffer.ts';
import { interpret } from './interpret.ts';
import type { ProgramReport } from './program.ts';

export interface ExecutableOptions {
  readonly name: string;
  readonly fastMath?: boolean;
  readonly checked?: boolean;
  /** For each graph input: a stable array to capture (a home), or null: the executable brings a staging array. */
  readonly homes: readonly (TypedArray | null)[];
  /** For each graph output: the number of the input whose storage it must end in, or null. */
  readonly writeBack: readonly (number | null)[];
}

export interface Executable {
  /** Filled by the caller before run(), in the order of graph.inputs. */
  readonly inputs: readonly TypedArray[];
  /** Read by the caller after run(), in the order of graph.outputs; overwritten by the next run. With writeBack[o] = i it is inputs[i]. */
  readonly outputs: readonly TypedArray[];
  run(): void;
  readonly report: ProgramReport;
}

/** Makes a graph ready to run. */
export function prepare(graph: Graph, { name, homes, writeBack }: ExecutableOptions): Executable {
  const inputs = graph.inputs.map((n, i) => homes[i] ?? allocate(n.type.dtype, numel(n.type.shape)));
  const outputs = graph.outputs.map((n, o) => {
    const at = writeBack[o];
    return at === null ? allocate(n.type.dtype, numel(n.type.shape)) : inputs[at];
  });
  const bytes = (arrays: readonly TypedArray[]): number => arrays.reduce((sum, a) => sum + a.byteLength, 0);
  return {
    inputs,
    outputs,
    run() {
      interpret(graph, inputs).forEach((array, o) => outputs[o].set(array));
    },
    report: {
      name,
      source: '',
      kernels: [],
      explain: () => printGraph(graph),
      memory: { arenaBytes: 0, inputBytes: bytes(inputs), outputBytes: bytes(outputs) },
    },
  };
}
