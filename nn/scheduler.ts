// Learning rate schedules: optim.lrScheduler. In: an optimizer. Out: its learning rates changed at each `step()`, which usually comes once per
// epoch, after the optimizer's steps. Most compute the next rate from the present one, as PyTorch does, so that schedules can be chained.

import { Tensor, ValueError } from '../runtime/public.ts';
import { Optimizer } from './optim/optimizer.ts';
import { withDefaults } from './options.ts';

/** A group of any optimizer, as schedules see it. */
interface Group {
  lr: number;
  initialLr?: number;
  momentum?: number;
  betas?: readonly [number, number];
  [extra: string]: unknown;
}

// a schedule may serve any optimizer
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- Optimizer is invariant in its options
type AnyOptimizer = Optimizer<any, any>;

const groupsOf = (optimizer: AnyOptimizer): readonly Group[] => {
  if (!(optimizer instanceof Optimizer)) throw new ValueError(`${typeof optimizer} is not an Optimizer`);
  return optimizer.paramGroups as readonly Group[];
};

/** What a schedule is at: plain data to save. */
export type SchedulerState = Readonly<Record<string, unknown>>;

/** Where a resumed schedule goes on; -1 begins anew. */
interface Resume {
  readonly lastEpoch?: number;
}

abstract class LRScheduler {
  readonly optimizer: AnyOptimizer;
  readonly baseLrs: readonly number[];
  lastEpoch: number;
  #stepCount = 0;
  #lastLr: readonly number[] = [];

  /** Subclasses call `begin` at the end of their constructors. */
  protected constructor(optimizer: AnyOptimizer, lastEpoch: number) {
    this.optimizer = optimizer;
    const groups = groupsOf(optimizer);
    groups.forEach((group, i) => {
      if (lastEpoch === -1) group.initialLr ??= group.lr;
      else if (group.initialLr === undefined)
        throw new ValueError(`param 'initialLr' is not specified in paramGroups[${i}] when resuming an optimizer`);
    });
    this.baseLrs = groups.map((group) => group.initialLr!);
    this.lastEpoch = lastEpoch;
  }

  /** The next rate of a group; `base` is the one it began with. */
  protected abstract next(group: Group, base: number, index: number): number;

  /** True in the first step of all, which only sets up. */
  protected get isFirst(): boolean {
    return this.#stepCount === 1;
  }

  /** Goes to the next epoch. */
  step(): void {
    this.#stepCount++;
    this.lastEpoch++;
    const groups = groupsOf(this.optimizer);
    const rates = groups.map((group, i) => this.next(group, this.baseLrs[i], i));
    groups.forEach((group, i) => (group.lr = rates[i]));
    this.#lastLr = rates;
  }
  /** The rates of all groups, as last set. */
  getLastLr(): readonly number[] {
    return this.#lastLr;
  }
  stateDict(): SchedulerState {
    return { lastEpoch: this.lastEpoch, stepCount: this.#stepCount, lastLr: [...this.#lastLr] };
  }
  loadStateDict(state: SchedulerState): void {
    this.lastEpoch = Number(state.lastEpoch);
    this.#stepCount = Number(state.stepCount);
    this.#lastLr = [...(state.lastLr as number[])];
  }
}

/** The first rate times a function of the epoch; one function, or one per group. */
export class LambdaLR extends LRScheduler {
  readonly #factors: readonly ((epoch: number) => number)[];

