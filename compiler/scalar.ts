// Scalar expressions: what a map computes at one index. In: references to a node's inputs. Out: a small immutable tree over
// the primitives below. A primitive says what it means in plain JavaScript (the interpreter's definition) and what it costs;
// each backend has its own Record<Primitive, ...> and does not compile until a new primitive is handled there as well.
// Values are JavaScript numbers; booleans are 0 and 1. Integers wrap at the node's dtype, not inside an expression.

import type { DType } from './dtype.ts';
import * as special from './special.ts';

export interface PrimitiveInfo {
  readonly arity: number;
  /** True if the result is 0 or 1. */
  readonly logical?: boolean;
  /** Price in units of one multiplication; from 8 upwards a value is never computed twice. */
  readonly cost: number;
  readonly meaning: (...args: number[]) => number;
}

/** Half to even, as IEEE 754 and PyTorch round. */
export function roundHalfEven(x: number): number {
  const r = Math.round(x);
  return Math.abs(x % 1) === 0.5 && r % 2 !== 0 ? r - 1 : r === 0 && (x < 0 || Object.is(x, -0)) ? -0 : r;
}

const op = (arity: number, cost: number, meaning: (...args: number[]) => number): PrimitiveInfo => ({
  arity,
  cost,
  meaning,
});
const test = (arity: number, meaning: (...args: number[]) => boolean): PrimitiveInfo => ({
  arity,
  cost: 1,
  logical: true,
  meaning: (...args) => (meaning(...args) ? 1 : 0),
});

const table = {
  add: op(2, 1, (a, b) => a + b),
  sub: op(2, 1, (a, b) => a - b),
  mul: op(2, 1, (a, b) => a * b),
  div: op(2, 2, (a, b) => a / b),
  neg: op(1, 1, (a) => -a),
  abs: op(1, 1, Math.abs),
  sign: op(1, 1, (a) => (a > 0 ? 1 : a < 0 ? -1 : a)),
  floor: op(1, 1, Math.floor),
  ceil: op(1, 1, Math.ceil),
  trunc: op(1, 1, Math.trunc),
  round: op(1, 2, roundHalfEven),
  /** C's fmod: the sign of the dividend. */
  fmod: op(2, 8, (a, b) => a % b),
  /** NaN if either is NaN. */
  min: op(2, 1, (a, b) => (a < b || Number.isNaN(a) ? a : b)),
  max: op(2, 1, (a, b) => (a > b || Number.isNaN(a) ? a : b)),
  sqrt: op(1, 3, Math.sqrt),
  exp: op(1, 12, Math.exp),
  exp2: op(1, 12, special.exp2),
  expm1: op(1, 14, Math.expm1),
  log: op(1, 10, Math.log),
  log1p: op(1, 14, Math.log1p),
  log2: op(1, 12, Math.log2),
  log10: op(1, 12, Math.log10),
  sin: op(1, 12, Math.sin),
  cos: op(1, 12, Math.cos),
  tan: op(1, 16, Math.tan),
  asin: op(1, 16, Math.asin),
  acos: op(1, 16, Math.acos),
  atan: op(1, 16, Math.atan),
  sinh: op(1, 16, Math.sinh),
  cosh: op(1, 16, Math.cosh),
  tanh: op(1, 14, Math.tanh),
  asinh: op(1, 20, Math.asinh),
  acosh: op(1, 20, Math.acosh),
  atanh: op(1, 20, Math.atanh),
  sigmoid: op(1, 14, (a) => 1 / (1 + Math.exp(-a))),
  atan2: op(2, 20, Math.atan2),
  hypot: op(2, 12, special.hypot),
  pow: op(2, 30, (a, b) => special.pow(a, b)),
  erf: op(1, 14, special.erf),
  erfc: op(1, 20, special.erfc),
  erfinv: op(1, 30, special.erfinv),
  lgamma: op(1, 40, special.lgamma),
  digamma: op(1, 40, special.digamma),
  /** polygamma(n, x): the n-th derivative of digamma, n >= 1. */
  polygamma: op(2, 60, special.polygamma),
  i0: op(1, 40, special.i0),
  i1: op(1, 40, special.i1),
  erfcx: op(1, 40, special.erfcx),
  ndtri: op(1, 40, special.ndtri),
  lt: test(2, (a, b) => a < b),
  le: test(2, (a, b) => a <= b),
  gt: test(2, (a, b) => a > b),
  ge: test(2, (a, b) => a >= b),
  eq: test(2, (a, b) => a === b),
  ne: test(2, (a, b) => a !== b),
  and: test(2, (a, b) => a !== 0 && b !== 0),
  or: test(2, (a, b) => a !== 0 || b !== 0),
  not: test(1, (a) => a === 0),
  isnan: test(1, Number.isNaN),
  isfinite: test(1, Number.isFinite),
  bitAnd: op(2, 1, (a, b) => a & b),
  bitOr: op(2, 1, (a, b) => a | b),
  bitXor: op(2, 1, (a, b) => a ^ b),
  bitNot: op(1, 1, (a) => ~a),
  shiftLeft: op(2, 1, (a, b) => a << b),
  shiftRight: op(2, 1, (a, b) => a >> b),
  /** 1 if the sign bit is set: true for -0. */
  signbit: { ...test(1, (a) => a < 0 || Object.is(a, -0)), cost: 2 },
  /** select(c, a, b): a where c is not 0. Only the chosen branch need be evaluated. */
  select: op(3, 1, (c, a, b) => (c !== 0 ? a : b)),
} as const satisfies Record<string, PrimitiveInfo>;

