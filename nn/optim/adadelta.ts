// Adadelta (Zeiler 2012). In: gradients. Out: parameters moved by the gradients times the size of earlier moves over the size of earlier
// gradients, both roots of running means of squares.

import type { Tensor } from '../../runtime/public.ts';
import { atCaller, ValueError, sqrt } from '../../runtime/public.ts';
import { withDefaults } from '../options.ts';
import type { Live } from './live.ts';
import { Optimizer, checkNotNegative, decayed } from './optimizer.ts';
import type { CommonOptions, FirstState, ParamState, ParamsOf } from './optimizer.ts';

/** Options of `Adadelta`, as in PyTorch. */
export interface AdadeltaOptions extends CommonOptions {
  /** How much of the running means is kept in each step. */
  rho: number;
  eps: number;
  weightDecay: number;
  maximize: boolean;
}
const defaults: AdadeltaOptions = { lr: 1, rho: 0.9, eps: 1e-6, weightDecay: 0, maximize: false };

interface Rates {
  readonly lr: Tensor;
  readonly rho: Tensor;
  readonly rest: Tensor;
  readonly eps: Tensor;
}

/** Steps in the units of the parameters: the root of the mean square of earlier steps over that of the gradients (Zeiler 2012). */
export class Adadelta extends Optimizer<AdadeltaOptions, Rates> {
  constructor(params: ParamsOf<AdadeltaOptions>, options?: Partial<AdadeltaOptions>) {
    super(params, withDefaults('Adadelta', defaults, options));
  }

  protected check({ lr, rho, eps, weightDecay }: AdadeltaOptions): void {
    checkNotNegative('learning rate', lr);
    if (!(rho >= 0 && rho <= 1)) throw atCaller(new ValueError(`Invalid rho value: ${rho}`));
    checkNotNegative('epsilon value', eps);
    checkNotNegative('weight_decay value', weightDecay);
  }
  protected initialState(): FirstState {
    return { squareAvg: 0, accDelta: 0 };
  }
  protected override countsSteps(): boolean {
    return false;
  }
  protected rates(options: Live<AdadeltaOptions>): Rates {
    const rho = options.number('rho');
    return { lr: options.number('lr'), rho, rest: rho.rsub(1), eps: options.number('eps') };
  }
  protected update(
    p: Tensor,
    grad: Tensor,
    { squareAvg, accDelta }: ParamState,
    r: Rates,
    options: Live<AdadeltaOptions>,
  ): void {
    const g = decayed(p, grad, options);
    squareAvg.mul_(r.rho).add_(g.mul(r.rest).mul(g));
    const delta = sqrt(accDelta.add(r.eps))
      .div(sqrt(squareAvg.add(r.eps)))
      .mul(g);
    accDelta.mul_(r.rho).add_(delta.mul(r.rest).mul(delta));
    p.sub_(delta.mul(r.lr));
  }
}
