// vmap: a function of one example becomes a function of a batch. In: a function of nested tensors, and which dimension of each argument counts
// the examples. Out: a function that gives what stacking the results of all examples would give, as one graph that does everything at
// once. It can be differentiated, also within the function: per-sample gradients are vmap(grad(f)).

import { GradloomError, ValueError } from '../../compiler/errors.ts';
import type { Node } from '../../compiler/node.ts';
import { batch } from '../../ops/batch.ts';
import { input } from '../../ops/source.ts';
import { expand, movedim } from '../../ops/view.ts';
import { makeScope, withBatch } from '../batching.ts';
import type { BatchScope, Randomness } from '../batching.ts';
import { makeCell } from '../cell.ts';
import { movedim as moveTensor } from '../operators.ts';
import { checkOptions, describeValue, isPlainObject } from '../options.ts';
import { publicCall, userCode } from '../origin.ts';
import { flatten, mapTensors, tensorsOnly, unflatten } from '../pytree.ts';
import { Tensor, isTensor, nodeOfTensor } from '../tensor.ts';
import { edgeOf } from './accumulate.ts';
import { isGradEnabled } from './mode.ts';
import { attach, record } from './record.ts';
import type { Source } from './record.ts';

/** One dimension for all tensors, or the nesting of the arguments with a dimension, or null for "the same for all", at each tensor. */
export type Dims = number | null | readonly Dims[] | { readonly [key: string]: Dims };

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
  checkOptions('vmap', options, ['inDims', 'outDims', 'randomness']);
  const { inDims = 0, outDims = 0, randomness = 'error' } = options;
  return (...args) =>
    publicCall('vmap', () => {
      const dims = args.map((_, i) => (Array.isArray(inDims) ? ((inDims[i] ?? null) as Dims) : inDims));
      const lanes = args.flatMap((arg, i) => lanesOf(arg, dims[i], i));
      const scope = makeScope(sizeOf(lanes), randomness);
      const examples = lanes.map((lane) => exampleOf(lane, scope));
      let at = 0;
      const given = args.map((arg) => mapTensors(arg, () => examples[at++])) as unknown as A;
      const returned = withBatch(scope, () => userCode(() => fn(...given)));
      const { tree, tensors } = tensorsOnly(`vmap(${fn.name || '<lambda>'}, ...): the value`, returned);
      const places = flatDims('outDims', returned, outDims);
      return unflatten(
        tree,
        together(tensors, lanes, scope).map((y, i) => placed(y, places[i], scope.size)),
      ) as R;
    });
}

interface Lane {
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

function lanesOf(arg: unknown, dims: Dims, position: number): Lane[] {
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

function sizeOf(lanes: readonly Lane[]): number {
  const sizes = lanes.flatMap(({ tensor, dim }) => (dim === null ? [] : [tensor.size(dim)]));
  if (sizes.length === 0)
    throw new ValueError('vmap: at least one input has to be a tensor with a mapped dimension');
  if (sizes.some((size) => size !== sizes[0]))
    throw new ValueError(
      `vmap: Expected all tensors to have the same size in the mapped dimension, got sizes [${sizes.join(', ')}] for the mapped dimension`,
    );
  return sizes[0];
}

/** What stands for one example of a lane; what is shared stands for itself. */
function exampleOf({ tensor, dim }: Lane, scope: BatchScope): Tensor {
  if (dim === null) return tensor;
  const many = movedim(nodeOfTensor(tensor), dim, 0);
  const place = input({ shape: many.type.shape.slice(1), dtype: many.type.dtype });
  scope.given.set(place, many);
  return new Tensor(makeCell(place));
}

/** The results for one example as results for all, with one backward function from them to what the batch was made from. */
function together(results: readonly Tensor[], lanes: readonly Lane[], scope: BatchScope): Tensor[] {
  const nodes = batch(results.map(nodeOfTensor), scope.given, scope.size);
  const sources: Source[] = [];
  const note = (x: Tensor, node: Node): void => {
    const edge = isGradEnabled() ? edgeOf(x) : null;
    if (edge !== null && !sources.some((s) => s.node === node)) sources.push({ node, edge });
  };
  for (const { tensor } of lanes) note(tensor, nodeOfTensor(tensor));
  for (const [x, node] of scope.operands) note(x, node);
  const recording =
    sources.length > 0 ? record(nodes, sources, { name: 'VmapBackward0', prune: true }) : null;
  return nodes.map((n, index) => {
    const x = new Tensor(makeCell(n, results[index].core.cell.depth));
    if (recording !== null && recording.recorded[index]) attach(x, { fn: recording.fn, index });
    return x;
  });
}

/** A result with its batch dimension where it is wanted. */
function placed(y: Tensor, dim: number | null, size: number): Tensor {
  if (dim === 0) return y;
  if (dim !== null) return moveTensor(y, 0, dim);
  if (size === 0) throw new GradloomError('vmap: outDims null needs at least one example');
  return y.select(0, 0);
}
