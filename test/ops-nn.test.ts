// The functions of neural networks: softmax, pooling, normalisation, losses, resizing, attention. Against real PyTorch, against plain
// formulas, and against finite differences.

import test from 'ava';
import { differentiate } from '../compiler/differentiate.ts';
import type { DType } from '../compiler/dtype.ts';
import { makeGraph } from '../compiler/graph.ts';
import type { Node } from '../compiler/node.ts';
import type { Shape } from '../compiler/shape.ts';
import { simplify } from '../compiler/simplify.ts';
import { scaledDotProductAttention } from '../ops/attention.ts';
import type { AttentionOptions } from '../ops/attention.ts';
import { add, div, mul, sub } from '../ops/binary.ts';
import {
  cdist,
  cosineSimilarity,
  localResponseNorm,
  normalize,
  pairwiseDistance,
  pdist,
} from '../ops/distance.ts';
import { interpolate } from '../ops/interpolate.ts';
import type { InterpolateOptions } from '../ops/interpolate.ts';
import {
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  multilabelSoftMarginLoss,
} from '../ops/loss-binary.ts';
import { crossEntropy, nllLoss } from '../ops/loss-class.ts';
import {
  cosineEmbeddingLoss,
  hingeEmbeddingLoss,
  marginRankingLoss,
  multiMarginLoss,
  multilabelMarginLoss,
  softMarginLoss,
  tripletMarginLoss,
} from '../ops/loss-margin.ts';
import {
  gaussianNllLoss,
  huberLoss,
  klDiv,
  l1Loss,
  mseLoss,
  poissonNllLoss,
  smoothL1Loss,
} from '../ops/loss.ts';
import type { LossOptions } from '../ops/loss.ts';
import { repeatInterleave } from '../ops/arrange.ts';
import { stack } from '../ops/join.ts';
import { matmul } from '../ops/matmul.ts';
import { batchNorm, batchNormStats, instanceNorm } from '../ops/norm-batch.ts';
import { groupNorm, layerNorm, rmsNorm } from '../ops/norm.ts';
import {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
} from '../ops/pool-adaptive.ts';
import { maxUnpool1d, maxUnpool2d, maxUnpool3d } from '../ops/pool-unpool.ts';
import { avgPool1d, avgPool2d, lpPool1d, maxPool1d, maxPool2d, maxPool3d } from '../ops/pool.ts';
import { sum } from '../ops/reduce.ts';
import { channelShuffle, pixelShuffle, pixelUnshuffle } from '../ops/shuffle.ts';
import { select } from '../ops/slice.ts';
import { glu, logSoftmax, logsumexp, softmax, softmin } from '../ops/softmax.ts';
import { constant, input } from '../ops/source.ts';
import { exp, log } from '../ops/unary.ts';
import { reshape, transpose, unsqueeze } from '../ops/view.ts';
import { compiledFault, numbers } from './helpers/agreement.ts';
import { compileNodes } from './helpers/compile.ts';
import { difference, valueOf, valuesOf } from './helpers/evaluate.ts';
import { derivativeFaults } from './helpers/numeric.ts';
import { checkCase, checkConvention, conventions, gradNameOf, opCases } from './helpers/oracle.ts';
import type { Build } from './helpers/oracle.ts';
import { simplifyOptions } from './helpers/rules.ts';

// --- PyTorch's answers ------------------------------------------------------------------------------------------------------

/** A loss of prediction and target, wherever the target comes from. */
const loss =
  (f: (x: Node, target: Node, options: LossOptions) => Node): Build =>
  ([x, y], { reduction }, { target }) =>
    f(x, target ?? y, { reduction });

const table: Readonly<Record<string, Build>> = {
  softmax: ([x], { dim }) => softmax(x, dim),
  log_softmax: ([x], { dim }) => logSoftmax(x, dim),
  softmin: ([x], { dim }) => softmin(x, dim),
  logsumexp: ([x], { dim, keepdim }) => logsumexp(x, dim, keepdim),
  glu: ([x], { dim }) => glu(x, dim),
  max_pool1d: ([x], { kernel_size, stride, padding }) => maxPool1d(x, kernel_size, { stride, padding }),
  max_pool2d: ([x], { kernel_size }) => maxPool2d(x, kernel_size),
  avg_pool1d: ([x], { kernel_size, stride, padding }) => avgPool1d(x, kernel_size, { stride, padding }),
  avg_pool2d: ([x], { kernel_size }) => avgPool2d(x, kernel_size),
  adaptive_avg_pool2d: ([x], { output_size }) => adaptiveAvgPool2d(x, output_size),
  layer_norm: ([x, weight, bias], { normalized_shape, eps }) =>
    layerNorm(x, normalized_shape, { weight, bias, eps }),
  batch_norm_train: ([x, weight, bias], { eps }) =>
    batchNorm(x, null, null, { weight, bias, eps, training: true }),
  group_norm: ([x, weight, bias], { num_groups, eps }) => groupNorm(x, num_groups, { weight, bias, eps }),
  instance_norm: ([x], { eps }) => instanceNorm(x, { eps }),
  normalize: ([x], { p, dim }) => normalize(x, { p, dim }),
  cosine_similarity: ([a, b], { dim }) => cosineSimilarity(a, b, { dim }),
  cdist: ([a, b]) => cdist(a, b),
  pixel_shuffle: ([x], { upscale_factor }) => pixelShuffle(x, upscale_factor),
  interpolate_nearest: ([x], { scale_factor }) => interpolate(x, { scaleFactor: scale_factor }),
  interpolate_bilinear: ([x], { size, align_corners }) =>
    interpolate(x, { size, mode: 'bilinear', alignCorners: align_corners }),
  mse_loss: loss(mseLoss),
  l1_loss: loss(l1Loss),
  smooth_l1_loss: loss(smoothL1Loss),
  huber_loss: loss(huberLoss),
  nll_loss: loss(nllLoss),
  cross_entropy: ([x], { reduction, label_smoothing, ignore_index }, { target }) =>
    crossEntropy(x, target, { reduction, labelSmoothing: label_smoothing, ignoreIndex: ignore_index }),
  cross_entropy_prob: loss(crossEntropy),
  binary_cross_entropy: loss(binaryCrossEntropy),
  binary_cross_entropy_with_logits: loss(binaryCrossEntropyWithLogits),
  kl_div: loss(klDiv),
  poisson_nll_loss: loss(poissonNllLoss),
  margin_ranking_loss: ([a, b], { margin }, { target }) => marginRankingLoss(a, b, target, { margin }),
  hinge_embedding_loss: loss(hingeEmbeddingLoss),
  soft_margin_loss: loss(softMarginLoss),
  triplet_margin_loss: ([a, p, n], { margin }) => tripletMarginLoss(a, p, n, { margin }),
  gaussian_nll_loss: ([x, v], { eps }, { target }) => gaussianNllLoss(x, target, v, { eps }),
};

