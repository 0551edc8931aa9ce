// Division that rounds, and its remainders. In: nodes or numbers. Out: a node of their common dtype. The quotient is a step
// function and its derivative 0; a remainder passes the gradient to the dividend and, times the quotient, to the divisor.

import { isFloat } from '../compiler/dtype.ts';
import type { DType } from '../compiler/dtype.ts';
import { ValueError } from '../compiler/errors.ts';
import { node } from '../compiler/node.ts';
import type { Node } from '../compiler/node.ts';
import { arg, cast, s } from '../compiler/scalar.ts';
import type { Scalar } from '../compiler/scalar.ts';
import { mul } from './binary.ts';
import { isNode, together } from './operand.ts';
import type { Operand } from './operand.ts';
import { pointwise } from './pointwise.ts';
import { zerosLike } from './source.ts';
import { neg } from './unary.ts';

const a = arg(0);
const b = arg(1);

/** True if a remainder is not 0 and its sign is not the divisor's. */
const offSide = (mod: Scalar): Scalar => s.and(s.ne(mod, 0), s.ne(s.lt(b, 0), s.lt(mod, 0)));

/** The floor of a quotient as Python has it: exact where a / b rounds to the next whole number. */
function floorQuotient(): Scalar {
  const mod = s.fmod(a, b);
  const exact = s.div(s.sub(a, mod), b);
  const quotient = s.select(offSide(mod), s.sub(exact, 1), exact);
  const floor = s.floor(quotient);
  const nearest = s.select(s.gt(s.sub(quotient, floor), 0.5), s.add(floor, 1), floor);
  const zero = s.select(s.signbit(s.div(a, b)), -0, 0);
  return s.select(s.eq(b, 0), s.div(a, b), s.select(s.ne(quotient, 0), nearest, zero));
}

/** Quotients of integers are exact in float64, however they are rounded; those of float32 are rounded to float32 first. */
const rounded = (dtype: DType, mode: RoundingMode): Scalar =>
  mode === 'trunc'
    ? s.trunc(dtype === 'float32' ? cast(dtype, s.div(a, b)) : s.div(a, b))
    : isFloat(dtype)
      ? floorQuotient()
      : s.floor(s.div(a, b));

export type RoundingMode = 'floor' | 'trunc';

const quotientOp = pointwise<{ readonly roundingMode: RoundingMode }>('divRounded', {
  expr: ({ roundingMode }, _, dtype) => rounded(dtype, roundingMode),
  partials: [(_, [x]) => zerosLike(x), (_, [, y]) => zerosLike(y)],
  gradName: 'DivBackward2',
  saves: (_, [x, y]) => ({ ...(x || y ? { other: 1 } : {}), ...(y ? { self: 0 } : {}) }),
});

/** x / y rounded down (`floor`) or towards 0 (`trunc`), in the common dtype; the gradient is 0. ValueError for another mode. */
export function divRounded(x: Operand, y: Operand, roundingMode: RoundingMode): Node {
  if (roundingMode !== 'floor' && roundingMode !== 'trunc')
    throw new ValueError(
      `div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '${String(roundingMode)}'`,
    );
  return node(quotientOp, together(x, y), { roundingMode });
}

/** floor(x / y), Python's `//`. */
export const floorDivide = (x: Operand, y: Operand): Node => divRounded(x, y, 'floor');

/** A remainder; `mode` says how its quotient was rounded. PyTorch numbers the overload with a plain divisor 0. */
function remainderOf(
  name: 'fmod' | 'remainder',
  mode: RoundingMode,
  expr: Scalar,
): (x: Operand, y: Operand) => Node {
  const camel = name === 'fmod' ? 'Fmod' : 'Remainder';
  const op = pointwise<{ readonly plain: boolean }>(name, {
    expr,
    partials: [(g) => g, (g, [x, y]) => mul(neg(g), divRounded(x, y, mode))],
    gradName: ({ attrs }) => `${camel}Backward${attrs.plain ? 0 : 1}`,
    saves: (_, [, y]): Readonly<Record<string, number>> => (y ? { self: 0, other: 1 } : {}),
  });
  return (x, y) => node(op, together(x, y), { plain: !isNode(y) });
}

/** x - trunc(x / y) y: the sign of x. */
export const fmod = remainderOf('fmod', 'trunc', s.fmod(a, b));

const mod = s.fmod(a, b);
/** x - floor(x / y) y: the sign of y, Python's `%`. */
export const remainder = remainderOf('remainder', 'floor', s.select(offSide(mod), s.add(mod, b), mod));
