// Groups that are the same but for the memory they touch (compiler/alike.ts, compiler/kernels.ts): which are described alike, that they
// become the same statements over other memory, and that what they compute is what the interpreter computes.

import test from 'ava';
import { describeGroup, distances } from '../compiler/alike.ts';
import type { Description } from '../compiler/alike.ts';
import { KernelPrinter, arraysOf, renameText } from '../compiler/emit/js.ts';
import type { KernelText } from '../compiler/emit/js.ts';
import { Writer } from '../compiler/emit/writer.ts';
import { differentiate } from '../compiler/differentiate.ts';
import { makeGraph } from '../compiler/graph.ts';
import type { Group } from '../compiler/group.ts';
import { printStmts } from '../compiler/printNest.ts';
import type { Buffer, Kernel } from '../compiler/nest.ts';
import type { Node } from '../compiler/node.ts';
import type { Built } from '../compiler/pipeline.ts';
import {
  add,
  cat,
  exp,
  layerNorm,
  matmul,
  mul,
  narrow,
  select,
  softmax,
  sub,
  sum,
  tanh,
} from '../ops/index.ts';
import { constant, input, onesLike } from '../ops/source.ts';
import { nodesDisagree } from './helpers/agree.ts';
import { compileNodes } from './helpers/compile.ts';

const tensor = (...shape: number[]): Node => input({ shape, dtype: 'float32' });

/** A chain of steps over a sequence; each is one product, so no step shares a kernel with another. */
function chain(steps: number, step: (h: Node, at: number) => Node, start = tensor(4, 8)): Node {
  let h = start;
  for (let t = 0; t < steps; t++) h = step(h, t);
  return h;
}
const [x, w] = [tensor(6, 4, 8), tensor(8, 8)];
const start = tensor(4, 8);
const recurrence = chain(6, (h, t) => tanh(add(matmul(h, w), select(x, 0, t))), start);

const built = (inputs: readonly Node[], outputs: readonly Node[]): Built =>
  compileNodes(inputs, outputs).built;

function descriptions({ grouping, valueOf }: Built): (Description | null)[] {
  const buffers = new Map([...valueOf].map(([b, n]) => [n, b]));
  return grouping.groups.map((g: Group) => describeGroup(g, (n) => buffers.get(n), grouping.inlined));
}

