// The transformer (Vaswani et al. 2017): stacks of its layers. In: a source and a target sequence, [length, batch, features] or, with batchFirst,
// [batch, length, features]. Out: for each place of the target its features, after it has seen the source.

import { atCaller, full, ShapeError, triu } from '../runtime/public.ts';
import type { Tensor } from '../runtime/public.ts';
import { xavierUniform_ } from './init.ts';
import { Module } from './module.ts';
import { LayerNorm } from './norm.ts';
import { withDefaults } from './options.ts';
import { ModuleList } from './sequential.ts';
import { layerDefaults, TransformerDecoderLayer, TransformerEncoderLayer } from './transformerLayer.ts';
import type { DecoderMasks, EncoderMasks, TransformerLayerOptions } from './transformerLayer.ts';

interface StackOptions {
  /** Normalises what the last layer gives. */
  readonly norm?: LayerNorm | null;
}

/** Masks of a stack of encoder layers: what each of them calls `srcMask` is `mask` here, as in PyTorch. */
export interface StackMasks {
  readonly mask?: Tensor | null;
  readonly srcKeyPaddingMask?: Tensor | null;
}
const stackMasks: Required<StackMasks> = { mask: null, srcKeyPaddingMask: null };

const copies = <L extends { copy(): L }>(layer: L, count: number): L[] =>
  Array.from({ length: count }, () => layer.copy());

/** Copies of an encoder layer, one after the other. */
export class TransformerEncoder extends Module {
  layers: ModuleList<TransformerEncoderLayer>;
  norm: LayerNorm | null;

  constructor(layer: TransformerEncoderLayer, numLayers: number, options?: StackOptions) {
    super();
    this.layers = new ModuleList(copies(layer, numLayers));
    this.norm = withDefaults('TransformerEncoder', { norm: null } as Required<StackOptions>, options).norm;
  }
  forward(src: Tensor, masks?: StackMasks): Tensor {
    const { mask: srcMask, ...others } = withDefaults('TransformerEncoder.forward', stackMasks, masks);
    const encoded = [...this.layers].reduce((x, layer) => layer(x, { srcMask, ...others }), src);
    return this.norm === null ? encoded : this.norm(encoded);
  }
}

/** Copies of a decoder layer, one after the other; all of them see the same memory. */
export class TransformerDecoder extends Module {
  layers: ModuleList<TransformerDecoderLayer>;
  norm: LayerNorm | null;

  constructor(layer: TransformerDecoderLayer, numLayers: number, options?: StackOptions) {
    super();
    this.layers = new ModuleList(copies(layer, numLayers));
    this.norm = withDefaults('TransformerDecoder', { norm: null } as Required<StackOptions>, options).norm;
  }
  forward(tgt: Tensor, memory: Tensor, masks?: DecoderMasks): Tensor {
    const decoded = [...this.layers].reduce((x, layer) => layer(x, memory, masks), tgt);
    return this.norm === null ? decoded : this.norm(decoded);
  }
}

/** Options of `Transformer`, as in PyTorch. */
export interface TransformerOptions extends TransformerLayerOptions {
  readonly dModel?: number;
  readonly nhead?: number;
  readonly numEncoderLayers?: number;
  readonly numDecoderLayers?: number;
}
const defaults: Required<TransformerOptions> = {
  dModel: 512,
  nhead: 8,
  numEncoderLayers: 6,
  numDecoderLayers: 6,
  ...layerDefaults,
};

/**
 * An encoder and a decoder that attends to what it gives.
 *
 *     const model = new nn.Transformer({ dModel: 16, nhead: 4, numEncoderLayers: 2, numDecoderLayers: 2, dimFeedforward: 32 });
 *     const tgtMask = nn.Transformer.generateSquareSubsequentMask(7);
 *     model(randn([10, 8, 16]), randn([7, 8, 16]), { tgtMask }).shape; // [7, 8, 16]
 */
export class Transformer extends Module {
  readonly options: Required<TransformerOptions>;
  encoder: TransformerEncoder;
  decoder: TransformerDecoder;

  constructor(options?: TransformerOptions) {
    super();
    this.options = withDefaults('Transformer', defaults, options);
    const { dModel, nhead, numEncoderLayers, numDecoderLayers, ...layer } = this.options;
    const norm = (): LayerNorm => new LayerNorm(dModel, { eps: layer.layerNormEps, dtype: layer.dtype });
    const encoder = new TransformerEncoderLayer(dModel, nhead, layer);
    this.encoder = new TransformerEncoder(encoder, numEncoderLayers, { norm: norm() });
    const decoder = new TransformerDecoderLayer(dModel, nhead, layer);
    this.decoder = new TransformerDecoder(decoder, numDecoderLayers, { norm: norm() });
    for (const p of this.parameters()) if (p.ndim > 1) xavierUniform_(p);
  }

  forward(src: Tensor, tgt: Tensor, masks: EncoderMasks & DecoderMasks = {}): Tensor {
    const { dModel, batchFirst } = this.options;
    const batch = batchFirst ? 0 : 1;
    if (src.ndim === 3 && src.shape[batch] !== tgt.shape[batch])
      throw atCaller(new ShapeError('the batch number of src and tgt must be equal'));
    if (src.shape.at(-1) !== dModel || tgt.shape.at(-1) !== dModel)
      throw atCaller(new ShapeError('the feature number of src and tgt must be equal to d_model'));
    const { srcMask, srcKeyPaddingMask, ...decoding } = masks;
    return this.decoder(tgt, this.encoder(src, { mask: srcMask, srcKeyPaddingMask }), decoding);
  }

  /** What hides later places from earlier ones: [size, size] with -Infinity above the diagonal and 0 elsewhere. */
  static generateSquareSubsequentMask(size: number): Tensor {
    return triu(full([size, size], -Infinity), 1);
  }
}
