// Reductions, scans and sorting against real PyTorch; values, derivatives, refusals and rewrites.

import test from 'ava';
import type { DType } from '../compiler/dtype.ts';
import { makeGraph, printGraph } from '../compiler/graph.ts';
import type { Node } from '../compiler/node.ts';
import type { Shape } from '../compiler/shape.ts';
import { simplify } from '../compiler/simplify.ts';
import { div, mul } from '../ops/binary.ts';
import { argmax, argmin, kthvalue, max, median, min, mode, nanmedian } from '../ops/reduce-pick.ts';
import { std, stdMean, variance, varMean } from '../ops/reduce-moments.ts';
import { dist, norm, renorm, vectorNorm } from '../ops/reduce-norm.ts';
import {
  all,
  amax,
  amin,
  aminmax,
  any,
  countNonzero,
  mean,
  nanmean,
  nansum,
  prod,
  sum,
} from '../ops/reduce.ts';
import { cumprod, cumsum, logcumsumexp, recurrence } from '../ops/scan.ts';
import { cummax, cummin, cumulativeTrapezoid, diff, trapezoid } from '../ops/scan-more.ts';
import { argsort, quantile, searchsorted, sort, topk } from '../ops/sort.ts';
import { constant, input } from '../ops/source.ts';
import { neg } from '../ops/unary.ts';
import { expand } from '../ops/view.ts';
import { interpret } from '../runtime/interpret.ts';
import { countOps } from './helpers/evaluate.ts';
import { derivativeFaults } from './helpers/numeric.ts';
import { checkCase, checkConvention, conventions, evaluate, near, casesOf } from './helpers/oracle.ts';
import type { Build } from './helpers/oracle.ts';
import { simplifyOptions } from './helpers/rules.ts';

type Reduce = (x: Node, dim?: number | readonly number[], keepdim?: boolean) => Node | readonly Node[];
const reduce =
  (f: Reduce): Build =>
  ([x], { dim, keepdim }) =>
    f(x, dim, keepdim);
const pick = (f: unknown): Build => reduce(f as Reduce);

const table: Readonly<Record<string, Build>> = {
  sum: reduce(sum),
  mean: reduce(mean),
  prod: reduce(prod),
  amax: reduce(amax),
  amin: reduce(amin),
  max: pick(max),
  min: pick(min),
  median: pick(median),
  var: ([x], { dim, keepdim, correction }) => variance(x, dim, { keepdim, correction }),
  std: ([x], { dim, keepdim, correction }) => std(x, dim, { keepdim, correction }),
  norm: ([x], { p, dim, keepdim }) => norm(x, p, dim, keepdim),
  'linalg.vector_norm': ([x], { ord, dim }) => vectorNorm(x, ord, dim),
  cumsum: ([x], { dim }) => cumsum(x, dim),
  cumprod: ([x], { dim }) => cumprod(x, dim),
  logcumsumexp: ([x], { dim }) => logcumsumexp(x, dim),
  cummax: ([x], { dim }) => cummax(x, dim),
  cummin: ([x], { dim }) => cummin(x, dim),
  sort: ([x], { dim, descending }) => sort(x, { dim, descending }),
  topk: ([x], { k, dim }) => topk(x, k, { dim }),
  kthvalue: ([x], { k, dim }) => kthvalue(x, k, { dim }),
  quantile: ([x], { q, dim }) => quantile(x, q, dim),
};

for (const [title, c, build] of casesOf(table)) test(title, (t) => t.deepEqual(checkCase(c, build), []));

const one = (f: (x: Node) => Node | readonly Node[]): Build => ((xs: readonly Node[]) => f(xs[0])) as Build;

