// SGD: gradient descent, with momentum, Nesterov's momentum, dampening and weight decay. In: gradients. Out: parameters moved against them.

import type { Tensor } from '../../runtime/public.ts';
import { atCaller, ValueError, where } from '../../runtime/public.ts';
import { withDefaults } from '../options.ts';
import type { Live } from './live.ts';
import { Optimizer, checkNotNegative, decayed } from './optimizer.ts';
import type { CommonOptions, ParamState, ParamsOf } from './optimizer.ts';

/** Options of `SGD`, as in PyTorch. */
export interface SGDOptions extends CommonOptions {
  momentum: number;
  dampening: number;
  weightDecay: number;
  nesterov: boolean;
  maximize: boolean;
}
const defaults: SGDOptions = {
  lr: 1e-3,
  momentum: 0,
  dampening: 0,
  weightDecay: 0,
  nesterov: false,
  maximize: false,
};

interface Rates {
  readonly lr: Tensor;
  readonly momentum: Tensor;
  /** The weight of the gradient in the momentum: 1 in the first step. */
  readonly share: Tensor | null;
}

/** Stochastic gradient descent, with momentum (also Nesterov's) and weight decay. */
export class SGD extends Optimizer<SGDOptions, Rates> {
  constructor(params: ParamsOf<SGDOptions>, options?: Partial<SGDOptions>) {
    super(params, withDefaults('SGD', defaults, options));
  }

  protected check({ lr, momentum, dampening, weightDecay, nesterov }: SGDOptions): void {
    checkNotNegative('learning rate', lr);
    checkNotNegative('momentum value', momentum);
    checkNotNegative('weight_decay value', weightDecay);
    if (nesterov && (momentum <= 0 || dampening !== 0))
      throw atCaller(new ValueError('Nesterov momentum requires a momentum and zero dampening'));
  }
  protected initialState(): Readonly<Record<string, number>> {
    return { momentumBuffer: 0 };
  }
  protected override countsSteps(options: Live<SGDOptions>): boolean {
    return options.has('momentum') && options.has('dampening');
  }
  protected rates(options: Live<SGDOptions>, step: Tensor): Rates {
    const damped = this.countsSteps(options);
    return {
      lr: options.number('lr'),
      momentum: options.number('momentum'),
      share: damped ? where(step.eq(1), 1, options.number('dampening').rsub(1)) : null,
    };
  }
  protected update(
    p: Tensor,
    grad: Tensor,
    { momentumBuffer }: ParamState,
    { lr, momentum, share }: Rates,
    options: Live<SGDOptions>,
  ): void {
    let g = decayed(p, grad, options);
    if (options.has('momentum')) {
      momentumBuffer.mul_(momentum).add_(share === null ? g : g.mul(share));
      g = options.has('nesterov') ? g.add(momentumBuffer.mul(momentum)) : momentumBuffer;
    }
    p.sub_(g.mul(lr));
  }
}
