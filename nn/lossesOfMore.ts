// Losses of more than tensors: CTCLoss takes lengths, TripletMarginWithDistanceLoss a function. In: as each says. Out: a number, or one per example.

import { ctcLoss, relu } from '../runtime/public.ts';
import type { Tensor } from '../runtime/public.ts';
import { PairwiseDistance } from './activation.ts';
import { Module } from './module.ts';
import { withDefaults } from './options.ts';

type Reduction = 'none' | 'mean' | 'sum';
type Lengths = Parameters<typeof ctcLoss>[2];

/** Options of `CTCLoss`, as in PyTorch. */
export interface CTCLossOptions {
  /** The class that stands for no label. */
  readonly blank?: number;
  readonly reduction?: Reduction;
  /** Infinite losses, of targets that are too long for their steps, count as 0. */
  readonly zeroInfinity?: boolean;
}
const ctcDefaults: Required<CTCLossOptions> = { blank: 0, reduction: 'mean', zeroInfinity: false };

/** (logProbs [steps, n, classes], targets, inputLengths, targetLengths) => minus the log-probability of the targets (Graves et al., 2006). */
export class CTCLoss extends Module {
  readonly options: Required<CTCLossOptions>;

  constructor(options?: CTCLossOptions) {
    super();
    this.options = withDefaults('CTCLoss', ctcDefaults, options);
  }
  forward(logProbs: Tensor, targets: Tensor, inputLengths: Lengths, targetLengths: Lengths): Tensor {
    return ctcLoss(logProbs, targets, inputLengths, targetLengths, this.options);
  }
}

type Distance = (x: Tensor, y: Tensor) => Tensor;

/** Options of `TripletMarginWithDistanceLoss`, as in PyTorch. */
export interface TripletMarginWithDistanceLossOptions {
  /** A function or a module of two tensors; `PairwiseDistance` if absent. */
  readonly distanceFunction?: Distance | null;
  readonly margin?: number;
  /** The negative is compared with the nearer of anchor and positive. */
  readonly swap?: boolean;
  readonly reduction?: Reduction;
}
const tripletDefaults: Required<TripletMarginWithDistanceLossOptions> = {
  distanceFunction: null,
  margin: 1,
  swap: false,
  reduction: 'mean',
};

/** (anchor, positive, negative) => max(0, d(anchor, positive) - d(anchor, negative) + margin) for any distance d. */
export class TripletMarginWithDistanceLoss extends Module {
  readonly distanceFunction: Distance;
  readonly margin: number;
  readonly swap: boolean;
  readonly reduction: Reduction;

  constructor(options?: TripletMarginWithDistanceLossOptions) {
    super();
    const all = withDefaults('TripletMarginWithDistanceLoss', tripletDefaults, options);
    this.distanceFunction = all.distanceFunction ?? new PairwiseDistance();
    this.margin = all.margin;
    this.swap = all.swap;
    this.reduction = all.reduction;
  }
  forward(anchor: Tensor, positive: Tensor, negative: Tensor): Tensor {
    const between = this.distanceFunction;
    const away = between(anchor, negative);
    const apart = this.swap ? away.minimum(between(positive, negative)) : away;
    const losses = relu(between(anchor, positive).sub(apart).add(this.margin));
    return this.reduction === 'none' ? losses : this.reduction === 'sum' ? losses.sum() : losses.mean();
  }
}
