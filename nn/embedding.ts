// Embedding. In: whole numbers of any shape. Out: a row of a trained table for each.

import { atCaller, ValueError, embedding, noGrad } from '../runtime/public.ts';
import { Parameter } from '../runtime/public.ts';
import type { Tensor } from '../runtime/public.ts';
import { normal_ } from './init.ts';
import { Module } from './module.ts';
import { withDefaults } from './options.ts';
import { parameter } from './parameter.ts';
import type { FloatDType } from './parameter.ts';
import { bool, float } from './python.ts';

/** Options of `Embedding`, as in PyTorch. */
export interface EmbeddingOptions {
  /** A row that starts as zeros and is not trained; negative ones count from the end. */
  readonly paddingIdx?: number | null;
  /** Rows that are used are shortened to this norm, in place, if they are longer. */
  readonly maxNorm?: number | null;
  /** The order of that norm. */
  readonly normType?: number;
  /** Each row gets the mean of the gradients of its uses in place of their sum. */
  readonly scaleGradByFreq?: boolean;
  readonly dtype?: FloatDType;
}
const defaults: Required<EmbeddingOptions> = {
  paddingIdx: null,
  maxNorm: null,
  normType: 2,
  scaleGradByFreq: false,
  dtype: 'float32',
};

/** A row that may be counted from the end, from the start; a ValueError if there is none. `name` as PyTorch writes it there. */
export function rowOf(name: string, row: number | null, rows: number): number | null {
  if (row !== null && (row >= rows || row < -rows))
    throw atCaller(new ValueError(`${name} must be within num_embeddings`));
  return row !== null && row < 0 ? row + rows : row;
}

/** A table of normally distributed numbers, 0 in the row of padding. */
export const tableOf = (
  rows: number,
  columns: number,
  padding: number | null,
  dtype: FloatDType,
): Parameter =>
  parameter([rows, columns], dtype, (x) => {
    normal_(x);
    if (padding !== null) noGrad(() => x.select(0, padding).fill_(0));
  });

/** A table of vectors: indices of any shape => that shape with the vectors as last dimension. */
export class Embedding extends Module {
  readonly numEmbeddings: number;
  readonly embeddingDim: number;
  readonly paddingIdx: number | null;
  readonly maxNorm: number | null;
  readonly normType: number;
  readonly scaleGradByFreq: boolean;
  weight: Parameter;

  constructor(numEmbeddings: number, embeddingDim: number, options?: EmbeddingOptions) {
    super();
    const all = withDefaults('Embedding', defaults, options);
    const { paddingIdx, dtype } = all;
    this.numEmbeddings = numEmbeddings;
    this.embeddingDim = embeddingDim;
    this.paddingIdx = rowOf('Padding_idx', paddingIdx, numEmbeddings);
    this.maxNorm = all.maxNorm;
    this.normType = all.normType;
    this.scaleGradByFreq = all.scaleGradByFreq;
    this.weight = tableOf(numEmbeddings, embeddingDim, this.paddingIdx, dtype);
  }

  /** A table that is there already; `freeze`: it is not trained (true). */
  static fromPretrained(
    embeddings: Tensor,
    { freeze = true, ...options }: Omit<EmbeddingOptions, 'dtype'> & { readonly freeze?: boolean } = {},
  ): Embedding {
    if (embeddings.ndim !== 2)
      throw atCaller(new ValueError('Embeddings parameter is expected to be 2-dimensional'));
    const [rows, columns] = embeddings.shape;
    const layer = new Embedding(rows, columns, options);
    return Object.assign(layer, { weight: new Parameter(embeddings, !freeze) });
  }

  forward(x: Tensor): Tensor {
    const { paddingIdx, maxNorm, normType, scaleGradByFreq } = this;
    return embedding(x, this.weight, { paddingIdx, maxNorm, normType, scaleGradByFreq });
  }
  override extraRepr(): string {
    const { numEmbeddings, embeddingDim, paddingIdx, maxNorm, normType, scaleGradByFreq } = this;
    return (
      `${numEmbeddings}, ${embeddingDim}` +
      (paddingIdx === null ? '' : `, padding_idx=${paddingIdx}`) +
      (maxNorm === null ? '' : `, max_norm=${float(maxNorm)}`) +
      (normType === 2 ? '' : `, norm_type=${float(normType)}`) +
      (scaleGradByFreq ? `, scale_grad_by_freq=${bool(true)}` : '')
    );
  }
}
