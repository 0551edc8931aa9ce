// Indexing of tensors: x.at(i), x.index(...), x.set([...], value). In: numbers, ranges, null, '...', integer and boolean tensors. Out: a
// view, if there are no tensors among them, else a copy. A boolean tensor stands for the places where it holds, so its values are
// read; with that the shape of the result is known.

import { IndexError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { sameShape, showShape } from '../compiler/shape.ts';
import { assign, index } from '../ops/index-advanced.ts';
import type { Range } from '../ops/index-advanced.ts';
import { select } from '../ops/slice.ts';
import { demandIndices } from './bounds.ts';
import { isTensor } from './core.ts';
import { inPlace } from './inplace.ts';
import { lift } from './lift.ts';
import { nonzeroColumns } from './masks.ts';
import { publicCall } from './origin.ts';
import type { Tensor } from './tensor.ts';

/** One part of x[...]: a number, a range [start, end, step?], null (a new dimension), '...', or a tensor. */
export type IndexPart = number | Range | null | '...' | Tensor;

const asView = lift('index', index as never, { view: 'view', strings: true }) as (
  x: Tensor,
  ...parts: unknown[]
) => Tensor;
const asCopy = lift('index', index as never, { strings: true }) as (x: Tensor, ...parts: unknown[]) => Tensor;
const withAssigned = lift(
  'set',
  ((x: Node, value: Node | number, ...parts: never[]) => assign(x, parts, value)) as never,
  {
    required: 2,
    strings: true,
  },
) as (x: Tensor, value: unknown, ...parts: unknown[]) => Tensor;
const selectView = lift(
  'at',
  ((x: Node, ...indices: number[]) => indices.reduce((n, i) => select(n, 0, checked(n, i)), x)) as never,
  {
    view: 'view',
  },
) as (x: Tensor, ...indices: number[]) => Tensor;

/** The message of x[i], which differs from that of select(). */
function checked(x: Node, i: number): number {
  const [size] = x.type.shape;
  if (size === undefined)
    throw new IndexError(
      'invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in C++ to convert a 0-dim tensor to a number',
    );
  if (!Number.isInteger(i) || i < -size || i >= size)
    throw new IndexError(`index ${i} is out of bounds for dimension 0 with size ${size}`);
  return i;
}

/** Boolean tensors become the integer tensors of the places where they hold. */
function spelledOut(x: Tensor, parts: readonly IndexPart[]): IndexPart[] {
  let dim = 0;
  return parts.flatMap((part): IndexPart[] => {
    if (part === null) return [null];
    if (!isTensor(part) || part.dtype !== 'bool') {
      dim += part === '...' ? 0 : 1;
      return [part];
    }
    const covered = x.shape.slice(dim, dim + part.ndim);
    if (!parts.includes('...') && !sameShape(covered, part.shape))
      throw new IndexError(
        `The shape of the mask ${showShape(part.shape)} at index 0 does not match the shape of the indexed tensor ${showShape(x.shape)} at index ${dim}`,
      );
    dim += part.ndim;
    return nonzeroColumns(part);
  });
}

/** Integer indices must point inside. */
function demandInside(x: Tensor, parts: readonly IndexPart[]): void {
  let dim = 0;
  parts.forEach((part, k) => {
    if (part === null) return;
    if (part === '...') {
      dim = x.ndim - parts.slice(k + 1).filter((p) => p !== null).length;
      return;
    }
    if (isTensor(part)) demandIndices(part, x.shape[dim], dim);
    dim++;
  });
}

/** x[parts]. */
export function indexTensor(x: Tensor, ...parts: readonly IndexPart[]): Tensor {
  return publicCall(
    'index',
    () => {
      const plain = spelledOut(x, parts);
      demandInside(x, plain);
      return plain.some(isTensor) ? asCopy(x, ...plain) : asView(x, ...plain);
    },
    [x, ...parts],
  );
}

/** x[i], x[i, j]: slices at indices of the first dimensions. */
export const atIndex = (x: Tensor, ...indices: readonly number[]): Tensor =>
  publicCall('at', () => selectView(x, ...indices), [x, ...indices]);

/** x[parts] = value. */
export function setIndex(x: Tensor, parts: readonly IndexPart[], value: Tensor | number | boolean): Tensor {
  return publicCall(
    'set',
    () => {
      const plain = spelledOut(x, parts);
      demandInside(x, plain);
      if (plain.some(isTensor)) return inPlace(x, [value], () => withAssigned(x, value, ...plain));
      const part = asView(x, ...plain);
      if (isTensor(value)) part.copy_(value);
      else part.fill_(value);
      return x;
    },
    [x, parts, value],
  );
}
