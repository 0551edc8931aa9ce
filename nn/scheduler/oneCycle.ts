// OneCycleLR (Smith & Topin 2017). In: the highest rate and the number of steps. Out: rates that rise to it and fall again, with the momentum
// going the other way.

import { atCaller, ValueError } from '../../runtime/public.ts';
import { withDefaults } from '../options.ts';
import { LRScheduler, groupsOf, perGroup } from './base.ts';
import type { Group, Resume, Scheduled } from './base.ts';

/** Options of `OneCycle`, as in PyTorch. */
export interface OneCycleOptions extends Resume {
  /** The number of steps; or epochs and the steps of each. */
  readonly totalSteps?: number | null;
  readonly epochs?: number | null;
  readonly stepsPerEpoch?: number | null;
  /** The part of the cycle in which the rate rises. */
  readonly pctStart?: number;
  readonly annealStrategy?: 'cos' | 'linear';
  /** Let the momentum (or the first beta) go down while the rate goes up. */
  readonly cycleMomentum?: boolean;
  readonly baseMomentum?: number | readonly number[];
  readonly maxMomentum?: number | readonly number[];
  /** The highest rate over the first. */
  readonly divFactor?: number;
  /** The first rate over the last. */
  readonly finalDivFactor?: number;
  /** Down as fast as up, and only then to the last rate. */
  readonly threePhase?: boolean;
}
const oneCycleDefaults: Required<OneCycleOptions> = {
  totalSteps: null,
  epochs: null,
  stepsPerEpoch: null,
  pctStart: 0.3,
  annealStrategy: 'cos',
  cycleMomentum: true,
  baseMomentum: 0.85,
  maxMomentum: 0.95,
  divFactor: 25,
  finalDivFactor: 1e4,
  threePhase: false,
  lastEpoch: -1,
};

interface Phase {
  readonly end: number;
  readonly lr: readonly [from: keyof Range, to: keyof Range];
  readonly momentum: readonly [from: keyof Range, to: keyof Range];
}
/** Between which numbers a group moves. */
interface Range {
  readonly initialLr: number;
  readonly maxLr: number;
  readonly minLr: number;
  readonly baseMomentum: number;
  readonly maxMomentum: number;
}

const anneal = {
  cos: (from: number, to: number, part: number) => to + ((from - to) / 2) * (Math.cos(Math.PI * part) + 1),
  linear: (from: number, to: number, part: number) => (to - from) * part + from,
};

/** One cycle up and down over the whole training, to be stepped after every batch. */
export class OneCycleLR extends LRScheduler {
  readonly totalSteps: number;
  readonly #options: Required<OneCycleOptions>;
  readonly #phases: readonly Phase[];
  readonly #ranges: readonly Range[];

  constructor(optimizer: Scheduled, maxLr: number | readonly number[], options?: OneCycleOptions) {
    const all = withDefaults('OneCycleLR', oneCycleDefaults, options);
    const totalSteps = stepsOf(all);
    if (!(all.pctStart >= 0 && all.pctStart <= 1))
      throw atCaller(new ValueError(`Expected float between 0 and 1 pct_start, but got ${all.pctStart}`));
    if (!(all.annealStrategy in anneal))
      throw atCaller(
        new ValueError(`anneal_strategy must by one of 'cos' or 'linear', instead got ${all.annealStrategy}`),
      );
    const groups = groupsOf(optimizer);
    if (all.cycleMomentum && !('momentum' in optimizer.defaults) && !('betas' in optimizer.defaults))
      throw atCaller(new ValueError('optimizer must support momentum with `cycle_momentum` option enabled'));
    const highest = perGroup('max_lr', groups, maxLr);
    const base = perGroup('base_momentum', groups, all.baseMomentum);
    const most = perGroup('max_momentum', groups, all.maxMomentum);
    const ranges = groups.map((_, i) => {
      const initialLr = highest[i] / all.divFactor;
      return {
        initialLr,
        maxLr: highest[i],
        minLr: initialLr / all.finalDivFactor,
        baseMomentum: base[i],
        maxMomentum: most[i],
      };
    });
    if (all.lastEpoch === -1) groups.forEach((group, i) => (group.initialLr = ranges[i].initialLr));
    super(optimizer, all.lastEpoch);
    this.totalSteps = totalSteps;
    this.#options = all;
    this.#phases = phasesOf(all, totalSteps);
    this.#ranges = ranges;
    this.step();
  }

  protected next(group: Group, _base: number, index: number): number {
    const { lastEpoch, totalSteps } = this;
    if (lastEpoch > totalSteps)
      throw atCaller(
        new ValueError(
          `Tried to step ${lastEpoch + 1} times. The specified number of total steps is ${totalSteps}`,
        ),
      );
    const found = this.#phases.findIndex(({ end }) => lastEpoch <= end);
    const at = found < 0 ? this.#phases.length - 1 : found;
    const { end, lr, momentum } = this.#phases[at];
    const start = at === 0 ? 0 : this.#phases[at - 1].end;
    const range = this.#ranges[index];
    const between = ([from, to]: Phase['lr']): number =>
      anneal[this.#options.annealStrategy](range[from], range[to], (lastEpoch - start) / (end - start));
    if (this.#options.cycleMomentum) {
      if (group.betas) group.betas = [between(momentum), group.betas[1]];
      else group.momentum = between(momentum);
    }
    return between(lr);
  }
}

const isCount = (n: number): boolean => Number.isInteger(n) && n > 0;

function stepsOf({ totalSteps, epochs, stepsPerEpoch }: Required<OneCycleOptions>): number {
  if (totalSteps !== null) {
    if (!isCount(totalSteps))
      throw atCaller(new ValueError(`Expected positive integer total_steps, but got ${totalSteps}`));
    return totalSteps;
  }
  if (epochs === null || stepsPerEpoch === null)
    throw atCaller(new ValueError('You must define either total_steps OR (epochs AND steps_per_epoch)'));
  if (!isCount(epochs)) throw atCaller(new ValueError(`Expected positive integer epochs, but got ${epochs}`));
  if (!isCount(stepsPerEpoch))
    throw atCaller(new ValueError(`Expected positive integer steps_per_epoch, but got ${stepsPerEpoch}`));
  return epochs * stepsPerEpoch;
}

function phasesOf({ pctStart, threePhase }: Required<OneCycleOptions>, totalSteps: number): readonly Phase[] {
  const up: Phase = {
    end: pctStart * totalSteps - 1,
    lr: ['initialLr', 'maxLr'],
    momentum: ['maxMomentum', 'baseMomentum'],
  };
  const last = totalSteps - 1;
  if (!threePhase)
    return [up, { end: last, lr: ['maxLr', 'minLr'], momentum: ['baseMomentum', 'maxMomentum'] }];
  return [
    up,
    {
      end: 2 * pctStart * totalSteps - 2,
      lr: ['maxLr', 'initialLr'],
      momentum: ['baseMomentum', 'maxMomentum'],
    },
    { end: last, lr: ['initialLr', 'minLr'], momentum: ['maxMomentum', 'maxMomentum'] },
  ];
}
