// Generated sources and the user's lines: source maps, stack traces and processor profiles of kernels.

import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import test from 'ava';
import { sourceMap, vlq } from '../compiler/emit/sourceMap.ts';
import { makeGraph } from '../compiler/graph.ts';
import { add, exp, matmul, sum } from '../ops/index.ts';
import { input } from '../ops/source.ts';
import { addressOf } from '../runtime/stack.ts';
import { compileGraph } from './helpers/compile.ts';
import { located } from './helpers/located.ts';
import { runScript } from './helpers/script.ts';

test('numbers are written in variable length, as source maps have them', (t) => {
  const rows: readonly [number, string][] = [
    [0, 'A'],
    [1, 'C'],
    [-1, 'D'],
    [15, 'e'],
    [16, 'gB'],
    [-16, 'hB'],
    [511, '+f'],
    [1024, 'ggC'],
  ];
  for (const [value, text] of rows) t.is(vlq(value), text);
});

const at = (file: string, line: number, column: number) => ({ op: 'exp', file, line, column });

test('a map leads from each line to its origin, and from other lines nowhere', (t) => {
  const origins = [null, null, at('a.ts', 12, 5), at('b.ts', 3, 1), null, null, at('a.ts', 7, 40)];
  const map = new SourceMap(JSON.parse(sourceMap(origins, (file) => `file:///${file}`)!));
  const found = origins.map((_, line) => {
    const entry = map.findEntry(line, 4);
    return 'originalSource' in entry && entry.originalSource
      ? [entry.originalSource, entry.originalLine + 1, entry.originalColumn + 1]
      : null;
  });
  t.deepEqual(
    found,
    origins.map((o) => o && [`file:///${o.file}`, o.line, o.column]),
  );
  t.is(sourceMap([null, at('', 0, 0)], String), null);
});

test('addresses of files are URLs, whatever is in their names', (t) => {
  t.is(addressOf('/home/me/a b#.ts'), 'file:///home/me/a%20b%23.ts');
  t.is(addressOf('https://example.org/a.js'), 'https://example.org/a.js');
  t.is(addressOf('test/x.ts'), `file://${process.cwd()}/test/x.ts`);
});

test('the lines of a kernel belong to the operations that they compute', (t) => {
  const x = input({ shape: [64, 64], dtype: 'float32' });
  const e = located(at('model.ts', 10, 3), () => exp(x));
  const s = located(at('model.ts', 20, 9), () => sum(e));
  const { scripts, driver } = compileGraph(makeGraph([x], [e, s])).built.emitted;
  const [{ text, origins }] = scripts;
  const lines = text.split('\n');
  const lineOf = (pattern: RegExp): number | undefined =>
    origins[lines.findIndex((l) => pattern.test(l))]?.line;
  t.is(lineOf(/const exp = exp32|out0\[.*\] = exp/), 10);
  t.is(lineOf(/sum\w* \+= /), 20);
  t.is(lineOf(/^function exp32/), undefined);
  t.true(driver.origins.every((o) => o === null));
});

test('the loops of an epilogue belong to its operation, the tiles before them to the product', (t) => {
  const x = input({ shape: [64, 64], dtype: 'float32' });
  const bias = input({ shape: [64], dtype: 'float32' });
  const product = located(at('model.ts', 10, 3), () => matmul(x, x));
  const e = located(at('model.ts', 20, 9), () => exp(add(product, bias)));
  const [{ text, origins }] = compileGraph(makeGraph([x, bias], [e])).built.emitted.scripts;
  const lines = text.split('\n');
  const lineOf = (pattern: RegExp): number | undefined =>
    origins[lines.findIndex((l) => pattern.test(l))]?.line;
  t.is(lineOf(/ sums\[j\] \+= /), 10, text);
  t.is(lineOf(/ for \(let i = /), 10);
  t.is(lineOf(/ for \(let r = /), 20);
  t.is(lineOf(/ out0\[.*\] = exp32/), 20);
});

test('each kernel is a script of its own name, with what it needs and nothing else', (t) => {
  const x = input({ shape: [64, 64], dtype: 'float32' });
  const y = input({ shape: [64, 64], dtype: 'float32' });
  const { built, run } = compileGraph(makeGraph([x, y], [exp(x), matmul(y, y)]), { name: 'train step' });
  const { scripts, driver } = built.emitted;
  const names = built.plan.kernels.map((k) => k.name);
  const addressed = (text: string): string =>
    text
      .trimEnd()
      .split('\n')
      .pop()!
      .replace(/-\d+\//, '-#/');
  t.deepEqual(
    [...scripts, driver].map(({ text }) => addressed(text)),
    [...names, 'run'].map((name) => `//# sourceURL=gradloom/train_step-#/${name}.js`),
  );
  const ofProduct = scripts[names.indexOf('contract')].text;
  t.deepEqual([ofProduct.includes('$in0'), ofProduct.includes('$in1')], [false, true], ofProduct);
  t.false(ofProduct.includes('exp32'));
  const [e] = run([new Float32Array(4096), new Float32Array(4096)]);
  t.is(e[0], 1);
});

const script = `
  import { compile, linalg, ones, randn } from './index.ts';
  const factor = compile(function (x) {
    const y = x.exp().sum();
    return [y, linalg.cholesky(x.neg())];
  }, { name: 'factor' });
  try {
    factor(ones([2, 2]));
  } catch (error) {
    console.log(error.stack);
  }
  const busy = compile((x) => x.tanh().matmul(x).sum(), { name: 'busy' });
  const x = randn([64, 64]);
  for (let i = 0; i < 300; i++) busy(x);
`;

test('a stack trace goes through the kernel, by name, to the line of the model', (t) => {
  const { stdout, status, stderr } = runScript(script, ['--enable-source-maps']);
  t.is(status, 0, stderr);
  t.regex(stdout, /at cholesky \(.*\[eval1\]:5:23\)/, stdout);
});

test('a processor profile names kernels, each in a script of its own', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gradloom-profile-'));
  try {
    const { status, stderr } = runScript(script, [
      '--cpu-prof',
      `--cpu-prof-dir=${folder}`,
      '--cpu-prof-interval=100',
    ]);
    t.is(status, 0, stderr);
    const [file] = readdirSync(folder);
    const { nodes } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as {
      nodes: { callFrame: { functionName: string; url: string } }[];
    };
    const kernels = nodes.filter((n) => /^gradloom\/busy-\d+\/contract_sum\.js$/.test(n.callFrame.url));
    t.true(kernels.some((n) => n.callFrame.functionName === 'contract_sum'));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
