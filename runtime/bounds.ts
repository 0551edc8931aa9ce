// Demands of operators on the values of their arguments: indices must point inside, integers are not divided by 0. In: the arguments of a
// call. Out: nothing, or PyTorch's error (demands.ts says when).

import { isFloat } from '../compiler/dtype.ts';
import { IndexError, ValueError } from '../compiler/errors.ts';
import type { GradloomError } from '../compiler/errors.ts';
import { numel } from '../compiler/shape.ts';
import type { PerAxis } from '../ops/conv.ts';
import { unpooledSize } from '../ops/pool-unpool.ts';
import type { UnpoolOptions } from '../ops/pool-unpool.ts';
import { isTensor } from './core.ts';
import { demand } from './demands.ts';
import { elementsOf } from './read.ts';
import type { Tensor } from './tensor.ts';
import { refuseReading } from './trace.ts';

type Check = (args: readonly unknown[]) => void;

const sizeOf = (x: Tensor, dim: number): number => (x.ndim === 0 ? 1 : (x.shape.at(dim) ?? 0));

/** Indices along a dimension, which may count from its end. */
export const demandIndices = (index: unknown, size: number, dim: number, prefix = '', from = -size): void =>
  demand(index, {
    from,
    below: size,
    fault: (i) =>
      new IndexError(`${prefix}index ${i} is out of bounds for dimension ${dim} with size ${size}`),
  });

/** Indices along the dimension of the second argument. */
const along =
  (prefix: string, fromEnd: boolean): Check =>
  ([x, dim, index]) => {
    if (!isTensor(x) || typeof dim !== 'number') return;
    const size = sizeOf(x, dim);
    demandIndices(index, size, dim < 0 ? dim + x.ndim : dim, prefix, fromEnd ? -size : 0);
  };

const inSelf = (index: unknown, size: number): void =>
  demand(index, { from: 0, below: size, fault: () => new IndexError('index out of range in self') });

const ofSlices: Check = ([x, dim, index]) => {
  if (isTensor(x) && typeof dim === 'number') inSelf(index, sizeOf(x, dim));
};

const ofRows: Check = ([index, weight]) => {
  if (isTensor(weight)) inSelf(index, sizeOf(weight, 0));
};

const ofTakeAlong: Check = ([x, index, dim]) => {
  if (!isTensor(x)) return;
  if (typeof dim !== 'number') demandIndices(index, x.numel, 0);
  else demandIndices(index, sizeOf(x, dim), dim < 0 ? dim + x.ndim : dim);
};

const ofElements: Check = ([x, index]) => {
  if (!isTensor(x)) return;
  const { numel } = x;
  demand(index, {
    from: -numel,
    below: numel,
    fault: (i) =>
      new IndexError(`out of range: tried to access index ${i} on a tensor of ${numel} elements.`),
  });
};

const ofParts: Check = ([x, parts]) => {
  if (isTensor(x) && Array.isArray(parts))
    parts.forEach((part, dim) => demandIndices(part, sizeOf(x, dim), dim));
};

const ofClasses: Check = ([x, target, options]) => {
  if (!isTensor(x) || x.ndim === 0) return;
  const { ignoreIndex: except = -100 } = (options ?? {}) as { readonly ignoreIndex?: number };
  const fault = (i: number): GradloomError => new IndexError(`Target ${i} is out of bounds.`);
  demand(target, { from: 0, below: x.shape[x.ndim === 1 ? 0 : 1], except, fault });
};

/** Class indices along the last dimension. */
const ofScores =
  (from: number, message: string): Check =>
  ([x, target]) => {
    if (isTensor(x) && x.ndim > 0)
      demand(target, { from, below: x.shape.at(-1)!, fault: () => new IndexError(message) });
  };

const ofOneHot: Check = ([x, classes]) =>
  demand(x, {
    from: 0,
    below: classes as number,
    fault: (i) =>
      new ValueError(
        i < 0 ? 'Class values must be non-negative.' : 'Class values must be smaller than num_classes.',
      ),
  });

