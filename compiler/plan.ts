// The plan of a program: in which order its kernels run, and where in memory everything lies. In: scheduled kernels, the
// buffers, and which outputs must end in the memory of an input (tensors updated in place). Out: an order, offsets in one arena,
// and aliases. Temporaries share memory by liveness; a result takes the place of an operand that dies in the same kernel
// where every element is read before it is written.

import { sameIndex } from './affine.ts';
import { dtypes } from './dtype.ts';
import { InternalError } from './errors.ts';
import type { Buffer, Kernel, NestIndex, Stmt } from './nest.ts';
import { bodyOf, visitOwn } from './nest.ts';

export interface Slot {
  readonly buffer: Buffer;
  readonly offset: number;
  readonly bytes: number;
  /** First and last kernel, by position in the order. */
  readonly from: number;
  readonly to: number;
}

export interface Plan {
  readonly kernels: readonly Kernel[];
  /** Buffers that live in the arena. Staged inputs, outputs, temporaries and scratch. */
  readonly slots: readonly Slot[];
  /** Buffers that are another buffer's memory. */
  readonly aliases: ReadonlyMap<Buffer, Buffer>;
  /** Copied at the end of a run, because writing in place was not possible. */
  readonly copies: readonly { readonly from: Buffer; readonly to: Buffer }[];
  readonly arenaBytes: number;
  /** The most that is live at once, for comparison. */
  readonly peakBytes: number;
}

export interface PlanRequest {
  readonly kernels: readonly Kernel[];
  /** Each kernel as it was lowered: loops are cut up later, but the order of loads and stores of one element stays. */
  readonly nestOf: (kernel: Kernel) => Kernel;
  readonly inputs: readonly Buffer[];
  readonly outputs: readonly Buffer[];
  /** Inputs whose memory is not ours: they need no slot. */
  readonly external: ReadonlySet<Buffer>;
  /** Outputs that must end in the memory of an input. */
  readonly writeBack: ReadonlyMap<Buffer, Buffer>;
}

const align = (bytes: number): number => Math.ceil(bytes / 64) * 64;
const bytesOf = (b: Buffer): number => align(Math.max(1, b.length) * dtypes[b.dtype].bytes);

interface Access {
  readonly path: string;
  readonly order: number;
  readonly index: NestIndex;
}

interface Accesses {
  readonly loads: Access[];
  readonly stores: Access[];
  /** A routine takes the buffer as a whole. */
  opaque: boolean;
}

/** All loads and stores of a kernel by buffer, with the block they stand in and their order. */
export function accessesOf(kernel: Kernel): ReadonlyMap<Buffer, Accesses> {
  const found = new Map<Buffer, Accesses>();
  const of = (b: Buffer): Accesses => {
    let accesses = found.get(b);
    if (!accesses) found.set(b, (accesses = { loads: [], stores: [], opaque: false }));
    return accesses;
  };
  let order = 0;
  const walk = (stmts: readonly Stmt[], path: string): void => {
    stmts.forEach((s, i) => {
      order++;
      const at = order;
      const inner = bodyOf(s).length > 0 ? `${path}/${i}` : path;
      if (s.tag === 'routine') for (const b of [s.output, ...s.inputs]) of(b).opaque = true;
      visitOwn(s, (x) => x.tag === 'load' && of(x.buffer).loads.push({ path, order: at, index: x.index }));
      if (s.tag === 'store') of(s.buffer).stores.push({ path, order: at, index: s.index });
      walk(bodyOf(s), inner);
    });
  };
  walk(kernel.body, '');
  return found;
}

const sameTerms = (a: NestIndex, b: NestIndex): boolean =>
  sameIndex({ offset: 0, terms: a.terms }, { offset: 0, terms: b.terms });

/**
 * True if, in a kernel of these accesses, `write` may use the memory of `read`: each element is read before it is overwritten, and not
 * after.
 */
