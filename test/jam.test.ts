// Rows taken in together (compiler/jam.ts): sums of columns read several rows in one pass over the sums. Asserted are the steps of the
// generated loops, and values that are exact in doubles.

import test from 'ava';
import type { Node } from '../compiler/node.ts';
import type { Shape } from '../compiler/shape.ts';
import { add, mul, sum, tanh } from '../ops/index.ts';
import { input } from '../ops/source.ts';
import { compileNodes } from './helpers/compile.ts';

const tensor = (...shape: Shape): Node => input({ shape, dtype: 'float32' });
const counting = (n: number): number[] => Array.from({ length: n }, (_, i) => i % 97);
const columnSums = (values: readonly number[], rows: number, columns: number): number[] =>
  Array.from({ length: columns }, (_, j) =>
    Array.from({ length: rows }, (__, i) => values[i * columns + j]).reduce((a, b) => a + b),
  );
/** How far a loop over rows goes at each step, from the text. */
const stepsOf = (source: string): string[] =>
  Array.from(source.matchAll(/\bi(\+\+| \+= \d+)\)/g), ([, step]) => step);

for (const rows of [15, 16, 17, 31, 64])
  test(`the sums of columns over ${rows} rows take in several rows at once, and what is left`, (t) => {
    const x = tensor(rows, 9);
    const { built, run } = compileNodes([x], [sum(x, [0])]);
    t.is(stepsOf(built.source)[0], rows < 16 ? ' += 4' : ' += 8');
    const values = counting(rows * 9);
    t.deepEqual([...run([values])[0]], columnSums(values, rows, 9));
  });

test('rows too few to be taken in together are taken one by one', (t) => {
  const x = tensor(7, 9);
  t.deepEqual(stepsOf(compileNodes([x], [sum(x, [0])]).built.source), ['++']);
});

test('where functions such as tanh are called, fewer rows are taken in together', (t) => {
  const x = tensor(64, 9);
  t.deepEqual(stepsOf(compileNodes([x], [sum(tanh(x), [0])]).built.source), [' += 4']);
});

test('several sums over the same rows are each right', (t) => {
  const [x, y] = [tensor(35, 9), tensor(35, 9)];
  const { built, run } = compileNodes([x, y], [sum(x, [0]), sum(add(x, y), [0])]);
  t.regex(stepsOf(built.source)[0], /\+= [48]/);
  const values = counting(35 * 9);
  const [first, second] = run([values, values]);
  t.deepEqual([...first], columnSums(values, 35, 9));
  t.deepEqual(
    [...second],
    columnSums(
      values.map((v) => 2 * v),
      35,
      9,
    ),
  );
});

test('rows that also store something are taken one by one', (t) => {
  const x = tensor(32, 9);
  const { built, run } = compileNodes([x], [mul(x, 2), sum(x, [0])]);
  t.is(built.plan.kernels.length, 1);
  t.deepEqual(stepsOf(built.source), ['++']);
  const values = counting(32 * 9);
  t.deepEqual([...run([values])[1]], columnSums(values, 32, 9));
});

test('sums of integers wrap where they are stored', (t) => {
  const x = input({ shape: [32, 9], dtype: 'int32' });
  const { built, run } = compileNodes([x], [sum(x, [0])]);
  t.is(stepsOf(built.source)[0], ' += 8');
  t.deepEqual([...run([new Array<number>(32 * 9).fill(2 ** 30)])[0]], new Array<number>(9).fill(0));
});
