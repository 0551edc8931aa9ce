// The namespace `fft`: torch.fft, with complex numbers as pairs along a last dimension. The transforms are operators; the frequencies of their
// results are made here.

import { defaultFloat, isFloat } from '../compiler/dtype.ts';
import { DTypeError, ShapeError, ValueError } from '../compiler/errors.ts';
import { optionsOf } from '../ops/options.ts';
import { makeBuffer } from './cell.ts';
import { dtypeFrom, leaf, plainOptions } from './create.ts';
import { functions as f } from './functions.ts';
import { publicCall } from './origin.ts';
import type { Tensor, TensorOptions } from './tensor.ts';

/** The options of `fftfreq` and `rfftfreq`. */
export interface FrequencyOptions extends TensorOptions {
  /** The time between two points; 1 if absent. */
  readonly d?: number;
}

const frequencies =
  (name: string, count: (n: number) => number, place: (i: number, n: number) => number) =>
  (n: number, given?: number | FrequencyOptions): Tensor =>
    publicCall(name, () => {
      const options: FrequencyOptions = optionsOf<'d', number, FrequencyOptions>('d', given);
      const dtype = dtypeFrom(name, options, [...plainOptions, 'd'], defaultFloat);
      const { d = 1 } = options;
      if (!isFloat(dtype)) throw new DTypeError(`${name} requires a floating point or complex dtype`);
      if (!Number.isInteger(n)) throw new ValueError(`${name}(): argument 'n' must be int, not ${String(n)}`);
      if (n < 0) throw new ShapeError(`Trying to create tensor with negative dimension ${n}: [${n}]`);
      const buffer = makeBuffer({ shape: [count(n)], dtype });
      for (let i = 0; i < count(n); i++) buffer.array[i] = place(i, n) * (1 / (n * d));
      return leaf(buffer, options);
    });

/**
 * The frequencies of the n numbers that `fft` returns, in its order: [0, 1, ..., -2, -1] / (n d). float32 unless `dtype` says otherwise; DTypeError
 * for one that is no float. As torch.fft.fftfreq.
 *
 * @example fft.fftfreq(4) // [0, 0.25, -0.5, -0.25]
 */
const fftfreq = frequencies(
  'fftfreq',
  (n) => n,
  (i, n) => (i < Math.ceil(n / 2) ? i : i - n),
);

/** The frequencies of the n / 2 + 1 numbers that `rfft` returns: [0, 1, ..., n / 2] / (n d). As torch.fft.rfftfreq. */
const rfftfreq = frequencies(
  'rfftfreq',
  (n) => Math.floor(n / 2) + 1,
  (i) => i,
);

/** torch.fft: complex numbers are pairs along a last dimension of size 2, which `dim` does not count. */
export const fft = {
  fft: f.fft,
  fft2: f.fft2,
  fftfreq,
  fftn: f.fftn,
  fftshift: f.fftshift,
  hfft: f.hfft,
  hfft2: f.hfft2,
  hfftn: f.hfftn,
  ifft: f.ifft,
  ifft2: f.ifft2,
  ifftn: f.ifftn,
  ifftshift: f.ifftshift,
  ihfft: f.ihfft,
  ihfft2: f.ihfft2,
  ihfftn: f.ihfftn,
  irfft: f.irfft,
  irfft2: f.irfft2,
  irfftn: f.irfftn,
  rfft: f.rfft,
  rfft2: f.rfft2,
  rfftfreq,
  rfftn: f.rfftn,
} as const;
