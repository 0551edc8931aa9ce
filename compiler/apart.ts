// Rows as functions. In: the statements of a scheduled kernel. Out: the same, where a loop whose body holds several loops is marked to be
// printed as a function of its own, called once per iteration.
//
// V8 replaces a long-running loop by optimised code while it runs, and such code is compiled for the loop that happened to be hot; the
// loops beside it stay slow in it for thousands of calls. A function that is entered often is compiled as a whole: the four passes
// of a layer norm and its gradients over 1024 rows took 6.1 ms in one function and 3.8 as one function per row.
//
// A function cannot assign to the locals of its caller: what a row changes outside of itself becomes an element of scratch.

import { indexOf } from './affine.ts';
import { limits } from './limits.ts';
import type { Buffer, Stmt } from './nest.ts';
import { assignedOutside, bodyOf, loadOf, mapStmt } from './nest.ts';

type Loop = Extract<Stmt, { tag: 'loop' }>;

export interface ApartOptions {
  /** A name for the function of a loop. */
  readonly name: () => string;
  readonly scratch: (base: string, dtype: 'float64', length: number) => Buffer;
}

/** Marks the loops of a kernel that are worth it. */
export function setApart(stmts: readonly Stmt[], options: ApartOptions): readonly Stmt[] {
  const outer = new Map<string, Buffer>();
  const marked = stmts.map((s) => markIn(s, options, outer));
  return outer.size === 0 ? marked : marked.map((s) => inCells(s, outer));
}

/** Marks the loop that holds several, down a chain of loops that hold one; notes what it assigns outside of itself. */
function markIn(s: Stmt, options: ApartOptions, outer: Map<string, Buffer>): Stmt {
  if (s.tag !== 'loop') return s;
  const inner = s.body.filter((x) => x.tag === 'loop');
  if (inner.length === 1) return { ...s, body: s.body.map((x) => markIn(x, options, outer)) };
  if (inner.length === 0 || inner.reduce((n, l) => n + iterations(l), 0) < limits.apartFrom) return s;
  for (const name of assignedOutside(s.body)) outer.set(name, options.scratch(name, 'float64', 1));
  return { ...s, apart: options.name() };
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

/** Variables as elements of scratch. */
function inCells(s: Stmt, cells: ReadonlyMap<string, Buffer>): Stmt {
  const read = mapStmt(s, (e) => {
    const cell = e.tag === 'local' ? cells.get(e.name) : undefined;
    return cell ? loadOf(cell, indexOf(0)) : e;
  });
  const write = (x: Stmt): Stmt => {
    const cell = x.tag === 'var' || x.tag === 'assign' ? cells.get(x.name) : undefined;
    if (cell && (x.tag === 'var' || x.tag === 'assign'))
      return { tag: 'store', buffer: cell, index: indexOf(0), value: x.value };
    return x.tag === 'loop' || x.tag === 'if' ? { ...x, body: bodyOf(x).map(write) } : x;
  };
  return write(read);
}
