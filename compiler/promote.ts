// Small scratch as local variables. In: the statements of a kernel and its scratch. Out: the same, where an array of a few elements, each of
// which is read and written at places known by now, is one local per element, and no scratch:
//
//   for i < n: row[0] = exp(x[i, 0]) ... ; y[i, 0] = row[0] * inverse
//   becomes    for i < n: row_0 = exp(x[i, 0]) ... ; y[i, 0] = row_0 * inverse
//
// Short loops have been written out before. V8 keeps a local in a register; an element it loads again after every store to any array.

import { limits } from './limits.ts';
import type { Buffer, Expr, Stmt, Store } from './nest.ts';
import { bodyOf, local, mapStmt, num, visitOwn, visitStmts } from './nest.ts';
import { withBody } from './tidy.ts';

export interface Promoted {
  readonly body: readonly Stmt[];
  readonly scratch: readonly Buffer[];
}

/** Replaces all scratch that can be; `fresh` makes names. */
export function promoteScratch(
  stmts: readonly Stmt[],
  scratch: readonly Buffer[],
  fresh: (base: string) => string,
): Promoted {
  const small = scratch.filter((b) => b.length <= limits.unrolled.iterations);
  const found = small.length === 0 ? new Set<Buffer>() : withFixedPlaces(stmts, small);
  let body = stmts;
  for (const buffer of found)
    for (let at = 0; at < buffer.length; at++) body = promote(body, { buffer, at }, fresh);
  return { body, scratch: scratch.filter((b) => !found.has(b)) };
}

/** Those of the buffers all of whose accesses are at constant indices. */
function withFixedPlaces(stmts: readonly Stmt[], buffers: readonly Buffer[]): ReadonlySet<Buffer> {
  const fixed = new Set(buffers);
  visitStmts(stmts, (s) => {
    if (s.tag === 'routine') [s.output, ...s.inputs].forEach((b) => fixed.delete(b));
    if (s.tag === 'store' && s.index.terms.length > 0) fixed.delete(s.buffer);
    visitOwn(s, (e) => e.tag === 'load' && e.index.terms.length > 0 && fixed.delete(e.buffer));
  });
  return fixed;
}

interface Element {
  readonly buffer: Buffer;
  readonly at: number;
}

const isStoreTo = (s: Stmt, { buffer, at }: Element): s is Store =>
  s.tag === 'store' && s.buffer === buffer && s.index.offset === at;
const isLoadOf = (e: Expr, { buffer, at }: Element): boolean =>
  e.tag === 'load' && e.buffer === buffer && e.index.offset === at;

function touches(s: Stmt, element: Element): boolean {
  let found = false;
  visitStmts([s], (x) => {
    found ||= isStoreTo(x, element);
    visitOwn(x, (e) => (found ||= isLoadOf(e, element)));
  });
  return found;
}

/** Declares one element in the innermost block that holds all of its life, and uses the local there. */
function promote(stmts: readonly Stmt[], element: Element, fresh: (base: string) => string): readonly Stmt[] {
  const using = stmts.filter((s) => touches(s, element));
  if (using.length === 0) return stmts;
  const [first] = using;
  const inside = using.length === 1 && bodyOf(first).length > 0 ? bodyOf(first) : null;
  // what one iteration leaves to the next lives outside of the loop
  const writesFirst = inside?.find((s) => touches(s, element));
  if (inside && writesFirst && isFreshStore(writesFirst, element))
    return stmts.map((s) => (s === first ? withBody(s, promote(inside, element, fresh)) : s));
  const name = fresh(`${element.buffer.name}_${element.at}`);
  const named = stmts.map((s) => useLocal(s, element, name));
  const at = stmts.indexOf(first);
  if (!isFreshStore(first, element))
    return [...named.slice(0, at), { tag: 'var', name, value: num(0) }, ...named.slice(at)];
  const { value, origin } = first;
  const rounded = roundedTo(element, value);
  const once = !using.slice(1).some((s) => writes(s, element));
  const declared: Stmt = once
    ? { tag: 'let', name, value: rounded, origin }
    : { tag: 'var', name, value: rounded };
  return named.map((s, i) => (i === at ? declared : s));
}

const isFreshStore = (s: Stmt, element: Element): s is Store => {
  if (!isStoreTo(s, element)) return false;
  let reads = false;
  visitOwn(s, (e) => (reads ||= isLoadOf(e, element)));
  return !reads;
};

function writes(s: Stmt, element: Element): boolean {
  let found = false;
  visitStmts([s], (x) => (found ||= isStoreTo(x, element)));
  return found;
}

/** A value as the array would have kept it. */
const roundedTo = ({ buffer: { dtype } }: Element, value: Expr): Expr =>
  dtype === 'float32' ? { tag: 'cast', dtype, arg: value } : value;

/** A statement with the local in place of the element. */
function useLocal(s: Stmt, element: Element, name: string): Stmt {
  const read = mapStmt(s, (e) => (isLoadOf(e, element) ? local(name) : e));
  const write = (x: Stmt): Stmt => {
    if (isStoreTo(x, element))
      return { tag: 'assign', name, value: roundedTo(element, x.value), origin: x.origin };
    return bodyOf(x).length > 0 ? withBody(x, bodyOf(x).map(write)) : x;
  };
  return write(read);
}
