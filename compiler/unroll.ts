// Copies of a loop's body. In: statements. Out: short inner loops written out, and lone sums split over several accumulators, so that
// one addition need not wait for the one before.

import type { LoopVar } from './affine.ts';
import { add, indexOf, ofVar } from './affine.ts';
import { limits } from './limits.ts';
import type { Buffer, Expr, Loop, NestIndex, Stmt } from './nest.ts';
import {
  bodyOf,
  local,
  mapList,
  mapStmt,
  num,
  substituteIn,
  visitExpr,
  visitOwn,
  visitStmts,
} from './nest.ts';
import { primitives } from './scalar.ts';
import { everywhere, readsLocal, sizeOfStmts, withBody } from './tidy.ts';

/** Renames what a block defines, so that several copies can stand side by side. */
export function renamed(body: readonly Stmt[], nameOf: (name: string) => string): Stmt[] {
  const names = new Map<string, string>();
  visitStmts(body, (s) => {
    if (s.tag === 'let' || s.tag === 'var') names.set(s.name, nameOf(s.name));
  });
  const rename = (s: Stmt): Stmt => {
    const t =
      s.tag === 'let' || s.tag === 'var' || s.tag === 'assign'
        ? { ...s, name: names.get(s.name) ?? s.name }
        : s;
    return bodyOf(t).length > 0 ? withBody(t, bodyOf(t).map(rename)) : t;
  };
  return body.map((s) =>
    rename(mapStmt(s, (e) => (e.tag === 'local' ? local(names.get(e.name) ?? e.name) : e))),
  );
}

interface UnrollLimits {
  readonly iterations: number;
  readonly operations: number;
}

/**
 * Unrolls innermost loops that are short and small: within other loops of so many iterations at most, and so many operations in all of them.
 * What runs once gains nothing from it.
 */
export function unrollShort(stmts: readonly Stmt[], within: UnrollLimits = limits.unrolled): readonly Stmt[] {
  const staying = sumsInMemory(stmts);
  const isShort = (s: Stmt, { iterations, operations }: UnrollLimits): s is Loop =>
    s.tag === 'loop' &&
    s.loop.step === undefined &&
    s.loop.extent <= iterations &&
    !s.body.some((x) => x.tag === 'loop' || (x.tag === 'store' && staying.has(x.buffer))) &&
    sizeOfStmts(s.body) * s.loop.extent <= operations &&
    storesIn(s.body) * s.loop.extent <= limits.unrolledStores &&
    callsIn(s.body) * s.loop.extent <= limits.unrolledCalls;
  const unroll = (body: readonly Stmt[], most: UnrollLimits): readonly Stmt[] => {
    const inner = mapList(body, (s) => {
      const now = unroll(bodyOf(s), s.tag === 'loop' ? within : most);
      return now === bodyOf(s) ? s : withBody(s, now);
    });
    return inner.some((s) => isShort(s, most))
      ? inner.flatMap((s) => (isShort(s, most) ? widened(s.loop, s.body, s.loop.extent) : [s]))
      : inner;
  };
  return unroll(stmts, limits.unrolledSparingly);
}

/** Arrays to which a loop adds: a sum per column. Only few of them fit in registers. */
function sumsInMemory(stmts: readonly Stmt[]): ReadonlySet<Buffer> {
  const sums = new Set<Buffer>();
  visitStmts(stmts, (s) => {
    if (s.tag !== 'store' || s.buffer.role !== 'scratch' || s.buffer.length <= limits.localColumns) return;
    visitExpr(s.value, (e) => e.tag === 'load' && e.buffer === s.buffer && sums.add(e.buffer));
  });
  return sums;
}

function storesIn(stmts: readonly Stmt[]): number {
  let stores = 0;
  visitStmts(stmts, (s) => void (s.tag === 'store' && stores++));
  return stores;
}

/** Functions that V8 has to write out, or to call. */
export function callsIn(stmts: readonly Stmt[]): number {
  let calls = 0;
  visitStmts(stmts, (s) =>
    visitOwn(s, (e) => e.tag === 'prim' && primitives[e.prim].cost >= limits.keepFrom && calls++),
  );
  return calls;
}

/** What a name is called in a copy of a body. */
type Naming = (name: string, copy: number) => string;
export const numbered: Naming = (name, copy) => `${name}_${copy}`;

/** The body of a loop for one index; `nameOf` names what it defines. */
export const copyAt = (
  loop: LoopVar,
  body: readonly Stmt[],
  index: NestIndex,
  nameOf: (name: string) => string,
): readonly Stmt[] =>
  renamed(body, nameOf).map((s) => substituteIn(s, (v) => (v.name === loop.name ? index : null)));

