// Reading by index: gather, indexSelect, take, takeAlongDim, embedding, oneHot. In: a node and integer nodes. Out: a node with the
// elements found there. Each is a choice of axes for one gather (index-core.ts); the gradient adds up where each came from.

import { DTypeError, ShapeError, ValueError } from '../compiler/errors.ts';
import { dtypes } from '../compiler/dtype.ts';
import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import type { GatherAxis } from '../compiler/op.ts';
import { defineOp } from '../compiler/op.ts';
import { broadcastShapes, checkDim, numel, showShape } from '../compiler/shape.ts';
import { div } from './binary.ts';
import { cast } from './cast.ts';
import { eq, ne } from './compare.ts';
import type { GatherAttrs } from './index-core.ts';
import { axesAlong, gatherFrom, gatherOp, indexNode, scatterOn, wrapIndex } from './index-core.ts';
import { where } from './select.ts';
import { fullLike, iota, zeros, zerosLike } from './source.ts';
import { ravel, reshape, spread, unsqueeze } from './view.ts';

/** The sizes of an index that belongs to lanes of `x`: no larger than `x` but along `dim`. */
export function checkLaneIndex(x: Node, dim: number, index: Node, source?: Node): void {
  const { shape } = x.type;
  const ishape = index.type.shape;
  const rank = (n: Node): number => Math.max(n.type.shape.length, 1);
  if (rank(index) !== rank(x))
    throw new ShapeError('Index tensor must have the same number of dimensions as input tensor');
  if (source && rank(index) !== rank(source))
    throw new ShapeError('Index tensor must have the same number of dimensions as src tensor');
  ishape.forEach((size, i) => {
    if (i !== dim && size > (shape[i] ?? 1))
      throw new ShapeError(
        `Size does not match at dimension ${i} expected index ${showShape(ishape)} to be smaller than self ${showShape(shape)} apart from dimension ${dim}`,
      );
    if (source && size > (source.type.shape[i] ?? 1))
      throw new ShapeError(
        `Expected index ${showShape(ishape)} to be smaller than self ${showShape(shape)} apart from dimension ${dim} and to be smaller size than src ${showShape(source.type.shape)}`,
      );
  });
}

const gatherNamed = gatherOp('gather');

/** out[i][j][k] = x[i][index[i][j][k]][k] for dim 1: one index per result, each within its lane. */
export function gather(x: Node, dim: number, index: Node): Node {
  const d = checkDim(dim, x.type.shape.length);
  const at = indexNode('gather', index);
  checkLaneIndex(x, d, at);
  const data = x.type.shape.length === 0 ? reshape(x, [1]) : x;
  if (at.type.shape.length === 0)
    return reshape(node(gatherNamed, [data, reshape(at, [1])], { axes: [{ input: 1 }], shape: [1] }), []);
  return node(gatherNamed, [data, at], { axes: axesAlong(data.type.shape.length, d), shape: at.type.shape });
}

/** As `gather`, with the index broadcast against `x`; without a dimension over the flattened node. Negative indices count from the end. */
export function takeAlongDim(x: Node, indices: Node, dim?: number): Node {
  if (dim === undefined) return takeAlongDim(ravel(x), ravel(indices), 0);
  const { shape } = x.type;
  const d = checkDim(dim, shape.length);
  if (indices.type.shape.length !== shape.length)
    throw new ShapeError(
      `torch.take_along_dim(): input and indices should have the same number of dimensions, but got ${shape.length} dimensions for input, and ${indices.type.shape.length} dimensions for indices`,
    );
  const at = wrapIndex(indexNode('take_along_dim', indices), shape[d]);
  const common = broadcastShapes(
    shape.map((size, i) => (i === d ? 1 : size)),
    at.type.shape.map((size, i) => (i === d ? 1 : size)),
  );
  const withDim = (size: number): number[] => common.map((s, i) => (i === d ? size : s));
  return gather(spread(x, withDim(shape[d])), d, spread(at, withDim(at.type.shape[d])));
}

const indexSelectOp = gatherOp('indexSelect');

