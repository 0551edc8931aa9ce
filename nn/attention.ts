// MultiheadAttention (Vaswani et al. 2017). In: queries, keys and values. Out: for each query the average of the values, weighted by how
// well their keys fit, and those weights.

import {
  atCaller,
  ShapeError,
  ValueError,
  bmm,
  cat,
  dropout,
  linear,
  maskedFill,
  softmax,
  zeros,
} from '../runtime/public.ts';
import type { Parameter, Tensor } from '../runtime/public.ts';
import { checkRanks, maskDefaults, mergeMasks } from './attentionMasks.ts';
import type { AttentionMasks } from './attentionMasks.ts';
import { xavierNormal_, xavierUniform_, zeros_ } from './init.ts';
import { Linear } from './linear.ts';
import { Module } from './module.ts';
import { withDefaults } from './options.ts';
import { parameter } from './parameter.ts';
import type { FloatDType } from './parameter.ts';

/** Options of `MultiheadAttention`, as in PyTorch. */
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
      throw atCaller(
        new ValueError(
          `embed_dim and num_heads must be greater than 0, got embed_dim=${embedDim} and num_heads=${numHeads} instead`,
        ),
      );
    if (embedDim % numHeads !== 0) throw atCaller(new ValueError('embed_dim must be divisible by num_heads'));
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
      throw atCaller(new ShapeError(`was expecting embedding dimension of ${embedDim}, but got ${features}`));
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
