// Sums that are the same sum. In: statements. Out: where a loop adds the same term to two accumulators that start alike, one is left. The
// graph cannot know: a mean that keeps its axis and a mean that drops it are different values there, but not in a loop.

import type { Stmt } from './nest.ts';
import { bodyOf, local, mapStmt, visitStmts } from './nest.ts';
import { printExpr } from './printNest.ts';

/** Leaves one of equal accumulators in every block. */
export function joinEqualSums(stmts: readonly Stmt[]): readonly Stmt[] {
  let block = stmts.map((s) =>
    s.tag === 'loop' && s.body.some((x) => x.tag === 'loop') ? { ...s, body: joinEqualSums(s.body) } : s,
  );
  for (const [name, same] of equalIn(block)) block = replaced(block, name, same);
  return block;
}

/** Accumulators of a block with another that is always equal. */
function equalIn(block: readonly Stmt[]): ReadonlyMap<string, string> {
  const opened = new Map(
    block.flatMap((s) => (s.tag === 'var' ? [[s.name, printExpr(s.value)] as const] : [])),
  );
  const assigned = new Map<string, number>();
  visitStmts(block, (s) => {
    if (s.tag === 'assign') assigned.set(s.name, (assigned.get(s.name) ?? 0) + 1);
  });
  const equal = new Map<string, string>();
  for (const loop of block) {
    if (loop.tag !== 'loop') continue;
    const known = new Map<string, string>();
    for (const s of loop.body) {
      if (s.tag !== 'assign' || !opened.has(s.name) || assigned.get(s.name) !== 1) continue;
      if (s.value.tag !== 'prim' || !s.value.args.some((a) => a.tag === 'local' && a.name === s.name))
        continue;
      const { prim, dtype, args } = s.value;
      const term = args.map((a) => (a.tag === 'local' && a.name === s.name ? 'self' : printExpr(a)));
      const key = `${opened.get(s.name)} ${prim} ${dtype} ${term.join()}`;
      const first = known.get(key);
      if (first === undefined) known.set(key, s.name);
      else equal.set(s.name, first);
    }
  }
  return equal;
}

function replaced(block: readonly Stmt[], name: string, by: string): Stmt[] {
  const without = (stmts: readonly Stmt[]): Stmt[] =>
    stmts.flatMap((s): readonly Stmt[] => {
      if ((s.tag === 'var' || s.tag === 'assign') && s.name === name) return [];
      return s.tag === 'loop' || s.tag === 'if' ? [{ ...s, body: without(bodyOf(s)) }] : [s];
    });
  return without(block).map((s) => mapStmt(s, (e) => (e.tag === 'local' && e.name === name ? local(by) : e)));
}
