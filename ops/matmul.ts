// Matrix products in all combinations of ranks. In: nodes of one number type (integers too). Out: one node per call, named as
// PyTorch names its backward, that stands for a single contraction. Gradients come from that contraction.

import { ShapeError } from '../compiler/errors.ts';
import type { Node, TensorType } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import type { Op } from '../compiler/op.ts';
import { defineOp } from '../compiler/op.ts';
import type { Shape } from '../compiler/shape.ts';
import { broadcastShapes, numel, showShape } from '../compiler/shape.ts';
import { add } from './binary.ts';
import type { Contraction } from './contract.ts';
import { contract, sameNumbers } from './contract.ts';

/** What autograd keeps of a product: each factor for the gradient of the other. */
export const savesFactors =
  (first: string, second: string, at = 0) =>
  (_: Node<never>, wants: readonly boolean[]): Readonly<Record<string, number>> => ({
    ...(wants[at + 1] ? { [first]: at } : {}),
    ...(wants[at] ? { [second]: at + 1 } : {}),
  });

const times = (shape: Shape): string => shape.join('x');

/** Refuses matrices that do not fit, in PyTorch's words. */
export function checkMatrices(x: Shape, y: Shape): void {
  if (x[1] !== y[0])
    throw new ShapeError(`mat1 and mat2 shapes cannot be multiplied (${times(x)} and ${times(y)})`);
}

export function checkBatches(x: Shape, y: Shape): void {
  if (x.length !== 3) throw new ShapeError('batch1 must be a 3D tensor');
  if (y.length !== 3) throw new ShapeError('batch2 must be a 3D tensor');
  if (x[0] !== y[0] || x[2] !== y[1])
    throw new ShapeError(
      `Expected size for first two dimensions of batch2 tensor to be: [${x[0]}, ${x[2]}] but got: [${y[0]}, ${y[1]}].`,
    );
}

export function checkVector(x: Shape, y: Shape): void {
  if (x.length !== 2 || y.length !== 1)
    throw new ShapeError(`vector + matrix @ vector expected, got 1, ${x.length}, ${y.length}`);
  if (x[1] !== y[0]) throw new ShapeError(`size mismatch, got ${x[0]}, ${times(x)},${y[0]}`);
}

function checkVectors(x: Shape, y: Shape): void {
  if (x.length !== 1 || y.length !== 1)
    throw new ShapeError(`1D tensors expected, but got ${x.length}D and ${y.length}D tensors`);
  if (x[0] !== y[0])
    throw new ShapeError(
      `inconsistent tensor size, expected tensor ${showShape(x)} and src ${showShape(y)} to have the same number of elements, but got ${x[0]} and ${y[0]} elements respectively`,
    );
}

interface Product {
  readonly spec: Contraction;
  readonly check: (x: Shape, y: Shape) => void;
  readonly shape: (x: Shape, y: Shape) => Shape;
  /** Names under which the factors are saved. */
  readonly saved: readonly [string, string];
  /** Whose lack of booleans PyTorch reports. */
  readonly kernel: string;
}

/** A product of two operands of fixed ranks. */
function product(name: string, { spec, check, shape, saved, kernel }: Product): (x: Node, y: Node) => Node {
  const op = defineOp<undefined>({
    name,
    type([x, y]) {
      check(x.shape, y.shape);
      sameNumbers(x, y, kernel);
      return { shape: shape(x.shape, y.shape), dtype: x.dtype };
    },
    meaning: ({ inputs: [x, y] }) => ({ tag: 'composite', expand: () => contract(x, y, spec) }),
    saves: savesFactors(...saved),
  });
  return (x, y) => node(op, [x, y], undefined);
}

/** The product of two matrices. */
export const mm = product('mm', {
  spec: { a: 'ik', b: 'kj', out: 'ij' },
  check(x, y) {
    if (x.length !== 2) throw new ShapeError('self must be a matrix');
    if (y.length !== 2) throw new ShapeError('mat2 must be a matrix');
    checkMatrices(x, y);
  },
  shape: ([n], [, m]) => [n, m],
  saved: ['self', 'mat2'],
  kernel: 'addmm_impl_cpu_',
});

/** The products of two batches of matrices. */
export const bmm = product('bmm', {
  spec: { a: 'bik', b: 'bkj', out: 'bij' },
  check: checkBatches,
  shape: ([b, n], [, , m]) => [b, n, m],
  saved: ['self', 'mat2'],
  kernel: 'baddbmm_cpu',
});

/** A matrix times a vector. */
export const mv = product('mv', {
  spec: { a: 'ik', b: 'k', out: 'i' },
  check: checkVector,
  shape: ([n]) => [n],
  saved: ['self', 'vec'],
  kernel: 'addmv_impl_cpu',
});

/** The inner product of two vectors. */
export const dot = product('dot', {
  spec: { a: 'k', b: 'k', out: '' },
  check: checkVectors,
  shape: () => [],
  saved: ['self', 'tensor'],
  kernel: 'dot',
});

/** `dot`; for complex numbers it would conjugate the first vector. */
export const vdot = product('vdot', {
  spec: { a: 'k', b: 'k', out: '' },
  check: checkVectors,
  shape: () => [],
  saved: ['self', 'other'],
  kernel: 'vdot',
});

