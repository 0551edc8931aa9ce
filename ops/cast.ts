// Conversion between dtypes. In: a node and a dtype. Out: the same values rounded (floats), wrapped (integers) or as truth
// (bool). A gradient is converted back to the dtype of what it belongs to.

import { isFloat } from '../compiler/dtype.ts';
import type { DType } from '../compiler/dtype.ts';
import { node } from '../compiler/node.ts';
import type { Node } from '../compiler/node.ts';
import { defineOp } from '../compiler/op.ts';
import { arg, cast as castScalar } from '../compiler/scalar.ts';

const castOp = defineOp<{ readonly dtype: DType }>({
  name: 'to',
  type: ([x], { dtype }) => ({ shape: x.shape, dtype }),
  meaning: ({ attrs }) => ({ tag: 'map', expr: castScalar(attrs.dtype, arg(0)) }),
  vjp: (g, { inputs: [x] }) => [isFloat(x.type.dtype) ? cast(g, x.type.dtype) : null],
  gradName: () => 'ToCopyBackward0',
  saves: () => ({}),
});

/** The same values in another dtype; the node itself if it has it already. */
export const cast = (x: Node, dtype: DType): Node =>
  x.type.dtype === dtype ? x : node(castOp, [x], { dtype });
