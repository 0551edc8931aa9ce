// ASGD (Polyak & Juditsky 1992). In: gradients. Out: parameters moved against them by a rate that falls with the steps; and in the state,
// as `ax`, the average of the parameters since step t0.

import type { Tensor } from '../../runtime/public.ts';
import { clampMin, pow, where } from '../../runtime/public.ts';
import { withDefaults } from '../options.ts';
import type { Live } from './live.ts';
import { Optimizer, checkNotNegative, decayed } from './optimizer.ts';
import type { CommonOptions, FirstState, ParamState, ParamsOf } from './optimizer.ts';

/** Options of `ASGD`, as in PyTorch. */
export interface ASGDOptions extends CommonOptions {
  /** How fast parameters decay, and with them the rate. */
  lambd: number;
  /** The power by which the rate falls. */
  alpha: number;
  /** The step at which averaging starts. */
  t0: number;
  weightDecay: number;
  maximize: boolean;
}
const defaults: ASGDOptions = {
  lr: 1e-2,
  lambd: 1e-4,
  alpha: 0.75,
  t0: 1e6,
  weightDecay: 0,
  maximize: false,
};

interface Rates {
  readonly lr: Tensor;
  readonly lambd: Tensor;
  readonly isFirst: Tensor;
  readonly nextEta: Tensor;
  readonly nextMu: Tensor;
}

/** Gradient descent that averages where it has been (Polyak & Juditsky 1992): `optimizer.state.get(p).ax` is the average. */
export class ASGD extends Optimizer<ASGDOptions, Rates> {
  constructor(params: ParamsOf<ASGDOptions>, options?: Partial<ASGDOptions>) {
    super(params, withDefaults('ASGD', defaults, options));
  }

  protected check({ lr, weightDecay }: ASGDOptions): void {
    checkNotNegative('learning rate', lr);
    checkNotNegative('weight_decay value', weightDecay);
  }
  protected initialState({ lr }: ASGDOptions): FirstState {
    return { ax: 0, eta: { scalar: lr }, mu: { scalar: 1 } };
  }
  protected rates(options: Live<ASGDOptions>, step: Tensor): Rates {
    const [lr, lambd] = [options.number('lr'), options.number('lambd')];
    return {
      lr,
      lambd,
      isFirst: step.eq(1),
      nextEta: lr.div(pow(lambd.mul(lr).mul(step).add(1), options.number('alpha'))),
      nextMu: clampMin(step.sub(options.number('t0')), 1).reciprocal(),
    };
  }
  protected update(
    p: Tensor,
    grad: Tensor,
    { ax, eta, mu }: ParamState,
    r: Rates,
    options: Live<ASGDOptions>,
  ): void {
    const g = decayed(p, grad, options);
    // a schedule may have changed the rate since the state was made
    const rate = where(r.isFirst, r.lr.to('float32'), eta).to('float64');
    p.mul_(r.lambd.mul(rate).rsub(1)).sub_(g.mul(rate));
    ax.copy_(where(mu.ne(1), ax.add(p.sub(ax).mul(mu)), p));
    eta.copy_(r.nextEta);
    mu.copy_(r.nextMu);
  }
}
