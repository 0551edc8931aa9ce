// Blocks: statements under construction. In: what lowering appends. Out: where a value is already known, and how far out an
// expression can be evaluated.

import type { LoopVar } from './affine.ts';
import { variablesOf } from './affine.ts';
import type { Expr, Stmt } from './nest.ts';
import { visitExpr } from './nest.ts';
import type { Node } from './node.ts';

/** Statements under construction, and the locals that hold members' values and loads there. */
export interface Block {
  readonly stmts: Stmt[];
  readonly values: Map<Node, Expr>;
  readonly loads: Map<string, Expr>;
  readonly outer: Block | null;
  /** The loop variables that are its own: nothing outside of it knows them. */
  readonly vars: ReadonlySet<string>;
  /** Nothing may be named here: the expression is wanted whole (an operand of a contraction). */
  readonly raw: boolean;
}

export const block = (outer: Block | null, vars: Iterable<LoopVar> = [], raw = false): Block => ({
  stmts: [],
  values: new Map(),
  loads: new Map(),
  outer,
  vars: new Set([...vars].map((v) => v.name)),
  raw,
});

/** The outermost block in which an expression can be evaluated: V8 does not move loads out of loops that store. */
export function outermost(e: Expr, where: Block): Block {
  const needs = new Set<string>();
  let local = false;
  visitExpr(
    e,
    (x) => (local ||= x.tag === 'local'),
    (index) => variablesOf(index, needs),
  );
  let home = where;
  while (!local && home.outer && ![...needs].some((name) => home.vars.has(name))) home = home.outer;
  return home;
}

/** The value of a member if this block or one around it has it. */
export const find = (b: Block | null, n: Node): Expr | null =>
  b === null ? null : (b.values.get(n) ?? find(b.outer, n));
