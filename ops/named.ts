// Operators that are made of others, under a name of their own. In: a function of nodes. Out: a function that returns one node, which
// prints and counts as one operator (its `gradFn`), and is opened when it is simplified or differentiated.

import type { Node, TensorType } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import { defineOp } from '../compiler/op.ts';
import type { Op } from '../compiler/op.ts';

export interface NamedAttrs<A> {
  readonly type: TensorType;
  readonly args: A;
}

/** The node of a composite; `build` runs once at the call, for its type and its errors. */
export function named<A>(
  name: string,
  build: (inputs: readonly Node[], args: A) => Node,
  rest: Pick<Op<NamedAttrs<A>>, 'gradName' | 'saves'> = {},
): (inputs: readonly Node[], args: A) => Node {
  const op = defineOp<NamedAttrs<A>>({
    name,
    type: (_, { type }) => type,
    meaning: ({ inputs, attrs }) => ({ tag: 'composite', expand: () => build(inputs, attrs.args) }),
    ...rest,
  });
  return (inputs, args) => node(op, inputs, { type: build(inputs, args).type, args });
}
