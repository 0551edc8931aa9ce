// Schedules along half waves of the cosine (Loshchilov & Hutter 2016): CosineAnnealingLR, CosineAnnealingWarmRestarts. In: the length of a half
// wave and the lowest rate. Out: rates that fall along it; then they rise again, or jump back to the first.

import { atCaller, ValueError } from '../../runtime/public.ts';
import { checkNumbers, withDefaults } from '../options.ts';
import { LRScheduler } from './base.ts';
import type { Group, Resume, Scheduled, SchedulerState } from './base.ts';

/** From 2 to 0 along a half wave of some length. */
const wave = (epoch: number, length: number): number => 1 + Math.cos((Math.PI * epoch) / length);

/** Down to `etaMin` in `tMax` epochs along a half wave of the cosine, and up again (Loshchilov & Hutter 2016, without restarts). */
export class CosineAnnealingLR extends LRScheduler {
  readonly tMax: number;
  readonly etaMin: number;

  constructor(optimizer: Scheduled, tMax: number, options?: Resume & { readonly etaMin?: number }) {
    const { etaMin, lastEpoch } = withDefaults('CosineAnnealingLR', { etaMin: 0, lastEpoch: -1 }, options);
    checkNumbers('CosineAnnealingLR', { tMax });
    super(optimizer, lastEpoch);
    this.tMax = tMax;
    this.etaMin = etaMin;
    this.step();
  }
  protected next(group: Group, base: number): number {
    const { lr } = group;
    const { lastEpoch, tMax, etaMin } = this;
    if (lastEpoch === 0) return lr;
    if (this.isFirst) return this.at(group, base);
    if ((lastEpoch - 1 - tMax) % (2 * tMax) === 0)
      return lr + ((base - etaMin) * (1 - Math.cos(Math.PI / tMax))) / 2;
    return (wave(lastEpoch, tMax) / wave(lastEpoch - 1, tMax)) * (lr - etaMin) + etaMin;
  }
  protected override at(_group: Group, base: number): number {
    return this.etaMin + ((base - this.etaMin) * wave(this.lastEpoch, this.tMax)) / 2;
  }
}

const isInteger = (n: number, least: number): boolean => Number.isInteger(n) && n >= least;

/**
 * Down to `etaMin` along a half wave of the cosine, then at once back to the first rate. The first wave takes `t0` epochs, each other one
 * `tMult` times as many as the one before. `step(epoch)` takes fractions of epochs too:
 * `schedule.step(epoch + batch / batches)` after every batch.
 */
export class CosineAnnealingWarmRestarts extends LRScheduler {
  readonly t0: number;
  readonly tMult: number;
  readonly etaMin: number;
  /** The length of this wave. */
  tI: number;
  /** Epochs since this wave began. */
  tCur: number;

  constructor(
    optimizer: Scheduled,
    t0: number,
    options?: Resume & { readonly tMult?: number; readonly etaMin?: number },
  ) {
    const defaults = { tMult: 1, etaMin: 0, lastEpoch: -1 };
    const all = withDefaults('CosineAnnealingWarmRestarts', defaults, options);
    if (!isInteger(t0, 1)) throw atCaller(new ValueError(`Expected positive integer T_0, but got ${t0}`));
    if (!isInteger(all.tMult, 1))
      throw atCaller(new ValueError(`Expected integer T_mult >= 1, but got ${all.tMult}`));
    super(optimizer, all.lastEpoch);
    this.t0 = t0;
    this.tI = t0;
    this.tMult = all.tMult;
    this.etaMin = all.etaMin;
    this.tCur = all.lastEpoch;
    this.step();
  }
  protected next(_group: Group, base: number): number {
    return this.etaMin + ((base - this.etaMin) * wave(this.tCur, this.tI)) / 2;
  }
  override step(epoch?: number): void {
    if (epoch === undefined && this.lastEpoch >= 0) {
      this.tCur++;
      if (this.tCur >= this.tI) {
        this.tCur -= this.tI;
        this.tI *= this.tMult;
      }
      super.step();
      return;
    }
    const to = epoch ?? 0;
    if (!(to >= 0)) throw atCaller(new ValueError(`Expected non-negative epoch, but got ${to}`));
    this.#jump(to);
    super.step(Math.floor(to));
  }
  #jump(epoch: number): void {
    const { t0, tMult } = this;
    if (epoch < t0) {
      this.tI = t0;
      this.tCur = epoch;
    } else if (tMult === 1) this.tCur = epoch % t0;
    else {
      const waves = Math.trunc(Math.log((epoch / t0) * (tMult - 1) + 1) / Math.log(tMult));
      this.tCur = epoch - (t0 * (tMult ** waves - 1)) / (tMult - 1);
      this.tI = t0 * tMult ** waves;
    }
  }
  override stateDict(): SchedulerState {
    return { ...super.stateDict(), tI: this.tI, tCur: this.tCur };
  }
  override loadStateDict(state: SchedulerState): void {
    super.loadStateDict(state);
    this.tI = Number(state.tI);
    this.tCur = Number(state.tCur);
  }
}
