// A function with its gradients, compiled as one program, against the interpreter. In: a function of nodes and the shapes of its inputs.
// Out: the first difference in words, or null.

import { differentiate } from '../../compiler/differentiate.ts';
import type { Node } from '../../compiler/node.ts';
import type { Shape } from '../../compiler/shape.ts';
import { numel } from '../../compiler/shape.ts';
import { add } from '../../ops/binary.ts';
import { constant, input } from '../../ops/source.ts';
import { compileNodes } from './compile.ts';
import { difference, valuesOf } from './evaluate.ts';
import { makeRandom } from './randomGraph.ts';

/** Numbers between -2 and 2, the same in each run. */
export function numbers(shape: Shape, seed = 1): number[] {
  const random = makeRandom(seed);
  return Array.from({ length: numel(shape) }, () => 4 * random.next() - 2);
}

export function compiledFault(
  f: (xs: readonly Node[]) => Node,
  shapes: readonly Shape[],
  tolerance = 1e-12,
): string | null {
  const xs = shapes.map((shape) => input({ shape, dtype: 'float64' }));
  const y = f(xs);
  const gradients = differentiate([y], [constant(1, 'float64', y.type.shape)], xs, add);
  const outputs = [y, ...gradients.filter((g) => g !== null)];
  const data = shapes.map((shape, i) => numbers(shape, i + 1));
  const expected = valuesOf(
    outputs,
    xs.map((x, i) => [x, data[i]]),
  );
  const { run } = compileNodes(xs, outputs);
  const faults = run(data).map((values, i) => difference(values, expected[i], tolerance));
  return faults.find((fault) => fault !== null) ?? null;
}
