// Reading values: the only thing that makes anything run. In: a tensor. Out: its elements, as they are, as one value or as nested arrays.

import { ValueError } from '../compiler/errors.ts';
import { stridesOf } from '../compiler/shape.ts';
import type { TypedArray } from './buffer.ts';
import { bufferOf, bufferOfCell, nodeOf } from './cell.ts';
import { nodeOfTensor } from './core.ts';
import { publicCall } from './origin.ts';
import { realizeNodes } from './realize.ts';
import type { NestedArray, Tensor } from './tensor.ts';
import { refuseReading } from './trace.ts';
import { windowStart } from './window.ts';

/** The elements, row-major. Not a copy: nobody may write to it, and it is good only until the next program runs. */
export function elementsOf(x: Tensor): TypedArray {
  const { cell, path } = x.core;
  const whole = bufferOfCell(cell);
  if (path === null && whole !== null) return whole.array;
  const node = nodeOfTensor(x);
  const there = bufferOf(node);
  if (there) return there.array;
  const start = whole === null ? null : windowStart(node, nodeOf(cell));
  if (start !== null) return whole!.array.subarray(start, start + x.numel);
  // the whole of a view is computed with it: somebody holds it, and will not want it to be computed twice
  realizeNodes(path === null ? [node] : [node, nodeOf(cell)]);
  bufferOfCell(cell);
  return bufferOf(node)!.array;
}

/** The elements, for a public operation of this name; an error while a function is traced. */
export const readElements = (x: Tensor, op: string): TypedArray =>
  publicCall(op, () => {
    refuseReading(`${op}()`);
    return elementsOf(x);
  });

/** Computes several tensors together, sharing work; returns nothing. */
export function realize(...tensors: readonly Tensor[]): void {
  publicCall('realize', () => {
    refuseReading('realize()');
    realizeNodes(
      tensors.flatMap((x) =>
        x.core.path === null ? [nodeOfTensor(x)] : [nodeOfTensor(x), nodeOf(x.core.cell)],
      ),
    );
    for (const x of tensors) bufferOfCell(x.core.cell);
  });
}

const plain = (x: Tensor, value: number): number | boolean => (x.dtype === 'bool' ? value !== 0 : value);

export function onlyElement(x: Tensor): number | boolean {
  return publicCall(
    'item',
    () => {
      refuseReading('item()');
      if (x.numel !== 1) throw new ValueError('only one element tensors can be converted to Python scalars');
      return plain(x, elementsOf(x)[0]);
    },
    [x],
  );
}

export function nested(x: Tensor): NestedArray {
  const elements = readElements(x, 'toArray');
  const strides = stridesOf(x.shape);
  const part = (axis: number, at: number): NestedArray =>
    axis === x.ndim
      ? plain(x, elements[at])
      : Array.from({ length: x.shape[axis] }, (_, i) => part(axis + 1, at + i * strides[axis]));
  return part(0, 0);
}
