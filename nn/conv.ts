// Convolutions: Conv1d, Conv2d, Conv3d and their transposes. In: [n, channels, ...] or [channels, ...]. Out: the same with other channels
// and sizes. The three ranks differ only in how many sizes a kernel has.

import {
  atCaller,
  ValueError,
  conv1d,
  conv2d,
  conv3d,
  convTranspose1d,
  convTranspose2d,
  convTranspose3d,
  pad,
} from '../runtime/public.ts';
import type { Parameter, Tensor } from '../runtime/public.ts';
import { Module } from './module.ts';
import { withDefaults } from './options.ts';
import { fillBias, fillWeight, parameter } from './parameter.ts';
import type { FloatDType } from './parameter.ts';
import { tuple } from './python.ts';

export type PerAxis = number | readonly number[];
export type PaddingMode = 'zeros' | 'reflect' | 'replicate' | 'circular';

interface Common {
  readonly stride?: PerAxis;
  readonly dilation?: PerAxis;
  readonly groups?: number;
  readonly bias?: boolean;
  readonly dtype?: FloatDType;
}
/** Options of `Conv`, as in PyTorch. */
export interface ConvLayerOptions extends Common {
  /** At both ends of each axis; 'same' keeps the sizes. */
  readonly padding?: PerAxis | 'same' | 'valid';
  readonly paddingMode?: PaddingMode;
}
/** Options of `ConvTranspose`, as in PyTorch. */
export interface ConvTransposeLayerOptions extends Common {
  readonly padding?: PerAxis;
  /** Added to one end of the result, whose size strides leave open. */
  readonly outputPadding?: PerAxis;
}

const common = { stride: 1, dilation: 1, groups: 1, bias: true, dtype: 'float32' } as const;
const convDefaults: Required<ConvLayerOptions> = { ...common, padding: 0, paddingMode: 'zeros' };
const transposeDefaults: Required<ConvTransposeLayerOptions> = { ...common, padding: 0, outputPadding: 0 };

const perAxis = (value: PerAxis, ndim: number): readonly number[] =>
  typeof value === 'number' ? new Array<number>(ndim).fill(value) : value;

/** `, padding=(1, 1)`, unless all is as usual. */
const unlessAll = (name: string, values: readonly number[], usual: number): string =>
  values.every((v) => v === usual) ? '' : `, ${name}=${tuple(values)}`;

type Rank = 1 | 2 | 3;
type Channels = readonly [inputs: number, outputs: number];

abstract class ConvNd extends Module {
  readonly ndim: Rank;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly groups: number;
  weight: Parameter;
  bias: Parameter | null;

  protected constructor(
    ndim: Rank,
    channels: Channels,
    kernelSize: PerAxis,
    transposed: boolean,
    { stride, dilation, groups, bias, dtype }: Required<Common>,
  ) {
    super();
    const [inputs, outputs] = channels;
    if (groups <= 0) throw atCaller(new ValueError('groups must be a positive integer'));
    if (inputs % groups !== 0) throw atCaller(new ValueError('in_channels must be divisible by groups'));
    if (outputs % groups !== 0) throw atCaller(new ValueError('out_channels must be divisible by groups'));
    this.ndim = ndim;
    this.inChannels = inputs;
    this.outChannels = outputs;
    this.kernelSize = perAxis(kernelSize, ndim);
    this.stride = perAxis(stride, ndim);
    this.dilation = perAxis(dilation, ndim);
    this.groups = groups;
    const [first, second] = transposed ? [inputs, outputs] : [outputs, inputs];
    this.weight = parameter([first, second / groups, ...this.kernelSize], dtype, fillWeight);
    this.bias = bias ? parameter([outputs], dtype, fillBias(this.weight)) : null;
  }

  protected describe(padding: string, outputPadding: readonly number[], rest: string): string {
    const { inChannels, outChannels, kernelSize, stride, dilation, groups, bias } = this;
    return (
      `${inChannels}, ${outChannels}, kernel_size=${tuple(kernelSize)}, stride=${tuple(stride)}${padding}` +
      unlessAll('dilation', dilation, 1) +
      unlessAll('output_padding', outputPadding, 0) +
      (groups === 1 ? '' : `, groups=${groups}`) +
      (bias === null ? ', bias=False' : '') +
      rest
    );
  }
}

/** The padding of `pad` that keeps sizes, last dimension first: what does not halve goes to the end. */
function paddingList(
  padding: readonly number[] | 'same' | 'valid',
  { kernelSize, dilation }: ConvNd,
): number[] {
  const pairs = kernelSize.map((size, i) => {
    if (padding === 'valid') return [0, 0];
    if (padding !== 'same') return [padding[i], padding[i]];
    const total = dilation[i] * (size - 1);
    return [Math.floor(total / 2), total - Math.floor(total / 2)];
  });
  return pairs.reverse().flat();
}

