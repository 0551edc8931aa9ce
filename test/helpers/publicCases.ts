// The cases of test/fixtures as calls of public functions. In: a name as the fixtures write it (PyTorch's, with a word for variants). Out: a
// function of tensors, attributes and constants. A name that is not listed is tried as the function of the same name in camelCase, with
// the attributes that are options in an options object and the others positional in the order written.

import * as g from '../../index.ts';
import type { Tensor } from '../../index.ts';
import { optionTable } from '../../runtime/optionTable.ts';

// attributes are what the fixtures' author wrote: each call knows its own
export type Attrs = Readonly<Record<string, never>>;
export type Consts = Readonly<Record<string, Tensor>>;
export type Call = (xs: readonly Tensor[], attrs: Attrs, consts: Consts) => Tensor | readonly Tensor[];

type Loss = (x: Tensor, target: Tensor, options: { reduction?: never }) => Tensor;
const loss =
  (f: Loss): Call =>
  ([x, y], { reduction }, { target }) =>
    f(x, target ?? y, { reduction });

const caseTable: Readonly<Record<string, Call>> = {
  celu: ([x], { alpha }) => g.celu(x, { alpha }),
  elu: ([x], { alpha }) => g.elu(x, { alpha }),
  hardtanh: ([x], a) => g.hardtanh(x, { minVal: a.min_val, maxVal: a.max_val }),
  leaky_relu: ([x], a) => g.leakyRelu(x, { negativeSlope: a.negative_slope }),
  threshold: ([x], a) => g.threshold(x, a.threshold, a.value),
  div: ([x, y], a) => g.div(x, y, { roundingMode: a.rounding_mode }),
  pow_scalar: ([x], { exponent }) => x.pow(exponent),
  rpow_scalar: ([x], { base }) => g.pow(base, x),
  mul_scalar: ([x], { other }) => x.mul(other),
  div_scalar: ([x], { other }) => x.div(other),
  rdiv_scalar: ([x], { other }) => g.div(other, x),
  rsub_scalar: ([x], { other }) => x.rsub(other),
  clamp: ([x], { min, max }) => x.clamp(min ?? null, max ?? null),
  clamp_tensor: ([x, min, max]) => x.clamp(min, max),
  lerp: ([x, end, weight]) => x.lerp(end, weight),
  lerp_scalar: ([x, end], { weight }) => x.lerp(end, weight),
  where: ([x, y], _, { condition }) => g.where(condition, x, y),
  masked_fill: ([x], { value }, { mask }) => x.maskedFill(mask, value),
  masked_select: ([x], _, { mask }) => x.maskedSelect(mask),
  var: ([x], { dim, keepdim, correction }) => x.var(dim, { keepdim, correction }),
  std: ([x], { dim, keepdim, correction }) => x.std(dim, { keepdim, correction }),
  norm: ([x], { p, dim, keepdim }) => x.norm(p, dim, keepdim),
  'linalg.vector_norm': ([x], { ord, dim }) => g.linalg.vectorNorm(x, ord, dim),
  sort: ([x], { dim, descending }) => x.sort({ dim, descending }),
  topk: ([x], { k, dim }) => x.topk(k, { dim }),
  kthvalue: ([x], { k, dim }) => x.kthvalue(k, { dim }),
  slice: ([x], { slices }) => x.index(...(slices as (never | null)[]).map((s) => s ?? ([] as const))),
  split: ([x], a) => x.split(a.split_size, a.dim),
  cat: (xs, { dim }) => g.cat([...xs], dim),
  stack: (xs, { dim }) => g.stack([...xs], dim),
  pad: ([x], { pad, value }) => g.pad(x, pad, { value }),
  pad_reflect: ([x], { pad }) => g.pad(x, pad, { mode: 'reflect' }),
  pad_replicate: ([x], { pad }) => g.pad(x, pad, { mode: 'replicate' }),
  pad_circular: ([x], { pad }) => g.pad(x, pad, { mode: 'circular' }),
  index_select: ([x], { dim }, { index }) => x.indexSelect(dim, index),
  index: ([x], _, { index }) => x.index(index),
  gather: ([x], { dim }, { index }) => x.gather(dim, index),
  scatter_add: ([x, y], { dim }, { index }) => x.scatterAdd(dim, index, y),
  scatter: ([x, y], { dim }, { index }) => x.scatter(dim, index, y),
  index_add: ([x, y], { dim }, { index }) => x.indexAdd(dim, index, y),
  index_copy: ([x, y], { dim }, { index }) => x.indexCopy(dim, index, y),
  index_fill: ([x], { dim, value }, { index }) => x.indexFill(dim, index, value),
  index_put: ([x, y], _, { index }) => g.indexPut(x, [index], y),
  index_put_accumulate: ([x, y], { accumulate }, { index }) => g.indexPut(x, [index], y, { accumulate }),
  take: ([x], _, { index }) => x.take(index),
  embedding: ([w], _, { indices }) => g.embedding(indices, w),
  embedding_padding_idx: ([w], { padding_idx: paddingIdx }, { indices }) =>
    g.embedding(indices, w, { paddingIdx }),
  einsum: (xs, { equation }) => g.einsum(equation, ...xs),
  conv1d: ([x, w, b], options) => g.conv1d(x, w, b, options),
  conv2d: ([x, w, b], options) => g.conv2d(x, w, b, options),
  conv_transpose2d: ([x, w, b], { stride, padding, output_padding: outputPadding }) =>
    g.convTranspose2d(x, w, b, { stride, padding, outputPadding }),
  'linalg.cholesky': ([x]) => g.linalg.cholesky(x.matmul(x.mT).add(g.eye(x.shape[0], { dtype: x.dtype }))),
  max_pool1d: ([x], { kernel_size: size, stride, padding }) => g.maxPool1d(x, size, { stride, padding }),
  max_pool2d: ([x], { kernel_size: size }) => g.maxPool2d(x, size),
  avg_pool1d: ([x], { kernel_size: size, stride, padding }) => g.avgPool1d(x, size, { stride, padding }),
  avg_pool2d: ([x], { kernel_size: size }) => g.avgPool2d(x, size),
  layer_norm: ([x, weight, bias], a) => g.layerNorm(x, a.normalized_shape, { weight, bias, eps: a.eps }),
  batch_norm_train: ([x, weight, bias], { eps }) =>
    g.batchNorm(x, null, null, { weight, bias, eps, training: true }),
  group_norm: ([x, weight, bias], a) => g.groupNorm(x, a.num_groups, { weight, bias, eps: a.eps }),
  normalize: ([x], { p, dim }) => g.normalize(x, { p, dim }),
  cosine_similarity: ([a, b], { dim }) => g.cosineSimilarity(a, b, { dim }),
  interpolate_nearest: ([x], a) => g.interpolate(x, { scaleFactor: a.scale_factor }),
  interpolate_bilinear: ([x], { size, align_corners: alignCorners }) =>
    g.interpolate(x, { size, mode: 'bilinear', alignCorners }),
  mse_loss: loss(g.mseLoss),
  l1_loss: loss(g.l1Loss),
  smooth_l1_loss: loss(g.smoothL1Loss),
  huber_loss: loss(g.huberLoss),
  nll_loss: loss(g.nllLoss),
  cross_entropy: ([x], { reduction, label_smoothing, ignore_index }, { target }) =>
    g.crossEntropy(x, target, { reduction, labelSmoothing: label_smoothing, ignoreIndex: ignore_index }),
  cross_entropy_prob: loss(g.crossEntropy),
  binary_cross_entropy: loss(g.binaryCrossEntropy),
  binary_cross_entropy_with_logits: loss(g.binaryCrossEntropyWithLogits),
  kl_div: loss(g.klDiv),
  poisson_nll_loss: ([x], { reduction, log_input: logInput }, { target }) =>
    g.poissonNllLoss(x, target, { reduction, logInput }),
  margin_ranking_loss: ([a, b], { margin, reduction }, { target }) =>
    g.marginRankingLoss(a, b, target, { margin, reduction }),
  hinge_embedding_loss: ([x], { margin, reduction }, { target }) =>
    g.hingeEmbeddingLoss(x, target, { margin, reduction }),
  soft_margin_loss: loss(g.softMarginLoss),
  triplet_margin_loss: ([a, p, n], { margin, reduction }) =>
    g.tripletMarginLoss(a, p, n, { margin, reduction }),
  'linalg.lu_factor': ([x]) => g.linalg.luFactor(x),
  lu_solve: ([a, b], { left, adjoint }) => {
    const [factors, pivots] = g.linalg.luFactor(a);
    return g.linalg.luSolve(factors, pivots, b, { left, adjoint });
  },
  lstsq: ([a, b]) => g.linalg.lstsq(a, b).solution,
  grid_sample: ([x, grid], a) =>
    g.gridSample(x, grid, { mode: a.mode, paddingMode: a.padding_mode, alignCorners: a.align_corners }),
  affine_grid: ([theta], a) => g.affineGrid(theta, a.size, { alignCorners: a.align_corners }),
  embedding_by_freq: ([w], { padding_idx: paddingIdx }, { indices }) =>
    g.embedding(indices, w, { paddingIdx, scaleGradByFreq: true }),
  cdist_inf: ([x, y]) => g.cdist(x, y, { p: Infinity }),
  pdist_inf: ([x]) => g.pdist(x, { p: Infinity }),
  repeat_interleave_tensor: ([x], { dim }, { repeats }) =>
    x.repeatInterleave(repeats, dim === null ? {} : { dim }),
  embedding_bag: ([w], { mode, padding_idx: paddingIdx }, { indices }) =>
    g.embeddingBag(indices, w, { mode, paddingIdx }),
  embedding_bag_offsets: ([w], { mode, padding_idx: paddingIdx }, { indices, offsets }) =>
    g.embeddingBag(indices, w, { offsets, mode, paddingIdx }),
  embedding_bag_weighted: ([w, perSampleWeights], _, { indices }) =>
    g.embeddingBag(indices, w, { mode: 'sum', perSampleWeights }),
  ctc_loss: ([x], { steps, lengths, blank, reduction, zero_infinity: zeroInfinity }, { targets }) =>
    g.ctcLoss(x, targets, steps, lengths, { blank, reduction, zeroInfinity }),
  as_strided: ([x], { size, stride, offset }) => x.asStrided(size, stride, offset),
  combinations: ([x], { r, again }) => g.combinations(x, r, { withReplacement: again }),
  histogram: ([x], { bins, range, density }) => g.histogram(x, bins, { range, density }),
  fft_squares: ([x], { name, options }) => g.fft[name as 'fft'](x.mul(x), options).square(),
  gaussian_nll_loss: ([x, v], { eps, reduction }, { target }) =>
    g.gaussianNllLoss(x, target, v, { eps, reduction }),
};

