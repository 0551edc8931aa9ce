// All operators as functions of tensors. In: the operators of ops/. Out: one function each, under the same name and with the same
// documentation, typed by what it is made from.

import * as ops from '../ops/index.ts';
import { indexTensor } from './indexing.ts';
import type { IndexPart } from './indexing.ts';
import { lift } from './lift.ts';
import type { Lifted } from './lift.ts';
import type { Picked } from './results.ts';
import { traitsOf } from './table.ts';
import type { OpName, Ops } from './table.ts';
import type { Tensor } from './tensor.ts';

/** Types that do not follow from the operator's own: several signatures, or indices that only tensors have. */
export interface Special {
  max: Extreme;
  min: Extreme;
  median: Middle;
  nanmedian: Middle;
  /** x[parts]: numbers, ranges [start, end, step?], null (a new dimension), '...', integer and boolean tensors. */
  index: (x: Tensor, ...parts: readonly IndexPart[]) => Tensor;
}

interface Extreme {
  (x: Tensor): Tensor;
  (x: Tensor, other: Tensor): Tensor;
  (x: Tensor, dim: number, keepdim?: boolean): Picked;
}
interface Middle {
  (x: Tensor): Tensor;
  (x: Tensor, dim: number, keepdim?: boolean): Picked;
}

export type Functions = { [K in OpName]: K extends keyof Special ? Special[K] : Lifted<Ops[K], K> };

const liftAll = (): Functions => {
  const lifted: Record<string, unknown> = {};
  for (const name of Object.keys(ops) as OpName[]) lifted[name] = lift(name, ops[name], traitsOf(name));
  lifted.index = indexTensor;
  return lifted as Functions;
};

/** Every operator by name. */
export const functions: Functions = liftAll();
