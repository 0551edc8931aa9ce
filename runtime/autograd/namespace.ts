// The namespace `autograd`: PyTorch's torch.autograd under its own names.

import { detectAnomaly, isAnomalyEnabled } from './anomaly.ts';
import { backwardAll, getGradientEdge, grad } from './backward.ts';
import type { BackwardOptions, Differentiated, GivenGradients } from './backward.ts';
import { AutogradFunction, onceDifferentiable } from './function.ts';
import * as functional from './functional.ts';
import { GradcheckError, gradcheck } from './gradcheck.ts';
import { gradgradcheck } from './gradgradcheck.ts';
import { registerMultiGradHook } from './hooks.ts';
import { enableGrad, inferenceMode, isGradEnabled, inInferenceMode, noGrad, setGradEnabled } from './mode.ts';
import { disableSavedTensorsHooks, saveOnCpu, savedTensorsHooks } from './saved.ts';

const { jacobian, hessian, vjp, jvp, vhp, hvp } = functional;

/** torch.autograd: gradients, custom functions and what checks them. */
export const autograd = {
  grad,
  /** Adds the gradients of several tensors to the leaves they were computed from. */
  backward: (tensors: Differentiated, gradients?: GivenGradients, options?: BackwardOptions): void =>
    backwardAll(tensors, gradients, options),
  Function: AutogradFunction,
  onceDifferentiable,
  gradcheck,
  gradgradcheck,
  GradcheckError,
  detectAnomaly,
  isAnomalyEnabled,
  noGrad,
  enableGrad,
  setGradEnabled,
  isGradEnabled,
  inferenceMode,
  isInferenceModeEnabled: inInferenceMode,
  functional: { jacobian, hessian, vjp, jvp, vhp, hvp },
  graph: {
    savedTensorsHooks,
    saveOnCpu,
    disableSavedTensorsHooks,
    registerMultiGradHook,
    getGradientEdge,
  },
} as const;
