// gradcheck: analytic gradients against central differences. In: a function and inputs. Out: true, or an error with both Jacobians. Every
// element of every input is moved by eps and every output looked at, in backward mode, forward mode or both; besides, backward must give
// the same twice, nothing for a zero or undefined gradient, and outputs without a gradient must not depend on the inputs.

import { GradloomError, ValueError } from '../../compiler/errors.ts';
import { isFloat } from '../../compiler/dtype.ts';
import { isTensor } from '../core.ts';
import { zerosLike } from '../create.ts';
import { warn } from '../environment.ts';
import { checkFunction, checkOptions } from '../options.ts';
import { publicCall, userCode } from '../origin.ts';
import { rand } from '../random.ts';
import type { Tensor } from '../tensor.ts';
import { grad, listOf } from './backward.ts';
import type { Tensors } from './backward.ts';
import { AutogradFunction } from './function.ts';
import type { Context } from './function.ts';
import { fastCheck } from './gradcheckFast.ts';
import { checkBatchedTangents, checkUndefinedTangents } from './gradcheckForward.ts';
import { allClose, analyticJacobian, forwardJacobian, mismatch, numericJacobian } from './jacobianTable.ts';
import type { Evaluate, Matrix } from './jacobianTable.ts';
import { enableGrad } from './mode.ts';

export class GradcheckError extends GradloomError {
  override name = 'GradcheckError';
}

export interface GradcheckOptions {
  /** How far inputs are moved; 1e-6 if absent. */
  readonly eps?: number;
  /** Absolute tolerance; 1e-5 if absent. */
  readonly atol?: number;
  /** Relative tolerance; 1e-3 if absent. */
  readonly rtol?: number;
  /** Throw if a gradient is wrong (true), or return false. */
  readonly raise?: boolean;
  /** How much two runs of backward may differ; 0 if absent. */
  readonly nondetTol?: number;
  /** Try backward with gradients that nobody gave; true if absent. */
  readonly checkUndefinedGrad?: boolean;
  /** Gradients must have the dtype of their inputs; here they always have. */
  readonly checkGradDtypes?: boolean;
  /** Compare `isGradsBatched` with one gradient at a time. */
  readonly checkBatchedGrad?: boolean;
  /** Check what backward gives; true if absent. */
  readonly checkBackwardAd?: boolean;
  /** Check what forward mode (jvp) gives; false if absent. */
  readonly checkForwardAd?: boolean;
  /** Compare jvp under `vmap` with one tangent at a time. */
  readonly checkBatchedForwardGrad?: boolean;
  /** Compare one random combination of the derivatives instead of all of them. */
  readonly fastMode?: boolean;
}

/** The names of the options. */
export const gradcheckOptions = [
  'eps',
  'atol',
  'rtol',
  'raise',
  'nondetTol',
  'checkUndefinedGrad',
  'checkGradDtypes',
  'checkBatchedGrad',
  'checkBackwardAd',
  'checkForwardAd',
  'checkBatchedForwardGrad',
  'fastMode',
] as const;

export type Differentiable = (...inputs: Tensor[]) => Tensors;

/**
 * Compares analytic with numeric derivatives of a function of tensors with one or several tensors as its value; inputs of any shape, of
 * which those that require grad are differentiated, best float64. Returns true; if a check fails, throws a GradcheckError with both
 * Jacobians (rows are elements of the input, columns those of the output), or returns false with `raise: false`. Throws a ValueError if
 * no input requires grad. See torch.autograd.gradcheck.
 *
 * @example
 * const x = tensor([1, 2], { dtype: 'float64', requiresGrad: true });
 * autograd.gradcheck((y) => y.pow(3), x, { checkForwardAd: true }); // true
 */
export function gradcheck(fn: Differentiable, inputs: Tensors, options: GradcheckOptions = {}): boolean {
  return publicCall('gradcheck', () => {
    checkFunction('gradcheck', fn);
    checkOptions('gradcheck', options, gradcheckOptions);
    checkModes(options);
    try {
      check(fn, listOf(inputs), options);
      return true;
    } catch (error) {
      if (options.raise === false && error instanceof GradcheckError) return false;
      throw error;
    }
  });
}

