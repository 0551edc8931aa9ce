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

type Prim = Extract<Expr, { tag: 'prim' }>;

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

/** The scratch that choices read. */
class Pairs {
  /** What is written before all loops: sides that are always the same number. */
  readonly start: Stmt[] = [];
  private readonly made = new Map<string, Buffer>();

  constructor(private readonly scratch: Making['scratch']) {}

  /** Two elements for sides like these. */
  of(dtype: 'float64' | 'int32', sides: readonly Expr[]): Buffer {
    const key = [dtype, ...sides.map((e) => (e.tag === 'number' ? printExpr(e) : '?'))].join(' ');
    const known = this.made.get(key);
    if (known) return known;
    const pair = this.scratch('pair', dtype, 2, 'two numbers, one of which a test picks without a jump');
    this.made.set(key, pair);
    sides.forEach((value, side) => {
      if (value.tag === 'number')
        this.start.push({ tag: 'store', buffer: pair, index: indexOf(side), value });
    });
    return pair;
  }
}

/** The statements of the body of a loop, one after the other. */
class Body {
  /** Names that have another value in each iteration. */
  private readonly own = new Set<string>();
  /** Accumulators that begin in this block, with the number that they hold; NaN if that is not known. */
  private readonly begun = new Map<string, number>();
  /** What lies in the elements of pairs at this point of the block. */
  private readonly lies = new Map<string, string>();
  /** What the statement at hand has chosen, by its text: a clamp mentions it twice. */
  private readonly chosen = new Map<string, Expr>();
  /** What has to stand before the statement at hand. */
  private before: Stmt[] = [];

  constructor(
    private readonly loopName: string,
    private readonly pairs: Pairs,
    private readonly fresh: (base: string) => string,
  ) {}

  withoutBranches(s: Stmt): readonly Stmt[] {
    this.before = [];
    this.chosen.clear();
    switch (s.tag) {
      case 'let':
      case 'var': {
        const value = this.flat(s.value, s, true);
        this.own.add(s.name);
        if (s.tag === 'var') this.begun.set(s.name, s.value.tag === 'number' ? s.value.value : NaN);
        return [...this.before, value === s.value ? s : { ...s, value }];
      }
      case 'assign':
      case 'store': {
        const value = this.flat(s.value, s, true);
        this.forget(s);
        return [...this.before, value === s.value ? s : { ...s, value }];
      }
      case 'if':
        return this.assignments(s) ?? [s];
      default:
        return [s];
    }
  }

  /** `if (test) { a = x; b = y; }` without the jump, for variables that began in this block; null if it has to stay. */
  private assignments({ condition, body }: Extract<Stmt, { tag: 'if' }>): readonly Stmt[] | null {
    const fits = body.every((x) => x.tag === 'assign' && Number.isNaN(this.begun.get(x.name)));
    body.forEach((x) => this.forget(x));
    if (!fits || !this.isWorthwhile(condition, priceOf(condition))) return null;
    const better = this.named(flagOf(condition), 'better');
    for (const x of body) {
      if (x.tag !== 'assign') continue;
      const { name, value } = x;
      const whole = value.tag === 'index' || (value.tag === 'number' && Number.isInteger(value.value));
      const picked = this.choose(better, value, local(name), whole ? 'int32' : 'float64');
      const assigned: Stmt = { tag: 'assign', name, value: picked };
      this.before.push(assigned);
      this.forget(assigned);
    }
    return this.before;
  }

  /** The same value without jumps; `top` if it is all that statement `s` evaluates. */
  private flat(e: Expr, s: Stmt, top = false): Expr {
    if (e.tag === 'cast') {
      const arg = this.flat(e.arg, s);
      return arg === e.arg ? e : { ...e, arg };
    }
    if (e.tag !== 'prim' || e.prim === 'not') return e;
    if (e.prim === 'select') return this.select(e, s, top);
    if (e.prim === 'and' || e.prim === 'or') return this.isWorthwhile(e, priceOf(e)) ? flagOf(e) : e;
    const args = mapList(e.args, (a) => this.flat(a, s));
    const same = args === e.args ? e : { ...e, args };
    return e.prim === 'max' || e.prim === 'min' ? this.extreme(e, e.prim, same, s, top) : same;
  }

