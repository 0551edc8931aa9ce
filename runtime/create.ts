// Making tensors: from data, filled, ranges. In: plain values, shapes, options. Out: leaves. Numbers make float32 and booleans bool, because
// JavaScript cannot tell 1 from 1.0; a typed array keeps its own dtype. Nothing is allocated for what is one number everywhere.

import type { DType } from '../compiler/dtype.ts';
import { defaultFloat, isDType, isFloat } from '../compiler/dtype.ts';
import { DTypeError, ShapeError, ValueError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { castNumber } from '../compiler/scalar.ts';
import type { Shape } from '../compiler/shape.ts';
import { checkShape, numel, showShape } from '../compiler/shape.ts';
import { cast } from '../ops/cast.ts';
import { eq } from '../ops/compare.ts';
import { constant, iota } from '../ops/source.ts';
import { allocate } from './buffer.ts';
import type { TypedArray } from './buffer.ts';
import { makeBuffer, makeCell } from './cell.ts';
import type { Buffer } from './cell.ts';
import { isTensor } from './core.ts';
import { describeValue, isPlainObject } from './describe.ts';
import { checkOptions } from './options.ts';
import { publicCall } from './origin.ts';
import { Tensor } from './tensor.ts';
import type { TensorOptions } from './tensor.ts';
import { activeTrace } from './trace.ts';

/** What a tensor can be made of: a number, a boolean, nested arrays of one shape, or a typed array. */
export type TensorData = number | boolean | TypedArray | readonly TensorData[];

/** What `tensor` takes beside the data. */
export interface DataOptions extends TensorOptions {
  /** The shape of a typed array. */
  readonly shape?: Shape;
}

/** The dtype that options ask for, and the checks on it. */
export function dtypeFrom(
  name: string,
  options: TensorOptions,
  known: readonly string[],
  fallback: DType,
): DType {
  checkOptions(name, options, known);
  const { dtype = fallback, requiresGrad = false } = options;
  if (!isDType(dtype)) throw new DTypeError(`${name}(): '${String(dtype)}' is not a dtype`);
  if (requiresGrad && !isFloat(dtype))
    throw new DTypeError('Only Tensors of floating point and complex dtype can require gradients');
  return dtype;
}

export const plainOptions = ['dtype', 'requiresGrad'] as const;

/** A leaf that holds a value. */
export function leaf(value: Node | Buffer, options: TensorOptions = {}): Tensor {
  const x = new Tensor(makeCell(value));
  x.core.wantsGrad = options.requiresGrad ?? false;
  return x;
}

/** A tensor of numbers, booleans, nested arrays, or the elements of a typed array. */
export function tensor(data: TensorData, options: DataOptions = {}): Tensor {
  return publicCall('tensor', () => {
    checkOptions('tensor', options, [...plainOptions, 'shape']);
    if (ArrayBuffer.isView(data)) return leaf(fromTypedArray(data, options), options);
    if (options.shape !== undefined)
      throw new ValueError('tensor(): shape is for typed arrays; nested arrays have their own');
    const shape = shapeOf(data);
    const flat: (number | boolean)[] = [];
    flatten(data, shape, 0, flat);
    const natural: DType =
      flat.length > 0 && flat.every((v) => typeof v === 'boolean') ? 'bool' : defaultFloat;
    const dtype = dtypeFrom('tensor', options, [...plainOptions, 'shape'], natural);
    const buffer = makeBuffer({ shape, dtype });
    for (let i = 0; i < flat.length; i++) buffer.array[i] = castNumber(dtype, Number(flat[i]));
    return leaf(buffer, options);
  });
}

function shapeOf(data: TensorData): number[] {
  const shape: number[] = [];
  for (let part = data; Array.isArray(part); part = part[0] as TensorData) {
    shape.push(part.length);
    if (part.length === 0) break;
  }
  return shape;
}

function flatten(data: TensorData, shape: Shape, dim: number, flat: (number | boolean)[]): void {
  if (dim < shape.length) {
    if (!Array.isArray(data))
      throw new ValueError(
        `expected sequence of length ${shape[dim]} at dim ${dim} (got ${describeValue(data)})`,
      );
    if (data.length !== shape[dim])
      throw new ValueError(`expected sequence of length ${shape[dim]} at dim ${dim} (got ${data.length})`);
    for (const part of data as TensorData[]) flatten(part, shape, dim + 1, flat);
  } else if (typeof data === 'number' || typeof data === 'boolean') flat.push(data);
  else if (Array.isArray(data))
    throw new ValueError(`expected a number at dim ${dim} (got a sequence of length ${data.length})`);
  else throw new DTypeError(`new(): invalid data type '${describeValue(data)}'`);
}

const dtypesOfArrays: readonly (readonly [unknown, DType])[] = [
  [Float32Array, 'float32'],
  [Float64Array, 'float64'],
  [Int32Array, 'int32'],
  [Uint8Array, 'uint8'],
];

function fromTypedArray(data: ArrayBufferView, options: DataOptions): Buffer {
  const found = dtypesOfArrays.find(([type]) => data instanceof (type as new () => object));
  if (!found)
    throw new DTypeError(
      `new(): invalid data type '${data.constructor.name}': use Float32Array, Float64Array, Int32Array or Uint8Array`,
    );
  const elements = data as TypedArray;
  const dtype = dtypeFrom('tensor', options, [...plainOptions, 'shape'], found[1]);
  const shape = options.shape === undefined ? [elements.length] : checkShape('tensor', options.shape);
  if (numel(shape) !== elements.length)
    throw new ShapeError(`shape '${showShape(shape)}' is invalid for input of size ${elements.length}`);
  const buffer = makeBuffer({ shape: [...shape], dtype });
  for (let i = 0; i < elements.length; i++) buffer.array[i] = castNumber(dtype, elements[i]);
  return buffer;
}

/** One number everywhere. A scalar gets memory of its own, so that it is a tensor and no plain number to the operators. */
function filled(shape: Shape, value: number, dtype: DType): Node | Buffer {
  if (shape.length > 0 || activeTrace() !== null) return constant(value, dtype, [...shape]);
  const array = allocate(dtype, 1);
  array[0] = castNumber(dtype, value);
  return makeBuffer({ shape: [], dtype }, array);
}

const makeFilled =
  (name: string, value: number) =>
  (shape: Shape, options: TensorOptions = {}): Tensor =>
    publicCall(name, () => {
      const dtype = dtypeFrom(name, options, plainOptions, defaultFloat);
      return leaf(filled(checkShape(name, shape), value, dtype), options);
    });

/** Zeros of a shape. */
export const zeros = makeFilled('zeros', 0);
/** Ones of a shape. */
export const ones = makeFilled('ones', 1);
/** Zeros: memory is never left unset here. */
export const empty = makeFilled('empty', 0);

function checkNumber(name: string, value: unknown, what = 'an argument'): void {
  if (typeof value !== 'number' && typeof value !== 'boolean')
    throw new DTypeError(`${name}(): ${what} must be Number, not ${describeValue(value)}`);
}

/** One value everywhere. */
export function full(shape: Shape, value: number | boolean, options: TensorOptions = {}): Tensor {
  return publicCall('full', () => {
    checkNumber('full', value, "argument 'fill_value'");
    const dtype = dtypeFrom(
      'full',
      options,
      plainOptions,
      typeof value === 'boolean' ? 'bool' : defaultFloat,
    );
    return leaf(filled(checkShape('full', shape), Number(value), dtype), options);
  });
}

/** The tensor that a function ...Like takes as a model. */
export function modelOf(name: string, x: Tensor): Tensor {
  if (!isTensor(x))
    throw new DTypeError(`${name}(): argument 'input' (position 1) must be Tensor, not ${describeValue(x)}`);
  return x;
}

const makeLike =
  (name: string, value: number) =>
  (x: Tensor, options: TensorOptions = {}): Tensor =>
    publicCall(name, () => {
      const { shape, dtype } = modelOf(name, x);
      return leaf(filled(shape, value, dtypeFrom(name, options, plainOptions, dtype)), options);
    });

/** Zeros in the shape and dtype of another tensor. */
export const zerosLike = makeLike('zerosLike', 0);
/** Ones in the shape and dtype of another tensor. */
export const onesLike = makeLike('onesLike', 1);
/** Zeros in the shape and dtype of another tensor: memory is never left unset here. */
export const emptyLike = makeLike('emptyLike', 0);
/** One value everywhere, in the shape of `x`. */
export const fullLike = (x: Tensor, value: number | boolean, options: TensorOptions = {}): Tensor =>
  publicCall('fullLike', () => {
    const { shape, dtype } = modelOf('fullLike', x);
    checkNumber('fullLike', value);
    return leaf(filled(shape, Number(value), dtypeFrom('fullLike', options, plainOptions, dtype)), options);
  });

/** 1 on the diagonal. */
export function eye(n: number, m?: number | TensorOptions, options: TensorOptions = {}): Tensor {
  return publicCall('eye', () => {
    const columns = typeof m === 'number' ? m : n;
    const given = typeof m === 'object' ? m : options;
    const dtype = dtypeFrom('eye', given, plainOptions, defaultFloat);
    const shape = checkShape('eye', [n, columns]);
    return leaf(cast(eq(iota(shape, 0, 'int32'), iota(shape, 1, 'int32')), dtype), given);
  });
}

/** start, start + step, ... before end. */
export function arange(end: number, options?: TensorOptions): Tensor;
export function arange(start: number, end: number, options?: TensorOptions): Tensor;
export function arange(start: number, end: number, step: number, options?: TensorOptions): Tensor;
export function arange(...args: (number | TensorOptions | undefined)[]): Tensor {
  return publicCall('arange', () => {
    const last = args.at(-1);
    const [options, given] = isPlainObject(last) ? [last as TensorOptions, args.slice(0, -1)] : [{}, args];
    const numbers = given.filter((a): a is number => a !== undefined);
    numbers.forEach((value) => checkNumber('arange', value));
    const dtype = dtypeFrom('arange', options, plainOptions, defaultFloat);
    const [start, end, step] =
      numbers.length === 1 ? [0, numbers[0], 1] : [numbers[0], numbers[1], numbers[2] ?? 1];
    if (![start, end, step].every(Number.isFinite))
      throw new ValueError(`unsupported range: ${start} -> ${end}`);
    if (step === 0) throw new ValueError('step must be nonzero');
    if ((end - start) * step < 0)
      throw new ValueError('upper bound and larger bound inconsistent with step sign');
    return leaf(iota([Math.ceil((end - start) / step)], 0, dtype, start, step), options);
  });
}

/** `steps` numbers from start to end, both included. */
export function linspace(start: number, end: number, steps: number, options: TensorOptions = {}): Tensor {
  return publicCall('linspace', () => {
    const dtype = dtypeFrom('linspace', options, plainOptions, defaultFloat);
    checkNumber('linspace', start);
    checkNumber('linspace', end);
    if (!Number.isInteger(steps) || steps < 0) throw new ValueError('number of steps must be non-negative');
    const buffer = makeBuffer({ shape: [steps], dtype });
    const [from, to] = [castNumber(dtype, start), castNumber(dtype, end)];
    const step = castNumber(isFloat(dtype) ? dtype : 'float64', (to - from) / (steps - 1));
    for (let i = 0; i < steps; i++)
      buffer.array[i] = steps === 1 ? from : i < steps / 2 ? from + step * i : to - step * (steps - 1 - i);
    return leaf(buffer, options);
  });
}

/** `steps` numbers whose logarithms are evenly spaced. */
export const logspace = (
  start: number,
  end: number,
  steps: number,
  options: TensorOptions & { readonly base?: number } = {},
): Tensor =>
  publicCall('logspace', () => {
    const { base = 10, ...rest } = options;
    const { shape, dtype } = linspace(start, end, steps, rest);
    const exponents = linspace(start, end, steps, { dtype: 'float64' }).toTypedArray();
    const buffer = makeBuffer({ shape, dtype });
    exponents.forEach((e, i) => (buffer.array[i] = castNumber(dtype, base ** e)));
    return leaf(buffer, options);
  });
