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

  /** Subclasses call `step` at the end of their constructors. `baseLrs`, if given, are not those that the groups began with. */
  protected constructor(optimizer: Scheduled, lastEpoch: number, baseLrs?: readonly number[]) {
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
    this.baseLrs = baseLrs ?? groups.map((group) => group.initialLr!);
    this.lastEpoch = lastEpoch;
  }

  /** The next rate of a group; `base` is the one it began with. */
  protected abstract next(group: Group, base: number, index: number): number;

  /** The rate in an epoch that was not reached step by step; schedules that go on from the present rate have another formula for it. */
  protected at(group: Group, base: number, index: number): number {
    return this.next(group, base, index);
  }

  /** True in the first step of all, which only sets up. */
  protected get isFirst(): boolean {
    return this.#stepCount === 1;
  }

  /** Goes to the next epoch, or to the one that is given. */
  step(epoch?: number): void {
    this.#stepCount++;
    this.lastEpoch = epoch ?? this.lastEpoch + 1;
    const groups = groupsOf(this.optimizer);
    const rates = groups.map((group, i) =>
      epoch === undefined ? this.next(group, this.baseLrs[i], i) : this.at(group, this.baseLrs[i], i),
    );
    groups.forEach((group, i) => (group.lr = rates[i]));
    this.#lastLr = rates;
  }
  /** The first step once more: what `SequentialLR` does with its first schedule. */
  restart(): void {
    this.#stepCount = 0;
    this.step();
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

/** The present rates of an optimizer's groups. */
export const ratesOf = (optimizer: Scheduled): readonly number[] => groupsOf(optimizer).map(({ lr }) => lr);

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
