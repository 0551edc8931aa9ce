// What a picture of a program needs. In: what the program says of its stages. Out: both graphs with numbers instead of names, each operation
// with the kernels that compute it, and buffers with their sizes.

import type { GraphView, SlotView } from '../../compiler/explain.ts';
import type { Operation as Described } from '../../compiler/explain.ts';
import type { DType } from '../../compiler/dtype.ts';
import type { ProgramReport } from '../program.ts';

/** An operation of a graph, which is a list in topological order. */
export interface Operation extends Omit<Described, 'inputs'> {
  /** Numbers of operations of the same graph. */
  readonly inputs: readonly number[];
  readonly role: 'input' | 'inner' | 'output';
  /** Numbers of the kernels that compute it; for an input, a constant or a view those that read it. */
  readonly kernels: readonly number[];
  /** True if kernels compute it. */
  readonly computed: boolean;
}

export interface BufferSize {
  readonly dtype: DType;
  readonly length: number;
}

export interface Structure {
  readonly before: readonly Operation[];
  readonly after: readonly Operation[];
  /** By name, those outside of the arena included. */
  readonly buffers: ReadonlyMap<string, BufferSize>;
  readonly slots: readonly SlotView[];
}

type KernelsOf = (name: string) => readonly number[];

/** A graph in which each input stands where it is read first, so that pictures have it near. */
function listed(
  { inputs, operations, outputs }: GraphView,
  computedBy: KernelsOf,
  readBy?: KernelsOf,
): Operation[] {
  const sources = new Map(inputs.map((x) => [x.name, x]));
  const order: Described[] = [];
  for (const x of operations) {
    for (const name of x.inputs) {
      const source = sources.get(name);
      if (source && sources.delete(name)) order.push(source);
    }
    order.push(x);
  }
  order.push(...sources.values());
  const numberOf = new Map(order.map((x, i) => [x.name, i]));
  const isInput = new Set(inputs.map((x) => x.name));
  const isOutput = new Set(outputs);

  const readers = new Map<string, Set<number>>();
  for (const x of [...order].reverse()) {
    const own = computedBy(x.name);
    const kernels = own.length > 0 ? own : [...(readers.get(x.name) ?? [])];
    for (const name of x.inputs) {
      const known = readers.get(name) ?? new Set<number>();
      kernels.forEach((k) => known.add(k));
      readers.set(name, known);
    }
  }
  const ascending = (list: Iterable<number>): number[] => [...new Set(list)].sort((a, b) => a - b);
  return order.map((x): Operation => {
    const own = isInput.has(x.name) ? [] : computedBy(x.name);
    const others = readBy?.(x.name) ?? [...(readers.get(x.name) ?? [])];
    return {
      ...x,
      inputs: x.inputs.map((name) => numberOf.get(name)!),
      role: isInput.has(x.name) ? 'input' : isOutput.has(x.name) ? 'output' : 'inner',
      kernels: ascending(own.length > 0 ? own : others),
      computed: own.length > 0,
    };
  });
}

/** `float32[8, 100]` as the size of a buffer. */
function sizeOf(type: string): BufferSize {
  const [, dtype, shape] = /^(\w+)\[(.*)\]$/.exec(type)!;
  const length = shape === '' ? 1 : shape.split(', ').reduce((n, size) => n * Number(size), 1);
  return { dtype: dtype as DType, length };
}

/** Reads a program's stages; null where it has none (the interpreter works). */
export function structureOf({ stages, kernels }: ProgramReport): Structure | null {
  if (stages === null) return null;
  const { graph, optimized, rewrites, groups, plan } = stages;
  const position = new Map(kernels.map((k, i) => [k.name, i]));
  const own = new Map<string, number>();
  for (const { kernel, members } of groups) for (const m of members) own.set(m, position.get(kernel)!);
  const after = listed(optimized, (name) => (own.has(name) ? [own.get(name)!] : []));

  // an operation before is computed where it is, or where what replaced it is
  const replaced = new Map<string, Set<string>>();
  for (const { before, after: now, added } of rewrites) {
    if (before === null) continue;
    const by = replaced.get(before.name) ?? new Set<string>();
    for (const name of [now, ...added.map((x) => x.name)]) if (name !== before.name) by.add(name);
    replaced.set(before.name, by);
  }
  const computedBy = (name: string): number[] => {
    const found = new Set<number>();
    const seen = new Set<string>();
    const names = [name];
    for (let next = names.pop(); next !== undefined; next = names.pop()) {
      if (seen.has(next)) continue;
      seen.add(next);
      const kernel = own.get(next);
      if (kernel !== undefined) found.add(kernel);
      names.push(...(replaced.get(next) ?? []));
    }
    return [...found];
  };
  const survivors = new Map(after.map((x) => [x.name, x.kernels]));

  const buffers = new Map<string, BufferSize>(plan.slots.map((s) => [s.buffer, s]));
  graph.inputs.forEach(({ type }, i) => {
    if (!buffers.has(`in${i}`)) buffers.set(`in${i}`, sizeOf(type));
  });
  for (const { buffer, of } of plan.aliases) buffers.set(buffer, buffers.get(of)!);
  return {
    before: listed(graph, computedBy, (name) => survivors.get(name) ?? []),
    after,
    buffers,
    slots: plan.slots,
  };
}