/** What belongs to a mode needs that mode. */
function checkModes(options: GradcheckOptions): void {
  const { checkBackwardAd = true, checkForwardAd = false } = options;
  if (!checkForwardAd && !checkBackwardAd)
    throw new ValueError('Expected at least one of checkForwardAd or checkBackwardAd to be true');
  if (options.checkBatchedGrad === true && !checkBackwardAd)
    throw new ValueError('Setting checkBatchedGrad: true requires checkBackwardAd to be true');
  if (options.checkBatchedForwardGrad === true && !checkForwardAd)
    throw new ValueError('Setting checkBatchedForwardGrad: true requires checkForwardAd to be true');
}

/** A function at its inputs. */
interface Given {
  readonly call: Evaluate;
  readonly inputs: readonly Tensor[];
  /** The inputs that are differentiated. */
  readonly wanted: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}

function check(fn: Differentiable, inputs: readonly Tensor[], options: GradcheckOptions): void {
  const { checkUndefinedGrad = true, checkBackwardAd = true, checkForwardAd = false } = options;
  const wanted = checkInputs(inputs);
  const call = (args: readonly Tensor[]): readonly Tensor[] =>
    enableGrad(() => listOf(userCode(() => fn(...args)))).filter((y) => isTensor(y) && isFloat(y.dtype));
  const outputs = call(inputs);
  const given: Given = { call, inputs, wanted, outputs };
  const differentiable = outputs.filter((y) => y.requiresGrad);
  if (differentiable.length === 0) return checkConstant(given, options);
  if (checkBackwardAd) compare(given, false, options);
  if (checkForwardAd) {
    compare(given, true, options);
    if (checkUndefinedGrad) checkUndefinedTangents(given, fail);
    if (options.checkBatchedForwardGrad === true) checkBatchedTangents(given, fail);
  }
  if (!checkBackwardAd) return;
  if (options.checkBatchedGrad === true) differentiable.forEach((y, o) => checkBatched(y, wanted, o));
  checkZeroGradient(differentiable, wanted);
  if (checkUndefinedGrad) checkUndefined(given);
}

/** Outputs that have no gradient must not change with the inputs. */
function checkConstant({ call, inputs, wanted, outputs }: Given, { eps = 1e-6 }: GradcheckOptions): void {
  wanted.forEach((x) => {
    const zero = numericJacobian(call, inputs, x, outputs, eps).every((m) => m.data.every((v) => v === 0));
    if (!zero) fail('Numerical gradient for function expected to be zero');
  });
}

/** Analytic against numeric derivatives, in one mode. */
function compare(given: Given, forward: boolean, options: GradcheckOptions): void {
  const { call, inputs, wanted, outputs } = given;
  const { eps = 1e-6, atol = 1e-5, rtol = 1e-3 } = options;
  if (options.fastMode === true) return fastCheck({ ...given, eps, atol, rtol, forward }, fail);
  const differentiable = outputs.map((_, o) => o).filter((o) => outputs[o].requiresGrad);
  wanted.forEach((x, input) => {
    const numeric = numericJacobian(call, inputs, x, outputs, eps);
    const pushed = forward ? forwardJacobian(call, inputs, x) : null;
    differentiable.forEach((o, output) => {
      const analytic = pushed?.[o] ?? checkedJacobian(outputs[o], x, options);
      if (!allClose(analytic, numeric[o], atol, rtol))
        fail(mismatch({ output, input, forward }, numeric[o], analytic));
    });
  });
}

function fail(message: string): never {
  throw new GradcheckError(message);
}

/** The inputs that are differentiated. */
function checkInputs(inputs: readonly Tensor[]): readonly Tensor[] {
  inputs.forEach((x, i) => {
    if (isTensor(x) && x.requiresGrad && x.dtype !== 'float64')
      warn(
        `Input #${i} requires gradient and is not a double precision floating point or complex. This check will likely fail if all the ` +
          'inputs are not of double precision floating point or complex.',
      );
  });
  const wanted = inputs.filter((x) => isTensor(x) && x.requiresGrad);
  if (wanted.length === 0)
    throw new ValueError(
      'gradcheck expects at least one input tensor to require gradient, but none of the them have requires_grad=True.',
    );
  return wanted;
}

