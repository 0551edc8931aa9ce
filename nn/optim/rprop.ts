// Rprop (Riedmiller & Braun 1993). In: gradients, of which only the signs count. Out: parameters moved by a distance of their own, which grows while
// the sign stays and shrinks when it changes.

import type { Tensor } from '../../runtime/public.ts';
import { atCaller, ValueError, maximum, minimum, where } from '../../runtime/public.ts';
import { withDefaults } from '../options.ts';
import type { Live } from './live.ts';
import { Optimizer, checkNotNegative } from './optimizer.ts';
import type { CommonOptions, FirstState, ParamState, ParamsOf } from './optimizer.ts';

/** Options of `Rprop`, as in PyTorch. */
export interface RpropOptions extends CommonOptions {
  /** The factors of a distance: when the sign changes, and when it stays. */
  etas: readonly [number, number];
  /** The smallest and the largest distance. */
  stepSizes: readonly [number, number];
  maximize: boolean;
}
const defaults: RpropOptions = { lr: 1e-2, etas: [0.5, 1.2], stepSizes: [1e-6, 50], maximize: false };

interface Rates {
  readonly lr: Tensor;
  readonly isFirst: Tensor;
  readonly shrink: Tensor;
  readonly grow: Tensor;
  readonly least: Tensor;
  readonly most: Tensor;
}

/** Steps by the sign of the gradient, for whole batches (Riedmiller & Braun 1993). `lr` is the first distance. */
export class Rprop extends Optimizer<RpropOptions, Rates> {
  constructor(params: ParamsOf<RpropOptions>, options?: Partial<RpropOptions>) {
    super(params, withDefaults('Rprop', defaults, options));
  }

  protected check({ lr, etas: [shrink, grow] }: RpropOptions): void {
    checkNotNegative('learning rate', lr);
    if (!(shrink > 0 && shrink < 1 && grow > 1))
      throw atCaller(new ValueError(`Invalid eta values: ${shrink}, ${grow}`));
  }
  protected initialState({ lr }: RpropOptions): FirstState {
    return { prev: 0, stepSize: lr };
  }
  protected rates(options: Live<RpropOptions>, step: Tensor): Rates {
    return {
      lr: options.number('lr'),
      isFirst: step.eq(1),
      shrink: options.number('etas', 0),
      grow: options.number('etas', 1),
      least: options.number('stepSizes', 0),
      most: options.number('stepSizes', 1),
    };
  }
  protected update(p: Tensor, grad: Tensor, { prev, stepSize }: ParamState, r: Rates): void {
    const of = (x: Tensor): Tensor => x.to(p.dtype);
    const agreement = grad.mul(prev);
    const turned = agreement.lt(0);
    const factor = where(turned, of(r.shrink), where(agreement.gt(0), of(r.grow), of(r.lr.mul(0).add(1))));
    // a schedule may have changed the rate since the state was made
    const size = where(r.isFirst, of(r.lr), stepSize).mul(factor);
    stepSize.copy_(minimum(maximum(size, of(r.least)), of(r.most)));
    const g = where(turned, 0, grad);
    p.sub_(g.sign().mul(stepSize));
    prev.copy_(g);
  }
}