type AnyFunction = (...args: readonly unknown[]) => Tensor;
const camel = (name: string): string => name.replace(/_([a-z0-9])/g, (_, c: string) => c.toUpperCase());

/** The call that a case's name stands for, or null if nothing has that name. */
export function callOf(name: string): Call | null {
  const plain = name.replace(/ broadcast$/, '');
  if (Object.hasOwn(caseTable, plain)) return caseTable[plain];
  const [space, inner] = plain.includes('.') ? plain.split('.') : [null, plain];
  const home = (space === null ? g : g[space as 'linalg']) as unknown as Readonly<
    Record<string, AnyFunction>
  >;
  const f = home?.[camel(inner)];
  if (typeof f !== 'function') return null;
  const options: readonly string[] = optionTable[camel(inner) as keyof typeof optionTable] ?? [];
  return (xs, attrs, consts) => {
    const entries = Object.entries(attrs).map(([key, value]) => [camel(key), value] as const);
    const positional = entries.filter(([key]) => !options.includes(key)).map(([, value]) => value);
    const named = entries.filter(([key]) => options.includes(key));
    return f(
      ...xs,
      ...positional,
      ...Object.values(consts),
      ...(named.length > 0 ? [Object.fromEntries(named)] : []),
    );
  };
}

type Point = (x: Tensor, y: Tensor) => Tensor;
/** A value of the dtype of `x`. */
const like = (x: Tensor, value: number, shape: readonly number[] = [1]): Tensor =>
  g.full(shape, value, { dtype: x.dtype });

