// Sums of squared deviations in the pass that takes the mean. In: statements. Out: where a loop adds up f(j), and a later one over the same j
// adds up (f(j) - mean)^2, the first does both, about a pivot p = f(0):
//
//   dev  = sum of d              d = f - p
//   sum2 = sum of d^2 - dev^2/n  since (f - mean)^2 = (d - dev/n)^2, and the sum of d * dev/n is dev^2/n
//   sum  = dev + n * p
//
// Without a pivot the subtraction cancels what matters when the mean is large against the deviations. With one of the elements as
// pivot, (p - mean)^2 is at most sum2: the relative error is n times that of a double at worst, nothing to a float32. Sums of float64
// keep their two passes. (Chan, Golub and LeVeque, "Algorithms for computing the sample variance", 1983, section 2: shifted data.)
//
// An infinite pivot would make NaN of a mean that is infinite; 0 serves then, and the variance is NaN as it must be.

import { indexOf, substitute } from './affine.ts';
import { limits } from './limits.ts';
import type { Expr, Loop, Stmt } from './nest.ts';
import { local, mapExpr, num, visitExpr, visitStmts, withoutUnused } from './nest.ts';
import { printExpr } from './printNest.ts';

type Assign = Extract<Stmt, { tag: 'assign' }>;

/** Merges the passes of every block. */
export function mergeDeviations(stmts: readonly Stmt[], fresh: (base: string) => string): readonly Stmt[] {
  const inside = stmts.map((s) =>
    s.tag === 'loop' && s.body.some((x) => x.tag === 'loop')
      ? { ...s, body: mergeDeviations(s.body, fresh) }
      : s,
  );
  for (let at = 0; at < inside.length; at++) {
    const found = findPair(inside, at);
    // What is left of the later loop may hold another pair.
    if (found) return mergeDeviations(merged(inside, found, fresh), fresh);
  }
  return inside;
}

/** A sum and the squares about its mean. */
interface Pair {
  readonly first: number;
  readonly second: number;
  readonly sum: Assign;
  readonly squares: Assign;
  readonly term: Expr;
}

const isFlat = (s: Stmt): s is Loop =>
  s.tag === 'loop' &&
  s.loop.step === undefined &&
  s.loop.extent > limits.twoPasses &&
  s.body.every((x) => x.tag === 'let' || x.tag === 'assign' || x.tag === 'store');

/** A pair whose squares are summed by the loop at `second`. */
function findPair(stmts: readonly Stmt[], second: number): Pair | null {
  const loop = stmts[second];
  if (!isFlat(loop)) return null;
  const values = valuesOf(loop.body);
  for (const squares of loop.body) {
    const deviation = squareIn(squares, values);
    if (!deviation || squares.tag !== 'assign' || !isFresh(stmts, squares.name)) continue;
    const [term, mean] = deviation;
    const sumName = sumOfMean(stmts, mean, loop.loop.extent);
    if (sumName === null || !isFresh(stmts, sumName)) continue;
    const first = stmts.findIndex(
      (s, i) =>
        i < second &&
        isFlat(s) &&
        s.loop.extent === loop.loop.extent &&
        s.loop.name === loop.loop.name &&
        s.body.some((x) => isSumOf(x, sumName, term, valuesOf(s.body))),
    );
    if (first < 0 || writesWhatIsRead(stmts.slice(first, second + 1), term)) continue;
    const sum = (stmts[first] as Loop).body.find((x) => x.tag === 'assign' && x.name === sumName) as Assign;
    return { first, second, sum, squares, term };
  }
  return null;
}

function valuesOf(body: readonly Stmt[]): ReadonlyMap<string, Expr> {
  return new Map(body.flatMap((s) => (s.tag === 'let' ? [[s.name, s.value] as const] : [])));
}

/** An expression with the names of a loop written out. */
const opened = (e: Expr, values: ReadonlyMap<string, Expr>): Expr =>
  mapExpr(e, (x) => {
    const value = x.tag === 'local' ? values.get(x.name) : undefined;
    return value === undefined ? x : opened(value, values);
  });

/** f and m of `acc := acc + (f - m) * (f - m)` in float32, or null. */
function squareIn(s: Stmt, values: ReadonlyMap<string, Expr>): readonly [Expr, string] | null {
  const square = addedBy(s);
  if (square?.tag !== 'prim' || square.prim !== 'mul') return null;
  const [a, b] = square.args;
  if (a.tag !== 'local' || b.tag !== 'local' || a.name !== b.name) return null;
  const deviation = values.get(a.name);
  if (deviation?.tag !== 'prim' || deviation.prim !== 'sub') return null;
  const [term, mean] = deviation.args;
  return mean.tag === 'local' && !values.has(mean.name) ? [opened(term, values), mean.name] : null;
}

