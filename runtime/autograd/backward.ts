// `backward` and `grad`: the two ways into the engine. In: tensors, gradients for them, options. Out: `.grad` of leaves, or gradients as
// a list. The checks come first and change nothing.

import { isFloat } from '../../compiler/dtype.ts';
import { AutogradError, DTypeError, ShapeError, ValueError } from '../../compiler/errors.ts';
import type { TensorType } from '../../compiler/node.ts';
import { numel, sameShape, showShape } from '../../compiler/shape.ts';
import { ones, zeros } from '../../ops/source.ts';
import { makeCell } from '../cell.ts';
import { isTensor } from '../core.ts';
import { warn } from '../environment.ts';
import { checkOptions } from '../options.ts';
import { atCaller, publicCall } from '../origin.ts';
import { remind } from '../realize.ts';
import { Tensor } from '../tensor.ts';
import { activeTrace } from '../trace.ts';
import { edgeOf } from './accumulate.ts';
import { refuseBadValues } from './anomaly.ts';
import { runBackward } from './engine.ts';
import type { EngineOptions, Root } from './engine.ts';
import { GradFn } from './gradFn.ts';
import type { Edge } from './gradFn.ts';
import { retainGrad } from './hooks.ts';
import { gradientRows } from './rows.ts';

/** A place in the backward graph: output `outputNr` of `node`. Stands for a tensor that need not be kept. */
export interface GradientEdge {
  readonly node: GradFn;
  readonly outputNr: number;
}

/** One or several tensors. */
export type Tensors = Tensor | readonly Tensor[];
/** What can be differentiated: tensors, or places in the backward graph. */
export type Differentiated = Tensor | GradientEdge | readonly (Tensor | GradientEdge)[];

const isEdge = (x: unknown): x is GradientEdge =>
  typeof x === 'object' && x !== null && 'node' in x && x.node instanceof GradFn;

export const listOf = <T>(x: T | readonly T[]): readonly T[] => (Array.isArray(x) ? (x as T[]) : [x as T]);

/** The place of a tensor in the backward graph. */
export function getGradientEdge(x: Tensor): GradientEdge {
  const edge = edgeOf(x);
  if (edge === null)
    throw new AutogradError(
      'It is not possible to get the gradient edge for a Tensor that does not require gradients',
    );
  return { node: edge.fn, outputNr: edge.index };
}

const placeOf = (x: Tensor | GradientEdge): Edge | null =>
  isEdge(x) ? { fn: x.node, index: x.outputNr } : edgeOf(x);

const typeOf = (x: Tensor | GradientEdge): TensorType =>
  isEdge(x) ? x.node.outputs[x.outputNr] : x.core.type;

/** What backward takes beside the gradient. */
export interface BackwardOptions {
  /** Keep what backward needs, so that it can run again; the default is `createGraph`. */
  readonly retainGraph?: boolean;
  /** Record the backward itself, for derivatives of higher order. */
  readonly createGraph?: boolean;
  /** Add only to the `.grad` of these. */
  readonly inputs?: Differentiated;
}

/** What autograd.grad takes beside outputs and inputs. */
export interface GradOptions {
  readonly gradOutputs?: Tensor | readonly (Tensor | null)[] | null;
  readonly retainGraph?: boolean;
  readonly createGraph?: boolean;
  /** Give null for inputs that the outputs do not depend on, instead of an error. */
  readonly allowUnused?: boolean;
  /** Give zeros for them. */
  readonly materializeGrads?: boolean;
  /** The first dimension of `gradOutputs` counts several gradients, which are all used; results have it too. */
  readonly isGradsBatched?: boolean;
}

export type GivenGradients = Tensor | readonly (Tensor | null)[] | null | undefined;

