// Conversions between dtypes in JavaScript. In: a dtype and an expression. Out: the expression as that dtype's value.

import type { DType } from '../dtype.ts';
import { asNumber, paren, strength, type Piece } from './primitives.ts';

export function castText(dtype: DType, arg: Piece): Piece {
  const logical = arg.logical === true;
  const number = asNumber(arg);
  switch (dtype) {
    case 'float64':
      return number;
    case 'float32':
      return logical ? number : { text: `Math.fround(${number.text})`, strength: strength.atom };
    case 'int32':
      return logical ? number : { text: `${paren(number, strength.bitOr)} | 0`, strength: strength.bitOr };
    case 'uint8':
      return logical
        ? number
        : { text: `${paren(number, strength.bitAnd)} & 255`, strength: strength.bitAnd };
    case 'bool':
      return logical
        ? arg
        : {
            text: `${paren(number, strength.equality + 1)} !== 0`,
            strength: strength.equality,
            logical: true,
          };
  }
}
