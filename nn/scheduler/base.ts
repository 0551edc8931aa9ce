// What all schedules share. In: an optimizer. Out: its groups with their rates changed at each `step()`.

import { atCaller, ValueError } from '../../runtime/public.ts';
import { Optimizer } from '../optim/optimizer.ts';

/** A group of any optimizer, as schedules see it. */
export interface Group {
  lr: number;
  initialLr?: number;
  momentum?: number;
  betas?: readonly [number, number];
  [extra: string]: unknown;
}

/** Any optimizer. */
export interface Scheduled {
  readonly defaults: object;
  readonly paramGroups: readonly { lr: number }[];
}

export const groupsOf = (optimizer: Scheduled): readonly Group[] => {
  if (!(optimizer instanceof Optimizer))
    throw atCaller(new ValueError(`${typeof optimizer} is not an Optimizer`));
  return optimizer.paramGroups as unknown as readonly Group[];
};

/** What a schedule is at: plain data to save. */
export type SchedulerState = Readonly<Record<string, unknown>>;

/** Where a resumed schedule goes on; -1 begins anew. */
export interface Resume {
  readonly lastEpoch?: number;
}

/** A learning rate as a function of the number of steps taken. */
export abstract class LRScheduler {
  readonly optimizer: Scheduled;
  readonly baseLrs: readonly number[];
  lastEpoch: number;
  #stepCount = 0;
  #lastLr: readonly number[] = [];

  /** Subclasses call `begin` at the end of their constructors. */
  protected constructor(optimizer: Scheduled, lastEpoch: number) {
    this.optimizer = optimizer;
    const groups = groupsOf(optimizer);
    groups.forEach((group, i) => {
      if (lastEpoch === -1) group.initialLr ??= group.lr;
      else if (group.initialLr === undefined)
        throw atCaller(
          new ValueError(
            `param 'initialLr' is not specified in paramGroups[${i}] when resuming an optimizer`,
          ),
        );
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

/** A setting as one number per group. */
export function perGroup(
  name: string,
  groups: readonly Group[],
  value: number | readonly number[],
): readonly number[] {
  const values = typeof value === 'number' ? groups.map(() => value) : value;
  if (values.length !== groups.length)
    throw atCaller(new ValueError(`expected ${groups.length} values for ${name}, got ${values.length}`));
  return values;
}
