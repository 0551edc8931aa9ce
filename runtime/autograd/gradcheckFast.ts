// gradcheck's fast mode: instead of whole Jacobians J, one number v^T J u for random v and u per output and input. In: a function at its inputs.
// Out: nothing, or, if the numbers differ, a message with these and then with the whole Jacobians.

import { tensor } from '../create.ts';
import { rand, randn } from '../random.ts';
import type { Tensor } from '../tensor.ts';
import { grad } from './backward.ts';
import { allClose, analyticJacobian, evaluateAt, mismatch, numericJacobian, show } from './jacobianTable.ts';
import type { Evaluate, Matrix } from './jacobianTable.ts';

export interface FastCheck {
  readonly call: Evaluate;
  readonly inputs: readonly Tensor[];
  readonly wanted: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly eps: number;
  readonly atol: number;
  readonly rtol: number;
}

/** Random elements of length 1. */
function direction(like: Tensor): Float64Array {
  const elements = Float64Array.from(randn(like.shape, { dtype: 'float64' }).toTypedArray());
  const length = Math.hypot(...elements) || 1;
  return elements.map((v) => v / length);
}

const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, v, i) => sum + v * b[i], 0);

const single = (value: number): Matrix => ({ rows: 1, columns: 1, data: Float64Array.of(value) });

/** Compares, and reports a difference to `fail`. */
export function fastCheck(given: FastCheck, fail: (message: string) => never): void {
  const { call, inputs, wanted, outputs, eps, atol, rtol } = given;
  const differentiable = outputs.map((_, o) => o).filter((o) => outputs[o].requiresGrad);
  wanted.forEach((x, i) => {
    const u = direction(x);
    const values = Float64Array.from(x.toTypedArray());
    const [ahead, behind] = [eps, -eps].map((by) =>
      evaluateAt(
        call,
        inputs,
        x,
        values.map((value, k) => value + by * u[k]),
      ),
    );
    differentiable.forEach((o, k) => {
      const y = outputs[o];
      const v = Float64Array.from(rand(y.shape, { dtype: 'float64' }).toTypedArray());
      const numeric = dot(
        v,
        ahead[o].map((value, j) => (value - behind[o][j]) / (2 * eps)),
      );
      const [g] = grad(y, x, {
        gradOutputs: tensor(v, { shape: y.shape, dtype: y.dtype }),
        retainGraph: true,
        allowUnused: true,
      });
      const analytic = g === null ? 0 : dot(Float64Array.from(g.toTypedArray()), u);
      // as many errors add up as there are elements in a row
      const tolerance =
        atol * v.reduce((sum, value) => sum + value, 0) * u.reduce((sum, value) => sum + Math.abs(value), 0);
      if (!allClose(single(analytic), single(numeric), Math.max(atol, tolerance), rtol))
        fail(mismatch(k, i, single(numeric), single(analytic)) + slowly(given, x, o));
    });
  });
}

/** Both Jacobians in full. */
function slowly({ call, inputs, outputs, eps, atol, rtol }: FastCheck, x: Tensor, o: number): string {
  const y = outputs[o];
  const numeric = numericJacobian(call, inputs, x, outputs, eps)[o];
  const analytic = analyticJacobian(y, x);
  const difference = Math.max(...analytic.data.map((value, i) => Math.abs(value - numeric.data[i])));
  const close = allClose(analytic, numeric, atol, rtol)
    ? "Fast gradcheck failed but element-wise differences are small. This means that the test might've passed in slow_mode!"
    : '';
  return (
    '\nThe above quantities relating the numerical and analytical jacobians are computed in fast mode. See: ' +
    'https://github.com/pytorch/pytorch/issues/53876 for more background about fast mode. Below, we recompute numerical and analytical ' +
    `jacobians in slow mode:\n\nNumerical:\n ${show(numeric)}\nAnalytical:\n${show(analytic)}\n\nThe max per-element difference (slow mode) is: ` +
    `${difference}.\n${close}`
  );
}
