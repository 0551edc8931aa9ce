// Adagrad (Duchi et al. 2011). In: gradients. Out: parameters moved by the gradients over the root of the sum of all their squares.

import type { Tensor } from '../../runtime/public.ts';
import { sqrt } from '../../runtime/public.ts';
import { withDefaults } from '../options.ts';
import type { Live } from './live.ts';
import { Optimizer, checkNotNegative, decayed } from './optimizer.ts';
import type { CommonOptions, ParamState, ParamsOf } from './optimizer.ts';

/** Options of `Adagrad`, as in PyTorch. */
export interface AdagradOptions extends CommonOptions {
  lrDecay: number;
  weightDecay: number;
  /** The sum of squares to begin with. */
  initialAccumulatorValue: number;
  eps: number;
  maximize: boolean;
}
const defaults: AdagradOptions = {
  lr: 1e-2,
  lrDecay: 0,
  weightDecay: 0,
  initialAccumulatorValue: 0,
  eps: 1e-10,
  maximize: false,
};

interface Rates {
  readonly lr: Tensor;
  readonly eps: Tensor;
}

/** Steps divided by the root of the sum of squared gradients (Duchi, Hazan & Singer, 2011). */
export class Adagrad extends Optimizer<AdagradOptions, Rates> {
  constructor(params: ParamsOf<AdagradOptions>, options?: Partial<AdagradOptions>) {
    super(params, withDefaults('Adagrad', defaults, options));
  }

  protected check({ lr, lrDecay, weightDecay, initialAccumulatorValue, eps }: AdagradOptions): void {
    checkNotNegative('learning rate', lr);
    checkNotNegative('lr_decay value', lrDecay);
    checkNotNegative('weight_decay value', weightDecay);
    checkNotNegative('initial_accumulator_value value', initialAccumulatorValue);
    checkNotNegative('epsilon value', eps);
  }
  protected initialState({ initialAccumulatorValue }: AdagradOptions): Readonly<Record<string, number>> {
    return { sum: initialAccumulatorValue };
  }
  protected override countsSteps(options: Live<AdagradOptions>): boolean {
    return options.has('lrDecay');
  }
  protected rates(options: Live<AdagradOptions>, step: Tensor): Rates {
    const lr = options.number('lr');
    const decayed = (): Tensor => lr.div(step.sub(1).mul(options.number('lrDecay')).add(1));
    return { lr: this.countsSteps(options) ? decayed() : lr, eps: options.number('eps') };
  }
  protected update(
    p: Tensor,
    grad: Tensor,
    { sum }: ParamState,
    r: Rates,
    options: Live<AdagradOptions>,
  ): void {
    const g = decayed(p, grad, options);
    sum.add_(g.mul(g));
    p.sub_(g.mul(r.lr).div(sqrt(sum).add(r.eps)));
  }
}
