// Embedding. In: whole numbers of any shape. Out: a row of a trained table for each.

import { atCaller, ValueError, embedding, noGrad } from '../runtime/public.ts';
import { Parameter } from '../runtime/public.ts';
import type { Tensor } from '../runtime/public.ts';
import { normal_ } from './init.ts';
import { Module } from './module.ts';
import { withDefaults } from './options.ts';
import { parameter } from './parameter.ts';
import type { FloatDType } from './parameter.ts';

/** Options of `Embedding`, as in PyTorch. */
export interface EmbeddingOptions {
  /** A row that starts as zeros and is not trained; negative ones count from the end. */
  readonly paddingIdx?: number | null;
  readonly dtype?: FloatDType;
}
const defaults: Required<EmbeddingOptions> = { paddingIdx: null, dtype: 'float32' };

/** A table of vectors: indices of any shape => that shape with the vectors as last dimension. */
export class Embedding extends Module {
  readonly numEmbeddings: number;
  readonly embeddingDim: number;
  readonly paddingIdx: number | null;
  weight: Parameter;

  constructor(numEmbeddings: number, embeddingDim: number, options?: EmbeddingOptions) {
    super();
    const { paddingIdx, dtype } = withDefaults('Embedding', defaults, options);
    if (paddingIdx !== null && (paddingIdx >= numEmbeddings || paddingIdx < -numEmbeddings))
      throw atCaller(new ValueError('Padding_idx must be within num_embeddings'));
    this.numEmbeddings = numEmbeddings;
    this.embeddingDim = embeddingDim;
    this.paddingIdx = paddingIdx !== null && paddingIdx < 0 ? paddingIdx + numEmbeddings : paddingIdx;
    this.weight = parameter([numEmbeddings, embeddingDim], dtype, (x) => {
      normal_(x);
      if (paddingIdx !== null) noGrad(() => x.select(0, paddingIdx).fill_(0));
    });
  }

  /** A table that is there already; `freeze`: it is not trained (true). */
  static fromPretrained(
    embeddings: Tensor,
    {
      freeze = true,
      paddingIdx = null,
    }: { readonly freeze?: boolean; readonly paddingIdx?: number | null } = {},
  ): Embedding {
    if (embeddings.ndim !== 2)
      throw atCaller(new ValueError('Embeddings parameter is expected to be 2-dimensional'));
    const [rows, columns] = embeddings.shape;
    const layer = new Embedding(rows, columns, { paddingIdx });
    return Object.assign(layer, { weight: new Parameter(embeddings, !freeze) });
  }

  forward(x: Tensor): Tensor {
    return embedding(x, this.weight, { paddingIdx: this.paddingIdx });
  }
  override extraRepr(): string {
    const { numEmbeddings, embeddingDim, paddingIdx } = this;
    return `${numEmbeddings}, ${embeddingDim}${paddingIdx === null ? '' : `, padding_idx=${paddingIdx}`}`;
  }
}
