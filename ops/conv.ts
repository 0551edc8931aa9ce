// Convolutions as users call them. In: nodes, strides, paddings and the like as PyTorch takes them. Out: a node of one of the three
// operators of window.ts, whose backward is called ConvolutionBackward0. Without a batch, one is added and taken away again.

import { dtypes } from '../compiler/dtype.ts';
import { DTypeError, ShapeError, ValueError } from '../compiler/errors.ts';
import type { Node, TensorType } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import type { Shape } from '../compiler/shape.ts';
import { showShape } from '../compiler/shape.ts';
import { squeeze, unsqueeze } from './view.ts';
import type { Geometry } from './window.ts';
import { convolutionOp, transposedOp } from './window.ts';

/** One number for all axes, or one per axis. */
export type PerAxis = number | readonly number[];

export interface ConvOptions {
  readonly stride?: PerAxis;
  /** Zeros at both ends of each axis; 'same' keeps the sizes (stride 1 only). */
  readonly padding?: PerAxis | 'same' | 'valid';
  readonly dilation?: PerAxis;
  readonly groups?: number;
}

export interface ConvTransposeOptions extends Omit<ConvOptions, 'padding'> {
  readonly padding?: PerAxis;
  /** Added to one end of the result, whose size strides leave open. */
  readonly outputPadding?: PerAxis;
}

/** A setting of every axis. */
export function perAxis(op: string, name: string, value: PerAxis, ndim: number): readonly number[] {
  const list =
    typeof value === 'number'
      ? new Array<number>(ndim).fill(value)
      : value.length === 1
        ? new Array<number>(ndim).fill(value[0])
        : value;
  if (list.length !== ndim)
    throw new ValueError(
      `${op}(): expected ${name} to be a single integer value or a list of ${ndim} values, but got ${name}=${showShape(list)}`,
    );
  if (!list.every(Number.isInteger))
    throw new ValueError(`${op}(): ${name} must be whole numbers, but got ${showShape(list)}`);
  return list;
}

interface Checked {
  readonly x: Node;
  readonly batched: boolean;
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly groups: number;
}

/** What both directions ask of their arguments. `channels` is the weight's axis that x's channels fill. */
function check(
  op: string,
  ndim: number,
  x: Node,
  w: Node,
  options: ConvOptions | ConvTransposeOptions,
): Checked {
  const { stride = 1, dilation = 1, groups = 1 } = options;
  const rank = x.type.shape.length;
  if (rank !== ndim + 1 && rank !== ndim + 2)
    throw new ShapeError(
      `Expected ${ndim + 1}D (unbatched) or ${ndim + 2}D (batched) input to ${op}, but got input of size: ${showShape(x.type.shape)}`,
    );
  if (w.type.shape.length !== ndim + 2)
    throw new ShapeError(
      `expected weight to be ${ndim + 2}-dimensional for ${op}, but got weight of size ${showShape(w.type.shape)}`,
    );
  sameDtype(x.type, w.type, 'weight');
  if (!(groups > 0)) throw new ValueError('non-positive groups is not supported');
  const s = perAxis(op, 'stride', stride, ndim);
  const d = perAxis(op, 'dilation', dilation, ndim);
  if (s.some((v) => v <= 0)) throw new ValueError('non-positive stride is not supported');
  if (d.some((v) => v <= 0)) throw new ValueError('dilation should be greater than zero');
  const batched = rank === ndim + 2;
  return { x: batched ? x : unsqueeze(x, 0), batched, stride: s, dilation: d, groups };
}

function sameDtype(x: TensorType, other: TensorType, name: string): void {
  const show = (type: TensorType): string => dtypes[type.dtype].torchName.toLowerCase();
  if (x.dtype !== other.dtype)
    throw new DTypeError(`Input type (${show(x)}) and ${name} type (${show(other)}) should be the same`);
  if (x.dtype === 'bool') throw new DTypeError(`"slow_conv2d_cpu" not implemented for 'Bool'`);
}

function checkBias(x: Node, w: Node, bias: Node | null, channels: number): void {
  if (!bias) return;
  sameDtype(x.type, bias.type, 'bias');
  if (bias.type.shape.length !== 1 || bias.type.shape[0] !== channels)
    throw new ShapeError(
      `Given weight of size ${showShape(w.type.shape)}, expected bias to be 1-dimensional with ${channels} elements, but got bias of size ${showShape(bias.type.shape)} instead`,
    );
}

function paddings(
  op: string,
  padding: PerAxis | 'same' | 'valid',
  { stride, dilation }: Checked,
  kernel: Shape,
): Geometry['padding'] {
  if (padding === 'valid') return kernel.map(() => [0, 0]);
  if (padding === 'same') {
    if (stride.some((v) => v !== 1))
      throw new ValueError("padding='same' is not supported for strided convolutions");
    return kernel.map((taps, i) => {
      const total = dilation[i] * (taps - 1);
      return [Math.floor(total / 2), total - Math.floor(total / 2)];
    });
  }
  if (typeof padding === 'string') throw new ValueError(`Invalid padding string: '${String(padding)}'`);
  const list = perAxis(op, 'padding', padding, kernel.length);
  if (list.some((v) => v < 0)) throw new ValueError('negative padding is not supported');
  return list.map((v) => [v, v]);
}

const product = (sizes: Shape): string => `(${sizes.join(' x ')})`;

