// Constant folding on meanings: what can be said about a value without running anything, whatever operator made it. In: a node
// over simplified inputs. Out: a constant, or one of its own inputs, with the reason; or null. This is where gradients that
// are zero in disguise end: sums over nothing, masks that are constant, views that read only their fill.
//
// Nothing here is wrong for NaN, infinities or the sign of zero: 0 * x stays, because x may be infinite.

import { isInteger } from './dtype.ts';
import type { Node, TensorType } from './node.ts';
import { identityOf } from './op.ts';
import type { Meaning, Monoid } from './op.ts';
import { constantOf } from './rewrite.ts';
import type { RuleKind } from './rewrite.ts';
import { arg, castNumber, cast, constant, primitives } from './scalar.ts';
import type { Scalar } from './scalar.ts';
import { numel, sameShape } from './shape.ts';
import type { Shape } from './shape.ts';
import { isIdentityView, mapRange } from './view.ts';
import type { View } from './view.ts';

/** How constants and broadcasts are made; given by ops/, because the compiler names no operator. */
export interface Builders {
  readonly makeConstant: (value: number, type: TensorType) => Node;
  readonly makeExpand: (x: Node, shape: Shape) => Node;
}

export interface Folded {
  readonly rule: string;
  readonly kind: RuleKind;
  readonly after: Node;
}

/** A simpler node for `n`, if its meaning and the constants among its inputs decide that. */
export function fold(n: Node, { makeConstant, makeExpand }: Builders, fastMath = false): Folded | null {
  const meaning = n.op.meaning(n);
  const { shape, dtype } = n.type;
  const number = (rule: string, value: number, kind: RuleKind = 'exact'): Folded => ({
    rule,
    kind,
    after: makeConstant(castNumber(dtype, value), n.type),
  });
  const same = (rule: string, x: Node): Folded => ({ rule, kind: 'exact', after: x });
  if (meaning.tag === 'input' || meaning.tag === 'constant') return null;
  if (meaning.tag === 'routine' || meaning.tag === 'composite') return null;
  if (numel(shape) === 0) return number('no elements', 0);

  switch (meaning.tag) {
    case 'iota':
      return shape[meaning.axis] === 1 || meaning.step === 0
        ? number('ramp of one step', meaning.offset)
        : null;
    case 'map': {
      const e = settle(meaning.expr, n.inputs);
      if (e.tag === 'const') return number('map of constants', e.value);
      if (e.tag !== 'arg' || meaning.own) return null;
      const x = n.inputs[e.index];
      if (x.type.dtype !== dtype) return null;
      return same('map that returns an input', sameShape(x.type.shape, shape) ? x : makeExpand(x, shape));
    }
    case 'view': {
      const [x] = n.inputs;
      if (isIdentityView(meaning.view, x.type.shape, shape)) return same('view that changes nothing', x);
      const value = viewValue(meaning.view, x, n.type);
      return value === null ? null : number('view of one value', value);
    }
    case 'reduce': {
      const [x] = n.inputs;
      const times = numel(x.type.shape) / numel(shape);
      const value = reduceValue(meaning.monoid, valueOf(x), times, x.type, dtype);
      return value && number('reduction of one value', value.value, value.kind);
    }
    case 'contract':
      return foldContract(n, meaning, fastMath, number);
    case 'scatter': {
      const [data, source] = n.inputs.map(valueOf);
      if (data === null || source === null) return null;
      const after = {
        set: source,
        add: data + source,
        mul: data * source,
        max: Math.max(data, source),
        min: Math.min(data, source),
      };
      return Object.is(castNumber(dtype, after[meaning.mode]), data)
        ? number('scatter that changes nothing', data)
        : null;
    }
    case 'gather':
      return null; // of one value everywhere, it still has to refuse an index that is out of range
  }
}

type MakeNumber = (rule: string, value: number, kind?: RuleKind) => Folded;

/** The one number that a node is everywhere, as its dtype holds it, or null. */
function valueOf(n: Node): number | null {
  const value = constantOf(n);
  return value === null ? null : castNumber(n.type.dtype, value);
}

