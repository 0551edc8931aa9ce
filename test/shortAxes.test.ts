// Short axes: loops of up to 16 steps are written out, what a block reads twice it reads once (compiler/loadsFirst.ts), and small scratch
// becomes locals (compiler/promote.ts). Asserted are loops, loads and scratch of generated kernels, and their values.

import test from 'ava';
import { indexOf, ofVar } from '../compiler/affine.ts';
import { nameLoads } from '../compiler/loadsFirst.ts';
import type { Buffer, Expr, Stmt } from '../compiler/nest.ts';
import { loadOf, num } from '../compiler/nest.ts';
import { printStmts } from '../compiler/printNest.ts';
import type { Node } from '../compiler/node.ts';
import { promoteScratch } from '../compiler/promote.ts';
import type { Shape } from '../compiler/shape.ts';
import { argmax, contiguous, matmul, softmax, sum, transpose } from '../ops/index.ts';
import { input } from '../ops/source.ts';
import { compileNodes } from './helpers/compile.ts';

const tensor = (...shape: Shape): Node => input({ shape, dtype: 'float32' });
const some = (n: number): number[] => Array.from({ length: n }, (_, i) => ((i * 7) % 13) - 6);
const loopsIn = (source: string): number => source.split('for (').length - 1;
const count = (source: string, what: string): number => source.split(what).length - 1;

test('a product of 4 x 4 matrices reads each of their elements once', (t) => {
  const [a, b] = [tensor(50, 4, 4), tensor(50, 4, 4)];
  const { built, run } = compileNodes([a, b], [matmul(a, b)]);
  t.is(loopsIn(built.source), 1);
  t.is(count(built.source, ' in0['), 16);
  t.is(count(built.source, ' in1['), 16);
  const [x, y] = [some(800), some(800).reverse()];
  const expected = x.map((_, at) => {
    const [m, i, j] = [Math.floor(at / 16), Math.floor(at / 4) % 4, at % 4];
    return [0, 1, 2, 3].reduce((s, k) => s + x[m * 16 + i * 4 + k] * y[m * 16 + k * 4 + j], 0);
  });
  t.deepEqual([...run([x, y])[0]], expected);
});

test('softmax over 4 is one loop over rows, without scratch', (t) => {
  const x = tensor(100, 4);
  const { built } = compileNodes([x], [softmax(x, 1)]);
  const kernel = built.emitted.textOf(built.plan.kernels[0]);
  t.is(loopsIn(kernel), 1);
  // but for the two numbers of which the greater is chosen
  t.deepEqual(
    built.plan.kernels[0].scratch.map((b) => b.length),
    [2],
  );
  t.is(count(kernel, ' in0['), 4);
  t.is(count(built.source, '= exp32('), 4);
});

test('so many exponentials as a softmax over 10 has stay in a loop', (t) => {
  const x = tensor(100, 10);
  t.is(count(compileNodes([x], [softmax(x, 1)]).built.source, '= exp32('), 1);
});

test('a transpose of 14 x 14 writes one row out, not all of them', (t) => {
  const x = tensor(50, 14, 14);
  const { source } = compileNodes([x], [contiguous(transpose(x, 1, 2))]).built;
  t.is(loopsIn(source), 2);
  t.is(count(source, 'out0['), 14);
});

test('sums of four columns are locals', (t) => {
  const x = tensor(100, 4);
  const { built, run } = compileNodes([x], [sum(x, [0])]);
  t.is(loopsIn(built.source), 1);
  t.deepEqual(built.plan.kernels[0].scratch, []);
  const values = some(400);
  const expected = [0, 1, 2, 3].map((j) => values.filter((_, i) => i % 4 === j).reduce((a, b) => a + b));
  t.deepEqual([...run([values])[0]], expected);
});

test('sums of more columns stay in scratch, and their loops are loops', (t) => {
  const x = tensor(100, 10);
  const { built } = compileNodes([x], [sum(x, [0])]);
  t.is(built.plan.kernels[0].scratch.length, 1);
  t.regex(built.source, /for \(let j = 0; j < 10; j\+\+\)/);
});