for (const [op, build] of Object.entries(table))
  opCases()
    .filter((c) => c.op === op)
    .forEach((c, i) =>
      test(`${op} ${i} ${JSON.stringify(c.attrs ?? {})} answers as PyTorch does`, (t) =>
        t.deepEqual(checkCase(c, build), [])),
    );

const number = (value: number, shape: Shape = [1]): Node => constant(value, 'float32', shape);

const odd: Readonly<Record<string, Build>> = {
  logsumexp: ([x]) => logsumexp(x, 0),
  softmax: ([x]) => select(softmax(x, 0), 0, 0),
  log_softmax: ([x]) => select(logSoftmax(x, 0), 0, 0),
  cdist: ([x]) => cdist(x, x),
  pdist: ([x]) => pdist(x),
  cosine_similarity0: ([x]) => cosineSimilarity(x, number(1, [2]), { dim: 0 }),
  normalize0: ([x]) => normalize(x, { dim: 0 }),
  l1_loss0: ([x]) => l1Loss(x, number(0, [2])),
  smooth_l1: ([x]) => smoothL1Loss(x, number(0, [3]), { reduction: 'sum' }),
  huber: ([x]) => huberLoss(x, number(0, [3]), { reduction: 'sum' }),
  'max_pool1d tie': ([x]) => maxPool1d(unsqueeze(x, 0), 2),
  'bce(p=0,t=0)': ([x]) => binaryCrossEntropy(x, number(0)),
  'bce(p=0,t=1)': ([x]) => binaryCrossEntropy(x, number(1)),
  bcel: ([x]) => binaryCrossEntropyWithLogits(x, number(1)),
  hinge: ([x]) => hingeEmbeddingLoss(x, number(-1)),
  margin_ranking: ([x]) => marginRankingLoss(x, number(0), number(1)),
  glu: ([x]) => glu(x, 0),
};

conventions().forEach((c, i) => {
  const build = odd[c.op];
  if (!build) return;
  test(`at an odd point ${c.op} has PyTorch's gradient (${i})`, (t) =>
    t.deepEqual(checkConvention(c, build), []));
});

// --- helpers ----------------------------------------------------------------------------------------------------------------

const of = (shape: Shape, dtype: DType = 'float64'): Node => input({ shape, dtype });

type Function = (xs: readonly Node[]) => Node;

function valueAt(f: Function, shapes: readonly Shape[], data?: readonly (readonly number[])[]): number[] {
  const xs = shapes.map((shape) => of(shape));
  return valueOf(
    f(xs),
    xs.map((x, i) => [x, data?.[i] ?? numbers(shapes[i], i + 1)]),
  );
}

/** A constant array. */
const listed = (values: readonly number[], shape: Shape = [values.length], dtype: DType = 'int32'): Node =>
  reshape(stack(values.map((v) => constant(v, dtype))), shape);

/** The gradient of the sum of a function with respect to its one input. */
function gradientAt(f: (x: Node) => Node, shape: Shape, data: readonly number[]): number[] {
  const x = of(shape);
  const y = f(x);
  const [g] = differentiate([y], [constant(1, 'float64', y.type.shape)], [x], add);
  return valueOf(g!, [[x, data]]);
}

