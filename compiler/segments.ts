// Loops cut where their tests change. In: statements. Out: where a loop holds reads that exist only for some of its iterations (pieces laid
// side by side, padding), one loop per segment of iterations for which all these tests have one answer, without the tests:
//
//   for i < 7: y[i] = (i < 4 ? a[i] : 0) + (i >= 4 ? b[i - 4] : 0)
//   becomes    for i < 4: y[i] = a[i] + 0    and    for i < 3: y[4 + i] = b[i] + 0
//
// The gradient of a sequence read step by step is a sum of as many padded pieces: with tests, each element costs all of them.

import type { LoopVar } from './affine.ts';
import { add, indexOf, ofVar, substitute } from './affine.ts';
import { limits } from './limits.ts';
import type { Expr, Loop, NestGuard, NestIndex, Stmt } from './nest.ts';
import { mapExpr, mapIndex, mapList, mapStmt, num, visitOwn, visitStmts } from './nest.ts';
import { boundsOf, settle } from './settle.ts';
import { sizeOfStmts } from './tidy.ts';
import { renamed } from './unroll.ts';

/** Cuts the loops among the statements and inside of them, outermost first. */
export function cutLoops(stmts: readonly Stmt[], fresh: (base: string) => string): readonly Stmt[] {
  return stmts.flatMap((s): readonly Stmt[] => {
    if (s.tag === 'if') return [{ ...s, body: cutLoops(s.body, fresh) }];
    if (s.tag !== 'loop') return [s];
    const cut = segmentsOf(s, fresh);
    return cut ? cutLoops(cut, fresh) : [{ ...s, body: cutLoops(s.body, fresh) }];
  });
}

/** The loops that replace one, or null. */
function segmentsOf(s: Loop, fresh: (base: string) => string): readonly Stmt[] | null {
  const { loop } = s;
  if (loop.step !== undefined) return null;
  const { guards, cuts } = cutsOf(s);
  const starts = [...cuts].sort((a, b) => a - b);
  if (starts.length < 2 || starts.length * guards > limits.segmentTests) return null;
  const before = sizeOfStmts(s.body);
  const segments = starts.map((from, k) => {
    const length = (starts[k + 1] ?? loop.extent) - from;
    const v: LoopVar = { ...loop, extent: length };
    const at: NestIndex = length === 1 ? indexOf(from) : add(ofVar(v), indexOf(from));
    const left = simplified(s.body, {
      moved: (i) => substitute(i, (x) => (x.name === loop.name ? at : null)),
      answer: (g) => (isTestOf(loop, g) ? holdsAt(g, from) : null),
    });
    const body = k === 0 ? left : renamed(left, fresh);
    return length === 1 ? body : [{ ...s, loop: v, body }];
  });
  const after = segments.reduce((sum, stmts) => sum + sizeOfStmts(stmts), 0);
  return after <= Math.max(limits.segmentGrowth * before, limits.segmentSize) ? segments.flat() : null;
}

/** Where tests of the loop's variable alone change their answer, and how many tests there are. */
function cutsOf({ loop, body }: Loop): { readonly guards: number; readonly cuts: ReadonlySet<number> } {
  const cuts = new Set([0]);
  let guards = 0;
  const note = (guard: NestGuard): void => {
    if (!isTestOf(loop, guard)) return;
    const { index, lo, hi } = guard;
    guards++;
    // lo <= offset + v < hi, or with -v: offset - hi < v <= offset - lo
    const edges =
      index.terms[0].coef === 1
        ? [lo - index.offset, hi - index.offset]
        : [index.offset - hi + 1, index.offset - lo + 1];
    for (const edge of edges) if (edge > 0 && edge < loop.extent) cuts.add(edge);
  };
  const look = (e: Expr): void => {
    if (e.tag === 'guarded') e.guards.forEach(note);
    const bounds = boundsOf(e);
    if (bounds) note(bounds);
  };
  visitStmts(body, (s) => visitOwn(s, look));
  return { guards, cuts };
}

