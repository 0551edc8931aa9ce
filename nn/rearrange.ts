// Pixels in other places: PixelShuffle, PixelUnshuffle, ChannelShuffle, Unfold, Fold, Upsample. In: images [n, channels, height, width]. Out: the
// same numbers in another order, windows as columns, or images of another size. Each class is a function with its options.

import {
  channelShuffle,
  fold,
  im2col,
  interpolate,
  pixelShuffle,
  pixelUnshuffle,
} from '../runtime/public.ts';
import type { Tensor } from '../runtime/public.ts';
import type { PerAxis } from './conv.ts';
import { layerOf, layerWith } from './functionLayer.ts';
import type { FunctionClass } from './functionLayer.ts';
import { Module } from './module.ts';
import { withDefaults } from './options.ts';
import { float, sizes } from './python.ts';

/** [..., c r r, h, w] to [..., c, h r, w r] (Shi et al. 2016). */
export class PixelShuffle extends layerWith<number>(pixelShuffle, (factor) => `upscale_factor=${factor}`) {}
/** [..., c, h r, w r] to [..., c r r, h, w]. */
export class PixelUnshuffle extends layerWith<number>(
  pixelUnshuffle,
  (factor) => `downscale_factor=${factor}`,
) {}
/** Channels of several groups, one of each group after the other. */
export class ChannelShuffle extends layerWith<number>(channelShuffle, (groups) => `groups=${groups}`) {}

/** Options of `Unfold` and `Fold`, as in PyTorch. */
export interface WindowOptions {
  readonly dilation?: PerAxis;
  readonly padding?: PerAxis;
  readonly stride?: PerAxis;
}
const windowDefaults: Required<WindowOptions> = { dilation: 1, padding: 0, stride: 1 };
const windowText = ({ dilation, padding, stride }: Required<WindowOptions>): string =>
  `dilation=${sizes(dilation)}, padding=${sizes(padding)}, stride=${sizes(stride)}`;

/** The windows of an image as columns: [n, c, h, w] to [n, c kh kw, windows]. */
export class Unfold extends Module {
  readonly kernelSize: PerAxis;
  readonly options: Required<WindowOptions>;

  constructor(kernelSize: PerAxis, options?: WindowOptions) {
    super();
    this.kernelSize = kernelSize;
    this.options = withDefaults('Unfold', windowDefaults, options);
  }
  forward(x: Tensor): Tensor {
    return im2col(x, this.kernelSize, this.options);
  }
  override extraRepr(): string {
    return `kernel_size=${sizes(this.kernelSize)}, ${windowText(this.options)}`;
  }
}

/** Adds columns to the windows of an image that they belong to: [n, c kh kw, windows] to [n, c, h, w]. */
export class Fold extends Module {
  readonly outputSize: PerAxis;
  readonly kernelSize: PerAxis;
  readonly options: Required<WindowOptions>;

  constructor(outputSize: PerAxis, kernelSize: PerAxis, options?: WindowOptions) {
    super();
    this.outputSize = outputSize;
    this.kernelSize = kernelSize;
    this.options = withDefaults('Fold', windowDefaults, options);
  }
  forward(x: Tensor): Tensor {
    return fold(x, this.outputSize, this.kernelSize, this.options);
  }
  override extraRepr(): string {
    const { outputSize, kernelSize, options } = this;
    return `output_size=${sizes(outputSize)}, kernel_size=${sizes(kernelSize)}, ${windowText(options)}`;
  }
}

/** Options of `Upsample`, as in PyTorch: a size or a factor. */
export interface UpsampleOptions {
  readonly size?: PerAxis | null;
  readonly scaleFactor?: PerAxis | null;
  readonly mode?: NonNullable<Parameters<typeof interpolate>[1]>['mode'];
  /** The corners of both images are at the same place; for modes between pixels. */
  readonly alignCorners?: boolean | null;
}
type Resized = FunctionClass<[x: Tensor], Required<UpsampleOptions>>;

const upsampleBy = (defaults: Required<UpsampleOptions>): Resized =>
  layerOf<[x: Tensor], Required<UpsampleOptions>>(
    (x, { size, scaleFactor, mode, alignCorners }) =>
      interpolate(x, {
        mode,
        ...(size === null ? {} : { size }),
        ...(scaleFactor === null ? {} : { scaleFactor }),
        ...(alignCorners === null ? {} : { alignCorners }),
      }),
    defaults,
    ({ size, scaleFactor, mode }) =>
      `${scaleFactor === null ? `size=${sizes(size)}` : `scale_factor=${factors(scaleFactor)}`}, mode=${mode}`,
  );
const factors = (f: PerAxis): string => (typeof f === 'number' ? float(f) : `(${f.map(float).join(', ')})`);

const nearest = { size: null, scaleFactor: null, mode: 'nearest', alignCorners: null } as const;

/** Images of another size, by `interpolate`. */
export class Upsample extends upsampleBy(nearest) {}
/** Each pixel several times. */
export class UpsamplingNearest2d extends upsampleBy(nearest) {}
/** Between pixels along both axes; the corners stay where they are. */
export class UpsamplingBilinear2d extends upsampleBy({ ...nearest, mode: 'bilinear', alignCorners: true }) {}
