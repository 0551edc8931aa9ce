// Compiled programs held against the interpreter. In: a graph with values for its inputs. Out: the first difference in words, or null.

import { isFloat } from '../../compiler/dtype.ts';
import type { Graph } from '../../compiler/graph.ts';
import { makeGraph } from '../../compiler/graph.ts';
import type { Node } from '../../compiler/node.ts';
import type { NumberArray } from '../../compiler/op.ts';
import { numel } from '../../compiler/shape.ts';
import { interpret } from '../../runtime/interpret.ts';
import { compileGraph } from './compile.ts';
import type { CompileRequest } from './compile.ts';
import { difference } from './evaluate.ts';
import { makeRandom } from './randomGraph.ts';

/** How far floats may be off, relative to the largest value of their array, if float32 took part and if not. */
const tolerance = { float32: 1e-4, float64: 1e-9 } as const;

const largest = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((max, v) => (Number.isFinite(v) ? Math.max(max, Math.abs(v)) : max), 1);

/** Compiles a graph, runs it twice (nothing may be left over from a run) and compares both results with the interpreter's. */
export function disagreement(
  graph: Graph,
  arrays: readonly NumberArray[],
  { exact = false, ...request }: CompileRequest & { readonly exact?: boolean } = {},
): string | null {
  const expected = interpret(graph, arrays);
  const near = tolerance[graph.nodes.some((n) => n.type.dtype === 'float32') ? 'float32' : 'float64'];
  try {
    const { run } = compileGraph(graph, request);
    for (const round of ['first', 'second']) {
      const actual = run(arrays);
      for (let i = 0; i < expected.length; i++) {
        const relative = exact || !isFloat(graph.outputs[i].type.dtype) ? 0 : near;
        const where = difference(actual[i], expected[i], relative * largest(expected[i]));
        if (where) return `output ${i} in the ${round} run: ${where}`;
      }
    }
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  return null;
}

/** Whole numbers from -4 to 4, whose products and sums are exact; for floats halves as well. */
export function smallNumbers(n: Node, seed: number): number[] {
  const random = makeRandom(seed);
  const { dtype, shape } = n.type;
  const [low, high] = dtype === 'bool' ? [0, 1] : dtype === 'uint8' ? [0, 255] : [-4, 4];
  return Array.from({ length: numel(shape) }, () => random.int(low, high) / (isFloat(dtype) ? 2 : 1));
}

/** `disagreement` of outputs over inputs that take small numbers. */
export const nodesDisagree = (
  inputs: readonly Node[],
  outputs: readonly Node[],
  exact = false,
): string | null =>
  disagreement(
    makeGraph(inputs, outputs),
    inputs.map((n, i) => smallNumbers(n, i + 1)),
    { exact },
  );
