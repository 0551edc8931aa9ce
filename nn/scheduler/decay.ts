// Schedules that are a formula of the epoch: LambdaLR, StepLR, MultiStepLR, ConstantLR, LinearLR, ExponentialLR, CosineAnnealingLR. In: the
// present rate. Out: the next one, computed from it as PyTorch does, so that schedules can be chained.

import { atCaller, ValueError } from '../../runtime/public.ts';
import { withDefaults } from '../options.ts';
import { LRScheduler, groupsOf } from './base.ts';
import type { Group, Resume, Scheduled } from './base.ts';

/** The first rate times a function of the epoch; one function, or one per group. */
export class LambdaLR extends LRScheduler {
  readonly #factors: readonly ((epoch: number) => number)[];

  constructor(
    optimizer: Scheduled,
    lrLambda: ((epoch: number) => number) | readonly ((epoch: number) => number)[],
    options?: Resume,
  ) {
    super(optimizer, withDefaults('LambdaLR', { lastEpoch: -1 }, options).lastEpoch);
    const count = groupsOf(optimizer).length;
    this.#factors = typeof lrLambda === 'function' ? new Array(count).fill(lrLambda) : lrLambda;
    if (this.#factors.length !== count)
      throw atCaller(new ValueError(`Expected ${count} lr_lambdas, but got ${this.#factors.length}`));
    this.step();
  }
  protected next(_group: Group, base: number, index: number): number {
    return base * this.#factors[index](this.lastEpoch);
  }
}

/** Times gamma every `stepSize` epochs. */
export class StepLR extends LRScheduler {
  readonly stepSize: number;
  readonly gamma: number;

  constructor(optimizer: Scheduled, stepSize: number, options?: Resume & { readonly gamma?: number }) {
    const { gamma, lastEpoch } = withDefaults('StepLR', { gamma: 0.1, lastEpoch: -1 }, options);
    super(optimizer, lastEpoch);
    this.stepSize = stepSize;
    this.gamma = gamma;
    this.step();
  }
  protected next({ lr }: Group): number {
    return this.lastEpoch === 0 || this.lastEpoch % this.stepSize !== 0 ? lr : lr * this.gamma;
  }
}

/** Times gamma at each of some epochs. */
export class MultiStepLR extends LRScheduler {
  readonly milestones: readonly number[];
  readonly gamma: number;

  constructor(
    optimizer: Scheduled,
    milestones: readonly number[],
    options?: Resume & { readonly gamma?: number },
  ) {
    const { gamma, lastEpoch } = withDefaults('MultiStepLR', { gamma: 0.1, lastEpoch: -1 }, options);
    super(optimizer, lastEpoch);
    this.milestones = milestones;
    this.gamma = gamma;
    this.step();
  }
  protected next({ lr }: Group): number {
    return lr * this.gamma ** this.milestones.filter((epoch) => epoch === this.lastEpoch).length;
  }
}

/** A constant factor for the first epochs. */
export class ConstantLR extends LRScheduler {
  readonly factor: number;
  readonly totalIters: number;

  constructor(
    optimizer: Scheduled,
    options?: Resume & { readonly factor?: number; readonly totalIters?: number },
  ) {
    const all = withDefaults('ConstantLR', { factor: 1 / 3, totalIters: 5, lastEpoch: -1 }, options);
    if (!(all.factor >= 0 && all.factor <= 1))
      throw atCaller(new ValueError('Constant multiplicative factor expected to be between 0 and 1.'));
    super(optimizer, all.lastEpoch);
    this.factor = all.factor;
    this.totalIters = all.totalIters;
    this.step();
  }
  protected next({ lr }: Group): number {
    if (this.lastEpoch === 0) return lr * this.factor;
    return this.lastEpoch === this.totalIters ? lr * (1 / this.factor) : lr;
  }
}

/** A factor that goes from one number to another in a straight line. */
export class LinearLR extends LRScheduler {
  readonly startFactor: number;
  readonly endFactor: number;
  readonly totalIters: number;

  constructor(
    optimizer: Scheduled,
    options?: Resume & {
      readonly startFactor?: number;
      readonly endFactor?: number;
      readonly totalIters?: number;
    },
  ) {
    const defaults = { startFactor: 1 / 3, endFactor: 1, totalIters: 5, lastEpoch: -1 };
    const { startFactor, endFactor, totalIters, lastEpoch } = withDefaults('LinearLR', defaults, options);
    if (!(startFactor > 0 && startFactor <= 1))
      throw atCaller(
        new ValueError(
          'Starting multiplicative factor expected to be greater than 0 and less or equal to 1.',
        ),
      );
    if (!(endFactor >= 0 && endFactor <= 1))
      throw atCaller(new ValueError('Ending multiplicative factor expected to be between 0 and 1.'));
    super(optimizer, lastEpoch);
    this.startFactor = startFactor;
    this.endFactor = endFactor;
    this.totalIters = totalIters;
    this.step();
  }
  protected next({ lr }: Group): number {
    const { lastEpoch, startFactor, endFactor, totalIters } = this;
    if (lastEpoch === 0) return lr * startFactor;
    if (lastEpoch > totalIters) return lr;
    const change = endFactor - startFactor;
    return lr * (1 + change / (totalIters * startFactor + (lastEpoch - 1) * change));
  }
}

/** Times gamma every epoch. */
export class ExponentialLR extends LRScheduler {
  readonly gamma: number;

  constructor(optimizer: Scheduled, gamma: number, options?: Resume) {
    super(optimizer, withDefaults('ExponentialLR', { lastEpoch: -1 }, options).lastEpoch);
    this.gamma = gamma;
    this.step();
  }
  protected next({ lr }: Group): number {
    return this.lastEpoch === 0 ? lr : lr * this.gamma;
  }
}

/** Down to `etaMin` in `tMax` epochs along a half wave of the cosine, and up again (Loshchilov & Hutter 2016, without restarts). */
export class CosineAnnealingLR extends LRScheduler {
  readonly tMax: number;
  readonly etaMin: number;

  constructor(optimizer: Scheduled, tMax: number, options?: Resume & { readonly etaMin?: number }) {
    const { etaMin, lastEpoch } = withDefaults('CosineAnnealingLR', { etaMin: 0, lastEpoch: -1 }, options);
    super(optimizer, lastEpoch);
    this.tMax = tMax;
    this.etaMin = etaMin;
    this.step();
  }
  protected next({ lr }: Group, base: number): number {
    const { lastEpoch, tMax, etaMin } = this;
    const wave = (epoch: number): number => 1 + Math.cos((Math.PI * epoch) / tMax);
    if (lastEpoch === 0) return lr;
    if (this.isFirst) return etaMin + ((base - etaMin) * wave(lastEpoch)) / 2;
    if ((lastEpoch - 1 - tMax) % (2 * tMax) === 0)
      return lr + ((base - etaMin) * (1 - Math.cos(Math.PI / tMax))) / 2;
    return (wave(lastEpoch) / wave(lastEpoch - 1)) * (lr - etaMin) + etaMin;
  }
}
