// Rules about reductions: how many accumulators a sum has, in which order a matrix is walked, and what a sum need not add.

import type { Tensor } from 'gradloom';
import { crossEntropy, tensor } from 'gradloom';
import { each } from '../lib/hand.ts';
import { classes } from '../lib/numbers.ts';
import { byHand, edit, given } from '../lib/rule.ts';
import type { Rule } from '../lib/rule.ts';

const rows = 256;
const columns = 1024;
const args = () => [given([rows, columns])];

/** The sums of the rows, with `count` accumulators. */
const rowSums = (count: number): string => `
  for (let i = 0; i < ${rows}; i++) {
    ${each(count, (k) => `let sum${k} = 0;`)}
    const base = i * ${columns};
    for (let j = 0; j < ${columns}; j += ${count}) {
      ${each(count, (k) => `sum${k} += in0[base + j + ${k}];`)}
    }
    out0[i] = ${each(count, (k) => `sum${k}`, ' + ')};
  }`;

/** The variances of the rows in one pass, as the emitter takes them, with `count` accumulators for each of the two sums. */
const variances = (count: number): string => `
  for (let i = 0; i < ${rows}; i++) {
    const base = i * ${columns};
    const first = in0[base];
    const pivot = Number.isFinite(first) ? first : 0;
    ${each(count, (k) => `let dev${k} = 0, sum${k} = 0;`)}
    for (let j = 0; j < ${columns}; j += ${count}) {
      ${each(count, (k) => `const d${k} = in0[base + j + ${k}] - pivot; dev${k} += d${k}; sum${k} += d${k} * d${k};`)}
    }
    const dev = ${each(count, (k) => `dev${k}`, ' + ')};
    const sum = ${each(count, (k) => `sum${k}`, ' + ')};
    out0[i] = (sum - dev * dev * ${1 / columns}) / ${columns - 1};
  }`;

/** The sums of the columns, one row after the other; `add` adds an element to its sum. */
const rowByRow = (add: string): string => `
  for (let j = 0; j < ${columns}; j++) sumSum[j] = 0;
  for (let i = 0; i < ${rows}; i++) {
    const base = i * ${columns};
    for (let j = 0; j < ${columns}; j++) { ${add} }
  }
  for (let j = 0; j < ${columns}; j++) out0[j] = sumSum[j];`;

const longTerm = (x: Tensor): Tensor => x.mul(0.5).add(0.1).square().mul(x).add(x).sub(3).mul(x).mul(x);

