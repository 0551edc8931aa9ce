// Random numbers in place, coin tosses, dropout, choices. In: tensors and parameters. Out: PyTorch's numbers. A tensor whose elements do not lie
// in row-major order is filled in the order of its memory, one number at a time, as PyTorch fills it.

import { dtypes, isFloat } from '../compiler/dtype.ts';
import { DTypeError, ShapeError, ValueError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { numel } from '../compiler/shape.ts';
import { applyDropout } from '../ops/activation-smooth.ts';
import { add, mul } from '../ops/binary.ts';
import { cast } from '../ops/cast.ts';
import { lt } from '../ops/compare.ts';
import { iota } from '../ops/source.ts';
import { reshape } from '../ops/view.ts';
import { allocate } from './buffer.ts';
import type { TypedArray } from './buffer.ts';
import { bufferOf, makeBuffer, makeCell } from './cell.ts';
import { isTensor } from './core.ts';
import { leaf, modelOf } from './create.ts';
import {
  drawMultinomial,
  fillBernoulli,
  fillCauchy,
  fillExponential,
  fillGeometric,
  fillLogNormal,
  fillNormal,
  fillNormalSerially,
  fillRandint,
  fillRandom,
  fillUniform,
} from './generator.ts';
import type { FloatArray, Generator } from './generator.ts';
import { inPlace } from './inplace.ts';
import { lift } from './lift.ts';
import { checkOptions } from './options.ts';
import { publicCall } from './origin.ts';
import { defaultGenerator, draw } from './random.ts';
import type { Fill } from './random.ts';
import { elementsOf } from './read.ts';
import { realizeNodes } from './realize.ts';
import { Tensor } from './tensor.ts';
import { activeTrace, refuseReading } from './trace.ts';

export interface StreamOptions {
  readonly generator?: Generator;
}
const stream = (name: string, options: StreamOptions): Generator => {
  checkOptions(name, options, ['generator']);
  return options.generator ?? defaultGenerator;
};

/** Where each element of a view lies in its storage. */
function offsetsOf(x: Tensor): TypedArray {
  const { cell, path } = x.core;
  const flat = iota([numel(cell.type.shape)], 0, 'int32');
  const node = path!(reshape(flat, cell.type.shape));
  realizeNodes([node]);
  return bufferOf(node)!.array;
}

/** PyTorch's name of the backward of a fill: `overload` is the number of the signature among those of one name. */
const gradNameOfFill = (name: string, overload: number): string =>
  `${name[0].toUpperCase()}${name.slice(1, -1)}Backward${overload}`;

/** Fills `x` in the order of its memory. */
function fillInPlace(
  name: string,
  x: Tensor,
  fill: (array: TypedArray, serially: boolean) => unknown,
  overload = 0,
): Tensor {
  const compute = (): Tensor => {
    const { type, layout, path } = x.core;
    if (layout === 'dense' || path === null) return leaf(draw(type, (array) => fill(array, false)));
    const offsets = offsetsOf(x);
    const order = Int32Array.from(offsets, (_, i) => i).sort((a, b) => offsets[a] - offsets[b]);
    const scattered: Fill = (array) => {
      const inMemory = allocate(type.dtype, array.length);
      fill(inMemory, true);
      for (let k = 0; k < array.length; k++) array[order[k]] = inMemory[k];
    };
    return leaf(draw(type, scattered));
  };
  return publicCall(name, () => inPlace(x, [], compute, gradNameOfFill(name, overload)));
}

function floats(name: string, x: Tensor, fill: (array: FloatArray, serially: boolean) => unknown): Tensor {
  if (!isFloat(x.dtype)) throw new DTypeError(`"${name}" not implemented for '${dtypes[x.dtype].torchName}'`);
  return fillInPlace(name, x, (array, serially) => fill(array as FloatArray, serially));
}

export interface RandomMethods {
  /** Uniform in [from, to). */
  uniform_(from?: number, to?: number, options?: StreamOptions): Tensor;
  normal_(mean?: number, std?: number, options?: StreamOptions): Tensor;
  exponential_(lambda?: number, options?: StreamOptions): Tensor;
  cauchy_(median?: number, sigma?: number, options?: StreamOptions): Tensor;
  logNormal_(mean?: number, std?: number, options?: StreamOptions): Tensor;
  geometric_(p: number, options?: StreamOptions): Tensor;
  /** Whole numbers: of the dtype's whole range, below `to`, or from `from` to `to` - 1. */
  random_(from?: number | null, to?: number | null, options?: StreamOptions): Tensor;
  /** 1 with the probability p, else 0. */
  bernoulli_(p?: number | Tensor, options?: StreamOptions): Tensor;
  /** A toss for each element, which is the probability of a 1. */
  bernoulli(options?: StreamOptions): Tensor;
  multinomial(numSamples: number, options?: MultinomialOptions): Tensor;
}

export const randomMethods = {
  uniform_: (x: Tensor, from = 0, to = 1, options: StreamOptions = {}) =>
    floats('uniform_', x, (array) => fillUniform(stream('uniform_', options), array, from, to)),
  normal_: (x: Tensor, mean = 0, std = 1, options: StreamOptions = {}) =>
    floats('normal_', x, (array, serially) =>
      (serially ? fillNormalSerially : fillNormal)(stream('normal_', options), array, mean, std),
    ),
  exponential_: (x: Tensor, lambda = 1, options: StreamOptions = {}) =>
    floats('exponential_', x, (array) => fillExponential(stream('exponential_', options), array, lambda)),
  cauchy_: (x: Tensor, median = 0, sigma = 1, options: StreamOptions = {}) =>
    floats('cauchy_', x, (array) => fillCauchy(stream('cauchy_', options), array, median, sigma)),
  logNormal_: (x: Tensor, mean = 1, std = 2, options: StreamOptions = {}) =>
    floats('logNormal_', x, (array) => fillLogNormal(stream('logNormal_', options), array, mean, std)),
  geometric_: (x: Tensor, p: number, options: StreamOptions = {}) =>
    fillInPlace('geometric_', x, (array) => fillGeometric(stream('geometric_', options), array, p)),
  random_: (x: Tensor, from: number | null = null, to: number | null = null, options: StreamOptions = {}) =>
    fillInPlace(
      'random_',
      x,
      (array) => {
        const generator = stream('random_', options);
        if (from === null) return fillRandom(generator, array, x.dtype);
        return to === null ? fillRandint(generator, array, 0, from) : fillRandint(generator, array, from, to);
      },
      from === null ? 2 : to === null ? 1 : 0,
    ),
  bernoulli_: (x: Tensor, p: number | Tensor = 0.5, options: StreamOptions = {}) =>
    isTensor(p)
      ? publicCall('bernoulli_', () =>
          inPlace(
            x,
            [],
            () => toss(p.expand(x.shape), stream('bernoulli_', options)).to(x.dtype),
            'BernoulliBackward1',
          ),
        )
      : fillInPlace('bernoulli_', x, (array) => fillBernoulli(stream('bernoulli_', options), array, p), 2),
  bernoulli,
  multinomial,
};

const below = lift('bernoulli', ((u: Node, p: Node) => cast(lt(u, p), p.type.dtype)) as never, {
  required: 2,
}) as (u: Tensor, p: Tensor) => Tensor;

function toss(p: Tensor, generator: Generator): Tensor {
  if (!isFloat(p.dtype))
    throw new DTypeError(`"bernoulli_tensor_cpu_p_" not implemented for '${dtypes[p.dtype].torchName}'`);
  if (activeTrace() === null)
    for (const value of elementsOf(p))
      if (!(value >= 0 && value <= 1))
        throw new ValueError('Expected p_in >= 0 && p_in <= 1 to be true, but got false.');
  const u = leaf(draw(p.core.type, (array) => fillUniform(generator, array as FloatArray)));
  return below(u, p);
}

/** A toss for each element of p, which is the probability of a 1. */
export function bernoulli(p: Tensor, options: StreamOptions = {}): Tensor {
  return publicCall('bernoulli', () => toss(p, stream('bernoulli', options)));
}

export interface MultinomialOptions extends StreamOptions {
  /** Whether a category may be chosen again. */
  readonly replacement?: boolean;
}

/** Chooses `numSamples` categories per row with probabilities proportional to the weights. Reads them. */
export function multinomial(weights: Tensor, numSamples: number, options: MultinomialOptions = {}): Tensor {
  return publicCall('multinomial', () => {
    checkOptions('multinomial', options, ['replacement', 'generator']);
    refuseReading('multinomial()');
    if (!isFloat(weights.dtype))
      throw new DTypeError(
        `multinomial only supports floating-point dtypes for input, got: ${dtypes[weights.dtype].torchName}`,
      );
    if (weights.ndim !== 1 && weights.ndim !== 2) throw new ShapeError('prob_dist must be 1 or 2 dim');
    const { shape } = weights;
    const categories = shape[shape.length - 1];
    try {
      const chosen = drawMultinomial(options.generator ?? defaultGenerator, {
        weights: elementsOf(weights) as FloatArray,
        categories,
        samples: numSamples,
        replacement: options.replacement,
      });
      return new Tensor(
        makeCell(makeBuffer({ shape: [...shape.slice(0, -1), numSamples], dtype: 'int32' }, chosen)),
      );
    } catch (error) {
      throw error instanceof RangeError ? new ValueError(error.message) : error;
    }
  });
}

const dropped = lift('dropout', applyDropout as never, { required: 2 }) as (
  x: Tensor,
  mask: Tensor,
  p: number,
) => Tensor;

function checkDropout(p: number): void {
  if (!(p >= 0 && p <= 1))
    throw new ValueError(`dropout probability has to be between 0 and 1, but got ${p}`);
}

/** A mask: 1 with probability 1 - p. */
const maskOf = (x: Tensor, shape: readonly number[], p: number): Tensor =>
  leaf(draw({ shape, dtype: x.dtype }, (array) => fillBernoulli(defaultGenerator, array, 1 - p)));

/** Zeros with probability p, the rest divided by 1 - p; in training only. */
export function dropout(input: Tensor, p = 0.5, training = true): Tensor {
  return publicCall('dropout', () => {
    const x = modelOf('dropout', input);
    checkDropout(p);
    if (!training || p === 0 || x.numel === 0) return x;
    if (!isFloat(x.dtype))
      throw new DTypeError(
        `result type Float can't be cast to the desired output type ${dtypes[x.dtype].torchName}`,
      );
    return p === 1 ? x.mul(0) : dropped(x, maskOf(x, x.shape, p), p);
  });
}

/**
 * As dropout, for whole channels: batch and channel have one toss each. `alone` is the number of dimensions of an input that PyTorch
 * takes for a single one without a batch.
 */
const dropoutChannels =
  (name: string, alone: number | null) =>
  (input: Tensor, p = 0.5, training = true): Tensor =>
    publicCall(name, () => {
      const x = modelOf(name, input);
      checkDropout(p);
      if (x.ndim < 2) throw new ShapeError('Feature dropout requires at least 2 dimensions in the input');
      if (!training || p === 0 || x.numel === 0) return x;
      if (p === 1) return x.mul(0);
      const tossed = x.ndim === alone ? 1 : 2;
      const shape = x.shape.map((size, i) => (i < tossed ? size : 1));
      return dropped(x, maskOf(x, shape, p).expand(x.shape), p);
    });
/** Zeroes whole channels of [n, c, l] or [c, l] with probability p; the others are scaled by 1 / (1 - p). */
export const dropout1d = dropoutChannels('dropout1d', 2);
/** Zeroes whole channels of [n, c, h, w] with probability p; the others are scaled by 1 / (1 - p). */
export const dropout2d = dropoutChannels('dropout2d', null);
/** Zeroes whole channels of [n, c, d, h, w] with probability p; the others are scaled by 1 / (1 - p). */
export const dropout3d = dropoutChannels('dropout3d', 4);

const seluBound = 1.7580993408473766;

const alphaDropped = lift(
  'alphaDropout',
  ((x: Node, noise: Node, scale: number, offset: number) =>
    add(mul(x, mul(noise, scale)), add(mul(add(noise, -1), seluBound * scale), offset))) as never,
  { required: 2 },
) as (x: Tensor, noise: Tensor, scale: number, offset: number) => Tensor;

/** Dropout that keeps mean and variance of what selu gives: elements are set to its negative bound. */
export const alphaDropout = (input: Tensor, p = 0.5, training = true): Tensor =>
  publicCall('alphaDropout', () => {
    const x = modelOf('alphaDropout', input);
    checkDropout(p);
    if (!training || p === 0 || x.numel === 0) return x;
    if (p === 1) return x.mul(0);
    const scale = 1 / Math.sqrt((seluBound ** 2 * p + 1) * (1 - p));
    const noise = leaf(draw(x.core.type, (array) => fillBernoulli(defaultGenerator, array, 1 - p)));
    return alphaDropped(x, noise, scale, seluBound * scale * p);
  });
