// Rewrites of choices, conditions and conversions. In: patterns of where, masked fill, logic and casts. Out: fewer nodes, the
// same bits. (Equal branches and constant conditions are folded by the compiler without any rule.)

import type { DType } from '../compiler/dtype.ts';
import { rule } from '../compiler/rewrite.ts';
import type { Rule } from '../compiler/rewrite.ts';
import { mul } from './binary.ts';
import { cast } from './cast.ts';
import { eq, ne } from './compare.ts';
import { where } from './select.ts';
import { spread } from './view.ts';

/** True if `wide` holds every value of `narrow`. */
function holds(wide: DType, narrow: DType): boolean {
  if (wide === narrow || narrow === 'bool' || wide === 'float64') return true;
  if (narrow === 'uint8') return wide !== 'bool';
  return false;
}

export const rules: readonly Rule[] = [
  rule('masked fill = where', 'exact', ['maskedFill', 'x', 'm', 'v'], ({ x, m, v }) => where(m, v, x)),
  rule(
    'where(not c, x, y) = where(c, y, x)',
    'exact',
    ['where', ['logicalNot', 'c'], 'x', 'y'],
    ({ c, x, y }) => where(c, y, x),
  ),
  rule(
    'where(c, where(c, x, y), z) = where(c, x, z)',
    'exact',
    ['where', 'c', ['where', 'c', 'x', 'y'], 'z'],
    ({ c, x, z }, n) => spread(where(c, x, z), n.type.shape),
  ),
  rule(
    'where(c, x, where(c, y, z)) = where(c, x, z)',
    'exact',
    ['where', 'c', 'x', ['where', 'c', 'y', 'z']],
    ({ c, x, z }, n) => spread(where(c, x, z), n.type.shape),
  ),
  rule(
    'where(c, x, 0) * y = where(c, x * y, 0)',
    'fast',
    ['mul', ['where', 'c', 'x', 0], 'y'],
    ({ c, x, y }, n) => spread(where(c, mul(x, y), 0), n.type.shape),
  ),

  rule('not not c = c', 'exact', ['logicalNot', ['logicalNot', 'c']], ({ c }) => c),
  rule('not x == y is x != y', 'exact', ['logicalNot', ['eq', 'x', 'y']], ({ x, y }) => ne(x, y)),
  rule('not x != y is x == y', 'exact', ['logicalNot', ['ne', 'x', 'y']], ({ x, y }) => eq(x, y)),
  rule('c and c = c', 'exact', ['logicalAnd', 'c', 'c'], ({ c }) => c),
  rule('c or c = c', 'exact', ['logicalOr', 'c', 'c'], ({ c }) => c),
  rule('c and true = c', 'exact', ['logicalAnd', 'c', 1], ({ c }, n) => spread(c, n.type.shape)),
  rule('c or false = c', 'exact', ['logicalOr', 'c', 0], ({ c }, n) => spread(c, n.type.shape)),

  rule('cast by way of a wider dtype', 'exact', ['to', ['to', 'x']], ({ x }, n) =>
    holds(n.inputs[0].type.dtype, x.type.dtype) ? cast(x, n.type.dtype) : null,
  ),
];
