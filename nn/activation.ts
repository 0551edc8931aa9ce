// Activations as modules. In: a tensor. Out: a function of it. Each is one line: the function, its options, and how PyTorch prints them.

import {
  atCaller,
  ShapeError,
  celu,
  cosineSimilarity,
  elu,
  gelu,
  glu,
  hardshrink,
  hardsigmoid,
  hardswish,
  hardtanh,
  leakyRelu,
  logSoftmax,
  logsigmoid,
  mish,
  pairwiseDistance,
  prelu,
  relu,
  relu6,
  rrelu,
  selu,
  sigmoid,
  silu,
  softmax,
  softmin,
  softplus,
  softshrink,
  softsign,
  tanh,
  tanhshrink,
  threshold,
} from '../runtime/public.ts';
import type { Parameter, Tensor } from '../runtime/public.ts';
import { layerOf, layerWith } from './functionLayer.ts';
import type { FunctionClass } from './functionLayer.ts';
import { constant_ } from './init.ts';
import { Module } from './module.ts';
import { withDefaults } from './options.ts';
import { parameter } from './parameter.ts';
import type { FloatDType } from './parameter.ts';
import { float } from './python.ts';

type One = [x: Tensor];

/** A class for a function without options. */
const plain = (fn: (x: Tensor) => Tensor): FunctionClass<One, object> =>
  layerOf<One, object>((x) => fn(x), {});

/** max(x, 0) */
export class ReLU extends plain(relu) {}
/** min(max(x, 0), 6) */
export class ReLU6 extends plain(relu6) {}
/** 1 / (1 + exp(-x)) */
export class Sigmoid extends plain(sigmoid) {}
/** The hyperbolic tangent. */
export class Tanh extends plain(tanh) {}
/** The self-normalising exponential unit (Klambauer et al., 2017). */
export class SELU extends plain(selu) {}
/** x * sigmoid(x) */
export class SiLU extends plain(silu) {}
/** x * tanh(softplus(x)) */
export class Mish extends plain(mish) {}
/** log(sigmoid(x)), without overflow. */
export class LogSigmoid extends plain(logsigmoid) {}
/** x / (1 + |x|) */
export class Softsign extends plain(softsign) {}
/** x - tanh(x) */
export class Tanhshrink extends plain(tanhshrink) {}
/** relu6(x + 3) / 6 */
export class Hardsigmoid extends plain(hardsigmoid) {}
/** x * relu6(x + 3) / 6 */
export class Hardswish extends plain(hardswish) {}

const alpha = (o: { readonly alpha: number }): string => `alpha=${float(o.alpha)}`;
const lambd = (o: { readonly lambd: number }): string => float(o.lambd);

/** x where positive, otherwise alpha * (exp(x) - 1). */
export class ELU extends layerOf<One, { alpha: number }>(elu, { alpha: 1 }, alpha) {}
/** x where positive, otherwise alpha * (exp(x / alpha) - 1). */
export class CELU extends layerOf<One, { alpha: number }>(celu, { alpha: 1 }, alpha) {}
/** x outside of [-lambd, lambd], 0 within. */
export class Hardshrink extends layerOf<One, { lambd: number }>(hardshrink, { lambd: 0.5 }, lambd) {}
/** x moved by lambd towards 0, and 0 within [-lambd, lambd]. */
export class Softshrink extends layerOf<One, { lambd: number }>(softshrink, { lambd: 0.5 }, lambd) {}
/** x where positive, otherwise negativeSlope * x. */
export class LeakyReLU extends layerOf<One, { negativeSlope: number }>(
  leakyRelu,
  { negativeSlope: 0.01 },
  (o) => `negative_slope=${float(o.negativeSlope)}`,
) {}
/** x clamped to [minVal, maxVal]. */
export class Hardtanh extends layerOf<One, { minVal: number; maxVal: number }>(
  hardtanh,
  { minVal: -1, maxVal: 1 },
  (o) => `min_val=${float(o.minVal)}, max_val=${float(o.maxVal)}`,
) {}
/** log(1 + exp(beta * x)) / beta; x itself beyond the threshold. */
export class Softplus extends layerOf<One, { beta: number; threshold: number }>(
  softplus,
  { beta: 1, threshold: 20 },
  (o) => `beta=${float(o.beta)}, threshold=${float(o.threshold)}`,
) {}
/** x times the normal distribution function of x, or its approximation by tanh. */
export class GELU extends layerOf<One, { approximate: 'none' | 'tanh' }>(
  gelu,
  { approximate: 'none' },
  (o) => `approximate='${o.approximate}'`,
) {}
/** The first half along a dimension, times the sigmoid of the second. */
export class GLU extends layerOf<One, { dim: number }>(
  (x, o) => glu(x, o.dim),
  { dim: -1 },
  (o) => `dim=${o.dim}`,
) {}

