// Divisions by what a loop does not change become multiplications by its reciprocal, computed before the loop. In: statements. Out: the
// same in float32: the quotient is computed in doubles, where x * (1 / s) and x / s differ by 1e-16 of it, and rounded to 24 bits when
// it is stored; zeros, infinities and NaN give the same on both sides. float64 keeps its division.

import type { Expr, Stmt } from './nest.ts';
import { bodyOf, local, mapStmt, num, visitStmts } from './nest.ts';
import { everywhere } from './tidy.ts';

export function invertDivisors(stmts: readonly Stmt[], fresh: (base: string) => string): readonly Stmt[] {
  return everywhere(stmts, (body) => {
    /** Reciprocals that earlier statements of this body have computed, by the name of the divisor. */
    const known = new Map<string, string>();
    return body.flatMap((s) => {
      const inverted = s.tag === 'loop' ? invertIn(s, fresh, known) : [s];
      visitStmts([s], (part) => part.tag === 'assign' && known.delete(part.name));
      return inverted;
    });
  });
}

function invertIn(loop: Stmt, fresh: (base: string) => string, known: Map<string, string>): readonly Stmt[] {
  const inside = new Set<string>();
  visitStmts(bodyOf(loop), (s) => {
    if (s.tag === 'let' || s.tag === 'var' || s.tag === 'assign') inside.add(s.name);
  });
  const made: Stmt[] = [];
  const inverseOf = (name: string): string => {
    const earlier = known.get(name);
    if (earlier !== undefined) return earlier;
    const inverse = fresh('inverse');
    known.set(name, inverse);
    const value: Expr = { tag: 'prim', prim: 'div', args: [num(1), local(name)], dtype: 'float64' };
    made.push({ tag: 'let', name: inverse, value });
    return inverse;
  };
  const replaced = mapStmt(loop, (e): Expr => {
    if (e.tag !== 'prim' || e.prim !== 'div' || e.dtype !== 'float32') return e;
    const [x, s] = e.args;
    if (s.tag !== 'local' || inside.has(s.name) || x.tag === 'number') return e;
    return { ...e, prim: 'mul', args: [x, local(inverseOf(s.name))] };
  });
  return [...made, replaced];
}
