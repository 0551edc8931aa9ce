// Indices that point outside. In: the arguments of an operator that takes indices as a tensor. Out: nothing, or PyTorch's error. The graph
// itself never looks at values, so this happens at the call, which computes the indices if they have not been. Inside a compiled
// function there is nothing to look at: there, indices must be right.

import { isInteger } from '../compiler/dtype.ts';
import { IndexError, ValueError } from '../compiler/errors.ts';
import { checkTargets } from '../ops/loss-class.ts';
import { insideBatch } from './batching.ts';
import { elementsOf } from './read.ts';
import { isTensor } from './tensor.ts';
import type { Tensor } from './tensor.ts';
import { activeTrace, refuseReading } from './trace.ts';

type Check = (args: readonly unknown[]) => void;

/** The integer tensor at a position, with its elements; null if there is no such thing there. */
function integersOf(value: unknown): ArrayLike<number> | null {
  return isTensor(value) && isInteger(value.dtype) ? elementsOf(value) : null;
}

const sizeOf = (x: Tensor, dim: number): number => (x.ndim === 0 ? 1 : (x.shape.at(dim) ?? 0));

/** Every index must be in [from, size). */
function within(
  indices: ArrayLike<number> | null,
  from: number,
  size: number,
  message: (i: number) => string,
): void {
  if (indices === null) return;
  for (let k = 0; k < indices.length; k++)
    if (indices[k] < from || indices[k] >= size) throw new IndexError(message(indices[k]));
}

const ofLane: Check = ([x, dim, index]) => {
  if (!isTensor(x) || typeof dim !== 'number') return;
  const size = sizeOf(x, dim);
  const d = dim < 0 ? dim + x.ndim : dim;
  within(
    integersOf(index),
    0,
    size,
    (i) => `index ${i} is out of bounds for dimension ${d} with size ${size}`,
  );
};

const ofSlices: Check = ([x, dim, index]) => {
  if (isTensor(x) && typeof dim === 'number')
    within(integersOf(index), 0, sizeOf(x, dim), () => 'index out of range in self');
};

const ofRows: Check = ([index, weight]) => {
  if (isTensor(weight)) within(integersOf(index), 0, sizeOf(weight, 0), () => 'index out of range in self');
};

const ofElements: Check = ([x, index]) => {
  if (!isTensor(x)) return;
  const { numel } = x;
  within(
    integersOf(index),
    -numel,
    numel,
    (i) => `out of range: tried to access index ${i} on a tensor of ${numel} elements.`,
  );
};

const ofClasses: Check = ([x, target, options]) => {
  const targets = integersOf(target);
  if (targets === null || !isTensor(x) || x.ndim === 0) return;
  const { ignoreIndex } = (options ?? {}) as { readonly ignoreIndex?: number };
  checkTargets(targets, x.shape[x.ndim === 1 ? 0 : 1], ignoreIndex);
};

const ofOneHot: Check = ([x, classes]) => {
  const values = integersOf(x);
  if (values === null) return;
  for (let k = 0; k < values.length; k++) {
    if (values[k] < 0) throw new ValueError('Class values must be non-negative.');
    if (values[k] >= (classes as number))
      throw new ValueError('Class values must be smaller than num_classes.');
  }
};

const checks: Readonly<Record<string, Check>> = {
  gather: ofLane,
  scatter: ofLane,
  scatterAdd: ofLane,
  scatterReduce: ofLane,
  indexSelect: ofSlices,
  indexAdd: ofSlices,
  indexCopy: ofSlices,
  indexFill: ofSlices,
  embedding: ofRows,
  take: ofElements,
  put: ofElements,
  nllLoss: ofClasses,
  crossEntropy: ofClasses,
  oneHot: ofOneHot,
};

/** The check of an operator's indices; null if it takes none. */
export function boundsCheck(name: string): Check | null {
  const check = Object.hasOwn(checks, name) ? checks[name] : null;
  return (
    check &&
    ((args) => {
      if (activeTrace() === null && !insideBatch()) check(args);
    })
  );
}

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
