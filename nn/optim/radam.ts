// RAdam (Liu et al. 2019). In: gradients. Out: parameters moved by the running mean of the gradients; over the root of the running mean of their
// squares, as by Adam, as soon as enough steps were made for that root to be reliable.

import type { Tensor } from '../../runtime/public.ts';
import { pow, sqrt, where } from '../../runtime/public.ts';
import { withDefaults } from '../options.ts';
import { betasOf, checkAdamOptions, moveMeans } from './adamMoments.ts';
import type { Betas } from './adamMoments.ts';
import type { Live } from './live.ts';
import { Optimizer, decayed } from './optimizer.ts';
import type { CommonOptions, FirstState, ParamState, ParamsOf } from './optimizer.ts';

/** Options of `RAdam`, as in PyTorch. */
export interface RAdamOptions extends CommonOptions {
  /** How much of the two running means is kept in each step. */
  betas: readonly [number, number];
  eps: number;
  weightDecay: number;
}
const defaults: RAdamOptions = { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0 };

interface Rates extends Betas {
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
    const betas = betasOf(options);
    const { beta1, beta2 } = betas;
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
      ...betas,
      stepSize: options.number('lr').div(pow(beta1, step).rsub(1)),
      eps: options.number('eps'),
      isReliable: length.gt(5),
      rectified: sqrt(rectification.mul(correction2)),
    };
  }
  protected update(p: Tensor, grad: Tensor, state: ParamState, r: Rates, options: Live<RAdamOptions>): void {
    const g = decayed(p, grad, options);
    moveMeans(state, g, r);
    const move = state.expAvg.mul(r.stepSize);
    p.sub_(where(r.isReliable, move.mul(r.rectified).div(sqrt(state.expAvgSq).add(r.eps)), move));
  }
}
