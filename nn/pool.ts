// Pooling: MaxPool, AvgPool, LPPool, AdaptiveAvgPool, AdaptiveMaxPool over one, two or three axes. In: [n, channels, ...]. Out: one number per
// window. Each class is a function with its options.

import {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveAvgPool3d,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  adaptiveMaxPool3d,
  avgPool1d,
  avgPool2d,
  avgPool3d,
  lpPool1d,
  lpPool2d,
  maxPool1d,
  maxPool2d,
  maxPool3d,
} from '../runtime/public.ts';
import type { Tensor } from '../runtime/public.ts';
import type { PerAxis } from './conv.ts';
import { layerWith } from './functionLayer.ts';
import type { FunctionLayer } from './functionLayer.ts';
import { Module } from './module.ts';
import { withDefaults } from './options.ts';
import { bool, sizes, tuple } from './python.ts';

/** Options of `MaxPool`, as in PyTorch. */
export interface MaxPoolLayerOptions {
  /** The kernel's size if absent. */
  readonly stride?: PerAxis | null;
  readonly padding?: PerAxis;
  readonly dilation?: PerAxis;
  /** Also windows that reach beyond the end. */
  readonly ceilMode?: boolean;
}
/** Options of `AvgPool`, as in PyTorch. */
export interface AvgPoolLayerOptions extends Omit<MaxPoolLayerOptions, 'dilation'> {
  readonly countIncludePad?: boolean;
  readonly divisorOverride?: number | null;
}

const windowDefaults = { stride: null, padding: 0, ceilMode: false } as const;
const maxDefaults: Required<MaxPoolLayerOptions> = { ...windowDefaults, dilation: 1 };
const avgDefaults: Required<AvgPoolLayerOptions> = {
  ...windowDefaults,
  countIncludePad: true,
  divisorOverride: null,
};

type Text<O> = (kernelSize: PerAxis, options: O) => string;

/** What reads windows of a size. */
class WindowLayer<O> extends Module {
  readonly kernelSize: PerAxis;
  readonly options: O;
  readonly #pool: Pool<O>;
  readonly #text: Text<O>;

  constructor(pool: Pool<O>, kernelSize: PerAxis, options: O, text: Text<O>) {
    super();
    this.kernelSize = kernelSize;
    this.options = options;
    this.#pool = pool;
    this.#text = text;
  }
  forward(x: Tensor): Tensor {
    return this.#pool(x, this.kernelSize, this.options);
  }
  override extraRepr(): string {
    return this.#text(this.kernelSize, this.options);
  }
}

type Pool<O> = (x: Tensor, kernelSize: PerAxis, options: O) => Tensor;
type WindowClass<O> = new (kernelSize: PerAxis, options?: O) => WindowLayer<Required<O>>;

const maxPoolBy = (pool: typeof maxPool2d): WindowClass<MaxPoolLayerOptions> =>
  class extends WindowLayer<Required<MaxPoolLayerOptions>> {
    constructor(kernelSize: PerAxis, options?: MaxPoolLayerOptions) {
      super(
        pool,
        kernelSize,
        withDefaults(new.target.name, maxDefaults, options),
        (size, { stride, padding, dilation, ceilMode }) =>
          `kernel_size=${sizes(size)}, stride=${sizes(stride ?? size)}, padding=${sizes(padding)}, ` +
          `dilation=${sizes(dilation)}, ceil_mode=${bool(ceilMode)}`,
      );
    }
  };

/** `show` prints sizes: over one axis PyTorch always shows tuples. */
const avgPoolBy = (
  pool: typeof avgPool2d,
  show: (size: PerAxis) => string = sizes,
): WindowClass<AvgPoolLayerOptions> =>
  class extends WindowLayer<Required<AvgPoolLayerOptions>> {
    constructor(kernelSize: PerAxis, options?: AvgPoolLayerOptions) {
      super(
        pool,
        kernelSize,
        withDefaults(new.target.name, avgDefaults, options),
        (size, { stride, padding }) =>
          `kernel_size=${show(size)}, stride=${show(stride ?? size)}, padding=${show(padding)}`,
      );
    }
  };

