// Profiles: how long each kernel of a program takes, and how much of that the machine needs. In: an executable whose inputs are filled. Out:
// times, shares and distances to the roof (roof.ts), with advice where it is plain (advice.ts); as data and as a table.

import { advise } from './advice.ts';
import { now } from './environment.ts';
import type { Executable } from './executable.ts';
import { limits } from './limits.ts';
import type { Kernel, KernelProfile, Profile } from './program.ts';
import { leastTime, raisedRoof, roof } from './roof.ts';
import type { Least, Roof, Work } from './roof.ts';

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Runs a program until V8 has compiled it. */
function warmUp(run: () => void): void {
  const start = now();
  let done = 0;
  do run();
  while (++done < limits.warmUpRuns && now() - start < limits.warmUpTime);
}

/** Runs the program `runs` times, and its kernels one by one as often. */
export function measure({ run, kernels: functions, report }: Executable, runs: number): Profile {
  warmUp(run);
  const timed = (call: () => void): number => {
    const begin = now();
    call();
    return now() - begin;
  };
  const whole = Array.from({ length: runs }, () => timed(run));
  const calls = report.kernels.map(({ name }) => functions[name]);
  const times = calls.map((): number[] => []);
  for (let i = 0; i < runs; i++) calls.forEach((call, k) => times[k].push(timed(call)));
  const each = times.map(median);
  const total = each.reduce((sum, t) => sum + t, 0);
  const works = report.kernels.map(workOf);
  const machine = calls.length === 0 ? null : roofOver(works, each);
  const kernels = report.kernels.map((kernel, k) =>
    profileOf(kernel, each[k], total === 0 ? 0 : each[k] / total, leastTime(machine!, works[k])),
  );
  const profile = { runs, time: median(whole), kernels, machine, advice: advise(report, kernels, machine) };
  Object.defineProperty(profile, 'toString', { value: () => describe(profile) });
  return profile;
}

const workOf = ({ bytes, float64Bytes, flops, counts }: Kernel): Work => ({
  bytes,
  wideBytes: float64Bytes,
  flops: counts?.flops ?? flops,
});

/** The roof, measured again if something was faster. */
export function roofOver(works: readonly Work[], times: readonly number[]): Roof {
  const machine = roof();
  const exceeded = works.some((work, k) => times[k] > 0 && leastTime(machine, work).time > times[k]);
  return exceeded ? raisedRoof() : machine;
}

/** What is still faster than the roof did not do all that it counts for (a branch not taken, rows not asked for): it is at the roof. */
export function profileOf(kernel: Kernel, time: number, share: number, least: Least): KernelProfile {
  const { name, bytes, flops, origins } = kernel;
  const leastTime = Math.min(least.time, time);
  return {
    ...{ name, time, bytes, flops, share },
    ...{ leastTime, bound: least.bound, ofRoof: time === 0 ? 1 : leastTime / time },
    origins,
  };
}

const percent = (part: number): string => `${(100 * part).toFixed(1)}%`;

/** The lines of the user's that a kernel computes, the first few. */
function places({ origins }: KernelProfile): string {
  const lines = [...new Set(origins.flatMap(({ file, line }) => (file === '' ? [] : [`${file}:${line}`])))];
  return lines.slice(0, 3).join(' ') + (lines.length > 3 ? ` and ${lines.length - 3} more` : '');
}

const header = ['kernel', 'share', 'time', 'Gflop/s', 'GB/s', 'of roof', 'bound by', 'lines'];

/** A row per kernel, the slowest first; below it what to try. */
function describe({ runs, time, kernels, machine, advice }: Profile): string {
  const rate = (amount: number, ms: number): string => (ms === 0 ? 0 : amount / ms / 1e6).toFixed(2);
  const rows = [...kernels]
    .sort((a, b) => b.time - a.time)
    .map((k) => [
      ...[k.name, percent(k.share), `${k.time.toFixed(4)} ms`, rate(k.flops, k.time), rate(k.bytes, k.time)],
      ...[percent(k.ofRoof), k.bound, places(k)],
    ]);
  const widths = header.map((title, c) => Math.max(title.length, ...rows.map((row) => row[c].length)));
  const isText = (c: number): boolean => c === 0 || c >= 6;
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, c) => (isText(c) ? cell.padEnd(widths[c]) : cell.padStart(widths[c])))
      .join('  ')
      .trimEnd();
  return [
    `${time.toFixed(4)} ms per run, median of ${runs}`,
    ...(rows.length === 0 ? [] : [line(header), ...rows.map(line)]),
    ...(machine === null ? [] : [describeRoof(machine)]),
    ...advice.map((a) => `try: ${a.kernel}: ${a.text}`),
  ].join('\n');
}

function describeRoof({ flops, float32, float64 }: Roof): string {
  const giga = (x: number): string => (x / 1e9).toFixed(1);
  return (
    `roof: ${giga(flops)} Gflop/s; float32 ${giga(float32.cache)} GB/s in the cache, ${giga(float32.memory)} in memory; ` +
    `float64 ${giga(float64.cache)} and ${giga(float64.memory)}`
  );
}