const smooth: Readonly<Record<string, readonly [Function, ...Shape[]]>> = {
  softmax: [([x]) => softmax(x, 0), [3, 2]],
  logSoftmax: [([x]) => logSoftmax(x, -1), [2, 3]],
  'logsumexp over two axes': [([x]) => logsumexp(x, [0, 2]), [2, 2, 2]],
  glu: [([x]) => glu(x, 0), [4, 2]],
  'maxPool2d with overlap': [([x]) => maxPool2d(x, 3, { stride: 2, padding: 1 }), [1, 2, 5, 4]],
  'maxPool2d, dilated, to the ceiling': [
    ([x]) => maxPool2d(x, 2, { stride: 2, dilation: 2, ceilMode: true }),
    [2, 1, 6, 5],
  ],
  maxPool3d: [([x]) => maxPool3d(x, 2, { stride: 1 }), [1, 3, 2, 3]],
  'maxPool2d with indices': [([x]) => maxPool2d(x, 2, { stride: 1, returnIndices: true })[0], [1, 3, 3]],
  maxUnpool1d: [([x]) => maxUnpool1d(x, listed([3, 0], [1, 2]), 2), [1, 2]],
  'maxUnpool2d into larger planes': [
    ([x]) => maxUnpool2d(x, listed([6, 3, 24, 0], [1, 2, 2]), 2, { outputSize: [5, 5] }),
    [1, 2, 2],
  ],
  maxUnpool3d: [([x]) => maxUnpool3d(x, listed([3, 12], [1, 1, 1, 2]), 2), [1, 1, 1, 2]],
  'avgPool2d, to the ceiling': [
    ([x]) => avgPool2d(x, 3, { stride: 2, padding: 1, ceilMode: true }),
    [1, 1, 6, 5],
  ],
  'avgPool1d without padding in the divisor': [
    ([x]) => avgPool1d(x, 3, { padding: 1, countIncludePad: false }),
    [1, 2, 4],
  ],
  lpPool1d: [([x]) => lpPool1d(exp(x), 3, 2), [1, 2, 4]],
  adaptiveAvgPool2d: [([x]) => adaptiveAvgPool2d(x, [2, 3]), [1, 2, 3, 5]],
  adaptiveMaxPool2d: [([x]) => adaptiveMaxPool2d(x, [2, 3]), [1, 2, 3, 5]],
  layerNorm: [([x, weight, bias]) => layerNorm(x, [2, 3], { weight, bias }), [2, 2, 3], [2, 3], [2, 3]],
  'layerNorm with a weight only': [([x, weight]) => layerNorm(x, [3], { weight }), [2, 3], [3]],
  'layerNorm with a bias only': [([x, bias]) => layerNorm(x, [3], { bias }), [2, 3], [3]],
  rmsNorm: [([x, weight]) => rmsNorm(x, [3], { weight }), [2, 3], [3]],
  'batchNorm in training': [
    ([x, weight, bias]) => batchNorm(x, null, null, { weight, bias, training: true }),
    [2, 3, 2],
    [3],
    [3],
  ],
  'batchNorm by running moments': [
    ([x, weight, bias]) =>
      batchNorm(x, listed([0.1, 0.2], [2], 'float64'), listed([1, 2], [2], 'float64'), { weight, bias }),
    [3, 2],
    [2],
    [2],
  ],
  batchNormStats: [([x]) => mul(batchNormStats(x).mean, batchNormStats(x).variance), [2, 3, 2]],
  groupNorm: [([x, weight, bias]) => groupNorm(x, 2, { weight, bias }), [2, 4, 2], [4], [4]],
  instanceNorm: [([x, weight, bias]) => instanceNorm(x, { weight, bias }), [2, 2, 3], [2], [2]],
  localResponseNorm: [([x]) => localResponseNorm(x, 3, { alpha: 0.5 }), [1, 4, 2]],
  cosineSimilarity: [([a, b]) => cosineSimilarity(a, b), [2, 3], [1, 3]],
  'pairwiseDistance, p = 3': [([a, b]) => pairwiseDistance(a, b, { p: 3 }), [2, 3], [2, 3]],
  'cdist of a batch': [([a, b]) => cdist(a, b), [2, 2, 3], [1, 4, 3]],
  pdist: [([a]) => pdist(a), [4, 2]],
  mseLoss: [([x, y]) => mseLoss(x, y), [2, 3], [3]],
  smoothL1Loss: [([x, y]) => smoothL1Loss(x, y, { beta: 0.5 }), [2, 3], [2, 3]],
  huberLoss: [([x, y]) => huberLoss(x, y, { delta: 0.7 }), [2, 3], [2, 3]],
  klDiv: [([x, y]) => klDiv(logSoftmax(x, 1), softmax(y, 1), { reduction: 'batchmean' }), [2, 3], [2, 3]],
  'klDiv of logarithms': [([x, y]) => klDiv(x, y, { logTarget: true, reduction: 'sum' }), [2, 3], [2, 3]],
  poissonNllLoss: [
    ([x]) => poissonNllLoss(exp(x), listed([1, 3], [2], 'float64'), { logInput: false, full: true }),
    [2],
  ],
  gaussianNllLoss: [([x, y, v]) => gaussianNllLoss(x, y, exp(v), { full: true }), [2, 3], [2, 3], [2]],
  'nllLoss with weights': [
    ([x]) => nllLoss(x, listed([2, 0]), { weight: listed([1, 2, 3], [3], 'float64') }),
    [2, 3],
  ],
  'crossEntropy of images': [([x]) => crossEntropy(x, listed([2, 0, 1, 1], [1, 2, 2])), [1, 3, 2, 2]],
  'crossEntropy of one example': [([x]) => crossEntropy(x, constant(1, 'int32')), [3]],
  'crossEntropy, smoothed and weighted': [
    ([x]) =>
      crossEntropy(x, listed([2, -100, 0]), {
        labelSmoothing: 0.2,
        weight: listed([1, 2, 3], [3], 'float64'),
      }),
    [3, 3],
  ],
  'crossEntropy with probabilities': [
    ([x, y]) =>
      crossEntropy(x, softmax(y, 1), {
        labelSmoothing: 0.1,
        weight: listed([1, 2, 3], [3], 'float64'),
        reduction: 'sum',
      }),
    [2, 3],
    [2, 3],
  ],
  binaryCrossEntropy: [([x, y]) => binaryCrossEntropy(softmax(x, 1), softmax(y, 1)), [2, 3], [2, 3]],
  'binaryCrossEntropyWithLogits, weighted': [
    ([x, y]) =>
      binaryCrossEntropyWithLogits(x, softmax(y, 1), {
        weight: listed([1, 2, 3], [3], 'float64'),
        posWeight: listed([3, 0.5, 2], [3], 'float64'),
      }),
    [2, 3],
    [2, 3],
  ],
  multilabelSoftMarginLoss: [
    ([x]) => multilabelSoftMarginLoss(x, listed([1, 0, 1], [1, 3], 'float64')),
    [1, 3],
  ],
  softMarginLoss: [([x]) => softMarginLoss(x, listed([1, -1, 1])), [3]],
  cosineEmbeddingLoss: [
    ([a, b]) => cosineEmbeddingLoss(a, b, listed([1, -1]), { margin: -0.9 }),
    [2, 3],
    [2, 3],
  ],
  tripletMarginLoss: [
    ([a, p, n]) => tripletMarginLoss(a, p, n, { swap: true, margin: 9 }),
    [2, 3],
    [2, 3],
    [2, 3],
  ],
  'multiMarginLoss, p = 2': [
    ([x]) =>
      multiMarginLoss(x, listed([2, 0]), { p: 2, margin: 5, weight: listed([1, 2, 3], [3], 'float64') }),
    [2, 3],
  ],
  multilabelMarginLoss: [([x]) => multilabelMarginLoss(x, listed([2, 0, -1, 1], [1, 4])), [1, 4]],
  'interpolate, linear': [([x]) => interpolate(x, { size: 5, mode: 'linear' }), [1, 1, 3]],
  'interpolate, bilinear, corners aligned': [
    ([x]) => interpolate(x, { size: [3, 5], mode: 'bilinear', alignCorners: true }),
    [1, 1, 2, 3],
  ],
  'interpolate, bicubic': [([x]) => interpolate(x, { scaleFactor: 1.5, mode: 'bicubic' }), [1, 1, 4, 4]],
  'interpolate, trilinear': [([x]) => interpolate(x, { scaleFactor: 2, mode: 'trilinear' }), [1, 1, 2, 2, 2]],
  'interpolate, nearest, smaller': [([x]) => interpolate(x, { size: 3 }), [1, 2, 5]],
  'interpolate, area': [([x]) => interpolate(x, { size: 3, mode: 'area' }), [1, 2, 5]],
  pixelShuffle: [([x]) => pixelShuffle(x, 2), [1, 8, 2, 1]],
  channelShuffle: [([x]) => channelShuffle(x, 2), [1, 4, 1]],
  attention: [([q, k, v]) => scaledDotProductAttention(q, k, v), [2, 3, 4], [2, 2, 4], [2, 2, 3]],
  'causal attention': [
    ([q, k, v]) => scaledDotProductAttention(q, k, v, { isCausal: true, scale: 0.3 }),
    [1, 2, 3, 2],
    [1, 2, 3, 2],
    [1, 2, 3, 2],
  ],
  'attention with numbers as a mask': [
    ([q, k, v, m]) => scaledDotProductAttention(q, k, v, { attnMask: m }),
    [3, 2],
    [4, 2],
    [4, 2],
    [3, 4],
  ],
};

