// Every public operator, by family. The runtime lifts these to tensors under the same names; what an operator needs from another file is
// imported from that file, not from here.

export * from './conversions.ts';
export {
  neg,
  neg as negative,
  abs,
  abs as absolute,
  positive,
  clone,
  exp,
  exp2,
  expm1,
  log,
  log2,
  log10,
  log1p,
} from './unary.ts';
export { sqrt, rsqrt, reciprocal, square, deg2rad, rad2deg } from './unary.ts';
export { floor, ceil, trunc, trunc as fix, sign, sgn, angle, round, frac, nanToNum } from './unary-round.ts';
export {
  sin,
  cos,
  tan,
  asin,
  acos,
  atan,
  sinh,
  cosh,
  tanh,
  asinh,
  acosh,
  atanh,
  sigmoid,
  logit,
} from './unary-trig.ts';
export {
  asin as arcsin,
  acos as arccos,
  atan as arctan,
  asinh as arcsinh,
  acosh as arccosh,
  atanh as arctanh,
} from './unary-trig.ts';
export { erf, erfc, erfinv, lgamma, digamma, mvlgamma, polygamma, i0, sinc, xlog1py } from './special.ts';
export {
  add,
  sub,
  sub as subtract,
  rsub,
  mul,
  mul as multiply,
  div,
  div as divide,
  div as trueDivide,
} from './binary.ts';
export { pow, floatPower } from './binary-power.ts';
export { maximum, minimum, fmax, fmin } from './binary-extreme.ts';
export { floorDivide, fmod, remainder } from './binary-divide.ts';
export {
  atan2,
  hypot,
  logaddexp,
  logaddexp2,
  xlogy,
  copysign,
  ldexp,
  heaviside,
  lerp,
  addcmul,
  addcdiv,
} from './binary-mixed.ts';
export {
  eq,
  ne,
  ne as notEqual,
  lt,
  lt as less,
  le,
  le as lessEqual,
  gt,
  gt as greater,
  ge,
  ge as greaterEqual,
} from './compare.ts';
export {
  logicalAnd,
  logicalOr,
  logicalXor,
  logicalNot,
  isnan,
  isfinite,
  isinf,
  isposinf,
  isneginf,
  signbit,
  isclose,
} from './compare.ts';
export {
  bitwiseAnd,
  bitwiseOr,
  bitwiseXor,
  bitwiseNot,
  bitwiseLeftShift,
  bitwiseRightShift,
} from './bitwise.ts';
export { where, maskedFill } from './select.ts';
export { clamp, clamp as clip, clampMin, clampMax } from './select-clamp.ts';

export {
  relu,
  hardtanh,
  relu6,
  leakyRelu,
  prelu,
  threshold,
  hardshrink,
  softshrink,
  hardsigmoid,
  hardswish,
} from './activation.ts';
export {
  elu,
  celu,
  selu,
  softplus,
  logsigmoid,
  silu,
  mish,
  gelu,
  softsign,
  tanhshrink,
} from './activation-smooth.ts';
export { rrelu } from './activation.ts';
export { softmax, logSoftmax, softmin, logsumexp, glu } from './softmax.ts';
export { scaledDotProductAttention } from './attention.ts';

export { sum, mean, prod, amax, amin, aminmax, any, all, countNonzero, nansum, nanmean } from './reduce.ts';
export { argmax, argmin, max, min, median, nanmedian, kthvalue, mode } from './reduce-pick.ts';
export { variance, variance as var, std, varMean, stdMean } from './reduce-moments.ts';
export { norm, vectorNorm, dist, renorm } from './reduce-norm.ts';
export { cumsum, cumprod, logcumsumexp } from './scan.ts';
export { cummax, cummin, diff, trapezoid, trapz, cumulativeTrapezoid } from './scan-more.ts';
export { sort, argsort, msort, topk, quantile, searchsorted, bucketize } from './sort.ts';

