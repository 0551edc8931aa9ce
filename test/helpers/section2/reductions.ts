// Section 2, reductions and scans that op-cases.json does not have. In: nothing. Out: rows.

import * as g from '../../../index.ts';
import { apart, at, int, of } from './row.ts';
import type { Row } from './row.ts';

const grid = [at([1, 5, 3, 4, 0, 0], [2, 3])];
const gaps = [at([1, NaN, 2.5, -0.7, 4, NaN], [2, 3])];

export const reductions: readonly Row[] = [
  { name: 'var_mean', call: (x) => g.varMean(x, 1), inputs: [of([2, 3])] },
  { name: 'std_mean', call: (x) => g.stdMean(x, 1), inputs: [of([2, 3])] },
  { name: 'argmax', call: (x) => x.argmax(1), inputs: grid, value: [1, 0] },
  { name: 'argmin', call: (x) => x.argmin(), inputs: grid, value: 4 },
  { name: 'nanmedian', call: (x) => [x.nanmedian(), x.nanmedian(1).values], inputs: [apart([2, 3])] },
  { name: 'mode', call: (x) => x.mode()[0], inputs: [apart([2, 4])] },
  {
    name: 'linalg.vector_norm_2',
    call: (x) => [g.linalg.vectorNorm(x), g.linalg.vectorNorm(x, 2, 0)],
    inputs: [of([2, 3])],
  },
  {
    name: 'linalg.vector_norm_0',
    call: (x) => g.linalg.vectorNorm(x, 0),
    inputs: [at([1, 0, 2])],
    value: 2,
    gradient: 'undefined',
  },
  { name: 'nansum', call: (x) => x.nansum(1).square(), inputs: gaps },
  { name: 'nanmean', call: (x) => x.nanmean(1).square(), inputs: gaps },
  { name: 'any', call: (x) => x.gt(3).any(1), inputs: grid, value: [true, true] },
  { name: 'all', call: (x) => x.all(1), inputs: grid, value: [true, false] },
  { name: 'count_nonzero', call: (x) => x.countNonzero(1), inputs: grid, value: [3, 1] },
  {
    name: 'trapezoid',
    call: (y, x) => [g.trapezoid(y.square(), x), g.trapezoid(y.square(), { dx: 0.5, dim: 0 })],
    inputs: [of([2, 3]), at([0, 1, 2.5])],
  },
  { name: 'diff', call: (x) => g.diff(x.square(), { n: 2 }), inputs: [of([2, 4])] },
  { name: 'histc', call: (x) => x.histc({ bins: 3, min: 0, max: 6 }), inputs: grid, value: [3, 1, 2] },
  { name: 'bincount', call: () => g.bincount(int(0, 2, 2)), value: [1, 0, 2] },
];