/** `x.backward(...)`. */
export function backward(x: Tensor, gradient?: Tensor | null, options: BackwardOptions = {}): void {
  if (gradient !== undefined && gradient !== null && !isTensor(gradient))
    throw atCaller(
      new DTypeError(
        `gradients can be either Tensors or None, but got ${typeof gradient}; options come after it: backward(null, { retainGraph: true })`,
      ),
    );
  backwardAll([x], [gradient ?? null], options, 'Tensor.backward');
}

/** Adds the gradients of several tensors to the leaves they were computed from. */
export function backwardAll(
  tensors: Differentiated,
  gradients?: GivenGradients,
  options: BackwardOptions = {},
  name = 'backward',
): void {
  publicCall('backward', () => {
    checkOptions(name, options, ['retainGraph', 'createGraph', 'inputs']);
    const { createGraph = false, retainGraph = createGraph } = options;
    const inputs = options.inputs === undefined ? undefined : listOf(options.inputs);
    if (inputs?.length === 0) throw new AutogradError('`inputs` argument to `backward` cannot be empty.');
    const outputs = listOf(tensors);
    const roots = rootsOf(outputs, gradients);
    const targets = inputs?.map(requiredEdge);
    if (createGraph) warnOnce();
    for (const x of inputs ?? []) if (isTensor(x)) retainGrad(x);
    runBackward(roots, { createGraph, retainGraph, targets });
    refuseBadValues(outputs.filter(isTensor));
    remindOfScalars(outputs);
  });
}

function requiredEdge(x: Tensor | GradientEdge): Edge {
  const edge = placeOf(x);
  if (edge === null) throw new AutogradError('One of the differentiated Tensors does not require grad');
  return edge;
}

let warned = false;
function warnOnce(): void {
  if (warned) return;
  warned = true;
  warn(
    'Using backward() with createGraph: true will create a reference cycle between the parameter and its gradient which can cause a ' +
      'memory leak. We recommend using autograd.grad when creating the graph to avoid this.',
  );
}

/** Losses are usually read later on: they are computed with whatever is read next. */
function remindOfScalars(outputs: readonly (Tensor | GradientEdge)[]): void {
  if (activeTrace() !== null) return;
  for (const x of outputs) if (isTensor(x) && x.numel === 1 && x.core.path === null) remind(x.core.cell);
}

/**
 * The gradients of (the sum of) outputs with respect to inputs, as a list; `.grad` is not touched. With one tensor as `inputs` the list
 * has one entry.
 */
export function grad(
  outputs: Differentiated,
  inputs: Differentiated,
  options: GradOptions & { allowUnused: true; materializeGrads?: false },
): (Tensor | null)[];
export function grad(outputs: Differentiated, inputs: Differentiated, options?: GradOptions): Tensor[];
export function grad(
  outputs: Differentiated,
  inputs: Differentiated,
  options: GradOptions = {},
): (Tensor | null)[] {
  return publicCall('grad', () => {
    checkOptions('grad', options, [
      'gradOutputs',
      'retainGraph',
      'createGraph',
      'allowUnused',
      'materializeGrads',
      'isGradsBatched',
    ]);
    const { createGraph = false, retainGraph = createGraph, materializeGrads = false } = options;
    if (materializeGrads && options.allowUnused === false)
      throw new ValueError(
        'Expected allowUnused to be true or not passed when materializeGrads: true, but got: allowUnused: false.',
      );
    const allowUnused = options.allowUnused ?? materializeGrads;
    const wanted = listOf(inputs);
    const ys = listOf(outputs);
    if (wanted.length === 0) throw new ValueError('grad requires non-empty inputs.');
    const batched = options.isGradsBatched === true;
    const gradients = givenFor(ys, options.gradOutputs);
    const found = batched
      ? gradientRows({
          batch: checkBatched(ys, gradients),
          createGraph,
          retainGraph,
          search: (gs, retain, executed) =>
            search(ys, gs, wanted, { createGraph, retainGraph: retain, executed }),
        })
      : search(ys, gradients, wanted, { createGraph, retainGraph });
    return found.map((g, i) => {
      if (g !== null) return g;
      if (!allowUnused)
        throw new AutogradError(
          'One of the differentiated Tensors appears to not have been used in the graph. Set allowUnused: true if this is the desired behavior.',
        );
      if (!materializeGrads) return null;
      const { shape, dtype } = typeOf(wanted[i]);
      const rows = batched ? (gradients[0]?.shape.slice(0, 1) ?? []) : [];
      return new Tensor(makeCell(zeros([...rows, ...shape], dtype)));
    });
  });
}

