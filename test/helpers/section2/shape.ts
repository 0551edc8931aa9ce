// Section 2, views, joins and parts that op-cases.json does not have: squared, so that there is a second derivative. In: nothing. Out: rows.

import * as g from '../../../index.ts';
import { at, of } from './row.ts';
import type { Row } from './row.ts';

const squares = (xs: readonly g.Tensor[]): readonly g.Tensor[] => xs.map((x) => x.square());

export const shape: readonly Row[] = [
  { name: 'unflatten', call: (x) => g.unflatten(x, 1, [2, 2]).square(), inputs: [of([2, 4])] },
  { name: 'ravel', call: (x) => g.ravel(x).square(), inputs: [of([2, 3])] },
  { name: 'expand_as', call: (x) => x.expandAs(g.zeros([4, 3])).square(), inputs: [of([1, 3])] },
  { name: 't', call: (x) => x.t().matmul(x), inputs: [of([2, 3])] },
  { name: 'T', call: (x) => x.T.matmul(x), inputs: [of([2, 3])] },
  { name: 'mT', call: (x) => x.mT.matmul(x), inputs: [of([2, 2, 3])] },
  { name: 'H', call: (x) => x.H.matmul(x), inputs: [of([2, 3])] },
  { name: 'swapaxes', call: (x) => g.swapaxes(x, 0, 1).square(), inputs: [of([2, 3])] },
  { name: 'hstack', call: (x, y) => g.hstack([x, y]).square(), inputs: [of([2, 1]), of([2, 2], 4)] },
  { name: 'vstack', call: (x, y) => g.vstack([x, y]).square(), inputs: [of([2]), of([1, 2], 4)] },
  { name: 'tensor_split', call: (x) => squares(g.tensorSplit(x, 3)), inputs: [of([5])] },
  {
    name: 'as_strided',
    call: (x) => x.asStrided([2, 2], [1, 2]).mul(x.asStrided([2, 2], [2, 1])),
    inputs: [of([6])],
  },
  { name: 'contiguous', call: (x) => x.t().contiguous().square(), inputs: [of([2, 3])] },
  { name: 'to', call: (x) => x.to('float64').square().to('float64'), inputs: [of([3])] },
  { name: 'detach', call: (x) => x.detach(), inputs: [at([1, 2])], value: [1, 2] },
  { name: 'atleast_1d', call: (x) => g.atleast1d(x).square(), inputs: [of([])] },
  { name: 'atleast_2d', call: (x) => g.atleast2d(x).square(), inputs: [of([3])] },
  { name: 'atleast_3d', call: (x) => g.atleast3d(x).square(), inputs: [of([2, 2])] },
  { name: 'block_diag', call: (x, y) => g.blockDiag(x, y).square(), inputs: [of([2, 1]), of([1, 2], 4)] },
  { name: 'meshgrid', call: (x, y) => squares(g.meshgrid([x, y])), inputs: [of([2]), of([3], 4)] },
  {
    name: 'cartesian_prod',
    call: (x, y) => g.cartesianProd(x, y).square(),
    inputs: [of([2]), of([3], 4)],
  },
];
