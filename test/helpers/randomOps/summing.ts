// Operators for random graphs in which several values meet: reductions, scans, contractions, convolutions.

import type { Node } from '../../../compiler/node.ts';
import { numel } from '../../../compiler/shape.ts';
import * as convolutions from '../../../ops/conv.ts';
import { einsum } from '../../../ops/einsum.ts';
import * as products from '../../../ops/matmul.ts';
import * as moments from '../../../ops/reduce-moments.ts';
import * as norms from '../../../ops/reduce-norm.ts';
import * as reduceOps from '../../../ops/reduce.ts';
import * as scan from '../../../ops/scan.ts';
import * as soft from '../../../ops/softmax.ts';
import * as views from '../../../ops/view.ts';
import type { Pool } from '../randomGraph.ts';
import { along, compatible, distinct, entry, reduction } from './operands.ts';
import type { Entry } from './operands.ts';

/** No norm over values like these is at its kink. */
const nowhereZero = (pool: Pool, x: Node): boolean => pool.valuesOf(x).every((v) => Math.abs(v) > 0.1);

export const reductions: readonly Entry[] = [
  reduction('sum', reduceOps.sum),
  reduction('mean', reduceOps.mean, true),
  reduction('prod', reduceOps.prod),
  reduction('amax', reduceOps.amax, true, distinct),
  reduction('amin', reduceOps.amin, true, distinct),
  reduction('vectorNorm', (x, dim, keepdim) => norms.vectorNorm(x, 2, dim, keepdim), true, nowhereZero),
  reduction('variance', (x, dim, keepdim) => moments.variance(x, dim, keepdim, { correction: 0 }), true),
  entry('sum of all', (pool) => {
    const x = pool.float();
    return x && reduceOps.sum(x);
  }),
  entry('any', (pool) => {
    const c = pool.condition();
    return c && reduceOps.any(c);
  }),
  along('softmax', (x, dim) => soft.softmax(x, dim)),
  along('logSoftmax', (x, dim) => soft.logSoftmax(x, dim)),
  reduction('logsumexp', soft.logsumexp, true),
  along('cumsum', (x, dim) => scan.cumsum(x, dim)),
  along('cumprod', (x, dim) => scan.cumprod(x, dim)),
];

export const contractions: readonly Entry[] = [
  entry('matmul', (pool) => {
    const x = pool.float((shape) => shape.length > 0);
    const inner = x?.type.shape.at(-1);
    const y =
      x &&
      pool.float(
        (shape, dtype) =>
          dtype === x.type.dtype &&
          shape.length > 0 &&
          (shape.length === 1 ? shape[0] : shape.at(-2)) === inner &&
          compatible(x.type.shape.slice(0, -2), shape.slice(0, -2)),
      );
    return x && y && products.matmul(x, y);
  }),
  entry('matmul with its transpose', (pool) => {
    const x = pool.float((shape) => shape.length > 1);
    return x && products.matmul(x, views.transpose(x, -1, -2));
  }),
  entry('linear', (pool) => {
    const x = pool.float((shape) => shape.length > 0);
    const weight =
      x &&
      pool.float(
        (shape, dtype) => dtype === x.type.dtype && shape.length === 2 && shape[1] === x.type.shape.at(-1),
      );
    return x && weight && products.linear(x, weight);
  }),
  entry('einsum', (pool) => {
    const x = pool.float((shape) => shape.length === 2);
    const y =
      x &&
      pool.float(
        (shape, dtype) => dtype === x.type.dtype && shape.length === 2 && shape[0] === x.type.shape[0],
      );
    return x && y && einsum(pool.random.pick(['ij,ik->jk', 'ij,ik->kj', 'ij,ik->j', 'ij,ik->']), x, y);
  }),
  entry('conv1d', (pool) => {
    const x = pool.float((shape) => shape.length === 2 && numel(shape) > 0);
    if (!x) return null;
    const [channels, length] = x.type.shape;
    const weight = pool.fresh([2, channels, pool.random.int(1, length)], x.type.dtype);
    return convolutions.conv1d(x, weight, null, {
      stride: pool.random.int(1, 2),
      padding: pool.random.int(0, 1),
    });
  }),
];
