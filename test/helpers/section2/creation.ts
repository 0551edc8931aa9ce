// Section 2, creation: none of it has a gradient. In: nothing. Out: rows.

import * as g from '../../../index.ts';
import { at } from './row.ts';
import type { Row } from './row.ts';

/** After the seed, so that a row says the same wherever it stands. */
const seeded = (make: () => g.Tensor): g.Tensor => {
  g.manualSeed(0);
  return make();
};
const shapeOf = (x: g.Tensor): g.Tensor => g.tensor(x.shape as number[]);

export const creation: readonly Row[] = [
  { name: 'tensor', call: () => g.tensor([[1, 2]]), value: [[1, 2]] },
  { name: 'zeros', call: () => g.zeros([2]), value: [0, 0] },
  { name: 'ones', call: () => g.ones([1, 2]), value: [[1, 1]] },
  { name: 'full', call: () => g.full([2], 7), value: [7, 7] },
  { name: 'empty', call: () => shapeOf(g.empty([2, 3])), value: [2, 3] },
  { name: 'arange', call: () => g.arange(1, 2, 0.25), value: [1, 1.25, 1.5, 1.75] },
  { name: 'linspace', call: () => g.linspace(0, 1, 5), value: [0, 0.25, 0.5, 0.75, 1] },
  { name: 'logspace', call: () => g.logspace(0, 3, 4, { base: 2 }), value: [1, 2, 4, 8] },
  {
    name: 'eye',
    call: () => g.eye(2, 3),
    value: [
      [1, 0, 0],
      [0, 1, 0],
    ],
  },
  { name: 'zeros_like', call: g.zerosLike, inputs: [at([1, 2])], value: [0, 0] },
  { name: 'ones_like', call: g.onesLike, inputs: [at([1, 2])], value: [1, 1] },
  { name: 'full_like', call: (x) => g.fullLike(x, 3), inputs: [at([1, 2])], value: [3, 3] },
  { name: 'empty_like', call: (x) => shapeOf(g.emptyLike(x)), inputs: [at([1, 2])], value: [2] },
  { name: 'rand_like', call: (x) => shapeOf(g.randLike(x)), inputs: [at([1, 2])], value: [2] },
  { name: 'randn_like', call: (x) => shapeOf(g.randnLike(x)), inputs: [at([1, 2])], value: [2] },
  { name: 'randint_like', call: (x) => g.randintLike(x, 5, 6), inputs: [at([1, 2])], value: [5, 5] },
  { name: 'new_zeros', call: (x) => x.newZeros([2]), inputs: [at([1])], value: [0, 0] },
  { name: 'new_ones', call: (x) => x.newOnes([2]), inputs: [at([1])], value: [1, 1] },
  { name: 'new_full', call: (x) => x.newFull([2], 4), inputs: [at([1])], value: [4, 4] },
  { name: 'new_empty', call: (x) => shapeOf(x.newEmpty([2])), inputs: [at([1])], value: [2] },
  { name: 'new_tensor', call: (x) => x.newTensor([2, 3]), inputs: [at([1])], value: [2, 3] },
  {
    name: 'one_hot',
    call: () => g.oneHot(g.tensor([1, 0], { dtype: 'int32' }), 3),
    value: [
      [0, 1, 0],
      [1, 0, 0],
    ],
  },
  {
    name: 'tril_indices',
    call: () => g.trilIndices(2, 2),
    value: [
      [0, 1, 1],
      [0, 0, 1],
    ],
  },
  {
    name: 'triu_indices',
    call: () => g.triuIndices(2, 2),
    value: [
      [0, 0, 1],
      [0, 1, 1],
    ],
  },
  // what PyTorch draws after manual_seed(0)
  { name: 'rand', call: () => seeded(() => g.rand([1]).mul(1e4).round()), value: [4963] },
  { name: 'randn', call: () => seeded(() => g.randn([1]).mul(1e4).round()), value: [15410] },
  { name: 'randint', call: () => seeded(() => g.randint(0, 10, [3])), value: [4, 9, 3] },
  { name: 'randperm', call: () => seeded(() => g.randperm(4)), value: [0, 1, 3, 2] },
  { name: 'normal', call: () => seeded(() => g.normal(2, 0.5, [1]).mul(1e4).round()), value: [27705] },
  { name: 'bernoulli', call: (p) => g.bernoulli(p), inputs: [at([0, 1, 1])], value: [0, 1, 1] },
  { name: 'multinomial', call: (p) => g.multinomial(p, 1), inputs: [at([0, 1, 0])], value: [1] },
];
