// Normalisation without running moments: LayerNorm, RMSNorm, GroupNorm, LocalResponseNorm. In: activations. Out: the same, centred and scaled.

import { atCaller, ValueError, groupNorm, layerNorm, localResponseNorm, rmsNorm } from '../runtime/public.ts';
import type { Parameter, Shape, Tensor } from '../runtime/public.ts';
import { ones_, zeros_ } from './init.ts';
import { Module } from './module.ts';
import { withDefaults } from './options.ts';
import { parameter } from './parameter.ts';
import type { FloatDType } from './parameter.ts';
import { bool, float, tuple } from './python.ts';

/** Options of `Norm`, as in PyTorch. */
export interface LayerNormOptions {
  readonly eps?: number;
  readonly elementwiseAffine?: boolean;
  /** False: a weight without a bias. */
  readonly bias?: boolean;
  readonly dtype?: FloatDType;
}
const layerDefaults: Required<LayerNormOptions> = {
  eps: 1e-5,
  elementwiseAffine: true,
  bias: true,
  dtype: 'float32',
};

const asShape = (size: number | Shape): Shape => (typeof size === 'number' ? [size] : size);

/** Over the last dimensions. */
export class LayerNorm extends Module {
  readonly normalizedShape: Shape;
  readonly eps: number;
  weight: Parameter | null;
  bias: Parameter | null;

  constructor(normalizedShape: number | Shape, options?: LayerNormOptions) {
    super();
    const { eps, elementwiseAffine, bias, dtype } = withDefaults('LayerNorm', layerDefaults, options);
    this.normalizedShape = asShape(normalizedShape);
    this.eps = eps;
    this.weight = elementwiseAffine ? parameter(this.normalizedShape, dtype, ones_) : null;
    this.bias = elementwiseAffine && bias ? parameter(this.normalizedShape, dtype, zeros_) : null;
  }

  forward(x: Tensor): Tensor {
    const { normalizedShape, weight, bias, eps } = this;
    return layerNorm(x, normalizedShape, { weight, bias, eps });
  }
  override extraRepr(): string {
    const { normalizedShape, eps, weight } = this;
    return `${tuple(normalizedShape)}, eps=${float(eps)}, elementwise_affine=${bool(weight !== null)}`;
  }
}

/** Options of `RMSNorm`, as in PyTorch. */
export interface RMSNormOptions {
  /** The dtype's precision if null. */
  readonly eps?: number | null;
  readonly elementwiseAffine?: boolean;
  readonly dtype?: FloatDType;
}
const rmsDefaults: Required<RMSNormOptions> = { eps: null, elementwiseAffine: true, dtype: 'float32' };

/** Divided by the root mean square over the last dimensions. */
export class RMSNorm extends Module {
  readonly normalizedShape: Shape;
  readonly eps: number | null;
  weight: Parameter | null;

  constructor(normalizedShape: number | Shape, options?: RMSNormOptions) {
    super();
    const { eps, elementwiseAffine, dtype } = withDefaults('RMSNorm', rmsDefaults, options);
    this.normalizedShape = asShape(normalizedShape);
    this.eps = eps;
    this.weight = elementwiseAffine ? parameter(this.normalizedShape, dtype, ones_) : null;
  }

  forward(x: Tensor): Tensor {
    const { normalizedShape, weight, eps } = this;
    return rmsNorm(x, normalizedShape, { weight, eps: eps ?? undefined });
  }
  override extraRepr(): string {
    const { normalizedShape, eps, weight } = this;
    const epsText = eps === null ? 'None' : float(eps);
    return `${tuple(normalizedShape)}, eps=${epsText}, elementwise_affine=${bool(weight !== null)}`;
  }
}

/** Options of `GroupNorm`, as in PyTorch. */
export interface GroupNormOptions {
  readonly eps?: number;
  readonly affine?: boolean;
  readonly dtype?: FloatDType;
}
const groupDefaults: Required<GroupNormOptions> = { eps: 1e-5, affine: true, dtype: 'float32' };

/** Over [n, c, ...], per example and group of channels. */
export class GroupNorm extends Module {
  readonly numGroups: number;
  readonly numChannels: number;
  readonly eps: number;
  weight: Parameter | null;
  bias: Parameter | null;

  constructor(numGroups: number, numChannels: number, options?: GroupNormOptions) {
    super();
    const { eps, affine, dtype } = withDefaults('GroupNorm', groupDefaults, options);
    if (numChannels % numGroups !== 0)
      throw atCaller(new ValueError('num_channels must be divisible by num_groups'));
    this.numGroups = numGroups;
    this.numChannels = numChannels;
    this.eps = eps;
    this.weight = affine ? parameter([numChannels], dtype, ones_) : null;
    this.bias = affine ? parameter([numChannels], dtype, zeros_) : null;
  }

  forward(x: Tensor): Tensor {
    const { numGroups, weight, bias, eps } = this;
    return groupNorm(x, numGroups, { weight, bias, eps });
  }
  override extraRepr(): string {
    const { numGroups, numChannels, eps, weight } = this;
    return `${numGroups}, ${numChannels}, eps=${float(eps)}, affine=${bool(weight !== null)}`;
  }
}

/** Options of `LocalResponseNorm`, as in PyTorch. */
export interface LocalResponseNormOptions {
  readonly alpha?: number;
  readonly beta?: number;
  readonly k?: number;
}

/** Divided by what neighbouring channels hold at the same place. */
export class LocalResponseNorm extends Module {
  readonly size: number;
  readonly options: Required<LocalResponseNormOptions>;

  constructor(size: number, options?: LocalResponseNormOptions) {
    super();
    this.size = size;
    this.options = withDefaults('LocalResponseNorm', { alpha: 1e-4, beta: 0.75, k: 1 }, options);
  }

  forward(x: Tensor): Tensor {
    return localResponseNorm(x, this.size, this.options);
  }
  override extraRepr(): string {
    const { alpha, beta, k } = this.options;
    return `${this.size}, alpha=${float(alpha)}, beta=${float(beta)}, k=${float(k)}`;
  }
}
