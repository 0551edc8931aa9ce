// An executable without generated code. In: a graph and where its inputs and outputs live. Out: the same interface over the
// interpreter.

import { printGraph } from '../compiler/graph.ts';
import type { Graph } from '../compiler/graph.ts';
import { numel } from '../compiler/shape.ts';
import { allocate } from './buffer.ts';
import type { TypedArray } from './buffer.ts';
import type { Executable, ExecutableOptions } from './executable.ts';
import { interpret } from './interpret.ts';

const bytes = (arrays: readonly TypedArray[]): number => arrays.reduce((sum, a) => sum + a.byteLength, 0);

export function interpreted(graph: Graph, { name, homes, writeBack }: ExecutableOptions): Executable {
  const inputs = graph.inputs.map((n, i) => homes[i] ?? allocate(n.type.dtype, numel(n.type.shape)));
  const outputs = graph.outputs.map((n, o) => {
    const at = writeBack[o];
    return at === null ? allocate(n.type.dtype, numel(n.type.shape)) : inputs[at];
  });
  return {
    inputs,
    outputs,
    run() {
      interpret(graph, inputs).forEach((array, o) => outputs[o].set(array));
    },
    kernels: {},
    report: {
      name,
      source: '',
      kernels: [],
      stages: null,
      explain: () => printGraph(graph),
      memory: { arenaBytes: 0, inputBytes: bytes(inputs), outputBytes: bytes(outputs) },
    },
  };
}
