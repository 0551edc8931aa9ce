// The namespace `autograd`: PyTorch's torch.autograd under its own names.

import { detectAnomaly } from './anomaly.ts';
import { backwardAll, grad } from './backward.ts';
import type { BackwardOptions, Tensors } from './backward.ts';
import type { Tensor } from '../tensor.ts';
import * as functional from './functional.ts';
import { AutogradFunction, onceDifferentiable } from './function.ts';
import { gradcheck, gradgradcheck, GradcheckError } from './gradcheck.ts';
import { registerMultiGradHook } from './hooks.ts';

const { jacobian, hessian, vjp, jvp, vhp, hvp } = functional;

export const autograd = {
  /** The gradients of outputs with respect to inputs, as a list. */
  grad,
  /** Adds the gradients of several tensors to the leaves they were computed from. */
  backward: (
    tensors: Tensors,
    gradients?: Tensor | readonly (Tensor | null)[] | null,
    options?: BackwardOptions,
  ): void => backwardAll(tensors, gradients, options),
  /** Base class of functions with a backward of their own. */
  Function: AutogradFunction,
  onceDifferentiable,
  gradcheck,
  gradgradcheck,
  GradcheckError,
  detectAnomaly,
  registerMultiGradHook,
  functional: { jacobian, hessian, vjp, jvp, vhp, hvp },
};
