// Blocks: statements under construction. In: what lowering appends. Out: where a value is already known, and how far out an
// expression can be evaluated.

import type { LoopVar } from './affine.ts';
import { someVariable } from './affine.ts';
import type { Expr, NestIndex, Stmt } from './nest.ts';
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
  let local = false;
  const indices: NestIndex[] = [];
  visitExpr(
    e,
    (x) => (local ||= x.tag === 'local'),
    (index) => indices.push(index),
  );
  if (local) return where;
  let home = where;
  const needs = (name: string): boolean => home.vars.has(name);
  while (home.outer && !indices.some((index) => someVariable(index, needs))) home = home.outer;
  return home;
}

/** The value of a member if this block or one around it has it. */
export const find = (b: Block | null, n: Node): Expr | null =>
  b === null ? null : (b.values.get(n) ?? find(b.outer, n));
