// Nests: with which loops a kernel computes. Statements over loop variables, local values and buffers, close to what is
// printed as JavaScript but free of its syntax. Lowering makes them, transformations rewrite them, the plan gives buffers
// places, and the emitter prints them. Here are the types and walks; the printer is printNest.ts, the verifier verify.ts.

import type { DType } from './dtype.ts';
import { substitute } from './affine.ts';
import type { Guard, Index, LoopVar } from './affine.ts';
import type { Origin } from './node.ts';
import type { Primitive } from './scalar.ts';

export type NestIndex = Index<Expr>;
export type NestGuard = Guard<Expr>;

/** A piece of memory that kernels read and write: an input, an output, a temporary, or scratch of one kernel. */
export interface Buffer {
  readonly name: string;
  readonly dtype: DType;
  readonly length: number;
  readonly role: 'input' | 'output' | 'temporary' | 'scratch';
  /** Of which array it is a piece, and from which element on, if it is not a whole one. */
  readonly piece?: { readonly of: Buffer; readonly start: number };
  /** What a source says of it where it begins. */
  readonly note?: string;
}

export type Expr =
  | { readonly tag: 'number'; readonly value: number }
  | { readonly tag: 'local'; readonly name: string }
  | { readonly tag: 'load'; readonly buffer: Buffer; readonly index: NestIndex }
  /** The value of an index, as a number (iota). */
  | { readonly tag: 'index'; readonly index: NestIndex }
  /** `dtype` says how accurate it must be, and how integers wrap. */
  | { readonly tag: 'prim'; readonly prim: Primitive; readonly args: readonly Expr[]; readonly dtype: DType }
  | { readonly tag: 'cast'; readonly dtype: DType; readonly arg: Expr }
  /** The value where all guards hold, else a number; the value is not evaluated there. */
  | {
      readonly tag: 'guarded';
      readonly guards: readonly NestGuard[];
      readonly value: Expr;
      readonly otherwise: number;
    };

export type Load = Extract<Expr, { tag: 'load' }>;

/** What a statement may have: the user's line that it computes. */
interface Located {
  readonly origin?: Origin | null;
}

export type Stmt =
  | {
      readonly tag: 'loop';
      readonly loop: LoopVar;
      readonly body: readonly Stmt[];
      /** The name of the function that the body is printed as (apart.ts); it assigns to nothing outside of itself. */
      readonly apart?: string;
    }
  /** A value that never changes in its scope. */
  | ({ readonly tag: 'let'; readonly name: string; readonly value: Expr } & Located)
  /** A local that `assign` changes: an accumulator. */
  | { readonly tag: 'var'; readonly name: string; readonly value: Expr }
  | ({ readonly tag: 'assign'; readonly name: string; readonly value: Expr } & Located)
  | ({
      readonly tag: 'store';
      readonly buffer: Buffer;
      readonly index: NestIndex;
      readonly value: Expr;
    } & Located)
  /** If both: the two assignments of an arg-reduction happen together. */
  | { readonly tag: 'if'; readonly condition: Expr; readonly body: readonly Stmt[] }
  | Contraction
  | {
      readonly tag: 'routine';
      readonly name: string;
      readonly output: Buffer;
      readonly inputs: readonly Buffer[];
      readonly slot: number;
    }
  | { readonly tag: 'comment'; readonly text: string };

export type Loop = Extract<Stmt, { tag: 'loop' }>;
export type Store = Extract<Stmt, { tag: 'store' }>;
export type Let = Extract<Stmt, { tag: 'let' }>;

/**
 * A contraction not yet given loops: for all `m` and `n` (and the batch loops around it), acc = sum over `k` of a * b, then the
 * epilogue with `acc` bound. `schedule` chooses tiles and packing. a varies with m and k, b with n and k.
 */
export interface Contraction {
  readonly tag: 'contraction';
  readonly m: readonly LoopVar[];
  readonly n: readonly LoopVar[];
  readonly k: readonly LoopVar[];
  readonly a: Expr;
  readonly b: Expr;
  readonly acc: string;
  /** Of the result: integers wrap. */
  readonly dtype: DType;
  readonly epilogue: readonly Stmt[];
}

