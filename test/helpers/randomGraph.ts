// Random graphs over the public operators, for tests that hold two ways of computing against each other. In: a seed. Out: a graph with
// values for its inputs, the same for the same seed. Shapes are small, sizes of 0 and 1 and broadcasting included.
//
// Every node is evaluated as soon as it is made, so that operators are only applied where their values are far from poles
// and kinks (randomOps.ts), and nothing grows beyond what finite differences can bear.

import { dtypes, isFloat } from '../../compiler/dtype.ts';
import type { DType } from '../../compiler/dtype.ts';
import { makeGraph, printGraph, reachable } from '../../compiler/graph.ts';
import type { Graph } from '../../compiler/graph.ts';
import type { Node } from '../../compiler/node.ts';
import { numel } from '../../compiler/shape.ts';
import type { Shape } from '../../compiler/shape.ts';
import { input } from '../../ops/source.ts';
import { allocate } from '../../runtime/buffer.ts';
import type { TypedArray } from '../../runtime/buffer.ts';
import { evaluateAll } from '../../runtime/interpret.ts';
import { entries } from './randomOps.ts';

/** A source of random choices (mulberry32). */
export interface Random {
  /** In [0, 1). */
  readonly next: () => number;
  /** A whole number from low to high, both included. */
  readonly int: (low: number, high: number) => number;
  readonly pick: <T>(list: readonly T[]) => T;
  readonly chance: (p: number) => boolean;
}

export function makeRandom(seed: number): Random {
  let state = Math.imul(seed + 1, 0x9e3779b1);
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let z = Math.imul(state ^ (state >>> 15), 1 | state);
    z = (z + Math.imul(z ^ (z >>> 7), 61 | z)) ^ z;
    return ((z ^ (z >>> 14)) >>> 0) / 4294967296;
  };
  const int = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1));
  return { next, int, pick: (list) => list[int(0, list.length - 1)], chance: (p) => next() < p };
}

/** What an entry of the list of operators can take as operands. */
export interface Pool {
  readonly random: Random;
  /** A floating value made so far, among those that fit. */
  readonly float: (fits?: (shape: Shape, dtype: DType) => boolean) => Node | null;
  readonly floats: () => readonly Node[];
  readonly condition: () => Node | null;
  /** A new int32 input of numbers below `size`. */
  readonly index: (shape: Shape, size: number) => Node;
  /** A new floating input. */
  readonly fresh: (shape: Shape, dtype: DType) => Node;
  readonly valuesOf: (n: Node) => TypedArray;
}

export interface RandomGraph extends Graph {
  readonly seed: number;
  /** One per input. */
  readonly arrays: readonly TypedArray[];
}

export interface RandomGraphOptions {
  /** How many operators; 12 if absent. */
  readonly size?: number;
  /** Dtypes of the floating inputs; float64 if absent. */
  readonly floats?: readonly DType[];
  /** Only operators whose gradient can be held against finite differences, and only floating outputs. */
  readonly smooth?: boolean;
  /** Sizes of the dimensions of the inputs, 1 to 4 if absent; longer ones make loops that are not unrolled, and tiles. */
  readonly extents?: readonly number[];
}

const largest = 50;

export function randomGraph(seed: number, options: RandomGraphOptions = {}): RandomGraph {
  const { size = 12, floats: floatTypes = ['float64'], smooth = false, extents = [1, 2, 3, 4] } = options;
  const random = makeRandom(seed);
  const inputs: Node[] = [];
  const values = new Map<Node, TypedArray>();
  const floats: Node[] = [];
  const others: Node[] = [];

  const addInput = (shape: Shape, dtype: DType, draw: () => number): Node => {
    const n = input({ shape, dtype }, `input${inputs.length}`);
    const array = allocate(dtype, numel(shape));
    for (let i = 0; i < array.length; i++) array[i] = draw();
    inputs.push(n);
    values.set(n, array);
    return n;
  };
  /** Takes a node if its values are tame. */
  const take = (n: Node): boolean => {
    evaluateAll(
      reachable([n], (x) => values.has(x)),
      values,
    );
    if (isFloat(n.type.dtype) && !values.get(n)!.every((v) => Math.abs(v) <= largest)) return false;
    if (numel(n.type.shape) > 50 * Math.max(8, ...extents)) return false;
    (isFloat(n.type.dtype) ? floats : others).push(n);
    return true;
  };
  const pool: Pool = {
    random,
    floats: () => floats,
    float: (fits) => {
      const candidates = fits ? floats.filter((n) => fits(n.type.shape, n.type.dtype)) : floats;
      // what was made last is more likely: graphs grow deep as well as wide
      const from = random.chance(0.5) ? Math.max(0, candidates.length - 3) : 0;
      return candidates.length === 0 ? null : candidates[random.int(from, candidates.length - 1)];
    },
    condition: () => {
      const conditions = others.filter((n) => n.type.dtype === 'bool');
      return conditions.length === 0 ? null : random.pick(conditions);
    },
    fresh: (shape, dtype) => addInput(shape, dtype, () => random.next() * 2 - 1),
    index: (shape, bound) => addInput(shape, 'int32', () => random.int(0, bound - 1)),
    valuesOf: (n) => {
      evaluateAll(
        reachable([n], (x) => values.has(x)),
        values,
      );
      return values.get(n)!;
    },
  };

  const sizes = [0, 1, 2].map(() => (random.chance(0.03) ? 0 : random.pick(extents)));
  for (let i = random.int(1, 3); i >= 0; i--) {
    const shape = sizes.slice(random.int(0, 3)).map((n) => (random.chance(0.25) ? 1 : n));
    floats.push(addInput(shape, random.pick(floatTypes), () => random.next() * 4 - 2));
  }
  const choices = smooth ? entries.filter((e) => e.smooth) : entries;
  for (let made = 0, tried = 0; made < size && tried < 40 * size; tried++) {
    const n = random.pick(choices).make(pool);
    if (n && !inputs.includes(n) && take(n)) made++;
  }

  const last = floats[floats.length - 1];
  const more = [...floats, ...(smooth ? [] : others)].filter((n) => n !== last && random.chance(0.15));
  const graph = makeGraph(inputs, [last, ...more]);
  return { ...graph, seed, arrays: inputs.map((n) => values.get(n)!) };
}

/** What a failing test prints: the seed, the graph and its inputs. */
export function describe(g: RandomGraph): string {
  const arrays = g.arrays.map(
    (a, i) => `input ${i}: ${dtypes[g.inputs[i].type.dtype].torchName} [${Array.from(a).join(', ')}]`,
  );
  return [`seed ${g.seed}`, printGraph(g), ...arrays].join('\n');
}
