// Section 2, elementwise operators and activations that op-cases.json does not have. In: nothing. Out: rows.

import * as g from '../../../index.ts';
import type { Tensor } from '../../../index.ts';
import { at, apart, int, of, positive } from './row.ts';
import type { Row } from './row.ts';

const bools = (...data: boolean[]): Tensor => g.tensor(data);
const odd = at([NaN, Infinity, -Infinity, 1]);
const pair = [at([1, 2, 3]), at([2, 2, 2])];
const truths = [at([0, 0, 2, 3]), at([0, 1, 0, 4])];

/** Random operators draw the same numbers at each call, so that differences see the function and not the draw. */
const seeded =
  (call: (x: Tensor) => Tensor) =>
  (x: Tensor): Tensor => {
    g.manualSeed(5);
    return call(x);
  };

export const unary: readonly Row[] = [
  { name: 'polygamma', call: (x) => g.polygamma(2, x), inputs: [positive([4])] },
  { name: 'round_decimals', call: (x) => g.round(x, { decimals: 1 }), inputs: [at([0.12, -1.57, 2.34])] },
  { name: 'angle', call: (x) => g.angle(x), inputs: [apart([4])] },
  { name: 'clip', call: (x) => g.clip(x, -0.5, 0.7), inputs: [of([5])] },
  { name: 'logical_not', call: g.logicalNot, inputs: [at([0, 2])], value: [true, false] },
  { name: 'bitwise_not', call: () => g.bitwiseNot(int(0, 5)), value: [-1, -6] },
  { name: 'isnan', call: g.isnan, inputs: [odd], value: [true, false, false, false] },
  { name: 'isinf', call: g.isinf, inputs: [odd], value: [false, true, true, false] },
  { name: 'isfinite', call: g.isfinite, inputs: [odd], value: [false, false, false, true] },
];

export const activations: readonly Row[] = [
  { name: 'rrelu', call: (x) => g.rrelu(x), inputs: [apart([5])] },
  { name: 'rrelu_train', call: seeded((x) => g.rrelu(x, { training: true })), inputs: [apart([5])] },
  { name: 'gumbel_softmax', call: seeded((x) => g.gumbelSoftmax(x, { dim: -1 })), inputs: [of([2, 3])] },
  { name: 'dropout', call: seeded((x) => g.dropout(x, 0.5, true).square()), inputs: [of([6])] },
];

export const binary: readonly Row[] = [
  { name: 'add_alpha', call: (x, y) => x.add(y, { alpha: 0.3 }), inputs: [of([2, 3]), of([3], 4)] },
  { name: 'sub_alpha', call: (x, y) => x.sub(y, { alpha: 0.3 }), inputs: [of([2, 3]), of([3], 4)] },
  { name: 'true_divide', call: (x, y) => g.trueDivide(x, y), inputs: [of([3]), positive([2, 3])] },
  { name: 'floor_divide', call: (x, y) => g.floorDivide(x, y), inputs: [at([5, -5]), at([2.2, 1.9])] },
  {
    name: 'heaviside',
    call: g.heaviside,
    inputs: [at([-1, 0, 2]), at([0.5, 0.5, 0.5])],
    value: [0, 0.5, 1],
    gradient: 'refused',
  },
  { name: 'eq', call: (x, y) => g.eq(x, y), inputs: pair, value: [false, true, false] },
  { name: 'ne', call: (x, y) => g.ne(x, y), inputs: pair, value: [true, false, true] },
  { name: 'lt', call: (x, y) => g.lt(x, y), inputs: pair, value: [true, false, false] },
  { name: 'le', call: (x, y) => g.le(x, y), inputs: pair, value: [true, true, false] },
  { name: 'gt', call: (x, y) => g.gt(x, y), inputs: pair, value: [false, false, true] },
  { name: 'ge', call: (x, y) => g.ge(x, y), inputs: pair, value: [false, true, true] },
  {
    name: 'logical_and',
    call: (x, y) => g.logicalAnd(x, y),
    inputs: truths,
    value: [false, false, false, true],
  },
  { name: 'logical_or', call: (x, y) => g.logicalOr(x, y), inputs: truths, value: [false, true, true, true] },
  {
    name: 'logical_xor',
    call: (x, y) => g.logicalXor(x, y),
    inputs: truths,
    value: [false, true, true, false],
  },
  { name: 'bitwise_and', call: () => g.bitwiseAnd(int(6, 5), int(3, 1)), value: [2, 1] },
  { name: 'bitwise_or', call: () => g.bitwiseOr(int(6, 5), int(3, 1)), value: [7, 5] },
  {
    name: 'bitwise_xor',
    call: () => g.bitwiseXor(bools(true, false), bools(true, true)),
    value: [false, true],
  },
  {
    name: 'isclose',
    call: (x, y) => g.isclose(x, y),
    inputs: [at([1, 1]), at([1 + 1e-9, 1.1])],
    value: [true, false],
  },
];
