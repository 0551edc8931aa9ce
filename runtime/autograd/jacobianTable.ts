// Jacobians as tables of numbers, for gradcheck: by central differences, by backward, and by forward mode. In: a function, inputs, outputs.
// Out: one matrix per output and input; rows are elements of the input, columns those of the output.

import { tensor } from '../create.ts';
import type { Tensor } from '../tensor.ts';
import { grad } from './backward.ts';
import { jacfwd, unitsLike } from './jacobians.ts';

export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array;
}

export const matrix = (rows: number, columns: number): Matrix => ({
  rows,
  columns,
  data: new Float64Array(rows * columns),
});

export type Evaluate = (args: readonly Tensor[]) => readonly Tensor[];

/** The outputs as a function of one input; all others are plain values there. */
export const along =
  (call: Evaluate, inputs: readonly Tensor[], which: Tensor) =>
  (x: Tensor): readonly Tensor[] =>
    call(inputs.map((other) => (other === which ? x : other.detach())));

/** The outputs with the elements of one input replaced; all inputs are plain values there. */
export function evaluateAt(
  call: Evaluate,
  inputs: readonly Tensor[],
  which: Tensor,
  elements: Float64Array,
): readonly Float64Array[] {
  const { shape, dtype } = which;
  const outputs = along(call, inputs, which)(tensor(elements, { shape, dtype }));
  return outputs.map((y) => Float64Array.from(y.toTypedArray()));
}

/** The derivatives of every output by one input, by central differences. */
export function numericJacobian(
  call: Evaluate,
  inputs: readonly Tensor[],
  x: Tensor,
  outputs: readonly Tensor[],
  eps: number,
): Matrix[] {
  const values = Float64Array.from(x.toTypedArray());
  const result = outputs.map((y) => matrix(values.length, y.numel));
  for (let row = 0; row < values.length; row++) {
    const [ahead, behind] = [eps, -eps].map((by) => {
      const elements = values.slice();
      elements[row] += by;
      return evaluateAt(call, inputs, x, elements);
    });
    result.forEach(({ columns, data }, o) => {
      for (let c = 0; c < columns; c++) data[row * columns + c] = (ahead[o][c] - behind[o][c]) / (2 * eps);
    });
  }
  return result;
}

/** The derivatives of an output by an input, by backward. */
export function analyticJacobian(y: Tensor, x: Tensor): Matrix {
  const result = matrix(x.numel, y.numel);
  if (y.numel === 0) return result;
  const [rows] = grad(y, x, {
    gradOutputs: unitsLike(y),
    isGradsBatched: true,
    retainGraph: true,
    allowUnused: true,
  });
  rows?.toTypedArray().forEach((value, i) => {
    result.data[(i % x.numel) * y.numel + Math.floor(i / x.numel)] = value;
  });
  return result;
}

/** The derivatives of every output by one input, by forward mode. */
export const forwardJacobian = (call: Evaluate, inputs: readonly Tensor[], x: Tensor): Matrix[] =>
  jacfwd(along(call, inputs, x))(x.detach()).map((block) => {
    const columns = block.numel / Math.max(1, x.numel);
    const data = Float64Array.from(block.reshape([columns, x.numel]).t().toTypedArray());
    return { rows: x.numel, columns, data };
  });

export const allClose = (a: Matrix, n: Matrix, atol: number, rtol: number): boolean =>
  a.data.every((value, i) => {
    const other = n.data[i];
    return (
      value === other ||
      Math.abs(value - other) <= atol + rtol * Math.abs(other) ||
      (Number.isNaN(value) && Number.isNaN(other))
    );
  });

export const show = ({ rows, columns, data }: Matrix): string =>
  String(tensor(data, { shape: [rows, columns], dtype: 'float64' }));

/** PyTorch's message. */
export const mismatch = (
  { output, input, forward }: { readonly output: number; readonly input: number; readonly forward: boolean },
  numeric: Matrix,
  analytic: Matrix,
): string =>
  `Jacobian ${forward ? 'computed with forward mode ' : ''}mismatch for output ${output} with respect to input ${input},\n` +
  `numerical:${show(numeric)}\nanalytical:${show(analytic)}\n`;