export function safeInPlace(accesses: ReadonlyMap<Buffer, Accesses>, read: Buffer, write: Buffer): boolean {
  const [from, to] = [accesses.get(read), accesses.get(write)];
  if (from?.opaque || to?.opaque) return false;
  // What a kernel stores it may read again in a later pass; then old and new would be confused only if `read` is loaded there too.
  return (from?.loads ?? []).every((l) =>
    (to?.stores ?? []).every((s) => {
      if (l.path !== s.path || !sameTerms(l.index, s.index)) return false;
      if (l.index.offset === s.index.offset) return l.order <= s.order;
      const smallest = Math.min(Infinity, ...l.index.terms.map((t) => Math.abs(t.coef)));
      return Math.abs(l.index.offset - s.index.offset) < smallest;
    }),
  );
}

/** Kernels in an order in which writers in place come after all other readers of the old value; null if there is none. */
function order(kernels: readonly Kernel[], inPlace: ReadonlyMap<Buffer, Buffer>): Kernel[] | null {
  const writer = new Map<Buffer, Kernel>();
  for (const k of kernels) k.writes.forEach((b) => writer.set(b, k));
  const after = new Map(kernels.map((k) => [k, new Set<Kernel>()]));
  for (const k of kernels)
    for (const b of k.reads) {
      const w = writer.get(b);
      if (w && w !== k) after.get(k)?.add(w);
    }
  for (const [output, input] of inPlace) {
    const w = writer.get(output);
    if (!w) continue;
    for (const k of kernels) if (k !== w && k.reads.includes(input)) after.get(w)?.add(k);
  }
  const done = new Set<Kernel>();
  const result: Kernel[] = [];
  let waiting = [...kernels];
  while (waiting.length > 0) {
    const later: Kernel[] = [];
    for (const k of waiting) {
      if ([...(after.get(k) as Set<Kernel>)].every((x) => done.has(x))) {
        done.add(k);
        result.push(k);
      } else later.push(k);
    }
    if (later.length === waiting.length) return null;
    waiting = later;
  }
  return result;
}

