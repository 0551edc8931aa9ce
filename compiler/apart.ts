// Rows as functions. In: the statements of a scheduled kernel. Out: the same, where a loop whose body holds several loops is marked to be
// printed as a function of its own, called once per iteration.
//
// V8 replaces a long-running loop by optimised code while it runs, and such code is compiled for the loop that happened to be hot; the
// loops beside it stay slow in it for thousands of calls. A function that is entered often is compiled as a whole: the four passes
// of a layer norm and its gradients over 1024 rows took 6.1 ms in one function and 3.8 as one function per row.
//
// A function cannot assign to the locals of its caller, and a double that is handed over is an object to V8: what a row changes outside of
// itself, and the values that it has from there, become elements of scratch.

import { indexOf } from './affine.ts';
import { limits } from './limits.ts';
import type { Buffer, Loop, Stmt } from './nest.ts';
import { assignedOutside, bodyOf, loadOf, mapStmt, visitOwn, visitStmts } from './nest.ts';

export interface ApartOptions {
  /** A name for the function of a loop. */
  readonly name: () => string;
  readonly scratch: (base: string, dtype: 'float64', length: number) => Buffer;
}

/** Marks the loops of a kernel that are worth it. */
export function setApart(stmts: readonly Stmt[], options: ApartOptions): readonly Stmt[] {
  const outer = new Map<string, Buffer>();
  const values = new Set<string>();
  visitStmts(stmts, (s) => s.tag === 'let' && s.value.tag !== 'index' && values.add(s.name));
  const marked = stmts.map((s) => markIn(s, options, outer, values));
  return outer.size === 0 ? marked : marked.map((s) => inCells(s, outer));
}

/** Marks the loop that holds several, down a chain of loops that hold one; notes what it assigns outside of itself. */
function markIn(
  s: Stmt,
  options: ApartOptions,
  outer: Map<string, Buffer>,
  values: ReadonlySet<string>,
): Stmt {
  if (s.tag !== 'loop') return s;
  const inner = s.body.filter((x) => x.tag === 'loop');
  if (inner.length === 1) return { ...s, body: s.body.map((x) => markIn(x, options, outer, values)) };
  const row = inner.reduce((n, l) => n + iterations(l), 0);
  if (inner.length === 0 || row < limits.apartRow || iterations(s) < limits.apartFrom) return s;
  for (const name of sharedWith(s, values))
    if (!outer.has(name)) outer.set(name, options.scratch(name, 'float64', 1));
  return { ...s, apart: options.name() };
}

/** Names from outside that a loop assigns, and those of the values that it reads. */
function sharedWith({ body }: Loop, values: ReadonlySet<string>): ReadonlySet<string> {
  const own = new Set<string>();
  const shared = new Set(assignedOutside(body));
  visitStmts(body, (s) => s.tag === 'let' && own.add(s.name));
  visitStmts(body, (s) =>
    visitOwn(s, (e) => e.tag === 'local' && values.has(e.name) && !own.has(e.name) && shared.add(e.name)),
  );
  return shared;
}

/** How many loops follow one another in a row; 0 where there are no rows. */
export function passesOf(stmts: readonly Stmt[]): number {
  for (const s of stmts) {
    if (s.tag !== 'loop') continue;
    const inner = s.body.filter((x) => x.tag === 'loop').length;
    const passes = inner > 1 ? inner : passesOf(s.body);
    if (passes > 0) return passes;
  }
  return 0;
}

const iterations = ({ loop, body }: Loop): number =>
  (loop.extent / (loop.step ?? 1)) *
  Math.max(
    1,
    body.reduce((n, s) => n + (s.tag === 'loop' ? iterations(s) : 0), 0),
  );

/** Variables and values as elements of scratch. */
function inCells(s: Stmt, cells: ReadonlyMap<string, Buffer>): Stmt {
  const read = mapStmt(s, (e) => {
    const cell = e.tag === 'local' ? cells.get(e.name) : undefined;
    return cell ? loadOf(cell, indexOf(0)) : e;
  });
  const write = (x: Stmt): Stmt => {
    const cell = 'name' in x ? cells.get(x.name) : undefined;
    if (cell && (x.tag === 'let' || x.tag === 'var' || x.tag === 'assign'))
      return { tag: 'store', buffer: cell, index: indexOf(0), value: x.value };
    return x.tag === 'loop' || x.tag === 'if' ? { ...x, body: bodyOf(x).map(write) } : x;
  };
  return write(read);
}
