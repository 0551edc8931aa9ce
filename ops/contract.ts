// The one operator behind everything that multiplies and sums: matmul in all ranks, einsum, convolutions. In: two nodes whose axes
// carry labels. Out: their products, summed over every label that `out` leaves away.
//
// Canonical form: a summed label stands in both operands, else that operand is summed first; axes of size 1 that broadcast are
// dropped; what sums nothing is a plain product. So the gradient is the same operator again with the labels permuted, and a
// transposed matrix is never written anywhere. A label may stand in an operand once: who needs a diagonal takes it before.

import { DTypeError, InternalError, ShapeError } from '../compiler/errors.ts';
import { dtypes } from '../compiler/dtype.ts';
import type { Node, TensorType } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import { defineOp } from '../compiler/op.ts';
import type { Rule } from '../compiler/rewrite.ts';
import { constantOf, rule } from '../compiler/rewrite.ts';
import type { Shape } from '../compiler/shape.ts';
import type { AxisMap } from '../compiler/view.ts';
import { along, at } from '../compiler/view.ts';
import { mul } from './binary.ts';
import { cast } from './cast.ts';
import { sum } from './reduce-sum.ts';
import { affine, affineView } from './view-affine.ts';
import { spread } from './view.ts';

/** One label per axis: the letters of a string, or numbers. */
export type Labels = string | readonly number[];

/** The labels of both operands and of the result: `{ a: 'ik', b: 'kj', out: 'ij' }`. */
export interface Contraction {
  readonly a: Labels;
  readonly b: Labels;
  readonly out: Labels;
}

interface ContractAttrs {
  readonly a: readonly number[];
  readonly b: readonly number[];
  readonly out: readonly number[];
}

const contractOp = defineOp<ContractAttrs>({
  name: 'contract',
  type([x, y], { a, b, out }) {
    const sizes = labelSizes([x.shape, y.shape], [a, b]);
    return { shape: out.map((label) => sizes.get(label)!), dtype: x.dtype };
  },
  meaning: ({ attrs: { a, b, out } }) => ({ tag: 'contract', a, b, out }),
  vjp: (g, { inputs: [x, y], attrs: { a, b, out } }, wants) => [
    wants[0] ? contract(g, y, { a: out, b, out: a }) : null,
    wants[1] ? contract(x, g, { a, b: out, out: b }) : null,
  ],
  saves: (_, [x, y]) => ({ ...(y ? { self: 0 } : {}), ...(x ? { other: 1 } : {}) }),
});

function labelSizes(shapes: readonly Shape[], labels: readonly (readonly number[])[]): Map<number, number> {
  const sizes = new Map<number, number>();
  labels.forEach((list, k) =>
    list.forEach((label, i) => {
      const size = shapes[k][i];
      const known = sizes.get(label);
      if (known !== undefined && known !== size)
        throw new ShapeError(`contract(): one label stands for the sizes ${known} and ${size}`);
      sizes.set(label, size);
    }),
  );
  return sizes;
}

/** A node with a label for each of its axes. */
interface Labelled {
  readonly x: Node;
  readonly labels: readonly number[];
}

const codes = (labels: Labels): readonly number[] =>
  typeof labels === 'string' ? Array.from(labels, (letter) => letter.codePointAt(0)!) : labels;

/**
 * The sum of products of two nodes of one number type. An axis of size 1 broadcasts against the other operand's axis of that
 * label. Labels of `out` stand in an operand. DTypeError if the dtypes differ, and for booleans.
 */
export function contract(x: Node, y: Node, spec: Contraction): Node {
  sameNumbers(x.type, y.type);
  const out = codes(spec.out);
  let a: Labelled = { x, labels: codes(spec.a) };
  let b: Labelled = { x: y, labels: codes(spec.b) };
  if (a.labels.length !== x.type.shape.length || b.labels.length !== y.type.shape.length)
    throw new InternalError(
      `contract: ${a.labels.length} and ${b.labels.length} labels for the axes of its operands`,
    );
  [a, b] = [withoutOnes(a, b, out), withoutOnes(b, a, out)];
  [a, b] = [summedAlone(a, b, out), summedAlone(b, a, out)];
  if (a.labels.every((label) => out.includes(label))) return mul(aligned(a, out), aligned(b, out));
  const names = new Map<number, number>();
  const number = (labels: readonly number[]): number[] =>
    labels.map((label) => {
      if (!names.has(label)) names.set(label, names.size);
      return names.get(label)!;
    });
  return node(contractOp, [a.x, b.x], { a: number(a.labels), b: number(b.labels), out: number(out) });
}

/** Refuses operands of different dtypes, and booleans. */
export function sameNumbers(x: TensorType, y: TensorType, op = 'matmul'): void {
  if (x.dtype !== y.dtype)
    throw new DTypeError(
      `expected scalar type ${dtypes[x.dtype].torchName} but found ${dtypes[y.dtype].torchName}`,
    );
  if (x.dtype === 'bool') throw new DTypeError(`"${op}" not implemented for 'Bool'`);
}

