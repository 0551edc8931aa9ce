// Schedules made of schedules: SequentialLR, one after the other, and ChainedScheduler, all of them at each step. In: schedules of one optimizer.
// Out: rates that they set in turn. Their state holds the states of their parts.

import { atCaller, ValueError } from '../../runtime/public.ts';
import { withDefaults } from '../options.ts';
import { groupsOf, ratesOf } from './base.ts';
import type { LRScheduler, Resume, Scheduled, SchedulerState } from './base.ts';

/** What can be a part: all that is stepped without a metric. */
type Part = Pick<LRScheduler, 'optimizer' | 'stateDict' | 'loadStateDict'> & { step(): void };

const statesOf = (parts: readonly Part[]): readonly SchedulerState[] => parts.map((s) => s.stateDict());
const load = (parts: readonly Part[], state: SchedulerState): void =>
  (state.schedulers as readonly SchedulerState[]).forEach((saved, i) => parts[i].loadStateDict(saved));

/**
 * One schedule after the other: `milestones[i]` is the epoch in which schedule i + 1 begins, at its own epoch 0.
 *
 *     const warmup = new lrScheduler.LinearLR(optimizer, { startFactor: 0.1, totalIters: 5 });
 *     const decay = new lrScheduler.ExponentialLR(optimizer, 0.9);
 *     const schedule = new lrScheduler.SequentialLR(optimizer, [warmup, decay], [5]);
 *
 * A ValueError if a schedule belongs to another optimizer, or if there is not one milestone less than schedules.
 */
export class SequentialLR {
  readonly optimizer: Scheduled;
  lastEpoch: number;
  readonly #schedulers: readonly LRScheduler[];
  #milestones: readonly number[];
  #lastLr: readonly number[];

  constructor(
    optimizer: Scheduled,
    schedulers: readonly LRScheduler[],
    milestones: readonly number[],
    options?: Resume,
  ) {
    const { lastEpoch } = withDefaults('SequentialLR', { lastEpoch: -1 }, options);
    const stranger = schedulers.findIndex((s) => s.optimizer !== optimizer);
    if (stranger >= 0)
      throw atCaller(
        new ValueError(
          `Sequential Schedulers expects all schedulers to belong to the same optimizer, but got schedulers at index ${stranger} to be different than the optimizer passed in.`,
        ),
      );
    if (milestones.length !== schedulers.length - 1)
      throw atCaller(
        new ValueError(
          `Sequential Schedulers expects number of schedulers provided to be one more than the number of milestone points, but got number of schedulers ${schedulers.length} and the number of milestones to be equal to ${milestones.length}`,
        ),
      );
    this.optimizer = optimizer;
    this.lastEpoch = lastEpoch + 1;
    this.#schedulers = schedulers;
    this.#milestones = milestones;
    // each part has made its first step when it was made; only that of the first one should count
    for (const group of groupsOf(optimizer)) group.lr = group.initialLr!;
    for (const s of schedulers) s.lastEpoch--;
    schedulers[0].restart();
    this.#lastLr = schedulers[0].getLastLr();
  }

  /** Goes to the next epoch. */
  step(): void {
    this.lastEpoch++;
    const begun = this.#milestones.filter((epoch) => epoch <= this.lastEpoch).length;
    const scheduler = this.#schedulers[begun];
    if (begun > 0 && this.#milestones[begun - 1] === this.lastEpoch) scheduler.step(0);
    else scheduler.step();
    this.#lastLr = scheduler.getLastLr();
  }
  /** The rates of all groups, as last set. */
  getLastLr(): readonly number[] {
    return this.#lastLr;
  }
  stateDict(): SchedulerState {
    return {
      lastEpoch: this.lastEpoch,
      lastLr: [...this.#lastLr],
      milestones: [...this.#milestones],
      schedulers: statesOf(this.#schedulers),
    };
  }
  loadStateDict(state: SchedulerState): void {
    this.lastEpoch = Number(state.lastEpoch);
    this.#lastLr = [...(state.lastLr as number[])];
    this.#milestones = [...(state.milestones as number[])];
    load(this.#schedulers, state);
  }
}

/** All of some schedules at each step, each going on from the rate that the one before has set. A ValueError unless they have one optimizer. */
export class ChainedScheduler {
  readonly optimizer: Scheduled;
  readonly #schedulers: readonly Part[];
  #lastLr: readonly number[];

  constructor(schedulers: readonly Part[]) {
    if (schedulers.length === 0)
      throw atCaller(
        new ValueError(
          'ChainedScheduler expects at least one scheduler to be chained, but got no scheduler.',
        ),
      );
    const stranger = schedulers.findIndex((s) => s.optimizer !== schedulers[0].optimizer);
    if (stranger >= 0)
      throw atCaller(
        new ValueError(
          `ChainedScheduler expects all schedulers to belong to the same optimizer, but got schedulers at index 0 and ${stranger} to be different`,
        ),
      );
    this.#schedulers = [...schedulers];
    this.optimizer = schedulers[0].optimizer;
    this.#lastLr = ratesOf(this.optimizer);
  }

  /** Goes to the next epoch. */
  step(): void {
    for (const scheduler of this.#schedulers) scheduler.step();
    this.#lastLr = ratesOf(this.optimizer);
  }
  /** The rates of all groups, as last set. */
  getLastLr(): readonly number[] {
    return this.#lastLr;
  }
  stateDict(): SchedulerState {
    return { lastLr: [...this.#lastLr], schedulers: statesOf(this.#schedulers) };
  }
  loadStateDict(state: SchedulerState): void {
    this.#lastLr = [...(state.lastLr as number[])];
    load(this.#schedulers, state);
  }
}
