// Layers of the transformer (Vaswani et al. 2017). In: sequences [length, batch, features], or [batch, length, features] with batchFirst. Out: the
// same shape after attention and two linear layers, each added to what went in and normalised, after it or (normFirst) before.

import { atCaller, gelu, getRngState, relu, setRngState, ValueError } from '../runtime/public.ts';
import type { Tensor } from '../runtime/public.ts';
import { MultiheadAttention } from './attention.ts';
import type { AttentionMasks } from './attentionMasks.ts';
import { Dropout } from './dropout.ts';
import { Linear } from './linear.ts';
import { Module } from './module.ts';
import { LayerNorm } from './norm.ts';
import { withDefaults } from './options.ts';
import type { FloatDType } from './parameter.ts';

/** Options of the transformer's layers, as in PyTorch. */
export interface TransformerLayerOptions {
  /** Features between the two linear layers. */
  readonly dimFeedforward?: number;
  readonly dropout?: number;
  readonly activation?: 'relu' | 'gelu' | ((x: Tensor) => Tensor);
  readonly layerNormEps?: number;
  /** [batch, length, features] instead of [length, batch, features]. */
  readonly batchFirst?: boolean;
  /** Normalise what goes into a block instead of what comes out. */
  readonly normFirst?: boolean;
  readonly dtype?: FloatDType;
}
export const layerDefaults: Required<TransformerLayerOptions> = {
  dimFeedforward: 2048,
  dropout: 0.1,
  activation: 'relu',
  layerNormEps: 1e-5,
  batchFirst: false,
  normFirst: false,
  dtype: 'float32',
};

function activationOf({ activation }: Required<TransformerLayerOptions>): (x: Tensor) => Tensor {
  if (typeof activation === 'function') return activation;
  if (activation !== 'relu' && activation !== 'gelu')
    throw atCaller(new ValueError(`activation should be relu/gelu, not ${String(activation)}`));
  return activation === 'relu' ? relu : (x) => gelu(x);
}

type Masks = Pick<AttentionMasks, 'attnMask' | 'keyPaddingMask'>;

/** What both kinds of layers have: attention to the sequence itself, and linear layers for each place. */
abstract class TransformerLayer extends Module {
  readonly dModel: number;
  readonly nhead: number;
  readonly options: Required<TransformerLayerOptions>;
  readonly #activation: (x: Tensor) => Tensor;
  selfAttn: MultiheadAttention;

