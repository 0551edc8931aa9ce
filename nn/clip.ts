// Gradients cleared or kept within bounds, and parameters as one vector. In: parameters. Out: their gradients changed in place.

import {
  atCaller,
  AutogradError,
  ValueError,
  cat,
  clampMax,
  div,
  isfinite,
  noGrad,
  norm,
  stack,
  tensor,
} from '../runtime/public.ts';
import { Tensor } from '../runtime/public.ts';

function listOf(parameters: Tensor | Iterable<Tensor>): readonly Tensor[] {
  if (parameters instanceof Tensor) return [parameters];
  if (typeof parameters !== 'object' || parameters === null || !(Symbol.iterator in parameters))
    throw atCaller(new ValueError(`clipping gradients: expected tensors, but got ${String(parameters)}`));
  return [...parameters];
}

const gradsOf = (parameters: Tensor | Iterable<Tensor>): readonly Tensor[] =>
  listOf(parameters).flatMap((p) => p.grad?.detach() ?? []);

/** Options of `ClipNorm`, as in PyTorch. */
export interface ClipNormOptions {
  /** 2 if absent; Infinity: the largest size. */
  readonly normType?: number;
  /** Throws if the norm is infinite or NaN; reads it, so this is not for compiled functions. */
  readonly errorIfNonfinite?: boolean;
}

/** Scales all gradients so that their norm, as if they were one vector, is at most `maxNorm`. Returns the norm before. */
export function clipGradNorm_(
  parameters: Tensor | Iterable<Tensor>,
  maxNorm: number,
  { normType = 2, errorIfNonfinite = false }: ClipNormOptions = {},
): Tensor {
  const grads = gradsOf(parameters);
  if (grads.length === 0) return tensor(0);
  return noGrad(() => {
    const total = norm(stack(grads.map((g) => norm(g, { p: normType }))), { p: normType });
    if (errorIfNonfinite && !isfinite(total).item())
      throw atCaller(
        new AutogradError(
          `The total norm of order ${normType} for gradients from \`parameters\` is non-finite, so it cannot be clipped. To disable ` +
            'this error and scale the gradients by the non-finite norm anyway, set `errorIfNonfinite: false`',
        ),
      );
    const scale = clampMax(div(maxNorm, total.add(1e-6)), 1);
    for (const g of grads) g.mul_(scale.to(g.dtype));
    return total;
  });
}

/** Limits each element of all gradients to [-clipValue, clipValue]. */
export function clipGradValue_(parameters: Tensor | Iterable<Tensor>, clipValue: number): void {
  noGrad(() => {
    for (const g of gradsOf(parameters)) g.clamp_(-clipValue, clipValue);
  });
}

/** Drops gradients, or sets them to zero. */
export function clearGrads(parameters: readonly Tensor[], setToNone: boolean): void {
  for (const p of parameters) {
    // not to ask whether there is one spares compiled functions a second program
    if (setToNone) p.grad = null;
    else if (p.grad !== null) {
      if (p.grad.gradFn !== null) p.grad.detach_();
      else p.grad.requiresGrad = false;
      p.grad.zero_();
    }
  }
}

/** All parameters as one vector. */
export const parametersToVector = (parameters: Iterable<Tensor>): Tensor =>
  cat([...parameters].map((p) => p.reshape([-1])));

/** Writes the parts of a vector into parameters. */
export function vectorToParameters(vector: Tensor, parameters: Iterable<Tensor>): void {
  let at = 0;
  noGrad(() => {
    for (const p of parameters) {
      p.copy_(vector.narrow(0, at, p.numel).reshape(p.shape));
      at += p.numel;
    }
  });
}
