// MultiheadAttention (Vaswani et al. 2017). In: queries, keys and values. Out: for each query the average of the values, weighted by how
// well their keys fit, and those weights.

import {
  ShapeError,
  DTypeError,
  ValueError,
  bmm,
  cat,
  dropout,
  linear,
  logicalOr,
  maskedFill,
  pad,
  softmax,
  zeros,
} from '../runtime/public.ts';
import type { Parameter, Tensor } from '../runtime/public.ts';
import { xavierNormal_, xavierUniform_, zeros_ } from './init.ts';
import { Linear } from './linear.ts';
import { Module } from './module.ts';
import { withDefaults } from './options.ts';
import { parameter } from './parameter.ts';
import type { FloatDType } from './parameter.ts';

export interface MultiheadAttentionOptions {
  readonly dropout?: number;
  readonly bias?: boolean;
  /** A trained key and value more. */
  readonly addBiasKv?: boolean;
  /** A key and value of zeros more. */
  readonly addZeroAttn?: boolean;
  /** Features of keys and values, if not those of the queries. */
  readonly kdim?: number | null;
  readonly vdim?: number | null;
  /** [batch, length, features] instead of [length, batch, features]. */
  readonly batchFirst?: boolean;
  readonly dtype?: FloatDType;
}
const defaults: Required<MultiheadAttentionOptions> = {
  dropout: 0,
  bias: true,
  addBiasKv: false,
  addZeroAttn: false,
  kdim: null,
  vdim: null,
  batchFirst: false,
  dtype: 'float32',
};

export interface AttentionMasks {
  /** [batch, keys]: true where a key is only padding, or what to add to its scores. */
  readonly keyPaddingMask?: Tensor | null;
  /** [queries, keys] or [batch * heads, queries, keys]: true where a key is hidden, or what to add to scores. */
  readonly attnMask?: Tensor | null;
  /** Whether the weights are wanted (true). */
  readonly needWeights?: boolean;
  /** Their average over the heads, or all of them. */
  readonly averageAttnWeights?: boolean;
}
const maskDefaults: Required<AttentionMasks> = {
  keyPaddingMask: null,
  attnMask: null,
  needWeights: true,
  averageAttnWeights: true,
};

/** Several attentions side by side, each over a part of the features after a trained projection. */
export class MultiheadAttention extends Module {
  readonly embedDim: number;
  readonly numHeads: number;
  readonly options: Required<MultiheadAttentionOptions>;
  /** The three projections as one, or each by itself if keys or values have other features than queries. */
  qProjWeight: Parameter | null = null;
  kProjWeight: Parameter | null = null;
  vProjWeight: Parameter | null = null;
  inProjWeight: Parameter | null = null;
  inProjBias: Parameter | null;
  biasK: Parameter | null;
  biasV: Parameter | null;
  outProj: Linear;

  constructor(embedDim: number, numHeads: number, options?: MultiheadAttentionOptions) {
    super();
    const all = withDefaults('MultiheadAttention', defaults, options);
    const { bias, addBiasKv, kdim, vdim, dtype } = all;
    if (embedDim <= 0 || numHeads <= 0)
      throw new ValueError(
        `embed_dim and num_heads must be greater than 0, got embed_dim=${embedDim} and num_heads=${numHeads} instead`,
      );
    if (embedDim % numHeads !== 0) throw new ValueError('embed_dim must be divisible by num_heads');
    this.embedDim = embedDim;
    this.numHeads = numHeads;
    this.options = all;
    // the output projection draws its numbers first, as in PyTorch
    const outProj = new Linear(embedDim, embedDim, { bias, dtype });
    const weight = (rows: number, columns: number): Parameter =>
      parameter([rows, columns], dtype, xavierUniform_);
    if ((kdim ?? embedDim) === embedDim && (vdim ?? embedDim) === embedDim)
      this.inProjWeight = weight(3 * embedDim, embedDim);
    else {
      this.qProjWeight = weight(embedDim, embedDim);
      this.kProjWeight = weight(embedDim, kdim ?? embedDim);
      this.vProjWeight = weight(embedDim, vdim ?? embedDim);
    }
    this.inProjBias = bias ? parameter([3 * embedDim], dtype, zeros_) : null;
    if (outProj.bias !== null) zeros_(outProj.bias);
    this.biasK = addBiasKv ? parameter([1, 1, embedDim], dtype, xavierNormal_) : null;
    this.biasV = addBiasKv ? parameter([1, 1, embedDim], dtype, xavierNormal_) : null;
    this.outProj = outProj;
  }

  forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    options?: AttentionMasks,
  ): [output: Tensor, weights: Tensor | null] {
    const masks = withDefaults('MultiheadAttention.forward', maskDefaults, options);
    checkRanks(query, key, value, masks, this.numHeads);
    if (query.ndim === 2) return this.single(query, key, value, masks);
    const flipped = (x: Tensor): Tensor => (this.options.batchFirst ? x.transpose(0, 1) : x);
    const [output, weights] = this.attend(flipped(query), flipped(key), flipped(value), masks);
    return [flipped(output), weights];
  }

  /** Without a batch: with a batch of one. */
  private single(q: Tensor, k: Tensor, v: Tensor, masks: Required<AttentionMasks>): [Tensor, Tensor | null] {
    const keyPaddingMask = masks.keyPaddingMask?.unsqueeze(0) ?? null;
    const [output, weights] = this.attend(q.unsqueeze(1), k.unsqueeze(1), v.unsqueeze(1), {
      ...masks,
      keyPaddingMask,
    });
    return [output.squeeze(1), weights && weights.squeeze(0)];
  }

  /** Over [length, batch, features]. */
  private attend(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    { keyPaddingMask, attnMask, needWeights, averageAttnWeights }: Required<AttentionMasks>,
  ): [output: Tensor, weights: Tensor | null] {
    const { embedDim, numHeads, options, biasK, biasV } = this;
    const [length, batch, features] = query.shape;
    if (features !== embedDim)
      throw new ShapeError(`was expecting embedding dimension of ${embedDim}, but got ${features}`);
    let [q, k, v] = this.project(query, key, value);
    let extra = 0;
    if (biasK !== null && biasV !== null) {
      k = cat([k, biasK.repeat([1, batch, 1])]);
      v = cat([v, biasV.repeat([1, batch, 1])]);
      extra++;
    }
    const heads = (x: Tensor): Tensor =>
      x.reshape([x.shape[0], batch * numHeads, embedDim / numHeads]).transpose(0, 1);
    [q, k, v] = [heads(q), heads(k), heads(v)];
    if (options.addZeroAttn) {
      const zero = zeros([batch * numHeads, 1, embedDim / numHeads], { dtype: k.dtype });
      [k, v] = [cat([k, zero], 1), cat([v, zero], 1)];
      extra++;
    }
    const keys = k.shape[1];
    const mask = mergeMasks(attnMask, keyPaddingMask, { length, keys, extra, batch, numHeads });
    const scores = bmm(q.div(Math.sqrt(embedDim / numHeads)), k.transpose(1, 2));
    const masked =
      mask === null ? scores : mask.dtype === 'bool' ? maskedFill(scores, mask, -Infinity) : scores.add(mask);
    const weights = dropout(softmax(masked, -1), options.dropout, this.training);
    const mixed = bmm(weights, v).transpose(0, 1).reshape([length, batch, embedDim]);
    const output = this.outProj(mixed);
    if (!needWeights) return [output, null];
    const perHead = weights.reshape([batch, numHeads, length, keys]);
    return [output, averageAttnWeights ? perHead.mean(1) : perHead];
  }

  private project(query: Tensor, key: Tensor, value: Tensor): [q: Tensor, k: Tensor, v: Tensor] {
    const { inProjWeight, qProjWeight, kProjWeight, vProjWeight, inProjBias } = this;
    if (inProjWeight !== null && query === key && key === value) {
      const [q, k, v] = linear(query, inProjWeight, inProjBias).chunk(3, -1);
      return [q, k, v];
    }
    const weights = inProjWeight?.chunk(3, 0) ?? [qProjWeight!, kProjWeight!, vProjWeight!];
    const biases = inProjBias?.chunk(3, 0) ?? [null, null, null];
    const [q, k, v] = [query, key, value].map((x, i) => linear(x, weights[i], biases[i]));
    return [q, k, v];
  }
}