/** True if a test has one answer in each segment of a loop: it looks at the loop's variable alone. */
function isTestOf(loop: LoopVar, { index: { terms }, divides }: NestGuard): boolean {
  if (terms.length !== 1 || divides !== 1) return false;
  const { atom, coef } = terms[0];
  return atom.tag === 'var' && atom.name === loop.name && (coef === 1 || coef === -1);
}

/** The answer of such a test where the variable has a value. */
function holdsAt({ index: { offset, terms }, lo, hi }: NestGuard, value: number): boolean {
  const at = offset + terms[0].coef * value;
  return lo <= at && at < hi;
}

/** What is known in a segment. */
interface Segment {
  /** An index where the segment lies. */
  readonly moved: (i: NestIndex) => NestIndex;
  /** The answer of a test that has one in all of the segment. */
  readonly answer: (g: NestGuard) => boolean | null;
}

/**
 * Statements at other indices, with all tests decided that can be, and without the values that have become numbers. What a test keeps from
 * being read is not looked at: of the many pieces of a sequence, a segment has one.
 */
function simplified(
  stmts: readonly Stmt[],
  segment: Segment,
  outer: ReadonlyMap<string, Expr> = new Map(),
): readonly Stmt[] {
  const { moved, answer } = segment;
  const known = new Map(outer);
  const valueOf = (e: Expr): Expr => (e.tag === 'local' ? (known.get(e.name) ?? e) : e);
  const decide = (e: Expr): Expr => {
    const value = valueOf(e);
    return value.tag === 'number' || value.tag === 'local' ? value : withoutZeros(settle(e), valueOf);
  };
  const here = (e: Expr): Expr => {
    switch (e.tag) {
      case 'guarded': {
        if (e.guards.some((g) => answer(g) === false)) return num(e.otherwise);
        const open = e.guards.filter((g) => answer(g) === null);
        if (open.length === 0) return here(e.value);
        const guards = open.map((g) => ({ ...g, index: mapIndex(g.index, decide, moved) }));
        const tested = settle({ ...e, guards, value: unread });
        if (tested.tag === 'number') return tested;
        const value = here(e.value);
        return tested.tag === 'guarded' ? { ...tested, value } : value;
      }
      case 'prim': {
        const bounds = boundsOf(e);
        const holds = bounds && answer(bounds);
        if (holds !== null) return num(holds ? 1 : 0);
        const args = mapList(e.args, here);
        return decide(args === e.args ? e : { ...e, args });
      }
      case 'cast': {
        const arg = here(e.arg);
        return decide(arg === e.arg ? e : { ...e, arg });
      }
      default:
        return mapExpr(e, decide, moved);
    }
  };
  return stmts.flatMap((s): readonly Stmt[] => {
    switch (s.tag) {
      case 'let': {
        const value = here(s.value);
        known.set(s.name, value);
        return value.tag === 'number' || value.tag === 'local' ? [] : [{ ...s, value }];
      }
      case 'var':
      case 'assign':
        return [{ ...s, value: here(s.value) }];
      case 'store':
        return [{ ...s, index: mapIndex(s.index, decide, moved), value: here(s.value) }];
      case 'loop':
        return [{ ...s, body: simplified(s.body, segment, known) }];
      case 'if':
        return [{ ...s, condition: here(s.condition), body: simplified(s.body, segment, known) }];
      default:
        return [mapStmt(s, decide, moved)];
    }
  });
}

/** Stands for what a test may keep from being read. */
const unread: Expr = { tag: 'local', name: '' };

/** (x + 0) + 0 is x + 0, though x + 0 is not x: it makes 0 of -0. */
function withoutZeros(e: Expr, valueOf: (e: Expr) => Expr): Expr {
  if (e.tag !== 'prim' || e.prim !== 'add') return e;
  const [a, b] = isZero(e.args[0]) ? [e.args[1], e.args[0]] : e.args;
  return isZero(b) && addsZero(valueOf(a)) ? a : { ...e, args: [a, b] };
}
const isZero = (e: Expr): boolean => e.tag === 'number' && Object.is(e.value, 0);
const addsZero = (e: Expr): boolean => e.tag === 'prim' && e.prim === 'add' && e.args.some(isZero);