/** A loop nest with all that it reads and writes; it becomes one function. */
export interface Kernel {
  /** An identifier, unique in its program. */
  readonly name: string;
  readonly body: readonly Stmt[];
  /** One line that says which loops: `rows i<256 · inner c<1000, 3 passes`. */
  readonly summary: string;
  readonly origins: readonly Origin[];
  readonly reads: readonly Buffer[];
  readonly writes: readonly Buffer[];
  readonly scratch: readonly Buffer[];
  /** Arithmetic operations and bytes moved in one run, as the unfused meaning counts them. */
  readonly flops: number;
  readonly bytes: number;
  /** Pieces of arrays that the statements read in place of those; only once the kernel is to be printed. */
  readonly pieces?: readonly Buffer[];
  /** A kernel before it that has the same text but for names, and what becomes of those. */
  readonly like?: { readonly kernel: Kernel; readonly renamed: ReadonlyMap<string, string> };
}

export const num = (value: number): Expr => ({ tag: 'number', value });
export const local = (name: string): Expr => ({ tag: 'local', name });
export const loadOf = (buffer: Buffer, index: NestIndex): Expr => ({ tag: 'load', buffer, index });

/** `list.map(f)`, but the same list if nothing changes: most passes leave most of a nest as it is, and garbage costs time. */
export function mapList<T>(list: readonly T[], f: (x: T) => T): readonly T[] {
  let result: T[] | null = null;
  for (let i = 0; i < list.length; i++) {
    const now = f(list[i]);
    if (result === null && now !== list[i]) result = list.slice(0, i);
    result?.push(now);
  }
  return result ?? list;
}

/** Rebuilds an expression bottom-up; indices with run-time values inside are rebuilt as well. What does not change stays the same object. */
export function mapExpr(e: Expr, f: (e: Expr) => Expr, onIndex?: (i: NestIndex) => NestIndex): Expr {
  switch (e.tag) {
    case 'number':
    case 'local':
      return f(e);
    case 'load':
    case 'index': {
      const index = mapIndex(e.index, f, onIndex);
      return f(index === e.index ? e : { ...e, index });
    }
    case 'prim': {
      const args = mapList(e.args, (a) => mapExpr(a, f, onIndex));
      return f(args === e.args ? e : { ...e, args });
    }
    case 'cast': {
      const arg = mapExpr(e.arg, f, onIndex);
      return f(arg === e.arg ? e : { ...e, arg });
    }
    case 'guarded': {
      const value = mapExpr(e.value, f, onIndex);
      const guards = mapList(e.guards, (g) => {
        const index = mapIndex(g.index, f, onIndex);
        return index === g.index ? g : { ...g, index };
      });
      return f(value === e.value && guards === e.guards ? e : { ...e, guards, value });
    }
  }
}

/** Rebuilds an index: the expressions inside with `f`, then itself. */
export function mapIndex(
  i: NestIndex,
  f: (e: Expr) => Expr,
  onIndex?: (i: NestIndex) => NestIndex,
): NestIndex {
  const terms = mapList(i.terms, (t) => {
    const { atom } = t;
    if (atom.tag === 'var') return t;
    if (atom.tag === 'value') {
      const expr = mapExpr(atom.expr, f, onIndex);
      return expr === atom.expr ? t : { ...t, atom: { ...atom, expr } };
    }
    const of = mapIndex(atom.of, f);
    return of === atom.of ? t : { ...t, atom: { ...atom, of } };
  });
  const mapped = terms === i.terms ? i : { offset: i.offset, terms };
  return onIndex ? onIndex(mapped) : mapped;
}

/** Visits an expression and everything in it, the indices included. Before V8 optimises it, each step of a `for of` makes an object. */
export function visitExpr(
  e: Expr,
  visit: (e: Expr) => void,
  visitIndex: (i: NestIndex) => void = () => {},
): void {
  visit(e);
  switch (e.tag) {
    case 'load':
    case 'index':
      visitIn(e.index, visit, visitIndex);
      break;
    case 'prim':
      for (let i = 0; i < e.args.length; i++) visitExpr(e.args[i], visit, visitIndex);
      break;
    case 'cast':
      visitExpr(e.arg, visit, visitIndex);
      break;
    case 'guarded':
      for (let i = 0; i < e.guards.length; i++) visitIn(e.guards[i].index, visit, visitIndex);
      visitExpr(e.value, visit, visitIndex);
      break;
  }
}

function visitIn(i: NestIndex, visit: (e: Expr) => void, visitIndex: (i: NestIndex) => void): void {
  visitIndex(i);
  for (let t = 0; t < i.terms.length; t++) {
    const { atom } = i.terms[t];
    if (atom.tag === 'value') visitExpr(atom.expr, visit, visitIndex);
    else if (atom.tag !== 'var') visitIn(atom.of, visit, visitIndex);
  }
}

