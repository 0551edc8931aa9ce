// Choices: where, masked fill, and clamp (in select-clamp.ts). In: conditions and values, broadcast against each other. Out: a node. The gradient of what
// was not chosen is exactly 0 (and a factor 0 further up can still meet an infinity: the same trap as in PyTorch).

import { dtypes } from '../compiler/dtype.ts';
import { DTypeError, ValueError } from '../compiler/errors.ts';
import { node } from '../compiler/node.ts';
import type { Node } from '../compiler/node.ts';
import { arg, s } from '../compiler/scalar.ts';
import { asNode, isNode, together } from './operand.ts';
import type { Operand } from './operand.ts';
import { pointwise } from './pointwise.ts';

export * from './select-clamp.ts';

const x0 = arg(0);
const x1 = arg(1);

const whereOp = pointwise('where', {
  expr: s.select(x0, x1, arg(2)),
  like: 1,
  partials: [null, (g, [c]) => where(c, g, 0), (g, [c]) => where(c, 0, g)],
  saves: () => ({ condition: 0 }),
});

/** x where the condition holds, else y. DTypeError if the condition is not boolean. */
export function where(condition: Node, x: Operand, y: Operand): Node {
  const { dtype } = condition.type;
  if (dtype !== 'bool')
    throw new DTypeError(
      `where expected condition to be a boolean tensor, but got a tensor with dtype ${dtypes[dtype].torchName}`,
    );
  return node(whereOp, [condition, ...together(x, y)], undefined);
}

const maskedFillOp = pointwise('maskedFill', {
  expr: s.select(x1, arg(2), x0),
  partials: [(g, [, m]) => where(m, 0, g), null, (g, [, m]) => where(m, g, 0)],
  saves: () => ({ mask: 1 }),
  gradName: ({ inputs: [, , value] }) =>
    value.op.name === 'constant' ? 'MaskedFillBackward0' : 'MaskedFillBackward1',
});

/** `value` (a number or a 0-d node) where the mask holds, else x. */
export function maskedFill(x: Node, mask: Node, value: Operand): Node {
  if (mask.type.dtype !== 'bool')
    throw new DTypeError(
      `masked_fill_ only supports boolean masks, but got mask with dtype ${mask.type.dtype}`,
    );
  if (isNode(value) && value.type.shape.length > 0)
    throw new ValueError(
      `masked_fill_ only supports a 0-dimensional value tensor, but got tensor with ${value.type.shape.length} dimension(s).`,
    );
  return node(maskedFillOp, [x, mask, asNode(value, x.type.dtype)], undefined);
}
