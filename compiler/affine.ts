// Index arithmetic of loop nests. In: views, and the loop variables of a reader. Out: the position that is read, as a sum of
// products, and the tests under which it exists. Everything is kept affine in the loop variables as far as ranges allow;
// what is left (a reshape that mixes axes) becomes a floor or a remainder, and data-dependent indices are opaque atoms.

import type { Shape } from './shape.ts';
import { numel, stridesOf } from './shape.ts';
import type { AxisMap, View } from './view.ts';

export interface LoopVar {
  readonly tag: 'var';
  readonly name: string;
  /** Runs over 0, step, 2 step, ... below extent, which is a multiple of step. */
  readonly extent: number;
  /** Absent means 1. */
  readonly step?: number;
}

export type Atom<X = unknown> =
  | LoopVar
  | { readonly tag: 'floor'; readonly of: Index<X>; readonly by: number }
  | { readonly tag: 'mod'; readonly of: Index<X>; readonly by: number }
  /** A value read at run time, in [0, extent). */
  | { readonly tag: 'value'; readonly expr: X; readonly extent: number };

/** offset + sum of coef * atom; no atom twice, no coefficient 0. X is the type of run-time expressions. */
export interface Index<X = unknown> {
  readonly offset: number;
  readonly terms: readonly { readonly atom: Atom<X>; readonly coef: number }[];
}

export interface Range {
  readonly min: number;
  readonly max: number;
}

/** lo <= index < hi, and index divisible by `divides` if that is given. */
export interface Guard<X = unknown> {
  readonly index: Index<X>;
  readonly lo: number;
  readonly hi: number;
  readonly divides: number;
}

export const indexOf = (offset: number): Index<never> => ({ offset, terms: [] });
export const ofAtom = <X>(atom: Atom<X>): Index<X> => ({ offset: 0, terms: [{ atom, coef: 1 }] });
/** A loop that runs once is no loop: its variable is 0. */
export const ofVar = (v: LoopVar): Index<never> => (v.extent === 1 ? indexOf(0) : ofAtom(v));

export function sameAtom(a: Atom, b: Atom): boolean {
  if (a === b) return true;
  if (a.tag === 'var') return b.tag === 'var' && a.name === b.name;
  if (a.tag === 'floor' || a.tag === 'mod') return b.tag === a.tag && a.by === b.by && sameIndex(a.of, b.of);
  return b.tag === 'value' && a.expr === b.expr;
}

export const sameIndex = (a: Index, b: Index): boolean =>
  a.offset === b.offset &&
  a.terms.length === b.terms.length &&
  a.terms.every((t) => b.terms.some((u) => u.coef === t.coef && sameAtom(t.atom, u.atom)));

export function add<X>(a: Index<X>, b: Index<X>): Index<X> {
  if (b.terms.length === 0) return b.offset === 0 ? a : { offset: a.offset + b.offset, terms: a.terms };
  if (a.terms.length === 0) return a.offset === 0 ? b : { offset: a.offset + b.offset, terms: b.terms };
  const terms = [...a.terms];
  for (const t of b.terms) {
    const at = terms.findIndex((u) => sameAtom(u.atom, t.atom));
    if (at < 0) terms.push(t);
    else if (terms[at].coef + t.coef === 0) terms.splice(at, 1);
    else terms[at] = { atom: t.atom, coef: terms[at].coef + t.coef };
  }
  return { offset: a.offset + b.offset, terms };
}

export const scale = <X>(a: Index<X>, by: number): Index<X> =>
  by === 0
    ? { offset: 0, terms: [] }
    : by === 1
      ? a
      : { offset: a.offset * by, terms: a.terms.map((t) => ({ atom: t.atom, coef: t.coef * by })) };

function rangeOfAtom(atom: Atom): Range {
  switch (atom.tag) {
    case 'var':
      return { min: 0, max: Math.max(0, atom.extent - (atom.step ?? 1)) };
    case 'value':
      return { min: 0, max: Math.max(0, atom.extent - 1) };
    case 'floor': {
      const r = rangeOf(atom.of);
      return { min: Math.floor(r.min / atom.by), max: Math.floor(r.max / atom.by) };
    }
    case 'mod':
      return { min: 0, max: Math.min(atom.by - 1, Math.max(0, rangeOf(atom.of).max)) };
  }
}

export function rangeOf(index: Index): Range {
  let { offset: min, offset: max } = index;
  for (const { atom, coef } of index.terms) {
    const r = rangeOfAtom(atom);
    min += coef * (coef > 0 ? r.min : r.max);
    max += coef * (coef > 0 ? r.max : r.min);
  }
  return { min, max };
}

/** Splits into a part divisible by n (already divided) and a rest. */
function splitBy<X>(index: Index<X>, n: number): { readonly quotient: Index<X>; readonly rest: Index<X> } {
  const whole = index.terms.filter((t) => t.coef % n === 0);
  const rest = index.terms.filter((t) => t.coef % n !== 0);
  const low = ((index.offset % n) + n) % n;
  return {
    quotient: {
      offset: (index.offset - low) / n,
      terms: whole.map((t) => ({ atom: t.atom, coef: t.coef / n })),
    },
    rest: { offset: low, terms: rest },
  };
}

/** floor(index / n). (n*q + r) / n = q + floor(r / n), and floor(r / n) is 0 where 0 <= r < n. */
export function floorDiv<X>(index: Index<X>, n: number): Index<X> {
  if (n === 1) return index;
  const { quotient, rest } = splitBy(index, n);
  const range = rangeOf(rest);
  const low = Math.floor(range.min / n);
  if (low === Math.floor(range.max / n)) return add(quotient, { offset: low, terms: [] });
  return add(quotient, ofAtom<X>({ tag: 'floor', of: rest, by: n }));
}