function search(
  outputs: readonly (Tensor | GradientEdge)[],
  gradients: readonly (Tensor | null)[],
  wanted: readonly (Tensor | GradientEdge)[],
  options: Pick<EngineOptions, 'createGraph' | 'retainGraph' | 'executed'>,
): (Tensor | null)[] {
  const roots = rootsOf(outputs, gradients);
  const targets = wanted.map(requiredEdge);
  const found = runBackward(roots, { ...options, targets, capture: true });
  refuseBadValues(outputs.filter(isTensor));
  return found;
}

/** The batches of gradients, checked: one more dimension than the outputs, of one size. */
function checkBatched(
  outputs: readonly (Tensor | GradientEdge)[],
  gradients: readonly (Tensor | null)[],
): readonly (Tensor | null)[] {
  gradients.forEach((g, i) => {
    if (g === null) return;
    const { shape } = typeOf(outputs[i]);
    if (g.ndim === 0 || !sameShape(g.shape.slice(1), shape))
      throw new ShapeError(
        'If `isGradsBatched: true`, we interpret the first dimension of each gradOutput as the batch dimension. The sizes of the ' +
          'remaining dimensions are expected to match the shape of corresponding output, but a mismatch was detected: ' +
          `gradOutputs[${i}] has a shape of ${showShape(g.shape.slice(1))} and output[${i}] has a shape of ${showShape(shape)}. If you ` +
          'only want some tensors in `gradOutputs` to be considered batched, consider using vmap.',
      );
  });
  return gradients;
}

function givenFor(outputs: readonly unknown[], given: GivenGradients): readonly (Tensor | null)[] {
  const gradients =
    given === undefined || given === null ? outputs.map(() => null) : isTensor(given) ? [given] : given;
  if (gradients.length !== outputs.length)
    throw new AutogradError(`got ${outputs.length} tensors and ${gradients.length} gradients`);
  return gradients;
}

/** Each output with its gradient, checked. */
function rootsOf(outputs: readonly (Tensor | GradientEdge)[], given: GivenGradients): Root[] {
  const gradients = givenFor(outputs, given);
  const seeds = outputs.map((x, i) => seedOf(x, gradients[i], i));
  return outputs.map((x, i) => {
    const edge = placeOf(x);
    if (edge === null)
      throw new AutogradError(`element ${i} of tensors does not require grad and does not have a grad_fn`);
    return { edge, gradient: seeds[i] };
  });
}

/** The gradient of an output: as given, cast to its dtype; or 1 for a single element. */
function seedOf(x: Tensor | GradientEdge, gradient: Tensor | null, i: number): Tensor {
  const { shape, dtype } = typeOf(x);
  if (gradient === null) {
    if (placeOf(x) !== null && numel(shape) !== 1)
      throw new AutogradError('grad can be implicitly created only for scalar outputs');
    return new Tensor(makeCell(ones(shape, dtype)));
  }
  if (!isTensor(gradient))
    throw new DTypeError(`gradients can be either Tensors or None, but got ${typeof gradient}`);
  if (!sameShape(gradient.shape, shape))
    throw new ShapeError(
      `Mismatch in shape: grad_output[${i}] has a shape of ${showShape(gradient.shape)} and output[${i}] has a shape of ${showShape(shape)}.`,
    );
  return gradient.dtype === dtype || !isFloat(dtype) ? gradient : gradient.to(dtype);
}