/** The slices of `x` along a dimension at the indices of a vector. */
export function indexSelect(x: Node, dim: number, index: Node): Node {
  const { shape } = x.type;
  const d = checkDim(dim, shape.length);
  if (index.type.shape.length > 1) throw new ShapeError('index_select(): Index is supposed to be a vector');
  const at = indexNode('index_select', index);
  if (shape.length === 0)
    return node(indexSelectOp, [reshape(x, [1]), reshape(at, [])], { axes: [{ input: 1 }], shape: [] });
  const count = numel(at.type.shape);
  const lane = reshape(at, [count, ...shape.slice(d + 1).map(() => 1)]);
  const out = shape.map((size, i) => (i === d ? count : size));
  return node(indexSelectOp, [x, lane], { axes: axesAlong(shape.length, d), shape: out });
}

const takeFlat = gatherOp('take');

/** Elements of the flattened node, in the shape of the index. Negative indices count from the end. */
export function take(x: Node, index: Node): Node {
  const at = wrapIndex(indexNode('take', index), numel(x.type.shape));
  return node(takeFlat, [ravel(x), at], { axes: [{ input: 1 }], shape: at.type.shape });
}

interface EmbeddingAttrs extends GatherAttrs {
  readonly paddingIdx: number | null;
  readonly scaleGradByFreq: boolean;
}

/** g over how often its index occurs. */
function sharedByIndex(g: Node, at: Node, rows: number): Node {
  const ones = fullLike(cast(at, g.type.dtype), 1);
  const counts = scatterOn(zeros([rows], g.type.dtype), ones, [at], [{ input: 1 }], 'add');
  return div(g, gatherFrom(counts, [at], [{ input: 1 }], at.type.shape));
}

const embeddingOp = defineOp<EmbeddingAttrs>({
  name: 'embedding',
  type: ([weight], { shape }) => ({ shape, dtype: weight.dtype }),
  meaning: ({ attrs: { axes } }) => ({ tag: 'gather', axes }),
  vjp: (g, { inputs: [weight, at], attrs }) => {
    const shared = attrs.scaleGradByFreq ? sharedByIndex(g, at, weight.type.shape[0]) : g;
    const kept = attrs.paddingIdx === null ? shared : where(ne(at, attrs.paddingIdx), shared, 0);
    return [scatterOn(zerosLike(weight), kept, [at], attrs.axes, 'add')];
  },
  saves: () => ({ indices: 1 }),
});

export interface EmbeddingOptions {
  readonly paddingIdx?: number | null;
  readonly scaleGradByFreq?: boolean;
}

/**
 * Rows of a weight matrix: [...index, features]. The row `paddingIdx` gets no gradient; with `scaleGradByFreq` each row gets the mean of the
 * gradients of its uses in place of their sum.
 */
export function embedding(input: Node, weight: Node, options: EmbeddingOptions = {}): Node {
  const { shape } = weight.type;
  if (shape.length !== 2) throw new ShapeError("'weight' must be 2-D");
  if (dtypes[input.type.dtype].category !== 'int')
    throw new DTypeError(
      `Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got torch.${dtypes[input.type.dtype].torchName}Tensor instead (while checking arguments for embedding)`,
    );
  const padding = options.paddingIdx ?? null;
  if (padding !== null && (padding >= shape[0] || padding < -shape[0]))
    throw new ValueError('Padding_idx must be within num_embeddings');
  const at = unsqueeze(indexNode('embedding', input), -1);
  const axes: GatherAxis[] = [{ input: 1 }, { axis: at.type.shape.length - 1 }];
  return node(embeddingOp, [weight, at], {
    axes,
    shape: [...input.type.shape, shape[1]],
    paddingIdx: padding !== null && padding < 0 ? padding + shape[0] : padding,
    scaleGradByFreq: options.scaleGradByFreq ?? false,
  });
}

/** 1 at each class index and 0 elsewhere, in a new last dimension, as int32. */
export const oneHot = (x: Node, numClasses: number): Node =>
  cast(eq(unsqueeze(indexNode('one_hot', x), -1), iota([numClasses], 0, 'int32')), 'int32');
