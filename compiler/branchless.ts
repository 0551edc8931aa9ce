// Choices between two numbers without a branch. In: the statements of a kernel as they will be printed. Out: the same, where a choice that
// the data of a loop decides is a read from two elements of scratch:
//
//   y[i] = x[i] < 0 ? b : a      becomes     pair[0] = a;  pair[1] = b;  y[i] = pair[+(x[i] < 0)]
//
// V8 makes a jump of every conditional expression, and the signs of data are as good as random: half of the jumps are foreseen wrongly,
// at fifteen cycles each (limits.ts). Which number it is stays what it was, zeros with a sign, infinities and NaN included. Both sides are
// computed, so both must be cheap. What is alike for a whole loop, or nearly always the same, is foreseen and stays a jump: tests of
// positions, tests for NaN, and the maximum so far of many.

import { indexOf, ofAtom, variablesOf } from './affine.ts';
import type { DType } from './dtype.ts';
import { limits } from './limits.ts';
import type { Buffer, Expr, Stmt } from './nest.ts';
import { bodyOf, loadOf, local, mapList, num, visitExpr, visitStmts } from './nest.ts';
import { printExpr } from './printNest.ts';
import type { Primitive } from './scalar.ts';
import { primitives } from './scalar.ts';

export interface Making {
  readonly fresh: (base: string) => string;
  readonly scratch: (
    base: string,
    dtype: 'float64' | 'float32' | 'int32',
    length: number,
    note?: string,
  ) => Buffer;
}

const prim = (name: Primitive, ...args: Expr[]): Expr => ({ tag: 'prim', prim: name, args, dtype: 'bool' });

/** Price of evaluating an expression where nobody asked for it; infinite if it is dear, or may read what does not exist. */
function priceOf(e: Expr): number {
  let price = 0;
  visitExpr(e, (x) => {
    if (x.tag === 'guarded') price = Infinity;
    else if (x.tag === 'load') price += x.index.terms.every((t) => t.atom.tag === 'var') ? 1 : Infinity;
    else if (x.tag === 'prim') {
      const { cost } = primitives[x.prim];
      price += cost < limits.keepFrom ? cost : Infinity;
    }
  });
  return price;
}

const isNumber = (e: Expr, value: number): boolean => e.tag === 'number' && Object.is(e.value, value);

const isLogical = (e: Expr): boolean => e.tag === 'prim' && primitives[e.prim].logical === true;

/** Without NaN and infinities on one side: those are rare, and tests for them come out alike. */
const isOpen = (e: Expr): boolean => {
  if (e.tag !== 'prim') return e.tag === 'load';
  if (e.prim === 'isnan' || e.prim === 'isfinite' || e.prim === 'signbit') return false;
  if (e.prim === 'and' || e.prim === 'or' || e.prim === 'not') return e.args.some(isOpen);
  return isLogical(e) && !e.args.some((a) => a.tag === 'number' && !Number.isFinite(a.value));
};

const isForeseen = (e: Expr): boolean => e.tag === 'prim' && e.prim === 'select' && !isOpen(e.args[0]);

/** A test as 0 or 1. Of `and` and `or` both sides are evaluated. */
function flagOf(e: Expr): Expr {
  if (e.tag === 'prim' && e.dtype === 'bool' && (e.prim === 'bitAnd' || e.prim === 'bitOr')) return e;
  if (e.tag !== 'prim' || !isLogical(e)) return prim('ne', e, num(0));
  if (e.prim === 'and' || e.prim === 'or')
    return prim(e.prim === 'and' ? 'bitAnd' : 'bitOr', ...e.args.map(flagOf));
  if (e.prim === 'isnan' && e.args[0].tag === 'local') return prim('ne', e.args[0], e.args[0]);
  const [inner] = e.args;
  if (e.prim === 'not' && inner.tag === 'prim' && inner.prim === 'isnan' && inner.args[0].tag === 'local')
    return prim('eq', inner.args[0], inner.args[0]);
  return e;
}

