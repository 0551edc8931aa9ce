// Rewrites of arithmetic. In: patterns of sums, products, quotients and powers, as symbolic gradients produce them. Out: fewer
// nodes. `exact` is meant bit for bit: x + 0 is x only where x cannot be -0, 0 * x and x - x and x / x stay because x may be
// infinite or NaN (unless fast math is asked for).

import { isFloat } from '../compiler/dtype.ts';
import type { Node } from '../compiler/node.ts';
import { constantOf, rule } from '../compiler/rewrite.ts';
import type { OpPattern, Pattern, Rule } from '../compiler/rewrite.ts';
import { add, div, exponentOf, mul, sub } from './binary.ts';
import { fullLike } from './source.ts';
import { abs, exp, neg, reciprocal, rsqrt, sqrt } from './unary.ts';
import { spread } from './view.ts';

/** A replacement that is one of the captured nodes, broadcast like what it replaces. */
const becomes = (name: string, kind: Rule['kind'], pattern: OpPattern): Rule =>
  rule(name, kind, pattern, ({ x }, n) => spread(x, n.type.shape));

/** Operators whose result is never -0, whatever they are given. */
const neverMinusZero = new Set(['abs', 'exp', 'exp2', 'sigmoid', 'erfc', 'i0']);

/**
 * True if no element can be -0: then x + 0 is x. A sum is -0 only if both parts are, a square never. Looks a few nodes deep.
 */
function hasNoMinusZero(x: Node, depth = 4): boolean {
  if (!isFloat(x.type.dtype)) return true;
  const value = constantOf(x);
  if (value !== null) return !Object.is(value, -0);
  if (depth === 0) return false;
  const holds = (y: Node): boolean => hasNoMinusZero(y, depth - 1);
  const [a, b, c] = x.inputs;
  const meaning = x.op.meaning(x);
  switch (meaning.tag) {
    case 'contract':
      return true; // sums start at +0
    case 'reduce':
      return meaning.monoid === 'sum' || (meaning.monoid !== 'prod' && holds(a));
    case 'view':
      return holds(a) && !(meaning.view.tag === 'affine' && Object.is(meaning.view.fill, -0));
  }
  switch (x.op.name) {
    case 'add':
      return holds(a) || holds(b);
    case 'mul':
      return a === b;
    case 'where':
      return holds(b) && holds(c);
    case 'to':
      return !isFloat(a.type.dtype);
    default:
      return neverMinusZero.has(x.op.name);
  }
}

/** c is a power of two whose reciprocal is a normal number too, so that dividing by it is multiplying by that. */
function hasExactReciprocal(c: number): boolean {
  const exponent = Math.log2(Math.abs(c));
  return Number.isInteger(exponent) && Math.abs(exponent) <= 126 && 2 ** exponent === Math.abs(c);
}

/** A product with a constant factor c (and another, d): `to` gives the one factor that replaces them, or null. */
const scaled = (
  name: string,
  kind: Rule['kind'],
  pattern: OpPattern,
  to: (c: number, d: number) => number | null,
): Rule =>
  rule(name, kind, pattern, ({ x, c, d }, n) => {
    // which of two bare captures is the constant is not known before
    const isQuotient = pattern[0] === 'div';
    const [other, factor] = constantOf(c) !== null || isQuotient ? [x, c] : [c, x];
    const first = constantOf(factor);
    const second = d ? constantOf(d) : 0;
    const value = first === null || second === null ? null : to(first, second);
    return value === null ? null : mul(spread(other, n.type.shape), fullLike(factor, value));
  });

/** x to a whole power from 4 to 64 as products, or null. */
function bySquaring(x: Node, n: number): Node | null {
  if (!Number.isInteger(n) || n < 4 || n > 64) return null;
  const power = (k: number): Node => {
    if (k === 1) return x;
    const half = power(k >> 1);
    const even = mul(half, half);
    return k % 2 === 0 ? even : mul(even, x);
  };
  return power(n);
}

const minus = (x: Pattern): Pattern => ['neg', x];

