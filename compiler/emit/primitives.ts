// The primitives in JavaScript. In: the texts of the arguments. Out: an expression with its binding strength. Numbers are
// doubles; a store rounds them. Tests give JavaScript booleans, which the printer turns into 1 and 0 where a number is wanted.
// What needs its argument twice, or many operations, is a small helper function (helpers.ts): V8 inlines these.

import type { DType } from '../dtype.ts';
import type { Primitive } from '../scalar.ts';

/** Binding strengths, as in JavaScript's grammar. */
export const strength = {
  conditional: 2,
  or: 3,
  and: 4,
  bitOr: 5,
  bitXor: 6,
  bitAnd: 7,
  equality: 8,
  relation: 9,
  shift: 10,
  sum: 11,
  product: 12,
  unary: 14,
  atom: 18,
} as const;

export interface Piece {
  readonly text: string;
  readonly strength: number;
  /** True if it is a JavaScript boolean. */
  readonly logical?: boolean;
  /** The helper it calls. */
  readonly helper?: string;
}

/** How an operator takes its operands, if not as numbers: as conditions, or as bits, which booleans are as they stand. */
export type Operands = 'logical' | 'bits';

type Form =
  /** a op b. */
  | {
      readonly tag: 'infix';
      readonly symbol: string;
      readonly strength: number;
      readonly logical?: boolean;
      readonly operands?: Operands;
    }
  | {
      readonly tag: 'prefix';
      readonly symbol: string;
      readonly logical?: boolean;
      readonly operands?: Operands;
    }
  /** A function of Math. */
  | { readonly tag: 'math'; readonly name: string }
  /** A helper; `precise` where it differs for float64. */
  | { readonly tag: 'helper'; readonly name: string; readonly logical?: boolean }
  /** A fast helper for float32, something exact for float64. */
  | { readonly tag: 'fast'; readonly single: string; readonly double: Form }
  | { readonly tag: 'select' };

const infix = (symbol: string, level: number, operands?: Operands): Form => ({
  tag: 'infix',
  symbol,
  strength: level,
  operands,
});
const relation = (symbol: string, level: number): Form => ({
  tag: 'infix',
  symbol,
  strength: level,
  logical: true,
});
const math = (name: string): Form => ({ tag: 'math', name });
const helper = (name: string, logical = false): Form => ({ tag: 'helper', name, logical });
const fast = (single: string, double: Form): Form => ({ tag: 'fast', single, double });

export const forms: Readonly<Record<Primitive, Form>> = {
  add: infix('+', strength.sum),
  sub: infix('-', strength.sum),
  mul: infix('*', strength.product),
  div: infix('/', strength.product),
  fmod: infix('%', strength.product),
  neg: { tag: 'prefix', symbol: '-' },
  abs: math('abs'),
  sign: helper('signOf'),
  floor: math('floor'),
  ceil: math('ceil'),
  trunc: math('trunc'),
  round: helper('roundHalfEven'),
  min: helper('minOf'),
  max: helper('maxOf'),
  sqrt: math('sqrt'),
  exp: fast('exp32', math('exp')),
  exp2: helper('exp2Of'),
  expm1: fast('expm132', math('expm1')),
  log: fast('log32', math('log')),
  log1p: fast('log1p32', math('log1p')),
  log2: math('log2'),
  log10: math('log10'),
  sin: fast('sin32', math('sin')),
  cos: fast('cos32', math('cos')),
  tan: math('tan'),
  asin: math('asin'),
  acos: math('acos'),
  atan: math('atan'),
  sinh: math('sinh'),
  cosh: math('cosh'),
  tanh: fast('tanh32', math('tanh')),
  asinh: math('asinh'),
  acosh: math('acosh'),
  atanh: math('atanh'),
  sigmoid: fast('sigmoid32', helper('sigmoidOf')),
  atan2: math('atan2'),
  hypot: helper('hypotOf'),
  pow: helper('powOf'),
  erf: fast('erf32', helper('erfOf')),
  erfc: helper('erfcOf'),
  erfinv: helper('erfinvOf'),
  lgamma: helper('lgammaOf'),
  digamma: helper('digammaOf'),
  polygamma: helper('polygammaOf'),
  i0: helper('i0Of'),
  i1: helper('i1Of'),
  erfcx: helper('erfcxOf'),
  ndtri: helper('ndtriOf'),
  lt: relation('<', strength.relation),
  le: relation('<=', strength.relation),
  gt: relation('>', strength.relation),
  ge: relation('>=', strength.relation),
  eq: relation('===', strength.equality),
  ne: relation('!==', strength.equality),
  and: { tag: 'infix', symbol: '&&', strength: strength.and, logical: true, operands: 'logical' },
  or: { tag: 'infix', symbol: '||', strength: strength.or, logical: true, operands: 'logical' },
  not: { tag: 'prefix', symbol: '!', logical: true, operands: 'logical' },
  isnan: { tag: 'helper', name: 'Number.isNaN', logical: true },
  isfinite: { tag: 'helper', name: 'Number.isFinite', logical: true },
  bitAnd: infix('&', strength.bitAnd, 'bits'),
  bitOr: infix('|', strength.bitOr, 'bits'),
  bitXor: infix('^', strength.bitXor, 'bits'),
  bitNot: { tag: 'prefix', symbol: '~' },
  shiftLeft: infix('<<', strength.shift),
  shiftRight: infix('>>', strength.shift),
  signbit: helper('signbitOf', true),
  select: { tag: 'select' },
};

/** Integer results that leave their range: C wraps, and so does the store; in the middle of an expression it must be said. */
const wraps: ReadonlySet<Primitive> = new Set(['add', 'sub', 'mul', 'neg', 'abs', 'shiftLeft', 'bitNot']);

export function wrapInteger(prim: Primitive, dtype: DType, text: Piece, args: readonly string[]): Piece {
  if (!wraps.has(prim)) return text;
  if (dtype === 'int32' && prim === 'mul')
    return { text: `Math.imul(${args.join(', ')})`, strength: strength.atom };
  if (dtype === 'int32') return { text: `${paren(text, strength.bitOr)} | 0`, strength: strength.bitOr };
  if (dtype === 'uint8') return { text: `${paren(text, strength.bitAnd)} & 255`, strength: strength.bitAnd };
  return text;
}

/** The text of a piece where something that binds as strongly as `level` is around it. */
export const paren = (p: Piece, level: number): string => (p.strength < level ? `(${p.text})` : p.text);

/** A boolean as 1 or 0. Of one comparison V8 makes a number without a jump, whatever comes out; && and || are jumps anyway. */
export function asNumber(p: Piece): Piece {
  if (!p.logical) return p;
  return p.strength === strength.or || p.strength === strength.and
    ? { text: `${p.text} ? 1 : 0`, strength: strength.conditional }
    : { text: `+${paren(p, strength.unary)}`, strength: strength.unary };
}
