// What a block reads more than once, read once. In: statements whose short loops have been written out. Out: the same, where an element that
// several statements of a block read is named before the first of them:
//
//   y[0] = a[0] * b[0] + a[1] * b[2];  y[1] = a[0] * b[1] + a[1] * b[3]
//   becomes    x = a[0];  x2 = a[1];  y[0] = x * b[0] + x2 * b[2];  ...
//
// V8 cannot know that a store leaves other arrays alone, so it would read again what is in a register already.

import type { Buffer, Expr, Let, Load, Stmt } from './nest.ts';
import { bodyOf, local, mapStmt, visitOwn, visitStmts } from './nest.ts';
import { printIndex } from './printNest.ts';
import { everywhere } from './tidy.ts';

/** Names repeated loads, block by block. */
export const nameLoads = (stmts: readonly Stmt[], fresh: (base: string) => string): readonly Stmt[] =>
  everywhere(stmts, (body) => nameIn(body, fresh));

interface Found {
  readonly load: Load;
  mentions: number;
  /** True if some statement reads it in any case: then it exists, and may be read before a test as well. */
  sure: boolean;
}

function nameIn(body: readonly Stmt[], fresh: (base: string) => string): readonly Stmt[] {
  const found = new Map<string, Found>();
  for (const s of body) {
    forOwnLoads(s, (load) => {
      const key = keyOf(load);
      const known = found.get(key);
      if (known) known.mentions++;
      else found.set(key, { load, mentions: 1, sure: false });
    });
    forSureLoads(s, (load) => (found.get(keyOf(load))!.sure = true));
  }
  const written = storedIn(body);
  const lets = new Map<string, Let>();
  for (const [key, { load, mentions, sure }] of found)
    if (mentions > 1 && sure && !written.has(load.buffer))
      lets.set(key, { tag: 'let', name: fresh('x'), value: load });
  if (lets.size === 0) return body;
  const use = (e: Expr): Expr => {
    const named = isPlainLoad(e) ? lets.get(keyOf(e)) : undefined;
    return named ? local(named.name) : e;
  };
  const done = new Set<Let>();
  return body.flatMap((s): readonly Stmt[] => {
    const before: Let[] = [];
    forOwnLoads(s, (load) => {
      const named = lets.get(keyOf(load));
      if (!named || done.has(named)) return;
      done.add(named);
      before.push(named);
    });
    return [...before, bodyOf(s).length > 0 ? s : mapStmt(s, use)];
  });
}

const keyOf = ({ buffer, index }: Load): string => `${buffer.name}[${printIndex(index)}]`;

/** At an index of loop variables alone: what it means does not depend on where in the block it stands. */
const isPlainLoad = (e: Expr): e is Load =>
  e.tag === 'load' && e.index.terms.every((t) => t.atom.tag === 'var');

/** All loads in what a statement evaluates itself. */
function forOwnLoads(s: Stmt, visit: (load: Load) => void): void {
  if (bodyOf(s).length === 0) visitOwn(s, (e) => isPlainLoad(e) && visit(e));
}

/** Those that no test may keep from being read. */
function forSureLoads(s: Stmt, visit: (load: Load) => void): void {
  const look = (e: Expr): void => {
    if (isPlainLoad(e)) visit(e);
    else if (e.tag === 'prim' && e.prim === 'select') look(e.args[0]);
    else if (e.tag === 'prim') e.args.forEach(look);
    else if (e.tag === 'cast') look(e.arg);
  };
  if (s.tag === 'let' || s.tag === 'var' || s.tag === 'assign' || s.tag === 'store') look(s.value);
}

function storedIn(body: readonly Stmt[]): ReadonlySet<Buffer> {
  const stored = new Set<Buffer>();
  visitStmts(body, (s) => {
    if (s.tag === 'store') stored.add(s.buffer);
    if (s.tag === 'routine') stored.add(s.output);
  });
  return stored;
}
