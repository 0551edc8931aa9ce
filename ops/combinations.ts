// Tables made of a vector: combinations of its elements, and its powers. In: a vector. Out: a matrix.

import { ShapeError, ValueError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { showShape } from '../compiler/shape.ts';
import { pow } from './binary-power.ts';
import { stack } from './join.ts';
import { select } from './slice.ts';
import { constant, iota } from './source.ts';
import { unsqueeze } from './view.ts';

/** The ways to take `r` of the numbers below n in ascending order, with or without taking one again. */
function chosen(n: number, r: number, again: boolean): number[][] {
  if (r === 0) return [[]];
  return chosen(n, r - 1, again).flatMap((some) => {
    const last = some.at(-1);
    const from = last === undefined ? 0 : again ? last : last + 1;
    return Array.from({ length: Math.max(0, n - from) }, (_, i) => [...some, from + i]);
  });
}

export interface CombinationsOptions {
  readonly withReplacement?: boolean;
}

/** The combinations of `r` elements of a vector, one per row; with replacement an element may be taken again. */
export function combinations(x: Node, r = 2, { withReplacement = false }: CombinationsOptions = {}): Node {
  const { shape, dtype } = x.type;
  if (shape.length !== 1) throw new ShapeError(`Expect a 1D vector, but got shape ${showShape(shape)}`);
  if (!Number.isInteger(r) || r < 0) throw new ValueError(`Expect a non-negative number, but got ${r}`);
  const rows = r === 0 ? [] : chosen(shape[0], r, withReplacement);
  if (rows.length === 0) return constant(0, dtype, [0, r]);
  const columns = Array.from({ length: r }, (_, k) => stack(rows.map((row) => select(x, 0, row[k]))));
  return stack(columns, 1);
}

export interface VanderOptions {
  /** How many powers; as many as elements if absent. */
  readonly n?: number;
  readonly increasing?: boolean;
}

/** The powers of the elements of a vector, one row each, from the highest (or the lowest, 0) on: the matrix of Vandermonde. */
export function vander(x: Node, { n, increasing = false }: VanderOptions = {}): Node {
  const { shape } = x.type;
  if (shape.length !== 1) throw new ShapeError('torch.vander: x must be a one-dimensional tensor.');
  const count = n ?? shape[0];
  if (!Number.isInteger(count) || count < 0) throw new ValueError('torch.vander: N must be non-negative.');
  const exponents = iota([count], 0, 'int32', increasing ? 0 : count - 1, increasing ? 1 : -1);
  return pow(unsqueeze(x, -1), exponents);
}
