// Random tensors. In: shapes, parameters, options. Out: PyTorch's numbers of the same seed and calls. Numbers are drawn at the call, whether
// or not anybody reads them, so laziness never moves the stream. Inside a compiled function a draw becomes an input that is filled
// anew at every run, in the order of the trace.

import type { DType } from '../compiler/dtype.ts';
import { defaultFloat, defaultInt, dtypes, isFloat } from '../compiler/dtype.ts';
import { DTypeError, ValueError } from '../compiler/errors.ts';
import type { Node, TensorType } from '../compiler/node.ts';
import type { Shape } from '../compiler/shape.ts';
import { checkShape } from '../compiler/shape.ts';
import { input } from '../ops/source.ts';
import { drawInBatch } from './batching.ts';
import { allocate } from './buffer.ts';
import type { TypedArray } from './buffer.ts';
import { makeBuffer, makeCell, nodeOf } from './cell.ts';
import type { Buffer } from './cell.ts';
import { isTensor } from './core.ts';
import { dtypeFrom, leaf, modelOf, plainOptions } from './create.ts';
import { describeValue } from './describe.ts';
import { drawn, isMindingDraws } from './drawn.ts';
import { Generator, fillNormal, fillPermutation, fillRandint, fillUniform } from './generator.ts';
import type { FloatArray, GeneratorState } from './generator.ts';
import { publicCall } from './origin.ts';
import type { Tensor, TensorOptions } from './tensor.ts';
import { activeTrace, refuseReading } from './trace.ts';

export interface RandomOptions extends TensorOptions {
  /** Another stream than the default one. */
  readonly generator?: Generator;
}

const knownOptions = [...plainOptions, 'generator'] as const;

/** The stream that is used if no other is given. */
export const defaultGenerator = new Generator();

/** Fills an array from the stream. With an empty array it only checks its parameters. */
export type Fill = (array: TypedArray) => unknown;

/** The range errors of the distributions are errors of the user's. */
function filling(fill: Fill, array: TypedArray): void {
  try {
    fill(array);
  } catch (error) {
    throw error instanceof RangeError ? new ValueError(error.message) : error;
  }
}

/** A drawn value: filled now, or at every run of the program that is being traced. */
export const draw = (type: TensorType, fill: Fill): Node | Buffer =>
  isMindingDraws() ? drawn(() => nodeOf(makeCell(drawFresh(type, fill)))) : drawFresh(type, fill);

function drawFresh(type: TensorType, fill: Fill): Node | Buffer {
  const forExample = drawInBatch(type, (many) => nodeOf(makeCell(draw(many, fill))));
  if (forExample !== null) return forExample;
  const trace = activeTrace();
  if (trace === null) {
    const buffer = makeBuffer(type);
    filling(fill, buffer.array);
    return buffer;
  }
  filling(fill, allocate(type.dtype, 0));
  const node = input(type);
  trace.feeds.push({ node, fill: (array) => filling(fill, array) });
  return node;
}

const streamOf = (options: RandomOptions): Generator => options.generator ?? defaultGenerator;

function floatDtype(name: string, options: RandomOptions, fallback: DType = defaultFloat): DType {
  const dtype = dtypeFrom(name, options, knownOptions, fallback);
  if (!isFloat(dtype)) throw new DTypeError(`"${name}" not implemented for '${dtypes[dtype].torchName}'`);
  return dtype;
}

/** Begins the default stream anew. Equal seeds give equal numbers, here and in PyTorch. */
export function manualSeed(seed: number | bigint): Generator {
  return publicCall('manualSeed', () => {
    const trace = activeTrace();
    if (typeof seed !== 'bigint' && !Number.isFinite(seed))
      throw new ValueError(`manual_seed expected a number, but got ${seed}`);
    const start = (): Generator => {
      try {
        return defaultGenerator.seed(seed);
      } catch (error) {
        throw error instanceof RangeError ? new ValueError(error.message) : error;
      }
    };
    if (trace === null) return start();
    trace.feeds.push({ node: null, fill: start });
    return defaultGenerator;
  });
}

/** The seed that the default stream began with. */
export const initialSeed = (): bigint => defaultGenerator.initialSeed;

/** The position in the default stream; `setRngState` goes back to it. */
export const getRngState = (): GeneratorState =>
  publicCall('getRngState', () => {
    refuseReading('getRngState()');
    return defaultGenerator.getState();
  });
/** Puts the global generator back to a state that getRngState gave. */
export const setRngState = (state: GeneratorState): void =>
  publicCall('setRngState', () => {
    refuseReading('setRngState()');
    defaultGenerator.setState(state);
  });

const uniformIn =
  (options: RandomOptions): Fill =>
  (array) =>
    fillUniform(streamOf(options), array as FloatArray);
const normalIn =
  (options: RandomOptions): Fill =>
  (array) =>
    fillNormal(streamOf(options), array as FloatArray);