export const sums: readonly Rule[] = [
  {
    name: 'rule-accumulators',
    says: '9, limits.accumulators: four for a lone sum, not one',
    fn: (x) => x.sum(1),
    args,
    broken: (source) => byHand(source, rowSums(1)),
  },
  {
    name: 'rule-accumulators-8',
    says: '9, limits.accumulators: four, not eight',
    fn: (x) => x.sum(1),
    args,
    broken: (source) => byHand(source, rowSums(8)),
  },
  {
    name: 'rule-two-sums',
    says: 'limits.accumulators: two for each of two sums, not one',
    fn: (x) => x.var(1),
    args,
    broken: (source) => byHand(source, variances(1)),
  },
  {
    name: 'rule-two-sums-8',
    says: 'limits.accumulators: two for each of two sums, not four',
    fn: (x) => x.var(1),
    args,
    broken: (source) => byHand(source, variances(4)),
  },
  {
    name: 'rule-split-size',
    says: 'limits.splitSize: four also for the sum of a long term, not one',
    fn: (x) => longTerm(x).sum(),
    args: () => [given([10_000])],
    broken: (source) =>
      byHand(
        source,
        `let sum = 0;
         for (let i = 0; i < 10000; i++) {
           const x = in0[i], y = x * 0.5 + 0.10000000149011612;
           sum += (y * y * x + x - 3) * x * x;
         }
         out0[0] = sum;`,
      ),
  },
  {
    name: 'rule-max-ternary',
    says: '9: a maximum by ?:, not by if',
    fn: (x) => x.amax(1),
    args,
    broken: (source) =>
      edit(source, [
        /(amax\w*) = maxOf\((in0\[[^\]]*\]), \1\);/g,
        '{ const v = $2; if (v > $1 || v !== v) $1 = v; }',
      ]),
  },
  {
    name: 'rule-column-sums',
    says: '9: column sums row by row into doubles, not strided',
    fn: (x) => x.sum(0),
    args,
    broken: (source) =>
      byHand(
        source,
        `for (let j = 0; j < ${columns}; j++) {
           let sum = 0;
           for (let i = 0; i < ${rows}; i++) sum += in0[i * ${columns} + j];
           out0[j] = sum;
         }`,
      ),
  },
  {
    name: 'rule-column-sums-8',
    says: '9, limits.jammedRows: 8 rows at once, not one',
    fn: (x) => x.sum(0),
    args,
    broken: (source) => byHand(source, rowByRow('sumSum[j] += in0[base + j];')),
  },
  {
    name: 'rule-jammed-size',
    says: 'limits.jammedSize: also of long terms several rows at once, not one',
    fn: (x) => longTerm(x).sum(0),
    args,
    broken: (source) =>
      byHand(
        source,
        rowByRow(
          'const x = in0[base + j], y = x * 0.5 + 0.10000000149011612; sumSum[j] += (y * y * x + x - 3) * x * x;',
        ),
      ),
  },
  {
    name: 'rule-few-columns',
    says: '10, limits.localColumns: four column sums in locals, not in scratch',
    fn: (x) => x.sum(0),
    args: () => [given([8192, 4])],
    broken: (source) =>
      byHand(
        source,
        `const sums = $sums;
         ${each(4, (k) => `sums[${k}] = 0;`)}
         for (let i = 0; i < 8192; i++) { ${each(4, (k) => `sums[${k}] += in0[i * 4 + ${k}];`)} }
         ${each(4, (k) => `out0[${k}] = sums[${k}];`)}`,
        'const $sums = new Float64Array(64);',
      ),
  },
  {
    name: 'rule-more-columns',
    says: 'limits.localColumns: but not ten',
    fn: (x) => x.sum(0),
    args: () => [given([4096, 10])],
    broken: (source) =>
      byHand(
        source,
        `let ${each(10, (k) => `sum${k} = 0`, ', ')};
         for (let i = 0; i < 4096; i++) { ${each(10, (k) => `sum${k} += in0[i * 10 + ${k}];`)} }
         ${each(10, (k) => `out0[${k}] = sum${k};`)}`,
      ),
  },
  {
    name: 'rule-one-pass-variance',
    says: 'deviation: the squares in the pass of the mean',
    fn: (x) => x.var(1),
    args,
    broken: (source) =>
      byHand(
        source,
        `for (let i = 0; i < ${rows}; i++) row(i);`,
        `function row(i) {
           const in0 = $in0, out0 = $out0;
           const base = i * ${columns};
           ${each(4, (k) => `let sum${k} = 0, dev${k} = 0;`)}
           for (let j = 0; j < ${columns}; j += 4) { ${each(4, (k) => `sum${k} += in0[base + j + ${k}];`)} }
           const mean = (sum0 + sum1 + sum2 + sum3) * ${1 / columns};
           for (let j = 0; j < ${columns}; j += 4) { ${each(4, (k) => `const d${k} = in0[base + j + ${k}] - mean; dev${k} += d${k} * d${k};`)} }
           out0[i] = (dev0 + dev1 + dev2 + dev3) / ${columns - 1};
         }`,
      ),
  },
  {
    name: 'rule-one-term',
    says: 'pick: a sum over a one-hot mask reads its one term',
    fn: (x, target) => crossEntropy(x, target),
    args: () => [given([512, 100], 1, 4), tensor(classes(512, 100))],
    broken: (source) =>
      edit(source, [
        /if \((\w+) >= 0 && \1 < 100\) \{\n\s*(\w+) \+= (.*)\[i \* 100 \+ \1\](.*);\n\s*\}/,
        'for (let j = 0; j < 100; j++) $2 += j === $1 ? $3[base + j]$4 : 0;',
      ]),
  },
];
