// gradcheck: analytic gradients against central differences. In: a function and inputs. Out: true, or an error with both Jacobians. Every
// element of every input is moved by eps, every output is looked at.

import { isFloat } from '../../compiler/dtype.ts';
import { AutogradError, GradloomError, ValueError } from '../../compiler/errors.ts';
import { tensor, zeros } from '../create.ts';
import { warn } from '../environment.ts';
import { checkOptions } from '../options.ts';
import { publicCall, userCode } from '../origin.ts';
import { randn } from '../random.ts';
import { isTensor } from '../tensor.ts';
import type { Tensor } from '../tensor.ts';
import { grad, listOf } from './backward.ts';
import type { Tensors } from './backward.ts';
import { enableGrad } from './mode.ts';

export class GradcheckError extends GradloomError {
  override name = 'GradcheckError';
}

export interface GradcheckOptions {
  readonly eps?: number;
  readonly atol?: number;
  readonly rtol?: number;
  /** Throw if a gradient is wrong (true), or return false. */
  readonly raise?: boolean;
}

export type Differentiable = (...inputs: Tensor[]) => Tensor | readonly Tensor[];

interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array;
}

const matrix = (rows: number, columns: number): Matrix => ({
  rows,
  columns,
  data: new Float64Array(rows * columns),
});

/** Compares analytic with numeric derivatives; use float64 inputs. */
export function gradcheck(fn: Differentiable, inputs: Tensors, options: GradcheckOptions = {}): boolean {
  return publicCall('gradcheck', () => {
    checkOptions('gradcheck', options, ['eps', 'atol', 'rtol', 'raise']);
    try {
      check(fn, listOf(inputs), options);
      return true;
    } catch (error) {
      if (options.raise === false && error instanceof GradcheckError) return false;
      throw error;
    }
  });
}

function check(
  fn: Differentiable,
  inputs: readonly Tensor[],
  { eps = 1e-6, atol = 1e-5, rtol = 1e-3 }: GradcheckOptions,
): void {
  const wanted = inputs.filter((x) => x.requiresGrad);
  if (wanted.length === 0)
    throw new ValueError(
      'gradcheck expects at least one input tensor to require gradient, but none of the them have requires_grad=True.',
    );
  wanted.forEach((x, i) => {
    if (x.dtype !== 'float64')
      warn(
        `Input #${i} requires gradient and is not a double precision floating point. This check will likely fail if all the inputs are not of double precision floating point.`,
      );
  });
  const call = (args: readonly Tensor[]): Tensor[] =>
    enableGrad(() => {
      const result = userCode(() => fn(...args));
      return [...(isTensor(result) ? [result] : result)].filter((y) => isFloat(y.dtype));
    });
  const outputs = call(inputs);
  wanted.forEach((x, i) => {
    const numeric = numericJacobians(call, inputs, inputs.indexOf(x), outputs, eps);
    outputs.forEach((y, o) => {
      const analytic = analyticJacobian(y, x);
      if (!allClose(analytic, numeric[o], atol, rtol))
        throw new GradcheckError(
          `Jacobian mismatch for output ${o} with respect to input ${i},\nnumerical:${show(numeric[o])}\nanalytical:${show(analytic)}\n`,
        );
    });
  });
  outputs.forEach((y, o) => {
    if (!y.requiresGrad) return;
    for (const g of grad(y, wanted, {
      gradOutputs: zeros(y.shape, { dtype: y.dtype }),
      allowUnused: true,
      retainGraph: true,
    }))
      if (g !== null && g.toTypedArray().some((v) => v !== 0))
        throw new GradcheckError(`backward not multiplied by grad_output (output ${o})`);
  });
}

/** One matrix per output: rows are elements of the input, columns those of the output. */
function numericJacobians(
  call: (args: readonly Tensor[]) => Tensor[],
  inputs: readonly Tensor[],
  which: number,
  outputs: readonly Tensor[],
  eps: number,
): Matrix[] {
  const x = inputs[which];
  const { shape, dtype } = x;
  const values = x.toTypedArray();
  const result = outputs.map((y) => matrix(values.length, y.numel));
  const at = (data: typeof values): Tensor[] =>
    call(inputs.map((other, i) => (i === which ? tensor(data, { shape, dtype }) : other.detach())));
  for (let row = 0; row < values.length; row++) {
    const moved = [eps, -eps].map((by) => {
      const data = values.slice();
      data[row] += by;
      return at(data).map((y) => y.toTypedArray());
    });
    outputs.forEach((y, o) => {
      const columns = y.numel;
      for (let c = 0; c < columns; c++)
        result[o].data[row * columns + c] = (moved[0][o][c] - moved[1][o][c]) / (2 * eps);
    });
  }
  return result;
}

function analyticJacobian(y: Tensor, x: Tensor): Matrix {
  const result = matrix(x.numel, y.numel);
  if (!y.requiresGrad) return result;
  const one = new Float64Array(y.numel);
  for (let c = 0; c < y.numel; c++) {
    one.fill(0);
    one[c] = 1;
    const gradOutputs = tensor(one, { shape: y.shape, dtype: y.dtype });
    const [g] = grad(y, x, { gradOutputs, retainGraph: true, allowUnused: true });
    if (g === null) continue;
    const column = g.toTypedArray();
    for (let r = 0; r < column.length; r++) result.data[r * y.numel + c] = column[r];
  }
  return result;
}

function allClose(a: Matrix, n: Matrix, atol: number, rtol: number): boolean {
  return a.data.every((value, i) => {
    const other = n.data[i];
    return (
      value === other ||
      Math.abs(value - other) <= atol + rtol * Math.abs(other) ||
      (Number.isNaN(value) && Number.isNaN(other))
    );
  });
}

const show = ({ rows, columns, data }: Matrix): string =>
  String(tensor(data, { shape: [rows, columns], dtype: 'float64' }));

/** gradcheck of the gradient: derivatives of the second order. */
export function gradgradcheck(fn: Differentiable, inputs: Tensors, options: GradcheckOptions = {}): boolean {
  return publicCall('gradgradcheck', () => {
    const given = listOf(inputs);
    const outputs = enableGrad(() => listOf(userCode(() => fn(...given)) as Tensors)).filter(
      (y) => y.requiresGrad,
    );
    if (outputs.length === 0) throw new AutogradError('gradgradcheck: no output requires grad');
    const cotangents = outputs.map((y) => randn(y.shape, { dtype: y.dtype, requiresGrad: true }));
    const wanted = given.map((x) => x.requiresGrad);
    const gradient: Differentiable = (...args) => {
      const primals = args
        .slice(0, given.length)
        .map((x, i) => (wanted[i] && !x.requiresGrad ? x.requiresGrad_() : x));
      const ys = listOf(fn(...primals) as Tensors).filter((y) => y.requiresGrad);
      const found = grad(
        ys,
        primals.filter((_, i) => wanted[i]),
        {
          gradOutputs: args.slice(given.length),
          createGraph: true,
          allowUnused: true,
        },
      );
      return found.filter((g) => g !== null);
    };
    return gradcheck(gradient, [...given, ...cotangents], options);
  });
}