/** A dimension alone or by name. */
type Along = number | { readonly dim: number };
const dimOf = (given: Along): number =>
  typeof given === 'object' ? withDefaults('Softmax', { dim: -1 }, given).dim : given;
const dimText = (given: Along): string => `dim=${dimOf(given)}`;

/** exp(x) / sum(exp(x)) along a dimension. */
export class Softmax extends layerWith<Along>((x, dim) => softmax(x, dimOf(dim)), dimText) {}
/** log(softmax(x)) along a dimension. */
export class LogSoftmax extends layerWith<Along>((x, dim) => logSoftmax(x, dimOf(dim)), dimText) {}
/** softmax(-x) along a dimension. */
export class Softmin extends layerWith<Along>((x, dim) => softmin(x, dimOf(dim)), dimText) {}

/** Softmax over the channels of an image: [n, c, h, w] or [c, h, w]. */
export class Softmax2d extends Module {
  forward(x: Tensor): Tensor {
    if (x.ndim !== 3 && x.ndim !== 4)
      throw atCaller(new ShapeError(`Softmax2d requires a 3D or 4D tensor as input, but got ${x.ndim}D`));
    return softmax(x, -3);
  }
}

/** Leaky relu whose slope is drawn between two bounds for each element while training, and lies in their middle otherwise. */
export class RReLU extends Module {
  readonly lower: number;
  readonly upper: number;

  constructor(options?: { readonly lower?: number; readonly upper?: number }) {
    super();
    const { lower, upper } = withDefaults('RReLU', { lower: 1 / 8, upper: 1 / 3 }, options);
    this.lower = lower;
    this.upper = upper;
  }
  forward(x: Tensor): Tensor {
    return rrelu(x, { lower: this.lower, upper: this.upper, training: this.training });
  }
  override extraRepr(): string {
    return `lower=${float(this.lower)}, upper=${float(this.upper)}`;
  }
}

/** x above a threshold, a fixed value elsewhere. */
export class Threshold extends Module {
  readonly threshold: number;
  readonly value: number;

  constructor(limit: number, value: number) {
    super();
    this.threshold = limit;
    this.value = value;
  }
  forward(x: Tensor): Tensor {
    return threshold(x, this.threshold, this.value);
  }
  override extraRepr(): string {
    return `threshold=${this.threshold}, value=${this.value}`;
  }
}

/** Options of `PReLU`, as in PyTorch. */
export interface PReLUOptions {
  /** 1, or the number of channels. */
  readonly numParameters?: number;
  readonly init?: number;
  readonly dtype?: FloatDType;
}
const preluDefaults: Required<PReLUOptions> = { numParameters: 1, init: 0.25, dtype: 'float32' };

/** x where positive, x times a trained slope elsewhere. */
export class PReLU extends Module {
  weight: Parameter;

  constructor(options?: PReLUOptions) {
    super();
    const { numParameters, init, dtype } = withDefaults('PReLU', preluDefaults, options);
    this.weight = parameter([numParameters], dtype, (x) => constant_(x, init));
  }
  forward(x: Tensor): Tensor {
    return prelu(x, this.weight);
  }
  override extraRepr(): string {
    return `num_parameters=${this.weight.numel}`;
  }
}

type Pair = [x1: Tensor, x2: Tensor];

/** (x, y) => the cosine of the angle between vectors along a dimension. */
export class CosineSimilarity extends layerOf<Pair, { dim: number; eps: number }>(cosineSimilarity, {
  dim: 1,
  eps: 1e-8,
}) {}
/** (x, y) => the p-norm of their differences along the last dimension. */
export class PairwiseDistance extends layerOf<Pair, { p: number; eps: number; keepdim: boolean }>(
  pairwiseDistance,
  { p: 2, eps: 1e-6, keepdim: false },
) {}
