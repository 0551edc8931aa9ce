// Row-major arrays of a dtype. In: a dtype and a number of elements. Out: the typed array that holds them; booleans are bytes
// of 0 and 1. A typed array rounds floats and wraps integers by itself when it is written; only truth needs a test.

import type { DType } from '../compiler/dtype.ts';
import type { NumberArray } from '../compiler/op.ts';

export type TypedArray = Float32Array | Float64Array | Int32Array | Uint8Array;

const arrayTypes = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const satisfies Record<DType, unknown>;

/** An array of zeros. */
export const allocate = (dtype: DType, elements: number): TypedArray => new arrayTypes[dtype](elements);

/** Values as an array of the dtype; the same object if it is one already. */
export function toTypedArray(dtype: DType, values: NumberArray): TypedArray {
  if (values instanceof arrayTypes[dtype]) return values;
  const result = allocate(dtype, values.length);
  for (let i = 0; i < result.length; i++)
    result[i] = dtype === 'bool' ? (values[i] !== 0 ? 1 : 0) : values[i];
  return result;
}
