// Initial values of parameters: nn.init. In: a tensor. Out: the same tensor, filled in place with PyTorch's numbers of the same seed.
// Nothing here is recorded for gradients.

import { atCaller, ValueError, noGrad, randperm, tensor } from '../runtime/public.ts';
import type { Shape, Tensor } from '../runtime/public.ts';

/** Which side of a weight counts: inputs or outputs. */
export type FanMode = 'fan_in' | 'fan_out';
/** What follows a layer, for its gain. */
export type Nonlinearity =
  'linear' | `conv${'_transpose' | ''}${1 | 2 | 3}d` | 'sigmoid' | 'tanh' | 'relu' | 'leaky_relu' | 'selu';

/** By how much weights must grow to make up for a nonlinearity; `param` is leaky_relu's slope. */
export function calculateGain(nonlinearity: Nonlinearity, param = 0.01): number {
  if (/^(linear|conv(_transpose)?[123]d|sigmoid)$/.test(nonlinearity)) return 1;
  if (nonlinearity === 'tanh') return 5 / 3;
  if (nonlinearity === 'relu') return Math.sqrt(2);
  if (nonlinearity === 'leaky_relu') return Math.sqrt(2 / (1 + param ** 2));
  if (nonlinearity === 'selu') return 3 / 4;
  throw atCaller(new ValueError(`Unsupported nonlinearity ${nonlinearity}`));
}

/** How many numbers each output of a weight is made of, and each input goes into. */
export function fans({ shape }: { readonly shape: Shape }): {
  readonly fanIn: number;
  readonly fanOut: number;
} {
  if (shape.length < 2)
    throw atCaller(
      new ValueError('Fan in and fan out can not be computed for tensor with fewer than 2 dimensions'),
    );
  const field = shape.slice(2).reduce((product, size) => product * size, 1);
  return { fanIn: shape[1] * field, fanOut: shape[0] * field };
}

/** Uniform in [a, b). */
export const uniform_ = (x: Tensor, a = 0, b = 1): Tensor => noGrad(() => x.uniform_(a, b));
/** Fills a tensor with normal numbers, in place. */
export const normal_ = (x: Tensor, mean = 0, std = 1): Tensor => noGrad(() => x.normal_(mean, std));
/** Fills a tensor with one value, in place. */
export const constant_ = (x: Tensor, value: number): Tensor => noGrad(() => x.fill_(value));
/** Fills a tensor with ones, in place. */
export const ones_ = (x: Tensor): Tensor => constant_(x, 1);
/** Fills a tensor with zeros, in place. */
export const zeros_ = (x: Tensor): Tensor => constant_(x, 0);

/** The share of a normal distribution below x, by the Maclaurin series of erf. */
function normalCdf(x: number): number {
  const z = x / Math.SQRT2;
  let term = z;
  let sum = z;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= -(z * z) / n;
    sum += term / (2 * n + 1);
  }
  return (1 + (2 / Math.sqrt(Math.PI)) * sum) / 2;
}

/** Normal, with values outside of [a, b] drawn again. */
export function truncNormal_(x: Tensor, mean = 0, std = 1, a = -2, b = 2): Tensor {
  const low = normalCdf((a - mean) / std);
  const high = normalCdf((b - mean) / std);
  return noGrad(() =>
    x
      .uniform_(2 * low - 1, 2 * high - 1)
      .erfinv_()
      .mul_(std * Math.SQRT2)
      .add_(mean)
      .clamp_(a, b),
  );
}

/** Writes elements that were computed here. */
const write = (x: Tensor, elements: Float64Array): Tensor =>
  noGrad(() => x.copy_(tensor(elements, { shape: x.shape })));

/** The identity, for a matrix. */
export function eye_(x: Tensor): Tensor {
  if (x.ndim !== 2) throw atCaller(new ValueError('Only tensors with 2 dimensions are supported'));
  const [, columns] = x.shape;
  return write(
    x,
    Float64Array.from({ length: x.numel }, (_, i) => Number(Math.floor(i / columns) === i % columns)),
  );
}

/** The identity, for the weight of a convolution. */
export function dirac_(x: Tensor, { groups = 1 } = {}): Tensor {
  if (x.ndim < 3 || x.ndim > 5)
    throw atCaller(new ValueError('Only tensors with 3, 4, or 5 dimensions are supported'));
  const [outputs, inputs, ...kernel] = x.shape;
  if (outputs % groups !== 0) throw atCaller(new ValueError('dim 0 must be divisible by groups'));
  const centre = kernel.reduce((at, size) => at * size + Math.floor(size / 2), 0);
  const field = kernel.reduce((product, size) => product * size, 1);
  const perGroup = outputs / groups;
  const elements = new Float64Array(x.numel);
  for (let o = 0; o < outputs; o++)
    if (o % perGroup < inputs) elements[(o * inputs + (o % perGroup)) * field + centre] = 1;
  return write(x, elements);
}

