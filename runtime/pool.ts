// Memory for results. In: elements in the memory of a program, which its next run overwrites. Out: a copy of them that only the library
// sees the memory of, and that is there as long as somebody holds it.
//
// The pool is made of slabs, as Node's is for Buffers: small results are cut from one piece of memory until that is used up, and the garbage
// collector takes it when the last of them has gone. Nothing is ever given out twice, so that nothing has to be given back. Large results
// are memory of their own, and their pool is the allocator below V8, which is told to keep what is freed (`copyOf`). To hand on the memory of
// results that are dead would be slower: JavaScript tells that an object is gone long after, and never before the task ends
// (`npm run bench -- memory-dead`).

import { copyInto, copyOf } from './buffer.ts';
import type { TypedArray } from './buffer.ts';
import { limits } from './limits.ts';

interface Slab {
  memory: ArrayBuffer;
  used: number;
}

const slabs: readonly Slab[] = limits.slabs.map(() => ({ memory: new ArrayBuffer(0), used: 0 }));

/**
 * A copy in memory of the pool. V8 allocates each array of more than 64 bytes apart, which takes longer than a small program: a gradient
 * of 10 numbers 1.4 us, of which 0.2 are its computation.
 */
export function resultOf(array: TypedArray): TypedArray {
  const { byteLength } = array;
  if (byteLength <= limits.heapArray) return copyOf(array);
  for (let i = 0; i < slabs.length; i++)
    if (byteLength <= limits.slabs[i].results) return cutFrom(slabs[i], limits.slabs[i].bytes, array);
  return copyOf(array);
}

function cutFrom(slab: Slab, bytes: number, array: TypedArray): TypedArray {
  const { byteLength } = array;
  if (slab.used + byteLength > slab.memory.byteLength) {
    slab.memory = new ArrayBuffer(bytes);
    slab.used = 0;
  }
  const View = array.constructor as new (memory: ArrayBuffer, offset: number, length: number) => TypedArray;
  const copy = new View(slab.memory, slab.used, array.length);
  // the next one may be of doubles
  slab.used += Math.ceil(byteLength / 8) * 8;
  copyInto(copy, array);
  return copy;
}
