// Nests made readable and cheap. In: a kernel's statements. Out: the same computation with
//   - values used once written where they are used, if nothing is stored in between and the expression stays short;
//   - perfectly nested loops that walk memory evenly joined into one;
//   - short inner loops unrolled, lone sums split over several accumulators;
//   - the part of an index that a loop does not change named before the loop.

import type { LoopVar } from './affine.ts';
import { add, ofAtom, ofVar, rangeOf, strideIn, substitute, variablesOf } from './affine.ts';
import type { Expr, NestGuard, NestIndex, Stmt } from './nest.ts';
import {
  bodyOf,
  exprsOf,
  local,
  mapExpr,
  mapList,
  mapStmt,
  num,
  visitExpr,
  visitOwn,
  visitStmts,
} from './nest.ts';
import { isFloat } from './dtype.ts';
import { limits } from './limits.ts';
import { castNumber, primitives } from './scalar.ts';

const withBody = (s: Stmt, body: readonly Stmt[]): Stmt =>
  s.tag === 'loop' || s.tag === 'if' ? { ...s, body } : s;

/** Applies a pass to every block of statements, innermost first. */
export const everywhere = (
  stmts: readonly Stmt[],
  pass: (stmts: readonly Stmt[]) => readonly Stmt[],
): readonly Stmt[] =>
  pass(
    mapList(stmts, (s) => {
      const body = bodyOf(s);
      const now = body.length > 0 ? everywhere(body, pass) : body;
      return now === body ? s : withBody(s, now);
    }),
  );

// --- inlining ------------------------------------------------------------------------------------------------------------------

function countUses(stmts: readonly Stmt[]): Map<string, number> {
  const uses = new Map<string, number>();
  const count = (x: Expr): void => {
    if (x.tag === 'local') uses.set(x.name, (uses.get(x.name) ?? 0) + 1);
  };
  visitStmts(stmts, (s) => visitOwn(s, count));
  return uses;
}

const sizeOfExpr = (e: Expr): number => {
  let size = 0;
  visitExpr(e, (x) => (size += x.tag === 'prim' || x.tag === 'load' || x.tag === 'guarded' ? 1 : 0));
  return size;
};
const hasLoad = (e: Expr): boolean => {
  let found = false;
  visitExpr(e, (x) => (found ||= x.tag === 'load'));
  return found;
};
const trivial = (e: Expr): boolean => e.tag === 'local' || e.tag === 'number';

/** Longest expression, in operations and loads, that is written in one line. */
const lineLength = 9;

const readsLocal = (e: Expr, name: string): boolean => {
  let found = false;
  visitExpr(e, (x) => (found ||= x.tag === 'local' && x.name === name));
  return found;
};

/** Writes values that are used once, in the same block and before anything they read changes, where they are used. */
export const inlineOnce = (stmts: readonly Stmt[]): readonly Stmt[] => everywhere(stmts, inlineBlock);

function inlineBlock(body: readonly Stmt[]): readonly Stmt[] {
  const uses = countUses(body);
  const pending = new Map<string, Expr>();
  const result: Stmt[] = [];
  const fill = (e: Expr): Expr =>
    mapExpr(e, (x) => {
      const value = x.tag === 'local' ? pending.get(x.name) : undefined;
      if (value === undefined || x.tag !== 'local') return x;
      if (!trivial(value)) pending.delete(x.name);
      return value;
    });
  /** Writes down what may not wait any longer. */
  const flush = (mayWait: (e: Expr) => boolean): void => {
    for (const [name, value] of pending) {
      if (mayWait(value)) continue;
      pending.delete(name);
      result.push({ tag: 'let', name, value });
    }
  };
  for (const s of body) {
    if (s.tag === 'let') {
      const value = fill(s.value);
      if (trivial(value) || (uses.get(s.name) === 1 && sizeOfExpr(value) <= lineLength))
        pending.set(s.name, value);
      else result.push({ ...s, value });
    } else if (bodyOf(s).length > 0) {
      // A loop may run often and change anything: only numbers go in.
      flush((e) => e.tag === 'number');
      result.push(mapStmt(s, (x) => (x.tag === 'local' ? (pending.get(x.name) ?? x) : x)));
    } else {
      const filled = fillStmt(s, fill);
      if (s.tag === 'store') flush((e) => !hasLoad(e));
      if (s.tag === 'assign') flush((e) => !readsLocal(e, s.name));
      result.push(filled);
    }
  }
  // What is still pending has been written where it is used, or is used nowhere.
  return result.filter((s) => !(s.tag === 'let' && (uses.get(s.name) ?? 0) === 0));
}

function fillStmt(s: Stmt, fill: (e: Expr) => Expr): Stmt {
  switch (s.tag) {
    case 'let':
    case 'var':
    case 'assign':
      return { ...s, value: fill(s.value) };
    case 'store':
      return { ...mapStmt({ ...s, value: num(0) }, fill), value: fill(s.value) } as Stmt;
    default:
      return s;
  }
}

