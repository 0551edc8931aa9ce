// Normalisation with running moments: BatchNorm and InstanceNorm. In: activations [n, channels, ...]. Out: the same, centred and scaled per
// channel. The running moments are updated in place in training; evaluation may use them.

import {
  atCaller,
  ShapeError,
  batchNorm,
  batchNormStats,
  instanceNorm,
  noGrad,
  ones,
  tensor,
  zeros,
} from '../runtime/public.ts';
import type { Parameter, Tensor } from '../runtime/public.ts';
import { ones_, zeros_ } from './init.ts';
import { Module } from './module.ts';
import { withDefaults } from './options.ts';
import { parameter } from './parameter.ts';
import type { FloatDType } from './parameter.ts';
import { bool, float } from './python.ts';

/** Options of `BatchNorm1d` and its relatives, as in PyTorch. */
export interface RunningNormOptions {
  readonly eps?: number;
  /** The weight of the newest batch in the running moments; null: the plain average of all batches. */
  readonly momentum?: number | null;
  /** Weight and bias per channel. */
  readonly affine?: boolean;
  readonly trackRunningStats?: boolean;
  readonly dtype?: FloatDType;
}

/** What normalises per channel with running moments. */
abstract class RunningNorm extends Module {
  readonly numFeatures: number;
  readonly eps: number;
  readonly momentum: number | null;
  readonly trackRunningStats: boolean;
  weight: Parameter | null;
  bias: Parameter | null;
  runningMean: Tensor | null = null;
  runningVar: Tensor | null = null;
  numBatchesTracked: Tensor | null = null;

  protected constructor(numFeatures: number, options: Required<RunningNormOptions>) {
    super();
    const { eps, momentum, affine, trackRunningStats, dtype } = options;
    this.numFeatures = numFeatures;
    this.eps = eps;
    this.momentum = momentum;
    this.trackRunningStats = trackRunningStats;
    this.weight = affine ? parameter([numFeatures], dtype, ones_) : null;
    this.bias = affine ? parameter([numFeatures], dtype, zeros_) : null;
    if (!trackRunningStats) return;
    this.runningMean = this.registerBuffer('runningMean', zeros([numFeatures], { dtype }));
    this.runningVar = this.registerBuffer('runningVar', ones([numFeatures], { dtype }));
    this.numBatchesTracked = this.registerBuffer('numBatchesTracked', tensor(0, { dtype: 'int32' }));
  }

  /** Counts a batch, and gives its weight in the running moments. */
  protected countBatch(): number | Tensor {
    const { numBatchesTracked, momentum, runningMean } = this;
    noGrad(() => numBatchesTracked!.add_(1));
    return momentum ?? noGrad(() => numBatchesTracked!.to(runningMean!.dtype).reciprocal());
  }

  /** Moves the running moments towards those of a batch; `rate` is how far. */
  protected track(mean: Tensor, variance: Tensor, rate: number | Tensor): void {
    const { runningMean, runningVar } = this;
    noGrad(() => {
      runningMean!.lerp_(mean, rate);
      runningVar!.lerp_(variance, rate);
    });
  }

  override extraRepr(): string {
    const { numFeatures, eps, momentum, weight, trackRunningStats } = this;
    return (
      `${numFeatures}, eps=${float(eps)}, momentum=${momentum === null ? 'None' : float(momentum)}, ` +
      `affine=${bool(weight !== null)}, track_running_stats=${bool(trackRunningStats)}`
    );
  }
}

const batchDefaults: Required<RunningNormOptions> = {
  eps: 1e-5,
  momentum: 0.1,
  affine: true,
  trackRunningStats: true,
  dtype: 'float32',
};

/** Throws unless the rank is one of those given. */
function checkRank(x: Tensor, ranks: readonly number[]): void {
  if (ranks.includes(x.ndim)) return;
  throw atCaller(
    new ShapeError(`expected ${ranks.map((n) => `${n}D`).join(' or ')} input (got ${x.ndim}D input)`),
  );
}

abstract class BatchNorm extends RunningNorm {
  readonly ranks: readonly number[];

  constructor(ranks: readonly number[], numFeatures: number, options?: RunningNormOptions) {
    super(numFeatures, withDefaults('BatchNorm', batchDefaults, options));
    this.ranks = ranks;
  }

  forward(x: Tensor): Tensor {
    checkRank(x, this.ranks);
    const { training, runningMean, runningVar, weight, bias, eps } = this;
    const byBatch = training || runningMean === null;
    const y = batchNorm(x, runningMean, runningVar, { weight, bias, eps, training: byBatch });
    if (training && runningMean !== null) {
      const { mean, variance } = noGrad(() => batchNormStats(x));
      this.track(mean, variance, this.countBatch());
    }
    return y;
  }
}

/** Over [n, c] or [n, c, l], per channel. */
export class BatchNorm1d extends BatchNorm {
  constructor(numFeatures: number, options?: RunningNormOptions) {
    super([2, 3], numFeatures, options);
  }
}
/** Over [n, c, h, w], per channel. */
export class BatchNorm2d extends BatchNorm {
  constructor(numFeatures: number, options?: RunningNormOptions) {
    super([4], numFeatures, options);
  }
}
/** Over [n, c, d, h, w], per channel. */
export class BatchNorm3d extends BatchNorm {
  constructor(numFeatures: number, options?: RunningNormOptions) {
    super([5], numFeatures, options);
  }
}

const instanceDefaults: Required<RunningNormOptions> = {
  ...batchDefaults,
  affine: false,
  trackRunningStats: false,
};

abstract class InstanceNorm extends RunningNorm {
  readonly spatial: number;

  constructor(spatial: number, numFeatures: number, options?: RunningNormOptions) {
    super(numFeatures, withDefaults('InstanceNorm', instanceDefaults, options));
    this.spatial = spatial;
  }

  forward(x: Tensor): Tensor {
    checkRank(x, [this.spatial + 1, this.spatial + 2]);
    if (x.ndim === this.spatial + 1) return this.forward(x.unsqueeze(0)).squeeze(0);
    const { training, runningMean, runningVar, weight, bias, eps, momentum } = this;
    const useInputStats = training || runningMean === null;
    const y = instanceNorm(x, { runningMean, runningVar, weight, bias, eps, useInputStats });
    if (training && runningMean !== null) {
      const [mean, variance] = noGrad(() => {
        const rows = x.flatten(2);
        return [rows.mean(-1).mean(0), rows.var(-1).mean(0)];
      });
      // PyTorch does not count the batches here
      this.track(mean, variance, momentum ?? 0);
    }
    return y;
  }
}

/** Over [n, c, l] or [c, l], per example and channel. */
export class InstanceNorm1d extends InstanceNorm {
  constructor(numFeatures: number, options?: RunningNormOptions) {
    super(1, numFeatures, options);
  }
}
/** Over [n, c, h, w] or [c, h, w], per example and channel. */
export class InstanceNorm2d extends InstanceNorm {
  constructor(numFeatures: number, options?: RunningNormOptions) {
    super(2, numFeatures, options);
  }
}
/** Over [n, c, d, h, w] or [c, d, h, w], per example and channel. */
export class InstanceNorm3d extends InstanceNorm {
  constructor(numFeatures: number, options?: RunningNormOptions) {
    super(3, numFeatures, options);
  }
}
