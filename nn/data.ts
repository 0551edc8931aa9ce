// Minibatches. In: tensors whose first dimensions agree, such as inputs and labels. Out: parts of them, one batch after the other.

import { atCaller, ShapeError, ValueError, randperm, tensor } from '../runtime/public.ts';
import type { Tensor, TypedArray } from '../runtime/public.ts';
import { withDefaults } from './options.ts';

/** Options of `Batch`, as in PyTorch. */
export interface BatchOptions {
  /** In random order, by the default generator. */
  readonly shuffle?: boolean;
  /** Leave out a last batch that is smaller, so that compiled functions see one shape only. */
  readonly dropLast?: boolean;
}

type Batch<T extends readonly Tensor[]> = { -readonly [K in keyof T]: Tensor };

/** Batches of so many rows: `for (const [x, y] of batches([images, labels], 32, { shuffle: true }))`. Data are read once. */
export function* batches<const T extends readonly Tensor[]>(
  tensors: T,
  batchSize: number,
  options?: BatchOptions,
): Generator<Batch<T>, void, undefined> {
  const { shuffle, dropLast } = withDefaults('batches', { shuffle: false, dropLast: false }, options);
  if (!Number.isInteger(batchSize) || batchSize <= 0)
    throw atCaller(
      new ValueError(`batch_size should be a positive integer value, but got batch_size=${batchSize}`),
    );
  const count = tensors[0]?.shape[0] ?? 0;
  if (tensors.some((x) => x.shape[0] !== count))
    throw atCaller(new ShapeError('Size mismatch between tensors'));
  const columns = tensors.map((x) => ({ x, elements: x.toTypedArray(), width: x.numel / count }));
  const order = shuffle ? randperm(count).toTypedArray() : Int32Array.from({ length: count }, (_, i) => i);
  for (let at = 0; at < count; at += batchSize) {
    const rows = order.subarray(at, Math.min(at + batchSize, count));
    if (dropLast && rows.length < batchSize) return;
    yield columns.map(({ x, elements, width }) =>
      tensor(pick(elements, rows, width), { shape: [rows.length, ...x.shape.slice(1)], dtype: x.dtype }),
    ) as Batch<T>;
  }
}

/** Rows of a row-major array. */
function pick(elements: TypedArray, rows: TypedArray, width: number): TypedArray {
  const picked = elements.slice(0, rows.length * width);
  rows.forEach((row: number, i: number) =>
    picked.set(elements.subarray(row * width, (row + 1) * width), i * width),
  );
  return picked;
}