type LpOptions = Pick<MaxPoolLayerOptions, 'stride' | 'ceilMode'>;
type LpClass = new (
  normType: number,
  kernelSize: PerAxis,
  options?: LpOptions,
) => WindowLayer<Required<LpOptions>>;

const lpPoolBy = (pool: typeof lpPool2d): LpClass =>
  class extends WindowLayer<Required<LpOptions>> {
    constructor(normType: number, kernelSize: PerAxis, options?: LpOptions) {
      super(
        (x, size, o) => pool(x, normType, size, o),
        kernelSize,
        withDefaults<Required<LpOptions>>(new.target.name, { stride: null, ceilMode: false }, options),
        (size, { stride, ceilMode }) =>
          `norm_type=${normType}, kernel_size=${sizes(size)}, stride=${sizes(stride)}, ceil_mode=${bool(ceilMode)}`,
      );
    }
  };

/** One size for all axes, or one for each; null keeps a size. */
export type OutputSize = number | readonly (number | null)[];

const adaptivePoolBy = (
  pool: (x: Tensor, outputSize: OutputSize) => Tensor,
): new (outputSize: OutputSize) => FunctionLayer<[x: Tensor], OutputSize> =>
  layerWith<OutputSize>(pool, (outputSize) => `output_size=${sizes(outputSize)}`);

const asTuple = (size: PerAxis): string => tuple(typeof size === 'number' ? [size] : size);

/** The largest element of each window of the last dimension of [n, c, l] or [c, l]. */
export class MaxPool1d extends maxPoolBy(maxPool1d) {}
/** The largest element of each window of the last two dimensions of [n, c, h, w] or [c, h, w]. */
export class MaxPool2d extends maxPoolBy(maxPool2d) {}
/** The largest element of each window of the last three dimensions of [n, c, d, h, w] or [c, d, h, w]. */
export class MaxPool3d extends maxPoolBy(maxPool3d) {}
/** The average of each window of the last dimension of [n, c, l] or [c, l]. */
export class AvgPool1d extends avgPoolBy(avgPool1d, asTuple) {}
/** The average of each window of the last two dimensions of [n, c, h, w] or [c, h, w]. */
export class AvgPool2d extends avgPoolBy(avgPool2d) {}
/** The average of each window of the last three dimensions of [n, c, d, h, w] or [c, d, h, w]. */
export class AvgPool3d extends avgPoolBy(avgPool3d) {}
/** The p-norm of each window of the last dimension of [n, c, l] or [c, l]. */
export class LPPool1d extends lpPoolBy(lpPool1d) {}
/** The p-norm of each window of the last two dimensions of [n, c, h, w] or [c, h, w]. */
export class LPPool2d extends lpPoolBy(lpPool2d) {}
/** Averages of as many parts as asked for of the last dimension of [n, c, l] or [c, l]. */
export class AdaptiveAvgPool1d extends adaptivePoolBy(adaptiveAvgPool1d) {}
/** Averages of as many parts as asked for of the last two dimensions of [n, c, h, w] or [c, h, w]. */
export class AdaptiveAvgPool2d extends adaptivePoolBy(adaptiveAvgPool2d) {}
/** Averages of as many parts as asked for of the last three dimensions of [n, c, d, h, w] or [c, d, h, w]. */
export class AdaptiveAvgPool3d extends adaptivePoolBy(adaptiveAvgPool3d) {}
/** Largest elements of as many parts as asked for of the last dimension of [n, c, l] or [c, l]. */
export class AdaptiveMaxPool1d extends adaptivePoolBy(adaptiveMaxPool1d) {}
/** Largest elements of as many parts as asked for of the last two dimensions of [n, c, h, w] or [c, h, w]. */
export class AdaptiveMaxPool2d extends adaptivePoolBy(adaptiveMaxPool2d) {}
/** Largest elements of as many parts as asked for of the last three dimensions of [n, c, d, h, w] or [c, d, h, w]. */
export class AdaptiveMaxPool3d extends adaptivePoolBy(adaptiveMaxPool3d) {}
