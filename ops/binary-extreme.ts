// The larger and the smaller of two. In: nodes or numbers. Out: a node of their common dtype. `maximum` and `minimum` hand NaN on
// and split the gradient of a tie; `fmax` and `fmin` prefer the number and give a tie to the first.

import { node } from '../compiler/node.ts';
import type { Node } from '../compiler/node.ts';
import { declareCommutative } from '../compiler/rewrite.ts';
import { arg, s } from '../compiler/scalar.ts';
import type { Primitive } from '../compiler/scalar.ts';
import { together } from './operand.ts';
import type { Operand } from './operand.ts';
import { gate, pointwise } from './pointwise.ts';

const a = arg(0);
const b = arg(1);
const c = arg(2);
const saves = (): Readonly<Record<string, number>> => ({ self: 0, other: 1 });

/** All of g if `self` wins (neither does where one is NaN: both get it), half of it in a tie. */
function extreme(
  name: 'maximum' | 'minimum',
  prim: Primitive,
  loses: Primitive,
): (x: Operand, y: Operand) => Node {
  const share = gate(`${name}Gate`, s.select(s[loses](b, c), 0, s.select(s.eq(b, c), s.mul(a, 0.5), a)));
  const op = pointwise(name, {
    expr: s[prim](b, a), // the first of +0 and -0, like std::max
    partials: [(g, [x, y]) => share(g, x, y), (g, [x, y]) => share(g, y, x)],
    saves,
  });
  return (x, y) => node(op, together(x, y), undefined);
}

/** The larger of x and y, NaN if either is. */
export const maximum = extreme('maximum', 'max', 'lt');
/** The smaller of x and y, NaN if either is. */
export const minimum = extreme('minimum', 'min', 'gt');

function preferNumber(name: 'fmax' | 'fmin', wins: Primitive): (x: Operand, y: Operand) => Node {
  const first = (x: typeof b, y: typeof c) => s.or(s[wins](x, y), s.isnan(y));
  const toFirst = gate(`${name}First`, s.select(first(b, c), a, 0));
  const toSecond = gate(`${name}Second`, s.select(first(b, c), 0, a));
  const op = pointwise(name, {
    expr: s.select(first(a, b), a, b),
    partials: [(g, [x, y]) => toFirst(g, x, y), (g, [x, y]) => toSecond(g, x, y)],
    saves,
  });
  return (x, y) => node(op, together(x, y), undefined);
}

/** The larger of x and y, NaN only if both are. */
export const fmax = preferNumber('fmax', 'ge');
/** The smaller of x and y, NaN only if both are. */
export const fmin = preferNumber('fmin', 'le');

declareCommutative('maximum', 'minimum');
