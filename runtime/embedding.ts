// embedding with `maxNorm`: rows that are used and too long are shortened in place, in the table itself, before they are read. In: the function
// without it. Out: the function with it. This is no operator: it writes.

import type { Node } from '../compiler/node.ts';
import { add, div, mul } from '../ops/binary.ts';
import { gt, logicalAnd } from '../ops/compare.ts';
import type { EmbeddingOptions } from '../ops/index-gather.ts';
import { indexFill } from '../ops/index-write.ts';
import { vectorNorm } from '../ops/reduce-norm.ts';
import { where } from '../ops/select.ts';
import { zeros } from '../ops/source.ts';
import { ravel, unsqueeze } from '../ops/view.ts';
import { noGrad } from './autograd/mode.ts';
import { isPlainObject } from './describe.ts';
import { inPlace } from './inplace.ts';
import { lift } from './lift.ts';
import { checkOptions } from './options.ts';
import { publicCall } from './origin.ts';
import type { Tensor } from './tensor.ts';

/** Options of `embedding`, as in PyTorch. */
export interface TableOptions extends EmbeddingOptions {
  /** Rows that are used are shortened to this norm, in place, if they are longer. */
  readonly maxNorm?: number | null;
  /** The order of that norm; 2 if absent. */
  readonly normType?: number;
}

/** The rows of `weight` [rows, features] at indices of any shape: [...shape, features]. */
export type Embedding = (input: Tensor, weight: Tensor, options?: TableOptions) => Tensor;

/** The table with those of its rows shortened that are used and longer than a norm. */
function shortened(weight: Node, input: Node, maxNorm: number, normType: number): Node {
  const used = indexFill(zeros([weight.type.shape[0]], 'bool'), 0, ravel(input), true);
  const size = vectorNorm(weight, normType, 1, true);
  const isLong = logicalAnd(unsqueeze(used, -1), gt(size, maxNorm));
  // the small number is PyTorch's
  return where(isLong, mul(weight, div(maxNorm, add(size, 1e-7))), weight);
}

const shortenedTable = lift('embedding', shortened) as (
  weight: Tensor,
  input: Tensor,
  maxNorm: number,
  normType: number,
) => Tensor;

/** The same function, which takes `maxNorm` and `normType` too. */
export const withMaxNorm =
  (plain: Embedding): Embedding =>
  (input, weight, options) =>
    publicCall('embedding', () => {
      if (!isPlainObject(options)) return plain(input, weight, options);
      checkOptions('embedding', options, ['paddingIdx', 'scaleGradByFreq', 'maxNorm', 'normType']);
      const { maxNorm = null, normType = 2, ...rest } = options as TableOptions;
      if (maxNorm !== null) {
        // what is wrong with the arguments is said before anything is written
        noGrad(() => plain(input, weight, rest));
        noGrad(() => inPlace(weight, [input], () => shortenedTable(weight, input, maxNorm, normType)));
      }
      return plain(input, weight, rest);
    });