const atPoint: Readonly<Record<string, Build>> = {
  'max()': one((x) => max(x)),
  'min()': one((x) => min(x)),
  'max(dim=0).values': one((x) => max(x, 0)),
  'min(dim=0).values': one((x) => min(x, 0)),
  'amax(0)': one((x) => amax(x, 0)),
  'amin(0)': one((x) => amin(x, 0)),
  'median()': one((x) => median(x)),
  'median(0)': one((x) => median(x, 0)),
  nanmedian: one((x) => nanmedian(x)),
  'mode(0)': one((x) => mode(x, 0)),
  'kthvalue(2)': one((x) => kthvalue(x, 2)),
  'quantile(.5)': one((x) => quantile(x, 0.5)),
  sort: one((x) => sort(x)),
  cummax: one((x) => cummax(x, 0)),
  cummin: one((x) => cummin(x, 0)),
  prod: one((x) => prod(x)),
  'prod(0)': one((x) => prod(x, 0)),
  cumprod: one((x) => cumprod(x, 0)),
  cumsum: one((x) => cumsum(x, 0)),
  logcumsumexp: one((x) => logcumsumexp(x, 0)),
  'norm(2)': one((x) => norm(x, 2)),
  'norm(1)': one((x) => norm(x, 1)),
  'norm(inf)': one((x) => norm(x, 'inf')),
  'norm(0)': one((x) => norm(x, 0)),
  'norm(3)': one((x) => norm(x, 3)),
  'norm(.5)': one((x) => norm(x, 0.5)),
  'norm(1.5)': one((x) => norm(x, 1.5)),
  'vector_norm(-inf)': one((x) => vectorNorm(x, '-inf')),
  var: one((x) => variance(x)),
  std: one((x) => std(x)),
  var0: one((x) => variance(x, undefined, { correction: 0 })),
  std0: one((x) => std(x, undefined, { correction: 0 })),
  mean: one((x) => mean(x)),
  mean_empty: one((x) => mean(x)),
  nanmean: one((x) => nanmean(x)),
  nansum: one((x) => nansum(x)),
  dist_self: one((x) => dist(x, x)),
  renorm: one((x) => renorm(x, 2, 0, 1)),
};

for (const c of conventions()) {
  const build = atPoint[c.op];
  if (!build) continue;
  test(`${c.op} at ${JSON.stringify(c.x)} has PyTorch's value and gradient`, (t) => {
    t.deepEqual(checkConvention(c, build), []);
  });
}

// --- values, dtypes and refusals ---------------------------------------------------------------------------------------------------

const node = (shape: Shape, dtype: DType = 'float64'): Node => input({ shape, dtype });

interface Example {
  readonly shape: Shape;
  readonly data: readonly number[];
  readonly dtype?: DType;
  readonly f: (x: Node) => Node;
  readonly want: readonly number[];
  readonly type?: DType;
}

