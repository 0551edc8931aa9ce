// Functions and methods that are no operators on nodes: constructors after a model, questions about dtypes, arguments in another order. In: tensors.
// Out: tensors, or plain facts about them.

import { dtypes, isDType, isFloat, promote } from '../compiler/dtype.ts';
import type { DType } from '../compiler/dtype.ts';
import { DTypeError, ShapeError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { broadcastShapes, checkShape, sameShape, showShape } from '../compiler/shape.ts';
import type { Shape } from '../compiler/shape.ts';
import { commonType } from '../ops/operand.ts';
import { sumTo } from '../ops/reduce-sum.ts';
import { makeBuffer } from './cell.ts';
import { allclose, equal } from './compare.ts';
import type { CloseOptions } from './compare.ts';
import { isTensor, nodeOfTensor } from './core.ts';
import { dtypeFrom, full, leaf, plainOptions, tensor } from './create.ts';
import type { DataOptions, TensorData } from './create.ts';
import { functions } from './functions.ts';
import { lift } from './lift.ts';
import { bincount, nonzero } from './masks.ts';
import type { BincountOptions } from './masks.ts';
import { publicCall } from './origin.ts';
import type { Tensor, TensorOptions } from './tensor.ts';
import { unique, uniqueConsecutive } from './unique.ts';
import type { UniqueOptions } from './unique.ts';

/** The indices of the elements that are not 0, one row each. */
export const argwhere = nonzero;

/** Tensors expanded to their common shape. */
export const broadcastTensors = (...tensors: readonly Tensor[]): Tensor[] =>
  publicCall('broadcastTensors', () => {
    const shape = broadcastShapes(...tensors.map((x) => x.shape));
    return tensors.map((x) => x.expand(shape));
  });

function checkDType(name: string, dtype: DType): DType {
  if (!isDType(dtype)) throw new DTypeError(`${name}(): '${String(dtype)}' is not a dtype`);
  return dtype;
}

/** The smallest dtype that holds both. */
export const promoteTypes = (a: DType, b: DType): DType =>
  publicCall('promoteTypes', () => promote(checkDType('promoteTypes', a), checkDType('promoteTypes', b)));

/** The dtype in which an operation on these computes. */
export const resultType = (...operands: readonly (Tensor | number | boolean)[]): DType =>
  publicCall('resultType', () => commonType(...operands.map((x) => (isTensor(x) ? nodeOfTensor(x) : x))));

const categories = ['bool', 'int', 'float'];
/** True if values of one dtype may be written into another: its category is not lower. */
export const canCast = (from: DType, to: DType): boolean =>
  publicCall('canCast', () => {
    const [a, b] = [from, to].map((d) => categories.indexOf(dtypes[checkDType('canCast', d)].category));
    return a <= b;
  });

/** True for float32 and float64. */
export const isFloatingPoint = (x: Tensor): boolean => isFloat(x.dtype);

const triangleIndices =
  (name: string, inside: (row: number, column: number, offset: number) => boolean) =>
  (
    rows: number,
    columns: number,
    options: { readonly offset?: number; readonly dtype?: DType } = {},
  ): Tensor =>
    publicCall(name, () => {
      const dtype = dtypeFrom(name, options, [...plainOptions, 'offset'], 'int32');
      checkShape(name, [rows, columns]);
      const { offset = 0 } = options;
      const found: [number, number][] = [];
      for (let i = 0; i < rows; i++)
        for (let j = 0; j < columns; j++) if (inside(i, j, offset)) found.push([i, j]);
      const buffer = makeBuffer({ shape: [2, found.length], dtype });
      buffer.array.set([...found.map(([i]) => i), ...found.map(([, j]) => j)]);
      return leaf(buffer);
    });
/** The row and column numbers of the lower triangle of a matrix, row by row. */
export const trilIndices = triangleIndices('trilIndices', (i, j, offset) => j - i <= offset);
/** The row and column numbers of the upper triangle. */
export const triuIndices = triangleIndices('triuIndices', (i, j, offset) => j - i >= offset);

function toSize(x: Node, shape: Shape): Node {
  const from = x.type.shape;
  const fits =
    shape.length <= from.length &&
    shape.every((size, i) => size === 1 || size === from[i + from.length - shape.length]);
  if (!fits)
    throw new ShapeError(`size {${showShape(shape)}} is not expandable to size {${showShape(from)}}.`);
  return sameShape(from, shape) ? x : sumTo(x, shape);
}
const sumToSize = lift('sumToSize', toSize as never, { required: 2 }) as (x: Tensor, shape: Shape) => Tensor;

const filledLike =
  (name: string, value: number) =>
  (x: Tensor, shape: Shape, options: TensorOptions = {}): Tensor =>
    publicCall(name, () => full(shape, value, { dtype: x.dtype, ...options }));

export interface MoreMethods {
  /** The number of dimensions. */
  dim(): number;
  /** `x` where the condition holds, else `other`. */
  where(condition: Tensor, other: Tensor | number): Tensor;
  /** The derivative of order n of the digamma function. */
  polygamma(n: number): Tensor;
  /** The sum over what was broadcast, so that the result has a shape that expands to this one. */
  sumToSize(shape: Shape): Tensor;
  equal(other: Tensor): boolean;
  allclose(other: Tensor, options?: CloseOptions): boolean;
  unique(): Tensor;
  unique(options: UniqueOptions): Tensor | Tensor[];
  uniqueConsecutive(): Tensor;
  uniqueConsecutive(options: UniqueOptions): Tensor | Tensor[];
  bincount(options?: BincountOptions): Tensor;
  argwhere(): Tensor;
  isFloatingPoint(): boolean;
  newTensor(data: TensorData, options?: DataOptions): Tensor;
  newZeros(shape: Shape, options?: TensorOptions): Tensor;
  newOnes(shape: Shape, options?: TensorOptions): Tensor;
  newEmpty(shape: Shape, options?: TensorOptions): Tensor;
  newFull(shape: Shape, value: number | boolean, options?: TensorOptions): Tensor;
}

export const moreMethods = {
  dim: (x: Tensor) => x.ndim,
  where: (x: Tensor, condition: Tensor, other: Tensor | number) =>
    functions.where(condition, x as never, other as never),
  polygamma: (x: Tensor, n: number) => functions.polygamma(n, x),
  sumToSize,
  equal,
  allclose,
  unique,
  uniqueConsecutive,
  bincount,
  argwhere,
  isFloatingPoint,
  newTensor: (x: Tensor, data: TensorData, options: DataOptions = {}) =>
    publicCall('newTensor', () => tensor(data, { dtype: x.dtype, ...options })),
  newZeros: filledLike('newZeros', 0),
  newOnes: filledLike('newOnes', 1),
  newEmpty: filledLike('newEmpty', 0),
  newFull: (x: Tensor, shape: Shape, value: number | boolean, options: TensorOptions = {}) =>
    publicCall('newFull', () => full(shape, value, { dtype: x.dtype, ...options })),
};
