// Accumulators of reductions. In: the next value, and for arg-reductions its index. Out: the statements that take it in. An accumulator
// lies in locals, or in an element of scratch; the step is the same.

import type { DType } from './dtype.ts';
import type { Buffer, Expr, NestIndex, Stmt } from './nest.ts';
import { loadOf, local } from './nest.ts';
import type { Node } from './node.ts';
import type { Monoid } from './op.ts';
import { identityOf } from './op.ts';
import { combine, combineArg } from './monoid.ts';

/** A place that can be read and written. */
export interface Slot {
  readonly read: Expr;
  readonly write: (value: Expr) => Extract<Stmt, { tag: 'assign' | 'store' }>;
}

export interface Accumulator {
  readonly monoid: Monoid;
  readonly value: Slot;
  /** The index of the value, for arg-reductions: it is their answer. */
  readonly index: Slot | null;
}

export const isArg = (monoid: Monoid): boolean => monoid === 'argmax' || monoid === 'argmin';

export const inLocal = (name: string): Slot => ({
  read: local(name),
  write: (value) => ({ tag: 'assign', name, value }),
});

export const inArray = (buffer: Buffer, index: NestIndex): Slot => ({
  read: loadOf(buffer, index),
  write: (value) => ({ tag: 'store', buffer, index, value }),
});

/** What a reduction answers. */
export const resultOf = (acc: Accumulator): Expr => (acc.index ?? acc.value).read;

/** What an accumulator holds before the first value; the first of all has index 0, and keeps it where none is better than the start. */
export const startOf = (
  monoid: Monoid,
  dtype: DType,
): { readonly value: number; readonly index: number } => ({
  value: identityOf(monoid, dtype),
  index: 0,
});

/** Takes in a value of the reduction `n`. */
export function step(
  acc: Accumulator,
  value: Expr,
  index: Expr,
  { type, origin }: Node,
  fresh: (base: string) => string,
): Stmt[] {
  if (acc.index === null)
    return [{ ...acc.value.write(combine(acc.monoid, acc.value.read, value, type.dtype)), origin }];
  const name = fresh('candidate');
  return [
    { tag: 'let', name, value, origin },
    {
      tag: 'if',
      condition: combineArg(acc.monoid, acc.value.read, local(name)),
      body: [acc.value.write(local(name)), acc.index.write(index)],
    },
  ];
}
