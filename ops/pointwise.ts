// What every pointwise operator shares. In: its meaning as a scalar expression (or as other nodes) and one partial derivative per
// input. Out: an `Op`. Broadcasting, summing gradients back to an input's shape and rounding numbers to the dtype are done here,
// so that an operator is a literal of a few lines. A *gate* is what most kinks need: a gradient that passes or not, as its
// other inputs decide; linear in the gradient, flat in the rest.

import { defaultFloat, isFloat } from '../compiler/dtype.ts';
import type { DType } from '../compiler/dtype.ts';
import { node } from '../compiler/node.ts';
import type { Node } from '../compiler/node.ts';
import { defineOp } from '../compiler/op.ts';
import type { Meaning, Op } from '../compiler/op.ts';
import { castNumber, constant as constantScalar } from '../compiler/scalar.ts';
import type { Scalar } from '../compiler/scalar.ts';
import { cast } from './cast.ts';
import { asNode, commonType, mapType } from './operand.ts';
import type { Operand } from './operand.ts';
import { sumTo } from './reduce-sum.ts';

/** The gradient of one input, before it is summed to that input's shape. */
export type Pull<A = undefined> = (g: Node, inputs: readonly Node[], result: Node, attrs: A) => Node;

/** A number as an expression in a dtype sees it: 0.1 in float32 is 0.10000000149. */
export type Rounded = (value: number) => Scalar;

/** What it computes at one index; `num` rounds numbers of the attributes to the dtype of the inputs. */
export type Expression<A> = Scalar | ((attrs: A, num: Rounded, dtype: DType) => Scalar);

export type Pointwise<A> = Description<A> &
  (
    | { readonly expr: Expression<A>; readonly expand?: undefined }
    /** Or what it is made of. */
    | { readonly expr?: undefined; readonly expand: (inputs: readonly Node[], attrs: A) => Node }
  );

interface Description<A> {
  /** The input whose dtype the result has; the first if absent. */
  readonly like?: number;
  /** Dtype of the result, if it is not that of an input. */
  readonly dtype?: DType;
  /** One per input; null where there is no gradient. Absent: differentiated through `expand`, or not differentiable. */
  readonly partials?: readonly (Pull<A> | null)[];
  readonly saves?: Op<A>['saves'];
  readonly gradName?: string | ((n: Node<A>) => string);
}

const rounded =
  (dtype: DType): Rounded =>
  (value) =>
    constantScalar(castNumber(dtype, value));

/** The operator of a pointwise function. */
export function pointwise<A = undefined>(name: string, spec: Pointwise<A>): Op<A> {
  const { expr, expand, like = 0, dtype, partials, saves, gradName } = spec;
  return defineOp<A>({
    name,
    type: (inputs) => mapType(inputs, dtype ?? inputs[like].dtype),
    meaning: expand
      ? (n) => ({ tag: 'composite', expand: () => expand(n.inputs, n.attrs) })
      : mapMeaning(expr, like),
    vjp:
      partials &&
      ((g, n, wants) => n.inputs.map((x, i) => (wants[i] ? pull(partials[i] ?? null, g, n, x) : null))),
    nondifferentiable: !partials && !expand ? true : undefined,
    saves,
    gradName: typeof gradName === 'string' ? () => gradName : gradName,
  });
}

/** Without attributes the dtype decides, and nodes share one meaning. */
function mapMeaning<A>(expr: Expression<A>, like: number): Op<A>['meaning'] {
  if (typeof expr !== 'function') {
    const fixed: Meaning = { tag: 'map', expr };
    return () => fixed;
  }
  const shared = new Map<DType, Meaning>();
  return ({ inputs, attrs }) => {
    const { dtype } = inputs[like].type;
    const known = shared.get(dtype);
    if (known) return known;
    const meaning: Meaning = { tag: 'map', expr: expr(attrs, rounded(dtype), dtype) };
    if (attrs === undefined) shared.set(dtype, meaning);
    return meaning;
  };
}

function pull<A>(partial: Pull<A> | null, g: Node, n: Node<A>, x: Node): Node | null {
  return partial && sumTo(cast(partial(g, n.inputs, n, n.attrs), x.type.dtype), x.type.shape);
}

// What autograd keeps for backward. (Functions rather than constants: files of ops/ import each other in circles.)
export function savesSelf(): Readonly<Record<string, number>> {
  return { self: 0 };
}
export function savesResult(): Readonly<Record<string, 'output'>> {
  return { result: 'output' };
}
export function savesNothing(): Readonly<Record<string, never>> {
  return {};
}

/** As a float: integers and booleans become the default float. */
export function floating(x: Node): Node {
  return isFloat(x.type.dtype) ? x : cast(x, defaultFloat);
}

/** Operands as floats of their common dtype, numbers without a detour over what integers can hold. */
export function floatsTogether(...operands: readonly Operand[]): Node[] {
  const common = commonType(...operands);
  const dtype = isFloat(common) ? common : defaultFloat;
  return operands.map((x) => asNode(x, dtype));
}

/** The node-level function of an operator without attributes that computes in floats. */
export function floatFunction(name: string, spec: Pointwise<undefined>): (x: Node) => Node {
  const op = pointwise(name, spec);
  return (x) => node(op, [floating(x)], undefined);
}

/** The node-level function of an operator without attributes in the dtype of its input. */
export function sameFunction(name: string, spec: Pointwise<undefined>): (x: Node) => Node {
  const op = pointwise(name, spec);
  return (x) => node(op, [x], undefined);
}

/**
 * A function `(g, ...xs)` that is linear in its first argument and takes the others only to decide how much of it passes; they
 * get no gradient, as in PyTorch.
 */
export function gate(name: string, expr: Scalar): (...inputs: readonly Node[]) => Node {
  const build = gateWith(name, expr);
  return (...inputs) => build(undefined, ...inputs);
}

/** A gate with attributes, which come first: `(attrs, g, ...xs)`. */
export function gateWith<A>(
  name: string,
  expr: Expression<A>,
): (attrs: A, ...inputs: readonly Node[]) => Node {
  const op: Op<A> = pointwise<A>(name, {
    expr,
    partials: [(g, [, ...xs], _, attrs) => node(op, [g, ...xs], attrs)],
  });
  return (attrs, ...inputs) => node(op, inputs, attrs);
}
