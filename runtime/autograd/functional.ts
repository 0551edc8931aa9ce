// torch.autograd.functional: Jacobians, Hessians and products with them. In: a function of tensors and its inputs. Out: for one input and
// one output a tensor, for several the nesting of both, outputs first. Derivatives are taken at copies of the inputs; only with
// `createGraph` is the result connected to them.

import { AutogradError, DTypeError, ValueError } from '../../compiler/errors.ts';
import { sameShape, showShape } from '../../compiler/shape.ts';
import { isTensor } from '../core.ts';
import { onesLike, zerosLike } from '../create.ts';
import { describeValue } from '../describe.ts';
import { checkFunction, checkOptions } from '../options.ts';
import { publicCall, userCode } from '../origin.ts';
import type { Tensor } from '../tensor.ts';
import { grad, listOf } from './backward.ts';
import type { Tensors } from './backward.ts';
import { unitsLike } from './jacobians.ts';
import { enableGrad } from './mode.ts';

export interface FunctionalOptions {
  /** Connect the result to the inputs, to differentiate it again. */
  readonly createGraph?: boolean;
  /** An input on which an output does not depend is an error, instead of zeros. */
  readonly strict?: boolean;
}

export interface JacobianOptions extends FunctionalOptions {
  /** As in PyTorch it may not be combined with `strict`. All rows are computed together in any case. */
  readonly vectorize?: boolean;
}

type Fn = (...inputs: Tensor[]) => Tensors;
export type Blocks = Tensor | readonly Blocks[];

const notStrict = 'This is not allowed in strict mode';

function tensorsOf(what: string, name: string, value: unknown): readonly Tensor[] {
  const list: readonly unknown[] = listOf(value);
  list.forEach((x, i) => {
    if (isTensor(x)) return;
    throw new DTypeError(
      Array.isArray(value)
        ? `The ${what} given to ${name} must be either a Tensor or a tuple of Tensors but the value at index ${i} has type ${describeValue(x)}.`
        : `The ${what} given to ${name} must be either a Tensor or a tuple of Tensors but got ${describeValue(x)}.`,
    );
  });
  return list as readonly Tensor[];
}

interface Run {
  readonly xs: readonly Tensor[];
  readonly ys: readonly Tensor[];
  /** In the form of the inputs, and in that of the outputs. */
  readonly likeInputs: <T>(list: readonly T[]) => T | readonly T[];
  readonly likeOutputs: <T>(list: readonly T[]) => T | readonly T[];
}

const formOf =
  (single: boolean) =>
  <T>(list: readonly T[]): T | readonly T[] =>
    single ? list[0] : list;

const ownInput = (x: Tensor, createGraph: boolean): Tensor => (createGraph ? x.view(x.shape) : x.detach());

/** Runs the function on copies of its inputs. */
function run(
  name: string,
  fn: Fn,
  inputs: Tensors,
  { createGraph = false, strict = false }: FunctionalOptions,
): Run {
  checkFunction(name, fn);
  const xs = tensorsOf('inputs', name, inputs).map((x) =>
    createGraph ? ownInput(x, true) : x.detach().requiresGrad_(),
  );
  const result: unknown = userCode(() => fn(...xs));
  const ys = tensorsOf('outputs of the user-provided function', name, result);
  if (strict)
    ys.forEach((y, i) => {
      if (!y.requiresGrad)
        throw new AutogradError(
          `Output ${i} of the user-provided function does not require gradients. The outputs must be computed in a differentiable manner from the input when running in strict mode.`,
        );
    });
  return { xs, ys, likeInputs: formOf(isTensor(inputs)), likeOutputs: formOf(isTensor(result)) };
}

/** A public function: options checked, recording on. */
function functional<T>(name: string, options: JacobianOptions, known: readonly string[], body: () => T): T {
  return publicCall(name, () => {
    checkOptions(name, options, known);
    return enableGrad(body);
  });
}

const known = ['createGraph', 'strict'] as const;

/** Gradients of what has any, null where there is no dependence. */
function gradients(
  ys: readonly Tensor[],
  xs: readonly Tensor[],
  gradOutputs: readonly (Tensor | null)[],
  createGraph: boolean,
  isGradsBatched = false,
): (Tensor | null)[] {
  const dependent = ys.map((_, i) => i).filter((i) => ys[i].requiresGrad);
  if (dependent.length === 0) return xs.map(() => null);
  return grad(
    dependent.map((i) => ys[i]),
    xs,
    {
      gradOutputs: dependent.map((i) => gradOutputs[i]),
      allowUnused: true,
      retainGraph: true,
      createGraph,
      isGradsBatched,
    },
  );
}

interface Refusals {
  /** The input with this number has no influence. */
  readonly absent: (i: number) => string;
  /** The result does not depend on the inputs any more. */
  readonly constant: (i: number) => string;
}

