// What is special about operators as functions of tensors: who returns views, who needs how many arguments, which are methods and which
// have an in-place form. Plain data; `functions.ts` and `methods.ts` are made from it.

import type * as ops from '../ops/index.ts';
import type { LiftTraits } from './lift.ts';
import { optionTable } from './optionTable.ts';

export type Ops = typeof ops;
export type OpName = keyof Ops;

const names = <const N extends OpName>(...list: N[]): readonly N[] => list;

// prettier-ignore
const views = names(
  'view', 'viewAs', 'unflatten', 'squeeze', 'unsqueeze', 'permute', 'transpose', 'swapaxes', 'swapdims', 't',
  'matrixTranspose', 'movedim', 'moveaxis', 'expand', 'broadcastTo', 'expandAs', 'slice', 'narrow', 'select',
  'diagonal', 'unfold', 'linalgDiagonal', 'asStrided',
);
const reshapes = names('reshape', 'reshapeAs', 'flatten', 'ravel', 'atleast1d', 'atleast2d', 'atleast3d');
const multipleViews = names('unbind', 'split', 'chunk', 'tensorSplit', 'hsplit', 'vsplit', 'dsplit');

// prettier-ignore
const binary = names(
  'add', 'sub', 'subtract', 'rsub', 'mul', 'multiply', 'div', 'divide', 'pow', 'floatPower', 'maximum',
  'minimum', 'fmax', 'fmin', 'floorDivide', 'fmod', 'remainder', 'atan2', 'hypot', 'logaddexp', 'logaddexp2',
  'xlogy', 'copysign', 'ldexp', 'heaviside', 'eq', 'ne', 'notEqual', 'lt', 'less', 'le', 'lessEqual', 'gt',
  'greater', 'ge', 'greaterEqual', 'logicalAnd', 'logicalOr', 'logicalXor', 'isclose', 'bitwiseAnd',
  'bitwiseOr', 'bitwiseXor', 'bitwiseLeftShift', 'bitwiseRightShift', 'xlog1py', 'polygamma', 'mm', 'bmm',
  'mv', 'dot', 'vdot', 'matmul', 'outer', 'ger', 'inner', 'cross', 'dist', 'kron', 'clampMin', 'clampMax',
  'mseLoss', 'l1Loss', 'smoothL1Loss', 'huberLoss', 'klDiv', 'binaryCrossEntropy',
  'binaryCrossEntropyWithLogits', 'nllLoss', 'crossEntropy', 'softMarginLoss', 'im2col', 'pixelShuffle',
  'pixelUnshuffle', 'channelShuffle', 'solve', 'choleskySolve', 'matrixPower', 'vecdot', 'linalgCross',
  'isin', 'trueDivide', 'mvlgamma', 'embeddingBag', 'gridSample', 'affineGrid', 'histogram', 'lstsq',
);
// prettier-ignore
const ternary = names(
  'where', 'lerp', 'addcmul', 'addcdiv', 'maskedFill', 'addmm', 'addmv', 'addr', 'baddbmm', 'addbmm',
  'gather', 'indexSelect', 'scaledDotProductAttention', 'fold', 'solveTriangular', 'luSolve', 'asStrided',
  'maxUnpool1d', 'maxUnpool2d', 'maxUnpool3d',
);
const quaternary = names('scatter', 'scatterAdd', 'indexAdd', 'indexCopy', 'indexFill', 'ctcLoss');
// prettier-ignore
const takesStrings = names(
  'einsum', 'to', 'norm', 'vectorNorm', 'dist', 'index', 'scatterReduce', 'matrixNorm', 'linalgNorm', 'cond',
);