// --- what is known by now ------------------------------------------------------------------------------------------------------------------

/** Drops tests that always hold now that loops have been cut or unrolled, and reads that never happen; computes with numbers. */
export const settleKnown = (stmts: readonly Stmt[]): readonly Stmt[] => stmts.map((s) => mapStmt(s, settle));

function settle(e: Expr): Expr {
  if (e.tag === 'index' && e.index.terms.length === 0) return num(e.index.offset);
  if (e.tag === 'prim') {
    const [first] = e.args;
    if (e.prim === 'select' && first.tag === 'number') return first.value !== 0 ? e.args[1] : e.args[2];
    const values = e.args.map((a) => (a.tag === 'number' ? a.value : null));
    if (values.some((v) => v === null)) return e;
    return num(
      castNumber(isFloat(e.dtype) ? 'float64' : e.dtype, primitives[e.prim].meaning(...(values as number[]))),
    );
  }
  if (e.tag !== 'guarded') return e;
  const open: NestGuard[] = [];
  for (const g of e.guards) {
    const { min, max } = rangeOf(g.index);
    const fixed = g.index.terms.length === 0;
    if (max < g.lo || min >= g.hi || (fixed && min % g.divides !== 0)) return num(e.otherwise);
    if (min < g.lo || max >= g.hi || (g.divides > 1 && !fixed)) open.push(g);
  }
  return open.length === 0 ? e.value : { ...e, guards: open };
}

// --- joining loops -------------------------------------------------------------------------------------------------------------

/** for i < m { for j < n { body } } becomes for ij < m*n where all indices move by n times j's stride along i. */
export function joinLoops(stmts: readonly Stmt[]): readonly Stmt[] {
  return everywhere(stmts, (body) => body.map((s) => joinOne(s)));
}

function joinOne(s: Stmt): Stmt {
  if (s.tag !== 'loop' || s.loop.step !== undefined || s.body.length !== 1) return s;
  const inner = s.body[0];
  if (inner.tag !== 'loop' || inner.loop.step !== undefined) return s;
  const [i, j] = [s.loop, inner.loop];
  let even = true;
  const check = (index: NestIndex): void => {
    const [a, b] = [strideIn(index, i.name), strideIn(index, j.name)];
    if (a === null || b === null || a !== b * j.extent) even = false;
  };
  visitStmts(inner.body, (x) => visitOwn(x, () => {}, check));
  visitStmts(inner.body, (x) => x.tag === 'contraction' && (even = false));
  if (!even) return s;
  const joined: LoopVar = { tag: 'var', name: j.name, extent: i.extent * j.extent };
  const by = (v: LoopVar): NestIndex | null =>
    v.name === i.name ? { offset: 0, terms: [] } : v.name === j.name ? ofAtom(joined) : null;
  return {
    tag: 'loop',
    loop: joined,
    body: inner.body.map((x) =>
      mapStmt(
        x,
        (e) => e,
        (index) => substitute(index, by),
      ),
    ),
  };
}

// --- unrolling -----------------------------------------------------------------------------------------------------------------

