// Measuring with benchmark.js. In: a workload. Out: whether both sides agree, and how long they take.

import Benchmark from 'benchmark';
import type { GradloomSide, Side, Workload } from './workload.ts';

export interface Measured {
  readonly name: string;
  /** Seconds of one run. */
  readonly gradloom: number;
  readonly hand: number | null;
  /** The median of the ratios of neighbouring runs: what else the machine does meanwhile hits both. */
  readonly ratio: number | null;
  readonly kernels: number;
  /** Milliseconds of tracing and compiling, in a process that has compiled nothing before. */
  readonly cold: number;
  readonly flops: number | null;
  /** Between the results of both sides. */
  readonly difference: number | null;
}

/** How much is measured: all, or just enough to see that everything runs. */
export interface Effort {
  readonly warmCalls: number;
  readonly warmSeconds: number;
  readonly rounds: number;
  readonly roundSeconds: number;
}
export const full: Effort = { warmCalls: 60, warmSeconds: 0.5, rounds: 9, roundSeconds: 0.12 };
export const quick: Effort = { warmCalls: 3, warmSeconds: 0.05, rounds: 1, roundSeconds: 0.02 };

/** Runs before the results are compared: several steps of a training, so that a wrong update cannot hide. */
const comparedRuns = 3;

/** Measures a workload whose sides may differ by `tolerance`: float32 rounds at other places. */
export function measure(workload: Workload, effort: Effort, tolerance = 1e-4): Measured {
  const gradloom = workload.gradloom();
  const start = performance.now();
  const { kernels } = gradloom.program();
  const cold = performance.now() - start;
  const hand = workload.hand?.() ?? null;
  const difference = hand && compare(gradloom, hand);
  if (difference !== null && !(difference <= tolerance))
    throw new Error(`${workload.name}: the results differ by ${difference}`);

  const sides = hand ? [gradloom, hand] : [gradloom];
  for (const side of sides) warm(side, effort);
  const rounds = Array.from({ length: effort.rounds }, (_, round) => {
    // who goes first alternates
    const order = round % 2 ? [...sides].reverse() : sides;
    const times = new Map(order.map((side) => [side, sample(side, effort.roundSeconds)]));
    return sides.map((side) => times.get(side)!);
  });
  return {
    name: workload.name,
    gradloom: median(rounds.map(([g]) => g)),
    hand: hand && median(rounds.map(([, h]) => h)),
    ratio: hand && median(rounds.map(([g, h]) => g / h)),
    kernels: kernels.length,
    cold,
    flops: workload.flops ?? null,
    difference,
  };
}

/** The largest difference between the results of two sides, relative to the largest number of each array; NaN if there are NaNs. */
function compare(gradloom: GradloomSide, hand: Side): number {
  const [ours, theirs] = [gradloom, hand].map((side) => {
    for (let i = 0; i < comparedRuns; i++) side.run();
    return side.results();
  });
  const lengths = (results: readonly ArrayLike<number>[]): string => results.map((r) => r.length).join(', ');
  if (lengths(ours) !== lengths(theirs))
    throw new Error(`results of ${lengths(ours)} elements, but by hand ${lengths(theirs)}`);
  return Math.max(0, ...theirs.map((b, i) => relativeDifference(ours[i], b)));
}

export function relativeDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let difference = 0;
  let largest = 0;
  for (let j = 0; j < b.length; j++) {
    difference = Math.max(difference, Math.abs(a[j] - b[j]));
    largest = Math.max(largest, Math.abs(b[j]));
  }
  return difference === 0 ? 0 : difference / largest;
}

function warm(side: Side, { warmCalls, warmSeconds }: Effort): void {
  const end = performance.now() + warmSeconds * 1e3;
  for (let calls = 0; calls < warmCalls || performance.now() < end; calls++) side.run();
}

/** Seconds of a call by benchmark.js. */
function sample(side: Side, seconds: number): number {
  const bench = new Benchmark(side.run, { minTime: seconds / 4, maxTime: seconds, minSamples: 3 }).run();
  if (bench.error) throw bench.error;
  return median(bench.stats.sample as number[]);
}

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1];
