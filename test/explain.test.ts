// `program.explain` and `program.stages`: what the compiler did, in texts that are good to compare and as data.

import test from 'ava';
import { explain } from '../compiler/explain.ts';
import { compile, ones, randn } from '../index.ts';
import type { Program, Tensor } from '../index.ts';
import { compileGraph } from './helpers/compile.ts';
import { gradientsOf } from './helpers/gradcheck.ts';
import { describe, randomGraph } from './helpers/randomGraph.ts';

type Fn = (...args: Tensor[]) => unknown;
const programOf = (fn: Fn, ...args: Tensor[]): Program => compile(fn).lower(...args);
/** Without the places of users' lines. */
const bare = (text: string): string => text.replace(/ +\/\/.*$/gm, '');

const softmaxStep = (): Program =>
  programOf(
    (x, w) => {
      const loss = x.softmax(-1).mul(w).sum();
      loss.backward();
      const { grad } = x;
      x.grad = null;
      return [loss, grad];
    },
    ones([8, 100], { requiresGrad: true }),
    ones([8, 100]),
  );

test('the optimized graph comes with each rewrite, its rule and what is new', (t) => {
  t.is(
    bare(softmaxStep().explain('optimized')),
    `view of one value:  g: reshape f {[]} -> constant {1}
view of one value:  h: expand g {[0, 0]} -> constant {1}
x * 1 = x:  i: mul h b -> b
common subexpression:  j: mul i c -> d
expansion of softmax:  c: softmax a {{"axes":[1]}} -> div p q
    n: float32[8, 1] = amax a {max over 1, keepdim}
    o: float32[8, 100] = sub a n
    p: float32[8, 100] = exp o
    q: float32[8, 1] = sum p {sum over 1, keepdim}
graph(a: float32[8, 100], b: float32[8, 100]) {
  n: float32[8, 1] = amax a {max over 1, keepdim}
  o: float32[8, 100] = sub a n
  p: float32[8, 100] = exp o
  q: float32[8, 1] = sum p {sum over 1, keepdim}
  c: float32[8, 100] = div p q
  d: float32[8, 100] = mul c b
  e: float32[] = sum d {sum over 0, 1}
  k: float32[8, 1] = sum d {sum over 1, keepdim}
  l: float32[8, 100] = sub b k
  m: float32[8, 100] = mul l c
  return e, m
}`,
  );
});

test('groups name their kernel and their values as the graphs do', (t) => {
  const program = softmaxStep();
  const [{ name }] = program.kernels;
  t.is(
    program.explain('groups'),
    `group 0: ${name}: rows 8, 4 passes: n amax, o sub, p exp, q sum, c div, d mul, e sum (sink), k sum, l sub, m mul   -> e sum, m mul`,
  );
});

test('the same function gives the same text each time', (t) => {
  t.is(softmaxStep().explain(), softmaxStep().explain());
});

test('a value keeps its name from the traced graph to the plan', (t) => {
  const program = programOf(
    (x, w) => x.mul(1).matmul(w).add(2).cumsum(0).exp(),
    randn([4, 5]),
    randn([5, 6]),
  );
  const { graph, optimized, groups, plan } = program.stages!;
  const traced = new Map(graph.operations.map((o) => [o.name, o.op]));
  const after = new Map(optimized.operations.map((o) => [o.name, o.op]));
  for (const name of graph.outputs) t.true(after.has(name));
  for (const op of ['cumsum', 'exp']) {
    const [name] = [...traced].find(([, o]) => o === op)!;
    t.is(after.get(name), op);
    t.true(groups.some((g) => g.members.includes(name)));
  }
  const stored = new Set(groups.flatMap((g) => g.stored));
  t.deepEqual(
    new Set(plan.slots.flatMap((s) => (s.role === 'input' || s.value === null ? [] : [s.value]))),
    stored,
  );
});

test('operations have the user’s line and column', (t) => {
  const { graph } = programOf((x) => x.exp().sum(), ones([3])).stages!;
  const [first, second] = graph.operations.map((o) => o.origin!);
  t.is(first.op, 'exp');
  t.true(first.file.endsWith('test/explain.test.ts'));
  t.is(first.line, second.line);
  t.is(second.column - first.column, '.exp()'.length);
});

test('a refused merge says who, why, and what it costs', (t) => {
  const program = programOf((x) => x.sin().cumsum(0).exp(), randn([40, 30]));
  const { refused, graph } = program.stages!;
  const nameOf = (op: string): string => graph.operations.find((o) => o.op === op)!.name;
  const found = refused.find((r) => r.producer === nameOf('cumsum') && r.consumer === nameOf('exp'))!;
  t.not(found.producerKernel, found.consumerKernel);
  t.true(program.kernels.some((k) => k.name === found.producerKernel));
  t.is(found.bytes, 40 * 30 * 4);
  t.true(
    program
      .explain('groups')
      .includes(`not merged: ${found.producer} cumsum with ${found.consumer} exp: ${found.why}`),
  );
});

test('a copy that only moves a result is explained', (t) => {
  const text = programOf((x) => [x.t(), x.mul(2)], randn([3, 4])).explain('optimized');
  t.regex(text, /a result has memory of its own:  \w+: copy \w+/);
});

test('stages are plain data', (t) => {
  const { stages, kernels } = softmaxStep();
  t.deepEqual(JSON.parse(JSON.stringify(stages)), stages);
  t.deepEqual(JSON.parse(JSON.stringify(kernels)), kernels);
});

test('the plan tells lifetimes', (t) => {
  const { plan } = programOf((x) => x.sin().cumsum(0).exp(), randn([40, 30])).stages!;
  const lives = plan.slots.filter((s) => s.role === 'temporary');
  t.true(lives.length > 0);
  for (const { from, to, offset, bytes } of lives) {
    t.true(from >= 0 && from <= to && to < plan.kernels.length);
    t.true(offset >= 0 && offset + bytes <= plan.arenaBytes);
  }
});

test('a graph of two thousand operations is explained', (t) => {
  const program = programOf(
    (x) => {
      let y = x;
      for (let i = 0; i < 700; i++) y = y.mul(1).add(i).tanh();
      return y;
    },
    randn([4]),
  );
  const { graph, rewrites } = program.stages!;
  t.true(graph.operations.length >= 2000);
  t.is(rewrites.filter((r) => r.rule === 'x * 1 = x').length, 700);
});

test('random graphs and their gradients are explained, each value under one name', (t) => {
  for (let seed = 0; seed < 25; seed++) {
    const g = randomGraph(seed);
    for (const graph of [g, gradientsOf(g, seed).graph]) {
      const { data, text } = explain(compileGraph(graph).built);
      const names = [...data.optimized.inputs, ...data.optimized.operations].map((o) => o.name);
      t.is(new Set(names).size, names.length, `${describe(g)}\n${text('optimized')}`);
    }
  }
});