  constructor(
    optimizer: AnyOptimizer,
    lrLambda: ((epoch: number) => number) | readonly ((epoch: number) => number)[],
    options?: Resume,
  ) {
    super(optimizer, withDefaults('LambdaLR', { lastEpoch: -1 }, options).lastEpoch);
    const count = groupsOf(optimizer).length;
    this.#factors = typeof lrLambda === 'function' ? new Array(count).fill(lrLambda) : lrLambda;
    if (this.#factors.length !== count)
      throw new ValueError(`Expected ${count} lr_lambdas, but got ${this.#factors.length}`);
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

  constructor(optimizer: AnyOptimizer, stepSize: number, options?: Resume & { readonly gamma?: number }) {
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
    optimizer: AnyOptimizer,
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
    optimizer: AnyOptimizer,
    options?: Resume & { readonly factor?: number; readonly totalIters?: number },
  ) {
    const all = withDefaults('ConstantLR', { factor: 1 / 3, totalIters: 5, lastEpoch: -1 }, options);
    if (!(all.factor >= 0 && all.factor <= 1))
      throw new ValueError('Constant multiplicative factor expected to be between 0 and 1.');
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
    optimizer: AnyOptimizer,
    options?: Resume & { readonly startFactor?: number; readonly endFactor?: number; readonly totalIters?: number },
  ) {
    const defaults = { startFactor: 1 / 3, endFactor: 1, totalIters: 5, lastEpoch: -1 };
    const { startFactor, endFactor, totalIters, lastEpoch } = withDefaults('LinearLR', defaults, options);
    if (!(startFactor > 0 && startFactor <= 1))
      throw new ValueError(
        'Starting multiplicative factor expected to be greater than 0 and less or equal to 1.',
      );
    if (!(endFactor >= 0 && endFactor <= 1))
      throw new ValueError('Ending multiplicative factor expected to be between 0 and 1.');
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

  constructor(optimizer: AnyOptimizer, gamma: number, options?: Resume) {
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

  constructor(optimizer: AnyOptimizer, tMax: number, options?: Resume & { readonly etaMin?: number }) {
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

/** One cycle up and down over the whole training, to be stepped after every batch (Smith & Topin 2017). */
export class OneCycleLR extends LRScheduler {
  readonly totalSteps: number;
  readonly #options: Required<OneCycleOptions>;
  readonly #phases: readonly Phase[];
  readonly #ranges: readonly Range[];

  constructor(optimizer: AnyOptimizer, maxLr: number | readonly number[], options?: OneCycleOptions) {
    const all = withDefaults('OneCycleLR', oneCycleDefaults, options);
    const totalSteps = stepsOf(all);
    if (!(all.pctStart >= 0 && all.pctStart <= 1))
      throw new ValueError(`Expected float between 0 and 1 pct_start, but got ${all.pctStart}`);
    if (!(all.annealStrategy in anneal))
      throw new ValueError(`anneal_strategy must by one of 'cos' or 'linear', instead got ${all.annealStrategy}`);
    const groups = groupsOf(optimizer);
    if (all.cycleMomentum && !('momentum' in optimizer.defaults) && !('betas' in optimizer.defaults))
      throw new ValueError('optimizer must support momentum with `cycle_momentum` option enabled');
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
      throw new ValueError(
        `Tried to step ${lastEpoch + 1} times. The specified number of total steps is ${totalSteps}`,
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
    if (!isCount(totalSteps)) throw new ValueError(`Expected positive integer total_steps, but got ${totalSteps}`);
    return totalSteps;
  }
  if (epochs === null || stepsPerEpoch === null)
    throw new ValueError('You must define either total_steps OR (epochs AND steps_per_epoch)');
  if (!isCount(epochs)) throw new ValueError(`Expected positive integer epochs, but got ${epochs}`);
  if (!isCount(stepsPerEpoch))
    throw new ValueError(`Expected positive integer steps_per_epoch, but got ${stepsPerEpoch}`);
  return epochs * stepsPerEpoch;
}

function phasesOf({ pctStart, threePhase }: Required<OneCycleOptions>, totalSteps: number): readonly Phase[] {
  const up: Phase = {
    end: pctStart * totalSteps - 1,
    lr: ['initialLr', 'maxLr'],
    momentum: ['maxMomentum', 'baseMomentum'],
  };
  const last = totalSteps - 1;
  if (!threePhase) return [up, { end: last, lr: ['maxLr', 'minLr'], momentum: ['baseMomentum', 'maxMomentum'] }];
  return [
    up,
    { end: 2 * pctStart * totalSteps - 2, lr: ['maxLr', 'initialLr'], momentum: ['baseMomentum', 'maxMomentum'] },
    { end: last, lr: ['initialLr', 'minLr'], momentum: ['maxMomentum', 'maxMomentum'] },
  ];
}

/** A setting as one number per group. */
function perGroup(name: string, groups: readonly Group[], value: number | readonly number[]): readonly number[] {
  const values = typeof value === 'number' ? groups.map(() => value) : value;
  if (values.length !== groups.length)
    throw new ValueError(`expected ${groups.length} values for ${name}, got ${values.length}`);
  return values;
}

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
  readonly optimizer: AnyOptimizer;
  lastEpoch = 0;
  best: number;
  numBadEpochs = 0;
  cooldownCounter = 0;
  readonly #options: Required<PlateauOptions>;
  readonly #minLrs: readonly number[];

  constructor(optimizer: AnyOptimizer, options?: PlateauOptions) {
    const all = withDefaults('ReduceLROnPlateau', plateauDefaults, options);
    if (!(all.factor < 1)) throw new ValueError('Factor should be < 1.0.');
    if (all.mode !== 'min' && all.mode !== 'max') throw new ValueError(`mode ${String(all.mode)} is unknown!`);
    if (all.thresholdMode !== 'rel' && all.thresholdMode !== 'abs')
      throw new ValueError(`threshold mode ${String(all.thresholdMode)} is unknown!`);
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
    const margin = thresholdMode === 'rel' ? this.best * (1 + sign * threshold) : this.best + sign * threshold;
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