export function withoutBranches(stmts: readonly Stmt[], { fresh, scratch }: Making): readonly Stmt[] {
  const pairs = new Map<string, Buffer>();
  const start: Stmt[] = [];
  /** Two elements, of which those that are always the same number have it from the beginning. */
  const pairOf = (dtype: 'float64' | 'int32', sides: readonly Expr[]): Buffer => {
    const key = [dtype, ...sides.map((e) => (e.tag === 'number' ? printExpr(e) : '?'))].join(' ');
    const known = pairs.get(key);
    if (known) return known;
    const pair = scratch('pair', dtype, 2, 'two numbers, one of which a test picks without a jump');
    pairs.set(key, pair);
    sides.forEach((value, side) => {
      if (value.tag === 'number') start.push({ tag: 'store', buffer: pair, index: indexOf(side), value });
    });
    return pair;
  };

  /** The statements of one body of a loop. */
  const inBody = (body: readonly Stmt[], loopName: string): readonly Stmt[] => {
    // What stands beside a loop runs rarely.
    if (body.some(holdsLoop)) return inLoops(body);
    /** Names that have another value in each iteration, and accumulators that begin in this block. */
    const own = new Set<string>();
    const begun = new Map<string, number>();
    /** What lies in a pair at this point of the block. */
    const lies = new Map<string, string>();
    const varies = (test: Expr): boolean => {
      let found = false;
      visitExpr(test, (x) => {
        if (x.tag === 'local') found ||= own.has(x.name);
        if (x.tag === 'load')
          found ||= x.index.terms.some((t) => t.atom.tag === 'value') || variablesOf(x.index).has(loopName);
      });
      return found;
    };

    /** What a statement changes is no longer what it began with. */
    const forget = (s: Stmt): void => {
      visitStmts([s], (x) => {
        if (x.tag !== 'assign') return;
        if (begun.has(x.name)) begun.set(x.name, NaN);
        for (const [place, text] of lies) if (text === x.name) lies.delete(place);
      });
    };

    return body.flatMap((s): readonly Stmt[] => {
      const before: Stmt[] = [];
      const named = (e: Expr, base: string): Expr => {
        if (e.tag === 'local' || e.tag === 'number') return e;
        const name = fresh(base);
        own.add(name);
        before.push({ tag: 'let', name, value: e });
        return local(name);
      };
      /** What this statement has chosen, by its text: a clamp mentions it twice. */
      const chosenBefore = new Map<string, Expr>();
      const keep = (key: string, value: Expr): Expr => {
        const chosen = named(value, 'chosen');
        chosenBefore.set(key, chosen);
        return chosen;
      };
      const choose = (flag: Expr, a: Expr, b: Expr, dtype: 'float64' | 'int32'): Expr => {
        const sides = [b, a];
        const pair = pairOf(dtype, sides);
        sides.forEach((value, side) => {
          const [place, text] = [`${pair.name}[${side}]`, printExpr(value)];
          if (value.tag === 'number' || (value.tag === 'local' && lies.get(place) === text)) return;
          before.push({ tag: 'store', buffer: pair, index: indexOf(side), value });
          lies.set(place, text);
        });
        return loadOf(pair, ofAtom({ tag: 'value', expr: flag, extent: 2 }));
      };
      /** The same value, `top` if it is all that the statement evaluates. */
      const flat = (e: Expr, top: boolean): Expr => {
        if (e.tag === 'cast') {
          const arg = flat(e.arg, false);
          return arg === e.arg ? e : { ...e, arg };
        }
        if (e.tag !== 'prim') return e;
        const kind = pairType(e.dtype);
        if (e.prim === 'select') {
          const [test, a, b] = e.args;
          const asked = priceOf(test) + priceOf(a) + priceOf(b);
          if (kind === null || !isOpen(test) || !varies(test) || asked > limits.chosenPrice) {
            const tested = flat(test, false);
            return tested === test ? e : { ...e, args: [tested, a, b] };
          }
          const key = printExpr(e);
          const known = chosenBefore.get(key);
          if (known) return known;
          const condition = flat(test, false);
          if (isNumber(a, 1) && isNumber(b, 0)) return flagOf(condition);
          if (isNumber(a, 0) && isNumber(b, 1)) return prim('not', condition);
          const [x, y] = [flat(a, false), flat(b, false)];
          const chosen = choose(flagOf(condition), x, y, kind);
          return top ? chosen : keep(key, chosen);
        }
        if (e.prim === 'and' || e.prim === 'or') {
          return priceOf(e) <= limits.chosenPrice && isOpen(e) && varies(e) ? flagOf(e) : e;
        }
        if (e.prim === 'not') return e;
        const args = mapList(e.args, (a) => flat(a, false));
        const same = args === e.args ? e : { ...e, args };
        if ((e.prim !== 'max' && e.prim !== 'min') || kind === null) return same;
        const [a, b] = args;
        if (b.tag === 'local' && begun.get(b.name) === (e.prim === 'max' ? -Infinity : Infinity)) return a;
        const running = s.tag === 'assign' ? !begun.has(s.name) : s.tag === 'store' && readsItself(s);
        if (running || !varies(e) || e.args.some(isForeseen) || priceOf(e) > limits.chosenPrice) return same;
        const [x, y] = [named(a, 'x'), named(b, 'x')];
        const better = prim(e.prim === 'max' ? 'gt' : 'lt', x, y);
        const test = x.tag === 'number' ? better : prim('bitOr', better, prim('ne', x, x));
        const chosen = choose(flagOf(test), x, y, kind);
        return top ? chosen : named(chosen, 'chosen');
      };
      switch (s.tag) {
        case 'let':
        case 'var': {
          const value = flat(s.value, true);
          own.add(s.name);
          if (s.tag === 'var') begun.set(s.name, s.value.tag === 'number' ? s.value.value : NaN);
          return [...before, value === s.value ? s : { ...s, value }];
        }
        case 'assign':
        case 'store': {
          const value = flat(s.value, true);
          forget(s);
          return [...before, value === s.value ? s : { ...s, value }];
        }
        case 'if': {
          const { condition, body } = s;
          const settled = body.some((x) => x.tag !== 'assign' || !Number.isNaN(begun.get(x.name)));
          forget(s);
          if (settled || !isOpen(condition) || !varies(condition) || priceOf(condition) > limits.chosenPrice)
            return [s];
          const better = named(flagOf(condition), 'better');
          for (const x of body) {
            if (x.tag !== 'assign') continue;
            const { name, value } = x;
            const whole = value.tag === 'index' || (value.tag === 'number' && Number.isInteger(value.value));
            const chosen = choose(better, value, local(name), whole ? 'int32' : 'float64');
            const assigned: Stmt = { tag: 'assign', name, value: chosen };
            before.push(assigned);
            forget(assigned);
          }
          return before;
        }
        default:
          return [s];
      }
    });
  };
  const inLoops = (list: readonly Stmt[]): readonly Stmt[] =>
    list.map((s) => {
      if (s.tag === 'loop') return { ...s, body: inBody(s.body, s.loop.name) };
      return s.tag === 'if' ? { ...s, body: inLoops(s.body) } : s;
    });
  const body = inLoops(stmts);
  return [...start, ...body];
}

/** What two numbers of a dtype lie in; null where a table is no gain. */
const pairType = (dtype: DType): 'float64' | 'int32' | null =>
  dtype === 'float32' || dtype === 'float64' ? 'float64' : dtype === 'int32' ? 'int32' : null;

const holdsLoop = (s: Stmt): boolean => s.tag === 'loop' || bodyOf(s).some(holdsLoop);

/** An accumulator in an array. */
function readsItself(s: Extract<Stmt, { tag: 'store' }>): boolean {
  let found = false;
  visitExpr(s.value, (e) => (found ||= e.tag === 'load' && e.buffer === s.buffer));
  return found;
}
