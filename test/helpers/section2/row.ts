// A row of the tables of section 2. In: nothing. Out: the two kinds of row, and the points at which they are looked at: float64 tensors that
// require grad, with values far enough apart that a difference does not cross a kink.

import { manualSeed, randn, randperm, tensor } from '../../../index.ts';
import type { Tensor } from '../../../index.ts';

type Result = Tensor | readonly Tensor[];

/** An operator with derivatives: gradcheck and gradgradcheck look at it at these inputs. */
export interface Smooth {
  readonly name: string;
  readonly call: (...xs: Tensor[]) => Result;
  readonly inputs: readonly Tensor[];
}

type Plain = number | boolean | readonly Plain[];

/** An operator without: its values, also of inputs that require grad. */
export interface Flat {
  readonly name: string;
  readonly call: (...xs: Tensor[]) => Result;
  readonly inputs?: readonly Tensor[];
  /** What `toArray` gives; of each result if there are several. */
  readonly value: Plain;
  /**
   * What becomes of the inputs that require grad. `none` if absent: no result requires grad; `undefined`: one does, and there is no gradient;
   * `refused`: one does, and its backward is an error, as in PyTorch.
   */
  readonly gradient?: 'none' | 'undefined' | 'refused';
}

export type Row = Smooth | Flat;

/** Given numbers, as a tensor of one dimension or of a shape. */
export const at = (data: readonly number[], shape: readonly number[] = [data.length]): Tensor =>
  tensor(Float64Array.from(data), { shape, requiresGrad: true });

/** Normal random numbers: the same for the same shape and seed. */
export function of(shape: readonly number[], seed = 3): Tensor {
  manualSeed(seed);
  return randn(shape, { dtype: 'float64', requiresGrad: true });
}

/** Positive numbers between 0.5 and 1.5. */
export const positive = (shape: readonly number[], seed = 3): Tensor =>
  of(shape, seed).detach().sigmoid().add(0.5).requiresGrad_();

/** Numbers in random order of which no two are closer than 0.3. */
export function apart(shape: readonly number[], seed = 3): Tensor {
  manualSeed(seed);
  const count = shape.reduce((a, b) => a * b, 1);
  const places = randperm(count, { dtype: 'float64' });
  return places
    .sub(count / 2)
    .mul(0.37)
    .add(0.1)
    .reshape(shape)
    .requiresGrad_();
}

export const int = (...data: number[]): Tensor => tensor(data, { dtype: 'int32' });
export const ints = (data: readonly (readonly number[])[]): Tensor => tensor(data, { dtype: 'int32' });
