// Nests made readable and cheap. In: a kernel's statements. Out: the same computation with
//   - values used once written where they are used, if nothing is stored in between and the expression stays short;
//   - perfectly nested loops that walk memory evenly joined into one;
//   - the part of an index that a loop does not change named before the loop.

import type { LoopVar } from './affine.ts';
import { add, ofAtom, rangeOf, sameAtom, someVariable, strideIn } from './affine.ts';
import type { Expr, NestIndex, Stmt } from './nest.ts';
import {
  bodyOf,
  exprsOf,
  mapExpr,
  mapList,
  mapStmt,
  num,
  substituteIn,
  visitExpr,
  visitOwn,
  visitStmts,
} from './nest.ts';

export const withBody = (s: Stmt, body: readonly Stmt[]): Stmt =>
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

export const sizeOfExpr = (e: Expr): number => {
  let size = 0;
  visitExpr(e, (x) => (size += x.tag === 'prim' || x.tag === 'load' || x.tag === 'guarded' ? 1 : 0));
  return size;
};
/** Operations and reads of statements, with those inside of them; each statement counts as one more. */
export function sizeOfStmts(stmts: readonly Stmt[]): number {
  let size = 0;
  visitStmts(stmts, (s) => (size += exprsOf(s).reduce((n, e) => n + sizeOfExpr(e), 1)));
  return size;
}
const hasLoad = (e: Expr): boolean => {
  let found = false;
  visitExpr(e, (x) => (found ||= x.tag === 'load'));
  return found;
};
const trivial = (e: Expr): boolean => e.tag === 'local' || e.tag === 'number';

/** Longest expression, in operations and loads, that is written in one line. */
const lineLength = 9;

export const readsLocal = (e: Expr, name: string): boolean => {
  let found = false;
  visitExpr(e, (x) => (found ||= x.tag === 'local' && x.name === name));
  return found;
};

/** Variables that are assigned at once begin with that value. */
export const beginAtOnce = (stmts: readonly Stmt[]): readonly Stmt[] =>
  everywhere(stmts, (body) => {
    const result: Stmt[] = [];
    for (const s of body) {
      const before = result.at(-1);
      const begins = s.tag === 'assign' && before?.tag === 'var' && before.name === s.name;
      if (begins && !readsLocal(s.value, s.name)) result[result.length - 1] = { ...before, value: s.value };
      else result.push(s);
    }
    return result.length === body.length ? body : result;
  });

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
      const put = (x: Expr): Expr => (x.tag === 'local' ? (pending.get(x.name) ?? x) : x);
      result.push(pending.size === 0 ? s : mapStmt(s, put));
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

// --- joining loops -------------------------------------------------------------------------------------------------------------

/** for i < m { for j < n { body } } becomes for ij < m*n where all indices move by n times j's stride along i. */
export function joinLoops(stmts: readonly Stmt[]): readonly Stmt[] {
  return everywhere(stmts, (body) => mapList(body, joinOne));
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
    body: inner.body.map((x) => substituteIn(x, by)),
  };
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
        const fixed = index.terms.filter((t) => isFixed(t.atom, outer));
        if (fixed.length === 0 || fixed.length === index.terms.length) return index;
        if (fixed.length === 1 && fixed[0].coef === 1 && fixed[0].atom.tag === 'var') return index;
        const moving = index.terms.filter((t) => !fixed.includes(t));
        const part: NestIndex = { offset: 0, terms: fixed };
        const { min, max } = rangeOf(part);
        let known = bases.find((b) => sameTerms(b.index, part));
        if (!known)
          bases.push((known = { index: part, v: { tag: 'var', name: fresh('base'), extent: 2 ** 31 } }));
        // Keeps the range of the part, so that later checks still see it. A variable counts from 0: what may be negative is named with so much more.
        const more = Math.min(min, 0);
        return add(ofAtom({ ...known.v, extent: max - more + 1 }), {
          offset: index.offset + more,
          terms: moving,
        });
      };
      const replaced = s.body.map((x) => mapStmt(x, (e) => e, hoist));
      const next: Stmt = { ...s, body: replaced };
      const lets = bases.slice(before).map((b): Stmt => {
        const index = { offset: -Math.min(rangeOf(b.index).min, 0), terms: b.index.terms };
        return { tag: 'let', name: b.v.name, value: { tag: 'index', index } };
      });
      const names = new Set([...inner, ...bases.map((b) => b.v.name)]);
      return [...lets, withBody(next, walk(next.body, names))];
    });
  };
  return walk(stmts, new Set());
}

const isFixed = (atom: NestIndex['terms'][number]['atom'], outer: ReadonlySet<string>): boolean =>
  atom.tag !== 'value' && !someVariable(ofAtom(atom), (name) => !outer.has(name));

const sameTerms = (a: NestIndex, b: NestIndex): boolean =>
  a.terms.length === b.terms.length &&
  a.terms.every((t) => b.terms.some((u) => u.coef === t.coef && sameAtom(u.atom, t.atom)));