  constructor(name: string, dModel: number, nhead: number, options?: TransformerLayerOptions) {
    super();
    this.dModel = dModel;
    this.nhead = nhead;
    this.options = withDefaults(name, layerDefaults, options);
    this.#activation = activationOf(this.options);
    this.selfAttn = this.attention();
  }
  /** Another layer with the same values; no random number is drawn for it. */
  copy(): this {
    const state = getRngState();
    const Layer = this.constructor as new (...args: [number, number, TransformerLayerOptions]) => this;
    const layer = new Layer(this.dModel, this.nhead, this.options);
    setRngState(state);
    layer.loadStateDict(this.stateDict());
    return layer;
  }
  protected attention(): MultiheadAttention {
    const { dropout, batchFirst, dtype } = this.options;
    return new MultiheadAttention(this.dModel, this.nhead, { dropout, batchFirst, dtype });
  }
  protected normalisation(): LayerNorm {
    const { layerNormEps: eps, dtype } = this.options;
    return new LayerNorm(this.dModel, { eps, dtype });
  }
  protected linears(): [up: Linear, dropout: Dropout, down: Linear] {
    const { dimFeedforward, dropout, dtype } = this.options;
    return [
      new Linear(this.dModel, dimFeedforward, { dtype }),
      new Dropout(dropout),
      new Linear(dimFeedforward, this.dModel, { dtype }),
    ];
  }
  /** x + block(x), normalised where the options say. */
  protected residual(x: Tensor, norm: LayerNorm, block: (x: Tensor) => Tensor): Tensor {
    return this.options.normFirst ? x.add(block(norm(x))) : norm(x.add(block(x)));
  }
  protected attend(by: MultiheadAttention, x: Tensor, memory: Tensor, masks: Masks): Tensor {
    return by(x, memory, memory, { ...masks, needWeights: false })[0];
  }
  protected feedForward(x: Tensor, up: Linear, dropout: Dropout, down: Linear): Tensor {
    return down(dropout(this.#activation(up(x))));
  }
}

/** The masks of an encoder: true hides a key, numbers are added to the scores. */
export interface EncoderMasks {
  /** [length, length] or [batch * heads, length, length]. */
  readonly srcMask?: Tensor | null;
  /** [batch, length]: true where there is only padding. */
  readonly srcKeyPaddingMask?: Tensor | null;
}
const encoderMasks: Required<EncoderMasks> = { srcMask: null, srcKeyPaddingMask: null };

/**
 * One layer of an encoder: attention to the sequence itself, then two linear layers.
 *
 *     const layer = new nn.TransformerEncoderLayer(16, 4, { dimFeedforward: 32, batchFirst: true });
 *     layer(randn([8, 10, 16])).shape; // [8, 10, 16]
 */
export class TransformerEncoderLayer extends TransformerLayer {
  linear1: Linear;
  dropout: Dropout;
  linear2: Linear;
  norm1: LayerNorm;
  norm2: LayerNorm;
  dropout1: Dropout;
  dropout2: Dropout;

  constructor(dModel: number, nhead: number, options?: TransformerLayerOptions) {
    super('TransformerEncoderLayer', dModel, nhead, options);
    [this.linear1, this.dropout, this.linear2] = this.linears();
    [this.norm1, this.norm2] = [this.normalisation(), this.normalisation()];
    const p = this.options.dropout;
    [this.dropout1, this.dropout2] = [new Dropout(p), new Dropout(p)];
  }
  forward(src: Tensor, masks?: EncoderMasks): Tensor {
    const given = withDefaults('TransformerEncoderLayer.forward', encoderMasks, masks);
    const own = { attnMask: given.srcMask, keyPaddingMask: given.srcKeyPaddingMask };
    const attended = this.residual(src, this.norm1, (x) =>
      this.dropout1(this.attend(this.selfAttn, x, x, own)),
    );
    return this.residual(attended, this.norm2, (x) =>
      this.dropout2(this.feedForward(x, this.linear1, this.dropout, this.linear2)),
    );
  }
}

/** The masks of a decoder: over the sequence itself (`tgt`), and over what comes from the encoder (`memory`). */
export interface DecoderMasks {
  readonly tgtMask?: Tensor | null;
  readonly memoryMask?: Tensor | null;
  readonly tgtKeyPaddingMask?: Tensor | null;
  readonly memoryKeyPaddingMask?: Tensor | null;
}
const decoderMasks: Required<DecoderMasks> = {
  tgtMask: null,
  memoryMask: null,
  tgtKeyPaddingMask: null,
  memoryKeyPaddingMask: null,
};

/** One layer of a decoder: attention to the sequence itself and to the encoder's, then two linear layers. */
export class TransformerDecoderLayer extends TransformerLayer {
  multiheadAttn: MultiheadAttention;
  linear1: Linear;
  dropout: Dropout;
  linear2: Linear;
  norm1: LayerNorm;
  norm2: LayerNorm;
  norm3: LayerNorm;
  dropout1: Dropout;
  dropout2: Dropout;
  dropout3: Dropout;

  constructor(dModel: number, nhead: number, options?: TransformerLayerOptions) {
    super('TransformerDecoderLayer', dModel, nhead, options);
    this.multiheadAttn = this.attention();
    [this.linear1, this.dropout, this.linear2] = this.linears();
    const norm = (): LayerNorm => this.normalisation();
    [this.norm1, this.norm2, this.norm3] = [norm(), norm(), norm()];
    const drop = (): Dropout => new Dropout(this.options.dropout);
    [this.dropout1, this.dropout2, this.dropout3] = [drop(), drop(), drop()];
  }
  forward(tgt: Tensor, memory: Tensor, masks?: DecoderMasks): Tensor {
    const given = withDefaults('TransformerDecoderLayer.forward', decoderMasks, masks);
    const own = { attnMask: given.tgtMask, keyPaddingMask: given.tgtKeyPaddingMask };
    const other = { attnMask: given.memoryMask, keyPaddingMask: given.memoryKeyPaddingMask };
    const attended = this.residual(tgt, this.norm1, (x) =>
      this.dropout1(this.attend(this.selfAttn, x, x, own)),
    );
    const informed = this.residual(attended, this.norm2, (x) =>
      this.dropout2(this.attend(this.multiheadAttn, x, memory, other)),
    );
    return this.residual(informed, this.norm3, (x) =>
      this.dropout3(this.feedForward(x, this.linear1, this.dropout, this.linear2)),
    );
  }
}