for (const [name, [f, ...shapes]] of Object.entries(smooth))
  test(`the derivatives of ${name} are those of finite differences`, (t) => {
    t.deepEqual(
      derivativeFaults(
        f,
        shapes.map((shape) => ({ shape })),
      ),
      [],
    );
  });

// --- softmax and its rules --------------------------------------------------------------------------------------------------

test('softmax and its relatives do not overflow', (t) => {
  t.deepEqual(
    valueAt(([x]) => softmax(x, 0), [[2]], [[1000, 1000]]),
    [0.5, 0.5],
  );
  t.is(
    difference(
      valueAt(([x]) => logSoftmax(x, 0), [[2]], [[1000, 0]]),
      [0, -1000],
    ),
    null,
  );
  t.is(
    difference(
      valueAt(([x]) => logsumexp(x, 0), [[2]], [[1000, 1000]]),
      [1000 + Math.LN2],
      1e-15,
    ),
    null,
  );
  t.deepEqual(
    valueAt(([x]) => logsumexp(x, 0), [[2]], [[-Infinity, 3]]),
    [3],
  );
  t.deepEqual(
    valueAt(([x]) => logsumexp(x, 1), [[2, 0]], [[]]),
    [-Infinity, -Infinity],
  );
});

test('no exponential is computed for the gradient of softmax but the one of its value', (t) => {
  const [x, g] = [of([2, 3]), of([2, 3])];
  const y = softmax(x, 1);
  const [gradient] = differentiate([y], [g], [x], add);
  const graph = simplify(makeGraph([x, g], [y, gradient!]), simplifyOptions());
  t.is(graph.nodes.filter((n) => n.op.name === 'exp').length, 1);
});

const written: readonly (readonly [string, (x: Node) => Node, (x: Node) => Node])[] = [
  ['exp(x) / sum(exp(x))', (x) => div(exp(x), sum(exp(x), 1, true)), (x) => softmax(x, 1)],
  ['exp(x) / unsqueeze(sum(exp(x)))', (x) => div(exp(x), unsqueeze(sum(exp(x), 1), 1)), (x) => softmax(x, 1)],
  ['log(softmax(x))', (x) => log(softmax(x, 0)), (x) => logSoftmax(x, 0)],
  ['log(sum(exp(x)))', (x) => log(sum(exp(x), 1)), (x) => logsumexp(x, 1)],
  ['x - logsumexp(x)', (x) => sub(x, logsumexp(x, 1, true)), (x) => logSoftmax(x, 1)],
  ['x - log(sum(exp(x)))', (x) => sub(x, log(sum(exp(x), 1, true))), (x) => logSoftmax(x, 1)],
  ['log(exp(x) / sum(exp(x)))', (x) => log(div(exp(x), sum(exp(x), 1, true))), (x) => logSoftmax(x, 1)],
];

