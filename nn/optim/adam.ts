// Adam (Kingma & Ba 2014) and AdamW (Loshchilov & Hutter 2017). In: gradients. Out: parameters moved by the running mean of the gradients over
// the root of the running mean of their squares, both corrected for having started at 0.

import type { Tensor } from '../../runtime/public.ts';
import { maximum, pow, sqrt } from '../../runtime/public.ts';
import { withDefaults } from '../options.ts';
import { betasOf, checkAdamOptions, moveMeans } from './adamMoments.ts';
import type { Betas } from './adamMoments.ts';
import type { Live } from './live.ts';
import { Optimizer, decayed } from './optimizer.ts';
import type { CommonOptions, ParamState, ParamsOf } from './optimizer.ts';

/** Options of `Adam`, as in PyTorch. */
export interface AdamOptions extends CommonOptions {
  /** How much of the two running means is kept in each step. */
  betas: readonly [number, number];
  eps: number;
  weightDecay: number;
  /** Divide by the largest mean of squares there was. */
  amsgrad: boolean;
  maximize: boolean;
}
const defaults: AdamOptions = {
  lr: 1e-3,
  betas: [0.9, 0.999],
  eps: 1e-8,
  weightDecay: 0,
  amsgrad: false,
  maximize: false,
};

interface Rates extends Betas {
  readonly stepSize: Tensor;
  /** The root of the second bias correction. */
  readonly root2: Tensor;
  readonly eps: Tensor;
}

/** Adam, with what AdamW does otherwise left open: how weights decay. */
abstract class AdamLike extends Optimizer<AdamOptions, Rates> {
  protected abstract decay(p: Tensor, grad: Tensor, options: Live<AdamOptions>): Tensor;

  protected check(options: AdamOptions): void {
    checkAdamOptions(options);
  }
  protected initialState({ amsgrad }: AdamOptions): Readonly<Record<string, number>> {
    return { expAvg: 0, expAvgSq: 0, ...(amsgrad ? { maxExpAvgSq: 0 } : {}) };
  }
  protected rates(options: Live<AdamOptions>, step: Tensor): Rates {
    const betas = betasOf(options);
    const { beta1, beta2 } = betas;
    return {
      ...betas,
      stepSize: options.number('lr').div(pow(beta1, step).rsub(1)),
      root2: sqrt(pow(beta2, step).rsub(1)),
      eps: options.number('eps'),
    };
  }
  protected update(p: Tensor, grad: Tensor, state: ParamState, r: Rates, options: Live<AdamOptions>): void {
    const { expAvg, expAvgSq, maxExpAvgSq } = state;
    const g = options.has('weightDecay') ? this.decay(p, grad, options) : grad;
    moveMeans(state, g, r);
    if (maxExpAvgSq) maxExpAvgSq.copy_(maximum(maxExpAvgSq, expAvgSq));
    const denominator = sqrt(maxExpAvgSq ?? expAvgSq)
      .div(r.root2)
      .add(r.eps);
    p.sub_(expAvg.mul(r.stepSize).div(denominator));
  }
}

/** Weights decay through the gradient. */
export class Adam extends AdamLike {
  constructor(params: ParamsOf<AdamOptions>, options?: Partial<AdamOptions>) {
    super(params, withDefaults('Adam', defaults, options));
  }
  protected decay(p: Tensor, grad: Tensor, options: Live<AdamOptions>): Tensor {
    return decayed(p, grad, options);
  }
}

/** Weights decay by themselves, by lr * weightDecay of their size in each step. */
export class AdamW extends AdamLike {
  constructor(params: ParamsOf<AdamOptions>, options?: Partial<AdamOptions>) {
    super(params, withDefaults('AdamW', { ...defaults, weightDecay: 1e-2 }, options));
  }
  protected decay(p: Tensor, grad: Tensor, options: Live<AdamOptions>): Tensor {
    p.mul_(options.number('lr').mul(options.number('weightDecay')).rsub(1));
    return grad;
  }
}
