// `backward` and `grad`: the two ways into the engine. In: tensors, gradients for them, options. Out: `.grad` of leaves, or gradients as
// a list. The checks come first and change nothing.

import { AutogradError, DTypeError, ShapeError, ValueError } from '../../compiler/errors.ts';
import { isFloat } from '../../compiler/dtype.ts';
import { numel, sameShape, showShape } from '../../compiler/shape.ts';
import { ones, zeros } from '../../ops/source.ts';
import { cast } from '../../ops/cast.ts';
import { makeCell } from '../cell.ts';
import { checkOptions } from '../options.ts';
import { publicCall } from '../origin.ts';
import { remind } from '../realize.ts';
import { Tensor, isTensor, nodeOfTensor } from '../tensor.ts';
import { activeTrace } from '../trace.ts';
import { warn } from '../environment.ts';
import { accumulate, edgeOf } from './accumulate.ts';
import type { Root } from './engine.ts';
import { runBackward } from './engine.ts';
import type { Edge } from './gradFn.ts';
import { noGrad } from './mode.ts';

/** One or several tensors. */
export type Tensors = Tensor | readonly Tensor[];
export const listOf = (x: Tensors): readonly Tensor[] => (isTensor(x) ? [x] : x);

export interface BackwardOptions {
  /** Keep what backward needs, so that it can run again; the default is `createGraph`. */
  readonly retainGraph?: boolean;
  /** Record the backward itself, for derivatives of higher order. */
  readonly createGraph?: boolean;
  /** Add only to the `.grad` of these. */
  readonly inputs?: Tensors;
}

export interface GradOptions {
  readonly gradOutputs?: Tensor | readonly (Tensor | null)[] | null;
  readonly retainGraph?: boolean;
  readonly createGraph?: boolean;
  /** Give null for inputs that the outputs do not depend on, instead of an error. */
  readonly allowUnused?: boolean;
  /** Give zeros for them. */
  readonly materializeGrads?: boolean;
}

type GivenGradients = Tensor | readonly (Tensor | null)[] | null | undefined;

/** `x.backward(...)`. */
export function backward(x: Tensor, gradient?: Tensor | null, options: BackwardOptions = {}): void {
  if (gradient !== undefined && gradient !== null && !isTensor(gradient))
    throw new DTypeError(
      `gradients can be either Tensors or None, but got ${typeof gradient}; options come after it: backward(null, { retainGraph: true })`,
    );
  backwardAll([x], [gradient ?? null], options, 'Tensor.backward');
}

/** Adds the gradients of several tensors to the leaves they were computed from. */
export function backwardAll(
  tensors: Tensors,
  gradients?: GivenGradients,
  options: BackwardOptions = {},
  name = 'backward',
): void {
  publicCall('backward', () => {
    checkOptions(name, options, ['retainGraph', 'createGraph', 'inputs']);
    const { createGraph = false, retainGraph = createGraph } = options;
    const inputs = options.inputs === undefined ? undefined : listOf(options.inputs);
    if (inputs?.length === 0) throw new AutogradError('`inputs` argument to `backward` cannot be empty.');
    const roots = rootsOf(listOf(tensors), gradients);
    if (createGraph) warnOnce();
    if (inputs === undefined) {
      runBackward(roots, { createGraph, retainGraph });
    } else {
      const edges = inputs.map((x, i) => {
        const edge = edgeOf(x);
        if (edge === null) throw new AutogradError(`One of the differentiated Tensors does not require grad (inputs[${i}])`);
        return edge;
      });
      const captured = runBackward(roots, { createGraph, retainGraph, capture: edges });
      inputs.forEach((x, i) => {
        const g = captured[i];
        if (g !== null) (createGraph ? <T>(f: () => T): T => f() : noGrad)(() => accumulate(x, g));
      });
    }
    remindOfScalars(listOf(tensors));
  });
}

let warned = false;
function warnOnce(): void {
  if (warned) return;
  warned = true;
  warn(
    'Using backward() with createGraph: true will create a reference cycle between the parameter and its gradient. ' +
      'We recommend using autograd.grad when creating the graph to avoid this.',
  );
}

