// Profiles: how long each kernel of a program takes. In: an executable whose inputs are filled. Out: times per kernel and their shares. State
// that the runs change is put back.

import type { TypedArray } from './buffer.ts';
import { now } from './environment.ts';
import type { Executable } from './executable.ts';
import type { Profile } from './program.ts';

/** Runs the program `runs` times, and its kernels one by one as often. */
export function measure(executable: Executable, written: readonly TypedArray[], runs: number): Profile {
  const before = written.map((array) => array.slice());
  const restore = (): void => written.forEach((array, i) => array.set(before[i]));
  try {
    const time = (run: () => void): number => {
      const start = now();
      for (let i = 0; i < runs; i++) run();
      return (now() - start) / runs;
    };
    executable.run();
    const milliseconds = time(() => executable.run());
    const times = new Map<string, number>();
    for (let i = 0; i < runs; i++)
      for (const [name, run] of Object.entries(executable.kernels)) {
        const start = now();
        run();
        times.set(name, (times.get(name) ?? 0) + (now() - start) / runs);
      }
    const total = [...times.values()].reduce((sum, t) => sum + t, 0);
    const kernels = executable.report.kernels.map(({ name, bytes, flops }) => {
      const t = times.get(name) ?? 0;
      return { name, milliseconds: t, bytes, flops, share: total === 0 ? 0 : t / total };
    });
    return { runs, milliseconds, kernels };
  } finally {
    restore();
  }
}