/** Zeros where there is no dependence, or the errors of strict mode. */
function filled(
  found: readonly (Tensor | null)[],
  like: readonly Tensor[],
  { strict = false, createGraph = false }: FunctionalOptions,
  { absent, constant }: Refusals,
): Tensor[] {
  return found.map((g, i) => {
    if (strict && g === null) throw new AutogradError(absent(i));
    if (strict && createGraph && !g!.requiresGrad) throw new AutogradError(constant(i));
    return g ?? zerosLike(like[i]);
  });
}

const constantJacobian = (i: number): string =>
  `The jacobian of the user-provided function is independent of input ${i}. ${notStrict} when create_graph=True.`;
const constantHessian = (i: number): string =>
  `The hessian of the user-provided function is independent of input ${i}. ${notStrict} when create_graph=True.`;

const settled = (list: readonly Tensor[], { createGraph = false }: FunctionalOptions): readonly Tensor[] =>
  createGraph ? list : list.map((x) => x.detach());

/** All derivatives: for output y and input x a tensor of shape [...y.shape, ...x.shape]. */
export function jacobian(fn: Fn, inputs: Tensors, options: JacobianOptions = {}): Blocks {
  return functional('jacobian', options, [...known, 'vectorize'], () => {
    const { createGraph = false, strict = false } = options;
    if (strict && options.vectorize === true)
      throw new ValueError(
        'torch.autograd.functional.jacobian: `strict=True` and `vectorized=True` are not supported together. Please either set ' +
          '`strict=False` or `vectorize=False`.',
      );
    const { xs, ys, likeInputs, likeOutputs } = run('jacobian', fn, inputs, options);
    const rows = ys.map((y, o) => {
      const found =
        y.numel === 0 ? xs.map(() => null) : gradients([y], xs, [unitsLike(y)], createGraph, true);
      const blocks = xs.map((x, k) => {
        const shape = [...y.shape, ...x.shape];
        const g = found[k];
        if (strict && g === null)
          throw new AutogradError(
            `Output ${o} of the user-provided function is independent of input ${k}. ${notStrict}.`,
          );
        if (strict && createGraph && !g!.requiresGrad) throw new AutogradError(constantJacobian(o));
        return g === null
          ? zerosLike(x)
              .expand([y.numel, ...x.shape])
              .reshape(shape)
          : g.reshape(shape);
      });
      return likeInputs(settled(blocks, options));
    });
    return likeOutputs(rows);
  });
}

/** All second derivatives of a function with one element. */
export function hessian(fn: Fn, inputs: Tensors, options: JacobianOptions = {}): Blocks {
  return functional('hessian', options, [...known, 'vectorize'], () => {
    const { strict = false } = options;
    const single: Fn = (...xs) => {
      const y: unknown = fn(...xs);
      if (!isTensor(y)) throw new DTypeError('The function given to hessian should return a single Tensor');
      requireOneElement('hessian', [y]);
      return y.reshape([]);
    };
    const first: Fn = (...xs) => {
      const rows = jacobian(single, xs, { createGraph: true, strict }) as readonly Tensor[];
      if (strict) rows.forEach(requireVariable);
      return rows;
    };
    const list = tensorsOf('inputs', 'hessian', inputs);
    const result = jacobian(first, list, options) as readonly (readonly Tensor[])[];
    return isTensor(inputs) ? result[0][0] : result;
  });
}

function requireVariable(jacobianOfInput: Tensor, i: number): void {
  if (!jacobianOfInput.requiresGrad)
    throw new AutogradError(
      `While computing the hessian, found that the jacobian of the user-provided function with respect to input ${i} is independent of ` +
        `the input. ${notStrict}. You should ensure that your function is twice differentiable and that the jacobian depends on the ` +
        'inputs (this would be violated by a linear function for example).',
    );
}

function requireOneElement(name: string, ys: readonly Tensor[]): void {
  if (ys.length !== 1 || ys[0].numel !== 1)
    throw new ValueError(
      `The Tensor returned by the function given to ${name} should contain a single element`,
    );
}

const needsOneOutput =
  'The vector v can only be None if the user-provided function returns a single Tensor with a single element.';
const needsOneInput =
  'The vector v can only be None if the input to the user-provided function is a single Tensor with a single element.';

/** The vector of a product, checked against what it must be like; ones if it may be left out. */
function vectorFor(
  name: string,
  v: Tensors | null | undefined,
  like: readonly Tensor[],
  missing: string,
): readonly Tensor[] {
  if (v === null || v === undefined) {
    if (like.length !== 1 || like[0].numel !== 1) throw new ValueError(missing);
    return [onesLike(like[0])];
  }
  const list = tensorsOf('v', name, v);
  if (list.length !== like.length)
    throw new ValueError(`v is a tuple of invalid length: should be ${like.length} but got ${list.length}.`);
  list.forEach((x, i) => {
    if (sameShape(x.shape, like[i].shape)) return;
    const which = like.length === 1 ? 'v' : `Entry ${i} in v`;
    throw new ValueError(
      `${which} has invalid size: should be ${showShape(like[i].shape)} but got ${showShape(x.shape)}.`,
    );
  });
  return list;
}

