// NAdam (Dozat 2016). In: gradients. Out: parameters moved as by Adam, but looking ahead as Nesterov's momentum does, with a momentum that
// grows towards beta1. The product of all momenta so far is kept for each parameter, because it has no formula in the number of steps.

import type { Tensor } from '../../runtime/public.ts';
import { pow, sqrt } from '../../runtime/public.ts';
import { withDefaults } from '../options.ts';
import { betasOf, checkAdamOptions, moveMeans } from './adamMoments.ts';
import type { Betas } from './adamMoments.ts';
import type { Live } from './live.ts';
import { Optimizer, checkNotNegative, decayed } from './optimizer.ts';
import type { CommonOptions, FirstState, ParamState, ParamsOf } from './optimizer.ts';

/** Options of `NAdam`, as in PyTorch. */
export interface NAdamOptions extends CommonOptions {
  /** How much of the two running means is kept in each step. */
  betas: readonly [number, number];
  eps: number;
  weightDecay: number;
  /** How fast the momentum grows to beta1. */
  momentumDecay: number;
}
const defaults: NAdamOptions = {
  lr: 2e-3,
  betas: [0.9, 0.999],
  eps: 1e-8,
  weightDecay: 0,
  momentumDecay: 4e-3,
};

interface Rates extends Betas {
  readonly lr: Tensor;
  readonly correction2: Tensor;
  readonly eps: Tensor;
  /** The momentum of this step and of the next. */
  readonly mu: Tensor;
  readonly muNext: Tensor;
}

/** Adam with Nesterov's momentum (Dozat 2016). */
export class NAdam extends Optimizer<NAdamOptions, Rates> {
  constructor(params: ParamsOf<NAdamOptions>, options?: Partial<NAdamOptions>) {
    super(params, withDefaults('NAdam', defaults, options));
  }

  protected check(options: NAdamOptions): void {
    checkAdamOptions(options);
    checkNotNegative('momentum_decay value', options.momentumDecay);
  }
  protected initialState(): FirstState {
    return { expAvg: 0, expAvgSq: 0, muProduct: { scalar: 1 } };
  }
  protected rates(options: Live<NAdamOptions>, step: Tensor): Rates {
    const betas = betasOf(options);
    const { beta1, beta2 } = betas;
    const momentum = (at: Tensor): Tensor =>
      beta1.mul(
        pow(0.96, at.mul(options.number('momentumDecay')))
          .mul(0.5)
          .rsub(1),
      );
    return {
      ...betas,
      lr: options.number('lr'),
      correction2: pow(beta2, step).rsub(1),
      eps: options.number('eps'),
      mu: momentum(step),
      muNext: momentum(step.add(1)),
    };
  }
  protected update(p: Tensor, grad: Tensor, state: ParamState, r: Rates, options: Live<NAdamOptions>): void {
    const { expAvg, expAvgSq, muProduct } = state;
    const g = decayed(p, grad, options);
    // the products are of float32, and this momentum is in the next one twice: both as in PyTorch 1.13
    const mu = r.mu.to('float32');
    muProduct.mul_(mu);
    const next = muProduct.mul(mu).mul(r.muNext.to('float32')).to('float64');
    moveMeans(state, g, r);
    const denominator = sqrt(expAvgSq.div(r.correction2)).add(r.eps);
    const ofGrad = r.lr.mul(r.mu.rsub(1)).div(muProduct.to('float64').rsub(1));
    const ofMean = r.lr.mul(r.muNext).div(next.rsub(1));
    p.sub_(g.mul(ofGrad).div(denominator)).sub_(expAvg.mul(ofMean).div(denominator));
  }
}