/** Visits the expressions that a statement evaluates itself, with everything in them. */
export function visitOwn(
  s: Stmt,
  visit: (e: Expr) => void,
  visitIndex: (i: NestIndex) => void = () => {},
): void {
  switch (s.tag) {
    case 'let':
    case 'var':
    case 'assign':
      return visitExpr(s.value, visit, visitIndex);
    case 'store':
      visitIn(s.index, visit, visitIndex);
      return visitExpr(s.value, visit, visitIndex);
    case 'if':
      return visitExpr(s.condition, visit, visitIndex);
    case 'contraction':
      visitExpr(s.a, visit, visitIndex);
      return visitExpr(s.b, visit, visitIndex);
    case 'loop':
    case 'routine':
    case 'comment':
      return;
  }
}

/** The expressions that a statement evaluates itself, without those of the statements inside it. */
export function exprsOf(s: Stmt): readonly Expr[] {
  switch (s.tag) {
    case 'let':
    case 'var':
    case 'assign':
      return [s.value];
    case 'store':
      return [{ tag: 'index', index: s.index }, s.value];
    case 'if':
      return [s.condition];
    case 'contraction':
      return [s.a, s.b];
    case 'loop':
    case 'routine':
    case 'comment':
      return [];
  }
}

/** The statements directly inside a statement. */
export const bodyOf = (s: Stmt): readonly Stmt[] =>
  s.tag === 'loop' || s.tag === 'if' ? s.body : s.tag === 'contraction' ? s.epilogue : none;
const none: readonly Stmt[] = [];

/** Visits statements in order, outer before inner. */
export function visitStmts(stmts: readonly Stmt[], visit: (s: Stmt) => void): void {
  for (let i = 0; i < stmts.length; i++) {
    visit(stmts[i]);
    visitStmts(bodyOf(stmts[i]), visit);
  }
}

/** The names that statements assign to and do not define. */
export function assignedOutside(stmts: readonly Stmt[]): ReadonlySet<string> {
  const own = new Set<string>();
  const assigned = new Set<string>();
  visitStmts(stmts, (s) => {
    if (s.tag === 'var') own.add(s.name);
    if (s.tag === 'assign') assigned.add(s.name);
  });
  return new Set([...assigned].filter((name) => !own.has(name)));
}

/** Without the values that only what is gone has used. */
export function withoutUnused(body: readonly Stmt[]): readonly Stmt[] {
  const used = new Set<string>();
  const kept: Stmt[] = [];
  for (const s of [...body].reverse()) {
    if (s.tag === 'let' && !used.has(s.name)) continue;
    kept.push(s);
    visitStmts([s], (x) => visitOwn(x, (y) => y.tag === 'local' && used.add(y.name)));
  }
  return kept.reverse();
}

/** Rebuilds a statement's own expressions and indices, and the statements inside; what does not change stays the same object. */
export function mapStmt(s: Stmt, f: (e: Expr) => Expr, onIndex?: (i: NestIndex) => NestIndex): Stmt {
  const e = (x: Expr): Expr => mapExpr(x, f, onIndex);
  const all = (body: readonly Stmt[]): readonly Stmt[] => mapList(body, (x) => mapStmt(x, f, onIndex));
  switch (s.tag) {
    case 'loop': {
      const body = all(s.body);
      return body === s.body ? s : { ...s, body };
    }
    case 'let':
    case 'var':
    case 'assign': {
      const value = e(s.value);
      return value === s.value ? s : { ...s, value };
    }
    case 'store': {
      const value = e(s.value);
      const index = mapIndex(s.index, f, onIndex);
      return value === s.value && index === s.index ? s : { ...s, index, value };
    }
    case 'if': {
      const condition = e(s.condition);
      const body = all(s.body);
      return condition === s.condition && body === s.body ? s : { ...s, condition, body };
    }
    case 'contraction':
      return { ...s, a: e(s.a), b: e(s.b), epilogue: all(s.epilogue) };
    case 'routine':
    case 'comment':
      return s;
  }
}

/** A statement at other places: loop variables replaced in all its indices. */
export const substituteIn = (s: Stmt, by: (v: LoopVar) => NestIndex | null): Stmt =>
  mapStmt(
    s,
    (e) => e,
    (i) => substitute(i, by),
  );