/** Glorot & Bengio 2010, uniform in +-gain sqrt(6 / (fanIn + fanOut)). */
export function xavierUniform_(x: Tensor, { gain = 1 } = {}): Tensor {
  const { fanIn, fanOut } = fans(x);
  const bound = Math.sqrt(3) * gain * Math.sqrt(2 / (fanIn + fanOut));
  return uniform_(x, -bound, bound);
}

/** Glorot & Bengio 2010, normal. */
export function xavierNormal_(x: Tensor, { gain = 1 } = {}): Tensor {
  const { fanIn, fanOut } = fans(x);
  return normal_(x, 0, gain * Math.sqrt(2 / (fanIn + fanOut)));
}

/** Options of `Kaiming`, as in PyTorch. */
export interface KaimingOptions {
  /** The slope of the leaky_relu that follows. */
  readonly a?: number;
  /** Keep the variance of the forward pass, or of the gradients. */
  readonly mode?: FanMode;
  readonly nonlinearity?: Nonlinearity;
}

function kaimingDeviation(
  x: Tensor,
  { a = 0, mode = 'fan_in', nonlinearity = 'leaky_relu' }: KaimingOptions,
): number {
  if (mode !== 'fan_in' && mode !== 'fan_out')
    throw atCaller(
      new ValueError(`Mode ${String(mode)} not supported, please use one of ['fan_in', 'fan_out']`),
    );
  const { fanIn, fanOut } = fans(x);
  return calculateGain(nonlinearity, a) / Math.sqrt(mode === 'fan_in' ? fanIn : fanOut);
}

/** He et al. 2015, uniform in +-gain sqrt(3 / fan). */
export function kaimingUniform_(x: Tensor, options: KaimingOptions = {}): Tensor {
  if (x.shape.includes(0)) return x;
  const bound = Math.sqrt(3) * kaimingDeviation(x, options);
  return uniform_(x, -bound, bound);
}

/** He et al. 2015, normal. */
export function kaimingNormal_(x: Tensor, options: KaimingOptions = {}): Tensor {
  return x.shape.includes(0) ? x : normal_(x, 0, kaimingDeviation(x, options));
}

/** Orthogonal rows or columns (Saxe et al. 2013): a normal matrix, orthonormalised by Gram & Schmidt, twice for accuracy. */
export function orthogonal_(x: Tensor, { gain = 1 } = {}): Tensor {
  if (x.ndim < 2) throw atCaller(new ValueError('Only tensors with 2 or more dimensions are supported'));
  const rows = x.shape[0];
  const columns = x.numel / rows;
  const wide = rows < columns;
  const drawn = normal_(tensor(new Float32Array(x.numel), { shape: [rows, columns] })).toTypedArray();
  const [count, length] = wide ? [rows, columns] : [columns, rows];
  const at = (k: number, i: number): number => (wide ? k * columns + i : i * columns + k);
  const vectors = Array.from({ length: count }, (_, k) =>
    Float64Array.from({ length }, (__, i) => drawn[at(k, i)]),
  );
  vectors.forEach((v, k) => {
    for (const u of [...vectors.slice(0, k), ...vectors.slice(0, k)]) {
      const overlap = u.reduce((sum, ui, i) => sum + ui * v[i], 0);
      u.forEach((ui, i) => (v[i] -= overlap * ui));
    }
    const size = Math.hypot(...v);
    v.forEach((vi, i) => (v[i] = vi / size));
  });
  const elements = new Float64Array(x.numel);
  vectors.forEach((v, k) => v.forEach((vi, i) => (elements[at(k, i)] = gain * vi)));
  return write(x, elements);
}

/** Normal, with a part of each column set to zero (Martens 2010). */
export function sparse_(x: Tensor, sparsity: number, std = 0.01): Tensor {
  if (x.ndim !== 2) throw atCaller(new ValueError('Only tensors with 2 dimensions are supported'));
  const [rows, columns] = x.shape;
  const elements = Float64Array.from(normal_(x, 0, std).toTypedArray());
  const zeros = Math.ceil(sparsity * rows);
  for (let j = 0; j < columns; j++)
    for (const row of randperm(rows).toTypedArray().subarray(0, zeros)) elements[row * columns + j] = 0;
  return write(x, elements);
}
