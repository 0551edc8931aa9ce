// What unique() returns, once the positions are known: the slices that stand at them. In: a node, a dimension, the positions. Out: a node. It is
// a gather whose derivative is refused, as PyTorch refuses it, where a plain gather would have one.

import { AutogradError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import type { Op } from '../compiler/op.ts';
import type { GatherAttrs } from './index-core.ts';
import { axesAlong, gatherOp } from './index-core.ts';
import { reshape } from './view.ts';

const distinctOp = (torchName: string, gradName: string): Op<GatherAttrs> =>
  gatherOp('distinct', {
    gradName: () => gradName,
    saves: () => ({}),
    vjp: () => {
      throw new AutogradError(`the derivative for '${torchName}' is not implemented.`);
    },
  });

const ops = {
  unique: distinctOp('_unique2', 'Unique2Backward0'),
  uniqueConsecutive: distinctOp('unique_consecutive', 'UniqueConsecutiveBackward0'),
  uniqueDim: distinctOp('unique_dim', 'UniqueDimBackward0'),
  uniqueDimConsecutive: distinctOp('unique_dim_consecutive', 'UniqueDimConsecutiveBackward0'),
};

/** The slices of `x` along a dimension at these positions. */
export function distinct(kind: keyof typeof ops, x: Node, dim: number, positions: Node): Node {
  const { shape } = x.type;
  const [count] = positions.type.shape;
  const lane = reshape(positions, [count, ...shape.slice(dim + 1).map(() => 1)]);
  const out = shape.map((size, i) => (i === dim ? count : size));
  return node(ops[kind], [x, lane], { axes: axesAlong(shape.length, dim), shape: out });
}
