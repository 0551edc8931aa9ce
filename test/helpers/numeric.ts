// Derivatives of a function of nodes against finite differences. In: the function, and where to look. Out: what is wrong with its first
// and second derivatives, as lines.

import { makeGraph } from '../../compiler/graph.ts';
import type { Node } from '../../compiler/node.ts';
import type { Shape } from '../../compiler/shape.ts';
import { numel } from '../../compiler/shape.ts';
import { input } from '../../ops/source.ts';
import { gradientFault, gradientsOf } from './gradcheck.ts';
import { makeRandom } from './randomGraph.ts';

export interface Point {
  readonly shape: Shape;
  /** Random numbers between -2 and 2 if absent. */
  readonly data?: readonly number[];
}

/** Faults of the first and second derivatives under random cotangents, in float64. */
export function derivativeFaults(
  f: (xs: readonly Node[]) => Node,
  points: readonly Point[],
  seed = 1,
): string[] {
  const random = makeRandom(seed);
  const xs = points.map(({ shape }) => input({ shape, dtype: 'float64' }));
  const arrays = points.map(
    ({ shape, data }) => data ?? Array.from({ length: numel(shape) }, () => 4 * random.next() - 2),
  );
  const graph = { ...makeGraph(xs, [f(xs)]), arrays };
  const first = gradientsOf(graph, seed);
  if (first.gradients.every((g) => g === null)) return ['no gradient'];
  const second = gradientsOf(first.graph, seed + 1);
  return [gradientFault(graph, first), gradientFault(first.graph, second)].flatMap((fault, i) =>
    fault === null ? [] : [`derivative ${i + 1}: ${fault}`],
  );
}
