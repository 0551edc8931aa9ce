// ReduceLROnPlateau. In: a metric per epoch, such as the validation loss. Out: smaller rates when it makes no progress.

import type { Tensor } from '../../runtime/public.ts';
import { atCaller, ValueError } from '../../runtime/public.ts';
import { withDefaults } from '../options.ts';
import { groupsOf, perGroup } from './base.ts';
import type { Scheduled, SchedulerState } from './base.ts';

/** Options of `Plateau`, as in PyTorch. */
export interface PlateauOptions {
  /** Whether the metric should fall or rise. */
  readonly mode?: 'min' | 'max';
  readonly factor?: number;
  /** How many epochs without progress are put up with. */
  readonly patience?: number;
  /** How much better counts as better. */
  readonly threshold?: number;
  readonly thresholdMode?: 'rel' | 'abs';
  /** How many epochs to wait after a reduction. */
  readonly cooldown?: number;
  readonly minLr?: number | readonly number[];
  /** Smaller changes of the rate are not made. */
  readonly eps?: number;
}
const plateauDefaults: Required<PlateauOptions> = {
  mode: 'min',
  factor: 0.1,
  patience: 10,
  threshold: 1e-4,
  thresholdMode: 'rel',
  cooldown: 0,
  minLr: 0,
  eps: 1e-8,
};

/** Times a factor when a metric makes no progress any more. */
export class ReduceLROnPlateau {
  readonly optimizer: Scheduled;
  lastEpoch = 0;
  best: number;
  numBadEpochs = 0;
  cooldownCounter = 0;
  readonly #options: Required<PlateauOptions>;
  readonly #minLrs: readonly number[];

  constructor(optimizer: Scheduled, options?: PlateauOptions) {
    const all = withDefaults('ReduceLROnPlateau', plateauDefaults, options);
    if (!(all.factor < 1)) throw atCaller(new ValueError('Factor should be < 1.0.'));
    if (all.mode !== 'min' && all.mode !== 'max')
      throw atCaller(new ValueError(`mode ${String(all.mode)} is unknown!`));
    if (all.thresholdMode !== 'rel' && all.thresholdMode !== 'abs')
      throw atCaller(new ValueError(`threshold mode ${String(all.thresholdMode)} is unknown!`));
    this.optimizer = optimizer;
    this.#options = all;
    this.#minLrs = perGroup('min_lr', groupsOf(optimizer), all.minLr);
    this.best = all.mode === 'min' ? Infinity : -Infinity;
  }

  /** Goes to the next epoch, in which the metric had this value. */
  step(metric: number | Tensor): void {
    const value = typeof metric === 'number' ? metric : Number(metric.item());
    const { patience, cooldown } = this.#options;
    this.lastEpoch++;
    if (this.#isBetter(value)) {
      this.best = value;
      this.numBadEpochs = 0;
    } else this.numBadEpochs++;
    if (this.cooldownCounter > 0) {
      this.cooldownCounter--;
      this.numBadEpochs = 0;
    }
    if (this.numBadEpochs > patience) {
      this.#reduce();
      this.cooldownCounter = cooldown;
      this.numBadEpochs = 0;
    }
  }
  #isBetter(value: number): boolean {
    const { mode, threshold, thresholdMode } = this.#options;
    const sign = mode === 'min' ? -1 : 1;
    const margin =
      thresholdMode === 'rel' ? this.best * (1 + sign * threshold) : this.best + sign * threshold;
    return mode === 'min' ? value < margin : value > margin;
  }
  #reduce(): void {
    const { factor, eps } = this.#options;
    groupsOf(this.optimizer).forEach((group, i) => {
      const reduced = Math.max(group.lr * factor, this.#minLrs[i]);
      if (group.lr - reduced > eps) group.lr = reduced;
    });
  }

  getLastLr(): readonly number[] {
    return groupsOf(this.optimizer).map((group) => group.lr);
  }
  stateDict(): SchedulerState {
    const { lastEpoch, best, numBadEpochs, cooldownCounter } = this;
    return { lastEpoch, best, numBadEpochs, cooldownCounter };
  }
  loadStateDict(state: SchedulerState): void {
    this.lastEpoch = Number(state.lastEpoch);
    this.best = Number(state.best);
    this.numBadEpochs = Number(state.numBadEpochs);
    this.cooldownCounter = Number(state.cooldownCounter);
  }
}
