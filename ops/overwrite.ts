// Writing over a value whatever it was: copy_, fill_, zero_, the random fills. In: the old value and the new one, of one shape and dtype. Out: a node
// that is the new one, with the old among its inputs: a tensor that was overwritten still leads to where it came from, with
// gradients that are 0.

import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import { defineOp } from '../compiler/op.ts';
import { zerosLike } from './source.ts';

const overwriteOp = defineOp<{ readonly gradName: string }>({
  name: 'overwrite',
  type: ([old]) => old,
  meaning: ({ inputs: [, value] }) => ({ tag: 'composite', expand: () => value }),
  vjp: (g, { inputs: [old] }, wants) => [wants[0] ? zerosLike(old) : null, g],
  gradName: ({ attrs }) => attrs.gradName,
  saves: () => ({}),
});

/** `value` in the place of `old`; `gradName` is what its backward is called. */
export const overwrite = (old: Node, value: Node, gradName: string): Node =>
  node(overwriteOp, [old, value], { gradName });