/** The analytic Jacobian, computed twice. */
function checkedJacobian(y: Tensor, x: Tensor, { nondetTol = 0 }: GradcheckOptions): Matrix {
  const [first, second] = [analyticJacobian(y, x), analyticJacobian(y, x)];
  if (!first.data.every((v, i) => Object.is(v, second.data[i]) || Math.abs(v - second.data[i]) <= nondetTol))
    fail(
      'Backward is not reentrant, i.e., running backward with same input and grad_output multiple times gives different values, ' +
        `although analytical gradient matches numerical gradient.The tolerance for nondeterminism was ${nondetTol}.`,
    );
  return first;
}

const isZero = (g: Tensor | null): boolean => g === null || g.toTypedArray().every((v) => v === 0);

function checkZeroGradient(outputs: readonly Tensor[], wanted: readonly Tensor[]): void {
  const found = grad(outputs, wanted, {
    gradOutputs: outputs.map((y) => zerosLike(y)),
    allowUnused: true,
    retainGraph: true,
  });
  if (!found.every(isZero)) fail('backward not multiplied by grad_output');
}

function checkBatched(y: Tensor, wanted: readonly Tensor[], output: number): void {
  const many = rand([2, ...y.shape], { dtype: y.dtype });
  const settings = { allowUnused: true, retainGraph: true } as const;
  const batched = grad(y, wanted, { gradOutputs: many, isGradsBatched: true, ...settings });
  for (const b of [0, 1])
    grad(y, wanted, { gradOutputs: many.select(0, b), ...settings }).forEach((g, i) => {
      const row = batched[i];
      const same =
        g === null || row === null ? g === row : allClose(asRow(row.select(0, b)), asRow(g), 1e-8, 1e-5);
      if (!same)
        fail(
          'gradcheck or gradgradcheck failed while testing batched gradient computation. This could have been invoked in a number of ways ' +
            `(via a test that calls gradcheck/gradgradcheck directly or via an autogenerated test). For output ${output} and input ${i}:\n\n` +
            `Got:\n${String(row)}\n\nExpected, for row ${b}:\n${String(g)}`,
        );
    });
}

const asRow = (x: Tensor): Matrix => ({
  rows: 1,
  columns: x.numel,
  data: Float64Array.from(x.toTypedArray()),
});

/** Passes a value on, but no gradient. */
class UndefinedGrad extends AutogradFunction {
  static forward(_ctx: Context, x: Tensor): Tensor {
    return x.detach();
  }
  static backward(): null {
    return null;
  }
}

const advice = 'Please look at "Notes about undefined output gradients" in "tools/autograd/derivatives.yaml"';

function checkUndefined({ call, inputs, wanted }: Given): void {
  const outputs = (): readonly Tensor[] => call(inputs).filter((y) => y.requiresGrad);
  const count = outputs().length;
  const all = Array.from({ length: count }, () => true);
  const patterns = count > 1 ? [all, ...all.map((_, k) => all.map((__, i) => i === k))] : [all];
  for (const undefined_ of patterns) {
    const ys = outputs().map((y, i) => (undefined_[i] ? UndefinedGrad.apply(y) : y));
    const gradOutputs = ys.map((y) => zerosLike(y));
    let found: readonly (Tensor | null)[];
    try {
      found = grad(ys, wanted, { gradOutputs, allowUnused: true });
    } catch (error) {
      if (!(error instanceof GradloomError) && !(error instanceof TypeError)) throw error;
      throw new GradcheckError(`Expected backward function to handle undefined output grads. ${advice}`, {
        cause: error,
      });
    }
    if (!found.every(isZero))
      fail(
        `Expected all input grads to be undefined or zero when all output grads are undefined or zero. ${advice}`,
      );
  }
}
