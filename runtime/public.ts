// The public names, collected. In: the files of runtime/ and the lifted operators. Out: what the package exports besides nn and optim.

// methods.ts comes first: it gives Tensor its methods
export { Tensor } from './methods.ts';
export { isTensor } from './core.ts';
export { Parameter } from './tensor.ts';
export { isDType } from '../compiler/dtype.ts';
export type { DType } from '../compiler/dtype.ts';
export {
  AutogradError,
  DTypeError,
  GradloomError,
  IndexError,
  InternalError,
  ShapeError,
  TraceError,
  ValueError,
} from '../compiler/errors.ts';
export type { Shape } from '../compiler/shape.ts';
export type { TypedArray } from './buffer.ts';
export {
  arange,
  empty,
  emptyLike,
  eye,
  full,
  fullLike,
  linspace,
  logspace,
  ones,
  onesLike,
  tensor,
  zeros,
  zerosLike,
} from './create.ts';
export type { DataOptions, TensorData } from './create.ts';
export {
  getRngState,
  initialSeed,
  manualSeed,
  normal,
  rand,
  randLike,
  randint,
  randintLike,
  randn,
  randnLike,
  randperm,
  setRngState,
} from './random.ts';
export { Generator } from './generator.ts';
export {
  alphaDropout,
  bernoulli,
  dropout,
  dropout1d,
  dropout2d,
  dropout3d,
  multinomial,
} from './randomFill.ts';
export { gumbelSoftmax, rrelu, scaledDotProductAttention } from './randomLayers.ts';
export type { AttentionOptions, GumbelOptions, RreluOptions } from './randomLayers.ts';
export type { NestedArray, TensorOptions } from './tensor.ts';
export { compile } from './compile.ts';
export type { CompileOptions, Compiled } from './compile.ts';
export type { Advice, Explanation, Kernel, KernelCounts, KernelProfile, Profile } from './program.ts';
export type { Program, ProgramMemory, Roof, Stage } from './program.ts';
export { guarded, isCompiling } from './trace.ts';
export { liveNumber } from './live.ts';
export { atCaller, onOneLine } from './origin.ts';
export { realize } from './read.ts';
export type { IndexPart } from './indexing.ts';
export { bincount, maskedSelect, nonzero } from './masks.ts';
export { unique, uniqueConsecutive } from './unique.ts';
export { allclose, equal } from './compare.ts';
export {
  argwhere,
  broadcastTensors,
  canCast,
  isFloatingPoint,
  promoteTypes,
  resultType,
  trilIndices,
  triuIndices,
} from './more.ts';
export { setPrintOptions } from './print.ts';
export { enableGrad, inferenceMode, isGradEnabled, noGrad, setGradEnabled } from './autograd/mode.ts';
export * from './operators.ts';
export { autograd } from './autograd/namespace.ts';
export { GradFn } from './autograd/gradFn.ts';
export type { Gradients } from './autograd/gradFn.ts';
export type {
  BackwardOptions,
  Differentiated,
  GradOptions,
  GradientEdge,
  Tensors,
} from './autograd/backward.ts';
export type { Context } from './autograd/function.ts';
export type { HookHandle } from './autograd/hooks.ts';
export { checkpoint } from './autograd/checkpoint.ts';
export { customJvp } from './autograd/customJvp.ts';
export { customVjp } from './autograd/customVjp.ts';
export { hessian, jacfwd, jacobian, jacrev } from './autograd/jacobians.ts';
export { hvp, jvp, linearize } from './autograd/forward.ts';
export { grad, stopGradient, valueAndGrad, vjp } from './autograd/transforms.ts';
export { vmap } from './autograd/vmap.ts';
export { cond, foriLoop, scan, switchCase, whileLoop } from './controlFlow.ts';
export type { Predicate, ScanOptions } from './controlFlow.ts';
export type { Dims, VmapOptions } from './autograd/vmap.ts';
export { expr } from './expression.ts';
export type { ExpressionValue } from './expression.ts';
export { special } from './special.ts';
export { linalg } from './linalg.ts';
export { fft } from './fft.ts';
export type { FrequencyOptions } from './fft.ts';
