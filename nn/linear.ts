// Linear, Bilinear, Identity, Flatten, Unflatten. In: features in the last dimension. Out: other features.

import { bilinear, flatten, linear, unflatten } from '../runtime/public.ts';
import type { Parameter, Shape, Tensor } from '../runtime/public.ts';
import { uniform_ } from './init.ts';
import { Module } from './module.ts';
import { withDefaults } from './options.ts';
import { fillBias, fillWeight, parameter } from './parameter.ts';
import type { FloatDType } from './parameter.ts';
import { bool, tuple } from './python.ts';

/** Options of `Linear`, as in PyTorch. */
export interface LinearOptions {
  readonly bias?: boolean;
  readonly dtype?: FloatDType;
}
const linearDefaults: Required<LinearOptions> = { bias: true, dtype: 'float32' };

/** y = x W^T + b: [..., inFeatures] to [..., outFeatures]. */
export class Linear extends Module {
  readonly inFeatures: number;
  readonly outFeatures: number;
  weight: Parameter;
  bias: Parameter | null;

  constructor(inFeatures: number, outFeatures: number, options?: LinearOptions) {
    super();
    const { bias, dtype } = withDefaults('Linear', linearDefaults, options);
    this.inFeatures = inFeatures;
    this.outFeatures = outFeatures;
    this.weight = parameter([outFeatures, inFeatures], dtype, fillWeight);
    this.bias = bias ? parameter([outFeatures], dtype, fillBias(this.weight)) : null;
  }

  forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias);
  }
  override extraRepr(): string {
    const { inFeatures, outFeatures, bias } = this;
    return `in_features=${inFeatures}, out_features=${outFeatures}, bias=${bool(bias !== null)}`;
  }
}

/** y = x1^T A x2 + b for each output feature. */
export class Bilinear extends Module {
  weight: Parameter;
  bias: Parameter | null;

  constructor(in1Features: number, in2Features: number, outFeatures: number, options?: LinearOptions) {
    super();
    const { bias, dtype } = withDefaults('Bilinear', linearDefaults, options);
    const bound = 1 / Math.sqrt(in1Features);
    const fill = (x: Tensor): Tensor => uniform_(x, -bound, bound);
    this.weight = parameter([outFeatures, in1Features, in2Features], dtype, fill);
    this.bias = bias ? parameter([outFeatures], dtype, fill) : null;
  }

  forward(x1: Tensor, x2: Tensor): Tensor {
    return bilinear(x1, x2, this.weight, this.bias);
  }
  override extraRepr(): string {
    const [outFeatures, in1Features, in2Features] = this.weight.shape;
    return (
      `in1_features=${in1Features}, in2_features=${in2Features}, ` +
      `out_features=${outFeatures}, bias=${bool(this.bias !== null)}`
    );
  }
}

/** The input. */
export class Identity extends Module {
  forward(x: Tensor): Tensor {
    return x;
  }
}

/** Options of `Flatten`, as in PyTorch. */
export interface FlattenOptions {
  readonly startDim?: number;
  readonly endDim?: number;
}

/** Several dimensions as one; all but the first if nothing is said. */
export class Flatten extends Module {
  readonly startDim: number;
  readonly endDim: number;

  constructor(options?: FlattenOptions) {
    super();
    ({ startDim: this.startDim, endDim: this.endDim } = withDefaults(
      'Flatten',
      { startDim: 1, endDim: -1 },
      options,
    ));
  }

  forward(x: Tensor): Tensor {
    return flatten(x, this.startDim, this.endDim);
  }
  override extraRepr(): string {
    return `start_dim=${this.startDim}, end_dim=${this.endDim}`;
  }
}

/** One dimension as several. */
export class Unflatten extends Module {
  readonly dim: number;
  readonly unflattenedSize: Shape;

  constructor(dim: number, unflattenedSize: Shape) {
    super();
    this.dim = dim;
    this.unflattenedSize = unflattenedSize;
  }

  forward(x: Tensor): Tensor {
    return unflatten(x, this.dim, this.unflattenedSize);
  }
  override extraRepr(): string {
    return `dim=${this.dim}, unflattened_size=${tuple(this.unflattenedSize)}`;
  }
}
