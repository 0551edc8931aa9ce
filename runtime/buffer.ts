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
  if (array.length > few) return new (array.constructor as new (from: TypedArray) => TypedArray)(array);
  const copy = new (array.constructor as new (length: number) => TypedArray)(array.length);
  for (let i = 0; i < array.length; i++) copy[i] = array[i];
  return copy;
}
const few = 16;

/** Room for results: one piece of memory for many of them, as Node does for small Buffers. It lives as long as one of them does. */
let slab = new ArrayBuffer(0);
let used = 0;

/**
 * A copy that only the library sees the memory of. V8 allocates each array of more than 64 bytes apart, which takes longer than a small
 * program: a gradient of 10 numbers 1.4 us, of which 0.2 are its computation.
 */
export function resultOf(array: TypedArray): TypedArray {
  if (array.byteLength <= limits.heapArray || array.byteLength > limits.slabArray) return copyOf(array);
  if (used + array.byteLength > slab.byteLength) {
    slab = new ArrayBuffer(limits.slab);
    used = 0;
  }
  const View = array.constructor as new (memory: ArrayBuffer, offset: number, length: number) => TypedArray;
  const copy = new View(slab, used, array.length);
  used += Math.ceil(array.byteLength / 8) * 8;
  copyInto(copy, array);
  return copy;
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
