// Row-major arrays of a dtype. In: a dtype and a number of elements. Out: the typed array that holds them; booleans are bytes
// of 0 and 1. A typed array rounds floats and wraps integers by itself when it is written; only truth needs a test.

import type { DType } from '../compiler/dtype.ts';
import type { NumberArray } from '../compiler/op.ts';
import { limits } from './limits.ts';

/** What holds the elements of a tensor; booleans are bytes of 0 and 1. */
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

/**
 * A copy. `slice` would do, but V8 copies out of a WebAssembly.Memory element by element there, up to 60 times as slow; and a handful of
 * elements is copied fastest by hand.
 */
export function copyOf(array: TypedArray): TypedArray {
  if (array.length > few) {
    if (array.byteLength > limits.paged) keepFreed();
    return new (array.constructor as new (from: TypedArray) => TypedArray)(array);
  }
  const copy = new (array.constructor as new (length: number) => TypedArray)(array.length);
  for (let i = 0; i < array.length; i++) copy[i] = array[i];
  return copy;
}
const few = 16;

let largeCopies = 0;

/**
 * Tells the allocator below V8 to keep what is freed. glibc gives the pages of a large array back to the system, and those of the next one have
 * to be had one by one again, until it has freed a piece as large as this: from then on it keeps up to twice as much (mallopt(3), the dynamic
 * threshold of mmap). The piece is never touched, so that it costs nothing; other allocators do not mind it. A program that copies a few
 * arrays has no use for it, and V8, which begins to collect everything when much memory is new, would take the piece for one in use.
 */
function keepFreed(): void {
  if (++largeCopies === limits.freedAt) new ArrayBuffer(limits.freedOnce);
}

/** Copies all elements to an array of the same length. */
export function copyInto(to: TypedArray, from: TypedArray): void {
  if (from.length > few) to.set(from);
  else for (let i = 0; i < from.length; i++) to[i] = from[i];
}

/** Values as an array of the dtype; the same object if it is one already. */
export function toTypedArray(dtype: DType, values: NumberArray): TypedArray {
  if (values instanceof arrayTypes[dtype]) return values;
  const result = allocate(dtype, values.length);
  for (let i = 0; i < result.length; i++)
    result[i] = dtype === 'bool' ? (values[i] !== 0 ? 1 : 0) : values[i];
  return result;
}
