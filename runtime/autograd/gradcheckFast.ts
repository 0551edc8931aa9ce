// gradcheck's fast mode: instead of whole Jacobians J, one number v^T J u for random v and u per output and input, or, for forward mode, the
// vector J u. In: a function at its inputs. Out: nothing, or, if these differ, a message with them and then with the whole Jacobians.

import { tensor } from '../create.ts';
import { rand, randn } from '../random.ts';
import type { Tensor } from '../tensor.ts';
import { grad } from './backward.ts';
import {
  allClose,
  along,
  analyticJacobian,
  evaluateAt,
  forwardJacobian,
  mismatch,
  numericJacobian,
  show,
} from './jacobianTable.ts';
import type { Evaluate, Matrix } from './jacobianTable.ts';
import { jvp } from './forward.ts';

export interface FastCheck {
  readonly call: Evaluate;
  readonly inputs: readonly Tensor[];
  readonly wanted: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly eps: number;
  readonly atol: number;
  readonly rtol: number;
  /** Look at what forward mode gives, not backward. */
  readonly forward: boolean;
}

/** Random elements of length 1. */
function direction(like: Tensor): Float64Array {
  const elements = Float64Array.from(randn(like.shape, { dtype: 'float64' }).toTypedArray());
  const length = Math.hypot(...elements) || 1;
  return elements.map((v) => v / length);
}

const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, v, i) => sum + v * b[i], 0);

const rowOf = (data: Float64Array): Matrix => ({ rows: 1, columns: data.length, data });

/** Compares, and reports a difference to `fail`. */
export function fastCheck(given: FastCheck, fail: (message: string) => never): void {
  const { call, inputs, wanted, outputs, eps, atol, rtol, forward } = given;
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
    const tangents = forward ? pushed(given, x, u) : null;
    differentiable.forEach((o, k) => {
      const y = outputs[o];
      const moved = ahead[o].map((value, j) => (value - behind[o][j]) / (2 * eps));
      const v =
        tangents === null ? Float64Array.from(rand(y.shape, { dtype: 'float64' }).toTypedArray()) : null;
      const numeric = v === null ? moved : Float64Array.of(dot(v, moved));
      const analytic = v === null ? tangents![o] : Float64Array.of(dot(pulled(y, x, v), u));
      // as many errors add up as there are elements in a row
      const tolerance =
        atol * u.reduce((sum, w) => sum + Math.abs(w), 0) * (v?.reduce((s, w) => s + w, 0) ?? 1);
      if (!allClose(rowOf(analytic), rowOf(numeric), Math.max(atol, tolerance), rtol))
        fail(
          mismatch({ output: k, input: i, forward }, rowOf(numeric), rowOf(analytic)) + slowly(given, x, o),
        );
    });
  });
}

/** J u of every output. */
function pushed({ call, inputs }: FastCheck, x: Tensor, u: Float64Array): readonly Float64Array[] {
  const tangent = tensor(u, { shape: x.shape, dtype: x.dtype });
  const [, tangents] = jvp(along(call, inputs, x), [x.detach()], [tangent]);
  return tangents.map((t) => Float64Array.from(t.toTypedArray()));
}

/** v^T J of one output. */
function pulled(y: Tensor, x: Tensor, v: Float64Array): Float64Array {
  const gradOutputs = tensor(v, { shape: y.shape, dtype: y.dtype });
  const [g] = grad(y, x, { gradOutputs, retainGraph: true, materializeGrads: true });
  return Float64Array.from(g.toTypedArray());
}

/** Both Jacobians in full. */
function slowly(
  { call, inputs, outputs, eps, atol, rtol, forward }: FastCheck,
  x: Tensor,
  o: number,
): string {
  const y = outputs[o];
  const numeric = numericJacobian(call, inputs, x, outputs, eps)[o];
  const analytic = forward ? forwardJacobian(call, inputs, x)[o] : analyticJacobian(y, x);
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
