// How random graphs choose operands. In: a pool of values. Out: entries of the list of operators, one line each: a family's helper,
// the function, and where its operands may lie. Guards keep floats away from poles (log at 0) and from kinks (abs at 0),
// because there neither finite differences nor another order of rounding tell right from wrong.

import type { Node } from '../../../compiler/node.ts';
import type { Shape } from '../../../compiler/shape.ts';
import { broadcastShapes, numel } from '../../../compiler/shape.ts';
import { sub } from '../../../ops/binary.ts';
import { gt } from '../../../ops/compare.ts';
import type { Pool } from '../randomGraph.ts';

export interface Entry {
  readonly name: string;
  /** Its gradient can be held against finite differences. */
  readonly smooth: boolean;
  readonly make: (pool: Pool) => Node | null;
}

export const entry = (name: string, make: Entry['make'], smooth = true): Entry => ({ name, make, smooth });

/** Where an operand may lie. */
type Guard = (value: number) => boolean;
const margin = 0.03;
export const anywhere: Guard = () => true;
export const off =
  (...places: number[]): Guard =>
  (v) =>
    places.every((p) => Math.abs(v - p) > margin);
export const above =
  (low: number): Guard =>
  (v) =>
    v > low;
export const within =
  (low: number, high: number): Guard =>
  (v) =>
    v > low && v < high;
/** Away from the steps of a function that is constant between them. */
export const between =
  (offset: number): Guard =>
  (v) => {
    const part = (v + offset) % 1;
    return Math.abs(part - Math.round(part)) > margin;
  };

export const fits = (pool: Pool, x: Node, guard: Guard): boolean => pool.valuesOf(x).every(guard);

export const unary = (name: string, f: (x: Node) => Node, guard: Guard = anywhere): Entry =>
  entry(name, (pool) => {
    const x = pool.float();
    return x && fits(pool, x, guard) ? f(x) : null;
  });

export function compatible(a: Shape, b: Shape): boolean {
  const n = Math.min(a.length, b.length);
  const [x, y] = [a.slice(a.length - n), b.slice(b.length - n)];
  return (
    x.every((size, i) => size === y[i] || size === 1 || y[i] === 1) && numel(broadcastShapes(x, y)) < 200
  );
}

/** Two values whose shapes broadcast. */
export function pair(pool: Pool): [Node, Node] | null {
  const x = pool.float();
  const y = x && pool.float((shape) => compatible(x.type.shape, shape));
  return x && y && [x, y];
}

interface Guards {
  readonly first?: Guard;
  readonly second?: Guard;
  /** What x - y may be. */
  readonly difference?: Guard;
  readonly smooth?: boolean;
}

export const binary = (name: string, f: (x: Node, y: Node) => Node, guards: Guards = {}): Entry => {
  const { first = anywhere, second = anywhere, difference = anywhere, smooth } = guards;
  return entry(
    name,
    (pool) => {
      const operands = pair(pool);
      if (!operands) return null;
      const [x, y] = operands;
      if (!fits(pool, x, first) || !fits(pool, y, second)) return null;
      return fits(pool, sub(x, y), difference) ? f(x, y) : null;
    },
    smooth,
  );
};

/** A value with dimensions, and some of these. */
export function dims(pool: Pool, filled: boolean): [Node, number[]] | null {
  const x = pool.float((shape) => shape.length > 0 && (!filled || numel(shape) > 0));
  if (!x) return null;
  const all = x.type.shape.map((_, i) => i);
  const some = all.filter(() => pool.random.chance(0.5));
  return [x, some.length > 0 ? some : [pool.random.pick(all)]];
}

type Reduction = (x: Node, dim: readonly number[], keepdim: boolean) => Node;

export const reduction = (
  name: string,
  f: Reduction,
  filled = false,
  ok?: (pool: Pool, x: Node) => boolean,
): Entry =>
  entry(name, (pool) => {
    const found = dims(pool, filled);
    if (!found || (ok && !ok(pool, found[0]))) return null;
    const [x, some] = found;
    return f(x, pool.random.chance(0.2) ? x.type.shape.map((_, i) => i) : some, pool.random.chance(0.5));
  });

/** All values far from each other, so that no order among them is close. */
export function distinct(pool: Pool, x: Node): boolean {
  const sorted = Array.from(pool.valuesOf(x)).sort((a, b) => a - b);
  return sorted.every((v, i) => i === 0 || v - sorted[i - 1] > margin);
}

/** Of one value and one of its dimensions. */
export const along = (
  name: string,
  f: (x: Node, dim: number, pool: Pool) => Node | null,
  smooth = true,
): Entry =>
  entry(
    name,
    (pool) => {
      const x = pool.float((shape) => shape.length > 0);
      return x && f(x, pool.random.int(0, x.type.shape.length - 1), pool);
    },
    smooth,
  );

export const sizeOf = (x: Node, dim: number): number => x.type.shape[dim];
export const shuffled = (pool: Pool, n: number): number[] =>
  Array.from({ length: n }, (_, i) => [pool.random.next(), i])
    .sort((a, b) => a[0] - b[0])
    .map(([, i]) => i);

/** A condition made before, or a new one. */
export function condition(pool: Pool): Node | null {
  const known = pool.random.chance(0.5) ? pool.condition() : null;
  if (known) return known;
  const x = pool.float();
  return x && fits(pool, x, off(0)) ? gt(x, 0) : null;
}