/** Uniform in [0, 1). */
export const rand = (shape: Shape, options: RandomOptions = {}): Tensor =>
  publicCall('rand', () => {
    const type = { dtype: floatDtype('rand', options), shape: checkShape('rand', shape) };
    return leaf(draw(type, uniformIn(options)), options);
  });

/** Standard normal. */
export const randn = (shape: Shape, options: RandomOptions = {}): Tensor =>
  publicCall('randn', () => {
    const type = { dtype: floatDtype('randn', options), shape: checkShape('randn', shape) };
    return leaf(draw(type, normalIn(options)), options);
  });

/** Uniform numbers from [0, 1) in the shape and dtype of another tensor. */
export const randLike = (x: Tensor, options: RandomOptions = {}): Tensor =>
  publicCall('randLike', () => {
    const { shape, dtype } = modelOf('randLike', x);
    return leaf(draw({ shape, dtype: floatDtype('randLike', options, dtype) }, uniformIn(options)), options);
  });

/** Standard normal numbers in the shape and dtype of another tensor. */
export const randnLike = (x: Tensor, options: RandomOptions = {}): Tensor =>
  publicCall('randnLike', () => {
    const { shape, dtype } = modelOf('randnLike', x);
    return leaf(draw({ shape, dtype: floatDtype('randnLike', options, dtype) }, normalIn(options)), options);
  });

/** Whole numbers from low (0 if left out) to high - 1. */
export function randint(high: number, shape: Shape, options?: RandomOptions): Tensor;
export function randint(low: number, high: number, shape: Shape, options?: RandomOptions): Tensor;
export function randint(...args: (number | Shape | RandomOptions | undefined)[]): Tensor {
  return publicCall('randint', () => {
    const [low, high, shape, options = {}] = (typeof args[1] === 'number' ? args : [0, ...args]) as [
      number,
      number,
      Shape,
      RandomOptions?,
    ];
    const dtype = dtypeFrom('randint', options, knownOptions, defaultInt);
    return leaf(draw({ dtype, shape: checkShape('randint', shape) }, randintIn(low, high, options)), options);
  });
}

/** Whole numbers from [low, high) in the shape and dtype of another tensor. */
export const randintLike = (x: Tensor, low: number, high: number, options: RandomOptions = {}): Tensor =>
  publicCall('randintLike', () => {
    const { shape, dtype } = modelOf('randintLike', x);
    return leaf(
      draw(
        { shape, dtype: dtypeFrom('randintLike', options, knownOptions, dtype) },
        randintIn(low, high, options),
      ),
      options,
    );
  });

function randintIn(low: number, high: number, options: RandomOptions): Fill {
  if (!Number.isInteger(low) || !Number.isInteger(high))
    throw new ValueError(`randint(): bounds must be whole numbers, but got ${low} and ${high}`);
  return (array) => fillRandint(streamOf(options), array, low, high);
}

/** The numbers 0 to n - 1 in random order. */
export const randperm = (n: number, options: RandomOptions = {}): Tensor =>
  publicCall('randperm', () => {
    const dtype = dtypeFrom('randperm', options, knownOptions, defaultInt);
    return leaf(
      draw({ dtype, shape: checkShape('randperm', [n]) }, (array) =>
        fillPermutation(streamOf(options), array),
      ),
      options,
    );
  });

/**
 * Normal numbers. Mean and deviation are numbers, with a shape; or one of them or both are tensors, with one number per element.
 */
export function normal(mean: number, std: number, shape: Shape, options?: RandomOptions): Tensor;
export function normal(mean: Tensor | number, std?: Tensor | number, options?: RandomOptions): Tensor;
export function normal(
  mean: Tensor | number,
  std: Tensor | number = 1,
  third?: Shape | RandomOptions,
  fourth: RandomOptions = {},
): Tensor {
  return publicCall('normal', () => {
    if (typeof mean === 'number' && typeof std === 'number') {
      if (!Array.isArray(third)) throw new ValueError('normal() missing a required argument (shape)');
      const type = { dtype: floatDtype('normal', fourth), shape: checkShape('normal', third) };
      return leaf(
        draw(type, (array) => fillNormal(streamOf(fourth), array as FloatArray, mean, std)),
        fourth,
      );
    }
    const options = (third ?? {}) as RandomOptions;
    const given = [mean, std].filter(isTensor);
    if (given.length === 0)
      throw new ValueError(`normal(): mean and std must be numbers or tensors, not ${describeValue(mean)}`);
    const shape = given.length === 2 ? given[0].add(given[1]).shape : given[0].shape;
    const dtype = floatDtype('normal', options, given[0].dtype);
    const [scale, shift] = typeof std === 'number' ? [std, 0] : [1, typeof mean === 'number' ? mean : 0];
    const drawn = leaf(
      draw({ dtype, shape }, (array) => fillNormal(streamOf(options), array as FloatArray, 0, scale)),
    );
    const spread = isTensor(std) ? drawn.mul(std) : drawn;
    return isTensor(mean) ? spread.add(mean) : shift === 0 ? spread : spread.add(shift);
  });
}
