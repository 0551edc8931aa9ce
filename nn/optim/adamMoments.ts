// What all of Adam's kind share: its betas, the running means of the gradients and of their squares, and what their options may be. In: the
// options of a group, and gradients. Out: factors of a step, and means that have been moved on in place.

import type { Tensor } from '../../runtime/public.ts';
import { atCaller, ValueError } from '../../runtime/public.ts';
import type { Live } from './live.ts';
import { checkNotNegative } from './optimizer.ts';
import type { CommonOptions, ParamState } from './optimizer.ts';

interface AdamCommon extends CommonOptions {
  betas: readonly [number, number];
  eps: number;
  weightDecay: number;
}

/** Throws unless the options make sense. */
export function checkAdamOptions({ lr, betas, eps, weightDecay }: AdamCommon): void {
  checkNotNegative('learning rate', lr);
  checkNotNegative('epsilon value', eps);
  betas.forEach((beta, i) => {
    if (!(beta >= 0 && beta < 1))
      throw atCaller(new ValueError(`Invalid beta parameter at index ${i}: ${beta}`));
  });
  checkNotNegative('weight_decay value', weightDecay);
}

/** How much of each mean is kept in a step, and how much is new. */
export interface Betas {
  readonly beta1: Tensor;
  readonly beta2: Tensor;
  readonly rest1: Tensor;
  readonly rest2: Tensor;
}

export function betasOf<O extends AdamCommon>(options: Live<O>): Betas {
  const beta1 = options.number('betas', 0);
  const beta2 = options.number('betas', 1);
  return { beta1, beta2, rest1: beta1.rsub(1), rest2: beta2.rsub(1) };
}

/** Takes a gradient into both means. */
export function moveMeans(
  { expAvg, expAvgSq }: ParamState,
  g: Tensor,
  { beta1, beta2, rest1, rest2 }: Betas,
): void {
  expAvg.mul_(beta1).add_(g.mul(rest1));
  expAvgSq.mul_(beta2).add_(g.mul(rest2).mul(g));
}
