// Advice: what to try next, where a profile makes it plain. In: a program's report and the times of its kernels. Out: a few sentences, each
// about one kernel, the dearest first: a merge that was refused, float64 where float32 does, a matrix that lies the other way round.

import { limits } from './limits.ts';
import type { Advice, KernelProfile, ProgramReport } from './program.ts';
import { leastTime } from './roof.ts';
import type { Roof } from './roof.ts';

interface Weighted extends Advice {
  /** The part of a run that is at stake. */
  readonly stake: number;
}

/** What stands out; nothing where no code was generated. */
export function advise(
  report: ProgramReport,
  kernels: readonly KernelProfile[],
  machine: Roof | null,
): readonly Advice[] {
  const { stages } = report;
  if (machine === null || stages === null) return [];
  const shareOf = new Map(kernels.map((k) => [k.name, k.share]));
  const total = kernels.reduce((sum, k) => sum + k.time, 0);
  const operations = new Map(stages.optimized.operations.map((o) => [o.name, o]));
  const describe = (name: string): string => {
    const { op, origin } = operations.get(name)!;
    return `${name} ${op}${origin === null || origin.file === '' ? '' : ` (${origin.file}:${origin.line})`}`;
  };
  const found: Weighted[] = [];
  for (const { producer, consumer, consumerKernel, producerKernel, why, bytes } of stages.refused) {
    const moved = leastTime(machine, { bytes: 2 * bytes, wideBytes: 0, flops: 0 }).time;
    found.push({
      kind: 'fusion',
      kernel: consumerKernel,
      text:
        `${describe(consumer)} reads ${describe(producer)} from memory, since they do not share a loop: ${why}; ` +
        `${bytes} bytes are written by ${producerKernel} and read again`,
      stake: total === 0 ? 0 : moved / total,
    });
  }
  for (const { name, bytes, float64Bytes, strided, counts } of report.kernels) {
    const share = shareOf.get(name) ?? 0;
    const wide = bytes === 0 ? 0 : float64Bytes / bytes;
    if (wide >= limits.adviceWide)
      found.push({
        kind: 'dtype',
        kernel: name,
        text: `${Math.round(100 * wide)}% of the memory that it moves is float64; float32 is half of that`,
        stake: (share * wide) / 2,
      });
    const loads = counts?.loads ?? 0;
    for (const { buffer, stride, count } of strided) {
      const part = loads === 0 ? 0 : count / loads;
      if (part >= limits.adviceStrided)
        found.push({
          kind: 'layout',
          kernel: name,
          text: `reads ${buffer} in steps of ${stride} elements; laid the other way round it would be read in order`,
          stake: share * part,
        });
    }
  }
  return found
    .filter(({ stake }) => stake >= limits.adviceStake)
    .sort((a, b) => b.stake - a.stake)
    .slice(0, limits.adviceLines)
    .map(({ kind, kernel, text }) => ({ kind, kernel, text }));
}