/** Losses are usually read later on: they are computed with whatever is read next. */
function remindOfScalars(tensors: readonly Tensor[]): void {
  if (activeTrace() !== null) return;
  for (const x of tensors) if (x.numel === 1 && x.core.path === null) remind(x.core.cell);
}

/**
 * The gradients of (the sum of) outputs with respect to inputs, as a list; `.grad` is not touched. With one tensor as `inputs` the list
 * has one entry.
 */
export function grad(outputs: Tensors, inputs: Tensors, options: GradOptions & { allowUnused: true }): (Tensor | null)[];
export function grad(outputs: Tensors, inputs: Tensors, options?: GradOptions): Tensor[];
export function grad(outputs: Tensors, inputs: Tensors, options: GradOptions = {}): (Tensor | null)[] {
  return publicCall('grad', () => {
    checkOptions('grad', options, ['gradOutputs', 'retainGraph', 'createGraph', 'allowUnused', 'materializeGrads']);
    const { createGraph = false, retainGraph = createGraph, materializeGrads = false } = options;
    if (materializeGrads && options.allowUnused === false)
      throw new ValueError(
        'Expected allow_unused to be True or not passed when materialize_grads=True, but got: allow_unused=False.',
      );
    const allowUnused = options.allowUnused ?? materializeGrads;
    const wanted = listOf(inputs);
    if (wanted.length === 0) throw new ValueError('grad requires non-empty inputs.');
    const roots = rootsOf(listOf(outputs), options.gradOutputs);
    const edges = wanted.map((x): Edge => {
      const edge = edgeOf(x);
      if (edge === null) throw new AutogradError('One of the differentiated Tensors does not require grad');
      return edge;
    });
    const found = runBackward(roots, { createGraph, retainGraph, capture: edges });
    return found.map((g, i) => {
      if (g !== null) return g;
      if (!allowUnused)
        throw new AutogradError(
          'One of the differentiated Tensors appears to not have been used in the graph. Set allowUnused: true if this is the desired behavior.',
        );
      return materializeGrads ? new Tensor(makeCell(zeros(wanted[i].shape, wanted[i].dtype))) : null;
    });
  });
}

/** Each output with its gradient, checked. */
function rootsOf(outputs: readonly Tensor[], given: GivenGradients): Root[] {
  const gradients = given === undefined || given === null ? outputs.map(() => null) : isTensor(given) ? [given] : given;
  if (gradients.length !== outputs.length)
    throw new AutogradError(`got ${outputs.length} tensors and ${gradients.length} gradients`);
  const seeds = outputs.map((x, i) => seedOf(x, gradients[i], i));
  return outputs.map((x, i) => {
    const edge = edgeOf(x);
    if (edge === null)
      throw new AutogradError(`element ${i} of tensors does not require grad and does not have a grad_fn`);
    return { edge, gradient: seeds[i] };
  });
}

/** The gradient of an output: as given, cast to its dtype; or 1 for a single element. */
function seedOf(x: Tensor, gradient: Tensor | null, i: number): Tensor {
  if (gradient === null) {
    if (x.requiresGrad && numel(x.shape) !== 1)
      throw new AutogradError('grad can be implicitly created only for scalar outputs');
    return new Tensor(makeCell(ones(x.shape, x.dtype)));
  }
  if (!isTensor(gradient))
    throw new DTypeError(`gradients can be either Tensors or None, but got ${typeof gradient}`);
  if (!sameShape(gradient.shape, x.shape))
    throw new ShapeError(
      `Mismatch in shape: grad_output[${i}] has a shape of ${showShape(gradient.shape)} and output[${i}] has a shape of ${showShape(x.shape)}.`,
    );
  if (gradient.dtype === x.dtype || !isFloat(x.dtype)) return gradient;
  return gradient.requiresGrad
    ? gradient.to(x.dtype)
    : new Tensor(makeCell(cast(nodeOfTensor(gradient), x.dtype), gradient.core.cell.depth + 1));
}