/** A loop that does `count` iterations at once, and after it those that are left; without a loop if it would run once or never. */
export function widened(
  loop: LoopVar,
  body: readonly Stmt[],
  count: number,
  naming: Naming = numbered,
): readonly Stmt[] {
  const copies = (from: NestIndex, first: number, n: number): readonly Stmt[] =>
    Array.from({ length: n }, (_, k) =>
      copyAt(loop, body, add(from, indexOf(k)), (name) => naming(name, first + k)),
    ).flat();
  if (loop.extent < 2 * count || loop.extent === 0) return copies(indexOf(0), 0, loop.extent);
  const left = loop.extent % count;
  const wide: LoopVar = { ...loop, extent: loop.extent - left, step: count };
  return [
    { tag: 'loop', loop: wide, body: copies(ofVar(wide), 0, count) },
    ...copies(indexOf(wide.extent), count, left),
  ];
}

/** An accumulation `acc = op(acc, term)`, with what `op` starts from. */
interface Chain {
  readonly acc: string;
  readonly prim: 'add' | 'max' | 'min';
  readonly start: number;
  readonly term: Expr;
}

const starts = { add: 0, max: -Infinity, min: Infinity } as const;

function chainOf(s: Stmt): Chain | null {
  if (s.tag !== 'assign' || s.value.tag !== 'prim') return null;
  const { prim, args } = s.value;
  if (prim !== 'add' && prim !== 'max' && prim !== 'min') return null;
  const at = args.findIndex((a) => a.tag === 'local' && a.name === s.name);
  if (at < 0 || readsLocal(args[1 - at], s.name)) return null;
  return { acc: s.name, prim, start: starts[prim], term: args[1 - at] };
}

/**
 * A loop that only accumulates is a chain of operations each of which waits for the one before: several accumulators break it.
 * For max and min the order does not matter, NaN included; sums are in doubles, where it hardly does.
 */
export function splitSums(stmts: readonly Stmt[]): readonly Stmt[] {
  const used = new Map<string, number>();
  return everywhere(stmts, (body) =>
    body.some((s) => s.tag === 'loop')
      ? body.flatMap((s) => (s.tag === 'loop' ? splitLoop(s.loop, s.body, s, used) : [s]))
      : body,
  );
}

/** `used`: how many accumulators a sum has had so far, for a loop that was cut leaves several that add to one. */
function splitLoop(
  loop: LoopVar,
  body: readonly Stmt[],
  whole: Stmt,
  used: Map<string, number>,
): readonly Stmt[] {
  if (loop.step !== undefined || !body.every((s) => s.tag === 'let' || s.tag === 'assign')) return [whole];
  if (sizeOfStmts(body) > limits.splitSize) return [whole];
  const sums = body.filter((s) => s.tag !== 'let');
  const chains = sums.map(chainOf);
  if (chains.length === 0 || chains.length > 2 || !chains.every((c) => c !== null)) return [whole];
  // A short loop that was unrolled inside adds to one accumulator several times.
  const distinct = chains.filter((c, i) => chains.findIndex((d) => d.acc === c.acc) === i);
  const n = limits.accumulators / distinct.length;
  if (loop.extent < 8 * n) return [whole];
  const readsOther = (e: Expr): boolean => distinct.some((c) => readsLocal(e, c.acc));
  if (chains.some((c) => readsOther(c.term)) || body.some((s) => s.tag === 'let' && readsOther(s.value)))
    return [whole];
  const main = loop.extent - (loop.extent % n);
  const v: LoopVar = { ...loop, extent: main, step: n };
  const before = new Map(distinct.map((c) => [c.acc, used.get(c.acc) ?? 0]));
  for (const { acc } of distinct) used.set(acc, (used.get(acc) ?? 0) + n - 1);
  const nameOf = (acc: string, k: number): string =>
    k === 0 ? acc : `${acc}_${(before.get(acc) as number) + k}`;
  const combined = ({ prim }: Chain, a: Expr, b: Expr): Expr => ({
    tag: 'prim',
    prim,
    args: [a, b],
    dtype: 'float64',
  });
  /** The body at an index, for accumulator k; `copy` names its values. */
  const stepAt = (copy: number, k: number, index: NestIndex): readonly Stmt[] =>
    copyAt(loop, body, index, (name) => (copy === 0 ? name : numbered(name, copy))).map((s) => {
      const c = chainOf(s);
      if (c === null) return s;
      const acc = nameOf(c.acc, k);
      const [a, b] = c.prim === 'add' ? [local(acc), c.term] : [c.term, local(acc)];
      return { tag: 'assign', name: acc, value: combined(c, a, b) };
    });
  const lanes = Array.from({ length: n }, (_, k) => k);
  return [
    ...distinct.flatMap((c) =>
      lanes.slice(1).map((k): Stmt => ({ tag: 'var', name: nameOf(c.acc, k), value: num(c.start) })),
    ),
    {
      tag: 'loop',
      loop: v,
      body: lanes.flatMap((k) => stepAt(k, k, add(ofVar(v), { offset: k, terms: [] }))),
    },
    ...Array.from({ length: loop.extent - main }, (_, k) =>
      stepAt(n + k, 0, { offset: main + k, terms: [] }),
    ).flat(),
    ...distinct.map((c): Stmt => {
      const total = lanes
        .slice(1)
        .reduce<Expr>((sum, k) => combined(c, sum, local(nameOf(c.acc, k))), local(c.acc));
      return { tag: 'assign', name: c.acc, value: total };
    }),
  ];
}
