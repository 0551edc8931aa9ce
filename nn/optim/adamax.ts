// Adamax (Kingma & Ba 2014). In: gradients. Out: parameters moved by the running mean of the gradients, corrected for having started at 0, over
// the largest gradient so far, which is forgotten slowly.

import type { Tensor } from '../../runtime/public.ts';
import { maximum, pow } from '../../runtime/public.ts';
import { withDefaults } from '../options.ts';
import { checkAdamOptions } from './adamMoments.ts';
import type { Live } from './live.ts';
import { Optimizer, decayed } from './optimizer.ts';
import type { CommonOptions, FirstState, ParamState, ParamsOf } from './optimizer.ts';

/** Options of `Adamax`, as in PyTorch. */
export interface AdamaxOptions extends CommonOptions {
  /** How much of the running mean and of the largest gradient is kept in each step. */
  betas: readonly [number, number];
  eps: number;
  weightDecay: number;
  maximize: boolean;
}
const defaults: AdamaxOptions = {
  lr: 2e-3,
  betas: [0.9, 0.999],
  eps: 1e-8,
  weightDecay: 0,
  maximize: false,
};

interface Rates {
  readonly beta1: Tensor;
  readonly rest1: Tensor;
  readonly beta2: Tensor;
  readonly eps: Tensor;
  readonly stepSize: Tensor;
}

/** Adam with the largest gradient in place of the root of their mean square (Kingma & Ba 2014, section 7.1). */
export class Adamax extends Optimizer<AdamaxOptions, Rates> {
  constructor(params: ParamsOf<AdamaxOptions>, options?: Partial<AdamaxOptions>) {
    super(params, withDefaults('Adamax', defaults, options));
  }

  protected check(options: AdamaxOptions): void {
    checkAdamOptions(options);
  }
  protected initialState(): FirstState {
    return { expAvg: 0, expInf: 0 };
  }
  protected rates(options: Live<AdamaxOptions>, step: Tensor): Rates {
    const beta1 = options.number('betas', 0);
    return {
      beta1,
      rest1: beta1.rsub(1),
      beta2: options.number('betas', 1),
      eps: options.number('eps'),
      stepSize: options.number('lr').div(pow(beta1, step).rsub(1)),
    };
  }
  protected update(
    p: Tensor,
    grad: Tensor,
    { expAvg, expInf }: ParamState,
    r: Rates,
    options: Live<AdamaxOptions>,
  ): void {
    const g = decayed(p, grad, options);
    expAvg.mul_(r.beta1).add_(g.mul(r.rest1));
    expInf.copy_(maximum(expInf.mul(r.beta2), g.abs().add(r.eps)));
    p.sub_(expAvg.mul(r.stepSize).div(expInf));
  }
}
