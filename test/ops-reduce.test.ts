// Reductions, scans and sorting against real PyTorch.

import test from 'ava';
import { checkCase, checkConvention, conventions, opCases } from './helpers/oracle.ts';
import type { Build } from './helpers/oracle.ts';
import type { Node } from '../compiler/node.ts';
import { kthvalue, max, median, min, mode, nanmedian } from '../ops/reduce-pick.ts';
import { std, variance } from '../ops/reduce-moments.ts';
import { dist, norm, renorm, vectorNorm } from '../ops/reduce-norm.ts';
import { amax, amin, mean, nanmean, nansum, prod, sum } from '../ops/reduce.ts';
import { cumprod, cumsum, logcumsumexp } from '../ops/scan.ts';
import { cummax, cummin } from '../ops/scan-more.ts';
import { quantile, sort, topk } from '../ops/sort.ts';

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

for (const c of opCases()) {
  const build = table[c.op];
  if (!build) continue;
  const shapes = c.inputs.map((i) => `[${i.shape.join(', ')}]`).join(' ');
  test(`${c.op} ${c.attrs ? JSON.stringify(c.attrs) + ' ' : ''}of ${shapes} agrees with PyTorch`, (t) => {
    t.deepEqual(checkCase(c, build), []);
  });
}

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
