// Sums that take in one term. In: statements. Out: where a loop over j adds `j == v ? f(j) : 0` and v is an integer that the loop does not
// change, f(v) is added once before the loop instead, if v is in its range:
//
//   for j < n: sum := add(sum, select(eq(j, v), f(j), 0))   becomes   if 0 <= v < n: sum := add(sum, f(v))
//
// A loss of classes is such a sum over one-hot masks: written so, it shares the loops of the softmax, and costs nothing there.

import { ofAtom, substitute, variablesOf } from './affine.ts';
import { isInteger } from './dtype.ts';
import { limits } from './limits.ts';
import type { Expr, Loop, Stmt } from './nest.ts';
import { mapExpr, num, visitExpr, visitOwn, visitStmts, withoutUnused } from './nest.ts';

type Assign = Extract<Stmt, { tag: 'assign' }>;
/** The values of names. */
type Known = ReadonlyMap<string, Expr>;

/** Rewrites the loops among the statements and inside them. */
export function pickTerms(stmts: readonly Stmt[], outside: Known = new Map()): readonly Stmt[] {
  const known = new Map(outside);
  return stmts.flatMap((s): readonly Stmt[] => {
    if (s.tag === 'let') known.set(s.name, s.value);
    if (s.tag === 'if') return [{ ...s, body: pickTerms(s.body, known) }];
    return s.tag === 'loop' ? pickFrom({ ...s, body: pickTerms(s.body, known) }, known) : [s];
  });
}

function pickFrom(loop: Loop, outside: Known): readonly Stmt[] {
  if (!loop.body.some(chooses)) return [loop];
  const scene = sceneOf(loop);
  const picked: Stmt[] = [];
  const body = loop.body.filter((s) => {
    const term = s.tag === 'assign' ? pickedTerm(s, loop, scene, outside) : null;
    if (term !== null) picked.push(term);
    return term === null;
  });
  if (picked.length === 0) return [loop];
  const left = withoutUnused(body);
  return left.length > 0 ? [...picked, { ...loop, body: left }] : picked;
}

/** True if a statement may hold what is looked for. */
const chooses = (s: Stmt): boolean =>
  (s.tag === 'let' || s.tag === 'assign') &&
  s.value.tag === 'prim' &&
  (s.value.prim === 'select' || s.value.args.some((a) => a.tag === 'prim' && a.prim === 'select'));

/** What a loop defines and changes. */
interface Scene {
  readonly values: Known;
  /** Names that do not exist, or have another value, before the loop. */
  readonly changing: ReadonlySet<string>;
  readonly assigned: ReadonlyMap<string, number>;
  readonly read: ReadonlyMap<string, number>;
  readonly stored: ReadonlySet<string>;
}

function sceneOf(loop: Loop): Scene {
  const values = new Map<string, Expr>();
  for (const s of loop.body) if (s.tag === 'let') values.set(s.name, s.value);
  const changing = new Set<string>();
  const assigned = new Map<string, number>();
  const read = new Map<string, number>();
  const stored = new Set<string>();
  const count = (counts: Map<string, number>, name: string): Map<string, number> =>
    counts.set(name, (counts.get(name) ?? 0) + 1);
  visitStmts(loop.body, (s) => {
    if (s.tag === 'let' || s.tag === 'var' || s.tag === 'assign') changing.add(s.name);
    if (s.tag === 'loop') changing.add(s.loop.name);
    if (s.tag === 'contraction') changing.add(s.acc);
    if (s.tag === 'assign') count(assigned, s.name);
    if (s.tag === 'store') stored.add(s.buffer.name);
    if (s.tag === 'routine') stored.add(s.output.name);
    visitOwn(s, (x) => x.tag === 'local' && count(read, x.name));
  });
  return { values, changing, assigned, read, stored };
}

/** The statement that replaces an assignment in the loop, or null. */
function pickedTerm(s: Assign, loop: Loop, scene: Scene, outside: Known): Stmt | null {
  if (loop.loop.step !== undefined || s.value.tag !== 'prim' || s.value.prim !== 'add') return null;
  const self = s.value.args.findIndex((a) => a.tag === 'local' && a.name === s.name);
  if (self < 0 || scene.assigned.get(s.name) !== 1 || scene.read.get(s.name) !== 1) return null;
  const term = opened(s.value.args[1 - self], scene);
  if (term?.tag !== 'prim' || term.prim !== 'select') return null;
  const [condition, value, otherwise] = term.args;
  if (condition.tag !== 'prim' || condition.prim !== 'eq') return null;
  if (otherwise.tag !== 'number' || otherwise.value !== 0) return null;
  const [at] = condition.args.filter((a) => !isCounter(a, loop));
  if (at === undefined || !condition.args.some((a) => isCounter(a, loop))) return null;
  if (!isWhole(at, outside) || !isFixed(at, scene) || runsOver(at, loop) || !isFixed(value, scene))
    return null;
  const { extent, name } = loop.loop;
  const index = ofAtom<Expr>({ tag: 'value', expr: at, extent });
  const picked = mapExpr(
    value,
    (e) => e,
    (i) => substitute(i, (v) => (v.name === name ? index : null)),
  );
  const compare = (prim: 'ge' | 'lt', bound: number): Expr => ({
    tag: 'prim',
    prim,
    args: [at, num(bound)],
    dtype: 'int32',
  });
  return {
    tag: 'if',
    condition: { tag: 'prim', prim: 'and', args: [compare('ge', 0), compare('lt', extent)], dtype: 'bool' },
    body: [{ ...s, value: { ...s.value, args: [{ tag: 'local', name: s.name }, picked] } }],
  };
}

const isCounter = (e: Expr, { loop }: Loop): boolean =>
  e.tag === 'index' &&
  e.index.offset === 0 &&
  e.index.terms.length === 1 &&
  e.index.terms[0].coef === 1 &&
  e.index.terms[0].atom.tag === 'var' &&
  e.index.terms[0].atom.name === loop.name;

/** An expression with the values of the loop's names written out; null if that gets long. */
function opened(e: Expr, { values }: Scene): Expr | null {
  let size = 0;
  const open = (x: Expr): Expr => {
    if (++size > limits.pickedSize) return x;
    const value = x.tag === 'local' ? values.get(x.name) : undefined;
    return value === undefined ? x : mapExpr(value, open);
  };
  const result = mapExpr(e, open);
  return size > limits.pickedSize ? null : result;
}

/** True if an expression is an integer, as far as names tell. */
function isWhole(e: Expr, known: Known): boolean {
  if (e.tag === 'local') return known.has(e.name) && isWhole(known.get(e.name)!, known);
  if (e.tag === 'load') return isInteger(e.buffer.dtype);
  return e.tag === 'number' ? Number.isInteger(e.value) : e.tag === 'cast' && isInteger(e.dtype);
}

/** True if an expression changes with the loop's variable. */
function runsOver(e: Expr, { loop }: Loop): boolean {
  const names = new Set<string>();
  visitExpr(
    e,
    () => {},
    (i) => variablesOf(i, names),
  );
  return names.has(loop.name);
}

/** True if an expression means the same before the loop, but for the loop's variable. */
function isFixed(e: Expr, { changing, stored }: Scene): boolean {
  let fixed = true;
  visitExpr(
    e,
    (x) => {
      if (x.tag === 'local' && changing.has(x.name)) fixed = false;
      if (x.tag === 'load' && stored.has(x.buffer.name)) fixed = false;
    },
    (i) => {
      if ([...variablesOf(i)].some((name) => changing.has(name))) fixed = false;
    },
  );
  return fixed;
}
