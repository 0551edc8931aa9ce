// Section 2, reading and writing at indices that op-cases.json does not have. In: nothing. Out: rows.

import * as g from '../../../index.ts';
import { apart, at, int, ints, of, positive } from './row.ts';
import type { Row } from './row.ts';

const where = ints([
  [0, 1, 0],
  [1, 1, 0],
]);
const mask = g.tensor([
  [true, false, true],
  [false, true, true],
]);
const ordered = at([1, 3, 5]);

export const indexing: readonly Row[] = [
  { name: 'index_mask', call: (x) => x.index(mask).square(), inputs: [of([2, 3])] },
  {
    name: 'index_mixed',
    call: (x) => x.index(int(1, 0, 1), [0, 2], null, 1).square(),
    inputs: [of([2, 3, 2])],
  },
  ...(['sum', 'prod', 'mean', 'amax', 'amin'] as const).map((reduce) => ({
    name: `scatter_reduce_${reduce}`,
    call: (x: g.Tensor, source: g.Tensor) => x.scatterReduce(0, where, source.square(), reduce),
    // no ties, also among squares
    inputs: [positive([2, 3]), apart([2, 3], 4)],
  })),
  { name: 'take_along_dim', call: (x) => g.takeAlongDim(x, where, 0).square(), inputs: [of([2, 3])] },
  {
    name: 'put',
    call: (x, y) => [x.put(int(0, 4), y).square(), x.put(int(2, 2), y, { accumulate: true }).square()],
    inputs: [of([2, 3]), of([2], 4)],
  },
  {
    name: 'masked_scatter',
    call: (x, y) => x.maskedScatter(mask, y).square(),
    inputs: [of([2, 3]), of([5], 4)],
  },
  { name: 'argsort', call: (x) => x.argsort(), inputs: [at([3, 1, 2])], value: [1, 2, 0] },
  { name: 'unique', call: (x) => x.unique(), inputs: [at([3, 1, 3])], value: [1, 3], gradient: 'refused' },
  {
    name: 'unique_dim',
    call: (x) => x.unique({ dim: 1 }),
    inputs: [at([3, 1, 3, 0, 2, 0], [2, 3])],
    value: [
      [1, 3],
      [2, 0],
    ],
    gradient: 'refused',
  },
  { name: 'nonzero', call: (x) => g.nonzero(x), inputs: [at([0, 2, 3])], value: [[1], [2]] },
  {
    name: 'searchsorted',
    call: (x, y) => g.searchsorted(x, y),
    inputs: [ordered, at([3, 6])],
    value: [1, 3],
  },
  {
    name: 'bucketize',
    call: (x, b) => g.bucketize(x, b, { right: true }),
    inputs: [at([3, 6]), ordered],
    value: [2, 3],
  },
];
