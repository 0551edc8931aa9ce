// Distances and similarities between vectors: normalize, cosineSimilarity, pairwiseDistance, cdist, pdist; and localResponseNorm. In: nodes.
// Out: composites of norms, whose gradient at distance 0 is 0.

import { ShapeError, ValueError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import { defineOp } from '../compiler/op.ts';
import { arg, s } from '../compiler/scalar.ts';
import { broadcastShapes, checkDim, numel } from '../compiler/shape.ts';
import { add, div, mul, sub } from './binary.ts';
import { pow } from './binary-power.ts';
import { cast } from './cast.ts';
import { eq } from './compare.ts';
import { indexSelect } from './index-gather.ts';
import { together } from './operand.ts';
import { floating, pointwise } from './pointwise.ts';
import { norm, vectorNorm } from './reduce-norm.ts';
import { sum } from './reduce-sum.ts';
import { amax } from './reduce.ts';
import { clampMin, where } from './select.ts';
import { iota } from './source.ts';
import { abs } from './unary.ts';
import { sgn } from './unary-round.ts';
import { expand, unsqueeze } from './view.ts';
import { windows } from './window-view.ts';

export interface NormalizeOptions {
  readonly p?: number;
  readonly dim?: number;
  readonly eps?: number;
}

/** x over its norm along a dimension (1), which counts as at least `eps`. */
export function normalize(x: Node, { p = 2, dim = 1, eps = 1e-12 }: NormalizeOptions = {}): Node {
  const size = clampMin(norm(x, p, dim, true), eps);
  return div(x, size);
}

const raisedOp = pointwise<{ readonly least: number }>('raised', {
  expr: ({ least }, num) => s.select(s.lt(arg(0), num(least)), num(least), arg(0)),
  partials: [(g) => g],
});

/** The larger of x and a number; the gradient passes in any case, as where PyTorch clamps behind autograd's back. */
export const raise = (x: Node, least: number): Node => node(raisedOp, [x], { least });

export interface SimilarityOptions {
  readonly dim?: number;
  readonly eps?: number;
}

/** The cosine of the angle between vectors along a dimension (1); each norm counts as at least `eps`. */
export function cosineSimilarity(x1: Node, x2: Node, { dim = 1, eps = 1e-8 }: SimilarityOptions = {}): Node {
  const shape = broadcastShapes(x1.type.shape, x2.type.shape);
  const at = checkDim(dim, shape.length);
  const [a, b] = together(floating(x1), floating(x2)).map((x) => {
    const wide = expand(x, shape);
    return div(wide, raise(vectorNorm(wide, 2, at, true), eps));
  });
  return sum(mul(a, b), at);
}

export interface DistanceOptions {
  readonly p?: number;
  readonly eps?: number;
  readonly keepdim?: boolean;
}

/** The norm of x1 - x2 + eps along the last dimension. */
export function pairwiseDistance(
  x1: Node,
  x2: Node,
  { p = 2, eps = 1e-6, keepdim = false }: DistanceOptions = {},
): Node {
  return norm(add(sub(x1, x2), eps), p, -1, keepdim);
}

/** The largest magnitude of each row. All that are as large get the whole gradient: as PyTorch has it for distances, though not for norms. */
const largestOp = defineOp({
  name: 'largestMagnitude',
  type: ([x]) => ({ shape: x.shape.slice(0, -1), dtype: x.dtype }),
  meaning: ({ inputs: [x] }) => ({ tag: 'composite', expand: () => amax(abs(x), -1) }),
  vjp(g, n) {
    const [x] = n.inputs;
    const attained = eq(abs(x), unsqueeze(n, -1));
    return [where(attained, mul(sgn(x), unsqueeze(g, -1)), 0)];
  },
});

/** The norm of rows; rows of no columns, which have no maximum, are 0 apart. */
function rowNorm(x: Node, p: number): Node {
  if (x.type.shape.at(-1) === 0) return norm(x, 1, -1);
  return p === Infinity ? node(largestOp, [x], undefined) : norm(x, p, -1);
}

const cdistOp = defineOp<{ readonly p: number }>({
  name: 'cdist',
  type([x, y]) {
    const batch = broadcastShapes(x.shape.slice(0, -2), y.shape.slice(0, -2));
    return { shape: [...batch, x.shape.at(-2)!, y.shape.at(-2)!], dtype: x.dtype };
  },
  meaning: ({ inputs: [x, y], attrs: { p } }) => ({
    tag: 'composite',
    expand: () => rowNorm(sub(unsqueeze(x, -2), unsqueeze(y, -3)), p),
  }),
  saves: () => ({ x1: 0, x2: 1, result: 'output' }),
});

/** All distances between the rows of x1 and those of x2: [..., n, m]. */
export function cdist(x1: Node, x2: Node, { p = 2 }: { readonly p?: number } = {}): Node {
  [x1, x2].forEach((x, i) => {
    if (x.type.shape.length < 2)
      throw new ShapeError(`cdist only supports at least 2D tensors, X${i + 1} got: ${x.type.shape.length}D`);
  });
  const [a, b] = [x1.type.shape.at(-1), x2.type.shape.at(-1)];
  if (a !== b) throw new ShapeError(`X1 and X2 must have the same number of columns. X1: ${a} X2: ${b}`);
  if (p < 0) throw new ValueError('cdist only supports non-negative p values');
  return node(cdistOp, together(floating(x1), floating(x2)), { p });
}

/** The row of the k-th pair i < j of n, as PyTorch finds it; the half step guards the root against rounding. */
const pairRow = pointwise<{ readonly n: number }>('pairRow', {
  expr: ({ n }) => {
    const half = n - 0.5;
    return s.trunc(s.sub(half, s.sqrt(s.sub(half * half - 1, s.mul(arg(0), 2)))));
  },
});

const pairColumn = pointwise<{ readonly n: number }>('pairColumn', {
  expr: ({ n }) => {
    const [k, i] = [arg(0), arg(1)];
    const before = s.sub(s.mul(i, n), s.div(s.mul(i, s.add(i, 1)), 2));
    return s.add(s.add(s.sub(k, before), i), 1);
  },
});

const pdistOp = defineOp<{ readonly p: number }>({
  name: 'pdist',
  type: ([x]) => ({ shape: [(x.shape[0] * (x.shape[0] - 1)) / 2], dtype: x.dtype }),
  meaning: ({ inputs: [x], attrs: { p }, type }) => ({
    tag: 'composite',
    expand() {
      const n = x.type.shape[0];
      const k = iota(type.shape, 0, 'float64');
      const i = node(pairRow, [k], { n });
      const j = node(pairColumn, [k, i], { n });
      const rows = (at: Node): Node => indexSelect(x, 0, cast(at, 'int32'));
      return rowNorm(sub(rows(i), rows(j)), p);
    },
  }),
  saves: () => ({ self: 0, result: 'output' }),
});

/** The distances between all pairs of rows i < j, in one vector. */
export function pdist(x: Node, { p = 2 }: { readonly p?: number } = {}): Node {
  if (x.type.shape.length !== 2)
    throw new ShapeError(`pdist only supports 2D tensors, got: ${x.type.shape.length}D`);
  if (p < 0) throw new ValueError('pdist only supports non-negative p values');
  return node(pdistOp, [floating(x)], { p });
}

export interface ResponseOptions {
  readonly alpha?: number;
  readonly beta?: number;
  readonly k?: number;
}

/** x over (k + alpha * mean of the squares of `size` neighbouring channels) ** beta. */
export function localResponseNorm(
  x: Node,
  size: number,
  { alpha = 1e-4, beta = 0.75, k = 1 }: ResponseOptions = {},
): Node {
  const { shape } = x.type;
  if (shape.length < 3)
    throw new ShapeError(`Expected 3D or higher dimensionality input (got ${shape.length} dimensions)`);
  if (size < 1) throw new ValueError(`local_response_norm: size must be positive, but got ${size}`);
  if (numel(shape) === 0) return x;
  const rest = shape.slice(2).map(() => 1);
  const reach = [Math.floor(size / 2), Math.floor((size - 1) / 2)] as const;
  const near = windows(mul(x, x), [size, ...rest], { padding: [reach, ...rest.map(() => 0)] });
  const taps = near.type.shape.map((_, i) => i).slice(shape.length);
  const average = div(sum(near, taps), size);
  return div(x, pow(add(mul(average, alpha), k), beta));
}