function convolve(
  op: string,
  ndim: number,
  input: Node,
  w: Node,
  bias: Node | null,
  options: ConvOptions,
): Node {
  const checked = check(op, ndim, input, w, options);
  const { x, stride, dilation, groups } = checked;
  const [out, channels, ...kernel] = w.type.shape;
  const [, given, ...size] = x.type.shape;
  const weight = showShape(w.type.shape);
  if (out < groups)
    throw new ShapeError(
      `Given groups=${groups}, expected weight to be at least ${groups} at dimension 0, but got weight of size ${weight} instead`,
    );
  if (out % groups !== 0)
    throw new ShapeError(
      `Given groups=${groups}, expected weight to be divisible by ${groups} at dimension 0, but got weight of size [${weight}] instead`,
    );
  if (given !== channels * groups)
    throw new ShapeError(
      `Given groups=${groups}, weight of size ${weight}, expected input${showShape(input.type.shape)} to have ${channels * groups} channels, but got ${given} channels instead`,
    );
  checkBias(x, w, bias, out);
  const padding = paddings(op, options.padding ?? 0, checked, kernel);
  const padded = size.map((s, i) => s + padding[i][0] + padding[i][1]);
  const extent = kernel.map((taps, i) => dilation[i] * (taps - 1) + 1);
  if (padded.some((s, i) => s < extent[i]))
    throw new ShapeError(
      `Calculated padded input size per channel: ${product(padded)}. Kernel size: ${product(extent)}. Kernel size can't be greater than actual input size`,
    );
  const count = padded.map((s, i) => Math.floor((s - extent[i]) / stride[i]) + 1);
  const y = node(convolutionOp, bias ? [x, w, bias] : [x, w], {
    size,
    kernel,
    count,
    stride,
    dilation,
    padding,
    groups,
  });
  return checked.batched ? y : squeeze(y, 0);
}

function convolveTransposed(
  op: string,
  ndim: number,
  input: Node,
  w: Node,
  bias: Node | null,
  options: ConvTransposeOptions,
): Node {
  const checked = check(op, ndim, input, w, options);
  const { x, stride, dilation, groups } = checked;
  const [channels, out, ...kernel] = w.type.shape;
  const [, given, ...count] = x.type.shape;
  if (given !== channels)
    throw new ShapeError(
      `Given transposed=1, weight of size ${showShape(w.type.shape)}, expected input${showShape(input.type.shape)} to have ${channels} channels, but got ${given} channels instead`,
    );
  checkBias(x, w, bias, out * groups);
  const padding = paddings(op, options.padding ?? 0, checked, kernel);
  const extra = perAxis(op, 'outputPadding', options.outputPadding ?? 0, ndim);
  extra.forEach((v, i) => {
    if (v < 0) throw new ValueError('negative output_padding is not supported');
    if (v >= stride[i] && v >= dilation[i])
      throw new ValueError(
        `output padding must be smaller than either stride or dilation, but got output padding ${v}, stride ${stride[i]} and dilation ${dilation[i]}`,
      );
  });
  const size = count.map(
    (q, i) =>
      (q - 1) * stride[i] - padding[i][0] - padding[i][1] + dilation[i] * (kernel[i] - 1) + extra[i] + 1,
  );
  if (size.some((s) => s <= 0))
    throw new ShapeError(
      `Given input size per channel: ${product(count)}. Calculated output size per channel: ${product(size)}. Output size is too small`,
    );
  const y = node(transposedOp, bias ? [x, w, bias] : [x, w], {
    size,
    kernel,
    count,
    stride,
    dilation,
    padding,
    groups,
  });
  return checked.batched ? y : squeeze(y, 0);
}

/** The bias may be left out where options follow. */
type Biased<Options> = (x: Node, weight: Node, bias?: Node | Options | null, options?: Options) => Node;

type Convolution<Options> = (
  op: string,
  ndim: number,
  x: Node,
  w: Node,
  bias: Node | null,
  options: Options,
) => Node;

const isOptions = <Options extends object>(bias: Node | Options): bias is Options => !('op' in bias);

const biased =
  <Options extends object>(op: string, ndim: number, apply: Convolution<Options>): Biased<Options> =>
  (x, w, bias, options) =>
    bias === undefined || bias === null || !isOptions(bias)
      ? apply(op, ndim, x, w, bias ?? null, options ?? ({} as Options))
      : apply(op, ndim, x, w, null, { ...bias, ...options });

/** Over [n, c, l] or [c, l]: cross-correlation with a weight [o, c / groups, k]. */
export const conv1d = biased<ConvOptions>('conv1d', 1, convolve);
/** Over [n, c, h, w] or [c, h, w]. */
export const conv2d = biased<ConvOptions>('conv2d', 2, convolve);
/** Over [n, c, d, h, w] or [c, d, h, w]. */
export const conv3d = biased<ConvOptions>('conv3d', 3, convolve);

/** The transpose of `conv1d`, with a weight [c, o / groups, k]: the gradient of a convolution as a forward operator. */
export const convTranspose1d = biased<ConvTransposeOptions>('conv_transpose1d', 1, convolveTransposed);
/** The gradient of conv2d by its input, as an operator: [n, in, h, w] with weight [in, out / groups, kh, kw]. */
export const convTranspose2d = biased<ConvTransposeOptions>('conv_transpose2d', 2, convolveTransposed);
/** The gradient of conv3d by its input, as an operator. */
export const convTranspose3d = biased<ConvTransposeOptions>('conv_transpose3d', 3, convolveTransposed);
