// Gradients of graphs against finite differences. In: a graph with values for its inputs. Out: what is wrong, in words, or null;
// and the graph of the gradients, to be checked again for the second order.

import { differentiate } from '../../compiler/differentiate.ts';
import { isFloat } from '../../compiler/dtype.ts';
import { makeGraph } from '../../compiler/graph.ts';
import type { Graph } from '../../compiler/graph.ts';
import type { Node } from '../../compiler/node.ts';
import type { NumberArray } from '../../compiler/op.ts';
import { numel } from '../../compiler/shape.ts';
import { add } from '../../ops/binary.ts';
import { input } from '../../ops/source.ts';
import { interpret } from '../../runtime/interpret.ts';
import type { Evaluate } from './evaluate.ts';
import { makeRandom } from './randomGraph.ts';

export interface Valued extends Graph {
  readonly arrays: readonly NumberArray[];
}

export interface Gradients {
  /** All inputs of the graph, and one cotangent per floating output. Outputs: the gradients that are not null. */
  readonly graph: Valued;
  /** One per input of the original graph. */
  readonly gradients: readonly (Node | null)[];
}

/** The gradients of all floating inputs, under random cotangents. */
export function gradientsOf(g: Valued, seed: number): Gradients {
  const random = makeRandom(seed);
  const outputs = g.outputs.filter((o) => isFloat(o.type.dtype));
  const cotangents = outputs.map((o) => input(o.type, 'cotangent'));
  const wanted = g.inputs.filter((n) => isFloat(n.type.dtype));
  const found = differentiate(outputs, cotangents, wanted, add);
  const gradients = g.inputs.map((n) => found[wanted.indexOf(n)] ?? null);
  const graph = makeGraph(
    [...g.inputs, ...cotangents],
    gradients.filter((n) => n !== null),
  );
  const draws = cotangents.map((n) =>
    Float64Array.from({ length: numel(n.type.shape) }, () => random.next() * 2 - 1),
  );
  return { graph: { ...graph, arrays: [...g.arrays, ...draws] }, gradients };
}

/** The first element in which a gradient differs from the finite difference, in words, or null. */
export function gradientFault(
  g: Valued,
  { graph, gradients }: Gradients,
  run: Evaluate = interpret,
): string | null {
  const cotangents = graph.arrays.slice(g.inputs.length);
  const float = g.outputs.map((o) => isFloat(o.type.dtype));
  const loss = (arrays: readonly NumberArray[]): number => {
    const outputs = run(g, arrays).filter((_, i) => float[i]);
    return outputs.reduce(
      (total, y, o) => total + Array.from(y).reduce((sum, v, i) => sum + v * cotangents[o][i], 0),
      0,
    );
  };
  const values = run(graph, graph.arrays);
  let next = 0;
  for (let k = 0; k < g.inputs.length; k++) {
    if (!isFloat(g.inputs[k].type.dtype)) continue;
    const analytic = gradients[k] ? values[next++] : new Float64Array(g.arrays[k].length);
    for (let i = 0; i < analytic.length; i++) {
      const difference = (h: number): number => {
        const shifted = (by: number): NumberArray[] =>
          g.arrays.map((a, j) => (j === k ? Float64Array.from(a, (v, at) => (at === i ? v + by : v)) : a));
        return (loss(shifted(h)) - loss(shifted(-h))) / (2 * h);
      };
      // Richardson: the error of the symmetric difference is even in h
      const numeric = (4 * difference(5e-5) - difference(1e-4)) / 3;
      if (Math.abs(numeric - analytic[i]) <= 1e-5 * Math.max(1, Math.abs(numeric), Math.abs(loss(g.arrays))))
        continue;
      return `input ${k}, element ${i}: the gradient is ${analytic[i]}, finite differences say ${numeric}`;
    }
  }
  return null;
}
