// All operators as functions of tensors. In: the operators of ops/. Out: one function each, under the same name and with the same
// documentation, typed by what it is made from.

import type { PerAxis } from '../ops/conv.ts';
import * as ops from '../ops/index.ts';
import type { MaxPoolOptions } from '../ops/pool.ts';
import { demandsOf, countClasses } from './bounds.ts';
import { withMaxNorm } from './embedding.ts';
import type { Embedding } from './embedding.ts';
import { indexTensor } from './indexing.ts';
import type { IndexPart } from './indexing.ts';
import { lift } from './lift.ts';
import type { Lifted } from './lift.ts';
import { publicCall } from './origin.ts';
import { withRepeats } from './repeats.ts';
import type { RepeatInterleave } from './repeats.ts';
import type { Picked } from './results.ts';
import { traitsOf } from './table.ts';
import type { OpName, Ops } from './table.ts';
import type { Tensor } from './tensor.ts';

/** Without a dimension the value; with one also its index; with another tensor element by element. `X` is the tensor, or nothing for methods. */
export interface Extreme<X extends readonly unknown[]> {
  (...x: X): Tensor;
  (...args: [...X, other: Tensor]): Tensor;
  (...args: [...X, dim: number, keepdim?: boolean]): Picked;
}
export interface Middle<X extends readonly unknown[]> {
  (...x: X): Tensor;
  (...args: [...X, dim: number, keepdim?: boolean]): Picked;
}

/** The largest element of each window; with `returnIndices` also its place in the plane. */
export interface MaxPooling {
  (x: Tensor, kernelSize: PerAxis, options?: MaxPoolOptions & { readonly returnIndices?: false }): Tensor;
  (
    x: Tensor,
    kernelSize: PerAxis,
    options: MaxPoolOptions & { readonly returnIndices: true },
  ): [values: Tensor, indices: Tensor];
  (
    x: Tensor,
    kernelSize: PerAxis,
    options?: MaxPoolOptions & { readonly returnIndices?: boolean },
  ): Tensor | [values: Tensor, indices: Tensor];
}

/** Types that do not follow from the operator's own: several signatures, or indices that only tensors have. */
interface Special {
  max: Extreme<[x: Tensor]>;
  min: Extreme<[x: Tensor]>;
  median: Middle<[x: Tensor]>;
  nanmedian: Middle<[x: Tensor]>;
  maxPool1d: MaxPooling;
  maxPool2d: MaxPooling;
  maxPool3d: MaxPooling;
  /** x[parts]: numbers, ranges [start, end, step?], null (a new dimension), '...', integer and boolean tensors. */
  index: (x: Tensor, ...parts: readonly IndexPart[]) => Tensor;
  /** 1 at each class index and 0 elsewhere, in a new last dimension; without a number of classes it is read from the values. */
  oneHot: (x: Tensor, numClasses?: number) => Tensor;
  embedding: Embedding;
  repeatInterleave: RepeatInterleave;
}

export type Functions = { [K in OpName]: K extends keyof Special ? Special[K] : Lifted<Ops[K], K> };

const liftAll = (): Functions => {
  const lifted: Record<string, unknown> = {};
  for (const name of Object.keys(ops) as OpName[])
    lifted[name] = lift(name, ops[name], { ...traitsOf(name), checkValues: demandsOf(name) });
  const { oneHot } = lifted as Functions;
  const withClasses: Special['oneHot'] = (x, numClasses = -1) =>
    publicCall('oneHot', () => oneHot(x, numClasses === -1 ? countClasses(x) : numClasses));
  Object.assign(lifted, {
    index: indexTensor,
    oneHot: withClasses,
    embedding: withMaxNorm((lifted as Functions).embedding),
    repeatInterleave: withRepeats(lifted as Functions),
  });
  return lifted as Functions;
};

/** Every operator by name. */
export const functions: Functions = liftAll();
