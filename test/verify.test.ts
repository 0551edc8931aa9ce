// Parsed sources: what a kernel loads, stores and computes, read off its text; and the proof that a source holds nothing else.

import test from 'ava';
import { InternalError } from '../compiler/errors.ts';
import { add, exp, matmul, mul, sum } from '../ops/index.ts';
import { input } from '../ops/source.ts';
import type { Node } from '../compiler/node.ts';
import { kernelCounts } from '../runtime/kernelCounts.ts';
import type { KernelCounts } from '../runtime/kernelCounts.ts';
import { sourceParser } from '../runtime/parser.ts';
import { verifySource } from '../runtime/verify.ts';
import { compileNodes } from './helpers/compile.ts';
import { runScript } from './helpers/script.ts';

const parse = sourceParser()!;
const counts = (body: string): KernelCounts =>
  kernelCounts(`function f(x, y) { ${body} }`, parse).get('f') as KernelCounts;

const rows: readonly (readonly [what: string, body: string, want: Partial<KernelCounts>])[] = [
  ['a store', 'x[0] = 1;', { stores: 1 }],
  ['a load and a store', 'x[0] = y[0];', { loads: 1, stores: 1 }],
  ['an update in place', 'x[0] += y[0];', { loads: 2, stores: 1, flops: 1 }],
  [
    'a loop',
    'for (let i = 0; i < 10; i++) { x[i] = y[i] * 2 + 1; }',
    { loads: 10, stores: 10, flops: 20, loops: 1 },
  ],
  ['a loop in steps', 'for (let i = 0; i < 10; i += 4) { x[i] = 1; }', { stores: 3, loops: 1 }],
  [
    'loops in loops, where indices are no arithmetic',
    'for (let i = 0; i < 3; i++) { const base = i * 5; for (let j = 0; j < 5; j++) { x[base + j] = y[j * 3 + i]; } }',
    { loads: 15, stores: 15, loops: 2 },
  ],
  ['a branch', 'if (x[0] > 0) { x[1] = 1; }', { loads: 1, stores: 1 }],
  ['the dearer alternative', 'x[0] = y[0] > 0 ? y[1] * y[2] : 0;', { loads: 3, stores: 1, flops: 1 }],
  ['calls', 'x[0] = Math.log(Math.fround(y[0]));', { loads: 1, stores: 1, calls: 1 }],
  ['an empty loop', 'for (let i = 0; i < 0; i++) { x[i] = 1; }', { loops: 1 }],
];
for (const [what, body, want] of rows)
  test(`counted: ${what}`, (t) => {
    t.deepEqual(counts(body), { loads: 0, stores: 0, flops: 0, calls: 0, loops: 0, ...want });
  });

test('a function of the source counts as what it does', (t) => {
  const source = 'function square(a) { return a * a; }\nfunction f(x) { x[0] = square(square(2)); }';
  t.deepEqual(kernelCounts(source, parse).get('f'), { loads: 0, stores: 1, flops: 2, calls: 0, loops: 0 });
});

const x = (...shape: number[]): Node => input({ shape, dtype: 'float32' });
const countsOf = (inputs: readonly Node[], output: Node): KernelCounts => {
  const { built } = compileNodes(inputs, [output]);
  const [kernel] = built.plan.kernels;
  return kernelCounts(built.source, parse).get(kernel.name) as KernelCounts;
};

test('the counts of real kernels are those of their operations', (t) => {
  const [a, b] = [x(40, 50), x(50, 16)];
  const chain = countsOf([a], add(mul(a, a), 1));
  t.deepEqual([chain.loads, chain.stores, chain.flops], [2000, 2000, 4000]);
  const product = countsOf([a, b], matmul(a, b));
  t.is(product.flops, 2 * 40 * 50 * 16);
  t.is(countsOf([a], sum(a)).loads, 2000);
  t.true(countsOf([a], exp(a)).flops > 5 * 2000);
});

test('a source that holds anything else is refused, with its line', (t) => {
  const a = x(4);
  const { source } = compileNodes([a], [exp(a)]).built;
  t.notThrows(() => verifySource(source));
  const error = t.throws(
    () => verifySource(source.replace('return {', 'globalThis.leak = buffers;\nreturn {')),
    {
      instanceOf: InternalError,
    },
  );
  t.regex(error.message, /holds what it must not:\nline \d+: .*: globalThis/);
});

test('a library that is only imported loads no parser', (t) => {
  const script = `
    const { compile, ones } = await import('./index.ts');
    compile((x) => x.exp())(ones([2]));
    const { createRequire } = await import('node:module');
    const loaded = Object.keys(createRequire('file:///x.js').cache);
    console.log(loaded.filter((file) => file.includes('/acorn/')).length);
    compile((x) => x.exp(), { checked: true })(ones([2]));
    console.log(Object.keys(createRequire('file:///x.js').cache).filter((file) => file.includes('/acorn/')).length);
  `;
  const { stdout, stderr } = runScript(script, [], { GRADLOOM_DEBUG: '' });
  t.is(stdout, '0\n1\n', stderr);
});
