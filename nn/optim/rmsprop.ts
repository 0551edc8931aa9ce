// RMSprop (Hinton 2012). In: gradients. Out: parameters moved by the gradients over the root of the running mean of their squares.

import type { Tensor } from '../../runtime/public.ts';
import { sqrt } from '../../runtime/public.ts';
import { withDefaults } from '../options.ts';
import type { Live } from './live.ts';
import { Optimizer, checkNotNegative, decayed } from './optimizer.ts';
import type { CommonOptions, ParamState, ParamsOf } from './optimizer.ts';

/** Options of `RMSprop`, as in PyTorch. */
export interface RMSpropOptions extends CommonOptions {
  /** How much of the running means is kept in each step. */
  alpha: number;
  eps: number;
  weightDecay: number;
  momentum: number;
  /** Divide by the root of the variance: the mean of the gradients is taken off. */
  centered: boolean;
  maximize: boolean;
}
const defaults: RMSpropOptions = {
  lr: 1e-2,
  alpha: 0.99,
  eps: 1e-8,
  weightDecay: 0,
  momentum: 0,
  centered: false,
  maximize: false,
};

interface Rates {
  readonly lr: Tensor;
  readonly alpha: Tensor;
  readonly rest: Tensor;
  readonly eps: Tensor;
  readonly momentum: Tensor;
}

/** Steps divided by the root of a running average of squared gradients (Hinton, lecture 6e). */
export class RMSprop extends Optimizer<RMSpropOptions, Rates> {
  constructor(params: ParamsOf<RMSpropOptions>, options?: Partial<RMSpropOptions>) {
    super(params, withDefaults('RMSprop', defaults, options));
  }

  protected check({ lr, eps, momentum, weightDecay, alpha }: RMSpropOptions): void {
    checkNotNegative('learning rate', lr);
    checkNotNegative('epsilon value', eps);
    checkNotNegative('momentum value', momentum);
    checkNotNegative('weight_decay value', weightDecay);
    checkNotNegative('alpha value', alpha);
  }
  protected initialState(): Readonly<Record<string, number>> {
    return { squareAvg: 0, gradAvg: 0, momentumBuffer: 0 };
  }
  protected override countsSteps(): boolean {
    return false;
  }
  protected rates(options: Live<RMSpropOptions>): Rates {
    const alpha = options.number('alpha');
    return {
      lr: options.number('lr'),
      alpha,
      rest: alpha.rsub(1),
      eps: options.number('eps'),
      momentum: options.number('momentum'),
    };
  }
  protected update(
    p: Tensor,
    grad: Tensor,
    state: ParamState,
    r: Rates,
    options: Live<RMSpropOptions>,
  ): void {
    const { squareAvg, gradAvg, momentumBuffer } = state;
    const g = decayed(p, grad, options);
    squareAvg.mul_(r.alpha).add_(g.mul(r.rest).mul(g));
    let spread = squareAvg;
    if (options.has('centered')) {
      gradAvg.mul_(r.alpha).add_(g.mul(r.rest));
      spread = squareAvg.sub(gradAvg.mul(gradAvg));
    }
    const size = sqrt(spread).add(r.eps);
    if (options.has('momentum')) {
      momentumBuffer.mul_(r.momentum).add_(g.div(size));
      p.sub_(momentumBuffer.mul(r.lr));
    } else p.sub_(g.mul(r.lr).div(size));
  }
}