/** The node without some of its axes, read at index 0. */
function without(a: Labelled, drop: (label: number, axis: number) => boolean): Labelled {
  const kept = a.labels.map((_, i) => i).filter((i) => !drop(a.labels[i], i));
  if (kept.length === a.labels.length) return a;
  const { shape } = a.x.type;
  const axes = shape.map((_, i) => (kept.includes(i) ? along(kept.indexOf(i)) : at(0)));
  return {
    x: affineView(
      affine,
      a.x,
      kept.map((i) => shape[i]),
      axes,
    ),
    labels: kept.map((i) => a.labels[i]),
  };
}

/** Drops axes of size 1 that the other operand repeats, or that are summed. */
function withoutOnes(a: Labelled, b: Labelled, out: readonly number[]): Labelled {
  return without(a, (label, i) => {
    if (a.x.type.shape[i] !== 1) return false;
    const other = b.labels.indexOf(label);
    return !out.includes(label) || (other >= 0 && b.x.type.shape[other] !== 1);
  });
}

/** Sums over labels that nobody else carries. */
function summedAlone(a: Labelled, b: Labelled, out: readonly number[]): Labelled {
  const lone = a.labels
    .map((_, i) => i)
    .filter((i) => !out.includes(a.labels[i]) && !b.labels.includes(a.labels[i]));
  if (lone.length === 0) return a;
  return { x: cast(sum(a.x, lone), a.x.type.dtype), labels: a.labels.filter((_, i) => !lone.includes(i)) };
}

/** The axes in the order of `out`, with size 1 where a label is missing. */
function aligned({ x, labels }: Labelled, out: readonly number[]): Node {
  const { shape } = x.type;
  if (labels.length === out.length && labels.every((label, i) => label === out[i])) return x;
  const target = out.map((label) => (labels.includes(label) ? shape[labels.indexOf(label)] : 1));
  const axes = labels.map((label) => along(out.indexOf(label)));
  return affineView(affine, x, target, axes);
}

/** One operand alone: a label that stands twice takes the diagonal, one that `out` leaves away is summed, the rest is put in order. */
export function arrange(x: Node, labels: readonly number[], out: readonly number[]): Node {
  const distinct = [...new Set(labels)];
  const size = (label: number): number => x.type.shape[labels.indexOf(label)];
  const axes = labels.map((label) => along(distinct.indexOf(label)));
  const diagonal = distinct.length === labels.length ? x : affineView(affine, x, distinct.map(size), axes);
  return aligned(summedAlone({ x: diagonal, labels: distinct }, { x, labels: [] }, out), out);
}

/** Axes along which a node only repeats itself, because it is a view that does not look at them. */
function repeatedAxes(x: Node): readonly number[] {
  const meaning = x.op.meaning(x);
  if (meaning.tag !== 'view' || meaning.view.tag !== 'affine') return [];
  const read = new Set(meaning.view.axes.flatMap((map: AxisMap) => map.terms.map(([axis]) => axis)));
  return x.type.shape.map((_, i) => i).filter((i) => x.type.shape[i] > 1 && !read.has(i));
}

/** The contraction with repeated axes of an operand read once, or null if there are none that the result keeps. */
function readOnce(x: Node, y: Node, { a, b, out }: ContractAttrs, n: Node): Node | null {
  const strip = (of: Node, labels: readonly number[]): Labelled => {
    const repeated = repeatedAxes(of);
    return without({ x: of, labels }, (label, i) => repeated.includes(i) && out.includes(label));
  };
  const first = strip(x, a);
  const second = strip(y, b);
  if (first.x === x && second.x === y) return null;
  const left = out.filter((label) => first.labels.includes(label) || second.labels.includes(label));
  const product = contract(first.x, second.x, { a: first.labels, b: second.labels, out: left });
  return spread(aligned({ x: product, labels: left }, out), n.type.shape);
}

/** The sum of x over the labels that `out` leaves away: what a contraction with ones is. */
function timesOnes(
  x: Node,
  y: Node,
  labels: readonly number[],
  out: readonly number[],
  n: Node,
): Node | null {
  if (constantOf(y) !== 1) return null;
  return spread(arrange(x, labels, out), n.type.shape);
}

export const rules: readonly Rule[] = [
  rule('contraction with ones = sum', 'exact', ['contract', 'x', 'y'], ({ x, y }, n) => {
    const { a, b, out } = n.attrs as ContractAttrs;
    return timesOnes(x, y, a, out, n) ?? timesOnes(y, x, b, out, n);
  }),
  rule('contraction of a broadcast reads it once', 'exact', ['contract', 'x', 'y'], ({ x, y }, n) =>
    readOnce(x, y, n.attrs as ContractAttrs, n),
  ),
];
