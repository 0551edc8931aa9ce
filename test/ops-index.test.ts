// Indexing by data against real PyTorch.

import test from 'ava';
import { checkCase, opCases } from './helpers/oracle.ts';
import type { Build } from './helpers/oracle.ts';
import { index, indexPut } from '../ops/index-advanced.ts';
import { embedding, gather, indexSelect, take } from '../ops/index-gather.ts';
import { indexAdd, indexCopy, indexFill, scatter, scatterAdd } from '../ops/index-scatter.ts';

const table: Readonly<Record<string, Build>> = {
  index_select: ([x], { dim }, { index: i }) => indexSelect(x, dim, i),
  index: ([x], _, { index: i }) => index(x, i),
  gather: ([x], { dim }, { index: i }) => gather(x, dim, i),
  scatter_add: ([x, y], { dim }, { index: i }) => scatterAdd(x, dim, i, y),
  scatter: ([x, y], { dim }, { index: i }) => scatter(x, dim, i, y),
  index_add: ([x, y], { dim }, { index: i }) => indexAdd(x, dim, i, y),
  index_copy: ([x, y], { dim }, { index: i }) => indexCopy(x, dim, i, y),
  index_fill: ([x], { dim, value }, { index: i }) => indexFill(x, dim, i, value),
  index_put: ([x, y], _, { index: i }) => indexPut(x, [i], y),
  index_put_accumulate: ([x, y], { accumulate }, { index: i }) => indexPut(x, [i], y, { accumulate }),
  take: ([x], _, { index: i }) => take(x, i),
  embedding: ([x], _, { indices }) => embedding(indices, x),
  embedding_padding_idx: ([x], a, { indices }) => embedding(indices, x, { paddingIdx: a.padding_idx }),
};

for (const c of opCases()) {
  const build = table[c.op];
  if (!build) continue;
  const shapes = c.inputs.map((i) => `[${i.shape.join(', ')}]`).join(' ');
  test(`${c.op} ${c.attrs ? JSON.stringify(c.attrs) + ' ' : ''}of ${shapes} agrees with PyTorch`, (t) => {
    t.deepEqual(checkCase(c, build), []);
  });
}
