// vmap: a function of one example becomes a function of a batch. In: a function of nested tensors, and which dimension of each argument counts
// the examples. Out: a function that gives what stacking the results of all examples would give, as one graph that does everything at
// once. It can be differentiated, also within the function: per-sample gradients are vmap(grad(f)).

import { ValueError } from '../../compiler/errors.ts';
import { makeScope, withBatch } from '../batching.ts';
import type { Randomness } from '../batching.ts';
import { demand } from '../demands.ts';
import { describeValue, isPlainObject } from '../describe.ts';
import { movedim } from '../operators.ts';
import { checkFunction, checkOptions } from '../options.ts';
import { atCaller, publicCall, userCode } from '../origin.ts';
import { flatten, mapTensors, tensorsOnly, unflatten } from '../pytree.ts';
import type { Tensor } from '../tensor.ts';
import { nextSequence } from './gradFn.ts';
import { batchTensors, laneOf } from './lanes.ts';
import type { Lane } from './lanes.ts';

const moveDim = (x: Tensor, from: number, to: number): Tensor => (from === to ? x : movedim(x, from, to));

/** One dimension for all tensors, or the nesting of the arguments with a dimension, or null for "the same for all", at each tensor. */
export type Dims = number | null | readonly Dims[] | { readonly [key: string]: Dims };

/** Along which dimensions vmap maps. */
export interface VmapOptions {
  /** The dimension that counts examples, for each argument; 0 if absent. */
  readonly inDims?: Dims;
  /** Where the results get it; 0 if absent. */
  readonly outDims?: Dims;
  /** What random numbers in the function are: an error, the same for all examples, or different ones. */
  readonly randomness?: Randomness;
}

/** A function of one example as a function of a batch. */
export function vmap<A extends readonly unknown[], R>(
  fn: (...args: A) => R,
  options: VmapOptions = {},
): (...args: A) => R {
  checkFunction('vmap', fn);
  checkOptions('vmap', options, ['inDims', 'outDims', 'randomness']);
  const { inDims = 0, outDims = 0, randomness = 'error' } = options;
  if (!['error', 'different', 'same'].includes(randomness))
    throw atCaller(
      new ValueError(
        `Only allowed values for randomness are 'error', 'different', or 'same'. Got ${typeof randomness === 'string' ? randomness : describeValue(randomness)}`,
      ),
    );
  return (...args) =>
    publicCall('vmap', () => {
      const dims = args.map((_, i) => (Array.isArray(inDims) ? ((inDims[i] ?? null) as Dims) : inDims));
      const operands = args.flatMap((arg, i) => operandsOf(arg, dims[i], i));
      const scope = makeScope(sizeOf(operands), randomness);
      const since = nextSequence();
      const lanes: Lane[] = [];
      const examples = operands.map(({ tensor, dim }) => {
        if (dim === null) return tensor;
        const lane = laneOf(moveDim(tensor, dim, 0), scope);
        lanes.push(lane);
        return lane.one;
      });
      let at = 0;
      const given = args.map((arg) => mapTensors(arg, () => examples[at++])) as unknown as A;
      const returned = withBatch(scope, () => userCode(() => fn(...given)));
      const { tree, tensors } = tensorsOnly(`vmap(${fn.name || '<lambda>'}, ...): the value`, returned);
      const places = flatDims('outDims', returned, outDims);
      const { demands } = scope;
      const asked = demands.map((d) => d.values);
      const whole = batchTensors([...tensors, ...asked], { lanes, scope, since }) as Tensor[];
      const many = whole.slice(0, tensors.length);
      demands.forEach(({ allowed, origin }, i) => demand(whole[tensors.length + i], allowed, origin));
      return unflatten(
        tree,
        many.map((y, i) => placed(y, places[i])),
      ) as R;
    });
}

interface Operand {
  readonly tensor: Tensor;
  /** Null for what all examples share. */
  readonly dim: number | null;
}

/** The dimension of each tensor in a nested value. */
function flatDims(what: string, value: unknown, dims: Dims): (number | null)[] {
  if (dims === null || typeof dims === 'number') return flatten(value).tensors.map(() => dims);
  if (Array.isArray(value)) {
    if (!Array.isArray(dims) || dims.length !== value.length) return incompatible(what, value);
    return value.flatMap((item: unknown, i) => flatDims(what, item, dims[i] as Dims));
  }
  if (!isPlainObject(value) || Array.isArray(dims)) return incompatible(what, value);
  return Object.keys(value).flatMap((key) =>
    flatDims(what, value[key], (dims as Readonly<Record<string, Dims>>)[key] ?? null),
  );
}

function incompatible(what: string, value: unknown): never {
  throw new ValueError(
    `vmap: ${what} is not compatible with the structure of what it is for. It has to be a number, null, or have the same structure as ${describeValue(value)}`,
  );
}

function operandsOf(arg: unknown, dims: Dims, position: number): Operand[] {
  const { tensors } = flatten(arg);
  return flatDims('inDims', arg, dims).map((dim, i) => {
    const tensor = tensors[i];
    if (dim !== null && (!Number.isInteger(dim) || dim < -tensor.ndim || dim >= tensor.ndim))
      throw new ValueError(
        `vmap: Got in_dim=${dim} for some input (argument ${position}), but that input is a Tensor of dimensionality ${tensor.ndim} so ` +
          `expected in_dim to satisfy -${tensor.ndim} <= in_dim < ${tensor.ndim}.`,
      );
    return { tensor, dim };
  });
}

function sizeOf(operands: readonly Operand[]): number {
  const sizes = operands.flatMap(({ tensor, dim }) => (dim === null ? [] : [tensor.size(dim)]));
  if (sizes.length === 0)
    throw new ValueError('vmap: at least one input has to be a tensor with a mapped dimension');
  if (sizes.some((size) => size !== sizes[0]))
    throw new ValueError(
      `vmap: Expected all tensors to have the same size in the mapped dimension, got sizes [${sizes.join(', ')}] for the mapped dimension`,
    );
  return sizes[0];
}

/** A result with its batch dimension where it is wanted; without it, for one that is the same for all. */
const placed = (y: Tensor, dim: number | null): Tensor =>
  dim === null ? y.select(0, 0) : dim === 0 ? y : moveDim(y, 0, dim);
