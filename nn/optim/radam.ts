// RAdam (Liu et al. 2019). In: gradients. Out: parameters moved by the running mean of the gradients; over the root of the running mean of their
// squares, as by Adam, as soon as enough steps were made for that root to be reliable.

import type { Tensor } from '../../runtime/public.ts';
import { pow, sqrt, where } from '../../runtime/public.ts';
import { withDefaults } from '../options.ts';
import { checkAdamOptions } from './adam.ts';
import type { Live } from './live.ts';
import { Optimizer } from './optimizer.ts';
import type { CommonOptions, FirstState, ParamState, ParamsOf } from './optimizer.ts';

/** Options of `RAdam`, as in PyTorch. */
export interface RAdamOptions extends CommonOptions {
  /** How much of the two running means is kept in each step. */
  betas: readonly [number, number];
  eps: number;
  weightDecay: number;
}
const defaults: RAdamOptions = { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0 };

interface Rates {
  readonly beta1: Tensor;
  readonly beta2: Tensor;
  readonly rest1: Tensor;
  readonly rest2: Tensor;
  readonly stepSize: Tensor;
  readonly eps: Tensor;
  /** Whether the mean of squares is to be used, and the factor that it then gets. */
  readonly isReliable: Tensor;
  readonly rectified: Tensor;
}

/** Adam that begins as gradient descent with momentum, while the mean of squares varies too much (Liu et al. 2019). */
export class RAdam extends Optimizer<RAdamOptions, Rates> {
  constructor(params: ParamsOf<RAdamOptions>, options?: Partial<RAdamOptions>) {
    super(params, withDefaults('RAdam', defaults, options));
  }

  protected check(options: RAdamOptions): void {
    checkAdamOptions(options);
  }
  protected initialState(): FirstState {
    return { expAvg: 0, expAvgSq: 0 };
  }
  protected rates(options: Live<RAdamOptions>, step: Tensor): Rates {
    const beta1 = options.number('betas', 0);
    const beta2 = options.number('betas', 1);
    const power2 = pow(beta2, step);
    const correction2 = power2.rsub(1);
    // the length of the average: what it tends to, and what it is now
    const limit = beta2.rsub(1).reciprocal().mul(2).sub(1);
    const length = limit.sub(step.mul(2).mul(power2).div(correction2));
    const rectification = length
      .sub(4)
      .mul(length.sub(2))
      .mul(limit)
      .div(limit.sub(4).mul(limit.sub(2)).mul(length));
    return {
      beta1,
      beta2,
      rest1: beta1.rsub(1),
      rest2: beta2.rsub(1),
      stepSize: options.number('lr').div(pow(beta1, step).rsub(1)),
      eps: options.number('eps'),
      isReliable: length.gt(5),
      rectified: sqrt(rectification.mul(correction2)),
    };
  }
  protected update(
    p: Tensor,
    grad: Tensor,
    { expAvg, expAvgSq }: ParamState,
    r: Rates,
    options: Live<RAdamOptions>,
  ): void {
    const g = options.has('weightDecay') ? grad.add(p.mul(options.number('weightDecay'))) : grad;
    expAvg.mul_(r.beta1).add_(g.mul(r.rest1));
    expAvgSq.mul_(r.beta2).add_(g.mul(r.rest2).mul(g));
    const move = expAvg.mul(r.stepSize);
    p.sub_(where(r.isReliable, move.mul(r.rectified).div(sqrt(expAvgSq).add(r.eps)), move));
  }
}