/** An expression with what is known put in: constant inputs, conditions that are decided, inputs that are one node. */
function settle(e: Scalar, inputs: readonly Node[]): Scalar {
  switch (e.tag) {
    case 'const':
      return e;
    case 'arg': {
      const value = valueOf(inputs[e.index]);
      return value === null ? arg(inputs.indexOf(inputs[e.index])) : constant(value);
    }
    case 'cast': {
      const x = settle(e.arg, inputs);
      return x.tag === 'const' ? constant(castNumber(e.dtype, x.value)) : cast(e.dtype, x);
    }
    case 'prim': {
      const args = e.args.map((x) => settle(x, inputs));
      if (args.every((x) => x.tag === 'const'))
        return constant(primitives[e.prim].meaning(...args.map((x) => x.value)));
      const [c, a, b] = args;
      if (e.prim === 'select' && c.tag === 'const') return c.value !== 0 ? a : b;
      if (e.prim === 'select' && sameScalar(a, b)) return a;
      if (e.prim === 'and' && args.some((x) => x.tag === 'const' && x.value === 0)) return constant(0);
      if (e.prim === 'or' && args.some((x) => x.tag === 'const' && x.value !== 0)) return constant(1);
      return { ...e, args };
    }
  }
}

function sameScalar(a: Scalar, b: Scalar): boolean {
  if (a.tag === 'arg') return b.tag === 'arg' && a.index === b.index;
  if (a.tag === 'const') return b.tag === 'const' && Object.is(a.value, b.value);
  if (a.tag === 'cast') return b.tag === 'cast' && a.dtype === b.dtype && sameScalar(a.arg, b.arg);
  return b.tag === 'prim' && a.prim === b.prim && a.args.every((x, i) => sameScalar(x, b.args[i]));
}

/** The one value that a view reads everywhere: its fill, or that of its input. */
function viewValue(view: View, x: Node, out: TensorType): number | null {
  const value = valueOf(x);
  if (view.tag === 'reshape' || view.fill === undefined) return value;
  const fill = castNumber(out.dtype, view.fill);
  if (value !== null && Object.is(value, fill)) return value;
  const outside = view.axes.some((map, i) => {
    const { min, max } = mapRange(map, out.shape);
    return max < 0 || min >= x.type.shape[i] * (map.div ?? 1);
  });
  return outside || numel(x.type.shape) === 0 ? fill : null;
}

interface Value {
  readonly value: number;
  readonly kind: RuleKind;
}

/** A reduction over `times` copies of one value; of none, its neutral start. */
function reduceValue(
  monoid: Monoid,
  c: number | null,
  times: number,
  { dtype }: TensorType,
  out: TensorType['dtype'],
): Value | null {
  const exact = (value: number): Value => ({ value, kind: 'exact' });
  if (monoid === 'argmax' || monoid === 'argmin') return c === null || times === 0 ? null : exact(0);
  if (times === 0) return exact(identityOf(monoid, dtype));
  if (c === null) return null;
  switch (monoid) {
    case 'sum':
      return rounded(times * c + 0, out, times);
    case 'prod':
      return rounded(c ** times, out, times);
    case 'max':
    case 'min':
      return exact(c);
    case 'any':
    case 'all':
      return exact(c !== 0 ? 1 : 0);
  }
}

/** One multiplication in place of many additions is the better value; integers must not leave what a double holds exactly. */
function rounded(value: number, dtype: TensorType['dtype'], times: number): Value | null {
  if (isInteger(dtype) && !Number.isSafeInteger(value)) return null;
  return { value, kind: times === 1 ? 'exact' : 'stabilising' };
}

type Contract = Extract<Meaning, { tag: 'contract' }>;

function foldContract(
  n: Node,
  { a, b, out }: Contract,
  fastMath: boolean,
  number: MakeNumber,
): Folded | null {
  const sizes = new Map<number, number>();
  [a, b].forEach((labels, k) => labels.forEach((label, i) => sizes.set(label, n.inputs[k].type.shape[i])));
  const times = [...sizes].reduce(
    (product, [label, size]) => (out.includes(label) ? product : product * size),
    1,
  );
  if (times === 0) return number('sum of no products', 0);
  const [x, y] = n.inputs.map(valueOf);
  if (fastMath && (x === 0 || y === 0)) return number('products with 0', 0, 'fast');
  if (x === null || y === null) return null;
  const value = rounded(times * (x * y) + 0, n.type.dtype, times);
  return value && number('sum of one product', value.value, value.kind);
}