for (const [text, hand, stable] of written)
  test(`${text} becomes its stable form`, (t) => {
    const x = of([2, 3]);
    const [a, b] = [hand(x), stable(x)].map(
      (y) => simplify(makeGraph([x], [y]), simplifyOptions()).outputs[0],
    );
    const large = [1000, 999, 0, -5, 3, -1000];
    t.deepEqual(valueOf(a, [[x, large]]), valueOf(b, [[x, large]]));
    t.false(valueOf(a, [[x, large]]).some(Number.isNaN));
  });

test('what becomes stable keeps its values at infinities', (t) => {
  for (const [text, hand] of written.slice(0, 6)) {
    if (text === 'log(softmax(x))') continue;
    const x = of([2, 3]);
    const y = hand(x);
    const after = simplify(makeGraph([x], [y]), simplifyOptions()).outputs[0];
    const data = [Infinity, 1, -Infinity, -Infinity, 2, 3];
    t.is(difference(valueOf(after, [[x, data]]), valueOf(y, [[x, data]]), 1e-14), null, text);
  }
});

test('a sum along another axis is not taken for a softmax', (t) => {
  const x = of([3, 3]);
  const y = div(exp(x), sum(exp(x), 0));
  const z = div(exp(x), sum(exp(x), 1));
  for (const n of [y, z]) {
    const after = simplify(makeGraph([x], [n]), simplifyOptions()).outputs[0];
    const data = numbers([3, 3]);
    t.is(difference(valueOf(after, [[x, data]]), valueOf(n, [[x, data]]), 1e-14), null);
  }
});

// --- pooling ----------------------------------------------------------------------------------------------------------------

test('padding is never the largest, NaN always is', (t) => {
  t.deepEqual(
    valueAt(([x]) => maxPool1d(x, 3, { stride: 1, padding: 1 }), [[1, 3]], [[-5, -7, NaN]]),
    [-5, NaN, NaN],
  );
});

test('where all is -Infinity the gradient goes to the first element, not to the padding', (t) => {
  const f = (x: Node): Node => maxPool1d(x, 2, { stride: 2, padding: 1 });
  t.deepEqual(gradientAt(f, [1, 2], [-Infinity, -Infinity]), [1, 1]);
});

test('each window gives its gradient to its first largest element', (t) => {
  t.deepEqual(
    gradientAt((x) => maxPool2d(x, 2, { stride: 1 }), [1, 3, 3], [1, 1, 0, 1, 1, 0, 0, 0, 2]),
    [1, 1, 0, 1, 0, 0, 0, 0, 1],
  );
});

test('of two values for one place the last stays, and both get its gradient, as in PyTorch', (t) => {
  const unpool = (x: Node): Node => maxUnpool2d(x, listed([2, 2], [1, 1, 2]), [1, 3]);
  t.deepEqual(
    valueAt(([x]) => unpool(x), [[1, 1, 2]], [[1, 2]]),
    [0, 0, 2, 0, 0, 0],
  );
  const weighted = (x: Node): Node => mul(unpool(x), listed([0, 1, 2, 3, 4, 5], [1, 1, 6], 'float64'));
  t.deepEqual(gradientAt(weighted, [1, 1, 2], [1, 2]), [2, 2]);
});

const placesOf = (y: Node | [Node, Node]): Node => (y as [Node, Node])[1];

test('indices are places in the plane, of the first largest element or of the last NaN', (t) => {
  const data = [3, 3, 1, NaN, NaN, 2];
  const places = (kernel: number): unknown =>
    valueAt(([v]) => placesOf(maxPool1d(v, kernel, { returnIndices: true })), [[1, 6]], [data]);
  t.deepEqual([places(2), places(6)], [[0, 3, 4], [4]]);
});

test('where all is -Infinity the index is that of the first element, not one of the padding', (t) => {
  const pool: Function = ([v]) => placesOf(maxPool2d(v, 2, { padding: 1, returnIndices: true }));
  t.deepEqual(valueAt(pool, [[1, 3, 3]], [new Array<number>(9).fill(-Infinity)]), [0, 1, 3, 4]);
});

test('to the ceiling: windows may reach beyond the end, but begin inside', (t) => {
  const x = [1, 2, 3, 4, 5];
  t.deepEqual(
    valueAt(([v]) => maxPool1d(v, 2, { ceilMode: true }), [[1, 5]], [x]),
    [2, 4, 5],
  );
  t.deepEqual(
    valueAt(([v]) => avgPool1d(v, 2, { ceilMode: true }), [[1, 5]], [x]),
    [1.5, 3.5, 5],
  );
  t.deepEqual(
    valueAt(([v]) => maxPool1d(v, 2, { stride: 3, padding: 1, ceilMode: true }), [[1, 5]], [x]),
    [1, 4],
  );
});

test('the divisor of an average: with padding, without, or any other', (t) => {
  const x = [1, 2, 3, 4];
  const pooled = (options: Parameters<typeof avgPool1d>[2]): number[] =>
    valueAt(([v]) => avgPool1d(v, 3, { stride: 1, padding: 1, ...options }), [[1, 4]], [x]);
  t.is(difference(pooled({}), [1, 2, 3, 7 / 3], 1e-15), null);
  t.is(difference(pooled({ countIncludePad: false }), [1.5, 2, 3, 3.5], 1e-15), null);
  t.deepEqual(pooled({ divisorOverride: 1 }), [3, 6, 9, 7]);
});

