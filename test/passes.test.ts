// Passes over rows: which loops a row takes (delay.ts, equalSums.ts, deviation.ts), and rows that are functions (apart.ts). What is asserted
// is the text of kernels and what it loads; values are those of doubles.

import test from 'ava';
import type { DType } from '../compiler/dtype.ts';
import { InternalError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { num } from '../compiler/nest.ts';
import type { Kernel, Stmt } from '../compiler/nest.ts';
import type { Shape } from '../compiler/shape.ts';
import { verifyKernel } from '../compiler/verify.ts';
import { differentiate } from '../compiler/differentiate.ts';
import { add, div, exp, layerNorm, mean, mul, relu, softmax, sub, sum, variance } from '../ops/index.ts';
import { input, onesLike } from '../ops/source.ts';
import { kernelCounts } from '../runtime/kernelCounts.ts';
import { sourceParser } from '../runtime/parser.ts';
import { compileNodes } from './helpers/compile.ts';

const tensor = (shape: Shape, dtype: DType = 'float32'): Node => input({ shape, dtype });
const loopsOver = (source: string, name: string): number =>
  source.split(new RegExp(`for \\(let ${name} = `)).length - 1;

const strange: Readonly<Record<string, readonly number[]>> = {
  'small numbers': [1, 2, 3, 4, 5, 6, 7, 8],
  'a mean a million times the deviations': [1e6, 1e6 + 1, 1e6 + 2, 1e6 + 1, 1e6 + 2, 1e6, 1e6, 1e6 + 3],
  'a first element far from the others': [1e8, 1, 2, 3, 1, 2, 3, 1],
  'equal numbers': [5, 5, 5, 5, 5, 5, 5, 5],
  'an infinity': [1, 2, Infinity, 4, 5, 6, 7, 8],
  'an infinity that comes first': [-Infinity, 2, 3, 4, 5, 6, 7, 8],
  'both infinities': [1, Infinity, -Infinity, 4, 5, 6, 7, 8],
  'a NaN that comes first': [NaN, 2, 3, 4, 5, 6, 7, 8],
};
const momentsOf = (row: readonly number[]): [mean: number, variance: number] => {
  const m = row.reduce((a, b) => a + b, 0) / row.length;
  return [m, row.reduce((a, b) => a + (b - m) ** 2, 0) / (row.length - 1)];
};
for (const [what, numbers] of Object.entries(strange))
  test(`mean and variance take one pass, and are right for ${what}`, (t) => {
    const row = [...numbers, ...numbers, ...numbers];
    const x = tensor([2, 24]);
    const { built, run } = compileNodes([x], [mean(x, [1]), variance(x, [1])]);
    t.is(loopsOver(built.source, 'j'), 1);
    const [gotMean, gotVariance] = run([[...row, ...row]]);
    const [wantMean, wantVariance] = momentsOf(row);
    t.is(gotMean[1], Math.fround(wantMean));
    if (Number.isFinite(wantVariance)) t.true(Math.abs(gotVariance[1] - wantVariance) <= 1e-7 * wantVariance);
    else t.is(gotVariance[1], wantVariance);
  });

test('the variance of float64 keeps its two passes', (t) => {
  const x = tensor([2, 24], 'float64');
  const { built } = compileNodes([x], [variance(x, [1])]);
  t.is(loopsOver(built.source, 'j'), 2);
});

test('squares about something that is not the mean keep their pass', (t) => {
  const x = tensor([2, 24]);
  const d = sub(x, div(sum(x, [1], true), 21));
  const { built, run } = compileNodes([x], [sum(mul(d, d), [1])]);
  t.is(loopsOver(built.source, 'j'), 2);
  const ones = Array.from({ length: 48 }, () => 1);
  t.is(run([ones])[0][0], Math.fround(24 * (1 / 7) ** 2));
});

test('one sum serves a mean that keeps its axis and one that drops it', (t) => {
  const x = tensor([2, 20]);
  const { built } = compileNodes([x], [mean(x, [1]), sub(x, mean(x, [1], true))]);
  t.is(built.source.match(/^ *let sum/gm)?.length, 1);
});

const g = tensor([64, 100]);
const layer = (): { readonly source: string; readonly name: string } => {
  const [x, weight, bias] = [tensor([64, 100]), tensor([100]), tensor([100])];
  const y = sum(mul(layerNorm(x, [100], { weight, bias }), g));
  const gradients = differentiate([y], [onesLike(y)], [x, weight, bias], add) as Node[];
  const { built } = compileNodes([x, weight, bias, g], [y, ...gradients]);
  return { source: built.source, name: built.plan.kernels[0].name };
};

test('sums that nobody waits for join the pass that loads their operands', (t) => {
  const { source, name } = layer();
  const { loads } = kernelCounts(source, sourceParser()!).get(name)!;
  // x; x, weight, bias, g and two sums over rows; x, weight, g: of each row, 100 columns. The rest is of the columns alone.
  t.is(Math.floor(loads / 6400), 1 + 6 + 3);
});

test('a row of several loops is a function, called once per row', (t) => {
  const { source, name } = layer();
  t.regex(source, new RegExp(`for \\(let i = 0; i < 64; i\\+\\+\\) {\\n +${name}Row\\(i\\);\\n +}`));
});

test('what a row adds outside of itself is an element of scratch', (t) => {
  const x = tensor([64, 100]);
  const y = sum(mul(softmax(x, 1), g));
  const { built, run } = compileNodes([x, g], [y]);
  t.regex(built.source, /sum\w*\[0\] \+= /);
  const zeros = Array.from({ length: 6400 }, () => 0);
  t.true(Math.abs(run([zeros, zeros.map(() => 1)])[0][0] - 64) < 1e-5);
});

test('a value from outside of the rows is no argument of theirs: a double that is handed over is an object', (t) => {
  const [x, scale] = [tensor([64, 100]), tensor([])];
  const { built, run } = compileNodes([x, scale], [softmax(mul(x, exp(scale)), 1)]);
  t.regex(built.source, /Row\(i\)/);
  t.regex(built.source, /\w\[0\] = Math.exp\(/);
  const row = Array.from({ length: 6400 }, (_, i) => (i % 100 === 0 ? 1 : 0));
  const e = Math.exp(Math.E);
  t.true(Math.abs(run([row, [1]])[0][0] - e / (e + 99)) < 1e-6);
});

test('a short row is no function', (t) => {
  const x = tensor([64, 10]);
  t.notRegex(compileNodes([x], [softmax(x, 1)]).built.source, /Row\(/);
});

test('a row of one loop is no function', (t) => {
  const x = tensor([64, 100]);
  t.notRegex(compileNodes([x], [sum(relu(exp(x)), [1])]).built.source, /Row\(/);
});

test('the verifier refuses a row that assigns to a variable of its kernel', (t) => {
  const body: readonly Stmt[] = [
    { tag: 'var', name: 'total', value: num(0) },
    {
      tag: 'loop',
      loop: { tag: 'var', name: 'i', extent: 4 },
      apart: 'aRow',
      body: [{ tag: 'assign', name: 'total', value: num(1) }],
    },
  ];
  const kernel: Kernel = {
    name: 'a',
    body,
    summary: '',
    origins: [],
    reads: [],
    writes: [],
    scratch: [],
    flops: 0,
    bytes: 0,
  };
  const error = t.throws(() => verifyKernel(kernel), { instanceOf: InternalError });
  t.regex(error.message, /total is assigned in aRow, a function that cannot see it/);
});
