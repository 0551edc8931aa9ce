// repeatInterleave by a number for each element. In: the function for one number, and indexSelect. Out: the function for both. How large the
// result is depends on the numbers, so they are read, and that is refused inside a compiled function.

import { dtypes } from '../compiler/dtype.ts';
import { DTypeError, IndexError, ShapeError, ValueError } from '../compiler/errors.ts';
import { checkDim } from '../compiler/shape.ts';
import { makeBuffer, makeCell } from './cell.ts';
import { isTensor } from './core.ts';
import { isPlainObject } from './describe.ts';
import { checkOptions } from './options.ts';
import { publicCall } from './origin.ts';
import { elementsOf } from './read.ts';
import { Tensor } from './tensor.ts';
import { refuseReading } from './trace.ts';

/** Options of `repeatInterleave`, as in PyTorch. */
export interface RepeatOptions {
  /** The dimension; the flattened tensor if absent. */
  readonly dim?: number;
  /** The sum of the repeats along the dimension; a ValueError if it is not. */
  readonly outputSize?: number | null;
}

/**
 * Each element of `x` a number of times in a row, along a dimension or, without one, of the flattened tensor. `repeats`: a number, or an int32
 * tensor of one for all or of one for each: `repeatInterleave(tensor([1, 2]), tensor([2, 3], { dtype: 'int32' }))` is [1, 1, 2, 2, 2].
 * `repeatInterleave(repeats)` gives the indices: [0, 0, 1, 1, 1]. A tensor of repeats is read: a TraceError inside a compiled function.
 */
export type RepeatInterleave = (
  x: Tensor,
  repeats?: number | Tensor,
  options?: number | RepeatOptions,
) => Tensor;

interface Plain {
  readonly repeatInterleave: (x: Tensor, repeats: number, options?: { readonly dim?: number }) => Tensor;
  readonly indexSelect: (x: Tensor, dim: number, index: Tensor) => Tensor;
}

/** The index of each of `size` elements as often as its number says. */
function repeatedIndices(repeats: Tensor, size: number): Tensor {
  if (repeats.dtype !== 'int32')
    throw new DTypeError(`"repeat_interleave_cpu" not implemented for '${dtypes[repeats.dtype].torchName}'`);
  refuseReading('repeatInterleave() by a tensor of repeats');
  const given = elementsOf(repeats);
  if (given.length !== 1 && given.length !== size)
    throw new ShapeError('repeats must have the same size as input along dim');
  const times = (i: number): number => given[given.length === 1 ? 0 : i];
  let total = 0;
  for (let i = 0; i < size; i++) {
    if (times(i) < 0) throw new ValueError('repeats can not be negative');
    total += times(i);
  }
  const indices = new Int32Array(total);
  let from = 0;
  for (let i = 0; i < size; i++) indices.fill(i, from, (from += times(i)));
  return new Tensor(makeCell(makeBuffer({ shape: [total], dtype: 'int32' }, indices)));
}

export const withRepeats =
  ({ repeatInterleave, indexSelect }: Plain): RepeatInterleave =>
  (x, repeats, options) =>
    publicCall('repeatInterleave', () => {
      if (isPlainObject(options)) checkOptions('repeatInterleave', options, ['dim', 'outputSize']);
      const { dim, outputSize = null }: RepeatOptions =
        typeof options === 'number' ? { dim: options } : (options ?? {});
      if (repeats === undefined && isTensor(x)) {
        if (x.ndim !== 1) throw new ShapeError('repeat_interleave only accept 1D vector as repeat');
        return repeatedIndices(x, x.numel);
      }
      let result: Tensor;
      if (!isTensor(repeats)) result = repeatInterleave(x, repeats!, dim === undefined ? {} : { dim });
      else {
        if (repeats.ndim > 1) throw new ShapeError('repeats must be 0-dim or 1-dim tensor');
        const from = dim === undefined ? x.flatten() : x;
        const along = checkDim(dim ?? 0, from.ndim);
        if (from.ndim === 0)
          throw new IndexError(`Dimension specified as ${dim} but tensor has no dimensions`);
        result = indexSelect(from, along, repeatedIndices(repeats, from.shape[along]));
      }
      if (outputSize !== null && result.shape[checkDim(dim ?? 0, result.ndim)] !== outputSize)
        throw new ValueError('allocated size does not match required size');
      return result;
    });