test('adaptive windows cover floor(o n / m) to ceil((o + 1) n / m)', (t) => {
  const x = [1, 2, 3, 4, 5];
  t.is(
    difference(
      valueAt(([v]) => adaptiveAvgPool1d(v, 3), [[1, 5]], [x]),
      [1.5, 3, 4.5],
      1e-15,
    ),
    null,
  );
  t.deepEqual(
    valueAt(([v]) => adaptiveMaxPool1d(v, 3), [[1, 5]], [x]),
    [2, 4, 5],
  );
  t.deepEqual(
    valueAt(([v]) => adaptiveAvgPool1d(v, 7), [[1, 2]], [[1, 3]]),
    [1, 1, 1, 2, 3, 3, 3],
  );
  t.is(adaptiveAvgPool2d(of([1, 2, 4, 6]), [null, 3]).type.shape.join(), '1,2,4,3');
  t.is(gradNameOf(adaptiveAvgPool2d(of([1, 2, 4, 6]), 1)), 'MeanBackward1');
  t.deepEqual(
    gradientAt((v) => adaptiveMaxPool2d(v, [1, 1]), [1, 2, 3], [0, 7, 7, 7, 1, 2]),
    [0, 1, 0, 0, 0, 0],
  );
  t.deepEqual(
    valueAt(([v]) => adaptiveAvgPool1d(v, 2), [[1, 3]], [[1, 2, Infinity]]),
    [1.5, Infinity],
  );
});

// --- normalisation ----------------------------------------------------------------------------------------------------------

test('the moments of a batch, as running averages take them', (t) => {
  const { mean: average, variance } = batchNormStats(of([2, 1, 2]));
  const x = average.inputs[0].inputs[0];
  const [m, v] = valuesOf([average, variance], [[x, [1, 2, 3, 6]]]);
  t.deepEqual(m, [3]);
  t.is(difference(v, [14 / 3], 1e-15), null);
});

test('batchNorm by running moments uses just these', (t) => {
  const y = (x: Node): Node =>
    batchNorm(x, listed([1], [1], 'float64'), listed([4], [1], 'float64'), { eps: 0 });
  t.deepEqual(
    valueAt(([x]) => y(x), [[2, 1]], [[1, 5]]),
    [0, 2],
  );
  t.is(gradNameOf(y(of([2, 1]))), 'NativeBatchNormBackward0');
});

// --- losses -----------------------------------------------------------------------------------------------------------------

test('the mean of class losses is weighted, and what is ignored does not count', (t) => {
  const logs = [-1, -2, -3, -4, -5, -6];
  const f = (options: Parameters<typeof nllLoss>[2], targets: readonly number[]): number[] =>
    valueAt(([x]) => nllLoss(x, listed(targets), options), [[2, 3]], [logs]);
  const weight = listed([1, 2, 3], [3], 'float64');
  t.is(difference(f({ weight }, [0, 2]), [(1 + 18) / 4], 1e-15), null);
  t.deepEqual(f({}, [1, -100]), [2]);
  t.deepEqual(f({ ignoreIndex: 2 }, [1, 2]), [2]);
  t.deepEqual(f({ ignoreIndex: 2, reduction: 'none' }, [1, 2]), [2, 0]);
  t.deepEqual(f({}, [-100, -100]), [NaN]);
  t.deepEqual(f({ reduction: 'sum' }, [-100, -100]), [0]);
});

test('a class of probability 0 that is not the target does no harm', (t) => {
  t.deepEqual(
    valueAt(([x]) => nllLoss(x, listed([1])), [[1, 2]], [[-Infinity, -1]]),
    [1],
  );
  t.deepEqual(
    gradientAt((x) => nllLoss(x, listed([1])), [1, 2], [-Infinity, -1]),
    [0, -1],
  );
});

test('binary cross entropy limits its logarithms', (t) => {
  t.deepEqual(
    valueAt(
      ([x]) => binaryCrossEntropy(x, constant(0.5, 'float64', [2]), { reduction: 'none' }),
      [[2]],
      [[0, 1]],
    ),
    [50, 50],
  );
});

test('multiMarginLoss and multilabelMarginLoss are the sums of their definitions', (t) => {
  const x = [0.1, 0.2, 0.4, 0.8];
  t.is(
    difference(
      valueAt(([v]) => multiMarginLoss(v, listed([3])), [[1, 4]], [x]),
      [(0.3 + 0.4 + 0.6) / 4],
      1e-15,
    ),
    null,
  );
  // PyTorch's own example: targets 3 and 0, others 1 and 2
  const expected = 0.25 * (1 - (0.1 - 0.2) + (1 - (0.1 - 0.4)) + (1 - (0.8 - 0.2)) + (1 - (0.8 - 0.4)));
  t.is(
    difference(
      valueAt(([v]) => multilabelMarginLoss(v, listed([3, 0, -1, 1], [1, 4])), [[1, 4]], [x]),
      [expected],
      1e-15,
    ),
    null,
  );
});

test('an unknown reduction is refused', (t) => {
  const x = of([2]);
  for (const f of [mseLoss, l1Loss, huberLoss])
    t.throws(() => f(x, x, { reduction: 'median' as 'mean' }), {
      message: 'median is not a valid value for reduction',
    });
});

// --- resizing ---------------------------------------------------------------------------------------------------------------

test('the nearest element, by scale and by size', (t) => {
  const resize = (x: readonly number[], options: InterpolateOptions): number[] =>
    valueAt(([v]) => interpolate(v, options), [[1, 1, x.length]], [x]);
  t.deepEqual(resize([1, 2, 3], { scaleFactor: 2 }), [1, 1, 2, 2, 3, 3]);
  t.deepEqual(resize([1, 2, 3, 4, 5], { size: 3 }), [1, 2, 4]);
  t.deepEqual(resize([1, 2, 3, 4, 5], { size: 3, mode: 'nearest-exact' }), [1, 3, 5]);
  t.deepEqual(resize([1, 2], { size: 3 }), [1, 1, 2]);
  t.deepEqual(resize([1, 2, 3, 4], { size: 2, mode: 'area' }), [1.5, 3.5]);
});

