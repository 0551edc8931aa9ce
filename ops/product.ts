// Products beside matmul: outer, inner, tensordot, bilinear, cross, and chains of matrices. In: nodes of one number type. Out: one node
// each, made of contractions and views.

import { ShapeError, ValueError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import type { Op } from '../compiler/op.ts';
import { defineOp } from '../compiler/op.ts';
import { broadcastShapes, checkDim, numel, showShape } from '../compiler/shape.ts';
import { roll } from './arrange.ts';
import { add, mul, sub } from './binary.ts';
import { contract, sameNumbers } from './contract.ts';
import { matmul, savesFactors } from './matmul.ts';
import { together } from './operand.ts';
import { optionsOf } from './options.ts';
import { sumTo } from './reduce-sum.ts';
import { reshape, spread, squeeze, unsqueeze } from './view.ts';

/** All products of the elements of two vectors: [n, m]. */
export function outer(x: Node, y: Node): Node {
  for (const [name, v] of [
    ['self', x],
    ['vec2', y],
  ] as const)
    if (v.type.shape.length !== 1)
      throw new ShapeError(`outer: Expected 1-D argument ${name}, but got ${v.type.shape.length}-D`);
  return mul(unsqueeze(x, 1), y);
}
/** `outer` under its older name. */
export const ger = outer;

interface DotAttrs {
  readonly a: readonly number[];
  readonly b: readonly number[];
  readonly out: readonly number[];
}

const tensordotOp = defineOp<DotAttrs>({
  name: 'tensordot',
  type([x, y], { a, b, out }) {
    sameNumbers(x, y, 'addmm_impl_cpu_');
    const size = (label: number): number =>
      a.includes(label) ? x.shape[a.indexOf(label)] : y.shape[b.indexOf(label)];
    return { shape: out.map(size), dtype: x.dtype };
  },
  meaning: ({ inputs: [x, y], attrs }) => ({ tag: 'composite', expand: () => contract(x, y, attrs) }),
  gradName: () => 'ReshapeAliasBackward0',
  saves: savesFactors('self', 'other'),
});

function pairUp(x: Node, y: Node, dimsX: readonly number[], dimsY: readonly number[]): Node {
  const n = x.type.shape.length;
  const a = x.type.shape.map((_, i) => i);
  const b = y.type.shape.map((_, i) => (dimsY.includes(i) ? dimsX[dimsY.indexOf(i)] : n + i));
  const out = [...a.filter((l) => !dimsX.includes(l)), ...b.filter((l) => l >= n)];
  return node(tensordotOp, [x, y], { a, b, out });
}

export type TensordotDims = number | readonly [readonly number[], readonly number[]];

/** Sums over the given dimensions of both, or over the last `dims` of x and the first of y (2). */
export function tensordot(
  x: Node,
  y: Node,
  options?: TensordotDims | { readonly dims?: TensordotDims },
): Node {
  const { dims = 2 } = optionsOf<'dims', TensordotDims, { readonly dims?: TensordotDims }>('dims', options);
  const [n, m] = [x.type.shape.length, y.type.shape.length];
  if (typeof dims === 'number' && (dims < 0 || dims > Math.min(n, m)))
    throw new ValueError(
      `tensordot expects dims >= 0 and at most the number of dimensions, but got dims=${dims}`,
    );
  const range = (count: number, from: number): number[] => Array.from({ length: count }, (_, i) => from + i);
  const [first, second] = typeof dims === 'number' ? [range(dims, n - dims), range(dims, 0)] : dims;
  if (first.length !== second.length) throw new ShapeError('both dimension lists should have same length');
  const dx = first.map((d) => checkDim(d, n));
  const dy = second.map((d) => checkDim(d, m));
  const [kept, shrunk] = [[...x.type.shape], [...y.type.shape]];
  dx.forEach((d, i) => {
    const [p, q] = [kept[d], shrunk[dy[i]]];
    if (p !== q && p !== 1 && q !== 1)
      throw new ShapeError(
        `contracted dimensions need to match, but first has size ${p} in dim ${d} and second has size ${q} in dim ${dy[i]}`,
      );
    // an axis of size 1 broadcasts: the other operand is summed over it
    if (p === 1) shrunk[dy[i]] = 1;
    if (q === 1) kept[d] = 1;
  });
  return pairUp(sumTo(x, kept), sumTo(y, shrunk), dx, dy);
}

/** The sum of products over the last dimensions of both. */
export function inner(x: Node, y: Node): Node {
  const [a, b] = [x.type.shape, y.type.shape];
  if (a.length === 0 || b.length === 0) return mul(x, y);
  if (a[a.length - 1] !== b[b.length - 1])
    throw new ShapeError(
      `inner() the last dimension must match on both input tensors but got shapes ${showShape(a)} and ${showShape(b)}`,
    );
  return pairUp(x, y, [a.length - 1], [b.length - 1]);
}

const bilinearOp = defineOp<unknown>({
  name: 'bilinear',
  type([x1, x2, w, bias]) {
    sameNumbers(x1, x2);
    sameNumbers(x1, w);
    if (bias) sameNumbers(x1, bias);
    return { shape: [...x1.shape.slice(0, -1), w.shape[0]], dtype: x1.dtype };
  },
  meaning: ({ inputs: [x1, x2, w, bias], type }) => ({
    tag: 'composite',
    expand() {
      const rows = (x: Node): Node => reshape(x, [numel(type.shape.slice(0, -1)), x.type.shape.at(-1)!]);
      const half = contract(rows(x2), w, { a: 'nj', b: 'oij', out: 'noi' });
      const y = reshape(contract(rows(x1), half, { a: 'ni', b: 'noi', out: 'no' }), type.shape);
      return bias ? add(y, bias) : y;
    },
  }),
  gradName: ({ inputs }) => (inputs.length === 4 ? 'AddBackward0' : 'ReshapeAliasBackward0'),
  saves: () => ({ input1: 0, input2: 1, weight: 2 }),
});

/** y[..., o] = sum of x1[..., i] * weight[o, i, j] * x2[..., j] + bias[o]. */
export function bilinear(x1: Node, x2: Node, weight: Node, bias: Node | null = null): Node {
  const [a, b, w] = [x1, x2, weight].map((x) => x.type.shape);
  if (a.length !== b.length)
    throw new ShapeError(`bilinear(): input dimensions do not match: got ${a.length} and ${b.length}`);
  a.slice(0, -1).forEach((size, i) => {
    if (size !== b[i])
      throw new ShapeError(
        `bilinear(): input batch dimensions do not match at dim ${i}: got ${size} and ${b[i]}`,
      );
  });
  [a, b].forEach((shape, k) => {
    if (shape.at(-1) !== w[k + 1])
      throw new ShapeError(
        `bilinear(): input${k + 1} size does not match weight size: got ${shape.at(-1)} but expected ${w[k + 1]}`,
      );
  });
  if (bias && bias.type.shape[0] !== w[0])
    throw new ShapeError(
      `bilinear(): bias size does not match weight size: got ${bias.type.shape[0]} but expected ${w[0]}`,
    );
  return node(bilinearOp, bias ? [x1, x2, weight, bias] : [x1, x2, weight], undefined);
}

const crossOp: Op<{ readonly dim: number }> = defineOp<{ readonly dim: number }>({
  name: 'cross',
  type: ([x]) => x,
  meaning: ({ inputs: [x, y], attrs: { dim } }) => ({
    tag: 'composite',
    expand() {
      const [x1, x2, y1, y2] = [roll(x, -1, dim), roll(x, -2, dim), roll(y, -1, dim), roll(y, -2, dim)];
      return sub(mul(x1, y2), mul(x2, y1));
    },
  }),
  vjp: (g, { inputs: [x, y], attrs }, wants) => [
    wants[0] ? node(crossOp, [y, g], attrs) : null,
    wants[1] ? node(crossOp, [g, x], attrs) : null,
  ],
  gradName: () => 'LinalgCrossBackward0',
  saves: savesFactors('self', 'other'),
});

/** The vector product along a dimension of size 3: the first such one, unless `dim` says which. Operands broadcast. */
export function cross(x: Node, y: Node, options?: number | { readonly dim?: number }): Node {
  const { dim } = optionsOf<'dim', number, { readonly dim?: number }>('dim', options);
  const shape = broadcastShapes(x.type.shape, y.type.shape);
  if (x.type.shape.length !== y.type.shape.length)
    throw new ShapeError('linalg.cross: inputs must have the same number of dimensions.');
  const at = dim === undefined ? shape.indexOf(3) : checkDim(dim, shape.length);
  if (at < 0) throw new ShapeError('no dimension of size 3 in input');
  if (shape[at] !== 3)
    throw new ShapeError(
      `inputs dimension ${dim} must have length 3. Got ${x.type.shape.at(at - shape.length)} and ${y.type.shape.at(at - shape.length)}`,
    );
  return node(
    crossOp,
    together(x, y).map((v) => spread(v, shape)),
    { dim: at },
  );
}

/** Where to cut a chain of matrices so that it takes the fewest multiplications; `sizes` are those between the matrices. */
function cheapestCuts(sizes: readonly number[]): number[][] {
  const n = sizes.length - 1;
  const cost = Array.from({ length: n }, () => new Array<number>(n).fill(0));
  const cut = Array.from({ length: n }, () => new Array<number>(n).fill(0));
  for (let length = 2; length <= n; length++)
    for (let i = 0; i + length <= n; i++) {
      const j = i + length - 1;
      cost[i][j] = Infinity;
      for (let k = i; k < j; k++) {
        const price = cost[i][k] + cost[k + 1][j] + sizes[i] * sizes[k + 1] * sizes[j + 1];
        if (price >= cost[i][j]) continue;
        cost[i][j] = price;
        cut[i][j] = k;
      }
    }
  return cut;
}

/** The product of several matrices in the cheapest order; the first and the last may be vectors. */
export function multiDot(tensors: readonly Node[]): Node {
  if (tensors.length < 2)
    throw new ValueError(`multi_dot(): expected at least 2 tensors but got ${tensors.length}`);
  const last = tensors.length - 1;
  tensors.forEach(({ type: { shape } }, i) => {
    const end = i === 0 || i === last;
    if (shape.length !== 2 && !(end && shape.length === 1))
      throw new ShapeError(
        `multi_dot(): tensor ${i} must be ${end ? '1D or 2D' : '2D'} but got ${shape.length}D`,
      );
  });
  const [row, column] = [tensors[0].type.shape.length === 1, tensors[last].type.shape.length === 1];
  const chain = tensors.map((x, i) =>
    i === 0 && row ? unsqueeze(x, 0) : i === last && column ? unsqueeze(x, 1) : x,
  );
  const cuts = cheapestCuts([chain[0].type.shape[0], ...chain.map((x) => x.type.shape[1])]);
  const multiply = (i: number, j: number): Node =>
    i === j ? chain[i] : matmul(multiply(i, cuts[i][j]), multiply(cuts[i][j] + 1, j));
  const product = multiply(0, last);
  const whole = column ? squeeze(product, 1) : product;
  return row ? squeeze(whole, 0) : whole;
}
/** `multiDot` of its arguments. */
export const chainMatmul = (...matrices: Node[]): Node => multiDot(matrices);