/** Renames what a block defines, so that several copies can stand side by side. */
function renamed(body: readonly Stmt[], suffix: string): Stmt[] {
  const names = new Map<string, string>();
  visitStmts(body, (s) => {
    if (s.tag === 'let' || s.tag === 'var') names.set(s.name, `${s.name}_${suffix}`);
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

const countStmts = (stmts: readonly Stmt[]): number => {
  let count = 0;
  visitStmts(stmts, (s) => (count += exprsOf(s).reduce((n, e) => n + sizeOfExpr(e), 1)));
  return count;
};

/** Unrolls innermost loops that are short and small. */
export function unrollShort(stmts: readonly Stmt[]): readonly Stmt[] {
  return everywhere(stmts, (body) =>
    body.flatMap((s): readonly Stmt[] => {
      if (s.tag !== 'loop' || s.loop.step !== undefined || s.loop.extent > limits.unroll) return [s];
      if (s.body.some((x) => x.tag === 'loop') || countStmts(s.body) * s.loop.extent > limits.unrolledSize)
        return [s];
      const copies: Stmt[] = [];
      for (let at = 0; at < s.loop.extent; at++) {
        const by = (v: LoopVar): NestIndex | null =>
          v.name === s.loop.name ? { offset: at, terms: [] } : null;
        copies.push(
          ...renamed(s.body, String(at)).map((x) =>
            mapStmt(
              x,
              (e) => e,
              (index) => substitute(index, by),
            ),
          ),
        );
      }
      return copies;
    }),
  );
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
  if (at < 0 || readsLocal(args[1 - at], s.name) || sizeOfExpr(args[1 - at]) > 4) return null;
  return { acc: s.name, prim, start: starts[prim], term: args[1 - at] };
}

/**
 * A loop that only accumulates is a chain of operations each of which waits for the one before: several accumulators break it.
 * For max and min the order does not matter, NaN included; sums are in doubles, where it hardly does.
 */
export function splitSums(stmts: readonly Stmt[]): readonly Stmt[] {
  return everywhere(stmts, (body) =>
    body.flatMap((s) => (s.tag === 'loop' ? splitLoop(s.loop, s.body, s) : [s])),
  );
}

function splitLoop(loop: LoopVar, body: readonly Stmt[], whole: Stmt): readonly Stmt[] {
  const n = limits.accumulators;
  if (loop.step !== undefined || loop.extent < 8 * n || countStmts(body) > limits.splitSize) return [whole];
  const sums = body.filter((s) => s.tag !== 'let');
  const chains = sums.map(chainOf);
  if (chains.length === 0 || chains.length > 2 || !chains.every((c) => c !== null)) return [whole];
  // A short loop that was unrolled inside adds to one accumulator several times.
  const distinct = chains.filter((c, i) => chains.findIndex((d) => d.acc === c.acc) === i);
  const readsOther = (e: Expr): boolean => distinct.some((c) => readsLocal(e, c.acc));
  if (chains.some((c) => readsOther(c.term)) || body.some((s) => s.tag === 'let' && readsOther(s.value)))
    return [whole];
  const main = loop.extent - (loop.extent % n);
  const v: LoopVar = { ...loop, extent: main, step: n };
  const nameOf = (acc: string, k: number): string => (k === 0 ? acc : `${acc}_${k}`);
  const combined = ({ prim }: Chain, a: Expr, b: Expr): Expr => ({
    tag: 'prim',
    prim,
    args: [a, b],
    dtype: 'float64',
  });
  /** The body at an index, for accumulator k; `copy` names its values. */
  const stepAt = (copy: number, k: number, index: NestIndex): readonly Stmt[] =>
    (copy === 0 ? body : renamed(body, String(copy))).map((s) => {
      const at = mapStmt(
        s,
        (e) => e,
        (i) => substitute(i, (x) => (x.name === loop.name ? index : null)),
      );
      const c = chainOf(at);
      if (c === null) return at;
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

// --- hoisting ------------------------------------------------------------------------------------------------------------------

/** Names what a loop does not change in the indices of its body. */
export function hoistBases(stmts: readonly Stmt[], fresh: (base: string) => string): readonly Stmt[] {
  const walk = (body: readonly Stmt[], outer: ReadonlySet<string>): readonly Stmt[] => {
    const bases: { readonly index: NestIndex; readonly v: LoopVar }[] = [];
    return body.flatMap((s): readonly Stmt[] => {
      if (bodyOf(s).length === 0) return [s];
      const inner = new Set(outer);
      if (s.tag === 'loop') inner.add(s.loop.name);
      if (s.tag !== 'loop') return [withBody(s, walk(bodyOf(s), inner))];
      const before = bases.length;
      const hoist = (index: NestIndex): NestIndex => {
        if (outer.size === 0) return index;
        const fixed = index.terms.filter((t) => t.atom.tag !== 'value' && isFixed(t.atom, outer));
        const moving = index.terms.filter((t) => !fixed.includes(t));
        if (
          moving.length === 0 ||
          fixed.length === 0 ||
          (fixed.length === 1 && fixed[0].coef === 1 && fixed[0].atom.tag === 'var')
        )
          return index;
        const part: NestIndex = { offset: 0, terms: fixed };
        const range = rangeOf(part);
        // A variable counts from 0: what may be negative would lose its range, and with it the guards that need it.
        if (range.min < 0) return index;
        let known = bases.find((b) => sameTerms(b.index, part));
        if (!known)
          bases.push((known = { index: part, v: { tag: 'var', name: fresh('base'), extent: 2 ** 31 } }));
        // Keeps the range of the part, so that later checks still see it.
        return add(ofAtom({ ...known.v, extent: range.max + 1 }), { offset: index.offset, terms: moving });
      };
      const replaced = s.body.map((x) => mapStmt(x, (e) => e, hoist));
      const next: Stmt = { ...s, body: replaced };
      const lets = bases
        .slice(before)
        .map((b): Stmt => ({ tag: 'let', name: b.v.name, value: { tag: 'index', index: b.index } }));
      const names = new Set([...inner, ...bases.map((b) => b.v.name)]);
      return [...lets, withBody(next, walk(next.body, names))];
    });
  };
  return walk(stmts, new Set());
}

const isFixed = (atom: NestIndex['terms'][number]['atom'], outer: ReadonlySet<string>): boolean =>
  [...variablesOf({ offset: 0, terms: [{ atom, coef: 1 }] })].every((name) => outer.has(name));

const sameTerms = (a: NestIndex, b: NestIndex): boolean =>
  a.terms.length === b.terms.length &&
  a.terms.every((t) =>
    b.terms.some((u) => u.coef === t.coef && JSON.stringify(u.atom) === JSON.stringify(t.atom)),
  );
