// Norms of matrices and what is made of them. In: matrices, or batches of them, in floats. Out: reductions: of the elements, of the sums of rows
// and columns, or of the singular values.

import { ShapeError, ValueError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { checkDim, numel } from '../compiler/shape.ts';
import { div, mul } from './binary.ts';
import { diagonal } from './diagonal.ts';
import { checkMatrix, checkSquare } from './linalg-core.ts';
import { svdvals } from './linalg-svd.ts';
import { inv } from './linalg.ts';
import { cross } from './product.ts';
import { vectorNorm } from './reduce-norm.ts';
import { amax, amin, sum } from './reduce.ts';
import { constant } from './source.ts';
import { abs } from './unary.ts';
import { movedim, unsqueeze } from './view.ts';

/** Orders of vector norms are numbers; matrices also have the Frobenius and the nuclear norm. */
export type MatrixOrder = number | 'fro' | 'nuc' | 'inf' | '-inf';

const infinite = (ord: MatrixOrder): number | 'fro' | 'nuc' =>
  ord === 'inf' ? Infinity : ord === '-inf' ? -Infinity : ord;

function planeOf(x: Node, dim: readonly number[]): readonly [rows: number, columns: number] {
  checkMatrix('linalg.matrix_norm', x);
  const [rows, columns] = dim.map((d) => checkDim(d, x.type.shape.length));
  if (dim.length !== 2) throw new ShapeError('linalg.matrix_norm: dim must be a 2-tuple');
  if (rows === columns) throw new ShapeError('linalg.matrix_norm: dims must be different');
  return [rows, columns];
}

/** Of the singular values of the planes. */
function spectral(
  x: Node,
  [rows, columns]: readonly [number, number],
  keepdim: boolean,
  pick: (s: Node) => Node,
): Node {
  const value = pick(svdvals(movedim(x, [rows, columns], [-2, -1])));
  return keepdim ? [rows, columns].sort((a, b) => a - b).reduce((v, d) => unsqueeze(v, d), value) : value;
}

/**
 * The norm of matrices: 'fro' the root of the sum of squares, 'nuc' the sum of the singular values, 2 and -2 the largest and smallest of
 * them, 1 and -1 the largest and smallest sum of a column's magnitudes, inf and -inf that of a row's.
 */
export function matrixNorm(
  x: Node,
  ord: MatrixOrder = 'fro',
  dim: readonly number[] = [-2, -1],
  keepdim = false,
): Node {
  const plane = planeOf(x, dim);
  const order = infinite(ord);
  const sums = (along: number, pick: typeof amax, others: number): Node => {
    const picked = pick(sum(abs(x), along, true), others, true);
    return keepdim ? picked : sum(picked, [...plane]);
  };
  switch (order) {
    case 'fro':
      return vectorNorm(x, 2, [...plane], keepdim);
    case 'nuc':
      return spectral(x, plane, keepdim, (s) => sum(s, -1));
    case 2:
      return spectral(x, plane, keepdim, (s) => amax(s, -1));
    case -2:
      return spectral(x, plane, keepdim, (s) => amin(s, -1));
    case 1:
      return sums(plane[0], amax, plane[1]);
    case -1:
      return sums(plane[0], amin, plane[1]);
    case Infinity:
      return sums(plane[1], amax, plane[0]);
    case -Infinity:
      return sums(plane[1], amin, plane[0]);
    default:
      throw new ValueError(`linalg.matrix_norm: Order ${String(ord)} not supported.`);
  }
}

/** linalg.norm: of all elements without an order; with one, that of vectors for one dimension and of matrices for two. */
export function linalgNorm(
  x: Node,
  ord: MatrixOrder | null = null,
  dim: number | readonly number[] | null = null,
  keepdim = false,
): Node {
  const { length } = x.type.shape;
  const given = dim === null ? null : typeof dim === 'number' ? [dim] : dim;
  if (given !== null && given.length !== 1 && given.length !== 2)
    throw new ShapeError(
      `linalg.norm: If dim is specified, it must be of length 1 or 2. Got [${given.join(', ')}]`,
    );
  if (ord === null) return vectorNorm(x, 2, given ?? undefined, keepdim);
  if (given === null && length !== 1 && length !== 2)
    throw new ShapeError(
      `linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got ${length}D.`,
    );
  const count = given?.length ?? length;
  if (count === 2) return matrixNorm(x, ord, given ?? [0, 1], keepdim);
  if (ord === 'fro' || ord === 'nuc')
    throw new ValueError(`linalg.norm: Order ${ord} is for matrices, but the norm is over one dimension`);
  return vectorNorm(x, ord, given ?? undefined, keepdim);
}

/** The sum of products along a dimension. */
export const vecdot = (x: Node, y: Node, dim = -1): Node => sum(mul(x, y), dim);

/** How much a matrix can enlarge relative errors: the product of its norm and that of its inverse; 2 if no order is given. */
export function cond(x: Node, ord: MatrixOrder | null = null): Node {
  const order = ord === null ? 2 : infinite(ord);
  if (order === 2 || order === -2) {
    checkMatrix('linalg.cond', x);
    if (numel(x.type.shape) === 0) return constant(0, x.type.dtype, x.type.shape.slice(0, -2));
    const s = svdvals(x);
    return order === 2 ? div(amax(s, -1), amin(s, -1)) : div(amin(s, -1), amax(s, -1));
  }
  checkSquare('linalg.cond', x);
  return mul(matrixNorm(x, order), matrixNorm(inv(x), order));
}

/** linalg.diagonal: of the last two dimensions. */
export const linalgDiagonal = (
  x: Node,
  {
    offset = 0,
    dim1 = -2,
    dim2 = -1,
  }: { readonly offset?: number; readonly dim1?: number; readonly dim2?: number } = {},
): Node => diagonal(x, { offset, dim1, dim2 });

/** linalg.cross: along the last dimension. */
export const linalgCross = (x: Node, y: Node, { dim = -1 }: { readonly dim?: number } = {}): Node =>
  cross(x, y, { dim });