  private select(e: Prim, s: Stmt, top: boolean): Expr {
    const [test, a, b] = e.args;
    const kind = pairType(e.dtype);
    if (kind === null || !this.isWorthwhile(test, priceOf(test) + priceOf(a) + priceOf(b))) {
      const tested = this.flat(test, s);
      return tested === test ? e : { ...e, args: [tested, a, b] };
    }
    const text = printExpr(e);
    const known = this.chosen.get(text);
    if (known) return known;
    const condition = this.flat(test, s);
    if (isNumber(a, 1) && isNumber(b, 0)) return flagOf(condition);
    if (isNumber(a, 0) && isNumber(b, 1)) return prim('not', condition);
    const [x, y] = [this.flat(a, s), this.flat(b, s)];
    const picked = this.choose(flagOf(condition), x, y, kind);
    if (top) return picked;
    const name = this.named(picked, 'chosen');
    this.chosen.set(text, name);
    return name;
  }

  /** The greater or smaller of two: the first if it is NaN. `same` is what it is with a jump. */
  private extreme(e: Prim, which: 'max' | 'min', same: Prim, s: Stmt, top: boolean): Expr {
    const kind = pairType(e.dtype);
    const [a, b] = same.args;
    if (kind === null) return same;
    const least = which === 'max' ? -Infinity : Infinity;
    if (b.tag === 'local' && this.begun.get(b.name) === least) return a;
    const running = s.tag === 'assign' ? !this.begun.has(s.name) : s.tag === 'store' && readsItself(s);
    const worthwhile = !running && this.varies(e) && priceOf(e) <= limits.chosenPrice;
    if (!worthwhile || e.args.some(isForeseen)) return same;
    const [x, y] = [this.named(a, 'x'), this.named(b, 'x')];
    const better = prim(which === 'max' ? 'gt' : 'lt', x, y);
    const test = x.tag === 'number' ? better : prim('bitOr', better, prim('ne', x, x));
    const picked = this.choose(flagOf(test), x, y, kind);
    return top ? picked : this.named(picked, 'chosen');
  }

  /** `flag` ? a : b, as a read. */
  private choose(flag: Expr, a: Expr, b: Expr, dtype: 'float64' | 'int32'): Expr {
    const sides = [b, a];
    const pair = this.pairs.of(dtype, sides);
    sides.forEach((value, side) => {
      const [place, text] = [`${pair.name}[${side}]`, printExpr(value)];
      if (value.tag === 'number' || (value.tag === 'local' && this.lies.get(place) === text)) return;
      this.before.push({ tag: 'store', buffer: pair, index: indexOf(side), value });
      this.lies.set(place, text);
    });
    return loadOf(pair, ofAtom({ tag: 'value', expr: flag, extent: 2 }));
  }

  private named(e: Expr, base: string): Expr {
    if (e.tag === 'local' || e.tag === 'number') return e;
    const name = this.fresh(base);
    this.own.add(name);
    this.before.push({ tag: 'let', name, value: e });
    return local(name);
  }

  private isWorthwhile(test: Expr, price: number): boolean {
    return price <= limits.chosenPrice && isOpen(test) && this.varies(test);
  }

  /** True if a test may come out otherwise in the next iteration. */
  private varies(test: Expr): boolean {
    let found = false;
    visitExpr(test, (x) => {
      if (x.tag === 'local') found ||= this.own.has(x.name);
      if (x.tag === 'load')
        found ||=
          x.index.terms.some((t) => t.atom.tag === 'value') || variablesOf(x.index).has(this.loopName);
    });
    return found;
  }

  /** What a statement changes is no longer what it began with. */
  private forget(s: Stmt): void {
    visitStmts([s], (x) => {
      if (x.tag !== 'assign') return;
      if (this.begun.has(x.name)) this.begun.set(x.name, NaN);
      for (const [place, text] of this.lies) if (text === x.name) this.lies.delete(place);
    });
  }
}

export function withoutBranches(stmts: readonly Stmt[], { fresh, scratch }: Making): readonly Stmt[] {
  const pairs = new Pairs(scratch);
  const inLoops = (list: readonly Stmt[]): readonly Stmt[] =>
    list.map((s) => {
      if (s.tag === 'if') return { ...s, body: inLoops(s.body) };
      if (s.tag !== 'loop') return s;
      // What stands beside a loop runs rarely.
      if (s.body.some(holdsLoop)) return { ...s, body: inLoops(s.body) };
      const body = new Body(s.loop.name, pairs, fresh);
      return { ...s, body: s.body.flatMap((x) => body.withoutBranches(x)) };
    });
  const body = inLoops(stmts);
  return [...pairs.start, ...body];
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