/** What an assignment adds to its own name, in float32. */
function addedBy(s: Stmt): Expr | null {
  if (s.tag !== 'assign' || s.value.tag !== 'prim' || s.value.prim !== 'add' || s.value.dtype !== 'float32')
    return null;
  const self = s.value.args.findIndex((a) => a.tag === 'local' && a.name === s.name);
  return self < 0 ? null : s.value.args[1 - self];
}

function isSumOf(s: Stmt, name: string, term: Expr, values: ReadonlyMap<string, Expr>): boolean {
  const added = addedBy(s);
  return (
    s.tag === 'assign' &&
    s.name === name &&
    added !== null &&
    printExpr(opened(added, values)) === printExpr(term)
  );
}

/** The sum whose n-th part a name is. */
function sumOfMean(stmts: readonly Stmt[], name: string, n: number): string | null {
  const mean = stmts.find((s) => s.tag === 'let' && s.name === name);
  if (mean?.tag !== 'let' || mean.value.tag !== 'prim') return null;
  const { prim, args } = mean.value;
  const sum = args.find((a) => a.tag === 'local');
  const factor = args.find((a) => a.tag === 'number');
  if (sum?.tag !== 'local' || factor?.tag !== 'number') return null;
  const isPart =
    (prim === 'mul' && Math.abs(factor.value * n - 1) < 1e-12) ||
    (prim === 'div' && args[0] === sum && factor.value === n);
  return isPart ? sum.name : null;
}

/** True if a name is an accumulator of this block that starts at 0 and is assigned once. */
function isFresh(stmts: readonly Stmt[], name: string): boolean {
  let assigned = 0;
  visitStmts(stmts, (s) => {
    if (s.tag === 'assign' && s.name === name) assigned++;
  });
  return (
    assigned === 1 &&
    stmts.some((s) => s.tag === 'var' && s.name === name && s.value.tag === 'number' && s.value.value === 0)
  );
}

function writesWhatIsRead(stmts: readonly Stmt[], term: Expr): boolean {
  const read = new Set<unknown>();
  visitExpr(term, (e) => e.tag === 'load' && read.add(e.buffer));
  let writes = false;
  visitStmts(stmts, (s) => {
    if ((s.tag === 'store' && read.has(s.buffer)) || s.tag === 'routine') writes = true;
  });
  return writes;
}

function merged(stmts: readonly Stmt[], pair: Pair, fresh: (base: string) => string): readonly Stmt[] {
  const { first, second, sum, squares, term } = pair;
  const { loop, body } = stmts[first] as Loop;
  const prim = (name: 'add' | 'sub' | 'mul' | 'select' | 'isfinite', ...args: Expr[]): Expr => ({
    tag: 'prim',
    prim: name,
    args,
    dtype: 'float32',
  });
  const atStart = mapExpr(
    term,
    (e) => e,
    (i) => substitute(i, (v) => (v.name === loop.name ? indexOf(0) : null)),
  );
  const [start, pivot, d, dev] = ['first', 'pivot', 'd', 'dev'].map((base) => local(fresh(base)) as Local);
  const bind = ({ name }: Local, value: Expr): Stmt => ({ tag: 'let', name, value });
  const total = local(squares.name);
  return stmts.flatMap((s, at): readonly Stmt[] => {
    if (s.tag === 'var' && (s.name === sum.name || s.name === squares.name)) return [];
    if (at === first)
      return [
        bind(start, atStart),
        bind(pivot, prim('select', prim('isfinite', start), start, num(0))),
        { tag: 'var', name: dev.name, value: num(0) },
        { tag: 'var', name: squares.name, value: num(0) },
        {
          tag: 'loop',
          loop,
          body: body.flatMap((x): readonly Stmt[] =>
            x === sum
              ? [
                  bind(d, prim('sub', addedBy(sum) as Expr, pivot)),
                  { ...sum, name: dev.name, value: prim('add', dev, d) },
                  { ...squares, value: prim('add', total, prim('mul', d, d)) },
                ]
              : [x],
          ),
        },
        bind(local(sum.name) as Local, prim('add', dev, prim('mul', num(loop.extent), pivot))),
        {
          tag: 'assign',
          name: squares.name,
          value: prim('sub', total, prim('mul', prim('mul', dev, dev), num(1 / loop.extent))),
        },
      ];
    if (at !== second || s.tag !== 'loop') return [s];
    const left = withoutUnused(s.body.filter((x) => x !== squares));
    return left.length > 0 ? [{ ...s, body: left }] : [];
  });
}

type Local = Extract<Expr, { tag: 'local' }>;
