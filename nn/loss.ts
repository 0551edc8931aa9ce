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

/** (x, target) => (x - target) ** 2 */
export class MSELoss extends ofTwo(mseLoss, mean) {}
/** (x, target) => |x - target| */
export class L1Loss extends ofTwo(l1Loss, mean) {}
/** (x, target) => a parabola for differences below beta, beyond it |x - target| - beta / 2. */
export class SmoothL1Loss extends ofTwo(smoothL1Loss, { ...mean, beta: 1 }) {}
/** (x, target) => delta times SmoothL1Loss with beta = delta. */
export class HuberLoss extends ofTwo(huberLoss, { ...mean, delta: 1 }) {}
/** (log-probabilities, target) => target * (log(target) - x) */
export class KLDivLoss extends ofTwo(klDiv, { ...mean, logTarget: false }) {}
/** (logarithm of the rate, counts) => their Poisson loss. */
export class PoissonNLLLoss extends ofTwo(poissonNllLoss, {
  ...mean,
  logInput: true,
  full: false,
  eps: 1e-8,
}) {}
/** (log-probabilities, classes) => minus the log-probability of the class. */
export class NLLLoss extends ofTwo(nllLoss, { ...weighted, ignoreIndex: -100 }) {}
/** (scores, classes or probabilities) => NLLLoss of their logSoftmax. */
export class CrossEntropyLoss extends ofTwo(crossEntropy, {
  ...weighted,
  ignoreIndex: -100,
  labelSmoothing: 0,
}) {}
/** (probabilities, targets) => binary cross-entropy. */
export class BCELoss extends ofTwo(binaryCrossEntropy, weighted) {}
/** (scores, targets) => binary cross-entropy of their sigmoid, without overflow. */
export class BCEWithLogitsLoss extends ofTwo(binaryCrossEntropyWithLogits, {
  ...weighted,
  posWeight: null,
}) {}
/** (x, 1 or -1) => log(1 + exp(-target * x)) */
export class SoftMarginLoss extends ofTwo(softMarginLoss, mean) {}
/** (distances, 1 or -1) => x, or max(0, margin - x). */
export class HingeEmbeddingLoss extends ofTwo(hingeEmbeddingLoss, { ...mean, margin: 1 }) {}
/** (scores, classes) => max(0, margin - x[class] + x[other]) ** p over the others. */
export class MultiMarginLoss extends ofTwo(multiMarginLoss, { ...weighted, p: 1, margin: 1 }) {}
/** (scores, lists of classes) => hinges between what is wanted and what is not. */
export class MultiLabelMarginLoss extends ofTwo(multilabelMarginLoss, mean) {}
/** (scores, 0 or 1 per class) => binary cross-entropy, averaged over classes. */
export class MultiLabelSoftMarginLoss extends ofTwo(multilabelSoftMarginLoss, weighted) {}
/** (x, y, 1 or -1) => max(0, -target * (x - y) + margin) */
export class MarginRankingLoss extends ofThree(marginRankingLoss, { ...mean, margin: 0 }) {}
/** (x, y, 1 or -1) => 1 - cos(x, y), or max(0, cos(x, y) - margin). */
export class CosineEmbeddingLoss extends ofThree(cosineEmbeddingLoss, { ...mean, margin: 0 }) {}
/** (mean, target, variance) => their Gaussian loss. */
export class GaussianNLLLoss extends ofThree(gaussianNllLoss, { ...mean, full: false, eps: 1e-6 }) {}
/** (anchor, positive, negative) => max(0, d(anchor, positive) - d(anchor, negative) + margin) */
export class TripletMarginLoss extends ofThree(tripletMarginLoss, {
  ...mean,
  margin: 1,
  p: 2,
  eps: 1e-6,
  swap: false,
}) {}
