// Section 2, layers of networks and losses that op-cases.json does not have. In: nothing. Out: rows.

import * as g from '../../../index.ts';
import type { Tensor } from '../../../index.ts';
import { apart, at, int, ints, of, positive } from './row.ts';
import type { Row } from './row.ts';

export const layers: readonly Row[] = [
  {
    name: 'conv3d',
    call: (x, w, b) => g.conv3d(x, w, b, { padding: 1, stride: 2 }),
    inputs: [of([1, 1, 2, 3, 2]), of([2, 1, 2, 2, 2], 4), of([2], 5)],
  },
  {
    name: 'conv_transpose1d',
    call: (x, w, b) => g.convTranspose1d(x, w, b, { stride: 2, padding: 1, outputPadding: 1 }),
    inputs: [of([1, 2, 3]), of([2, 1, 3], 4), of([1], 5)],
  },
  {
    name: 'conv_transpose3d',
    call: (x, w) => g.convTranspose3d(x, w),
    inputs: [of([1, 1, 2, 2, 1]), of([1, 2, 1, 2, 2], 4)],
  },
  { name: 'max_pool3d', call: (x) => g.maxPool3d(x.exp(), 2), inputs: [apart([1, 1, 2, 4, 2])] },
  { name: 'avg_pool3d', call: (x) => g.avgPool3d(x, 2).square(), inputs: [of([1, 1, 2, 4, 2])] },
  { name: 'adaptive_avg_pool1d', call: (x) => g.adaptiveAvgPool1d(x, 3).square(), inputs: [of([1, 2, 5])] },
  {
    name: 'adaptive_avg_pool3d',
    call: (x) => g.adaptiveAvgPool3d(x, [1, 2, 2]).square(),
    inputs: [of([1, 1, 2, 3, 2])],
  },
  { name: 'adaptive_max_pool1d', call: (x) => g.adaptiveMaxPool1d(x.exp(), 3), inputs: [apart([1, 2, 5])] },
  {
    name: 'adaptive_max_pool2d',
    call: (x) => g.adaptiveMaxPool2d(x.exp(), 2),
    inputs: [apart([1, 1, 3, 4])],
  },
  {
    name: 'adaptive_max_pool3d',
    call: (x) => g.adaptiveMaxPool3d(x.exp(), [1, 2, 1]),
    inputs: [apart([1, 1, 2, 3, 2])],
  },
  {
    name: 'batch_norm_eval',
    call: (x, weight, bias) =>
      g.batchNorm(x, g.tensor(Float64Array.of(0.5, -0.5)), g.tensor(Float64Array.of(2, 0.3)), {
        weight,
        bias,
      }),
    inputs: [of([3, 2]), of([2], 4), of([2], 5)],
  },
  { name: 'rms_norm', call: (x, weight) => g.rmsNorm(x, [3], { weight }), inputs: [of([2, 3]), of([3], 4)] },
  {
    name: 'local_response_norm',
    call: (x) => g.localResponseNorm(x, 3, { alpha: 0.5 }),
    inputs: [of([1, 4, 2])],
  },
  {
    name: 'pairwise_distance',
    call: (x, y) => g.pairwiseDistance(x, y),
    inputs: [of([2, 3]), of([2, 3], 4)],
  },
  { name: 'pixel_unshuffle', call: (x) => g.pixelUnshuffle(x, 2).square(), inputs: [of([1, 1, 2, 4])] },
  {
    name: 'interpolate_bicubic',
    call: (x) => g.interpolate(x, { size: [3, 4], mode: 'bicubic' }).square(),
    inputs: [of([1, 1, 2, 3])],
  },
  {
    name: 'unfold_windows',
    call: (x) => g.im2col(x, 2, { padding: 1 }).square(),
    inputs: [of([1, 1, 2, 3])],
  },
  { name: 'fold', call: (x) => g.fold(x, [2, 3], 2).square(), inputs: [of([1, 4, 2])] },
  {
    name: 'grid_sample',
    call: (x, grid) => g.gridSample(x, grid, { alignCorners: false }),
    inputs: [of([1, 1, 3, 4]), at([-0.63, 0.21, 0.44, -0.87, 0.93, 0.35], [1, 1, 3, 2])],
  },
  {
    name: 'scaled_dot_product_attention',
    call: (q, k, v) => g.scaledDotProductAttention(q, k, v, { isCausal: true }),
    inputs: [of([1, 3, 2]), of([1, 3, 2], 4), of([1, 3, 2], 5)],
  },
];

const classes = int(2, 0);
const signs = (x: Tensor): Tensor => g.tensor([1, -1], { dtype: x.dtype });

export const losses: readonly Row[] = [
  {
    name: 'cross_entropy_weight',
    call: (x) => g.crossEntropy(x, classes, { weight: g.tensor(Float64Array.of(0.5, 2, 1.5)) }),
    inputs: [of([2, 3])],
  },
  {
    name: 'bce_pos_weight',
    call: (x, t) =>
      g.binaryCrossEntropyWithLogits(x, t.sigmoid(), { posWeight: g.tensor(Float64Array.of(0.5, 2, 3)) }),
    inputs: [of([2, 3]), of([2, 3], 4)],
  },
  {
    name: 'kl_div_log_target',
    call: (x, y) => g.klDiv(x, y, { logTarget: true }),
    inputs: [of([4]), of([4], 5)],
  },
  {
    name: 'multi_margin_loss',
    call: (x) => [g.multiMarginLoss(x, classes), g.multiMarginLoss(x, classes, { p: 2, margin: 0.7 })],
    inputs: [apart([2, 3])],
  },
  {
    name: 'cosine_embedding_loss',
    call: (x, y) => g.cosineEmbeddingLoss(x, y, signs(x), { margin: -0.9 }),
    inputs: [of([2, 3]), positive([2, 3])],
  },
  {
    name: 'ctc_loss',
    call: (x) =>
      g.ctcLoss(
        g.logSoftmax(x, -1),
        ints([
          [1, 2],
          [1, 1],
        ]),
        [4, 3],
        [2, 2],
      ),
    inputs: [of([4, 2, 3])],
  },
];