test('linear resizing by its definition', (t) => {
  const resize = (options: InterpolateOptions): number[] =>
    valueAt(([v]) => interpolate(v, { mode: 'linear', ...options }), [[1, 1, 2]], [[1, 3]]);
  t.deepEqual(resize({ size: 4 }), [1, 1.5, 2.5, 3]);
  t.deepEqual(resize({ size: 5, alignCorners: true }), [1, 1.5, 2, 2.5, 3]);
});

test('bicubic resizing weighs four elements with the cubic of a = -0.75', (t) => {
  const row = [0, 0, 1, 0, 0, 0];
  const image = row.flatMap(() => row);
  const y = valueAt(([v]) => interpolate(v, { size: [6, 12], mode: 'bicubic' }), [[1, 1, 6, 6]], [image]);
  // columns 2.25 and 2.75 from the left, and those one further out
  const expected = [0, -0.03515625, -0.10546875, 0.26171875, 0.87890625, 0.87890625, 0.26171875, -0.10546875];
  t.is(difference(y.slice(0, 8), expected, 1e-15), null);
});

test('pixels shuffled and back are what they were', (t) => {
  const x = numbers([2, 8, 2, 3]);
  t.deepEqual(
    valueAt(([v]) => pixelUnshuffle(pixelShuffle(v, 2), 2), [[2, 8, 2, 3]], [x]),
    x,
  );
  t.deepEqual(
    valueAt(([v]) => channelShuffle(v, 2), [[1, 4, 1]], [[1, 2, 3, 4]]),
    [1, 3, 2, 4],
  );
});

// --- attention --------------------------------------------------------------------------------------------------------------

test('attention is the softmax of the products, times the values', (t) => {
  const shapes = [
    [2, 3, 4],
    [2, 5, 4],
    [2, 5, 3],
  ];
  const plain: Function = ([q, k, v]) => matmul(softmax(mul(matmul(q, transposed(k)), 0.5), -1), v);
  t.is(
    difference(
      valueAt(([q, k, v]) => scaledDotProductAttention(q, k, v), shapes),
      valueAt(plain, shapes),
      1e-12,
    ),
    null,
  );
});
const transposed = (x: Node): Node => transpose(x, -2, -1);

test('a query that may look at nothing gets 0, and gradients stay finite', (t) => {
  const mask = listed([1, 0, 0, 0], [2, 2], 'bool');
  const f =
    (options: AttentionOptions): Function =>
    ([q, k, v]) =>
      scaledDotProductAttention(q, k, v, options);
  const values = valueAt(
    f({ attnMask: mask }),
    [
      [2, 2],
      [2, 2],
      [2, 1],
    ],
    [
      [1, 2, 3, 4],
      [5, 6, 7, 8],
      [9, 10],
    ],
  );
  t.deepEqual(values, [9, 0]);
  t.deepEqual(
    derivativeFaults(
      f({ attnMask: mask }),
      [
        [2, 2],
        [2, 2],
        [2, 1],
      ].map((shape) => ({ shape })),
    ),
    [],
  );
});

test('query heads share key and value heads in groups', (t) => {
  const shapes = [
    [1, 4, 2, 3],
    [1, 2, 2, 3],
    [1, 2, 2, 3],
  ];
  const f: Function = ([q, k, v]) => scaledDotProductAttention(q, k, v, { enableGqa: true });
  const plain: Function = ([q, k, v]) =>
    scaledDotProductAttention(q, repeatInterleave(k, 2, 1), repeatInterleave(v, 2, 1));
  t.is(difference(valueAt(f, shapes), valueAt(plain, shapes), 1e-12), null);
});

// --- how it compiles --------------------------------------------------------------------------------------------------------

for (const [name, [f, ...shapes]] of Object.entries(smooth))
  test(`compiled, ${name} and its gradients are what the interpreter says`, (t) => {
    t.is(compiledFault(f, shapes), null);
  });

test('softmax, logSoftmax and layerNorm are one kernel each, and so are their gradients', (t) => {
  const kernels = (f: Function, shapes: readonly Shape[]): number => {
    const xs = shapes.map((shape) => of(shape, 'float32'));
    const y = f(xs);
    const g = of(y.type.shape, 'float32');
    const gradients = differentiate([y], [g], xs, add).map((n) => n!);
    const alone = compileNodes(xs, [y]).built.plan.kernels.length;
    return Math.max(alone, compileNodes([...xs, g], gradients).built.plan.kernels.length);
  };
  t.is(
    kernels(([x]) => softmax(x, 1), [[32, 64]]),
    1,
  );
  t.is(
    kernels(([x]) => logSoftmax(x, 1), [[32, 64]]),
    1,
  );
  t.is(
    kernels(([x, weight, bias]) => layerNorm(x, [64], { weight, bias }), [[32, 64], [64], [64]]),
    1,
  );
});

test('softmax cross entropy and its gradient are one kernel; a mean first counts what is not ignored', (t) => {
  const kernels = (reduction: 'mean' | 'sum'): number => {
    const [x, target] = [of([32, 10], 'float32'), of([32], 'int32')];
    const y = crossEntropy(x, target, { reduction });
    const [g] = differentiate([y], [constant(1, 'float32')], [x], add);
    return compileNodes([x, target], [y, g!]).built.plan.kernels.length;
  };
  t.is(kernels('sum'), 1);
  t.true(kernels('mean') <= 2);
});

