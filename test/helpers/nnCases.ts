// PyTorch's answers for layers and optimizers, as test/fixtures/nn-cases.py wrote them. In: the file. Out: typed cases, and tensors made of
// them.

import { readFileSync } from 'node:fs';
import { tensor } from '../../index.ts';
import type { Shape, Tensor } from '../../index.ts';

export interface Numbers {
  readonly shape: Shape;
  readonly data: readonly number[];
  readonly dtype?: 'bool' | 'int32';
}
type Named = Readonly<Record<string, Numbers>>;
type Args = readonly unknown[];
type Options = Readonly<Record<string, unknown>>;

export interface ModuleCase {
  readonly name: string;
  readonly args: Args;
  readonly repr: string;
  readonly training: boolean;
  readonly init: Named;
  readonly inputs: readonly (Numbers | readonly Numbers[])[];
  readonly outputs: readonly Numbers[];
  readonly cotangents: readonly Numbers[];
  readonly inputGrads: readonly (Numbers | null)[];
  readonly grads: Named;
  readonly buffers: Named;
  readonly options?: Options;
  readonly parameterNames?: readonly string[];
  readonly moduleNames?: readonly string[];
}
export interface OptimizerCase {
  readonly name:
    | 'SGD'
    | 'Adam'
    | 'AdamW'
    | 'Adamax'
    | 'NAdam'
    | 'RAdam'
    | 'RMSprop'
    | 'Adagrad'
    | 'Adadelta'
    | 'ASGD'
    | 'Rprop';
  readonly options: Options;
  readonly dtype: 'float32' | 'float64';
  readonly skip: readonly number[];
  readonly groups: boolean;
  readonly after: readonly (readonly [readonly number[], readonly number[]])[];
}
interface LbfgsCase {
  readonly options: Options;
  readonly after: readonly (readonly number[])[];
  readonly losses: readonly number[];
  readonly evaluations: readonly number[];
}
interface SchedulerCase {
  readonly name: string;
  readonly args: Args;
  readonly optimizer: readonly ['SGD' | 'Adam', Options];
  readonly rates: readonly number[];
  readonly momenta: readonly (number | null)[];
  /** What each step gets. */
  readonly epochs?: readonly number[];
}
interface PlateauCase {
  readonly options: Options;
  readonly metrics: readonly number[];
  readonly rates: readonly number[];
}
interface InitCase {
  readonly name: string;
  readonly shape: Shape;
  readonly args: Args;
  readonly result: Numbers;
}
interface ClipCase {
  readonly maxNorm: number;
  readonly normType: number | 'inf';
  readonly total: number;
  readonly grads: readonly Numbers[];
}

export const cases = JSON.parse(
  readFileSync(new URL('../fixtures/nn-cases.json', import.meta.url), 'utf8'),
) as {
  readonly modules: readonly ModuleCase[];
  readonly net: readonly ModuleCase[];
  readonly optimizers: readonly OptimizerCase[];
  readonly lbfgs: readonly LbfgsCase[];
  readonly schedulers: readonly SchedulerCase[];
  readonly plateaus: readonly PlateauCase[];
  readonly inits: readonly InitCase[];
  readonly clips: readonly ClipCase[];
  readonly digits: readonly { readonly name: string; readonly losses: readonly number[] }[];
};

/** A tensor of float64, or of the dtype that is given. */
export const tensorOf = ({ shape, data, dtype }: Numbers, requiresGrad = false): Tensor =>
  tensor(Float64Array.from(data, Number), { shape, dtype: dtype ?? 'float64', requiresGrad });

/** How far numbers are from what they should be, relative to their size; Infinity for another shape. */
export function distance(x: Tensor, { shape, data }: Numbers): number {
  if (x.shape.join() !== shape.join()) return Infinity;
  const elements = x.toTypedArray();
  const gap = (a: number, b: number): number =>
    a === b || (Number.isNaN(a) && Number.isNaN(b)) ? 0 : Math.abs(a - b) / Math.max(1, Math.abs(b));
  return data.reduce((most, v, i) => Math.max(most, gap(elements[i], v)), 0);
}

/** The fixed numbers of nn-cases.py. */
export function pattern(shape: Shape, k: number): Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  const at = (i: number): number =>
    Math.round(((((i * 7 + k * 5) * 2654435761) % 4001) / 1000 - 2) * 1000) / 1000;
  return tensor(
    Float64Array.from({ length: count }, (_, i) => at(i)),
    { shape },
  );
}