/** Calls at odd points, of one tensor or of a pair of scalars. */
const conventionTable: Readonly<Record<string, Point>> = {
  'clamp(-1,1)': (x) => x.clamp(-1, 1),
  'clamp_min(0)': (x) => x.clampMin(0),
  'clamp_max(0)': (x) => x.clampMax(0),
  'clamp(2,1) min>max': (x) => x.clamp(2, 1),
  'threshold(0,5)': (x) => g.threshold(x, 0, 5),
  'leaky_relu(.1)': (x) => g.leakyRelu(x, { negativeSlope: 0.1 }),
  gelu: (x) => g.gelu(x),
  gelu_tanh: (x) => g.gelu(x, { approximate: 'tanh' }),
  'rrelu eval': (x) => g.rrelu(x),
  prelu: (x) => g.prelu(x, like(x, 0.25)),
  'pow(x,.5)': (x) => x.pow(0.5),
  ...Object.fromEntries([0, 1, 2, 3, -1, 1.5].map((e) => [`pow(x,${e})`, (x: Tensor) => x.pow(e)])),
  ...Object.fromEntries([2, 0, -2].map((b) => [`pow(${b},x)`, (x: Tensor) => g.pow(b, x)])),
  'pow(x,y)': (x, y) => x.pow(y),
  'max(a,b)': (x, y) => x.max(y),
  div_trunc: (x, y) => x.div(y, { roundingMode: 'trunc' }),
  'where(cond)': (x, y) => g.where(x.gt(0), x, y),
  'lerp(.3)': (x, y) => x.lerp(y, 0.3),
  where_nan_trap: (x) => g.where(x.gt(0), x.sqrt(), 0),
  where_log_trap: (x) => g.where(x.gt(0), x.log(), 0),
  mul_by_zero_inf: (x) => x.sqrt().mul(0),
  masked_fill: (x) => x.sqrt().maskedFill(x.eq(0), 0),
  'logit eps': (x) => x.logit({ eps: 0.1 }),
  'x/x': (x) => x.div(x),
  'max()': (x) => x.max(),
  'min()': (x) => x.min(),
  'max(dim=0).values': (x) => x.max(0).values,
  'min(dim=0).values': (x) => x.min(0).values,
  'amax(0)': (x) => x.amax(0),
  'amin(0)': (x) => x.amin(0),
  'median()': (x) => x.median(),
  'median(0)': (x) => x.median(0).values,
  nanmedian: (x) => x.nanmedian(),
  'mode(0)': (x) => x.mode(0)[0],
  'kthvalue(2)': (x) => x.kthvalue(2)[0],
  'quantile(.5)': (x) => x.quantile(0.5),
  sort: (x) => x.sort()[0],
  'topk(2)': (x) => x.topk(2)[0],
  cummax: (x) => x.cummax(0)[0],
  cummin: (x) => x.cummin(0)[0],
  'prod(0)': (x) => x.prod(0),
  cumprod: (x) => x.cumprod(0),
  cumsum: (x) => x.cumsum(0),
  logcumsumexp: (x) => x.logcumsumexp(0),
  'norm(2)': (x) => x.norm(2),
  'norm(1)': (x) => x.norm(1),
  'norm(inf)': (x) => x.norm('inf'),
  'norm(0)': (x) => x.norm(0),
  'norm(3)': (x) => x.norm(3),
  'norm(.5)': (x) => x.norm(0.5),
  'norm(1.5)': (x) => x.norm(1.5),
  'vector_norm(-inf)': (x) => g.linalg.vectorNorm(x, '-inf'),
  var0: (x) => x.var(undefined, { correction: 0 }),
  std0: (x) => x.std(undefined, { correction: 0 }),
  mean_empty: (x) => x.mean(),
  dist_self: (x) => x.dist(x),
  renorm: (x) => x.renorm(2, 0, 1),
  logsumexp: (x) => x.logsumexp(0),
  softmax: (x) => x.softmax(0).select(0, 0),
  log_softmax: (x) => x.logSoftmax(0).select(0, 0),
  cdist: (x) => g.cdist(x, x),
  cosine_similarity0: (x) => g.cosineSimilarity(x, like(x, 1, [2]), { dim: 0 }),
  normalize0: (x) => g.normalize(x, { dim: 0 }),
  l1_loss0: (x) => g.l1Loss(x, like(x, 0, [2])),
  smooth_l1: (x) => g.smoothL1Loss(x, like(x, 0, [3]), { reduction: 'sum' }),
  huber: (x) => g.huberLoss(x, like(x, 0, [3]), { reduction: 'sum' }),
  'max_pool1d tie': (x) => g.maxPool1d(x.unsqueeze(0), 2),
  'bce(p=0,t=0)': (x) => g.binaryCrossEntropy(x, like(x, 0)),
  'bce(p=0,t=1)': (x) => g.binaryCrossEntropy(x, like(x, 1)),
  bcel: (x) => g.binaryCrossEntropyWithLogits(x, like(x, 1)),
  hinge: (x) => g.hingeEmbeddingLoss(x, like(x, -1)),
  margin_ranking: (x) => g.marginRankingLoss(x, like(x, 0), like(x, 1)),
  glu: (x) => g.glu(x, 0),
  'det singular': (x) => g.det(x),
  'gather dup': (x) => x.gather(0, g.tensor([0, 0, 1], { dtype: 'int32' })),
  'index dup': (x) => x.index(g.tensor([0, 0], { dtype: 'int32' })),
};

/** The call at an odd point, or null if nothing has that name. */
export function pointOf(name: string): Point | null {
  if (Object.hasOwn(conventionTable, name)) return conventionTable[name];
  const call = callOf(name);
  return call && ((x, y) => call(y === undefined ? [x] : [x, y], {}, {}) as Tensor);
}
