// Contractions and products, held against PyTorch's answers.

import { addmm, addmv, baddbmm } from '../ops/addmm.ts';
import type { Weights } from '../ops/addmm.ts';
import { bmm, dot, linear, matmul, mm, mv } from '../ops/matmul.ts';
import { einsum } from '../ops/einsum.ts';
import { bilinear, cross, outer, tensordot } from '../ops/product.ts';
import type { TensordotDims } from '../ops/product.ts';
import { testOpCases } from './helpers/opCases.ts';
import type { ConvOptions, ConvTransposeOptions } from '../ops/conv.ts';
import { conv1d, conv2d, convTranspose2d } from '../ops/conv.ts';

testOpCases({
  mm: ([x, y]) => mm(x, y),
  bmm: ([x, y]) => bmm(x, y),
  mv: ([x, y]) => mv(x, y),
  dot: ([x, y]) => dot(x, y),
  matmul: ([x, y]) => matmul(x, y),
  addmm: ([c, x, y], weights: Weights) => addmm(c, x, y, weights),
  addmv: ([c, x, y]) => addmv(c, x, y),
  baddbmm: ([c, x, y]) => baddbmm(c, x, y),
  linear: ([x, w, b]) => linear(x, w, b),
  outer: ([x, y]) => outer(x, y),
  cross: ([x, y]) => cross(x, y),
  bilinear: ([x, y, w, b]) => bilinear(x, y, w, b),
  einsum: (operands, { equation }: { equation: string }) => einsum(equation, ...operands),
  tensordot: ([x, y], { dims }: { dims: TensordotDims }) => tensordot(x, y, dims),
  conv1d: ([x, w, b], options: ConvOptions) => conv1d(x, w, b, options),
  conv2d: ([x, w, b], options: ConvOptions) => conv2d(x, w, b, options),
  conv_transpose2d: ([x, w, b], { output_padding, ...options }: ConvTransposeOptions & { output_padding: number }) =>
    convTranspose2d(x, w, b, { ...options, outputPadding: output_padding }),
});