/** Statements under names that do not depend on where the kernel stands. */
function shapeOf(k: Kernel): string {
  const names = new Map(arraysOf(k).map((b: Buffer, i) => [b.name, `memory${i}`]));
  return printStmts(k.body).replace(/[A-Za-z_]\w*(?=\[)/g, (name) => names.get(name) ?? name);
}

test('the steps of a recurrence are described alike, but for where their windows begin', (t) => {
  const [first, second, third] = descriptions(built([x, w, start], [recurrence]));
  t.truthy(first);
  t.is(first?.text, second?.text);
  t.is(second?.text, third?.text);
  const moved = distances(first?.windows ?? [], third?.windows ?? []);
  t.deepEqual([...(moved ?? [])].map(([, { start: from }]) => from).sort(), [0, 0, 0, 64]);
});

test('the steps of a recurrence are the same statements over other memory', (t) => {
  const { plan } = built([x, w, start], [recurrence]);
  t.is(plan.kernels.length, 6);
  t.is(new Set(plan.kernels.map(shapeOf)).size, 1);
  t.is(new Set(plan.kernels.map((k) => k.name)).size, 6);
});

test('the text of a copy is what its statements say, though it is not printed from them', (t) => {
  const { plan, emitted } = built([x, w, start], [recurrence]);
  const copies = plan.kernels.filter((k) => k.like);
  t.is(copies.length, 5);
  for (const k of copies) {
    const { rows, about, main } = new KernelPrinter().kernel(k);
    t.is(emitted.textOf(k), `${rows.lines.join('\n')}${about}${main}`);
  }
});

test('a window of a sequence is an array that begins there', (t) => {
  const { source } = built([x, w, start], [recurrence]);
  t.deepEqual(
    source.match(/^const \$in0.*$/gm),
    [0, 32, 64, 96, 128, 160].map((at) =>
      at === 0 ? 'const $in0 = buffers.in0;' : `const $in0_at${at} = buffers.in0.subarray(${at});`,
    ),
  );
});

test('an array of the name of a function leaves the function alone', (t) => {
  const text: KernelText = {
    rows: new Writer(),
    about: new Writer().comment('exp'),
    main: new Writer().line('exp[i] = Math.exp(expm1[i]);'),
  };
  const { about, main } = renameText(text, new Map([['exp', 'exp2']]));
  t.deepEqual([...about.lines, ...main.lines], ['// exp', 'exp2[i] = Math.exp(expm1[i]);']);
});

test('each kernel of a recurrence has scratch of its own', (t) => {
  const { plan } = built([x, w, start], [recurrence]);
  const names = plan.kernels.flatMap((k) => k.scratch.map((b) => b.name));
  t.true(names.length >= 6);
  t.is(new Set(names).size, names.length);
});

const unlike: Readonly<Record<string, (h: Node, t: number) => Node>> = {
  'another constant': (h, t) => mul(matmul(h, w), constant(1 + t, 'float32')),
  'another operation': (h, t) => (t === 0 ? tanh : exp)(matmul(h, w)),
  'one value where there were two': (h, t) =>
    sub(add(matmul(h, w), select(x, 0, 0)), select(x, 0, t === 0 ? 0 : 1)),
  'windows of one buffer that lie differently': (h, t) =>
    sub(add(matmul(h, w), select(x, 0, t)), select(x, 0, 2 * t + 1)),
  'a window that is a column': (h, t) =>
    add(matmul(h, w), t === 0 ? select(tensor(4, 8, 3), 2, 0) : select(x, 0, 0)),
};
for (const [what, step] of Object.entries(unlike))
  test(`groups are not alike that have ${what}`, (t) => {
    const last = chain(2, step, start);
    const inputs = makeGraph([], [last]).nodes.filter((n) => n.op.meaning(n).tag === 'input');
    const [first, second] = descriptions(built(inputs, [last]));
    if (!first || !second) return t.fail('two groups were expected');
    t.true(first.text !== second.text || distances(first.windows, second.windows) === null);
  });

const vector = tensor(8);
const sequences: Readonly<Record<string, (h: Node, t: number) => Node>> = {
  windows: (h, t) => tanh(add(matmul(h, w), select(x, 0, t))),
  'windows in reverse order': (h, t) => tanh(add(matmul(h, w), select(x, 0, 5 - t))),
  'two windows that keep their distance': (h, t) =>
    sub(add(matmul(h, w), select(x, 0, t)), mul(select(x, 0, t + 1), vector)),
  'two windows that do not': (h, t) => sub(add(matmul(h, w), select(x, 0, t)), select(x, 0, (2 * t) % 6)),
  'windows of windows': (h, t) => tanh(add(matmul(h, w), select(narrow(x, 0, t, 2), 0, 1))),
  'rows kept in scratch': (h) => softmax(matmul(h, w), 1),
  moments: (h, t) =>
    layerNorm(matmul(h, w), [8], { weight: add(vector, select(select(x, 0, t), 0, 1)), bias: vector }),
};
for (const [what, step] of Object.entries(sequences)) {
  const last = chain(5, step, start);
  test(`steps with ${what} compute what the interpreter computes`, (t) => {
    t.is(nodesDisagree([x, w, start, vector], [last, sum(last)]), null);
  });
  test(`the gradients of steps with ${what} are those of the interpreter`, (t) => {
    const gradients = differentiate([last], [onesLike(last)], [x, w, start], add).filter((n) => n !== null);
    t.is(nodesDisagree([x, w, start, vector], [cat([last, last], 0), ...gradients]), null);
  });
}
