// Losses as modules. In: a prediction and a target. Out: how far apart they are. Each is one line: the function of nn.functional and its
// options.

import {
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  cosineEmbeddingLoss,
  crossEntropy,
  gaussianNllLoss,
  hingeEmbeddingLoss,
  huberLoss,
  klDiv,
  l1Loss,
  marginRankingLoss,
  mseLoss,
  multiMarginLoss,
  multilabelMarginLoss,
  multilabelSoftMarginLoss,
  nllLoss,
  poissonNllLoss,
  smoothL1Loss,
  softMarginLoss,
  tripletMarginLoss,
} from '../runtime/public.ts';
import type { Tensor } from '../runtime/public.ts';
import { layerOf } from './functionLayer.ts';
import type { FunctionClass } from './functionLayer.ts';

type Two = [input: Tensor, target: Tensor];
type Three = [first: Tensor, second: Tensor, third: Tensor];

/** The type of a loss function's options. */
type OptionsOf<F> = F extends (...args: infer A) => unknown ? NonNullable<Last<A>> & object : never;
type Last<A extends readonly unknown[]> = Required<A> extends readonly [...unknown[], infer L] ? L : never;

type LossClass<I extends readonly Tensor[], F> = FunctionClass<I, Required<OptionsOf<F>>>;

/** A class for a loss of a prediction and a target. */
const ofTwo = <F extends (input: Tensor, target: Tensor, options?: never) => Tensor>(
  fn: F,
  defaults: Required<OptionsOf<F>>,
): LossClass<Two, F> => layerOf<Two, object>(fn as never, defaults) as LossClass<Two, F>;

/** A class for a loss of three tensors. */
const ofThree = <F extends (first: Tensor, second: Tensor, third: Tensor, options?: never) => Tensor>(
  fn: F,
  defaults: Required<OptionsOf<F>>,
): LossClass<Three, F> => layerOf<Three, object>(fn as never, defaults) as LossClass<Three, F>;

const mean = { reduction: 'mean' } as const;
const weighted = { ...mean, weight: null } as const;

export class MSELoss extends ofTwo(mseLoss, mean) {}
export class L1Loss extends ofTwo(l1Loss, mean) {}
export class SmoothL1Loss extends ofTwo(smoothL1Loss, { ...mean, beta: 1 }) {}
export class HuberLoss extends ofTwo(huberLoss, { ...mean, delta: 1 }) {}
export class KLDivLoss extends ofTwo(klDiv, { ...mean, logTarget: false }) {}
export class PoissonNLLLoss extends ofTwo(poissonNllLoss, {
  ...mean,
  logInput: true,
  full: false,
  eps: 1e-8,
}) {}
export class NLLLoss extends ofTwo(nllLoss, { ...weighted, ignoreIndex: -100 }) {}
export class CrossEntropyLoss extends ofTwo(crossEntropy, {
  ...weighted,
  ignoreIndex: -100,
  labelSmoothing: 0,
}) {}
export class BCELoss extends ofTwo(binaryCrossEntropy, weighted) {}
export class BCEWithLogitsLoss extends ofTwo(binaryCrossEntropyWithLogits, {
  ...weighted,
  posWeight: null,
}) {}
export class SoftMarginLoss extends ofTwo(softMarginLoss, mean) {}
export class HingeEmbeddingLoss extends ofTwo(hingeEmbeddingLoss, { ...mean, margin: 1 }) {}
export class MultiMarginLoss extends ofTwo(multiMarginLoss, { ...weighted, p: 1, margin: 1 }) {}
export class MultiLabelMarginLoss extends ofTwo(multilabelMarginLoss, mean) {}
export class MultiLabelSoftMarginLoss extends ofTwo(multilabelSoftMarginLoss, weighted) {}
export class MarginRankingLoss extends ofThree(marginRankingLoss, { ...mean, margin: 0 }) {}
export class CosineEmbeddingLoss extends ofThree(cosineEmbeddingLoss, { ...mean, margin: 0 }) {}
export class GaussianNLLLoss extends ofThree(gaussianNllLoss, { ...mean, full: false, eps: 1e-6 }) {}
export class TripletMarginLoss extends ofThree(tripletMarginLoss, {
  ...mean,
  margin: 1,
  p: 2,
  eps: 1e-6,
  swap: false,
}) {}