const examples: Readonly<Record<string, Example>> = {
  'the sum of booleans is int32': {
    shape: [3],
    data: [1, 0, 1],
    dtype: 'bool',
    f: (x) => sum(x),
    want: [2],
    type: 'int32',
  },
  'the sum of uint8 is int32': {
    shape: [2],
    data: [200, 100],
    dtype: 'uint8',
    f: (x) => sum(x),
    want: [300],
    type: 'int32',
  },
  'the sum of nothing is 0': { shape: [0, 2], data: [], f: (x) => sum(x, 0), want: [0, 0] },
  'the product of nothing is 1': { shape: [0], data: [], f: (x) => prod(x), want: [1] },
  'an empty list of dimensions means all': {
    shape: [2, 2],
    data: [1, 2, 3, 4],
    f: (x) => sum(x, []),
    want: [10],
  },
  'amax lets NaN win': { shape: [3], data: [1, NaN, 3], f: (x) => amax(x), want: [NaN] },
  'amax of integers': {
    shape: [2],
    data: [-5, -7],
    dtype: 'int32',
    f: (x) => amax(x),
    want: [-5],
    type: 'int32',
  },
  'argmax takes the first of equals': {
    shape: [4],
    data: [1, 3, 3, 2],
    f: (x) => argmax(x),
    want: [1],
    type: 'int32',
  },
  'argmax takes NaN': { shape: [3], data: [9, NaN, NaN], f: (x) => argmax(x), want: [1] },
  'argmin counts through all dimensions': {
    shape: [2, 2],
    data: [4, 3, 1, 2],
    f: (x) => argmin(x),
    want: [2],
  },
  'argmax keeps all dimensions': { shape: [1, 2], data: [4, 5], f: (x) => argmax(x, null, true), want: [1] },
  'argmax of a scalar is 0': { shape: [], data: [4], f: (x) => argmax(x, 0), want: [0] },
  'the indices of max are int32': {
    shape: [2, 2],
    data: [1, 2, 4, 3],
    f: (x) => max(x, 1)[1],
    want: [1, 0],
    type: 'int32',
  },
  'max along the dimension of a scalar': { shape: [], data: [4], f: (x) => max(x, 0)[0], want: [4] },
  'any of floats is bool': {
    shape: [2, 2],
    data: [0, 0, 0, NaN],
    f: (x) => any(x, 1),
    want: [0, 1],
    type: 'bool',
  },
  'all of uint8 is uint8': {
    shape: [2],
    data: [3, 1],
    dtype: 'uint8',
    f: (x) => all(x),
    want: [1],
    type: 'uint8',
  },
  'all of nothing is true': { shape: [0], data: [], f: (x) => all(x), want: [1] },
  'countNonzero counts NaN': {
    shape: [4],
    data: [0, -0, NaN, 2],
    f: (x) => countNonzero(x),
    want: [2],
    type: 'int32',
  },
  'the median is the lower one': { shape: [4], data: [4, 1, 3, 2], f: (x) => median(x), want: [2] },
  'the median of NaN is NaN': { shape: [3], data: [4, NaN, 3], f: (x) => median(x, 0)[0], want: [NaN] },
  "the index of the median of NaN is NaN's": {
    shape: [3],
    data: [4, NaN, 3],
    f: (x) => median(x, 0)[1],
    want: [1],
  },
  'the median of nothing is NaN': { shape: [0], data: [], f: (x) => median(x), want: [NaN] },
  'the nanmedian of NaN alone is NaN': { shape: [2], data: [NaN, NaN], f: (x) => nanmedian(x), want: [NaN] },
  'the mode is the smallest of the most frequent': {
    shape: [5],
    data: [3, 1, 3, 1, 2],
    f: (x) => mode(x)[0],
    want: [1],
  },
  'the mode stands where it is last': { shape: [5], data: [3, 1, 3, 1, 2], f: (x) => mode(x)[1], want: [3] },
  'sort puts NaN last': {
    shape: [4],
    data: [NaN, 2, -Infinity, 1],
    f: (x) => sort(x)[0],
    want: [-Infinity, 1, 2, NaN],
  },
  'descending sort puts NaN first': {
    shape: [3],
    data: [1, NaN, 2],
    f: (x) => sort(x, { descending: true })[0],
    want: [NaN, 2, 1],
  },
  'sort keeps the order of equals': {
    shape: [4],
    data: [2, 1, 2, 1],
    f: (x) => argsort(x, { descending: true }),
    want: [0, 2, 1, 3],
  },
  'sort along the first dimension': {
    shape: [2, 2],
    data: [3, 1, 2, 4],
    f: (x) => sort(x, 0)[0],
    want: [2, 1, 3, 4],
  },
  'topk along the first dimension': {
    shape: [3, 2],
    data: [1, 6, 3, 4, 2, 5],
    f: (x) => topk(x, 2, 0)[0],
    want: [3, 6, 2, 5],
  },
  'topk of the smallest': {
    shape: [4],
    data: [4, 1, 3, 2],
    f: (x) => topk(x, 2, { largest: false })[1],
    want: [1, 3],
  },
  'topk of none': { shape: [2], data: [1, 2], f: (x) => topk(x, 0)[0], want: [] },
  'quantile of a list is stacked': {
    shape: [3],
    data: [1, 2, 4],
    f: (x) => quantile(x, [0, 0.75]),
    want: [1, 3],
  },
  'quantile takes the nearest': {
    shape: [4],
    data: [1, 2, 3, 4],
    f: (x) => quantile(x, 0.5, 0, false, { interpolation: 'nearest' }),
    want: [3],
  },
  'quantile of NaN is NaN': { shape: [3], data: [1, NaN, 3], f: (x) => quantile(x, 0), want: [NaN] },
  'quantile over two dimensions': {
    shape: [2, 1, 2],
    data: [1, 2, 3, 4],
    f: (x) => quantile(x, 0.5, [0, 2], true),
    want: [2.5],
  },
  'cumsum of booleans counts': {
    shape: [3],
    data: [1, 0, 1],
    dtype: 'bool',
    f: (x) => cumsum(x, 0),
    want: [1, 1, 2],
    type: 'int32',
  },
  'cumsum along the first dimension': {
    shape: [2, 2],
    data: [1, 2, 3, 4],
    f: (x) => cumsum(x, 0),
    want: [1, 2, 4, 6],
  },
  'cumprod of a scalar': { shape: [], data: [3], f: (x) => cumprod(x, 0), want: [3] },
  'logcumsumexp does not overflow': {
    shape: [2],
    data: [1000, 1000],
    f: (x) => logcumsumexp(x, 0),
    want: [1000, 1000 + Math.LN2],
  },
  'logcumsumexp of -inf': {
    shape: [2],
    data: [-Infinity, -Infinity],
    f: (x) => logcumsumexp(x, 0),
    want: [-Infinity, -Infinity],
  },
  'cummax keeps NaN': { shape: [4], data: [1, NaN, 3, NaN], f: (x) => cummax(x, 0)[1], want: [0, 1, 1, 3] },
  'cummin takes the last of equals': {
    shape: [3],
    data: [1, 1, 2],
    f: (x) => cummin(x, 0)[1],
    want: [0, 1, 1],
    type: 'int32',
  },
  'diff of the second order': { shape: [4], data: [1, 4, 9, 16], f: (x) => diff(x, 2), want: [2, 2] },
  'diff with something in front': {
    shape: [2],
    data: [1, 4],
    f: (x) => diff(x, { prepend: constant(0, 'float64', [1]) }),
    want: [1, 3],
  },
  'diff of booleans': {
    shape: [3],
    data: [1, 1, 0],
    dtype: 'bool',
    f: (x) => diff(x),
    want: [0, 1],
    type: 'bool',
  },
  'trapezoid of unit steps': { shape: [3], data: [1, 5, 10], f: (x) => trapezoid(x), want: [10.5] },
  'trapezoid of points': {
    shape: [3],
    data: [1, 5, 10],
    f: (x) => trapezoid(x, mul(x, 2)),
    want: [(6 * 8 + 15 * 10) / 2],
  },
  cumulativeTrapezoid: {
    shape: [3],
    data: [1, 5, 10],
    f: (x) => cumulativeTrapezoid(x, { dx: 2 }),
    want: [6, 21],
  },
  'searchsorted before equals': {
    shape: [3],
    data: [1, 3, 5],
    f: (x) => searchsorted(x, x),
    want: [0, 1, 2],
    type: 'int32',
  },
  'searchsorted behind equals': {
    shape: [3],
    data: [1, 3, 5],
    f: (x) => searchsorted(x, x, { right: true }),
    want: [1, 2, 3],
  },
  'searchsorted of lanes': {
    shape: [2, 2],
    data: [1, 3, 2, 4],
    f: (x) => searchsorted(x, constant(2.5, 'float64', [2, 1])),
    want: [1, 1],
  },
  'variance with nothing left to divide by': { shape: [1], data: [3], f: (x) => variance(x), want: [NaN] },
  'std of a biased sample': {
    shape: [2],
    data: [1, 3],
    f: (x) => std(x, 0, true, { unbiased: false }),
    want: [1],
  },
  'the mean of varMean': { shape: [2, 2], data: [1, 3, 5, 7], f: (x) => varMean(x, 1)[1], want: [2, 6] },
  'norm counts for p = 0': { shape: [3], data: [0, 2, -1], f: (x) => norm(x, 0), want: [2] },
  'norm of -inf': { shape: [3], data: [3, -2, 5], f: (x) => norm(x, '-inf'), want: [2] },
  'norm takes options': {
    shape: [1, 2],
    data: [3, 4],
    f: (x) => norm(x, { dim: 1, keepdim: true }),
    want: [5],
  },
};

