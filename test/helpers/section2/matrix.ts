// Section 2, matrices that op-cases.json does not have. Factors are looked at through what does not depend on their signs. In: nothing. Out: rows.

import * as g from '../../../index.ts';
import type { Tensor } from '../../../index.ts';
import { apart, at, of } from './row.ts';
import type { Row } from './row.ts';

const { linalg } = g;
const square = at([2.1, 0.3, -0.7, 0.4, 1.6, 0.2, -0.5, 0.9, 1.8], [3, 3]);
const tall = at([1.2, 0.3, -0.7, 1.4, 0.2, 0.9, -1.1, 0.5], [4, 2]);
const symmetric = (x: Tensor): Tensor => x.add(x.mT);

export const matrix: readonly Row[] = [
  { name: 'vdot', call: g.vdot, inputs: [of([4]), of([4], 4)] },
  {
    name: 'addr',
    call: (x, a, b) => g.addr(x, a, b, { beta: 0.5, alpha: 2 }),
    inputs: [of([2, 3]), of([2], 4), of([3], 5)],
  },
  {
    name: 'addbmm',
    call: (x, a, b) => g.addbmm(x, a, b, { beta: 0.5, alpha: 2 }),
    inputs: [of([2, 2]), of([2, 2, 3], 4), of([2, 3, 2], 5)],
  },
  { name: 'inner', call: (x, y) => g.inner(x, y), inputs: [of([2, 3]), of([2, 3], 4)] },
  {
    name: 'linalg.multi_dot',
    call: (x, y, z) => linalg.multiDot([x, y, z]),
    inputs: [of([2, 3]), of([3, 2], 4), of([2, 2], 5)],
  },
  { name: 'slogdet', call: (x) => linalg.slogdet(x).logabsdet, inputs: [square] },
  { name: 'linalg.pinv', call: (x) => linalg.pinv(x), inputs: [tall] },
  {
    name: 'linalg.solve_triangular',
    call: (a, b) => linalg.solveTriangular(a, b, { upper: true }),
    inputs: [square, of([3, 2])],
  },
  { name: 'linalg.lu', call: (x) => [...linalg.lu(x)].slice(1), inputs: [square] },
  { name: 'qr', call: (x) => [...g.qr(x)].map((y) => y.square()), inputs: [tall] },
  {
    name: 'linalg.svd',
    call(x) {
      const { U, S, Vh } = linalg.svd(x, { fullMatrices: false });
      return [S, U.square(), Vh.square()];
    },
    inputs: [tall],
  },
  {
    name: 'linalg.eigh',
    call(x) {
      const { eigenvalues, eigenvectors } = linalg.eigh(symmetric(x));
      return [eigenvalues, eigenvectors.square()];
    },
    inputs: [square],
  },
  { name: 'linalg.lstsq', call: (a, b) => linalg.lstsq(a, b).solution, inputs: [tall, of([4, 1])] },
  { name: 'pdist', call: (x) => g.pdist(x), inputs: [apart([3, 2])] },
];