const convolutions = { 1: conv1d, 2: conv2d, 3: conv3d } as const;
const transposes = { 1: convTranspose1d, 2: convTranspose2d, 3: convTranspose3d } as const;
const modes: readonly PaddingMode[] = ['zeros', 'reflect', 'replicate', 'circular'];

/** Convolutions over `ndim` axes. */
abstract class ConvLayer extends ConvNd {
  readonly padding: readonly number[] | 'same' | 'valid';
  readonly paddingMode: PaddingMode;

  protected constructor(ndim: Rank, channels: Channels, kernelSize: PerAxis, options?: ConvLayerOptions) {
    const all = withDefaults(`Conv${ndim}d`, convDefaults, options);
    super(ndim, channels, kernelSize, false, all);
    const { padding, paddingMode } = all;
    if (typeof padding === 'string' && padding !== 'same' && padding !== 'valid')
      throw atCaller(
        new ValueError(`Invalid padding string '${String(padding)}', should be one of {'same', 'valid'}`),
      );
    if (padding === 'same' && this.stride.some((s) => s !== 1))
      throw atCaller(new ValueError("padding='same' is not supported for strided convolutions"));
    if (!modes.includes(paddingMode))
      throw atCaller(
        new ValueError(
          `padding_mode must be one of {${modes.map((m) => `'${m}'`).join(', ')}}, but got padding_mode='${String(paddingMode)}'`,
        ),
      );
    this.padding = typeof padding === 'string' ? padding : perAxis(padding, ndim);
    this.paddingMode = paddingMode;
  }

  forward(x: Tensor): Tensor {
    const { weight, bias, stride, padding, dilation, groups, paddingMode } = this;
    const convolve = convolutions[this.ndim];
    if (paddingMode === 'zeros') return convolve(x, weight, bias, { stride, padding, dilation, groups });
    const padded = pad(x, paddingList(padding, this), { mode: paddingMode });
    return convolve(padded, weight, bias, { stride, dilation, groups });
  }
  override extraRepr(): string {
    const { padding, paddingMode } = this;
    const text = typeof padding === 'string' ? `, padding=${padding}` : unlessAll('padding', padding, 0);
    return this.describe(text, [], paddingMode === 'zeros' ? '' : `, padding_mode=${paddingMode}`);
  }
}

/** Transposed convolutions over `ndim` axes. */
abstract class ConvTransposeLayer extends ConvNd {
  readonly padding: readonly number[];
  readonly outputPadding: readonly number[];

  protected constructor(
    ndim: Rank,
    channels: Channels,
    kernelSize: PerAxis,
    options?: ConvTransposeLayerOptions,
  ) {
    const all = withDefaults(`ConvTranspose${ndim}d`, transposeDefaults, options);
    super(ndim, channels, kernelSize, true, all);
    this.padding = perAxis(all.padding, ndim);
    this.outputPadding = perAxis(all.outputPadding, ndim);
  }

  forward(x: Tensor): Tensor {
    const { weight, bias, stride, padding, outputPadding, dilation, groups } = this;
    return transposes[this.ndim](x, weight, bias, { stride, padding, outputPadding, dilation, groups });
  }
  override extraRepr(): string {
    return this.describe(unlessAll('padding', this.padding, 0), this.outputPadding, '');
  }
}

/** Over [n, c, l] or [c, l]. */
export class Conv1d extends ConvLayer {
  constructor(inChannels: number, outChannels: number, kernelSize: PerAxis, options?: ConvLayerOptions) {
    super(1, [inChannels, outChannels], kernelSize, options);
  }
}
/** Over [n, c, h, w] or [c, h, w]. */
export class Conv2d extends ConvLayer {
  constructor(inChannels: number, outChannels: number, kernelSize: PerAxis, options?: ConvLayerOptions) {
    super(2, [inChannels, outChannels], kernelSize, options);
  }
}
/** Over [n, c, d, h, w] or [c, d, h, w]. */
export class Conv3d extends ConvLayer {
  constructor(inChannels: number, outChannels: number, kernelSize: PerAxis, options?: ConvLayerOptions) {
    super(3, [inChannels, outChannels], kernelSize, options);
  }
}
/** The transpose of Conv1d. */
export class ConvTranspose1d extends ConvTransposeLayer {
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: PerAxis,
    options?: ConvTransposeLayerOptions,
  ) {
    super(1, [inChannels, outChannels], kernelSize, options);
  }
}
/** The transpose of Conv2d. */
export class ConvTranspose2d extends ConvTransposeLayer {
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: PerAxis,
    options?: ConvTransposeLayerOptions,
  ) {
    super(2, [inChannels, outChannels], kernelSize, options);
  }
}
/** The transpose of Conv3d. */
export class ConvTranspose3d extends ConvTransposeLayer {
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: PerAxis,
    options?: ConvTransposeLayerOptions,
  ) {
    super(3, [inChannels, outChannels], kernelSize, options);
  }
}
