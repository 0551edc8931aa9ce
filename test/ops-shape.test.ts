// Views and joins against real PyTorch, and what the affine form promises.

import test from 'ava';
import { checkCase, opCases } from './helpers/oracle.ts';
import type { Build } from './helpers/oracle.ts';
import { kron, repeat, repeatInterleave, roll, rot90, tile } from '../ops/arrange.ts';
import { diag, diagEmbed, diagonal, trace, tril, triu } from '../ops/diagonal.ts';
import { index } from '../ops/index-advanced.ts';
import type { Range } from '../ops/index-advanced.ts';
import { cat, chunk, split, stack, unbind } from '../ops/join.ts';
import { pad } from '../ops/pad.ts';
import { flip, narrow, select, unfold } from '../ops/slice.ts';
import {
  broadcastTo,
  expand,
  flatten,
  movedim,
  permute,
  reshape,
  squeeze,
  transpose,
  unsqueeze,
  view,
} from '../ops/view.ts';

const table: Readonly<Record<string, Build>> = {
  reshape: ([x], { shape }) => reshape(x, shape),
  view: ([x], { shape }) => view(x, shape),
  flatten: ([x], a) => flatten(x, a.start_dim),
  transpose: ([x], { dim0, dim1 }) => transpose(x, dim0, dim1),
  permute: ([x], { dims }) => permute(x, dims),
  movedim: ([x], { source, destination }) => movedim(x, source, destination),
  unsqueeze: ([x], { dim }) => unsqueeze(x, dim),
  squeeze: ([x], { dim }) => squeeze(x, dim),
  expand: ([x], { size }) => expand(x, size),
  broadcast_to: ([x], { size }) => broadcastTo(x, size),
  flip: ([x], { dims }) => flip(x, dims),
  roll: ([x], { shifts, dims }) => roll(x, shifts, dims),
  rot90: ([x], { k, dims }) => rot90(x, k, dims),
  select: ([x], { dim, index: i }) => select(x, dim, i),
  narrow: ([x], { dim, start, length }) => narrow(x, dim, start, length),
  slice: ([x], { slices }) => index(x, ...(slices as (Range | null)[]).map((s) => s ?? [])),
  unfold: ([x], { dimension, size, step }) => unfold(x, dimension, size, step),
  repeat: ([x], { repeats }) => repeat(x, repeats),
  tile: ([x], { dims }) => tile(x, dims),
  repeat_interleave: ([x], { repeats, dim }) => repeatInterleave(x, repeats, dim),
  diagonal: ([x], a) => diagonal(x, a),
  diag: ([x]) => diag(x),
  diag_embed: ([x]) => diagEmbed(x),
  trace: ([x]) => trace(x),
  tril: ([x], a) => tril(x, a),
  triu: ([x], a) => triu(x, a),
  split: ([x], a) => split(x, a.split_size, a.dim),
  chunk: ([x], { chunks, dim }) => chunk(x, chunks, dim),
  unbind: ([x], { dim }) => unbind(x, dim),
  cat: (xs, { dim }) => cat(xs, dim),
  stack: (xs, { dim }) => stack(xs, dim),
  kron: ([a, b]) => kron(a, b),
  pad: ([x], { pad: widths, value }) => pad(x, widths, { value }),
  pad_reflect: ([x], { pad: widths }) => pad(x, widths, { mode: 'reflect' }),
  pad_replicate: ([x], { pad: widths }) => pad(x, widths, { mode: 'replicate' }),
  pad_circular: ([x], { pad: widths }) => pad(x, widths, { mode: 'circular' }),
};

for (const c of opCases()) {
  const build = table[c.op];
  if (!build) continue;
  const shapes = c.inputs.map((i) => `[${i.shape.join(', ')}]`).join(' ');
  test(`${c.op} ${c.attrs ? JSON.stringify(c.attrs) + ' ' : ''}of ${shapes} agrees with PyTorch`, (t) => {
    t.deepEqual(checkCase(c, build), []);
  });
}
