// What a program says about itself. In: what the pipeline made, and where it was linked to. Out: source, kernels, the text of each
// stage, memory; texts are made when they are asked for.

import { explain } from '../compiler/explain.ts';
import type { Stage } from '../compiler/explain.ts';
import type { Buffer } from '../compiler/nest.ts';
import type { Built } from '../compiler/pipeline.ts';
import { stridedReads } from '../compiler/strides.ts';
import type { TypedArray } from './buffer.ts';
import { kernelCounts } from './kernelCounts.ts';
import type { KernelCounts } from './kernelCounts.ts';
import type { Linked } from './link.ts';
import { sourceParser } from './parser.ts';
import type { Kernel, ProgramReport } from './program.ts';

const stages: readonly Stage[] = ['graph', 'optimized', 'groups', 'nests', 'plan'];

const bytes = (arrays: Iterable<TypedArray>): number => [...arrays].reduce((sum, a) => sum + a.byteLength, 0);

const float64Bytes = (buffers: readonly Buffer[]): number =>
  buffers.reduce((sum, b) => sum + (b.dtype === 'float64' ? 8 * b.length : 0), 0);

/** A function that computes once. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => (made ??= { value: make() }).value;
}

export function reportOf(name: string, built: Built, linked: Linked): ProgramReport {
  const { plan, emitted } = built;
  const source = once(() => built.source);
  const counts = once((): ReadonlyMap<string, KernelCounts> | null => {
    const parse = sourceParser();
    return parse && kernelCounts(source(), parse);
  });
  const explained = once(() => explain(built));
  const kernels = plan.kernels.map((k): Kernel => ({
    name: k.name,
    get source() {
      return emitted.textOf(k);
    },
    reads: k.reads.map((b) => b.name),
    writes: k.writes.map((b) => b.name),
    flops: k.flops,
    bytes: k.bytes,
    float64Bytes: float64Bytes([...k.reads, ...k.writes]),
    origins: k.origins.map(({ op, file, line, column }) => ({ op, file, line, column })),
    get counts() {
      return counts()?.get(k.name) ?? null;
    },
    get strided() {
      return stridedReads(k).map(({ buffer, stride, count }) => ({ buffer: buffer.name, stride, count }));
    },
  }));
  return {
    name,
    get source() {
      return source();
    },
    kernels,
    get stages() {
      return explained().data;
    },
    explain(stage) {
      const { text } = explained();
      return stage ? text(stage) : stages.map((s) => `--- ${s} ---\n${text(s)}`).join('\n\n');
    },
    memory: {
      arenaBytes: plan.arenaBytes,
      inputBytes: bytes(new Set(linked.inputs)),
      outputBytes: bytes(new Set(linked.outputs)),
    },
  };
}