/** index mod n, for indices that are not negative. */
export function modulo<X>(index: Index<X>, n: number): Index<X> {
  if (n === 1) return { offset: 0, terms: [] };
  const { rest } = splitBy(index, n);
  const range = rangeOf(rest);
  if (range.min >= 0 && range.max < n) return rest;
  return ofAtom<X>({ tag: 'mod', of: rest, by: n });
}

/** Replaces loop variables. */
export function substitute<X>(index: Index<X>, by: (v: LoopVar) => Index<X> | null): Index<X> {
  if (!mentions(index, by)) return index;
  let result: Index<X> = { offset: index.offset, terms: [] };
  for (const { atom, coef } of index.terms) {
    let value: Index<X>;
    if (atom.tag === 'var') value = by(atom) ?? ofAtom<X>(atom);
    else if (atom.tag === 'floor') value = floorDiv(substitute(atom.of, by), atom.by);
    else if (atom.tag === 'mod') value = modulo(substitute(atom.of, by), atom.by);
    else value = ofAtom<X>(atom);
    result = add(result, scale(value, coef));
  }
  return result;
}

const mentions = <X>(index: Index<X>, by: (v: LoopVar) => Index<X> | null): boolean =>
  index.terms.some(({ atom }) =>
    atom.tag === 'var' ? by(atom) !== null : atom.tag !== 'value' && mentions(atom.of, by),
  );

/** True if a test holds for the name of a loop variable in an index. */
export const someVariable = (index: Index, test: (name: string) => boolean): boolean =>
  index.terms.some(({ atom }) =>
    atom.tag === 'var' ? test(atom.name) : atom.tag !== 'value' && someVariable(atom.of, test),
  );

/** The names of the loop variables in an index (run-time values are asked for by the caller). */
export function variablesOf(index: Index, into = new Set<string>()): Set<string> {
  for (const { atom } of index.terms) {
    if (atom.tag === 'var') into.add(atom.name);
    else if (atom.tag !== 'value') variablesOf(atom.of, into);
  }
  return into;
}

/** The coefficient of a variable in an index that is affine in it, or null if it is not. */
export function strideIn(index: Index, name: string): number | null {
  let stride = 0;
  for (const { atom, coef } of index.terms) {
    if (atom.tag === 'var') stride += atom.name === name ? coef : 0;
    else if (atom.tag !== 'value' && variablesOf(atom.of).has(name)) return null;
  }
  return stride;
}

// ---------------------------------------------------------------------------------------------------------------------------

/** A place in a tensor: one index per axis, or the flat row-major index (what a reshape leaves, and what a buffer wants). */
export interface Place<X = unknown> {
  readonly shape: Shape;
  readonly at: readonly Index<X>[] | null;
  readonly flat: Index<X> | null;
}

export const place = <X>(shape: Shape, at: readonly Index<X>[]): Place<X> => ({ shape, at, flat: null });

/** The row-major flat index of a place. */
export function flatten<X>(p: Place<X>): Index<X> {
  if (p.flat) return p.flat;
  const strides = stridesOf(p.shape);
  return (p.at ?? []).reduce<Index<X>>((sum, index, i) => add(sum, scale(index, strides[i])), {
    offset: 0,
    terms: [],
  });
}

/** One index per axis of a place. */
export function unflatten<X>(p: Place<X>): readonly Index<X>[] {
  if (p.at) return p.at;
  let rest = p.flat as Index<X>;
  const result: Index<X>[] = [];
  for (let i = p.shape.length - 1; i >= 0; i--) {
    result[i] = i === 0 ? rest : modulo(rest, p.shape[i]);
    rest = floorDiv(rest, p.shape[i]);
  }
  return result;
}

const applyMap = <X>(map: AxisMap, at: readonly Index<X>[]): Index<X> =>
  map.terms.reduce<Index<X>>((sum, [axis, coef]) => add(sum, scale(at[axis], coef)), {
    offset: map.offset,
    terms: [],
  });

/**
 * The place in a view's input that a place in its output reads. Guards that always hold are dropped; `never` is true if one
 * never does, so that only the fill is read.
 */
export function readThrough<X>(
  view: View,
  input: Shape,
  from: Place<X>,
): { readonly place: Place<X>; readonly guards: readonly Guard<X>[]; readonly never: boolean } {
  if (view.tag === 'reshape') {
    if (numel(input) === 1)
      return {
        place: place(
          input,
          input.map(() => indexOf(0)),
        ),
        guards: [],
        never: false,
      };
    return { place: { shape: input, at: null, flat: flatten(from) }, guards: [], never: false };
  }
  const at = unflatten(from);
  const guards: Guard<X>[] = [];
  let never = false;
  const result = view.axes.map((map, i) => {
    const index = applyMap(map, at);
    const div = map.div ?? 1;
    const size = input[i];
    const value = floorDiv(index, div);
    if (view.fill === undefined) return value;
    const range = rangeOf(index);
    const divides =
      div === 1 || (index.offset % div === 0 && index.terms.every((t) => t.coef % div === 0)) ? 1 : div;
    if (range.min < 0 || range.max >= size * div || divides > 1)
      guards.push({ index, lo: 0, hi: (size - 1) * div + 1, divides });
    if (range.max < 0 || range.min >= size * div) never = true;
    return value;
  });
  return { place: place(input, result), guards, never };
}
