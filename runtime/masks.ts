// Operations whose shape depends on values: nonzero, maskedSelect, bincount (and unique.ts). In: a tensor, which is read. Out: a tensor of the shape
// found. Inside a compiled function they are errors, since its shapes are fixed.

import { isInteger } from '../compiler/dtype.ts';
import { DTypeError, ShapeError, ValueError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { broadcastShapes, sameShape } from '../compiler/shape.ts';
import type { Shape } from '../compiler/shape.ts';
import { index } from '../ops/index-advanced.ts';
import { expand, reshape } from '../ops/view.ts';
import { makeBuffer, makeCell } from './cell.ts';
import { lift } from './lift.ts';
import { checkOptions } from './options.ts';
import { publicCall } from './origin.ts';
import { elementsOf } from './read.ts';
import { Tensor } from './tensor.ts';
import { refuseReading } from './trace.ts';

const int32 = (shape: readonly number[], array: Int32Array): Tensor =>
  new Tensor(makeCell(makeBuffer({ shape, dtype: 'int32' }, array)));

/** The indices of what is not 0, per dimension. */
function placesOf(x: Tensor): Int32Array[] {
  const elements = elementsOf(x);
  let count = 0;
  for (let i = 0; i < elements.length; i++) if (elements[i] !== 0) count++;
  const columns = x.shape.map(() => new Int32Array(count));
  let k = 0;
  for (let i = 0; i < elements.length; i++) {
    if (elements[i] === 0) continue;
    let rest = i;
    for (let d = x.ndim - 1; d >= 0; d--) {
      columns[d][k] = rest % x.shape[d];
      rest = Math.floor(rest / x.shape[d]);
    }
    k++;
  }
  return columns;
}

/** One vector of indices per dimension: what a boolean tensor means as an index. */
export function nonzeroColumns(x: Tensor): Tensor[] {
  refuseReading('an index that is a boolean tensor');
  return placesOf(x).map((column) => int32([column.length], column));
}

/** The indices of the elements that are not 0: one row each, in row-major order. */
export const nonzero = (x: Tensor): Tensor =>
  publicCall('nonzero', () => {
    refuseReading('nonzero()');
    const columns = placesOf(x);
    const count = columns[0]?.length ?? (elementsOf(x)[0] !== 0 ? 1 : 0);
    const rows = new Int32Array(count * x.ndim);
    columns.forEach((column, d) => column.forEach((index, k) => (rows[k * x.ndim + d] = index)));
    return int32([count, x.ndim], rows);
  });

/** The elements of `x` where the mask (broadcast against it) holds, as a vector. */
export const maskedSelect = (x: Tensor, mask: Tensor): Tensor =>
  publicCall('maskedSelect', () => {
    if (mask.dtype !== 'bool') throw new DTypeError('masked_select: expected BoolTensor for mask');
    const shape = broadcastShapes(x.shape, mask.shape);
    const at = nonzeroColumns(mask.expand(shape).reshape([-1]));
    return selected(x, shape, ...at) as Tensor;
  });

const selected = lift(
  'maskedSelect',
  ((x: Node, shape: Shape, at: Node) => index(reshape(expand(x, shape), [-1]), at)) as never,
  { gradName: 'MaskedSelectBackward0' },
);

export interface BincountOptions {
  /** How much each element counts; floats. */
  readonly weights?: Tensor | null;
  /** The least number of counts. */
  readonly minlength?: number;
}

const notCounts = 'bincount only supports 1-d non-negative integral inputs.';

/** How often each of 0, 1, ... occurs in a vector of integers, or how much weight it has. Reads the tensor. */
export const bincount = (x: Tensor, options: BincountOptions = {}): Tensor =>
  publicCall('bincount', () => {
    checkOptions('bincount', options, ['weights', 'minlength']);
    refuseReading('bincount()');
    const { weights = null, minlength = 0 } = options;
    if (!isInteger(x.dtype) || x.ndim !== 1) throw new DTypeError(notCounts);
    if (!(minlength >= 0)) throw new ValueError('minlength should be >= 0');
    if (weights !== null && !sameShape(weights.shape, x.shape))
      throw new ShapeError('weights should be 1-d and have the same length as input');
    const elements = elementsOf(x);
    let length = minlength;
    for (const value of elements) {
      if (value < 0) throw new DTypeError(notCounts);
      if (value >= length) length = value + 1;
    }
    const amounts = weights === null ? null : elementsOf(weights);
    const dtype = weights === null ? 'int32' : weights.dtype === 'float32' ? 'float32' : 'float64';
    const counts = new Float64Array(length);
    for (let i = 0; i < elements.length; i++) counts[elements[i]] += amounts === null ? 1 : amounts[i];
    const buffer = makeBuffer({ shape: [length], dtype });
    buffer.array.set(counts);
    return new Tensor(makeCell(buffer));
  });
