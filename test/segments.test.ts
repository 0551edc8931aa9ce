// Loops cut where their tests change (compiler/segments.ts): pieces laid side by side are read without a test per element.

import test from 'ava';
import type { Node } from '../compiler/node.ts';
import type { Shape } from '../compiler/shape.ts';
import { add, cat, mul, pad, select, stack, sum } from '../ops/index.ts';
import { input } from '../ops/source.ts';
import { compileNodes } from './helpers/compile.ts';

const tensor = (...shape: Shape): Node => input({ shape, dtype: 'float32' });
const counting = (n: number, from = 1): number[] => Array.from({ length: n }, (_, i) => from + i);

test('pieces along the first axis are loops that follow one another', (t) => {
  const [a, b] = [tensor(5, 8), tensor(6, 8)];
  const { built, run } = compileNodes([a, b], [mul(cat([a, b], 0), 2)]);
  t.notRegex(built.source, /\?/);
  t.deepEqual(
    [...run([counting(40), counting(48, 100)])[0]],
    [...counting(40), ...counting(48, 100)].map((v) => 2 * v),
  );
});

test('pieces along the last axis are loops that follow one another in a row', (t) => {
  const [a, b] = [tensor(2, 5), tensor(2, 6)];
  const { built, run } = compileNodes([a, b], [cat([a, b], 1)]);
  t.notRegex(built.source, /\?/);
  t.deepEqual(
    [...run([counting(10), counting(12, 50)])[0]],
    [...counting(5), ...counting(6, 50), ...counting(5, 6), ...counting(6, 56)],
  );
});

test('numbers that are stacked are stored one by one', (t) => {
  const x = tensor(12);
  const rows = counting(12, 0).map((i) => select(x, 0, 11 - i));
  const { built, run } = compileNodes([x], [stack(rows, 0)]);
  t.notRegex(built.source, /\?/);
  t.deepEqual([...run([counting(12)])[0]], counting(12).reverse());
});

test('a sum of padded pieces adds one zero, and so has no -0', (t) => {
  const [a, b, c] = [tensor(20), tensor(20), tensor(20)];
  const padded = add(add(pad(a, [0, 40]), pad(b, [20, 20])), pad(c, [40, 0]));
  const { built, run } = compileNodes([a, b, c], [padded]);
  t.notRegex(built.source, /\?/);
  t.is(built.source.split(' + 0;').length - 1, 3);
  const got = [...run([counting(20).fill(-0), counting(20), counting(20).fill(-0)])[0]];
  t.deepEqual(got, [...counting(20).fill(0), ...counting(20), ...counting(20).fill(0)]);
  t.false(got.some((v) => Object.is(v, -0)));
});

test('a sum over pieces has accumulators of its own in each of its loops', (t) => {
  const [a, b] = [tensor(64), tensor(96)];
  const { built, run } = compileNodes([a, b], [sum(cat([a, b], 0))]);
  t.notRegex(built.source, /\?/);
  t.deepEqual(built.source.match(/let sum_\d/g)?.length, 6);
  t.deepEqual([...run([counting(64), counting(96, 100)])[0]], [(64 * 65) / 2 + (96 * (100 + 195)) / 2]);
});

test('a text that would get much longer keeps its tests', (t) => {
  const pieces = counting(60).map(() => tensor(2, 3));
  const whole = cat(pieces, 0);
  const long = counting(12).reduce((y, i) => add(mul(y, whole), i), whole);
  const { built } = compileNodes(pieces, [long]);
  t.regex(built.source, /\?/);
});