/** Functions whose first argument is no tensor, or which PyTorch does not have as methods, are missing here. */
// prettier-ignore
export const methodNames = names(
  'to', 'typeAs', 'float', 'double', 'int', 'byte', 'bool', 'contiguous', 'neg', 'negative', 'abs',
  'absolute', 'positive', 'clone', 'exp', 'exp2', 'expm1', 'log', 'log2', 'log10', 'log1p', 'sqrt', 'rsqrt',
  'reciprocal', 'square', 'deg2rad', 'rad2deg', 'floor', 'ceil', 'trunc', 'fix', 'sign', 'sgn', 'angle',
  'round', 'frac', 'nanToNum', 'sin', 'cos', 'tan', 'asin', 'acos', 'atan', 'sinh', 'cosh', 'tanh', 'asinh',
  'acosh', 'atanh', 'sigmoid', 'logit', 'arcsin', 'arccos', 'arctan', 'arcsinh', 'arccosh', 'arctanh', 'erf',
  'erfc', 'erfinv', 'lgamma', 'digamma', 'i0', 'sinc', 'add', 'sub', 'subtract', 'rsub', 'mul', 'multiply',
  'div', 'divide', 'pow', 'floatPower', 'maximum', 'minimum', 'fmax', 'fmin', 'floorDivide', 'fmod',
  'remainder', 'atan2', 'hypot', 'logaddexp', 'logaddexp2', 'xlogy', 'copysign', 'ldexp', 'heaviside', 'lerp',
  'addcmul', 'addcdiv', 'eq', 'ne', 'notEqual', 'lt', 'less', 'le', 'lessEqual', 'gt', 'greater', 'ge',
  'greaterEqual', 'logicalAnd', 'logicalOr', 'logicalXor', 'logicalNot', 'isnan', 'isfinite', 'isinf',
  'isposinf', 'isneginf', 'signbit', 'isclose', 'bitwiseAnd', 'bitwiseOr', 'bitwiseXor', 'bitwiseNot',
  'bitwiseLeftShift', 'bitwiseRightShift', 'maskedFill', 'clamp', 'clip', 'clampMin', 'clampMax', 'relu',
  'hardshrink', 'prelu', 'softmax', 'logSoftmax', 'logsumexp', 'sum', 'mean', 'prod', 'amax', 'amin',
  'aminmax', 'any', 'all', 'countNonzero', 'nansum', 'nanmean', 'argmax', 'argmin', 'max', 'min', 'median',
  'nanmedian', 'kthvalue', 'mode', 'var', 'std', 'norm', 'dist', 'renorm', 'cumsum', 'cumprod',
  'logcumsumexp', 'cummax', 'cummin', 'diff', 'sort', 'argsort', 'msort', 'topk', 'quantile', 'reshape',
  'view', 'viewAs', 'reshapeAs', 'ravel', 'flatten', 'unflatten', 'squeeze', 'unsqueeze', 'permute',
  'transpose', 'swapaxes', 'swapdims', 't', 'movedim', 'moveaxis', 'expand', 'broadcastTo', 'expandAs',
  'slice', 'narrow', 'select', 'flip', 'fliplr', 'flipud', 'unfold', 'diagonal', 'diagEmbed', 'diag',
  'diagflat', 'trace', 'tril', 'triu', 'sliceScatter', 'selectScatter', 'diagonalScatter', 'split', 'chunk',
  'tensorSplit', 'unbind', 'hsplit', 'vsplit', 'dsplit', 'repeat', 'tile', 'repeatInterleave', 'roll',
  'rot90', 'kron', 'gather', 'takeAlongDim', 'indexSelect', 'take', 'scatter', 'scatterAdd', 'scatterReduce',
  'indexAdd', 'indexCopy', 'indexFill', 'put', 'maskedScatter', 'mm', 'bmm', 'mv', 'dot', 'vdot', 'matmul',
  'addmm', 'addmv', 'addr', 'baddbmm', 'addbmm', 'outer', 'ger', 'inner', 'cross', 'det', 'slogdet', 'logdet',
  'inverse', 'cholesky', 'choleskySolve', 'qr', 'matrixExp', 'matrixPower', 'cov', 'corrcoef', 'indexPut',
  'trueDivide', 'mvlgamma', 'asStrided', 'histc', 'histogram', 'pinverse',
);

/** Methods that also exist as `name_`, which writes the result into the tensor. */
// prettier-ignore
export const inplaceNames = names(
  'neg', 'negative', 'abs', 'absolute', 'exp', 'exp2', 'expm1', 'log', 'log2', 'log10', 'log1p', 'sqrt',
  'rsqrt', 'reciprocal', 'square', 'deg2rad', 'rad2deg', 'floor', 'ceil', 'trunc', 'fix', 'sign', 'sgn',
  'round', 'frac', 'nanToNum', 'sin', 'cos', 'tan', 'asin', 'acos', 'atan', 'sinh', 'cosh', 'tanh', 'asinh',
  'acosh', 'atanh', 'sigmoid', 'logit', 'arcsin', 'arccos', 'arctan', 'arcsinh', 'arccosh', 'arctanh', 'erf',
  'erfc', 'erfinv', 'lgamma', 'digamma', 'i0', 'sinc', 'add', 'sub', 'subtract', 'mul', 'multiply', 'div',
  'divide', 'pow', 'floatPower', 'floorDivide', 'fmod', 'remainder', 'atan2', 'hypot', 'xlogy', 'copysign',
  'ldexp', 'heaviside', 'lerp', 'addcmul', 'addcdiv', 'eq', 'ne', 'notEqual', 'lt', 'less', 'le', 'lessEqual',
  'gt', 'greater', 'ge', 'greaterEqual', 'logicalAnd', 'logicalOr', 'logicalXor', 'logicalNot', 'bitwiseAnd',
  'bitwiseOr', 'bitwiseXor', 'bitwiseNot', 'bitwiseLeftShift', 'bitwiseRightShift', 'maskedFill', 'clamp',
  'clip', 'clampMin', 'clampMax', 'relu', 'renorm', 'cumsum', 'cumprod', 'tril', 'triu', 'scatter',
  'scatterAdd', 'scatterReduce', 'indexAdd', 'indexCopy', 'indexFill', 'put', 'maskedScatter', 'addmm',
  'addmv', 'addr', 'baddbmm', 'addbmm', 'indexPut', 'trueDivide', 'mvlgamma',
);

/** Methods that also exist as `name_`, which gives the tensor another shape over the same elements. */
export const inplaceViewNames = names('t', 'transpose', 'swapaxes', 'swapdims', 'squeeze', 'unsqueeze');

/** What PyTorch calls the backward of such a form. */
export function inplaceViewGradName(
  name: (typeof inplaceViewNames)[number],
  args: readonly unknown[],
): string {
  switch (name) {
    case 't':
      return 'TBackward1';
    case 'unsqueeze':
      return 'UnsqueezeBackward1';
    case 'squeeze':
      return args.length > 1 ? 'SqueezeBackward3' : 'SqueezeBackward2';
    default:
      return 'TransposeBackward1';
  }
}

const includes = (list: readonly OpName[], name: OpName): boolean => list.includes(name);

/** All of it about one operator. */
export function traitsOf(name: OpName): LiftTraits {
  const options = (optionTable as Partial<Record<OpName, readonly string[]>>)[name];
  const view = includes(views, name)
    ? 'view'
    : includes(reshapes, name)
      ? 'reshape'
      : includes(multipleViews, name)
        ? 'multiple'
        : undefined;
  const required = includes(quaternary, name)
    ? 4
    : includes(ternary, name)
      ? 3
      : includes(binary, name)
        ? 2
        : 1;
  const method = includes(methodNames, name);
  return { options, view, required, method, strings: includes(takesStrings, name) };
}
