// All rewrite rules, in the order in which they are tried. A family with rules of its own is listed here.

import type { Rule } from '../compiler/rewrite.ts';
import { rules as arrange } from './arrange.ts';
import { rules as binary } from './binary-rules.ts';
import { rules as contract } from './contract.ts';
import { rules as diagonal } from './diagonal.ts';
import { rules as index } from './index-advanced.ts';
import { rules as onehot } from './onehot-rules.ts';
import { rules as pad } from './pad.ts';
import { rules as reduce } from './reduce-rules.ts';
import { rules as select } from './select-rules.ts';
import { rules as slice } from './slice.ts';
import { rules as softmax } from './softmax.ts';
import { rules as split } from './split.ts';
import { rules as unary } from './unary-rules.ts';
import { rules as affine } from './view-affine.ts';
import { rules as view } from './view.ts';
import { rules as windows } from './window-view.ts';

export const rules: readonly Rule[] = [
  ...new Set([
    ...softmax,
    ...unary,
    ...binary,
    ...select,
    ...onehot,
    ...reduce,
    ...contract,
    ...view,
    ...affine,
    ...slice,
    ...pad,
    ...split,
    ...diagonal,
    ...arrange,
    ...index,
    ...windows,
  ]),
];
