// The operators that random graphs are made of. To add one, write a line in the list of its family.

import type { Entry } from './randomOps/operands.ts';
import { pointwise } from './randomOps/pointwise.ts';
import { indexing, shaping } from './randomOps/shaping.ts';
import { contractions, reductions } from './randomOps/summing.ts';

export const entries: readonly Entry[] = [
  ...pointwise,
  ...reductions,
  ...shaping,
  ...indexing,
  ...contractions,
];