export type Primitive = keyof typeof table;
export const primitives: Readonly<Record<Primitive, PrimitiveInfo>> = table;

export type Scalar =
  | { readonly tag: 'arg'; readonly index: number }
  | { readonly tag: 'const'; readonly value: number }
  | { readonly tag: 'prim'; readonly prim: Primitive; readonly args: readonly Scalar[] }
  /** Rounds or wraps to a dtype in the middle of an expression. */
  | { readonly tag: 'cast'; readonly dtype: DType; readonly arg: Scalar };

export const arg = (index: number): Scalar => ({ tag: 'arg', index });
export const constant = (value: number): Scalar => ({ tag: 'const', value });
export const cast = (dtype: DType, value: Scalar): Scalar => ({ tag: 'cast', dtype, arg: value });

type Operand = Scalar | number;
const lift = (x: Operand): Scalar => (typeof x === 'number' ? constant(x) : x);
export const prim = (name: Primitive, ...args: Operand[]): Scalar => ({
  tag: 'prim',
  prim: name,
  args: args.map(lift),
});

/** Builders, one per primitive: `s.mul(s.exp(x), 2)`. */
export const s = Object.fromEntries(
  Object.keys(table).map((name) => [name, (...args: Operand[]) => prim(name as Primitive, ...args)]),
) as Readonly<Record<Primitive, (...args: Operand[]) => Scalar>>;

/** Text of an expression, with the given names for its arguments: `mul(exp(a), 2)`. */
export function printScalar(e: Scalar, names: readonly string[]): string {
  switch (e.tag) {
    case 'arg':
      return names[e.index] ?? `$${e.index}`;
    case 'const':
      return Object.is(e.value, -0) ? '-0' : String(e.value);
    case 'cast':
      return `${e.dtype}(${printScalar(e.arg, names)})`;
    case 'prim':
      return `${e.prim}(${e.args.map((a) => printScalar(a, names)).join(', ')})`;
  }
}

/** The dtype's own value nearest to a number: rounding for floats, wrapping for integers (C's conversion), truth for bool. */
export function castNumber(dtype: DType, value: number): number {
  switch (dtype) {
    case 'float64':
      return value;
    case 'float32':
      return Math.fround(value);
    case 'int32':
      return value | 0;
    case 'uint8':
      return value & 255;
    case 'bool':
      return value !== 0 ? 1 : 0;
  }
}

/** Evaluates an expression as the primitives define it. */
export function evaluateScalar(e: Scalar, args: readonly number[]): number {
  switch (e.tag) {
    case 'arg':
      return args[e.index];
    case 'const':
      return e.value;
    case 'cast':
      return castNumber(e.dtype, evaluateScalar(e.arg, args));
    case 'prim':
      if (e.prim === 'select')
        return evaluateScalar(e.args[evaluateScalar(e.args[0], args) !== 0 ? 1 : 2], args);
      return primitives[e.prim].meaning(...e.args.map((a) => evaluateScalar(a, args)));
  }
}

/** The price of evaluating an expression once. */
export function scalarCost(e: Scalar): number {
  switch (e.tag) {
    case 'arg':
    case 'const':
      return 0;
    case 'cast':
      return scalarCost(e.arg);
    case 'prim':
      return e.args.reduce((sum, a) => sum + scalarCost(a), primitives[e.prim].cost);
  }
}
