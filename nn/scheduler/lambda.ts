// Schedules by functions that the user gives: LambdaLR, MultiplicativeLR. In: a function of the epoch, or one per group. Out: rates that are the
// first rate times it, or the present rate times it. Functions are no part of a schedule's state.

import { atCaller, ValueError } from '../../runtime/public.ts';
import { withDefaults } from '../options.ts';
import { LRScheduler, groupsOf } from './base.ts';
import type { Group, Resume, Scheduled } from './base.ts';

type Factor = (epoch: number) => number;

function factorsOf(optimizer: Scheduled, lrLambda: Factor | readonly Factor[]): readonly Factor[] {
  const groups = groupsOf(optimizer);
  const factors = typeof lrLambda === 'function' ? groups.map(() => lrLambda) : lrLambda;
  if (factors.length !== groups.length)
    throw atCaller(new ValueError(`Expected ${groups.length} lr_lambdas, but got ${factors.length}`));
  return factors;
}

/** The first rate times a function of the epoch; one function, or one per group. */
export class LambdaLR extends LRScheduler {
  readonly #factors: readonly Factor[];

  constructor(optimizer: Scheduled, lrLambda: Factor | readonly Factor[], options?: Resume) {
    super(optimizer, withDefaults('LambdaLR', { lastEpoch: -1 }, options).lastEpoch);
    this.#factors = factorsOf(optimizer, lrLambda);
    this.step();
  }
  protected next(_group: Group, base: number, index: number): number {
    return base * this.#factors[index](this.lastEpoch);
  }
}

/** The present rate times a function of the epoch, from epoch 1 on; one function, or one per group. */
export class MultiplicativeLR extends LRScheduler {
  readonly #factors: readonly Factor[];

  constructor(optimizer: Scheduled, lrLambda: Factor | readonly Factor[], options?: Resume) {
    super(optimizer, withDefaults('MultiplicativeLR', { lastEpoch: -1 }, options).lastEpoch);
    this.#factors = factorsOf(optimizer, lrLambda);
    this.step();
  }
  protected next({ lr }: Group, _base: number, index: number): number {
    return this.lastEpoch > 0 ? lr * this.#factors[index](this.lastEpoch) : lr;
  }
}