export const rules: readonly Rule[] = [
  becomes('x * 1 = x', 'exact', ['mul', 'x', 1]),
  becomes('x / 1 = x', 'exact', ['div', 'x', 1]),
  becomes('x - 0 = x', 'exact', ['sub', 'x', 0]),
  becomes('x + -0 = x', 'exact', ['add', 'x', -0]),
  rule('x + 0 = x if x is never -0', 'exact', ['add', 'x', 0], ({ x }, n) =>
    hasNoMinusZero(x) ? spread(x, n.type.shape) : null,
  ),
  becomes('x + 0 = x', 'fast', ['add', 'x', 0]),

  becomes('--x = x', 'exact', ['neg', ['neg', 'x']]),
  rule('x * -1 = -x', 'exact', ['mul', 'x', -1], ({ x }, n) => neg(spread(x, n.type.shape))),
  rule('x / -1 = -x', 'exact', ['div', 'x', -1], ({ x }, n) => neg(spread(x, n.type.shape))),
  rule('x - -y = x + y', 'exact', ['sub', 'x', minus('y')], ({ x, y }) => add(x, y)),
  rule('x + -y = x - y', 'exact', ['add', 'x', minus('y')], ({ x, y }) => sub(x, y)),
  rule('-x * -y = x * y', 'exact', ['mul', minus('x'), minus('y')], ({ x, y }) => mul(x, y)),
  rule('-x / -y = x / y', 'exact', ['div', minus('x'), minus('y')], ({ x, y }) => div(x, y)),
  rule('|-x| = |x|', 'exact', ['abs', minus('x')], ({ x }) => (isFloat(x.type.dtype) ? abs(x) : null)),
  rule('||x|| = |x|', 'exact', ['abs', ['abs', 'x']], (_, n) => n.inputs[0]),
  scaled('-x * c = x * -c', 'exact', ['mul', minus('x'), 'c'], (c) => -c),
  scaled('-(x * c) = x * -c', 'exact', ['neg', ['mul', 'x', 'c']], (c) => -c),
  scaled('x / 2^k = x * 2^-k', 'exact', ['div', 'x', 'c'], (c) => (hasExactReciprocal(c) ? 1 / c : null)),
  scaled('(x * c) * d = x * (c * d)', 'fast', ['mul', ['mul', 'x', 'c'], 'd'], (c, d) => c * d),
  scaled('x / c = x * (1 / c)', 'fast', ['div', 'x', 'c'], (c) => 1 / c),

  rule('x^k as a simpler operator', 'exact', ['powScalar', 'x'], ({ x }, n) => {
    if (!isFloat(x.type.dtype)) return null;
    switch (exponentOf(n)) {
      case 0:
        return fullLike(x, 1);
      case 1:
        return x;
      case 2:
        return mul(x, x);
      case 0.5:
        return sqrt(x);
      case -0.5:
        return rsqrt(x);
      case -1:
        return reciprocal(x);
      default:
        return null;
    }
  }),
  rule('x^n by squaring', 'fast', ['powScalar', 'x'], ({ x }, n) => bySquaring(x, exponentOf(n))),
  becomes('x^1 = x', 'exact', ['pow', 'x', 1]),
  rule('x^2 = x * x', 'stabilising', ['pow', 'x', 2], ({ x }, n) => {
    const wide = spread(x, n.type.shape);
    return isFloat(x.type.dtype) ? mul(wide, wide) : null;
  }),

  rule('0 * x = 0', 'fast', ['mul', 'x', 0], (_, n) => fullLike(n, 0)),
  rule('x - x = 0', 'fast', ['sub', 'x', 'x'], (_, n) => fullLike(n, 0)),
  rule('x / x = 1', 'fast', ['div', 'x', 'x'], (_, n) => fullLike(n, 1)),
  rule('0 - x = -x', 'fast', ['sub', 0, 'x'], ({ x }, n) => neg(spread(x, n.type.shape))),
  rule('exp(x) * exp(y) = exp(x + y)', 'fast', ['mul', ['exp', 'x'], ['exp', 'y']], ({ x, y }) =>
    exp(add(x, y)),
  ),
];