function checkRanks(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  masks: Required<AttentionMasks>,
  numHeads: number,
): void {
  const n = query.ndim;
  if (n !== 2 && n !== 3)
    throw new ShapeError(
      `query should be unbatched 2D or batched 3D tensor but received ${n}-D query tensor`,
    );
  const kind = n === 3 ? 'For batched (3-D) `query`' : 'For unbatched (2-D) `query`';
  if (key.ndim !== n || value.ndim !== n)
    throw new ShapeError(
      `${kind}, expected \`key\` and \`value\` to be ${n}-D but found ${key.ndim}-D and ${value.ndim}-D tensors respectively`,
    );
  const { keyPaddingMask, attnMask } = masks;
  if (keyPaddingMask !== null && keyPaddingMask.ndim !== n - 1)
    throw new ShapeError(
      `${kind}, expected \`key_padding_mask\` to be \`None\` or ${n - 1}-D but found ${keyPaddingMask.ndim}-D tensor instead`,
    );
  if (attnMask !== null && attnMask.ndim !== 2 && attnMask.ndim !== 3)
    throw new ShapeError(
      `${kind}, expected \`attn_mask\` to be \`None\`, 2-D or 3-D but found ${attnMask.ndim}-D tensor instead`,
    );
  if (attnMask?.ndim === 3 && n === 2 && attnMask.shape[0] !== numHeads)
    throw new ShapeError(
      `Expected \`attn_mask\` shape to be [${numHeads}, ${query.shape[0]}, ${key.shape[0]}] but got [${attnMask.shape.join(', ')}]`,
    );
  for (const [name, mask] of [
    ['key_padding_mask', keyPaddingMask],
    ['attn_mask', attnMask],
  ] as const)
    if (mask !== null && mask.dtype === 'int32')
      throw new DTypeError(`only bool and floating types of ${name} are supported`);
}

interface MaskSizes {
  readonly length: number;
  readonly keys: number;
  /** How many keys were added at the end; they are seen. */
  readonly extra: number;
  readonly batch: number;
  readonly numHeads: number;
}

/** Both masks as one for [batch * heads, queries, keys]; boolean if both are. */
function mergeMasks(
  attnMask: Tensor | null,
  padding: Tensor | null,
  { length, keys, extra, batch, numHeads }: MaskSizes,
): Tensor | null {
  const widened = (mask: Tensor): Tensor => (extra > 0 ? pad(asMask(mask), [0, extra]) : asMask(mask));
  let mask: Tensor | null = null;
  if (attnMask !== null) {
    const expected = [...(attnMask.ndim === 3 ? [batch * numHeads] : []), length, keys - extra];
    if (attnMask.shape.some((size, i) => size !== expected[i]))
      throw new ShapeError(
        `The shape of the ${attnMask.ndim}D attn_mask is [${attnMask.shape.join(', ')}], but should be [${expected.join(', ')}].`,
      );
    const wide = widened(attnMask);
    mask = wide.ndim === 2 ? wide.unsqueeze(0) : wide;
  }
  if (padding === null) return mask;
  if (padding.shape[0] !== batch || padding.shape[1] !== keys - extra)
    throw new ShapeError(
      `expecting key_padding_mask shape of [${batch}, ${keys - extra}], but got [${padding.shape.join(', ')}]`,
    );
  const hidden = widened(padding)
    .reshape([batch, 1, 1, keys])
    .expand([batch, numHeads, 1, keys])
    .reshape([batch * numHeads, 1, keys]);
  if (mask === null) return hidden;
  if (mask.dtype === 'bool' && hidden.dtype === 'bool') return logicalOr(mask, hidden);
  return asAddend(mask, hidden).add(asAddend(hidden, mask));
}

/** Bytes stand for booleans. */
const asMask = (mask: Tensor): Tensor => (mask.dtype === 'uint8' ? mask.to('bool') : mask);

/** -Infinity where a boolean mask hides, in the dtype of the other mask. */
const asAddend = (mask: Tensor, other: Tensor): Tensor =>
  mask.dtype === 'bool' ? maskedFill(zeros(mask.shape, { dtype: other.dtype }), mask, -Infinity) : mask;
