// Limiting to an interval. In: a node and bounds that are numbers, nodes or absent. Out: a node of the common dtype. The interval
// is closed: at a bound the gradient goes to x (hardtanh's is open). Where min > max the result is max. NaN passes, its gradient
// does not.

import { ValueError } from '../compiler/errors.ts';
import { node } from '../compiler/node.ts';
import type { Node } from '../compiler/node.ts';
import { arg, s } from '../compiler/scalar.ts';
import type { Primitive, Scalar } from '../compiler/scalar.ts';
import { ge, gt, le, logicalAnd, logicalOr, lt } from './compare.ts';
import { asNode, commonType, isNode, together } from './operand.ts';
import type { Operand } from './operand.ts';
import { pointwise, savesSelf } from './pointwise.ts';
import { where } from './select.ts';

const x0 = arg(0);
const x1 = arg(1);

/** Which function was called: only its backward's name depends on it. */
interface Called {
  readonly as: 'Clamp' | 'ClampMin' | 'ClampMax';
}

/** Bounds that are plain numbers. */
interface Limits extends Called {
  readonly min: number | null;
  readonly max: number | null;
}

/** g where min <= x <= max, else 0: of x only the comparison remains, so what is linear so far has no second derivative. */
function within(g: Node, x: Node, { min, max }: Limits): Node {
  const above = min === null ? null : ge(x, min);
  const below = max === null ? null : le(x, max);
  return where(above && below ? logicalAnd(above, below) : (above ?? below)!, g, 0);
}

const limitsOp = pointwise<Limits>('clamp', {
  expr({ min, max }, num) {
    const raised = min === null ? x0 : s.select(s.lt(x0, num(min)), num(min), x0);
    return max === null ? raised : s.select(s.gt(raised, num(max)), num(max), raised);
  },
  partials: [(g, [x], _, limits) => within(g, x, limits)],
  gradName: ({ attrs }) => (attrs.as === 'Clamp' ? 'ClampBackward1' : `${attrs.as}Backward0`),
  saves: savesSelf,
});

/** One bound that is a node, on the side where x is `beyond` it. */
const limitOp = (
  name: string,
  bound: 'min' | 'max',
  beyond: Primitive,
  keeps: typeof ge,
  yields: typeof ge,
) =>
  pointwise<Called>(name, {
    expr: s.select(s.or(s[beyond](x0, x1), s.isnan(x1)), x1, x0) satisfies Scalar,
    partials: [
      (g, [x, limit]) => where(keeps(x, limit), g, 0),
      (g, [x, limit]) => where(yields(x, limit), g, 0),
    ],
    gradName: ({ attrs }) => (attrs.as === 'Clamp' ? 'ClampBackward0' : `${attrs.as}Backward1`),
    saves: () => ({ self: 0, [bound]: 1 }),
  });
const atLeastOp = limitOp('clampMin', 'min', 'lt', ge, lt);
const atMostOp = limitOp('clampMax', 'max', 'gt', le, gt);

const between = (x: Node, low: Node, high: Node): Node =>
  node(atMostOp, [node(atLeastOp, [x, low], { as: 'Clamp' }), high], { as: 'Clamp' });

const betweenOp = pointwise('clampBetween', {
  expand: ([x, low, high]) => between(x, low, high),
  partials: [
    (g, [x, low, high]) => where(logicalAnd(ge(x, low), le(x, high)), g, 0),
    (g, [x, low, high]) => where(logicalAnd(lt(low, high), lt(x, low)), g, 0),
    (g, [x, low, high]) => where(logicalOr(gt(x, high), lt(high, low)), g, 0),
  ],
  gradName: 'ClampBackward0',
  saves: () => ({ self: 0, min: 1, max: 2 }),
});

type Bound = Operand | null;

function limit(x: Node, min: Bound, max: Bound, as: Called['as']): Node {
  if (min === null && max === null)
    throw new ValueError("torch.clamp: At least one of 'min' or 'max' must not be None");
  const isTensor = (bound: Bound): boolean => bound !== null && isNode(bound);
  if (isTensor(min) || isTensor(max)) {
    if (max === null) return node(atLeastOp, together(x, min!), { as });
    if (min === null) return node(atMostOp, together(x, max), { as });
    return node(betweenOp, together(x, min, max), undefined);
  }
  const [low, high] = [min, max].map((bound) => (bound === null ? null : Number(bound)));
  const dtype = commonType(x, ...[low, high].filter((bound) => bound !== null));
  return node(limitsOp, [asNode(x, dtype)], { min: low, max: high, as });
}

/** Both bounds by name, as in `clamp(x, { min: 0 })`. */
export interface ClampBounds {
  readonly min?: Bound;
  readonly max?: Bound;
}

const areNamed = (x: Bound | ClampBounds): x is ClampBounds =>
  typeof x === 'object' && x !== null && !('op' in x);

/** x limited to [min, max]; either bound may be null, a number or a node. ValueError without a bound. */
export function clamp(x: Node, min: Bound | ClampBounds = null, max: Bound = null): Node {
  return areNamed(min) ? limit(x, min.min ?? null, min.max ?? null, 'Clamp') : limit(x, min, max, 'Clamp');
}
/** Another name of clamp. */
export const clip = clamp;

/** The larger of x and a bound. */
export const clampMin = (x: Node, min: Operand): Node => limit(x, min, null, 'ClampMin');
/** The smaller of x and a bound. */
export const clampMax = (x: Node, max: Operand): Node => limit(x, null, max, 'ClampMax');