test('the largest of few columns, and where it is', (t) => {
  const x = tensor(40, 3);
  const { built, run } = compileNodes([x], [argmax(x, 0, false)]);
  t.deepEqual(built.plan.kernels[0].scratch, []);
  const values = some(120);
  const expected = [0, 1, 2].map((j) => {
    const column = values.filter((_, i) => i % 3 === j);
    return column.indexOf(Math.max(...column));
  });
  t.deepEqual([...run([values])[0]], expected);
});

const buffer = (name: string, length: number, role: Buffer['role']): Buffer => ({
  name,
  dtype: 'float64',
  length,
  role,
});
const [a, b, out] = [buffer('a', 4, 'input'), buffer('b', 4, 'input'), buffer('out', 4, 'output')];
const row = buffer('row', 2, 'scratch');
const at = (x: Buffer, i: number): Expr => loadOf(x, indexOf(i));
const store = (to: Buffer, i: number, value: Expr): Stmt => ({
  tag: 'store',
  buffer: to,
  index: indexOf(i),
  value,
});
const add = (...args: readonly Expr[]): Expr => ({ tag: 'prim', prim: 'add', args, dtype: 'float64' });
const guarded = (value: Expr): Expr => {
  const index = ofVar({ tag: 'var', name: 'i', extent: 4 });
  return { tag: 'guarded', guards: [{ index, lo: 1, hi: 4, divides: 1 }], value, otherwise: 0 };
};
const named = (...body: readonly Stmt[]): string => {
  let names = 0;
  return printStmts(nameLoads(body, () => `x${++names}`));
};

test('an element that two statements read is named before the first', (t) =>
  t.is(
    named(store(out, 0, add(at(a, 0), at(b, 0))), store(out, 1, add(at(a, 0), at(b, 1)))),
    'x1 = a[0]\nout[0] := add(x1, b[0])\nout[1] := add(x1, b[1])',
  ));

test('an element of an array that the block writes is read where it stands', (t) => {
  const body = [store(out, 0, add(at(a, 0), num(1))), store(a, 0, num(5)), store(out, 1, at(a, 0))];
  t.is(named(...body), printStmts(body));
});

test('what only tests let through is not read before them', (t) => {
  const body = [store(out, 0, guarded(at(a, 0))), store(out, 1, guarded(at(a, 0)))];
  t.is(named(...body), printStmts(body));
});

test('what is read in any case may be read before a test', (t) =>
  t.is(
    named(store(out, 0, guarded(at(a, 0))), store(out, 1, at(a, 0))),
    'x1 = a[0]\nout[0] := (1 <= i < 4 ? x1 : 0)\nout[1] := x1',
  ));

const promoted = (...body: readonly Stmt[]): string => {
  const result = promoteScratch(body, [row], (base) => base);
  return `${printStmts(result.body)}\nscratch ${result.scratch.map((x) => x.name).join()}`;
};
const loop = (...body: readonly Stmt[]): Stmt => ({
  tag: 'loop',
  loop: { tag: 'var', name: 'i', extent: 4 },
  body,
});

test('an element of scratch that is written before it is read is a value where it is written', (t) =>
  t.is(
    promoted(loop(store(row, 0, at(a, 0)), store(out, 0, at(row, 0)))),
    'for i < 4\n  row_0 = a[0]\n  out[0] := row_0\nscratch ',
  ));

test('an element of scratch that lives from one iteration to the next is a variable outside of the loop', (t) =>
  t.is(
    promoted(
      store(row, 1, num(0)),
      loop(store(row, 1, add(at(row, 1), at(a, 0)))),
      store(out, 0, at(row, 1)),
    ),
    'var row_1 = 0\nfor i < 4\n  row_1 := add(row_1, a[0])\nout[0] := row_1\nscratch ',
  ));

test('scratch that is read at places that are not known stays', (t) => {
  const v = { tag: 'var', name: 'i', extent: 2 } as const;
  const body = [store(row, 0, num(1)), loop(store(out, 0, loadOf(row, ofVar(v))))];
  t.is(promoted(...body), `${printStmts(body)}\nscratch row`);
});
