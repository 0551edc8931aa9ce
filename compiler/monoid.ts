// How reductions combine, as expressions. In: the accumulator and the next value. Out: the new accumulator, or for
// arg-reductions the test whether the next value takes its place. NaN beats everything in max and min, and stays.

import type { DType } from './dtype.ts';
import { InternalError } from './errors.ts';
import type { Expr } from './nest.ts';
import type { Monoid } from './op.ts';
import type { Primitive } from './scalar.ts';

const primOf: Readonly<Partial<Record<Monoid, Primitive>>> = {
  sum: 'add',
  prod: 'mul',
  max: 'max',
  min: 'min',
  any: 'or',
  all: 'and',
};

export function combine(monoid: Monoid, acc: Expr, next: Expr, dtype: DType): Expr {
  const prim = primOf[monoid];
  if (!prim) throw new InternalError(`${monoid} has no single accumulator`);
  // max(next, acc): the primitive returns its first argument if that is NaN, and its second if nothing compares.
  // A sum of integers is wrapped where it is stored, not at every step.
  const inside = prim === 'add' && dtype === 'int32' ? 'float64' : dtype;
  return {
    tag: 'prim',
    prim,
    args: prim === 'max' || prim === 'min' ? [next, acc] : [acc, next],
    dtype: inside,
  };
}

/** True if `next` takes the place: it is better, or the first NaN. Of most values one comparison says that they do not. */
export function combineArg(monoid: Monoid, acc: Expr, next: Expr): Expr {
  const prim = (name: Primitive, ...args: Expr[]): Expr => ({
    tag: 'prim',
    prim: name,
    args,
    dtype: 'float64',
  });
  const notWorse = prim('not', prim(monoid === 'argmax' ? 'le' : 'ge', next, acc));
  return prim('and', notWorse, prim('not', prim('isnan', acc)));
}
