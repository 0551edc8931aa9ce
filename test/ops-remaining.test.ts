// Operators that no table of another test has: their first and second derivatives against differences. In: functions of float64 tensors,
// through the public interface. Out: gradcheck and gradgradcheck pass.

import test from 'ava';
import * as g from '../index.ts';
import type { Tensor } from '../index.ts';

const of = (...shape: number[]): Tensor => {
  g.manualSeed(3);
  return g.randn(shape, { dtype: 'float64' }).requiresGrad_();
};

const cases: readonly (readonly [name: string, fn: (...xs: Tensor[]) => Tensor, ...inputs: Tensor[]])[] = [
  ['clip', (x) => g.clip(x, -0.5, 0.7), of(5)],
  ['ravel', (x) => g.ravel(x).square(), of(2, 3)],
  ['expandAs', (x) => x.expandAs(g.zeros([4, 3])).square(), of(1, 3)],
  ['swapaxes', (x) => g.swapaxes(x, 0, 1).square(), of(2, 3)],
  ['contiguous', (x) => x.t().contiguous().square(), of(2, 3)],
  ['atleast1d', (x) => g.atleast1d(x).square(), of()],
  ['atleast2d', (x) => g.atleast2d(x).square(), of(3)],
  ['atleast3d', (x) => g.atleast3d(x).square(), of(2, 2)],
  ['vdot', (x, y) => g.vdot(x, y), of(4), of(4).detach().mul(0.5).add(1).requiresGrad_()],
  ['avgPool3d', (x) => g.avgPool3d(x, 2).square(), of(1, 2, 2, 4, 2)],
  [
    'gumbelSoftmax',
    (x) => {
      g.manualSeed(5);
      return g.gumbelSoftmax(x, { dim: -1 });
    },
    of(2, 3),
  ],
];

for (const [name, fn, ...inputs] of cases)
  test(`${name} has the derivatives that differences show, to the second order`, (t) => {
    t.true(g.autograd.gradcheck(fn, inputs));
    t.true(g.autograd.gradgradcheck(fn, inputs));
  });
