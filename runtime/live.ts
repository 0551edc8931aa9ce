// Live numbers: settings that may change from call to call without a new program, such as a learning rate. In: a function that reads the
// setting. Out: outside of a trace its value; inside one a scalar input that every run fills by reading again.

import type { DType } from '../compiler/dtype.ts';
import { input } from '../ops/source.ts';
import { makeCell } from './cell.ts';
import { Tensor } from './tensor.ts';
import { activeTrace } from './trace.ts';

/** The number that `read` gives now, or at every run of the program being traced; `dtype` is that of what it is combined with. */
export function liveNumber(read: () => number, dtype: DType = 'float64'): Tensor | number {
  const trace = activeTrace();
  if (trace === null) return read();
  const node = input({ shape: [], dtype });
  trace.feeds.push({
    node,
    fill: (array) => {
      array[0] = read();
    },
  });
  return new Tensor(makeCell(node));
}
