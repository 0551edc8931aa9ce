// Operators for random graphs that move values without changing them: views, joins, gathers and scatters.

import type { Node } from '../../../compiler/node.ts';
import { numel } from '../../../compiler/shape.ts';
import type { Shape } from '../../../compiler/shape.ts';
import * as arrange from '../../../ops/arrange.ts';
import * as diagonals from '../../../ops/diagonal.ts';
import { index } from '../../../ops/index-advanced.ts';
import * as gathers from '../../../ops/index-gather.ts';
import * as scatters from '../../../ops/index-scatter.ts';
import { indexAdd } from '../../../ops/index-write.ts';
import * as join from '../../../ops/join.ts';
import { pad } from '../../../ops/pad.ts';
import * as slices from '../../../ops/slice.ts';
import * as views from '../../../ops/view.ts';
import { along, entry, shuffled, sizeOf, unary } from './operands.ts';
import type { Pool } from '../randomGraph.ts';
import type { Entry } from './operands.ts';

export const shaping: readonly Entry[] = [
  entry('permute', (pool) => {
    const x = pool.float((shape) => shape.length > 1);
    return x && views.permute(x, shuffled(pool, x.type.shape.length));
  }),
  entry('flatten', (pool) => {
    const x = pool.float();
    return x && views.reshape(x, [-1]);
  }),
  entry('reshape', (pool) => {
    const x = pool.float((shape) => numel(shape) > 0);
    if (!x) return null;
    const n = numel(x.type.shape);
    const rows = pool.random.pick([1, 2, 3, 4, n].filter((k) => n % k === 0));
    return views.reshape(x, pool.random.chance(0.5) ? [rows, n / rows] : [n / rows, 1, rows]);
  }),
  along('unsqueeze', (x, dim) => (x.type.shape.length < 4 ? views.unsqueeze(x, dim) : null)),
  unary('squeeze', views.squeeze),
  entry('expand', (pool) => {
    const x = pool.float((shape) => shape.length < 4);
    return x && views.expand(x, [pool.random.int(1, 3), ...x.type.shape]);
  }),
  along('slice', (x, dim, { random }) => {
    const n = sizeOf(x, dim);
    const start = random.int(0, Math.max(0, n - 1));
    return slices.slice(
      x,
      dim,
      start,
      random.chance(0.05) ? start : random.int(start + 1, n + 1),
      random.int(1, 2),
    );
  }),
  along('select', (x, dim, { random }) =>
    sizeOf(x, dim) > 0 ? slices.select(x, dim, random.int(0, sizeOf(x, dim) - 1)) : null,
  ),
  along('flip', (x, dim) => slices.flip(x, dim)),
  along('unfold', (x, dim, { random }) => {
    const n = sizeOf(x, dim);
    return n > 0 && x.type.shape.length < 4
      ? slices.unfold(x, dim, random.int(1, n), random.int(1, 2))
      : null;
  }),
  along('pad', (x, _, { random }) =>
    pad(x, [random.int(0, 2), random.int(0, 2)], { value: random.pick([0, 1]) }),
  ),
  along('roll', (x, dim, { random }) => arrange.roll(x, random.int(-2, 2), dim)),
  entry('tril', (pool) => {
    const x = pool.float((shape) => shape.length > 1);
    return x && diagonals.tril(x, pool.random.int(-1, 1));
  }),
  entry('diagonal', (pool) => {
    const x = pool.float((shape) => shape.length > 1);
    return x && diagonals.diagonal(x);
  }),
  along('cat', (x, dim, pool) => {
    const rest = (shape: Shape): string => shape.map((n, i) => (i === dim ? '*' : n)).join();
    const y = pool.float((shape) => rest(shape) === rest(x.type.shape));
    return y && join.cat([x, y, x], { dim });
  }),
  along('stack', (x, dim, pool) => {
    const y = pool.float((shape) => shape.join() === x.type.shape.join());
    return y && x.type.shape.length < 4 ? join.stack([x, y], { dim }) : null;
  }),
];

/** Of one value without a size of 0, and one of its dimensions. */
const indexed = (name: string, f: (x: Node, dim: number, size: number, pool: Pool) => Node | null): Entry =>
  along(name, (x, dim, pool) => (numel(x.type.shape) > 0 ? f(x, dim, sizeOf(x, dim), pool) : null));

const replaced = (shape: Shape, dim: number, size: number): Shape =>
  shape.map((n, i) => (i === dim ? size : n));

export const indexing: readonly Entry[] = [
  indexed('gather', (x, dim, size, pool) =>
    gathers.gather(x, dim, pool.index(replaced(x.type.shape, dim, pool.random.int(1, 3)), size)),
  ),
  indexed('indexSelect', (x, dim, size, pool) =>
    gathers.indexSelect(x, dim, pool.index([pool.random.int(1, 3)], size)),
  ),
  indexed('take', (x, _, __, pool) => gathers.take(x, pool.index([2, 2], numel(x.type.shape)))),
  indexed('index', (x, _, __, pool) => index(x, pool.index([3], sizeOf(x, 0)))),
  indexed('scatterAdd', (x, dim, size, pool) => {
    const lanes = replaced(x.type.shape, dim, pool.random.int(1, 3));
    return scatters.scatterAdd(x, dim, pool.index(lanes, size), pool.fresh(lanes, x.type.dtype));
  }),
  indexed('indexAdd', (x, dim, size, pool) => {
    const rows = pool.random.int(1, 3);
    const source = pool.fresh(replaced(x.type.shape, dim, rows), x.type.dtype);
    return indexAdd(x, dim, pool.index([rows], size), source);
  }),
  entry('embedding', (pool) => {
    const weight = pool.float((shape) => shape.length === 2 && shape[0] > 0);
    return weight && gathers.embedding(pool.index([2], weight.type.shape[0]), weight);
  }),
];
