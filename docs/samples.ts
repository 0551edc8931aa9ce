// One call of every operator. In: a way to make a tensor of the dtype under question. Out: arguments that the operator takes. Most operators take
// one of a few usual lists of arguments, which are tried in order; the others have their own.

import { tensor } from '../index.ts';
import type { Tensor } from '../index.ts';

/** A tensor of a shape whose dtype is what is asked about, and whose gradient is. */
export type Draw = (...shape: number[]) => Tensor;
export type Sample = (x: Draw) => readonly unknown[];

const int = (values: readonly number[], shape: readonly number[] = [values.length]): Tensor =>
  tensor(Int32Array.from(values), { shape });
const mask = (): Tensor => tensor([true, false, true]);

/** Tried in order. */
export const usual: readonly Sample[] = [
  (x) => [x(2, 3)],
  (x) => [x(3, 3)],
  (x) => [x(2, 3), x(2, 3)],
  (x) => [x(3)],
  (x) => [x(3), x(3)],
  (x) => [x(2, 3), x(3, 2)],
  (x) => [x(2, 3), 1],
  (x) => [x(2, 3), 1, 1],
  (x) => [[x(2, 3), x(2, 3)]],
  (x) => [x(2, 3), x(2, 3), x(2, 3)],
  (x) => [x(2, 3), 0, 1],
  (x) => [x(1, 2, 4), 2],
  (x) => [x(1, 2, 4, 4), 2],
  (x) => [x(1, 2, 4, 4, 4), 2],
  (x) => [x(2, 3), [3, 2]],
];

const image = (x: Draw): readonly unknown[] => [x(1, 2, 4, 4), x(2, 2, 2, 2)];
const bits: Sample = (x) => [x(3), int([1, 2, 1])];
const lane: Sample = (x) => [x(2, 3), 0, int([1, 0]), x(2, 3)];

export const own: Readonly<Record<string, Sample>> = {
  addbmm: (x) => [x(2, 2), x(2, 2, 3), x(2, 3, 2)],
  addmm: (x) => [x(2, 2), x(2, 3), x(3, 2)],
  addmv: (x) => [x(2), x(2, 3), x(3)],
  addr: (x) => [x(2, 3), x(2), x(3)],
  affineGrid: (x) => [x(1, 2, 3), [1, 1, 2, 2]],
  asStrided: (x) => [x(4), [2, 2], [2, 1]],
  baddbmm: (x) => [x(2, 2, 2), x(2, 2, 3), x(2, 3, 2)],
  batchNorm: (x) => [x(2, 3), null, null, { training: true }],
  bilinear: (x) => [x(2, 3), x(2, 4), x(2, 3, 4)],
  bitwiseAnd: bits,
  bitwiseOr: bits,
  bitwiseXor: bits,
  bitwiseNot: (x) => [x(3)],
  bitwiseLeftShift: bits,
  bitwiseRightShift: bits,
  bmm: (x) => [x(2, 2, 3), x(2, 3, 2)],
  broadcastTo: (x) => [x(1, 3), [2, 3]],
  cholesky: (x) => [x(2, 2)],
  choleskySolve: (x) => [x(2, 1), x(2, 2)],
  conv1d: (x) => [x(1, 2, 4), x(2, 2, 2)],
  conv2d: image,
  conv3d: (x) => [x(1, 1, 3, 3, 3), x(1, 1, 2, 2, 2)],
  convTranspose1d: (x) => [x(1, 2, 4), x(2, 2, 2)],
  convTranspose2d: image,
  convTranspose3d: (x) => [x(1, 1, 3, 3, 3), x(1, 1, 2, 2, 2)],
  cosineEmbeddingLoss: (x) => [x(2, 3), x(2, 3), int([1, -1])],
  ctcLoss: (x) => [x(3, 1, 3), int([1, 2], [1, 2]), [3], [2]],
  diagonalScatter: (x) => [x(3, 3), x(3)],
  einsum: (x) => ['ij,jk->ik', x(2, 3), x(3, 2)],
  embedding: (x) => [int([0, 1]), x(2, 3)],
  embeddingBag: (x) => [int([0, 1], [1, 2]), x(2, 3)],
  expand: (x) => [x(1, 3), [2, 3]],
  fold: (x) => [x(1, 4, 4), [3, 3], 2],
  gather: (x) => [x(2, 3), 0, int([1, 0], [1, 2])],
  gridSample: (x) => [x(1, 1, 3, 3), x(1, 2, 2, 2)],
  indexAdd: lane,
  indexCopy: lane,
  indexFill: (x) => [x(2, 3), 0, int([1]), 0],
  indexPut: (x) => [x(2, 3), [int([1])], x(1, 3)],
  indexSelect: (x) => [x(2, 3), 0, int([1, 1])],
  interpolate: (x) => [x(1, 2, 3), { size: 4, mode: 'linear' }],
  layerNorm: (x) => [x(2, 3), [3]],
  lpPool2d: (x) => [x(1, 2, 4, 4), 2, 2],
  luSolve: (x) => [x(2, 2), int([1, 2]), x(2, 1)],
  maskedFill: (x) => [x(3), mask(), 0],
  maskedScatter: (x) => [x(3), mask(), x(3)],
  meshgrid: (x) => [[x(2), x(3)]],
  multiDot: (x) => [[x(2, 3), x(3, 2), x(2, 2)]],
  multiMarginLoss: (x) => [x(2, 3), int([0, 1])],
  multilabelMarginLoss: (x) => [x(2, 2), int([0, -1, 1, 0], [2, 2])],
  mv: (x) => [x(2, 3), x(3)],
  narrow: (x) => [x(3), 0, 1, 2],
  nllLoss: (x) => [x(2, 3), int([0, 1])],
  oneHot: () => [int([0, 1]), 2],
  permute: (x) => [x(2, 3), [1, 0]],
  polygamma: (x) => [1, x(3)],
  prelu: (x) => [x(2, 3), x(3)],
  qr: (x) => [x(3, 2)],
  put: (x) => [x(2, 3), int([1]), x(1)],
  rmsNorm: (x) => [x(2, 3), [3]],
  scatter: (x) => [x(2, 3), 0, int([1, 0, 1], [1, 3]), x(1, 3)],
  scatterAdd: (x) => [x(2, 3), 0, int([1, 0, 1], [1, 3]), x(1, 3)],
  scatterReduce: (x) => [x(2, 3), 0, int([1, 0, 1], [1, 3]), x(1, 3), 'sum'],
  selectScatter: (x) => [x(2, 3), x(3), 0, 1],
  solve: (x) => [x(2, 2), x(2, 1)],
  solveTriangular: (x) => [x(2, 2), x(2, 1), { upper: true }],
  take: (x) => [x(2, 3), int([1, 5])],
  takeAlongDim: (x) => [x(2, 3), int([1, 0], [2, 1]), 1],
  to: (x) => [x(3), 'float64'],
  unflatten: (x) => [x(4), 0, [2, 2]],
  unfold: (x) => [x(4), 0, 2, 1],
  where: (x) => [mask(), x(3), x(3)],
  // usual arguments would do, but say less
  crossEntropy: (x) => [x(2, 3), int([0, 1])],
  histogram: (x) => [x(3), 2],
  index: (x) => [x(2, 3), int([1])],
  linear: (x) => [x(2, 3), x(4, 3), x(4)],
  matmul: (x) => [x(2, 3), x(3, 2)],
  tripletMarginLoss: (x) => [x(2, 3), x(2, 3), x(2, 3)],
};
