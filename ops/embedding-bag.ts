// Sums, means or maxima of rows of a weight matrix. In: indices as bags of one size [n, size], or one after the other in a vector with the first
// place of each bag. Out: [bags, features]. A gather of rows and one reduction: along a dimension, or by a scatter into the bags.

import { isFloat, isInteger } from '../compiler/dtype.ts';
import { DTypeError, ShapeError, ValueError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { sameShape, showShape } from '../compiler/shape.ts';
import { div, mul, sub } from './binary.ts';
import { cast } from './cast.ts';
import { eq, gt, isnan, logicalAnd, logicalOr, ne } from './compare.ts';
import { embedding, gather } from './index-gather.ts';
import { indexNode } from './index-core.ts';
import { scatterReduce } from './index-scatter.ts';
import { indexAdd } from './index-write.ts';
import { named } from './named.ts';
import { clampMax, clampMin } from './select-clamp.ts';
import { where } from './select.ts';
import { narrow } from './slice.ts';
import { searchsorted } from './sort.ts';
import { constant, iota, zeros } from './source.ts';
import { reshape, spread, unsqueeze } from './view.ts';

export type BagMode = 'sum' | 'mean' | 'max';

interface BagAttrs {
  readonly mode: BagMode;
  readonly paddingIdx: number | null;
  readonly weighted: boolean;
  readonly bags: number;
}

/** In every bag and feature the first largest of the rows that count, 0 for an empty bag. */
function largest(rows: Node, counts: Node, bag: Node, bags: number): Node {
  const [length, features] = rows.type.shape;
  const wide = (n: Node): Node => spread(unsqueeze(n, -1), [length, features]);
  const at = wide(bag);
  const values = where(wide(counts), rows, -Infinity);
  const start = constant(-Infinity, rows.type.dtype, [bags, features]);
  const most = gather(scatterReduce(start, 0, at, values, 'amax'), 0, at);
  const hit = logicalAnd(wide(counts), logicalOr(eq(values, most), isnan(values)));
  const places = where(hit, iota([length, features], 0, 'int32'), length);
  const first = scatterReduce(constant(length, 'int32', [bags, features]), 0, at, places, 'amin');
  return where(gt(length, first), gather(rows, 0, clampMax(first, length - 1)), 0);
}

const bagNode = named<BagAttrs>(
  'embeddingBag',
  ([input, weight, bag, factors], { mode, paddingIdx, weighted, bags }) => {
    const rows = embedding(input, weight);
    const counts = paddingIdx === null ? eq(input, input) : ne(input, paddingIdx);
    if (mode === 'max') return largest(rows, counts, bag, bags);
    const kept = where(unsqueeze(counts, -1), weighted ? mul(rows, unsqueeze(factors, -1)) : rows, 0);
    const total = indexAdd(zeros([bags, weight.type.shape[1]], weight.type.dtype), 0, bag, kept);
    if (mode === 'sum') return total;
    const number = indexAdd(zeros([bags], weight.type.dtype), 0, bag, cast(counts, weight.type.dtype));
    return div(total, unsqueeze(clampMin(number, 1), -1));
  },
  { saves: () => ({ indices: 0, weight: 1 }) },
);

export interface EmbeddingBagOptions {
  /** The first place of each bag in a vector of indices; the first is 0. */
  readonly offsets?: Node | null;
  readonly mode?: BagMode;
  /** A factor per index, for sums. */
  readonly perSampleWeights?: Node | null;
  /** The last offset is the number of indices, and begins no bag. */
  readonly includeLastOffset?: boolean;
  /** Rows of this index count for nothing and get no gradient. */
  readonly paddingIdx?: number | null;
}

/** The number of the bag of each index, and how many there are. */
function bagsOf(input: Node, offsets: Node | null, includeLast: boolean): readonly [bag: Node, bags: number] {
  const { shape } = input.type;
  if (shape.length === 2) {
    if (offsets !== null)
      throw new ValueError(
        'if input is 2D, then offsets has to be None, as input is treated is a mini-batch of fixed length sequences.',
      );
    return [reshape(spread(iota([shape[0], 1], 0, 'int32'), shape), [-1]), shape[0]];
  }
  if (shape.length !== 1)
    throw new ValueError(`input has to be 1D or 2D Tensor, but got Tensor of dimension ${shape.length}`);
  if (offsets === null || offsets.type.shape.length !== 1)
    throw new ValueError(
      `offsets has to be a 1D Tensor but got ${offsets ? showShape(offsets.type.shape) : 'none'}`,
    );
  const bags = offsets.type.shape[0] - (includeLast ? 1 : 0);
  if (bags < 0) throw new ValueError('include_last_offset: number of offset should be at least 1');
  const begins = narrow(indexNode('embedding_bag', offsets), 0, 0, bags);
  return [sub(searchsorted(begins, iota(shape, 0, 'int32'), { right: true }), 1), bags];
}

/**
 * The mean (or sum, or maximum) of the rows of `weight` [rows, features] at the indices of each bag: `input` is [bags, size], or a vector with
 * `offsets`. An empty bag gives 0.
 */
export function embeddingBag(
  input: Node,
  weight: Node,
  {
    offsets = null,
    mode = 'mean',
    perSampleWeights = null,
    includeLastOffset = false,
    paddingIdx = null,
  }: EmbeddingBagOptions = {},
): Node {
  if (!['sum', 'mean', 'max'].includes(mode)) throw new ValueError('mode has to be one of sum, mean or max');
  if (weight.type.shape.length !== 2) throw new ShapeError("'weight' must be 2-D");
  if (!isFloat(weight.type.dtype))
    throw new DTypeError(`embedding_bag: expected weight to be floating, but got ${weight.type.dtype}`);
  if (!isInteger(input.type.dtype)) throw new DTypeError('embedding_bag: expected indices to be integers');
  const rows = weight.type.shape[0];
  if (paddingIdx !== null && (paddingIdx >= rows || paddingIdx < -rows))
    throw new ValueError('Padding_idx must be within num_embeddings');
  const [bag, bags] = bagsOf(input, offsets, includeLastOffset);
  if (perSampleWeights !== null) {
    if (mode !== 'sum')
      throw new ValueError(
        `embedding_bag: per_sample_weights was not None. per_sample_weights is only supported for mode='sum' (got mode='${mode}').`,
      );
    if (!sameShape(perSampleWeights.type.shape, input.type.shape))
      throw new ShapeError(
        `embedding_bag: If per_sample_weights (${showShape(perSampleWeights.type.shape)}) is not None, then it must have the same shape as the input (${showShape(input.type.shape)})`,
      );
  }
  const flat = reshape(indexNode('embedding_bag', input), [-1]);
  const inputs = [flat, weight, bag, ...(perSampleWeights ? [reshape(perSampleWeights, [-1])] : [])];
  return bagNode(inputs, {
    mode,
    bags,
    paddingIdx: paddingIdx !== null && paddingIdx < 0 ? paddingIdx + rows : paddingIdx,
    weighted: perSampleWeights !== null,
  });
}