for (const [name, { shape, data, dtype, f, want, type }] of Object.entries(examples))
  test(name, (t) => {
    const x = node(shape, dtype);
    const y = f(x);
    if (type) t.is(y.type.dtype, type);
    const [got] = evaluate([x], [y], [data]);
    t.is(got.length, want.length);
    got.forEach((value, i) => t.true(near(value, want[i], 1e-12, 0), `${got} want ${want}`));
  });

const derived: Readonly<
  Record<string, readonly [f: (x: Node) => Node, shape: Shape, data?: readonly number[]]>
> = {
  'prod of a matrix with a zero': [(x) => prod(x), [2, 2], [2, 0, 3, 4]],
  'prod of two zeros': [(x) => prod(x), [4], [2, 0, 0, 4]],
  'prod over outer dimensions': [(x) => prod(x, [0]), [3, 2], [1, 2, 0, 3, 4, 5]],
  'cumprod with zeros': [(x) => cumprod(x, 1), [2, 4], [2, 0, 3, 4, 0, 0, 1, 2]],
  'logcumsumexp along the first dimension': [(x) => logcumsumexp(x, 0), [4, 2]],
  'cumsum of squares': [(x) => cumsum(mul(x, x), 0), [4]],
  'recurrence in its coefficients': [(x) => recurrence(x, mul(x, x), { dim: 0, reverse: false }), [4]],
  'recurrence backwards': [(x) => recurrence(x, mul(x, 2), { dim: 0, reverse: true }), [4]],
  'norm of order 2.5': [(x) => norm(x, 2.5, 1), [2, 3]],
  'varMean and stdMean': [(x) => mul(varMean(x, 0)[0], stdMean(x, 0)[1]), [4, 2]],
  'std over two dimensions': [(x) => std(x, [0, 2]), [2, 2, 3]],
  'quantile between sorted elements': [(x) => quantile(x, [0.2, 0.7], 0), [5, 2]],
  trapezoid: [(x) => trapezoid(mul(x, x), x), [4]],
  'sort twice': [(x) => mul(sort(x, 0)[0], sort(mul(x, x), 0)[0]), [4]],
  'renorm of long rows': [(x) => renorm(x, 2, 0, 1), [2, 3]],
  'dist of order 3': [(x) => dist(x, mul(x, x), 3), [3]],
  'nanmean without NaN': [(x) => nanmean(mul(x, x), 0), [3, 2]],
  aminmax: [(x) => mul(aminmax(x, 0)[0], aminmax(x, 0)[1]), [3, 2]],
};
for (const [name, [f, shape, data]] of Object.entries(derived))
  test(`derivatives of ${name} agree with differences`, (t) => {
    t.deepEqual(
      derivativeFaults(([x]) => f(x), [data ? { shape, data } : { shape }]),
      [],
    );
  });