export function plan(request: PlanRequest): Plan {
  const { inputs, outputs, external, nestOf } = request;
  const known = new Map<Kernel, ReadonlyMap<Buffer, Accesses>>();
  const inPlace = (k: Kernel, read: Buffer, write: Buffer): boolean => {
    const accesses = known.get(k) ?? accessesOf(nestOf(k));
    known.set(k, accesses);
    return safeInPlace(accesses, read, write);
  };
  // 1. Which outputs can be written where they must end.
  const writerOf = new Map(request.kernels.flatMap((k) => k.writes.map((b) => [b, k] as const)));
  const possible = [...request.writeBack].filter(([output, input]) => {
    const w = writerOf.get(output);
    return w !== undefined && (!w.reads.includes(input) || inPlace(w, input, output));
  });
  const aliases = new Map<Buffer, Buffer>(possible);
  let kernels = order(request.kernels, aliases);
  if (!kernels) {
    // not all together: one after the other, as far as it goes
    aliases.clear();
    kernels = order(request.kernels, aliases);
    if (!kernels) throw new InternalError('plan: the kernels form a cycle');
    for (const [output, input] of possible) {
      const trial = order(request.kernels, new Map([...aliases, [output, input]]));
      if (!trial) continue;
      aliases.set(output, input);
      kernels = trial;
    }
  }
  const copies = [...request.writeBack].flatMap(([from, to]) => (aliases.has(from) ? [] : [{ from, to }]));

  // 2. Lifetimes.
  const from = new Map<Buffer, number>();
  const to = new Map<Buffer, number>();
  const end = kernels.length;
  kernels.forEach((k, t) => {
    for (const b of [...k.reads, ...k.writes, ...k.scratch]) {
      if (!from.has(b)) from.set(b, t);
      to.set(b, t);
    }
  });
  for (const b of inputs) {
    from.set(b, -1);
    to.set(b, end);
  }
  for (const b of outputs) {
    to.set(b, end);
    if (!from.has(b)) from.set(b, end);
  }

  // 3. Places: first fit in a list of free ranges, in the order of first use.
  const slots: Slot[] = [];
  const free: { offset: number; bytes: number }[] = [];
  let top = 0;
  let live = 0;
  let peak = 0;
  const release = (offset: number, bytes: number): void => {
    live -= bytes;
    free.push({ offset, bytes });
    free.sort((a, b) => a.offset - b.offset);
    for (let i = free.length - 1; i > 0; i--)
      if (free[i - 1].offset + free[i - 1].bytes === free[i].offset) {
        free[i - 1].bytes += free[i].bytes;
        free.splice(i, 1);
      }
  };
  const take = (bytes: number): number => {
    live += bytes;
    peak = Math.max(peak, live);
    let best = -1;
    for (let i = 0; i < free.length; i++)
      if (free[i].bytes >= bytes && (best < 0 || free[i].bytes < free[best].bytes)) best = i;
    if (best >= 0) {
      const { offset } = free[best];
      free[best].offset += bytes;
      free[best].bytes -= bytes;
      if (free[best].bytes === 0) free.splice(best, 1);
      return offset;
    }
    const last = free[free.length - 1];
    if (last && last.offset + last.bytes === top) {
      free.pop();
      const { offset } = last;
      top = offset + bytes;
      return offset;
    }
    const offset = top;
    top += bytes;
    return offset;
  };
  const ending = new Map<number, Slot[]>();
  const occupied = new Map<Buffer, Slot>();
  const settle = (buffer: Buffer, offset: number, bytes: number, first: number): void => {
    const slot: Slot = { buffer, offset, bytes, from: first, to: to.get(buffer) as number };
    slots.push(slot);
    occupied.set(buffer, slot);
    const list = ending.get(slot.to);
    if (list) list.push(slot);
    else ending.set(slot.to, [slot]);
  };
  for (const b of inputs) if (!external.has(b)) settle(b, take(bytesOf(b)), bytesOf(b), -1);
  kernels.forEach((k, t) => {
    const dying = (ending.get(t) ?? []).filter((s) => k.reads.includes(s.buffer));
    for (const b of [...k.writes, ...k.scratch]) {
      if (aliases.has(b) || occupied.has(b)) continue;
      const bytes = bytesOf(b);
      const at = dying.findIndex(
        (s) => s.bytes === bytes && s.buffer.dtype === b.dtype && inPlace(k, s.buffer, b),
      );
      if (at >= 0 && b.role !== 'scratch') {
        const [slot] = dying.splice(at, 1);
        ending.set(
          t,
          (ending.get(t) as Slot[]).filter((s) => s !== slot),
        );
        settle(b, slot.offset, bytes, t);
      } else settle(b, take(bytes), bytes, t);
    }
    for (const slot of ending.get(t) ?? []) release(slot.offset, slot.bytes);
  });
  for (const b of outputs)
    if (!occupied.has(b) && !aliases.has(b) && !inputs.includes(b))
      settle(b, take(bytesOf(b)), bytesOf(b), end);
  const result: Plan = { kernels, slots, aliases, copies, arenaBytes: top, peakBytes: peak };
  verifyPlan(result);
  return result;
}

/** Throws if two buffers that are live together overlap (except where one takes over from the other in one kernel). */
export function verifyPlan(p: Plan): void {
  const sorted = [...p.slots].sort((a, b) => a.offset - b.offset);
  for (let i = 0; i < sorted.length; i++)
    for (let j = i + 1; j < sorted.length && sorted[j].offset < sorted[i].offset + sorted[i].bytes; j++) {
      const [a, b] = [sorted[i], sorted[j]];
      if (a.from < b.to && b.from < a.to)
        throw new InternalError(`plan: ${a.buffer.name} and ${b.buffer.name} overlap\n${printPlan(p)}`);
    }
}

export function printPlan(p: Plan): string {
  const lines = p.kernels.map(
    (k, t) =>
      `${t}: ${k.name}   ${k.reads.map((b) => b.name).join(' ')} -> ${k.writes.map((b) => b.name).join(' ')}`,
  );
  const slots = p.slots.map(
    (s) =>
      `${s.buffer.name}: ${s.buffer.dtype} x ${s.buffer.length} at ${s.offset}, live ${s.from < 0 ? 'from the start' : s.from} to ${s.to}`,
  );
  const aliases = [...p.aliases].map(([a, b]) => `${a.name}: in the memory of ${b.name}`);
  const copies = p.copies.map((c) => `${c.to.name}: copied from ${c.from.name} at the end`);
  return [
    ...lines,
    ...slots,
    ...aliases,
    ...copies,
    `arena: ${p.arenaBytes} bytes, most live at once ${p.peakBytes}`,
  ].join('\n');
}