export {
  reshape,
  view,
  viewAs,
  reshapeAs,
  ravel,
  flatten,
  unflatten,
  squeeze,
  unsqueeze,
  permute,
  transpose,
  swapaxes,
  swapdims,
} from './view.ts';
export { t, matrixTranspose, movedim, moveaxis, expand, broadcastTo, expandAs } from './view.ts';
export { slice, narrow, select, asStrided, flip, fliplr, flipud, unfold } from './slice.ts';
export { diagonal, diagEmbed, diag, diagflat, trace, tril, triu } from './diagonal.ts';
export { pad } from './pad.ts';
export { sliceScatter, selectScatter, diagonalScatter } from './view-put.ts';
export {
  cat,
  concat,
  concatenate,
  stack,
  hstack,
  vstack,
  rowStack,
  dstack,
  columnStack,
  blockDiag,
  atleast1d,
  atleast2d,
  atleast3d,
} from './join.ts';
export { split, chunk, tensorSplit, unbind, hsplit, vsplit, dsplit } from './split.ts';
export { repeat, tile, repeatInterleave, roll, rot90, meshgrid, cartesianProd, kron } from './arrange.ts';

export { combinations, vander } from './combinations.ts';

export { index, indexPut } from './index-advanced.ts';
export { gather, takeAlongDim, indexSelect, take, embedding, oneHot } from './index-gather.ts';
export { embeddingBag } from './embedding-bag.ts';
export { scatter, scatterAdd, scatterReduce } from './index-scatter.ts';
export { indexAdd, indexCopy, indexFill, put, maskedScatter } from './index-write.ts';

export { mm, bmm, mv, dot, vdot, matmul, linear } from './matmul.ts';
export { addmm, addmv, addr, baddbmm, addbmm } from './addmm.ts';
export { einsum } from './einsum.ts';
export { outer, ger, tensordot, inner, bilinear, cross, multiDot, chainMatmul } from './product.ts';
export { conv1d, conv2d, conv3d, convTranspose1d, convTranspose2d, convTranspose3d } from './conv.ts';
export {
  maxPool1d,
  maxPool2d,
  maxPool3d,
  avgPool1d,
  avgPool2d,
  avgPool3d,
  lpPool1d,
  lpPool2d,
} from './pool.ts';
export { maxUnpool1d, maxUnpool2d, maxUnpool3d } from './pool-unpool.ts';
export {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveAvgPool3d,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  adaptiveMaxPool3d,
} from './pool-adaptive.ts';
export { im2col, fold } from './im2col.ts';
export { interpolate } from './interpolate.ts';
export { gridSample, affineGrid } from './grid-sample.ts';
export { pixelShuffle, pixelUnshuffle, channelShuffle } from './shuffle.ts';
export { batchNorm, batchNormStats, instanceNorm } from './norm-batch.ts';
export { layerNorm, rmsNorm, groupNorm } from './norm.ts';
export {
  normalize,
  cosineSimilarity,
  pairwiseDistance,
  cdist,
  pdist,
  localResponseNorm,
} from './distance.ts';

export { mseLoss, l1Loss, smoothL1Loss, huberLoss, klDiv, poissonNllLoss, gaussianNllLoss } from './loss.ts';
export {
  binaryCrossEntropy,
  bceLoss,
  binaryCrossEntropyWithLogits,
  bceWithLogits,
  multilabelSoftMarginLoss,
} from './loss-binary.ts';
export { ctcLoss } from './loss-ctc.ts';
export { nllLoss, crossEntropy } from './loss-class.ts';
export {
  softMarginLoss,
  hingeEmbeddingLoss,
  marginRankingLoss,
  cosineEmbeddingLoss,
  tripletMarginLoss,
  multiMarginLoss,
  multilabelMarginLoss,
} from './loss-margin.ts';

export { histc, histogram } from './histogram.ts';
export { cov, corrcoef, isin } from './statistics.ts';
export { det, slogdet, logdet } from './linalg-det.ts';
export { inv, inverse, solve, solveTriangular } from './linalg.ts';
export { cholesky, choleskySolve, qr, eigh, eigvalsh } from './linalg-factor.ts';
export { svd, svdvals, pinv, pinv as pinverse, matrixRank } from './linalg-svd.ts';
export { lu, luFactor, luSolve, lstsq } from './linalg-lu.ts';
export { matrixExp, matrixPower } from './linalg-function.ts';
export { matrixNorm, linalgNorm, vecdot, cond, linalgDiagonal, linalgCross } from './linalg-norm.ts';

/** Functions of `fft`. */
export { fft, ifft, fft2, ifft2, fftn, ifftn, fftshift, ifftshift } from './fft.ts';
export { rfft, irfft, hfft, ihfft, rfft2, irfft2, rfftn, irfftn } from './fft-real.ts';
export { hfft2, ihfft2, hfftn, ihfftn } from './fft-real.ts';

/** Functions of `special` that have no place at the top. */
export { erfcx, i0e, i1, i1e, ndtr, logNdtr, ndtri, entr } from './special.ts';