/** As many elements as there are places to fill. */
const ofSource: Check = ([x, mask, source]) => {
  if (!isTensor(x) || !isTensor(mask) || !isTensor(source) || source.numel >= x.numel) return;
  const fault = (): GradloomError => new ValueError('Number of elements of source < number of ones in mask');
  const repeats = x.numel / Math.max(1, mask.numel);
  demand(mask.sum(), { from: 0, below: Math.floor(source.numel / repeats) + 1, fault });
};

/** A quotient of integers that is rounded; floats divide by 0 as IEEE 754 says. */
const ofDivisor: Check = ([x, y, options]) => {
  if (options !== undefined && (options as { readonly roundingMode?: unknown }).roundingMode === undefined)
    return;
  const whole = (value: unknown): boolean =>
    isTensor(value) ? !isFloat(value.dtype) : typeof value !== 'number' || Number.isInteger(value);
  if (!whole(x) || !whole(y) || !(isTensor(x) || isTensor(y))) return;
  const fault = (): GradloomError => new ValueError('ZeroDivisionError: an integer cannot be divided by 0');
  if (y === 0) throw fault();
  demand(y, { from: -Infinity, below: Infinity, never: 0, fault });
};
const ofQuotient: Check = ([x, y, options]) => ofDivisor([x, y, options ?? {}]);

/** Places in the planes that values are put into. */
const ofPlanes =
  (ndim: number): Check =>
  ([x, indices, kernelSize, options]) => {
    if (!isTensor(x)) return;
    const size = unpooledSize(
      `max_unpool${ndim}d`,
      ndim,
      x.shape,
      kernelSize as PerAxis,
      (options ?? {}) as UnpoolOptions,
    );
    // PyTorch computes one dimension as two
    const volume = (ndim === 1 ? [...size, 1] : size).join('x');
    demand(indices, {
      from: 0,
      below: numel(size),
      fault: (i) => new IndexError(`Found an invalid max index: ${i} (output volumes are of size ${volume}`),
    });
  };

const inLane = along('', false);
const checks: Readonly<Record<string, Check>> = {
  gather: inLane,
  scatter: inLane,
  scatterAdd: inLane,
  scatterReduce: inLane,
  takeAlongDim: ofTakeAlong,
  indexSelect: ofSlices,
  indexAdd: ofSlices,
  indexCopy: along('index_copy_(): ', false),
  indexFill: along('', true),
  indexPut: ofParts,
  embedding: ofRows,
  embeddingBag: ofRows,
  maxUnpool1d: ofPlanes(1),
  maxUnpool2d: ofPlanes(2),
  maxUnpool3d: ofPlanes(3),
  take: ofElements,
  put: ofElements,
  maskedScatter: ofSource,
  nllLoss: ofClasses,
  crossEntropy: ofClasses,
  multiMarginLoss: ofScores(0, 'target out of range'),
  // a row of targets ends at the first negative one
  multilabelMarginLoss: ofScores(-Infinity, "argument #2 'target' is out of range"),
  oneHot: ofOneHot,
  floorDivide: ofDivisor,
  fmod: ofDivisor,
  remainder: ofDivisor,
  div: ofQuotient,
  divide: ofQuotient,
};

/** What an operator demands of the values of its arguments; null if nothing. */
export const demandsOf = (name: string): Check | null => (Object.hasOwn(checks, name) ? checks[name] : null);

/** The number of classes that `oneHot` takes if it is not told: one more than the largest. */
export function countClasses(x: Tensor): number {
  refuseReading('oneHot() without a number of classes');
  let most = -1;
  for (const value of elementsOf(x)) if (value > most) most = value;
  if (most < 0)
    throw new ValueError(
      x.numel === 0
        ? 'Can not infer total number of classes from empty tensor.'
        : 'Class values must be non-negative.',
    );
  return most + 1;
}
