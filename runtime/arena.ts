// Memory that generated code captures. In: a number of bytes. Out: a stable region of a WebAssembly.Memory of fixed size: it never
// grows and never moves, so views of it stay valid, V8 treats them as constants, and a later WebAssembly backend can share them.
// Reserving is nearly free (only pages that are touched are paid), hence whole gibibytes at a time. A region is given back when its
// owner is collected.

import type { DType } from '../compiler/dtype.ts';
import { dtypes } from '../compiler/dtype.ts';
import type { TypedArray } from './buffer.ts';

const pageBytes = 65536;
/** One reservation. Where the platform refuses so much, half of it is asked for, and so on. */
const chunkPages = 16384;

interface Chunk {
  readonly buffer: ArrayBuffer;
  readonly free: { offset: number; bytes: number }[];
}

export interface Region {
  readonly buffer: ArrayBuffer;
  readonly offset: number;
  readonly bytes: number;
}

const chunks: Chunk[] = [];

interface WebAssemblyLike {
  readonly Memory: new (descriptor: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
}

function reserveChunk(bytes: number): Chunk {
  const platform = (globalThis as { readonly WebAssembly?: WebAssemblyLike }).WebAssembly;
  const needed = Math.ceil(bytes / pageBytes);
  let buffer: ArrayBuffer | null = null;
  for (let pages = Math.max(chunkPages, needed); platform && !buffer && pages >= needed; pages = pages >> 1) {
    try {
      buffer = new platform.Memory({ initial: pages, maximum: pages }).buffer;
    } catch (error) {
      // RangeError: so much address space is not to be had here; half of it may be.
      if (!(error instanceof RangeError)) throw error;
    }
  }
  buffer ??= new ArrayBuffer(Math.max(bytes, 16 * 1024 * 1024));
  const chunk: Chunk = { buffer, free: [{ offset: 0, bytes: buffer.byteLength }] };
  chunks.push(chunk);
  return chunk;
}

const align = (bytes: number): number => Math.ceil(Math.max(1, bytes) / 64) * 64;

/** Takes a region; it belongs to the caller until `release`. Its content is arbitrary. */
export function reserve(bytes: number): Region {
  const size = align(bytes);
  for (const chunk of [...chunks, null]) {
    const { buffer, free } = chunk ?? reserveChunk(size);
    const range = free.find((r) => r.bytes >= size);
    if (!range) continue;
    const { offset } = range;
    range.offset += size;
    range.bytes -= size;
    if (range.bytes === 0) free.splice(free.indexOf(range), 1);
    return { buffer, offset, bytes: size };
  }
  throw new RangeError(`out of memory: ${bytes} bytes`);
}

export function release(region: Region): void {
  const chunk = chunks.find((c) => c.buffer === region.buffer);
  if (!chunk) return;
  const { free } = chunk;
  free.push({ offset: region.offset, bytes: region.bytes });
  free.sort((a, b) => a.offset - b.offset);
  for (let i = free.length - 1; i > 0; i--)
    if (free[i - 1].offset + free[i - 1].bytes === free[i].offset) {
      free[i - 1].bytes += free[i].bytes;
      free.splice(i, 1);
    }
}

const owners = new FinalizationRegistry<Region>(release);

/** Gives a region back when `owner` is collected. */
export const releaseWith = (owner: object, region: Region): void => owners.register(owner, region);

/** A view of part of a region. Small arrays too are views: V8 does not fold arrays that live on its own heap. */
export function viewOf(region: Region, dtype: DType, elements: number, offset = 0): TypedArray {
  const at = region.offset + offset;
  switch (dtype) {
    case 'float32':
      return new Float32Array(region.buffer, at, elements);
    case 'float64':
      return new Float64Array(region.buffer, at, elements);
    case 'int32':
      return new Int32Array(region.buffer, at, elements);
    case 'uint8':
    case 'bool':
      return new Uint8Array(region.buffer, at, elements);
  }
}

/** A stable array for a tensor that compiled programs read and write in place; freed with `owner`. */
export function allocateHome(dtype: DType, elements: number, owner: object): TypedArray {
  const region = reserve(elements * dtypes[dtype].bytes);
  releaseWith(owner, region);
  return viewOf(region, dtype, elements);
}
