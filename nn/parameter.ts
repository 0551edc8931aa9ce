// Making parameters. In: a shape, a dtype, and how to fill it. Out: a Parameter.

import { Parameter, tensor, zeros } from '../runtime/public.ts';
import type { Shape, Tensor } from '../runtime/public.ts';
import * as init from './init.ts';

export type FloatDType = 'float32' | 'float64';

const arrays = { float32: Float32Array, float64: Float64Array };

/** A parameter with memory of its own, filled by `fill`. */
export function parameter(shape: Shape, dtype: FloatDType, fill: (x: Tensor) => unknown): Parameter {
  // also checks the sizes
  const { numel } = zeros(shape, { dtype });
  const value = tensor(new arrays[dtype](numel), { shape });
  fill(value);
  return new Parameter(value);
}

/** The usual start of a weight: uniform in +-1 / sqrt(fanIn). */
export const fillWeight = (x: Tensor): Tensor => init.kaimingUniform_(x, { a: Math.sqrt(5) });

/** The usual start of the bias that belongs to a weight. */
export function fillBias(weight: Tensor): (x: Tensor) => unknown {
  const { fanIn } = init.fans(weight);
  const bound = fanIn > 0 ? 1 / Math.sqrt(fanIn) : 0;
  return (x) => (fanIn > 0 || x.numel > 0 ? init.uniform_(x, -bound, bound) : x);
}
