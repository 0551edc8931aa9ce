// Schedules that go down by a formula of the epoch: StepLR, MultiStepLR, ConstantLR, LinearLR, ExponentialLR, PolynomialLR. In: the present
// rate. Out: the next one, computed from it as PyTorch does, so that schedules can be chained (`next`); and the rate of any epoch, computed
// from the first one (`at`), for `step(epoch)`.

import { atCaller, ValueError } from '../../runtime/public.ts';
import { checkNumbers, withDefaults } from '../options.ts';
import { LRScheduler } from './base.ts';
import type { Group, Resume, Scheduled } from './base.ts';

/** Times gamma every `stepSize` epochs. */
export class StepLR extends LRScheduler {
  readonly stepSize: number;
  readonly gamma: number;

  constructor(optimizer: Scheduled, stepSize: number, options?: Resume & { readonly gamma?: number }) {
    const { gamma, lastEpoch } = withDefaults('StepLR', { gamma: 0.1, lastEpoch: -1 }, options);
    checkNumbers('StepLR', { stepSize });
    super(optimizer, lastEpoch);
    this.stepSize = stepSize;
    this.gamma = gamma;
    this.step();
  }
  protected next({ lr }: Group): number {
    return this.lastEpoch === 0 || this.lastEpoch % this.stepSize !== 0 ? lr : lr * this.gamma;
  }
  protected override at(_group: Group, base: number): number {
    return base * this.gamma ** Math.floor(this.lastEpoch / this.stepSize);
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
    if (!Array.isArray(milestones) || milestones.some((epoch) => typeof epoch !== 'number'))
      throw atCaller(new ValueError('MultiStepLR(): milestones must be a list of numbers'));
    super(optimizer, lastEpoch);
    this.milestones = milestones;
    this.gamma = gamma;
    this.step();
  }
  protected next({ lr }: Group): number {
    return lr * this.gamma ** this.milestones.filter((epoch) => epoch === this.lastEpoch).length;
  }
  protected override at(_group: Group, base: number): number {
    return base * this.gamma ** this.milestones.filter((epoch) => epoch <= this.lastEpoch).length;
  }
}

/** A constant factor for the first epochs. A factor of 0 cannot be taken back: when its time is over, a ValueError says so. */
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
    if (this.lastEpoch !== this.totalIters) return lr;
    if (this.factor === 0) throw atCaller(new ValueError('ZeroDivisionError: float division by zero'));
    return lr * (1 / this.factor);
  }
  protected override at(_group: Group, base: number): number {
    return base * (this.lastEpoch >= this.totalIters ? 1 : this.factor);
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
  protected override at(_group: Group, base: number): number {
    const { lastEpoch, startFactor, endFactor, totalIters } = this;
    return base * (startFactor + ((endFactor - startFactor) * Math.min(totalIters, lastEpoch)) / totalIters);
  }
}

/** Times gamma every epoch. */
export class ExponentialLR extends LRScheduler {
  readonly gamma: number;

  constructor(optimizer: Scheduled, gamma: number, options?: Resume) {
    checkNumbers('ExponentialLR', { gamma });
    super(optimizer, withDefaults('ExponentialLR', { lastEpoch: -1 }, options).lastEpoch);
    this.gamma = gamma;
    this.step();
  }
  protected next({ lr }: Group): number {
    return this.lastEpoch === 0 ? lr : lr * this.gamma;
  }
  protected override at(_group: Group, base: number): number {
    return base * this.gamma ** this.lastEpoch;
  }
}

/** The first rate times (1 - epoch / totalIters) ** power, which is 0 from `totalIters` on. */
export class PolynomialLR extends LRScheduler {
  readonly totalIters: number;
  readonly power: number;

  constructor(
    optimizer: Scheduled,
    options?: Resume & { readonly totalIters?: number; readonly power?: number },
  ) {
    const defaults = { totalIters: 5, power: 1, lastEpoch: -1 };
    const { totalIters, power, lastEpoch } = withDefaults('PolynomialLR', defaults, options);
    super(optimizer, lastEpoch);
    this.totalIters = totalIters;
    this.power = power;
    this.step();
  }
  protected next({ lr }: Group): number {
    const { lastEpoch, totalIters, power } = this;
    if (lastEpoch === 0 || lastEpoch > totalIters) return lr;
    return lr * ((1 - lastEpoch / totalIters) / (1 - (lastEpoch - 1) / totalIters)) ** power;
  }
  protected override at(_group: Group, base: number): number {
    const { lastEpoch, totalIters, power } = this;
    return base * (1 - Math.min(totalIters, lastEpoch) / totalIters) ** power;
  }
}
