// Sums that take in one term (compiler/pick.ts): a loop over one-hot masks is left, and the value is the interpreter's.

import test from 'ava';
import type { Node } from '../compiler/node.ts';
import type { DType } from '../compiler/dtype.ts';
import type { Shape } from '../compiler/shape.ts';
import { add, eq, exp, mul, neg, sum, where } from '../ops/index.ts';
import { input, iota } from '../ops/source.ts';
import { compileNodes } from './helpers/compile.ts';

const tensor = (shape: Shape, dtype: DType = 'float64'): Node => input({ shape, dtype });
const x = tensor([2, 8]);
const xs = Array.from({ length: 16 }, (_, i) => i + 1);

/** Row sums of f where the column is the class. */
const picked = (classes: Node, f: Node): Node => sum(where(eq(iota([8], 0, 'int32'), classes), f, 0), [1]);

test('a row takes in one term, and has no loop for it', (t) => {
  const classes = tensor([2, 1], 'int32');
  const { built, run } = compileNodes([x, classes], [picked(classes, neg(x))]);
  t.deepEqual([...run([xs, [2, 0]])[0]], [-3, -9]);
  t.false(/for \(let j/.test(built.source));
});

test('a class outside of the row adds nothing', (t) => {
  const classes = tensor([2, 1], 'int32');
  const { run } = compileNodes([x, classes], [picked(classes, x)]);
  t.deepEqual([...run([xs, [-100, 8]])[0]], [0, 0]);
});

test('a class that need not be an integer is compared in the loop', (t) => {
  const classes = tensor([2, 1]);
  const { built, run } = compileNodes([x, classes], [picked(classes, x)]);
  t.deepEqual([...run([xs, [1, 1.5]])[0]], [2, 0]);
  t.regex(built.source, /===/);
});

test('what the loop computes for others stays in it', (t) => {
  const classes = tensor([2, 1], 'int32');
  const e = exp(x);
  const { built, run } = compileNodes([x, classes], [add(picked(classes, mul(e, 2)), sum(e, [1]))]);
  const want = [xs.slice(0, 8), xs.slice(8)].map(
    (row, i) => 2 * Math.exp(row[i]) + row.reduce((total, v) => total + Math.exp(v), 0),
  );
  const got = [...run([xs, [0, 1]])[0]];
  want.forEach((w, i) => t.true(Math.abs(got[i] - w) < 1e-9 * w));
  t.false(/===/.test(built.source));
});

test('a class that differs along the loop is compared in it', (t) => {
  const classes = tensor([2, 8], 'int32');
  const { run } = compileNodes([x, classes], [picked(classes, x)]);
  t.deepEqual([...run([xs, [0, 1, 0, 3, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 7]])[0]], [1 + 2 + 4, 9 + 16]);
});
