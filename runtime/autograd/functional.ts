// torch.autograd.functional: Jacobians, Hessians and products with them. In: a function of tensors and its inputs. Out: for one input and
// one output a tensor, for several the nesting of both. They take the derivatives at detached copies of the inputs.

import { AutogradError, ValueError } from '../../compiler/errors.ts';
import { sameShape, showShape } from '../../compiler/shape.ts';
import { stack } from '../operators.ts';
import { tensor, zerosLike, onesLike } from '../create.ts';
import { checkOptions } from '../options.ts';
import { publicCall, userCode } from '../origin.ts';
import { isTensor } from '../tensor.ts';
import type { Tensor } from '../tensor.ts';
import { grad, listOf } from './backward.ts';
import type { Tensors } from './backward.ts';
import { enableGrad } from './mode.ts';

export interface FunctionalOptions {
  /** Record the result, to differentiate it again. */
  readonly createGraph?: boolean;
  /** An input on which an output does not depend is an error, instead of zeros. */
  readonly strict?: boolean;
}

type Fn = (...inputs: Tensor[]) => Tensors;

interface Run {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly oneInput: boolean;
  readonly oneOutput: boolean;
}

/** Runs the function on inputs that require grad. */
function run(name: string, fn: Fn, inputs: Tensors, { createGraph = false }: FunctionalOptions): Run {
  const list = listOf(inputs).map((x) =>
    createGraph && x.requiresGrad ? x.mul(1) : x.detach().requiresGrad_(),
  );
  const result = enableGrad(() => userCode(() => fn(...list)));
  const outputs = listOf(result);
  if (!outputs.every(isTensor))
    throw new ValueError(`The outputs of the user-provided function given to ${name} must be Tensors.`);
  return { inputs: list, outputs, oneInput: isTensor(inputs), oneOutput: isTensor(result) };
}

const unwrap = <T>(list: readonly T[], one: boolean): T | readonly T[] => (one ? list[0] : list);

function independent(output: number, input: number): never {
  throw new AutogradError(
    `Output ${output} of the user-provided function is independent of input ${input}. This is not allowed in strict mode.`,
  );
}

/** Gradients with zeros where there is no dependence, or an error if that must not be. */
function gradients(
  outputs: readonly Tensor[],
  inputs: readonly Tensor[],
  gradOutputs: readonly Tensor[],
  { createGraph = false, strict = false }: FunctionalOptions,
  output = 0,
): Tensor[] {
  const dependent = outputs.map((y, i) => i).filter((i) => outputs[i].requiresGrad);
  if (dependent.length === 0 && strict)
    throw new AutogradError(
      `Output ${output} of the user-provided function does not require gradients. The outputs must be computed in a differentiable manner from the input when running in strict mode.`,
    );
  const found =
    dependent.length === 0
      ? inputs.map(() => null)
      : grad(
          dependent.map((i) => outputs[i]),
          inputs,
          {
            gradOutputs: dependent.map((i) => gradOutputs[i]),
            allowUnused: true,
            retainGraph: true,
            createGraph,
          },
        );
  return found.map((g, i) => g ?? (strict ? independent(output, i) : zerosLike(inputs[i])));
}

/** The i-th unit vector in the shape of `y`. */
function unit(y: Tensor, i: number): Tensor {
  const data = new Float64Array(y.numel);
  data[i] = 1;
  return tensor(data, { shape: y.shape, dtype: y.dtype });
}

/** All derivatives: for output y and input x a tensor of shape [...y.shape, ...x.shape]. */
export function jacobian(fn: Fn, inputs: Tensors, options: FunctionalOptions = {}): Nested2 {
  return publicCall('jacobian', () => {
    checkOptions('jacobian', options, ['createGraph', 'strict']);
    const { inputs: xs, outputs, oneInput, oneOutput } = run('jacobian', fn, inputs, options);
    const rows = outputs.map((y, o) => {
      const perElement = Array.from({ length: y.numel }, (_, i) =>
        gradients([y], xs, [unit(y, i)], options, o),
      );
      const blocks = xs.map((x, k) =>
        y.numel === 0
          ? zerosLike(x).reshape([...y.shape, ...x.shape])
          : stack(perElement.map((gs) => gs[k])).reshape([...y.shape, ...x.shape]),
      );
      return unwrap(blocks, oneInput);
    });
    return unwrap(rows, oneOutput);
  });
}
export type Nested2 = Tensor | readonly Tensor[] | readonly (Tensor | readonly Tensor[])[];

/** All second derivatives of a function with one element. */
export function hessian(fn: Fn, inputs: Tensors, options: FunctionalOptions = {}): Nested2 {
  return publicCall('hessian', () => {
    checkOptions('hessian', options, ['createGraph', 'strict']);
    const first: Fn = (...xs) => {
      const y = fn(...xs);
      if (!isTensor(y)) throw new ValueError('The function given to hessian should return a single Tensor');
      if (y.numel !== 1)
        throw new ValueError(
          'The Tensor returned by the function given to hessian should contain a single element',
        );
      return gradients([y.reshape([])], xs, [onesLike(y).reshape([])], { ...options, createGraph: true });
    };
    const list = listOf(inputs);
    const result = jacobian(first, list, options) as readonly (readonly Tensor[])[];
    return isTensor(inputs) ? result[0][0] : result;
  });
}

