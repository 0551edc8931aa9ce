// Profiles: how long each kernel of a program takes. In: an executable whose inputs are filled. Out: times per kernel and their shares.

import { now } from './environment.ts';
import type { Executable } from './executable.ts';
import type { KernelProfile, Profile } from './program.ts';

/** Runs the program `runs` times, and its kernels one by one as often. */
export function measure({ run, kernels: functions, report }: Executable, runs: number): Profile {
  const named = Object.entries(functions);
  run();
  const start = now();
  for (let i = 0; i < runs; i++) run();
  const time = (now() - start) / runs;
  const times = named.map(() => 0);
  for (let i = 0; i < runs; i++)
    named.forEach(([, kernel], k) => {
      const begin = now();
      kernel();
      times[k] += (now() - begin) / runs;
    });
  const total = times.reduce((sum, t) => sum + t, 0);
  const kernels = report.kernels.map(({ name, bytes, flops }): KernelProfile => {
    const spent = times[named.findIndex(([other]) => other === name)] ?? 0;
    return { name, time: spent, bytes, flops, share: total === 0 ? 0 : spent / total };
  });
  const profile: Profile = { runs, time, kernels };
  Object.defineProperty(profile, 'toString', { value: () => describe(profile) });
  return profile;
}

/** One line per kernel, the slowest first. */
function describe({ runs, time, kernels }: Profile): string {
  const width = Math.max(0, ...kernels.map(({ name }) => name.length));
  const lines = [...kernels]
    .sort((a, b) => b.time - a.time)
    .map(({ name, time: spent, flops, bytes, share }) => {
      const rate = spent === 0 ? 0 : flops / spent / 1e6;
      const traffic = spent === 0 ? 0 : bytes / spent / 1e6;
      return (
        `${name.padEnd(width)} ${(100 * share).toFixed(1).padStart(5)}% ${spent.toFixed(4).padStart(10)} ms ` +
        `${rate.toFixed(2).padStart(7)} Gflop/s ${traffic.toFixed(2).padStart(7)} GB/s`
      );
    });
  return [`${time.toFixed(4)} ms per run, mean of ${runs}`, ...lines].join('\n');
}
