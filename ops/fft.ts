// Fourier transforms of complex numbers, and shifts of spectra. In: complex numbers as pairs [real, imaginary] along a last dimension, as
// torch.view_as_real lays them out; that dimension is not counted by `dim`. Out: pairs of the same shape, except for lengths that were asked for.

import type { Node } from '../compiler/node.ts';
import { checkDim } from '../compiler/shape.ts';
import { roll } from './arrange.ts';
import { axesOf, axisOf, complexNumbers, resize, scaleOf } from './fft-arguments.ts';
import { optionsOfMany, optionsOfOne, optionsOfTwo } from './fft-arguments.ts';
import type { FourierManyOptions, FourierOptions, ManyGiven, OneGiven } from './fft-arguments.ts';
import { complexToComplex } from './fft-core.ts';
import { named } from './named.ts';
import { optionsOf } from './options.ts';
import { clone } from './unary.ts';

function transformOne(name: string, inverse: boolean, x: Node, options: FourierOptions): Node {
  const z = complexNumbers(name, x);
  const [axis, n] = axisOf(z.type.shape.slice(0, -1), options);
  return complexToComplex(resize(z, [axis], [n]), {
    axis,
    inverse,
    scale: scaleOf(options.norm, inverse, n),
  });
}

/**
 * The discrete Fourier transform along one dimension: y[k] = sum over j of x[j] e^(-2 pi i j k / n).
 *
 * `x`: complex numbers as pairs, [..., n, 2] (real numbers have `rfft`, or stand beside zeros: `stack([x, zerosLike(x)], -1)`); any length,
 * also a prime. Integers and booleans become float32. Returns pairs [..., n, 2]. ShapeError if the last dimension is not of size 2,
 * ValueError for a length of 0 or an unknown `norm`. As torch.fft.fft.
 *
 * @example fft.fft(tensor([[1, 0], [0, 0]])) // [[1, 0], [1, 0]]: a pulse has all frequencies
 */
export const fft = (x: Node, options?: OneGiven): Node =>
  transformOne('fft', false, x, optionsOfOne(options));

/**
 * The inverse of `fft`: y[j] = 1 / n * sum over k of x[k] e^(2 pi i j k / n). Pairs [..., n, 2] to pairs of that shape; errors as of `fft`.
 * As torch.fft.ifft.
 *
 * @example fft.ifft(fft.fft(z)) // z
 */
export const ifft = (x: Node, options?: OneGiven): Node =>
  transformOne('ifft', true, x, optionsOfOne(options));

interface ManyAttrs {
  readonly axes: readonly number[];
  readonly lengths: readonly number[];
  readonly inverse: boolean;
  readonly scale: number;
}

const manyNode = named<ManyAttrs>(
  'fftMany',
  ([x], { axes, lengths, inverse, scale }) =>
    axes.length === 0
      ? clone(x)
      : axes.reduce(
          (z, axis, i) => complexToComplex(z, { axis, inverse, scale: i === axes.length - 1 ? scale : 1 }),
          resize(x, axes, lengths),
        ),
  { gradName: () => 'FftC2CBackward0', saves: () => ({}) },
);

function transformMany(name: string, inverse: boolean, x: Node, options: FourierManyOptions): Node {
  const z = complexNumbers(name, x);
  const { axes, lengths } = axesOf(z.type.shape.slice(0, -1), options);
  const points = lengths.reduce((product, n) => product * n, 1);
  return manyNode([z], { axes, lengths, inverse, scale: scaleOf(options.norm, inverse, points) });
}

/** `fft` along several dimensions, by default all but that of the pairs: [..., 2] to [..., 2]. As torch.fft.fftn. */
export const fftn = (x: Node, options?: ManyGiven): Node =>
  transformMany('fftn', false, x, optionsOfMany(options));

/** The inverse of `fftn`. As torch.fft.ifftn. */
export const ifftn = (x: Node, options?: ManyGiven): Node =>
  transformMany('ifftn', true, x, optionsOfMany(options));

/** `fft` along two dimensions, by default the last two: pairs [..., m, n, 2] to pairs of that shape. As torch.fft.fft2. */
export const fft2 = (x: Node, options?: ManyGiven): Node =>
  transformMany('fft2', false, x, optionsOfTwo(options));

/** The inverse of `fft2`. As torch.fft.ifft2. */
export const ifft2 = (x: Node, options?: ManyGiven): Node =>
  transformMany('ifft2', true, x, optionsOfTwo(options));

/** The dimensions of a shift. */
export interface ShiftOptions {
  readonly dim?: number | readonly number[] | null;
}

function shiftBy(x: Node, given: ShiftOptions['dim'] | ShiftOptions, by: (size: number) => number): Node {
  const { dim } = optionsOf<'dim', ShiftOptions['dim'], ShiftOptions>('dim', given as ShiftOptions);
  const { shape } = x.type;
  const dims = (typeof dim === 'number' ? [dim] : (dim ?? shape.map((_, i) => i))).map((d) =>
    checkDim(d, shape.length),
  );
  return roll(
    x,
    dims.map((d) => by(shape[d])),
    dims,
  );
}

/**
 * Moves frequency 0 to the middle along some dimensions, by default all. Takes a tensor of any shape and dtype as it is: of pairs name the
 * dimensions, counted from the front, so that real and imaginary parts stay where they are. As torch.fft.fftshift.
 *
 * @example fft.fftshift(fft.fftfreq(4)) // [-0.5, -0.25, 0, 0.25]
 * @example fft.fftshift(fft.fft2(z), [0, 1]) // z: [m, n, 2]
 */
export const fftshift = (x: Node, dim?: number | readonly number[] | null | ShiftOptions): Node =>
  shiftBy(x, dim, (size) => Math.floor(size / 2));

/** The inverse of `fftshift`. As torch.fft.ifftshift. */
export const ifftshift = (x: Node, dim?: number | readonly number[] | null | ShiftOptions): Node =>
  shiftBy(x, dim, (size) => Math.ceil(size / 2));
