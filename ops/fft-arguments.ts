// What the Fourier transforms take: n or s, dim, norm. In: a node and options as users write them. Out: the node in floats, the axes that are
// transformed and their lengths, and the factor of the normalization; or PyTorch's error.

import { defaultFloat, isFloat } from '../compiler/dtype.ts';
import { ShapeError, ValueError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { checkDim, showShape } from '../compiler/shape.ts';
import type { Shape } from '../compiler/shape.ts';
import { cast } from './cast.ts';
import { optionsOf } from './options.ts';
import { padBy } from './pad.ts';

/** Which direction divides by the number of points: the inverse one, the forward one, or each by its square root. */
export type FourierNorm = 'backward' | 'forward' | 'ortho';

/** The options of a transform along one dimension. */
export interface FourierOptions {
  /** The length of the transform: the input is cut or filled with zeros at its end. The length of the dimension if absent. */
  readonly n?: number | null;
  /** The dimension, the last one if absent. The pairs of complex numbers are no dimension. */
  readonly dim?: number;
  /** 'backward' if absent. */
  readonly norm?: FourierNorm | null;
}

/** The options of a transform along several dimensions. */
export interface FourierManyOptions {
  /** The length along each dimension, -1 for the one that it has. */
  readonly s?: number | readonly number[] | null;
  /** The dimensions: if absent the last ones for which `s` gives lengths, or all (the last two of `fft2` and its like). */
  readonly dim?: number | readonly number[] | null;
  /** 'backward' if absent. */
  readonly norm?: FourierNorm | null;
}

/** What a user gives: the options, or the length alone as in PyTorch's `fft(x, n)`. */
export type OneGiven = number | null | FourierOptions;
export const optionsOfOne = (given: OneGiven | undefined): FourierOptions =>
  optionsOf<'n', number, FourierOptions>('n', given);

/** What a user gives: the options, or the lengths alone as in PyTorch's `fftn(x, s)`. */
export type ManyGiven = number | readonly number[] | null | FourierManyOptions;
export const optionsOfMany = (given: ManyGiven | undefined): FourierManyOptions =>
  optionsOf<'s', number | readonly number[], FourierManyOptions>('s', given as FourierManyOptions);

/** The last two dimensions, unless others are named. */
export function optionsOfTwo(given: ManyGiven | undefined): FourierManyOptions {
  const options = optionsOfMany(given);
  return { ...options, dim: options.dim ?? [-2, -1] };
}

/** Real numbers as floats. */
export const realNumbers = (x: Node): Node => (isFloat(x.type.dtype) ? x : cast(x, defaultFloat));

/** Complex numbers as floats; the last dimension holds their pairs. */
export function complexNumbers(name: string, x: Node): Node {
  const { shape } = x.type;
  if (shape.at(-1) !== 2)
    throw new ShapeError(
      `fft.${name}: Tensor must have a last dimension of size 2, the pairs of real and imaginary parts that torch.view_as_real gives, but got shape ${showShape(shape)}`,
    );
  return realNumbers(x);
}

function checkLength(n: number): number {
  if (!(n >= 1)) throw new ValueError(`Invalid number of data points (${n}) specified`);
  if (!Number.isInteger(n))
    throw new ValueError(`The number of data points must be a whole number, not ${n}`);
  return n;
}

/** The factor for results of so many points in all. */
export function scaleOf(norm: FourierNorm | null | undefined, inverse: boolean, points: number): number {
  switch (norm ?? 'backward') {
    case 'backward':
      return inverse ? 1 / points : 1;
    case 'forward':
      return inverse ? 1 : 1 / points;
    case 'ortho':
      return 1 / Math.sqrt(points);
    default:
      throw new ValueError(`Invalid normalization mode: "${String(norm)}"`);
  }
}

/** The axis of a transform along one dimension, and how long it is; `shape` is that of the numbers, `length` what it is without n. */
export function axisOf(
  shape: Shape,
  { n, dim = -1 }: FourierOptions,
  length: (size: number) => number = (size) => size,
): readonly [axis: number, length: number] {
  const axis = checkDim(dim, shape.length);
  // a scalar has no points
  return [axis, checkLength(shape.length === 0 ? 0 : (n ?? length(shape[axis])))];
}

const listOf = (x: number | readonly number[] | null | undefined): readonly number[] | null =>
  typeof x === 'number' ? [x] : (x ?? null);

export interface Axes {
  readonly axes: readonly number[];
  /** One per axis. */
  readonly lengths: readonly number[];
  /** True if the last length was asked for. */
  readonly lastGiven: boolean;
}

/** The axes of a transform along several dimensions, and how long they are. */
export function axesOf(shape: Shape, options: FourierManyOptions): Axes {
  const [s, dims] = [listOf(options.s), listOf(options.dim)];
  const ndim = shape.length;
  const given = dims?.map((d) => checkDim(d, ndim));
  if (given && new Set(given).size < given.length) throw new ValueError('FFT dims must be unique');
  if (s && given && s.length !== given.length)
    throw new ValueError('When given, dim and shape arguments must have the same length');
  if (s && s.length > ndim)
    throw new ShapeError(`Got shape with ${s.length} values but input tensor only has ${ndim} dimensions.`);
  const count = s?.length ?? ndim;
  const axes = given ?? Array.from({ length: count }, (_, i) => ndim - count + i);
  const lengths = axes.map((axis, i) => {
    const asked = s?.[i] ?? -1;
    return checkLength(asked === -1 ? (shape[axis] ?? 0) : asked);
  });
  return { axes, lengths, lastGiven: s !== null && s.length > 0 && s.at(-1) !== -1 };
}

/** `x` with other lengths along some axes: cut, or filled with zeros, at the end. */
export function resize(x: Node, axes: readonly number[], lengths: readonly number[]): Node {
  const { shape } = x.type;
  const more = shape.map((size, i) => (axes.includes(i) ? lengths[axes.indexOf(i)] - size : 0));
  return more.every((by) => by === 0)
    ? x
    : padBy(
        x,
        more.map((by) => [0, by] as const),
        0,
      );
}
