// Divisions by what a loop does not change become multiplications by its reciprocal, computed before the loop. In: statements. Out: the
// same in float32: the quotient is computed in doubles, where x * (1 / s) and x / s differ by 1e-16 of it, and rounded to 24 bits when
// it is stored; zeros, infinities and NaN give the same on both sides. float64 keeps its division.

import type { Expr, Stmt } from './nest.ts';
import { bodyOf, local, mapStmt, num, visitStmts } from './nest.ts';
import { everywhere } from './tidy.ts';

export function invertDivisors(stmts: readonly Stmt[], fresh: (base: string) => string): readonly Stmt[] {
  return everywhere(stmts, (body) => body.flatMap((s) => (s.tag === 'loop' ? invertIn(s, fresh) : [s])));
}

function invertIn(loop: Stmt, fresh: (base: string) => string): readonly Stmt[] {
  const inside = new Set<string>();
  visitStmts(bodyOf(loop), (s) => {
    if (s.tag === 'let' || s.tag === 'var' || s.tag === 'assign') inside.add(s.name);
  });
  const inverses = new Map<string, string>();
  const replaced = mapStmt(loop, (e): Expr => {
    if (e.tag !== 'prim' || e.prim !== 'div' || e.dtype !== 'float32') return e;
    const [x, s] = e.args;
    if (s.tag !== 'local' || inside.has(s.name) || x.tag === 'number') return e;
    const known = inverses.get(s.name) ?? fresh('inverse');
    inverses.set(s.name, known);
    return { ...e, prim: 'mul', args: [x, local(known)] };
  });
  if (inverses.size === 0) return [loop];
  return [
    ...[...inverses].map(([name, inverse]): Stmt => ({
      tag: 'let',
      name: inverse,
      value: { tag: 'prim', prim: 'div', args: [num(1), local(name)], dtype: 'float64' },
    })),
    replaced,
  ];
}
