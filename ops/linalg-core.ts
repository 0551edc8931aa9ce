// What the operators of linear algebra share. In: what to compute for one matrix (the dense code of linalg/). Out: an operator on batches,
// opaque to fusion, that computes in double and stores in its own dtype.

import { dtypes, isFloat } from '../compiler/dtype.ts';
import { DTypeError, ShapeError } from '../compiler/errors.ts';
import type { Node, TensorType } from '../compiler/node.ts';
import type { Op } from '../compiler/op.ts';
import { defineOp } from '../compiler/op.ts';
import { numel } from '../compiler/shape.ts';
import type { Shape } from '../compiler/shape.ts';
import type { Labels } from './contract.ts';
import { contract } from './contract.ts';
import { transpose } from './view.ts';

/** Fills `out` from one matrix (or vector) of each input; the types are those of whole batches. */
export type Dense<A> = (
  inputs: readonly Float64Array[],
  out: Float64Array,
  types: readonly TensorType[],
  attrs: A,
  batch: number | null,
) => void;

export interface DenseOp<A> extends Pick<Op<A>, 'type' | 'vjp' | 'gradName' | 'saves' | 'nondifferentiable'> {
  readonly run: Dense<A>;
}

/** The operator that runs dense code on every matrix of a batch; batches of all inputs agree. */
export const denseOp = <A>(name: string, { run, ...rest }: DenseOp<A>): Op<A> =>
  defineOp<A>({
    name,
    ...rest,
    meaning: ({ attrs }) => ({
      tag: 'routine',
      run(inputs, output, types) {
        const lead = types[0].shape.slice(0, -2);
        const batches = numel(lead);
        for (let b = 0; b < batches; b++) {
          const part = (x: ArrayLike<number>): Float64Array => {
            const size = x.length / batches;
            return Float64Array.from({ length: size }, (_, i) => x[b * size + i]);
          };
          const out = new Float64Array(output.length / batches);
          run(inputs.map(part), out, types, attrs, lead.length === 0 ? null : b);
          for (let i = 0; i < out.length; i++) output[b * out.length + i] = out[i];
        }
      },
    }),
  });

/** Where in a batch an error occurred, as PyTorch says it. */
export const inBatch = (batch: number | null): string => (batch === null ? '' : `(Batch element ${batch}): `);

export function checkMatrix(op: string, x: Node): void {
  if (x.type.shape.length < 2)
    throw new ShapeError(`${op}: The input tensor A must have at least 2 dimensions.`);
  if (!isFloat(x.type.dtype))
    throw new DTypeError(
      `${op}: Expected a floating point or complex tensor as input. Got ${dtypes[x.type.dtype].torchName}`,
    );
}

export function checkSquare(op: string, x: Node): void {
  checkMatrix(op, x);
  const [rows, columns] = x.type.shape.slice(-2);
  if (rows !== columns)
    throw new ShapeError(
      `${op}: A must be batches of square matrices, but they are ${rows} by ${columns} matrices`,
    );
}

/** A product of two batches of matrices of one rank, given the labels of their last two axes: `times(a, 'ik', b, 'kj', 'ij')`. */
export function times(a: Node, first: Labels, b: Node, second: Labels, out: Labels): Node {
  const lead = a.type.shape.slice(0, -2).map((_, i) => i);
  const letters = (labels: Labels): number[] => [
    ...lead,
    ...Array.from(labels as string, (c) => c.codePointAt(0)!),
  ];
  return contract(a, b, { a: letters(first), b: letters(second), out: letters(out) });
}

/** The matrices transposed. */
export const mT = (x: Node): Node => transpose(x, -2, -1);

/** The shape of one matrix in a batch. */
export const lastTwo = (type: TensorType): readonly [rows: number, columns: number] => [
  type.shape[type.shape.length - 2],
  type.shape[type.shape.length - 1],
];

export const batchOf = (shape: Shape): Shape => shape.slice(0, -2);
