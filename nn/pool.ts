// Pooling: MaxPool and its inverse MaxUnpool, AvgPool, LPPool, AdaptiveAvgPool, AdaptiveMaxPool over one, two or three axes. In: [n, channels, ...]. Out: one number per
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
  maxUnpool1d,
  maxUnpool2d,
  maxUnpool3d,
} from '../runtime/public.ts';
import type { Tensor } from '../runtime/public.ts';
import type { PerAxis } from './conv.ts';
import { layerWith } from './functionLayer.ts';
import type { FunctionLayer } from './functionLayer.ts';
import { Module } from './module.ts';
import { checkSizes, withDefaults } from './options.ts';
import { bool, sizes, tuple } from './python.ts';

/** Options of `MaxPool`, as in PyTorch. */
export interface MaxPoolLayerOptions {
  /** The kernel's size if absent. */
  readonly stride?: PerAxis | null;
  readonly padding?: PerAxis;
  readonly dilation?: PerAxis;
  /** Also windows that reach beyond the end. */
  readonly ceilMode?: boolean;
  /** The layer gives [values, indices], as its inverse `MaxUnpool` takes them. */
  readonly returnIndices?: boolean;
}
/** Options of `MaxUnpool`, as in PyTorch. */
export interface MaxUnpoolLayerOptions {
  /** The kernel's size if absent. */
  readonly stride?: PerAxis | null;
  readonly padding?: PerAxis;
}
/** Options of `AvgPool`, as in PyTorch. */
export interface AvgPoolLayerOptions extends Omit<MaxPoolLayerOptions, 'dilation' | 'returnIndices'> {
  readonly countIncludePad?: boolean;
  readonly divisorOverride?: number | null;
}

const windowDefaults = { stride: null, padding: 0, ceilMode: false } as const;
const maxDefaults: Required<MaxPoolLayerOptions> = {
  ...windowDefaults,
  dilation: 1,
  returnIndices: false,
};
const avgDefaults: Required<AvgPoolLayerOptions> = {
  ...windowDefaults,
  countIncludePad: true,
  divisorOverride: null,
};

type Text<O> = (kernelSize: PerAxis, options: O) => string;

/** What reads windows of a size. */
class WindowLayer<O, R = Tensor> extends Module {
  readonly kernelSize: PerAxis;
  readonly options: O;
  readonly #pool: Pool<O, R>;
  readonly #text: Text<O>;

  constructor(pool: Pool<O, R>, kernelSize: PerAxis, options: O, text: Text<O>) {
    super();
    checkSizes(new.target.name, { kernelSize });
    this.kernelSize = kernelSize;
    this.options = options;
    this.#pool = pool;
    this.#text = text;
  }
  forward(x: Tensor): R {
    return this.#pool(x, this.kernelSize, this.options);
  }
  override extraRepr(): string {
    return this.#text(this.kernelSize, this.options);
  }
}

type Pool<O, R> = (x: Tensor, kernelSize: PerAxis, options: O) => R;
type WindowClass<O> = new (kernelSize: PerAxis, options?: O) => WindowLayer<Required<O>>;

/** What a layer with these options gives. */
type MaxPooled<O extends MaxPoolLayerOptions> = O extends { readonly returnIndices: true }
  ? [values: Tensor, indices: Tensor]
  : Tensor;
type MaxPoolClass = new <O extends MaxPoolLayerOptions>(
  kernelSize: PerAxis,
  options?: O,
) => WindowLayer<Required<MaxPoolLayerOptions>, MaxPooled<O>>;

const maxPoolBy = (pool: typeof maxPool2d): MaxPoolClass =>
  class<O extends MaxPoolLayerOptions> extends WindowLayer<Required<MaxPoolLayerOptions>, MaxPooled<O>> {
    constructor(kernelSize: PerAxis, options?: O) {
      super(
        (x, size, all) => pool(x, size, all) as MaxPooled<O>,
        kernelSize,
        withDefaults<Required<MaxPoolLayerOptions>>(new.target.name, maxDefaults, options),
        (size, { stride, padding, dilation, ceilMode }) =>
          `kernel_size=${sizes(size)}, stride=${sizes(stride ?? size)}, padding=${sizes(padding)}, ` +
          `dilation=${sizes(dilation)}, ceil_mode=${bool(ceilMode)}`,
      );
    }
  };

/** Values put back where they were; `outputSize`, if pooling could have come from several sizes. */
class UnpoolLayer extends Module {
  readonly kernelSize: PerAxis;
  readonly options: Required<MaxUnpoolLayerOptions>;
  readonly #unpool: typeof maxUnpool2d;
  readonly #ndim: number;

  constructor(
    unpool: typeof maxUnpool2d,
    ndim: number,
    kernelSize: PerAxis,
    options: Required<MaxUnpoolLayerOptions>,
  ) {
    super();
    checkSizes(new.target.name, { kernelSize });
    this.kernelSize = kernelSize;
    this.options = options;
    this.#unpool = unpool;
    this.#ndim = ndim;
  }
  forward(
    x: Tensor,
    indices: Tensor,
    { outputSize = null }: { readonly outputSize?: readonly number[] | null } = {},
  ): Tensor {
    return this.#unpool(x, indices, this.kernelSize, { ...this.options, outputSize });
  }
  override extraRepr(): string {
    const { stride, padding } = this.options;
    const show = (size: PerAxis): string =>
      tuple(typeof size === 'number' ? new Array<number>(this.#ndim).fill(size) : size);
    return `kernel_size=${show(this.kernelSize)}, stride=${show(stride ?? this.kernelSize)}, padding=${show(padding)}`;
  }
}

const maxUnpoolBy = (
  unpool: typeof maxUnpool2d,
  ndim: number,
): new (kernelSize: PerAxis, options?: MaxUnpoolLayerOptions) => UnpoolLayer =>
  class extends UnpoolLayer {
    constructor(kernelSize: PerAxis, options?: MaxUnpoolLayerOptions) {
      const defaults: Required<MaxUnpoolLayerOptions> = { stride: null, padding: 0 };
      super(unpool, ndim, kernelSize, withDefaults(new.target.name, defaults, options));
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

/** The largest element of each window of the last dimension of [n, c, l] or [c, l]; with `returnIndices` [values, indices]. */
export class MaxPool1d<O extends MaxPoolLayerOptions = object> extends maxPoolBy(maxPool1d)<O> {}
/** The largest element of each window of the last two dimensions of [n, c, h, w] or [c, h, w]; with `returnIndices` [values, indices]. */
export class MaxPool2d<O extends MaxPoolLayerOptions = object> extends maxPoolBy(maxPool2d)<O> {}
/** The largest element of each window of the last three dimensions of [n, c, d, h, w] or [c, d, h, w]; with `returnIndices` [values, indices]. */
export class MaxPool3d<O extends MaxPoolLayerOptions = object> extends maxPoolBy(maxPool3d)<O> {}
/** Values [n, c, l] or [c, l] at their places, as `MaxPool1d` with `returnIndices` gives them, and 0 elsewhere. */
export class MaxUnpool1d extends maxUnpoolBy(maxUnpool1d, 1) {}
/** Values [n, c, h, w] or [c, h, w] at their places, as `MaxPool2d` with `returnIndices` gives them, and 0 elsewhere. */
export class MaxUnpool2d extends maxUnpoolBy(maxUnpool2d, 2) {}
/** Values [n, c, d, h, w] or [c, d, h, w] at their places, as `MaxPool3d` with `returnIndices` gives them, and 0 elsewhere. */
export class MaxUnpool3d extends maxUnpoolBy(maxUnpool3d, 3) {}
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