function checkVector(
  v: Tensors | null | undefined,
  like: readonly Tensor[],
  missing: string,
): readonly Tensor[] {
  if (v === null || v === undefined) {
    if (like.length !== 1 || like[0].numel !== 1) throw new ValueError(missing);
    return [onesLike(like[0])];
  }
  const list = listOf(v);
  if (list.length !== like.length)
    throw new ValueError(`v is a tuple of invalid length: should be ${like.length} but got ${list.length}.`);
  list.forEach((x, i) => {
    if (!sameShape(x.shape, like[i].shape)) {
      const which = like.length === 1 ? 'v has' : `Entry ${i} in v has`;
      throw new ValueError(
        `${which} invalid size: should be ${showShape(like[i].shape)} but got ${showShape(x.shape)}.`,
      );
    }
  });
  return list;
}

const needsOneOutput =
  'The vector v can only be None if the user-provided function returns a single Tensor with a single element.';
const needsOneInput =
  'The vector v can only be None if the input to the user-provided function is a single Tensor with a single element.';

const settled = (list: readonly Tensor[], { createGraph = false }: FunctionalOptions): readonly Tensor[] =>
  createGraph ? list : list.map((x) => x.detach());

/** [value, v^T J]. */
export function vjp(
  fn: Fn,
  inputs: Tensors,
  v?: Tensors | null,
  options: FunctionalOptions = {},
): [Tensors, Tensors] {
  return publicCall('vjp', () => {
    checkOptions('vjp', options, ['createGraph', 'strict']);
    const { inputs: xs, outputs, oneInput, oneOutput } = run('vjp', fn, inputs, options);
    const cotangents = checkVector(v, outputs, needsOneOutput);
    const product = gradients(outputs, xs, cotangents, options);
    return [unwrap(settled(outputs, options), oneOutput), unwrap(product, oneInput)];
  });
}

/** J v for functions of tensors: the derivative of v^T J, which is linear in v, in the direction v. */
function push(
  outputs: readonly Tensor[],
  xs: readonly Tensor[],
  tangents: readonly Tensor[],
  options: FunctionalOptions,
): Tensor[] {
  const dummies = outputs.map((y) => zerosLike(y, { requiresGrad: true }));
  const pulled = gradients(outputs, xs, dummies, { ...options, createGraph: true });
  return gradients(pulled, dummies, tangents, { ...options, strict: false });
}

/** [value, J v]. */
export function jvp(
  fn: Fn,
  inputs: Tensors,
  v?: Tensors | null,
  options: FunctionalOptions = {},
): [Tensors, Tensors] {
  return publicCall('jvp', () => {
    checkOptions('jvp', options, ['createGraph', 'strict']);
    const { inputs: xs, outputs, oneOutput } = run('jvp', fn, inputs, options);
    const tangents = checkVector(v, xs, needsOneInput);
    return [
      unwrap(settled(outputs, options), oneOutput),
      unwrap(push(outputs, xs, tangents, options), oneOutput),
    ];
  });
}

function gradientOf(
  name: string,
  fn: Fn,
  inputs: Tensors,
  options: FunctionalOptions,
): { value: Tensor; xs: readonly Tensor[]; first: Tensor[] } {
  const { inputs: xs, outputs } = run(name, fn, inputs, options);
  if (outputs.length !== 1 || outputs[0].numel !== 1)
    throw new ValueError(
      `The Tensor returned by the function given to ${name} should contain a single element`,
    );
  return {
    value: outputs[0],
    xs,
    first: gradients(outputs, xs, [onesLike(outputs[0])], { ...options, createGraph: true }),
  };
}

/** [value, v^T H]. */
export function vhp(
  fn: Fn,
  inputs: Tensors,
  v?: Tensors | null,
  options: FunctionalOptions = {},
): [Tensor, Tensors] {
  return publicCall('vhp', () => {
    checkOptions('vhp', options, ['createGraph', 'strict']);
    const { value, xs, first } = gradientOf('vhp', fn, inputs, options);
    const product = gradients(first, xs, checkVector(v, xs, needsOneInput), options);
    return [settled([value], options)[0], unwrap(product, isTensor(inputs))];
  });
}

/** [value, H v]. */
export function hvp(
  fn: Fn,
  inputs: Tensors,
  v?: Tensors | null,
  options: FunctionalOptions = {},
): [Tensor, Tensors] {
  return publicCall('hvp', () => {
    checkOptions('hvp', options, ['createGraph', 'strict']);
    const { value, xs, first } = gradientOf('hvp', fn, inputs, options);
    const tangents = checkVector(v, xs, needsOneInput);
    return [settled([value], options)[0], unwrap(push(first, xs, tangents, options), isTensor(inputs))];
  });
}
