// Compiling node graphs in tests. In: input and output nodes. Out: what the pipeline made, and a function that runs it on arrays. Every
// pass verifies what it made.

import { makeGraph } from '../../compiler/graph.ts';
import type { Graph } from '../../compiler/graph.ts';
import type { Node } from '../../compiler/node.ts';
import type { NumberArray } from '../../compiler/op.ts';
import { build } from '../../compiler/pipeline.ts';
import type { Built } from '../../compiler/pipeline.ts';
import { constant } from '../../ops/source.ts';
import { expand } from '../../ops/view.ts';
import type { TypedArray } from '../../runtime/buffer.ts';
import { link } from '../../runtime/link.ts';
import { allRules } from './rules.ts';

let serial = 0;

export interface Compiled {
  readonly built: Built;
  readonly run: (arrays: readonly NumberArray[]) => TypedArray[];
}

export interface CompileRequest {
  readonly name?: string;
  readonly fastMath?: boolean;
  /** For each output the input whose memory it must end in, or null. */
  readonly writeBack?: readonly (number | null)[];
}

export function compileGraph(graph: Graph, request: CompileRequest = {}): Compiled {
  const built = build(graph, {
    name: request.name ?? 'test',
    serial: serial++,
    rules: allRules,
    fastMath: request.fastMath,
    external: new Set(),
    writeBack: request.writeBack ?? graph.outputs.map(() => null),
    makeConstant: (value, { shape, dtype }) => constant(value, dtype, shape),
    makeExpand: expand,
  });
  const linked = link(
    built,
    graph.inputs.map(() => null),
  );
  const run = (arrays: readonly NumberArray[]): TypedArray[] => {
    arrays.forEach((a, i) => linked.inputs[i].set(Array.from(a)));
    linked.run();
    return linked.outputs.map((o) => o.slice());
  };
  return { built, run };
}

export const compileNodes = (
  inputs: readonly Node[],
  outputs: readonly Node[],
  request?: CompileRequest,
): Compiled => compileGraph(makeGraph(inputs, outputs), request);

/** How many kernels a graph becomes. */
export const kernels = (inputs: readonly Node[], outputs: readonly Node[]): number =>
  compileNodes(inputs, outputs).built.plan.kernels.length;
