// Products that are added to something: addmm, addmv, addr, baddbmm, addbmm. In: what is added to, the two factors, and the weights
// `beta` and `alpha`. Out: beta * input + alpha * product. With beta 0 the input is not looked at, so NaN in it does no harm.

import { ShapeError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import { defineOp } from '../compiler/op.ts';
import type { Shape } from '../compiler/shape.ts';
import { add, mul } from './binary.ts';
import type { Contraction } from './contract.ts';
import { contract, sameNumbers } from './contract.ts';
import { checkBatches, checkMatrices, checkVector, savesFactors } from './matmul.ts';
import { where } from './select.ts';
import { constant } from './source.ts';
import { spread } from './view.ts';

export interface Weights {
  /** The weight of the input (1). */
  readonly beta?: number;
  /** The weight of the product (1). */
  readonly alpha?: number;
}

/** x times a number; 0 takes the place of x altogether, and of its gradient. */
function weighted(x: Node, by: number): Node {
  if (by === 1) return x;
  return by === 0 ? where(constant(0, 'bool'), x, 0) : mul(x, by);
}

interface Accumulation {
  readonly spec: Contraction;
  readonly shape: (x: Shape, y: Shape) => Shape;
  readonly check: (x: Shape, y: Shape) => void;
  readonly saved: readonly [string, string];
}

type Accumulate = (input: Node, x: Node, y: Node, weights?: Weights) => Node;

function accumulation(name: string, { spec, shape, check, saved }: Accumulation): Accumulate {
  const op = defineOp<Required<Weights>>({
    name,
    type([input, x, y]) {
      sameNumbers(x, y);
      sameNumbers(input, x);
      return { shape: shape(x.shape, y.shape), dtype: x.dtype };
    },
    meaning: ({ inputs: [input, x, y], attrs: { beta, alpha } }) => ({
      tag: 'composite',
      expand() {
        const product = contract(x, y, spec);
        return add(weighted(input, beta), alpha === 1 ? product : mul(product, alpha));
      },
    }),
    saves: savesFactors(...saved, 1),
  });
  return (input, x, y, { beta = 1, alpha = 1 } = {}) => {
    check(x.type.shape, y.type.shape);
    return node(op, [spread(input, shape(x.type.shape, y.type.shape)), x, y], { beta, alpha });
  };
}

/** beta * input + alpha * mat1 @ mat2; the input broadcasts. */
export const addmm = accumulation('addmm', {
  spec: { a: 'ik', b: 'kj', out: 'ij' },
  shape: ([n], [, m]) => [n, m],
  check(x, y) {
    if (x.length !== 2) throw new ShapeError(`mat1 must be a matrix, got ${x.length}-D tensor`);
    if (y.length !== 2) throw new ShapeError(`mat2 must be a matrix, got ${y.length}-D tensor`);
    checkMatrices(x, y);
  },
  saved: ['mat1', 'mat2'],
});

/** beta * input + alpha * mat @ vec. */
export const addmv = accumulation('addmv', {
  spec: { a: 'ik', b: 'k', out: 'i' },
  shape: ([n]) => [n],
  check: checkVector,
  saved: ['mat', 'vec'],
});

/** beta * input + alpha * the outer product of vec1 and vec2. */
export const addr = accumulation('addr', {
  spec: { a: 'i', b: 'j', out: 'ij' },
  shape: ([n], [m]) => [n, m],
  check(x, y) {
    if (x.length !== 1) throw new ShapeError(`addr: Expected 1-D argument vec1, but got ${x.length}-D`);
    if (y.length !== 1) throw new ShapeError(`addr: Expected 1-D argument vec2, but got ${y.length}-D`);
  },
  saved: ['vec1', 'vec2'],
});

/** beta * input + alpha * batch1 @ batch2. */
export const baddbmm = accumulation('baddbmm', {
  spec: { a: 'bik', b: 'bkj', out: 'bij' },
  shape: ([b, n], [, , m]) => [b, n, m],
  check: checkBatches,
  saved: ['batch1', 'batch2'],
});

/** beta * input + alpha * the sum of batch1 @ batch2 over the batch. */
export const addbmm = accumulation('addbmm', {
  spec: { a: 'bik', b: 'bkj', out: 'ij' },
  shape: ([, n], [, , m]) => [n, m],
  check: checkBatches,
  saved: ['batch1', 'batch2'],
});
