// Fourier transforms whose one side is real. In: real numbers, or half of a spectrum as pairs [real, imaginary] along a last dimension. Out: the
// other. Of a real signal of n points the spectrum has n / 2 + 1 numbers, and the others are their conjugates (`rfft`, `irfft`); of a
// spectrum that is real it is the signal that has such halves (`hfft`, `ihfft`).

import { ValueError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { axesOf, axisOf, complexNumbers, realNumbers, resize, scaleOf } from './fft-arguments.ts';
import { optionsOfMany, optionsOfOne, optionsOfTwo } from './fft-arguments.ts';
import type { FourierManyOptions, FourierOptions, ManyGiven, OneGiven } from './fft-arguments.ts';
import { complexToComplex, complexToReal, realToComplex } from './fft-core.ts';
import { halfOf } from './fft/real.ts';
import { named } from './named.ts';

function spectrum(inverse: boolean, x: Node, options: FourierOptions): Node {
  const real = realNumbers(x);
  const [axis, n] = axisOf(real.type.shape, options);
  return realToComplex(resize(real, [axis], [n]), {
    axis,
    inverse,
    scale: scaleOf(options.norm, inverse, n),
  });
}

function signal(name: string, inverse: boolean, x: Node, options: FourierOptions): Node {
  const z = complexNumbers(name, x);
  const [axis, n] = axisOf(z.type.shape.slice(0, -1), options, (half) => 2 * (half - 1));
  const half = resize(z, [axis], [halfOf(n)]);
  return complexToReal(half, n, { axis, inverse, scale: scaleOf(options.norm, inverse, n) });
}

/**
 * The first half of the Fourier transform of real numbers: y[k] = sum over j of x[j] e^(-2 pi i j k / n) for k = 0, ..., n / 2.
 *
 * `x`: real numbers [..., n]; integers and booleans become float32. Returns pairs [..., n / 2 + 1, 2]. ValueError for a length of 0 or an
 * unknown `norm`. As torch.fft.rfft.
 *
 * @example fft.rfft(tensor([1, 2, 3, 4])) // [[10, 0], [-2, 2], [-2, 0]]
 */
export const rfft = (x: Node, options?: OneGiven): Node => spectrum(false, x, optionsOfOne(options));

/**
 * The inverse of `rfft`: from pairs [..., m, 2], of which the others are the conjugates, to real numbers [..., n]. n is 2 (m - 1) unless it is
 * given, as it must be for odd lengths. Imaginary parts of frequency 0, and for even n of the last one, are not looked at. ShapeError
 * if the last dimension is not of size 2, ValueError for a length of 0 or an unknown `norm`. As torch.fft.irfft.
 *
 * @example fft.irfft(fft.rfft(x), { n: x.shape[0] }) // x
 */
export const irfft = (x: Node, options?: OneGiven): Node => signal('irfft', true, x, optionsOfOne(options));

/**
 * The Fourier transform, which is real, of a signal of which x is the first half and the others are the conjugates: pairs [..., m, 2] to
 * real numbers [..., n], n = 2 (m - 1) unless it is given. Errors as of `irfft`. As torch.fft.hfft.
 */
export const hfft = (x: Node, options?: OneGiven): Node => signal('hfft', false, x, optionsOfOne(options));

/** The inverse of `hfft`: real numbers [..., n] to pairs [..., n / 2 + 1, 2], the conjugates of `rfft` divided by n. As torch.fft.ihfft. */
export const ihfft = (x: Node, options?: OneGiven): Node => spectrum(true, x, optionsOfOne(options));

interface ManyAttrs {
  /** The last of them is the one of which half is kept. */
  readonly axes: readonly number[];
  /** Of the real numbers. */
  readonly lengths: readonly number[];
  readonly inverse: boolean;
  readonly scale: number;
}

function alongOthers(x: Node, { axes, inverse }: ManyAttrs): Node {
  return axes.slice(0, -1).reduce((z, axis) => complexToComplex(z, { axis, inverse, scale: 1 }), x);
}

const spectrumNode = named<ManyAttrs>(
  'rfftMany',
  ([x], attrs) => {
    const { axes, lengths, inverse, scale } = attrs;
    const half = realToComplex(resize(x, axes, lengths), { axis: axes.at(-1)!, inverse, scale });
    return alongOthers(half, attrs);
  },
  {
    gradName: ({ attrs: { args } }) =>
      !args.inverse ? 'FftR2CBackward0' : args.axes.length > 1 ? 'FftC2CBackward0' : 'ConjBackward0',
    saves: () => ({}),
  },
);

const signalNode = named<ManyAttrs>(
  'irfftMany',
  ([x], attrs) => {
    const { axes, lengths, inverse, scale } = attrs;
    const n = lengths.at(-1)!;
    const half = resize(x, axes, [...lengths.slice(0, -1), halfOf(n)]);
    return complexToReal(alongOthers(half, attrs), n, { axis: axes.at(-1)!, inverse, scale });
  },
  { gradName: () => 'FftC2RBackward0', saves: () => ({}) },
);

const product = (lengths: readonly number[]): number => lengths.reduce((a, b) => a * b, 1);

function spectrumOfMany(family: string, inverse: boolean, x: Node, options: FourierManyOptions): Node {
  const real = realNumbers(x);
  const { axes, lengths } = axesOf(real.type.shape, options);
  if (axes.length === 0) throw new ValueError(`${family} must transform at least one axis`);
  const scale = scaleOf(options.norm, inverse, product(lengths));
  return spectrumNode([real], { axes, lengths, inverse, scale });
}

function signalOfMany(
  name: string,
  family: string,
  inverse: boolean,
  x: Node,
  options: FourierManyOptions,
): Node {
  const z = complexNumbers(name, x);
  const { axes, lengths, lastGiven } = axesOf(z.type.shape.slice(0, -1), options);
  if (axes.length === 0) throw new ValueError(`${family} must transform at least one axis`);
  const half = lengths.at(-1)!;
  const n = lastGiven ? half : 2 * (half - 1);
  if (n < 1) throw new ValueError(`Invalid number of data points (${n}) specified`);
  const whole = [...lengths.slice(0, -1), n];
  const scale = scaleOf(options.norm, inverse, product(whole));
  return signalNode([z], { axes, lengths: whole, inverse, scale });
}

/**
 * `rfft` along the last of several dimensions, by default of all, and `fft` along the others: real numbers [..., n] to pairs
 * [..., n / 2 + 1, 2]. As torch.fft.rfftn.
 */
export const rfftn = (x: Node, options?: ManyGiven): Node =>
  spectrumOfMany('rfftn', false, x, optionsOfMany(options));

/** `rfftn` along two dimensions, by default the last two. As torch.fft.rfft2. */
export const rfft2 = (x: Node, options?: ManyGiven): Node =>
  spectrumOfMany('rfftn', false, x, optionsOfTwo(options));

/**
 * The inverse of `rfftn`: pairs [..., m, 2] to real numbers [..., n], n = 2 (m - 1) unless the last of `s` says another. As torch.fft.irfftn.
 */
export const irfftn = (x: Node, options?: ManyGiven): Node =>
  signalOfMany('irfftn', 'irfftn', true, x, optionsOfMany(options));

/** `irfftn` along two dimensions, by default the last two. As torch.fft.irfft2. */
export const irfft2 = (x: Node, options?: ManyGiven): Node =>
  signalOfMany('irfft2', 'irfftn', true, x, optionsOfTwo(options));

/** `hfft` along the last of several dimensions, by default of all, and `fft` along the others. As torch.fft.hfftn. */
export const hfftn = (x: Node, options?: ManyGiven): Node =>
  signalOfMany('hfftn', 'hfftn', false, x, optionsOfMany(options));

/** `hfftn` along two dimensions, by default the last two. As torch.fft.hfft2. */
export const hfft2 = (x: Node, options?: ManyGiven): Node =>
  signalOfMany('hfft2', 'hfftn', false, x, optionsOfTwo(options));

/** The inverse of `hfftn`. As torch.fft.ihfftn. */
export const ihfftn = (x: Node, options?: ManyGiven): Node =>
  spectrumOfMany('ihfftn', true, x, optionsOfMany(options));

/** `ihfftn` along two dimensions, by default the last two. As torch.fft.ihfft2. */
export const ihfft2 = (x: Node, options?: ManyGiven): Node =>
  spectrumOfMany('ihfftn', true, x, optionsOfTwo(options));