const refusals: Readonly<Record<string, readonly [() => unknown, string]>> = {
  dim_range: [
    () => sum(node([3]), 3),
    'Dimension out of range (expected to be in range of [-1, 0], but got 3)',
  ],
  dim_range_0d: [
    () => sum(node([]), 1),
    'Dimension out of range (expected to be in range of [-1, 0], but got 1)',
  ],
  mean_int: [
    () => mean(node([3], 'int32')),
    'mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. Got: Int',
  ],
  max_empty: [
    () => max(node([0])),
    "max(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with the 'dim' argument.",
  ],
  max_empty_dim: [() => max(node([0]), 0), 'max(): Expected reduction dim 0 to have non-zero size.'],
  kthvalue: [() => kthvalue(node([3]), 4), 'kthvalue(): selected number k out of range for dimension'],
  topk: [() => topk(node([3]), 4), 'selected index k out of range'],
};
for (const [name, [f, message]] of Object.entries(refusals))
  test(`${name} is refused in PyTorch's words`, (t) => {
    const error = t.throws(f, { any: true }) as Error;
    t.true(error.message.startsWith(message), error.message);
  });

// --- rewrites -----------------------------------------------------------------------------------------------------------------------

const rewrites: Readonly<
  Record<string, readonly [(x: Node) => Node, fast: boolean, ops: Readonly<Record<string, number>>]>
> = {
  'a sum over an axis of size 1 is a reshape': [(x) => sum(x, 1), false, { reshape: 1 }],
  'a sum leaves out axes of size 1': [(x) => sum(x, [1, 2], true), false, { sum: 1, reshape: 1 }],
  'a sum of a sum is one sum': [(x) => sum(sum(x, 0), 1), false, { sum: 1 }],
  'a maximum of a maximum is one': [(x) => amax(amax(x, 2, true), 0), false, { amax: 1, reshape: 1 }],
  'a sum over an expanded axis multiplies': [
    (x) => sum(expand(x, [2, 5, 3]), 1),
    false,
    { reshape: 1, mul: 1, constant: 1 },
  ],
  'a sum over an expanded and another axis': [
    (x) => sum(expand(x, [2, 5, 3]), [1, 2]),
    false,
    { sum: 1, reshape: 1, mul: 1, constant: 1 },
  ],
  'a maximum over an expanded axis is the input': [
    (x) => amax(expand(x, [2, 5, 3]), 1),
    false,
    { reshape: 1 },
  ],
  'a constant factor leaves a sum under fastMath': [
    (x) => sum(mul(x, 3), 2),
    true,
    { sum: 1, reshape: 1, mul: 1, constant: 1 },
  ],
  'a steady divisor leaves a sum under fastMath': [
    (x) => sum(div(x, amax(x, 2, true)), 2),
    true,
    { sum: 1, amax: 1, div: 1, reshape: 1 },
  ],
  'a sign leaves a sum under fastMath': [(x) => sum(neg(x), 2), true, { sum: 1, neg: 1 }],
};
for (const [name, [f, fastMath, ops]] of Object.entries(rewrites))
  test(name, (t) => {
    const x = node([2, 1, 3]);
    const graph = makeGraph([x], [f(x)]);
    const simple = simplify(graph, simplifyOptions({ fastMath }));
    const counts = Object.fromEntries(Object.entries(countOps(simple)).filter(([op]) => op !== 'input'));
    const data = [1, 2, 3, 4, 5, 6];
    const [a, b] = [graph, simple].map((g) => Array.from(interpret(g, [data])[0]));
    t.true(
      a.every((value, i) => near(value, b[i], 1e-14, 0)),
      `${a} became ${b}`,
    );
    t.deepEqual(counts, ops, printGraph(simple));
  });