// --- refusals ---------------------------------------------------------------------------------------------------------------

const f32 = (...shape: number[]): Node => of(shape, 'float32');
const i32 = (...shape: number[]): Node => of(shape, 'int32');
const refusals: readonly (readonly [name: string, call: () => unknown, message: string | RegExp])[] = [
  [
    'softmax of integers',
    () => softmax(i32(2), 0),
    `"softmax_lastdim_kernel_impl" not implemented for 'Int'`,
  ],
  [
    'softmax dim',
    () => softmax(f32(2), 1),
    'Dimension out of range (expected to be in range of [-1, 0], but got 1)',
  ],
  ['glu of odd sizes', () => glu(f32(3)), 'Halving dimension must be even, but dimension 0 is size 3'],
  [
    'pool padding',
    () => maxPool1d(f32(1, 4), 2, { padding: 2 }),
    'pad should be at most half of effective kernel size, but got pad=2, kernel_size=2 and dilation=1',
  ],
  [
    'pool size',
    () => maxPool2d(f32(1, 2, 2), 3),
    'Given input size: (1x2x2). Calculated output size: (1x0x0). Output size is too small',
  ],
  [
    'maxUnpool dimensions',
    () => maxUnpool2d(f32(2, 2), i32(2, 2), 2),
    'Input to max_unpooling2d should be a 3d or 4d Tensor, but got a tensor with 2 dimensions.',
  ],
  [
    'maxUnpool by floats',
    () => maxUnpool1d(f32(1, 2), f32(1, 2), 2),
    'elements in indices should be type int64 but got: Float',
  ],
  [
    'maxUnpool indices of another shape',
    () => maxUnpool1d(f32(1, 2), i32(1, 3), 2),
    'Expected shape of indices to be same as that of the input tensor ([1, 2]) but got indices tensor with shape: [1, 3]',
  ],
  [
    'maxUnpool of integers',
    () => maxUnpool2d(i32(1, 2, 2), i32(1, 2, 2), 2),
    `"max_unpool2d" not implemented for 'Int'`,
  ],
  [
    'maxUnpool size',
    () => maxUnpool1d(f32(1, 4), i32(1, 4), 2, { outputSize: [12] }),
    'invalid output_size "[12]" (dim 0 must be between 6 and 10)',
  ],
  [
    'maxUnpool sizes',
    () => maxUnpool2d(f32(1, 2, 2), i32(1, 2, 2), 2, { outputSize: [9] }),
    "output_size should be a sequence containing 2 or 4 elements, but it has a length of '1'",
  ],
  [
    'maxUnpool stride',
    () => maxUnpool3d(f32(1, 2, 2, 2), i32(1, 2, 2, 2), 2, { stride: [0, 1, 1] }),
    'strides should be greater than zero, but got stride: [0, 1, 1]',
  ],
  [
    'layerNorm shape',
    () => layerNorm(f32(2, 3), [4]),
    'Given normalized_shape=[4], expected input with shape [*, 4], but got input of size[2, 3]',
  ],
  [
    'batchNorm of one value',
    () => batchNorm(f32(1, 3), null, null, { training: true }),
    'Expected more than 1 value per channel when training, got input size [1, 3]',
  ],
  [
    'groupNorm channels',
    () => groupNorm(f32(2, 5), 2),
    'Expected number of channels in input to be divisible by num_groups, but got input of shape [2, 5] and num_groups=2',
  ],
  [
    'crossEntropy batch',
    () => crossEntropy(f32(3, 4), i32(2)),
    'Expected input batch_size (3) to match target batch_size (2).',
  ],
  ['nllLoss of float targets', () => nllLoss(f32(3, 4), f32(3)), 'expected scalar type Long but found Float'],
  [
    'crossEntropy weights',
    () => crossEntropy(f32(3, 4), i32(3), { weight: f32(3) }),
    'weight tensor should be defined either for all 4 classes or no classes but got weight tensor of shape: [3]',
  ],
  [
    'crossEntropy smoothing',
    () => crossEntropy(f32(3, 4), i32(3), { labelSmoothing: 2 }),
    'label_smoothing must be between 0.0 and 1.0. Got: 2',
  ],
  [
    'bce sizes',
    () => binaryCrossEntropy(f32(3), f32(2)),
    'Using a target size ([2]) that is different to the input size ([3]) is deprecated. Please ensure they have the same size.',
  ],
  [
    'bce with logits sizes',
    () => binaryCrossEntropyWithLogits(f32(3), f32(2)),
    'Target size ([2]) must be the same as input size ([3])',
  ],
  [
    'huber delta',
    () => huberLoss(f32(3), f32(3), { delta: 0 }),
    'huber_loss does not support non-positive values for delta.',
  ],
  [
    'cdist columns',
    () => cdist(f32(2, 3), f32(2, 4)),
    'X1 and X2 must have the same number of columns. X1: 3 X2: 4',
  ],
  [
    'interpolate without a size',
    () => interpolate(f32(1, 1, 2)),
    'either size or scale_factor should be defined',
  ],
  [
    'pixelShuffle channels',
    () => pixelShuffle(f32(1, 3, 1, 1), 2),
    "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, but input.size(-3)=3 is not divisible by 4",
  ],
  [
    'attention masks',
    () => scaledDotProductAttention(f32(2, 2), f32(2, 2), f32(2, 2), { isCausal: true, attnMask: f32(2, 2) }),
    '_scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True',
  ],
];

for (const [name, call, message] of refusals)
  test(`${name}: refused in PyTorch's words`, (t) => {
    t.throws(call, { message });
  });
