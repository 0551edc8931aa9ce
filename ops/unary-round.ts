// Functions with steps: rounding, signs, repair of NaN. In: a node of any number dtype. Out: a node of the same type. Between the
// steps the derivative is 0, and PyTorch says zeros rather than "no gradient".

import { dtypes } from '../compiler/dtype.ts';
import { node } from '../compiler/node.ts';
import type { Node } from '../compiler/node.ts';
import { arg, s } from '../compiler/scalar.ts';
import type { Scalar } from '../compiler/scalar.ts';
import { mul } from './binary.ts';
import { isfinite } from './compare.ts';
import { floatFunction, pointwise, sameFunction, savesNothing, savesSelf } from './pointwise.ts';
import { zerosLike } from './source.ts';

const x0 = arg(0);

const flat = (_: Node, [x]: readonly Node[]): Node => zerosLike(x);
const step = (name: string, expr: Scalar): ((x: Node) => Node) =>
  sameFunction(name, { expr, partials: [flat], saves: savesNothing });

/** Down to a whole number. */
export const floor = step('floor', s.floor(x0));
/** Up to a whole number. */
export const ceil = step('ceil', s.ceil(x0));
/** Towards 0 to a whole number. */
export const trunc = step('trunc', s.trunc(x0));

const signExpr = s.select(s.gt(x0, 0), 1, s.select(s.lt(x0, 0), -1, 0));
/** -1, 0 or 1; 0 for NaN, as in PyTorch. */
export const sign = step('sign', signExpr);
/** The same as `sign` for real numbers. */
export const sgn = step('sgn', signExpr);

/** 0 for what is not negative, pi for what is: the argument of a real number. */
export const angle = floatFunction('angle', {
  expr: (_, num) => s.select(s.lt(x0, 0), num(Math.PI), s.select(s.isnan(x0), x0, 0)),
  partials: [flat],
  saves: savesSelf,
});

const roundOp = pointwise('round', { expr: s.round(x0), partials: [flat], saves: savesNothing });
const roundDecimalsOp = pointwise<{ readonly decimals: number }>('round', {
  expr({ decimals }, num) {
    const power = num(10 ** Math.abs(decimals));
    return decimals < 0 ? s.mul(s.round(s.div(x0, power)), power) : s.div(s.round(s.mul(x0, power)), power);
  },
  partials: [flat],
  gradName: 'RoundBackward1',
  saves: savesNothing,
});

/** To the nearest whole number, or to a number of decimals (negative: tens, hundreds); halves go to the even one. */
export const round = (x: Node, { decimals = 0 }: { decimals?: number } = {}): Node =>
  decimals === 0 ? node(roundOp, [x], undefined) : node(roundDecimalsOp, [x], { decimals });

/** x - trunc(x). */
export const frac = sameFunction('frac', {
  expr: s.sub(x0, s.trunc(x0)),
  partials: [(g) => g],
  saves: savesNothing,
});

interface Repair {
  readonly nan: number;
  readonly posinf: number | null;
  readonly neginf: number | null;
}

const nanToNumOp = pointwise<Repair>('nanToNum', {
  expr: ({ nan, posinf, neginf }, num, dtype) =>
    s.select(
      s.isnan(x0),
      num(nan),
      s.select(
        s.eq(x0, Infinity),
        num(posinf ?? dtypes[dtype].highest),
        s.select(s.eq(x0, -Infinity), num(neginf ?? dtypes[dtype].lowest), x0),
      ),
    ),
  partials: [(g, [x]) => mul(g, isfinite(x))],
  saves: savesSelf,
});

/** NaN, Infinity and -Infinity replaced, by default by 0 and the dtype's largest and lowest; the gradient there is 0. */
export const nanToNum = (x: Node, { nan = 0, posinf = null, neginf = null }: Partial<Repair> = {}): Node =>
  node(nanToNumOp, [x], { nan, posinf, neginf });