/** [value, v^T J]. */
export function vjp(
  fn: Fn,
  inputs: Tensors,
  v?: Tensors | null,
  options: FunctionalOptions = {},
): [Tensors, Tensors] {
  return functional('vjp', options, known, () => {
    const { xs, ys, likeInputs, likeOutputs } = run('vjp', fn, inputs, options);
    const found = gradients(ys, xs, vectorFor('vjp', v, ys, needsOneOutput), options.createGraph ?? false);
    const product = filled(found, xs, options, {
      absent: (i) => `The output of the user-provided function is independent of input ${i}. ${notStrict}.`,
      constant: constantJacobian,
    });
    return [likeOutputs(settled(ys, options)), likeInputs(settled(product, options))];
  });
}

/** J v of some values: v^T J is linear in v, and its derivative in the direction v is J v. */
function pushed(
  ys: readonly Tensor[],
  xs: readonly Tensor[],
  v: readonly Tensor[],
  createGraph: boolean,
): { readonly found: readonly (Tensor | null)[]; readonly pulled: readonly (Tensor | null)[] } {
  const dummies = ys.map((y) => zerosLike(y, { requiresGrad: true }));
  const pulled = gradients(ys, xs, dummies, true);
  const present = pulled.map((_, k) => k).filter((k) => pulled[k] !== null);
  const found = gradients(
    present.map((k) => pulled[k]!),
    dummies,
    present.map((k) => v[k]),
    createGraph,
  );
  return { found, pulled };
}

/** [value, J v]. */
export function jvp(
  fn: Fn,
  inputs: Tensors,
  v?: Tensors | null,
  options: FunctionalOptions = {},
): [Tensors, Tensors] {
  return functional('jvp', options, known, () => {
    const { createGraph = false, strict = false } = options;
    const { xs, ys, likeOutputs } = run('jvp', fn, inputs, options);
    const { found, pulled } = pushed(ys, xs, vectorFor('jvp', v, xs, needsOneInput), createGraph);
    if (strict)
      pulled.forEach((g, i) => {
        if (g === null)
          throw new AutogradError(
            `The output of the user-provided function is independent of input ${i}. ${notStrict}.`,
          );
      });
    const product = filled(found, ys, options, {
      absent: (i) =>
        `The gradient with respect to the input is independent of entry ${i} in the grad_outputs when using the double-backward trick ` +
        `to compute forward mode gradients. ${notStrict}.`,
      constant: constantJacobian,
    });
    return [likeOutputs(settled(ys, options)), likeOutputs(settled(product, options))];
  });
}

/** The gradient of a function with one element, recorded. */
function gradientOf(
  name: string,
  fn: Fn,
  inputs: Tensors,
  options: FunctionalOptions,
): Run & { first: Tensor[] } {
  const result = run(name, fn, inputs, options);
  const { xs, ys } = result;
  requireOneElement(name, ys);
  const found = gradients(ys, xs, [onesLike(ys[0])], true);
  if (options.strict === true)
    found.forEach((g, i) => {
      if (g === null)
        throw new AutogradError(
          `The output of the user-provided function is independent of input ${i}. ${notStrict}.`,
        );
      requireVariable(g, i);
    });
  return { ...result, first: found.map((g, i) => g ?? zerosLike(xs[i])) };
}

/** [value, v^T H]. */
export function vhp(
  fn: Fn,
  inputs: Tensors,
  v?: Tensors | null,
  options: FunctionalOptions = {},
): [Tensor, Tensors] {
  return functional('vhp', options, known, () => {
    const { xs, ys, first, likeInputs } = gradientOf('vhp', fn, inputs, options);
    const found = gradients(first, xs, vectorFor('vhp', v, xs, needsOneInput), options.createGraph ?? false);
    const product = filled(found, xs, options, {
      absent: (i) => `The jacobian of the user-provided function is independent of input ${i}. ${notStrict}.`,
      constant: constantHessian,
    });
    return [settled(ys, options)[0], likeInputs(settled(product, options))];
  });
}

/** [value, H v]. */
export function hvp(
  fn: Fn,
  inputs: Tensors,
  v?: Tensors | null,
  options: FunctionalOptions = {},
): [Tensor, Tensors] {
  return functional('hvp', options, known, () => {
    const { xs, ys, first, likeInputs } = gradientOf('hvp', fn, inputs, options);
    const { found } = pushed(first, xs, vectorFor('hvp', v, xs, needsOneInput), options.createGraph ?? false);
    const product = filled(found, xs, options, {
      absent: (i) =>
        `The hessian of the user-provided function is independent of entry ${i} in the grad_jacobian. ${notStrict} as it prevents from ` +
        'using the double-backward trick to replace forward mode AD.',
      constant: constantHessian,
    });
    return [settled(ys, options)[0], likeInputs(settled(product, options))];
  });
}
