// EmbeddingBag. In: bags of whole numbers, [bags, size], or a vector and where each bag begins in it. Out: for each bag the mean, the sum or the
// maximum of the rows of a trained table.

import { embeddingBag } from '../runtime/public.ts';
import type { Parameter, Tensor } from '../runtime/public.ts';
import { rowOf, tableOf } from './embedding.ts';
import { Module } from './module.ts';
import { withDefaults } from './options.ts';
import type { FloatDType } from './parameter.ts';
import { bool } from './python.ts';

/** Options of `EmbeddingBag`, as in PyTorch. */
export interface EmbeddingBagLayerOptions {
  readonly mode?: 'mean' | 'sum' | 'max';
  /** The last offset is the number of indices, and begins no bag. */
  readonly includeLastOffset?: boolean;
  /** A row that starts as zeros, counts for nothing and is not trained; negative ones count from the end. */
  readonly paddingIdx?: number | null;
  readonly dtype?: FloatDType;
}
const defaults: Required<EmbeddingBagLayerOptions> = {
  mode: 'mean',
  includeLastOffset: false,
  paddingIdx: null,
  dtype: 'float32',
};

/** What a call takes beside the indices. */
interface Bags {
  /** Where each bag begins in a vector of indices. */
  readonly offsets?: Tensor | null;
  /** A factor per index, for sums. */
  readonly perSampleWeights?: Tensor | null;
}

/** A table of vectors, and bags of its rows. */
export class EmbeddingBag extends Module {
  readonly numEmbeddings: number;
  readonly embeddingDim: number;
  readonly mode: 'mean' | 'sum' | 'max';
  readonly includeLastOffset: boolean;
  readonly paddingIdx: number | null;
  weight: Parameter;

  constructor(numEmbeddings: number, embeddingDim: number, options?: EmbeddingBagLayerOptions) {
    super();
    const { mode, includeLastOffset, paddingIdx, dtype } = withDefaults('EmbeddingBag', defaults, options);
    this.numEmbeddings = numEmbeddings;
    this.embeddingDim = embeddingDim;
    this.mode = mode;
    this.includeLastOffset = includeLastOffset;
    this.paddingIdx = rowOf('padding_idx', paddingIdx, numEmbeddings);
    this.weight = tableOf(numEmbeddings, embeddingDim, this.paddingIdx, dtype);
  }
  forward(input: Tensor, bags: Bags = {}): Tensor {
    const { mode, includeLastOffset, paddingIdx } = this;
    return embeddingBag(input, this.weight, { ...bags, mode, includeLastOffset, paddingIdx });
  }
  override extraRepr(): string {
    const { numEmbeddings, embeddingDim, mode, includeLastOffset, paddingIdx } = this;
    return (
      `${numEmbeddings}, ${embeddingDim}, mode=${mode}` +
      (includeLastOffset ? `, include_last_offset=${bool(true)}` : '') +
      (paddingIdx === null ? '' : `, padding_idx=${paddingIdx}`)
    );
  }
}
