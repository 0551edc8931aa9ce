// What is known by now. In: statements whose loops have been cut or unrolled. Out: the same without tests that always hold, without reads
// that never happen, and with the arithmetic of numbers done.

import { rangeOf } from './affine.ts';
import { isFloat } from './dtype.ts';
import type { Expr, NestGuard, Stmt } from './nest.ts';
import { mapStmt, num } from './nest.ts';
import { castNumber, primitives } from './scalar.ts';
import { everywhere } from './tidy.ts';

/** Drops tests that always hold now that loops have been cut or unrolled, and reads that never happen; computes with numbers. */
export const settleKnown = (stmts: readonly Stmt[]): readonly Stmt[] =>
  everywhere(
    stmts.map((s) => mapStmt(s, settle)),
    withoutIfs,
  );

/** Statements without the tests whose answer is a number. */
const withoutIfs = (stmts: readonly Stmt[]): readonly Stmt[] =>
  stmts.some((s) => s.tag === 'if' && s.condition.tag === 'number')
    ? stmts.flatMap((s) =>
        s.tag === 'if' && s.condition.tag === 'number' ? (s.condition.value !== 0 ? s.body : []) : [s],
      )
    : stmts;

/** One step: an expression whose operands are settled. */
export function settle(e: Expr): Expr {
  if (e.tag === 'index' && e.index.terms.length === 0) return num(e.index.offset);
  if (e.tag === 'prim') {
    const [first] = e.args;
    if (e.prim === 'select' && first.tag === 'number') return first.value !== 0 ? e.args[1] : e.args[2];
    const bounds = boundsOf(e);
    if (bounds) {
      const { min, max } = rangeOf(bounds.index);
      if (min >= bounds.lo && max < bounds.hi) return num(1);
      if (max < bounds.lo || min >= bounds.hi) return num(0);
    }
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

/** A comparison of an index with a whole number as the guard that it is: lo <= index < hi. */
export function boundsOf(e: Expr): NestGuard | null {
  if (e.tag !== 'prim') return null;
  const [a, b] = e.args;
  if (a?.tag !== 'index' || b?.tag !== 'number' || !Number.isInteger(b.value)) return null;
  const between = (lo: number, hi: number): NestGuard => ({ index: a.index, lo, hi, divides: 1 });
  switch (e.prim) {
    case 'lt':
      return between(-Infinity, b.value);
    case 'le':
      return between(-Infinity, b.value + 1);
    case 'ge':
      return between(b.value, Infinity);
    case 'gt':
      return between(b.value + 1, Infinity);
    default:
      return null;
  }
}
