// Rules about products of matrices: tiles of 4 x 4 whose sums are doubles in scratch, over panels that are packed first.

import { relu } from 'gradloom';
import type { Tensor } from 'gradloom';
import { range } from '../lib/hand.ts';
import { byHand, edit, given } from '../lib/rule.ts';
import type { Rule } from '../lib/rule.ts';

const n = 256;

const of = (m: number, k: number, columns: number) => ({
  fn: (x: Tensor, y: Tensor) => x.matmul(y),
  args: () => [given([m, k]), given([k, columns], 2)],
  tolerance: 1e-5,
});

/** One sum after the other. */
const dots = (m: number, k: number, columns: number): string => `
  for (let i = 0; i < ${m}; i++)
    for (let j = 0; j < ${columns}; j++) {
      let sum = 0;
      for (let k = 0; k < ${k}; k++) sum += in0[i * ${k} + k] * in1[k * ${columns} + j];
      out0[i * ${columns} + j] = sum;
    }`;

/** Four sums at once in locals: 2 rows and 2 columns. */
const dotTile = `
  for (let i = 0; i < ${n}; i += 2)
    for (let j = 0; j < ${n}; j += 2) {
      let s00 = 0, s01 = 0, s10 = 0, s11 = 0;
      const row = i * ${n};
      for (let k = 0; k < ${n}; k++) {
        const a0 = in0[row + k], a1 = in0[row + k + ${n}];
        const b0 = in1[k * ${n} + j], b1 = in1[k * ${n} + j + 1];
        s00 += a0 * b0; s01 += a0 * b1; s10 += a1 * b0; s11 += a1 * b1;
      }
      out0[row + j] = s00; out0[row + j + 1] = s01;
      out0[row + j + ${n}] = s10; out0[row + j + ${n + 1}] = s11;
    }`;

/** Bias and activation of a product that is stored. */
const later = `function later() {
  const out0 = $out0, in2 = $in2, pair = $pair;
  for (let i = 0; i < ${n}; i++) {
    const base = i * ${n};
    for (let j = 0; j < ${n}; j++) {
      const add = out0[base + j] + in2[j];
      pair[0] = add;
      out0[base + j] = pair[+(add < 0)];
    }
  }
}`;

/** The loops that write a panel. */
const packing =
  /^ {2}for \(let [jk] = 0; [jk] < \d+; [jk]\+\+\) \{\n(?: {4,}.*\n)*? {4,}panel\[[\s\S]*?^ {2}\}\n/m;

export const matmul: readonly Rule[] = [
  {
    name: 'rule-tile',
    says: 'matmul: tiles of 4 x 4, not one sum at a time',
    ...of(n, n, n),
    broken: (source) => byHand(source, dots(n, n, n)),
  },
  {
    name: 'rule-axpy-tile',
    says: 'matmul, limits.tile: rows of sums, not 2 x 2 sums in locals',
    ...of(n, n, n),
    broken: (source) => byHand(source, dotTile),
  },
  {
    name: 'rule-tile-columns',
    says: 'limits.tileColumns: tiles from 8 columns on',
    ...of(n, n, 8),
    broken: (source) => byHand(source, dots(n, n, 8)),
  },
  {
    name: 'rule-deepest',
    says: 'limits.deepest: 5 products in one step, not 4 and 1',
    ...of(n, 5, n),
    broken(source) {
      const last = range(4).map((c) => {
        const sums = range(4).map((r) => `sums[j + ${r * n + c}] += a${r}4 * b4;`);
        return `{ const b4 = panel[j + ${4 * n + c}]; ${sums.join(' ')} }`;
      });
      return edit(
        source,
        [/ \+ a\d4 \* b4_\d/g, ''],
        [/ *const b4_\d = .*\n/g, ''],
        [/(a33 \* b3_3;\n\s*\})/, `$1\n    for (let j = 0; j < ${n}; j += 4) { ${last.join(' ')} }`],
      );
    },
  },
  {
    name: 'rule-columns-at-once',
    says: 'limits.columnsAtOnce: 4 columns in an iteration, not one',
    ...of(n, n, n),
    broken: (source) =>
      edit(source, [/ *const b\d_[1-3] = .*\n/g, ''], [/ *sums\[.*\bb0_[1-3].*\n/g, ''], [/j \+= 4/, 'j++']),
  },
  {
    name: 'rule-packed-panel',
    says: 'matmul, limits.packAnyway: a panel as doubles, not in place',
    ...of(n, n, n),
    broken: (source) => edit(source, [packing, ''], [/\bpanel\[/g, 'in1[']),
  },
  {
    name: 'rule-few-rows-direct',
    says: 'limits.packAnyway: for 16 rows in place, not packed',
    ...of(16, n, n),
    broken: (source) =>
      edit(
        source,
        [/\bin1\[/g, 'panel['],
        [/^ {2}for /m, `  for (let j = 0; j < ${n * n}; j++) panel[j] = in1[j];\n$&`],
        [/^function (?!run)/m, `const panel = new Float64Array(${n * n});\n$&`],
      ),
  },
  {
    name: 'rule-packed-transpose',
    says: 'limits.packRows: a transpose is packed, not read in columns',
    ...of(n, n, n),
    fn: (x, y) => x.matmul(y.t()),
    broken: (source) =>
      edit(
        source,
        [packing, ''],
        ...range(16).map((at) => {
          const [q, c] = [at >> 2, at % 4];
          const offset = q * n + c ? ` \\+ ${q * n + c}` : '';
          return [new RegExp(`panel\\[\\w+ \\+ j${offset}\\]`), `in1[(j + ${c}) * ${n} + k + ${q}]`] as const;
        }),
      ),
  },
  {
    name: 'rule-double-sums',
    says: 'matmul: sums in a scratch of doubles, not of float32',
    ...of(n, n, n),
    broken: (source) => edit(source, [/buffers\.sums;/, `new Float32Array(${4 * n});`]),
  },
  {
    name: 'rule-hot-epilogue',
    says: 'matmul: bias and activation while the sums are in the cache',
    ...of(n, 16, n),
    fn: (x, y, bias) => relu(x.matmul(y).add(bias)),
    args: () => [given([n, 16]), given([16, n], 2), given([n], 3)],
    broken: (source) =>
      edit(
        source,
        [/const add = (sums\[.*?\]) \+ in2\[j\];\n\s*pair.*\n\s*(out0\[.*\]) = .*;/, '$2 = $1;'],
        [/^function run\(\) \{\n.*\n/m, `${later.replace(/\$/g, '$$$$')}\n$&  later();\n`],
      ),
  },
];
