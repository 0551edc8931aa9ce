// What a program says about itself. In: what the pipeline made, and where it was linked to. Out: source, kernels, the text of each
// stage, memory; texts are made when they are asked for.

import { explain } from '../compiler/pipeline.ts';
import type { Built } from '../compiler/pipeline.ts';
import type { TypedArray } from './buffer.ts';
import type { Linked } from './link.ts';
import type { Kernel, ProgramReport, Stage } from './program.ts';

const stages: readonly Stage[] = ['graph', 'optimized', 'groups', 'nests', 'plan'];

const bytes = (arrays: Iterable<TypedArray>): number => [...arrays].reduce((sum, a) => sum + a.byteLength, 0);

export function reportOf(name: string, built: Built, linked: Linked): ProgramReport {
  const { plan } = built;
  const kernels = plan.kernels.map((k): Kernel => ({
    name: k.name,
    source: built.kernelSources.get(k) as string,
    reads: k.reads.map((b) => b.name),
    writes: k.writes.map((b) => b.name),
    flops: k.flops,
    bytes: k.bytes,
    origins: k.origins.map(({ op, file, line, column }) => ({ op, file, line, column })),
  }));
  return {
    name,
    source: built.source,
    kernels,
    explain: (stage) =>
      stage === undefined
        ? stages.map((s) => `--- ${s} ---\n${explain(built, s)}`).join('\n\n')
        : explain(built, stage),
    memory: {
      arenaBytes: plan.arenaBytes,
      inputBytes: bytes(new Set(linked.inputs)),
      outputBytes: bytes(new Set(linked.outputs)),
    },
  };
}