/** Labels for a product over the last axis of x and the last but one of y (or their only one), other axes being a batch. */
function batchLabels(x: Shape, y: Shape): Contraction {
  const rows = x.length > 1 ? 1 : 0;
  const columns = y.length > 1 ? 1 : 0;
  const lead = Math.max(x.length - rows, y.length - columns) - 1;
  const [k, i, j] = [lead, lead + 1, lead + 2];
  const batch = (count: number): number[] => Array.from({ length: count }, (_, at) => lead - count + at);
  return {
    a: [...batch(x.length - 1 - rows), ...(rows ? [i] : []), k],
    b: [...batch(y.length - 1 - columns), k, ...(columns ? [j] : [])],
    out: [...batch(lead), ...(rows ? [i] : []), ...(columns ? [j] : [])],
  };
}

function batchType(x: TensorType, y: TensorType): TensorType {
  const [a, b] = [x.shape, y.shape];
  const folded = (shape: Shape): Shape => [numel(shape.slice(0, -1)), shape[shape.length - 1]];
  if (b.length <= 2) {
    if (b.length === 2) checkMatrices(folded(a), b);
    else checkVector(folded(a), b);
  }
  const inner = a[a.length - 1];
  const batch = broadcastShapes(a.slice(0, -2), b.slice(0, -2));
  if (inner !== b[Math.max(b.length - 2, 0)]) {
    if (a.length <= 2) checkMatrices(a.length === 1 ? [1, ...a] : a, b.slice(-2));
    else checkBatches([numel(batch), ...a.slice(-2)], [numel(batch), ...b.slice(-2)]);
  }
  sameNumbers(x, y, 'baddbmm_cpu');
  const rows = a.length > 1 ? [a[a.length - 2]] : [];
  const columns = b.length > 1 ? [b[b.length - 1]] : [];
  return { shape: [...batch, ...rows, ...columns], dtype: x.dtype };
}

const matmulOp = defineOp<undefined>({
  name: 'matmul',
  type: ([x, y]) => batchType(x, y),
  meaning: ({ inputs: [x, y] }) => ({
    tag: 'composite',
    expand: () => contract(x, y, batchLabels(x.type.shape, y.type.shape)),
  }),
  gradName: ({ inputs: [x, y] }) =>
    x.type.shape.length === 1 && y.type.shape.length === 2 ? 'SqueezeBackward3' : 'UnsafeViewBackward0',
  saves: savesFactors('self', 'other'),
});

/**
 * The matrix product over the last axis of x and the last but one of y. A vector is a row on the left, a column on the right,
 * and its axis disappears; further axes are a batch and broadcast.
 */
export function matmul(x: Node, y: Node): Node {
  const [n, m] = [x.type.shape.length, y.type.shape.length];
  if (n === 0 || m === 0)
    throw new ShapeError(`both arguments to matmul need to be at least 1D, but they are ${n}D and ${m}D`);
  if (n === 1 && m === 1) return dot(x, y);
  if (n === 2 && m === 1) return mv(x, y);
  if (n === 2 && m === 2) return mm(x, y);
  return node(matmulOp, [x, y], undefined);
}

/** PyTorch makes `linear` of other operators, depending on ranks. */
function linearName({ inputs: [x, , bias] }: Node): string {
  const rank = x.type.shape.length;
  if (!bias) return rank === 1 ? 'SqueezeBackward3' : rank === 2 ? 'MmBackward0' : 'UnsafeViewBackward0';
  return rank === 2 ? 'AddmmBackward0' : rank === 3 ? 'ViewBackward0' : 'AddBackward0';
}

const linearOp: Op = defineOp<unknown>({
  name: 'linear',
  type([x, w, bias]) {
    const rank = x.shape.length;
    if (rank === 0)
      throw new ShapeError('both arguments to linear need to be at least 1D, but they are 0D and 2D');
    if (w.shape.length !== 2) throw new ShapeError('mat2 must be a matrix');
    checkMatrices([numel(x.shape.slice(0, -1)), x.shape[rank - 1]], [w.shape[1], w.shape[0]]);
    sameNumbers(x, w, 'addmm_impl_cpu_');
    if (bias) sameNumbers(bias, x);
    const shape = [...x.shape.slice(0, -1), w.shape[0]];
    return { shape: bias ? broadcastShapes(shape, bias.shape) : shape, dtype: x.dtype };
  },
  meaning: ({ inputs: [x, w, bias] }) => ({
    tag: 'composite',
    expand() {
      const rows = x.type.shape.map((_, i) => i).slice(0, -1);
      const [k, j] = [rows.length, rows.length + 1];
      const y = contract(x, w, { a: [...rows, k], b: [j, k], out: [...rows, j] });
      return bias ? add(y, bias) : y;
    },
  }),
  gradName: linearName,
  saves: savesFactors('mat1', 'mat2'),
});

/**
 * x times the transpose of `weight` [out, in], plus `bias`; x has any number of leading dimensions. A weight [in] is a single
 * output, without a dimension of its own.
 */
export function linear(x: Node, weight: Node, bias: Node | null = null): Node {
  if (weight.type.shape.length !== 1)
    return node(linearOp, bias ? [x, weight, bias] : [x, weight], undefined);
  const y = matmul(x, weight);
  return bias ? add(y, bias) : y;
}
