// Diagonals and triangles. In: matrices, or batches of them. Out: a diagonal as a view (one output index read by two input axes), a
// vector on a diagonal as a view with zeros elsewhere, a triangle as a choice by comparing row and column.

import { ShapeError, ValueError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import type { Op } from '../compiler/op.ts';
import { defineOp } from '../compiler/op.ts';
import { checkDim } from '../compiler/shape.ts';
import type { AxisMap } from '../compiler/view.ts';
import { along } from '../compiler/view.ts';
import { add } from './binary.ts';
import { ge, le } from './compare.ts';
import { optionsOf } from './options.ts';
import { sum } from './reduce-sum.ts';
import { where } from './select.ts';
import { constant, iota } from './source.ts';
import type { AffineAttrs } from './view-affine.ts';
import { affineOp, affineView } from './view-affine.ts';
import { viewRules } from './view-rules.ts';
import { ravel, unsqueeze } from './view.ts';

const ops = {
  diagonal: affineOp('diagonal'),
  diag: affineOp('diag'),
  diagEmbed: affineOp('diagEmbed'),
};

export interface DiagonalOptions {
  readonly offset?: number;
  readonly dim1?: number;
  readonly dim2?: number;
}

function twoDims(op: string, ndim: number, dim1: number, dim2: number): readonly [number, number] {
  const [a, b] = [checkDim(dim1, ndim), checkDim(dim2, ndim)];
  if (a === b) throw new ShapeError(`${op} dimensions cannot be identical ${dim1}, ${dim2}`);
  return [a, b];
}

function readDiagonal(op: Op<AffineAttrs>, x: Node, offset: number, dim1: number, dim2: number): Node {
  const { shape } = x.type;
  const [a, b] = twoDims('diagonal', shape.length, dim1, dim2);
  const [down, right] = [Math.max(0, -offset), Math.max(0, offset)];
  const length = Math.max(0, Math.min(shape[a] - down, shape[b] - right));
  const rest = shape.map((_, i) => i).filter((i) => i !== a && i !== b);
  const axes = shape.map((_, i): AxisMap => {
    if (i === a) return along(rest.length, 1, down);
    return i === b ? along(rest.length, 1, right) : along(rest.indexOf(i));
  });
  return affineView(op, x, [...rest.map((i) => shape[i]), length], axes);
}

/** A vector (the last dimension) on the diagonal of matrices whose rows and columns are dimensions `dim1` and `dim2` of the result. */
function writeDiagonal(op: Op<AffineAttrs>, x: Node, offset: number, dim1: number, dim2: number): Node {
  const ndim = x.type.shape.length + 1;
  const [a, b] = twoDims('diagonal', ndim, dim1, dim2);
  const size = x.type.shape[ndim - 2] + Math.abs(offset);
  const rest = Array.from({ length: ndim }, (_, i) => i).filter((i) => i !== a && i !== b);
  const shape = Array.from({ length: ndim }, (_, i) =>
    i === a || i === b ? size : x.type.shape[rest.indexOf(i)],
  );
  // an axis of size 1 is read at column - row - offset: it exists on the diagonal only
  const terms = [
    [b, 1],
    [a, -1],
  ] as const;
  const row = along(a, 1, Math.min(0, offset));
  return affineView(
    op,
    unsqueeze(x, -1),
    shape,
    [...rest.map((i) => along(i)), row, { offset: -offset, terms }],
    0,
  );
}

/** The diagonal of two dimensions (the first two) as the last dimension; offset > 0 is above the main one. */
export function diagonal(x: Node, options?: number | DiagonalOptions, dim1Arg = 0, dim2Arg = 1): Node {
  const {
    offset = 0,
    dim1 = dim1Arg,
    dim2 = dim2Arg,
  } = optionsOf<'offset', number, DiagonalOptions>('offset', options);
  return readDiagonal(ops.diagonal, x, offset, dim1, dim2);
}

/** Matrices (the last two dimensions) with the last dimension of `x` on a diagonal and zeros elsewhere. */
export function diagEmbed(x: Node, options?: number | DiagonalOptions, dim1Arg = -2, dim2Arg = -1): Node {
  const {
    offset = 0,
    dim1 = dim1Arg,
    dim2 = dim2Arg,
  } = optionsOf<'offset', number, DiagonalOptions>('offset', options);
  if (x.type.shape.length === 0) throw new ShapeError('diag_embed expects at least a 1-dimensional tensor');
  return writeDiagonal(ops.diagEmbed, x, offset, dim1, dim2);
}

/** A vector as a diagonal matrix, or the diagonal of a matrix. */
export function diag(x: Node, options?: number | { readonly diagonal?: number }): Node {
  const { diagonal: offset = 0 } = optionsOf<'diagonal', number, { readonly diagonal?: number }>(
    'diagonal',
    options,
  );
  const ndim = x.type.shape.length;
  if (ndim !== 1 && ndim !== 2) throw new ShapeError(`diag(): Supports 1D or 2D tensors. Got ${ndim}D`);
  return ndim === 1 ? writeDiagonal(ops.diag, x, offset, 0, 1) : readDiagonal(ops.diag, x, offset, 0, 1);
}

/** A vector or a flattened node on the diagonal of a square matrix. */
export const diagflat = (x: Node, offset = 0): Node => diag(x.type.shape.length === 1 ? x : ravel(x), offset);

const traceOp = defineOp<undefined>({
  name: 'trace',
  type: ([x]) => ({ shape: [], dtype: x.dtype === 'bool' || x.dtype === 'uint8' ? 'int32' : x.dtype }),
  meaning: ({ inputs: [x] }) => ({ tag: 'composite', expand: () => sum(diagonal(x)) }),
});

/** The sum of a matrix's diagonal. */
export function trace(x: Node): Node {
  if (x.type.shape.length !== 2) throw new ShapeError('trace: expected a matrix');
  return node(traceOp, [x], undefined);
}

interface TriangleAttrs {
  readonly diagonal: number;
}

const triangleOp = (name: 'tril' | 'triu'): Op<TriangleAttrs> =>
  defineOp<TriangleAttrs>({
    name,
    type: ([x]) => x,
    meaning: ({ inputs: [x], attrs, type: { shape } }) => ({
      tag: 'composite',
      expand: () => {
        const plane = shape.slice(-2);
        const edge = add(iota(plane, 0, 'int32'), attrs.diagonal);
        const column = iota(plane, 1, 'int32');
        return where(name === 'tril' ? le(column, edge) : ge(column, edge), x, constant(0, x.type.dtype));
      },
    }),
    vjp(g, { attrs }) {
      return [node(triangles[name], [g], attrs)];
    },
  });

const triangles = { tril: triangleOp('tril'), triu: triangleOp('triu') };

function triangle(
  name: 'tril' | 'triu',
  x: Node,
  options: number | Partial<TriangleAttrs> | undefined,
): Node {
  const { diagonal: offset = 0 } = optionsOf<'diagonal', number, Partial<TriangleAttrs>>('diagonal', options);
  if (x.type.shape.length < 2) throw new ShapeError(`${name}: input tensor must have at least 2 dimensions`);
  if (!Number.isInteger(offset))
    throw new ValueError(`${name}(): diagonal must be a whole number, not ${String(offset)}`);
  return node(triangles[name], [x], { diagonal: offset });
}

/** The lower triangle of matrices, up to a diagonal; zeros above it. */
export const tril = (x: Node, options?: number | Partial<TriangleAttrs>): Node =>
  triangle('tril', x, options);
/** The upper triangle of matrices, from a diagonal; zeros below it. */
export const triu = (x: Node, options?: number | Partial<TriangleAttrs>): Node =>
  triangle('triu', x, options);

export const rules = viewRules(Object.values(ops));
