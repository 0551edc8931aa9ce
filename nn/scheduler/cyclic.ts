// CyclicLR (Smith 2015). In: two rates and how many steps go up and down between them. Out: rates that go up and down forever, with smaller
// amplitudes if asked for, and the momentum going the other way.

import { atCaller, ValueError } from '../../runtime/public.ts';
import { withDefaults } from '../options.ts';
import { LRScheduler, groupsOf, perGroup } from './base.ts';
import type { Group, Resume, Scheduled } from './base.ts';

/** Options of `CyclicLR`, as in PyTorch. */
export interface CyclicOptions extends Resume {
  /** Steps from the lower rate to the upper one. */
  readonly stepSizeUp?: number;
  /** Steps back down; as many as up if null. */
  readonly stepSizeDown?: number | null;
  /** All cycles alike, each half as high as the one before, or times gamma at each step. */
  readonly mode?: 'triangular' | 'triangular2' | 'exp_range';
  readonly gamma?: number;
  /** A factor of the amplitude, in place of `mode`. */
  readonly scaleFn?: ((x: number) => number) | null;
  /** What `scaleFn` gets: the number of the cycle, from 1, or of the step. */
  readonly scaleMode?: 'cycle' | 'iterations';
  /** Let the momentum (or the first beta) go down while the rate goes up. */
  readonly cycleMomentum?: boolean;
  readonly baseMomentum?: number | readonly number[];
  readonly maxMomentum?: number | readonly number[];
}
const cyclicDefaults: Required<CyclicOptions> = {
  stepSizeUp: 2000,
  stepSizeDown: null,
  mode: 'triangular',
  gamma: 1,
  scaleFn: null,
  scaleMode: 'cycle',
  cycleMomentum: true,
  baseMomentum: 0.8,
  maxMomentum: 0.9,
  lastEpoch: -1,
};

/** The factor of the amplitude in a cycle, or in a step. */
interface Scale {
  readonly of: (x: number) => number;
  readonly by: 'cycle' | 'iterations';
}

function scaleOf({ mode, gamma, scaleFn, scaleMode }: Required<CyclicOptions>): Scale {
  if (scaleFn !== null) return { of: scaleFn, by: scaleMode };
  switch (mode) {
    case 'triangular':
      return { of: () => 1, by: 'cycle' };
    case 'triangular2':
      return { of: (cycle) => 1 / 2 ** (cycle - 1), by: 'cycle' };
    case 'exp_range':
      return { of: (step) => gamma ** step, by: 'iterations' };
    default:
      throw atCaller(new ValueError('mode is invalid and scale_fn is None'));
  }
}

/**
 * Cycles between two rates, to be stepped after every batch: `new CyclicLR(optimizer, 0.01, 0.1, { stepSizeUp: 500, mode: 'triangular2' })`.
 * Each rate is one number, or one per group. A ValueError if momentum should cycle and the optimizer has neither momentum nor betas.
 */
export class CyclicLR extends LRScheduler {
  readonly maxLrs: readonly number[];
  readonly totalSize: number;
  readonly stepRatio: number;
  readonly #scale: Scale;
  /** The momentum of each group at the upper and at the lower rate; null if it stays as it is. */
  readonly #momenta: readonly (readonly [base: number, max: number])[] | null;

  constructor(
    optimizer: Scheduled,
    baseLr: number | readonly number[],
    maxLr: number | readonly number[],
    options?: CyclicOptions,
  ) {
    const all = withDefaults('CyclicLR', cyclicDefaults, options);
    const groups = groupsOf(optimizer);
    const baseLrs = perGroup('base_lr', groups, baseLr);
    const maxLrs = perGroup('max_lr', groups, maxLr);
    const scale = scaleOf(all);
    if (all.cycleMomentum && !('momentum' in optimizer.defaults) && !('betas' in optimizer.defaults))
      throw atCaller(new ValueError('optimizer must support momentum with `cycle_momentum` option enabled'));
    const base = perGroup('base_momentum', groups, all.baseMomentum);
    const most = perGroup('max_momentum', groups, all.maxMomentum);
    if (all.lastEpoch === -1) groups.forEach((group, i) => (group.lr = baseLrs[i]));
    super(optimizer, all.lastEpoch, baseLrs);
    this.maxLrs = maxLrs;
    this.totalSize = all.stepSizeUp + (all.stepSizeDown ?? all.stepSizeUp);
    this.stepRatio = all.stepSizeUp / this.totalSize;
    this.#scale = scale;
    this.#momenta = all.cycleMomentum ? base.map((b, i) => [b, most[i]] as const) : null;
    this.step();
  }

  /** How far towards the upper rate: from 0 to 1, times the amplitude. */
  #height(amplitude: number): number {
    const { lastEpoch, totalSize, stepRatio } = this;
    const cycle = Math.floor(1 + lastEpoch / totalSize);
    const x = 1 + lastEpoch / totalSize - cycle;
    const part = x <= stepRatio ? x / stepRatio : (x - 1) / (stepRatio - 1);
    return amplitude * part * this.#scale.of(this.#scale.by === 'cycle' ? cycle : lastEpoch);
  }
  protected next(group: Group, base: number, index: number): number {
    if (this.#momenta) {
      const [least, most] = this.#momenta[index];
      const momentum = most - this.#height(most - least);
      if (group.betas) group.betas = [momentum, group.betas[1]];
      else group.momentum = momentum;
    }
    return base + this.#height(this.maxLrs[index] - base);
  }
}
