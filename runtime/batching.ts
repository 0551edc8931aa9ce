// What is known while a function runs for a whole batch at once (`vmap`, batched gradients). It runs once, on placeholders for one example,
// which have no values: so nothing may be read, and random numbers have to be told what to do. In: a function. Out: its result.

import { TraceError } from '../compiler/errors.ts';
import type { Node, Origin, TensorType } from '../compiler/node.ts';
import { input } from '../ops/source.ts';
import type { Allowed } from './demands.ts';
import type { Tensor } from './tensor.ts';

/** Whether examples may draw random numbers: not at all, the same ones, or each its own. */
export type Randomness = 'error' | 'same' | 'different';

export interface BatchDemand {
  readonly values: Tensor;
  readonly allowed: Allowed;
  readonly origin: Origin | null;
}

export interface BatchScope {
  readonly size: number;
  readonly randomness: Randomness;
  /** What stands for one example, with the nodes of the whole batch. */
  readonly given: Map<Node, Node>;
  /** What values must be, to be asked of the whole batch. */
  readonly demands: BatchDemand[];
}

let current: BatchScope | null = null;

export const insideBatch = (): boolean => current !== null;
export const activeBatch = (): BatchScope | null => current;

/** Runs `body` for a batch. */
export function withBatch<T>(scope: BatchScope | null, body: () => T): T {
  const before = current;
  current = scope;
  try {
    return body();
  } finally {
    current = before;
  }
}

/** Throws if a value is asked for that only placeholders could give. */
export function refuseInBatch(): void {
  if (current !== null)
    throw new TraceError(
      "vmap: It looks like you're calling .item() on a Tensor. We don't support vmap over calling .item() on a Tensor, please try to rewrite " +
        'what you are doing with other operations (where(condition, a, b) instead of an if).',
    );
}

/** Random numbers for one example; null if they are to be drawn as outside of a batch. */
export function drawInBatch(type: TensorType, draw: (many: TensorType) => Node): Node | null {
  if (current === null || current.randomness === 'same') return null;
  if (current.randomness === 'error')
    throw new TraceError(
      "vmap: called random operation while in randomness error mode. Please either use the 'same' or 'different' randomness flags on " +
        'vmap or perform the randomness operation out of vmap',
    );
  const { size, given } = current;
  const place = input(type);
  // outside of this batch, but perhaps within another one
  const outer = outerOf.get(current) ?? null;
  given.set(
    place,
    withBatch(outer, () => draw({ shape: [size, ...type.shape], dtype: type.dtype })),
  );
  return place;
}

const outerOf = new WeakMap<BatchScope, BatchScope | null>();

/** A scope within the present one. */
export function makeScope(size: number, randomness: Randomness = 'error'): BatchScope {
  const scope: BatchScope = { size, randomness, given: new Map(), demands: [] };
  outerOf.set(scope, current);
  return scope;
}
