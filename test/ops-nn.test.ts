// The functions of neural networks, held against PyTorch's answers.

import type { Node } from '../compiler/node.ts';
import { cdist, cosineSimilarity, normalize } from '../ops/distance.ts';
import { binaryCrossEntropy, binaryCrossEntropyWithLogits } from '../ops/loss-binary.ts';
import { crossEntropy, nllLoss } from '../ops/loss-class.ts';
import { hingeEmbeddingLoss, marginRankingLoss, softMarginLoss, tripletMarginLoss } from '../ops/loss-margin.ts';
import { gaussianNllLoss, huberLoss, klDiv, l1Loss, mseLoss, poissonNllLoss, smoothL1Loss } from '../ops/loss.ts';
import type { LossOptions } from '../ops/loss.ts';
import { batchNorm, instanceNorm } from '../ops/norm-batch.ts';
import { groupNorm, layerNorm } from '../ops/norm.ts';
import { adaptiveAvgPool2d } from '../ops/pool-adaptive.ts';
import { avgPool1d, avgPool2d, maxPool1d, maxPool2d } from '../ops/pool.ts';
import { glu, logSoftmax, logsumexp, softmax, softmin } from '../ops/softmax.ts';
import { testOpCases } from './helpers/opCases.ts';
import type { Call } from './helpers/opCases.ts';

interface PoolCase {
  readonly kernel_size: number;
  readonly stride?: number;
  readonly padding?: number;
}

/** A loss of prediction and target, wherever the target comes from. */
const loss =
  (f: (x: Node, target: Node, options: LossOptions) => Node): Call =>
  ([x, y], { reduction }: LossOptions, { target }) =>
    f(x, target ?? y, { reduction });

testOpCases({
  softmax: ([x], { dim }: { dim: number }) => softmax(x, dim),
  log_softmax: ([x], { dim }: { dim: number }) => logSoftmax(x, dim),
  softmin: ([x], { dim }: { dim: number }) => softmin(x, dim),
  logsumexp: ([x], { dim, keepdim }: { dim?: number; keepdim?: boolean }) => logsumexp(x, dim, keepdim),
  glu: ([x], { dim }: { dim: number }) => glu(x, dim),
  max_pool1d: ([x], { kernel_size, ...options }: PoolCase) => maxPool1d(x, kernel_size, options),
  max_pool2d: ([x], { kernel_size, ...options }: PoolCase) => maxPool2d(x, kernel_size, options),
  avg_pool1d: ([x], { kernel_size, ...options }: PoolCase) => avgPool1d(x, kernel_size, options),
  avg_pool2d: ([x], { kernel_size, ...options }: PoolCase) => avgPool2d(x, kernel_size, options),
  adaptive_avg_pool2d: ([x], { output_size }: { output_size: number[] }) => adaptiveAvgPool2d(x, output_size),
  layer_norm: ([x, weight, bias], { normalized_shape, eps }: { normalized_shape: number[]; eps: number }) =>
    layerNorm(x, normalized_shape, { weight, bias, eps }),
  batch_norm_train: ([x, weight, bias], { eps }: { eps: number }) =>
    batchNorm(x, null, null, { weight, bias, eps, training: true }),
  group_norm: ([x, weight, bias], { num_groups, eps }: { num_groups: number; eps: number }) =>
    groupNorm(x, num_groups, { weight, bias, eps }),
  instance_norm: ([x], { eps }: { eps: number }) => instanceNorm(x, { eps }),
  normalize: ([x], { p, dim }: { p: number; dim: number }) => normalize(x, { p, dim }),
  cosine_similarity: ([a, b], { dim }: { dim: number }) => cosineSimilarity(a, b, { dim }),
  cdist: ([a, b]) => cdist(a, b),
  mse_loss: loss(mseLoss),
  l1_loss: loss(l1Loss),
  smooth_l1_loss: loss(smoothL1Loss),
  huber_loss: loss(huberLoss),
  nll_loss: loss(nllLoss),
  cross_entropy: (
    [x],
    { reduction, label_smoothing, ignore_index }: LossOptions & { label_smoothing?: number; ignore_index?: number },
    { target },
  ) => crossEntropy(x, target, { reduction, labelSmoothing: label_smoothing, ignoreIndex: ignore_index }),
  cross_entropy_prob: loss(crossEntropy),
  binary_cross_entropy: loss(binaryCrossEntropy),
  binary_cross_entropy_with_logits: loss(binaryCrossEntropyWithLogits),
  kl_div: loss(klDiv),
  poisson_nll_loss: loss(poissonNllLoss),
  margin_ranking_loss: ([a, b], { margin }: { margin: number }, { target }) => marginRankingLoss(a, b, target, { margin }),
  hinge_embedding_loss: loss(hingeEmbeddingLoss),
  soft_margin_loss: loss(softMarginLoss),
  triplet_margin_loss: ([a, p, n], { margin }: { margin: number }) => tripletMarginLoss(a, p, n, { margin }),
  gaussian_nll_loss: ([x, v], { eps }: { eps: number }, { target }) => gaussianNllLoss(x, target, v, { eps }),
});
