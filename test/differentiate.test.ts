import test from 'ava';

import { differentiate } from '../compiler/differentiate.ts';
import type { DType } from '../compiler/dtype.ts';
import { AutogradError, InternalError } from '../compiler/errors.ts';
import { makeGraph } from '../compiler/graph.ts';
import { node } from '../compiler/node.ts';
import type { Node } from '../compiler/node.ts';
import { defineOp } from '../compiler/op.ts';
import { arg, s } from '../compiler/scalar.ts';
import type { Shape } from '../compiler/shape.ts';
import { add, mul, sub } from '../ops/binary.ts';
import { pow } from '../ops/binary-power.ts';
import { cast } from '../ops/cast.ts';
import { matmul } from '../ops/matmul.ts';
import { gt } from '../ops/compare.ts';
import { argmax } from '../ops/reduce-pick.ts';
import { mean, sum } from '../ops/reduce.ts';
import { where } from '../ops/select.ts';
import { constant, input, onesLike } from '../ops/source.ts';
import { cos, sigmoid, sin, tanh } from '../ops/unary-trig.ts';
import { exp, log, neg, sqrt } from '../ops/unary.ts';
import { countOps, raw, valueOf, valuesOf } from './helpers/evaluate.ts';
import { gradientFault, gradientsOf } from './helpers/gradcheck.ts';
import { describe, randomGraph } from './helpers/randomGraph.ts';

const x = (shape: Shape = [], dtype: DType = 'float64'): Node => input({ shape, dtype });

/** Gradients of the sum of one output. */
const gradients = (y: Node, inputs: readonly Node[], stops?: ReadonlySet<Node>): (Node | null)[] =>
  differentiate([y], [onesLike(y)], inputs, add, stops);
const gradient = (y: Node, p: Node): Node => gradients(y, [p])[0] ?? constant(0, p.type.dtype, p.type.shape);

/** Operators of what a program would compute that returns only these gradients. */
const opsOf = (...outputs: readonly (Node | null)[]): Readonly<Record<string, number>> =>
  countOps(
    makeGraph(
      [],
      outputs.filter((o) => o !== null),
    ),
  );

test('no path is null, not zeros', (t) => {
  const [p, q] = [x([2]), x([2])];
  t.deepEqual(gradients(exp(p), [q]), [null]);
  t.deepEqual(differentiate([exp(p)], [null], [p], add), [null]);
});

test('no gradient passes through integers, comparisons and argmax', (t) => {
  const p = x([3]);
  t.deepEqual(gradients(cast(cast(p, 'int32'), 'float64'), [p]), [null]);
  t.deepEqual(gradients(where(gt(p, 0), 1, constant(2, 'float64')), [p]), [null]);
  t.deepEqual(gradients(cast(argmax(p), 'float64'), [p]), [null]);
  const i = x([2], 'int32');
  t.deepEqual(gradients(mul(i, x([2])), [i]), [null]);
});

test('a gradient has the shape and the dtype of its input', (t) => {
  const [p, q] = [x([3, 1], 'float32'), x([2])];
  const [gp, gq] = gradients(mul(p, q), [p, q]);
  t.deepEqual([gp!.type, gq!.type], [p.type, q.type]);
});

test('the output is its own input', (t) => {
  const p = x([2]);
  const g = x([2]);
  t.deepEqual(differentiate([p], [g], [p], add), [g]);
});

test('gradients of several paths are summed', (t) => {
  const p = x();
  t.deepEqual(valueOf(gradient(add(mul(p, p), p), p), [[p, [3]]]), [7]);
  t.deepEqual(valueOf(gradient(sub(p, p), p), [[p, [3]]]), [0]);
  const [g] = differentiate(
    [mul(p, 2), mul(p, 3)],
    [constant(1, 'float64'), constant(10, 'float64')],
    [p],
    add,
  );
  t.deepEqual(valueOf(g!, [[p, [3]]]), [32]);
});

test('a wanted node between another one and the output does not stop the path', (t) => {
  const p = x();
  const q = mul(p, 3);
  const [gp, gq] = gradients(mul(q, q), [p, q]);
  t.deepEqual(valuesOf([gp!, gq!], [[p, [1]]]), [[18], [6]]);
});

test('behind a stop nothing is reached; the stop itself gets its gradient', (t) => {
  const p = x();
  const q = mul(p, 3);
  const y = add(mul(q, q), p);
  const [gp, gq] = gradients(y, [p, q], new Set([q]));
  t.deepEqual(valuesOf([gp!, gq!], [[p, [2]]]), [[1], [12]]);
});

test('derivatives of x ** 4 at 2: 16, 32, 48, 48, 24, 0', (t) => {
  const p = x();
  const orders = [pow(p, 4)];
  for (let i = 0; i < 5; i++) orders.push(gradient(orders[i], p));
  t.deepEqual(valuesOf(orders, [[p, [2]]]).flat(), [16, 32, 48, 48, 24, 0]);
});

test('derivatives of sine go round: sin, cos, -sin, -cos, sin', (t) => {
  const p = x();
  const orders = [sin(p)];
  for (let i = 0; i < 4; i++) orders.push(gradient(orders[i], p));
  const [a, b] = [Math.sin(0.7), Math.cos(0.7)];
  t.deepEqual(valuesOf(orders, [[p, [0.7]]]).flat(), [a, b, -a, -b, a]);
});

test('mixed second derivatives agree', (t) => {
  const [p, q] = [x(), x()];
  const y = mul(exp(mul(p, q)), sin(p));
  const pq = gradient(gradient(y, p), q);
  const qp = gradient(gradient(y, q), p);
  const [[a], [b]] = valuesOf([pq, qp], [[p, [0.3]], [q, [0.8]]]); // prettier-ignore
  t.true(Math.abs(a - b) < 1e-14, `${a} ${b}`);
});

const shared: [what: string, f: (p: Node) => Node, op: string][] = [
  ['exp', exp, 'exp'],
  ['tanh', tanh, 'tanh'],
  ['sigmoid', sigmoid, 'sigmoid'],
  ['sqrt', sqrt, 'sqrt'],
];
for (const [what, f, op] of shared)
  test(`the gradient of ${what} reuses its result`, (t) => {
    const p = x([2]);
    const y = f(p);
    t.is(opsOf(y, gradient(y, p))[op], 1);
  });

test('what nobody asked for is not in the graph: a factor', (t) => {
  const [p, w] = [x([2]), x([2])];
  const y = sum(mul(exp(p), cos(w)));
  const [gp] = gradients(y, [p]);
  t.deepEqual([opsOf(gp).exp, opsOf(gp).cos, opsOf(gp).sin], [1, 1, undefined]);
  const [gw] = gradients(y, [w]);
  t.deepEqual([opsOf(gw).exp, opsOf(gw).cos, opsOf(gw).sin], [1, undefined, 1]);
});

test('what nobody asked for is not in the graph: values that a linear operator does not need', (t) => {
  const [p, b] = [x([4, 3]), x([3])];
  const [gb] = gradients(sum(add(exp(p), b)), [b]);
  t.deepEqual(Object.keys(opsOf(gb)).filter((name) => ['exp', 'add', 'input'].includes(name)), []); // prettier-ignore
});

test('the gradient of the input of the first layer is never computed', (t) => {
  const [data, w1, b1, w2, b2] = [x([5, 4]), x([4, 3]), x([3]), x([3, 2]), x([2])];
  const loss = mean(add(matmul(tanh(add(matmul(data, w1), b1)), w2), b2));
  const contractions = (...wanted: Node[]): number =>
    makeGraph([], [loss, ...gradients(loss, wanted).map((g) => g!)]).nodes.filter(
      (n) => n.op.name === matmul(w1, w2).op.name || n.op.meaning(n).tag === 'contract',
    ).length;
  t.is(contractions(w1, b1, w2, b2), 5);
  t.is(contractions(w2, b2), 3);
  t.is(contractions(b2), 2);
  t.is(contractions(data, w1, b1, w2, b2), 6);
});

test('an operator without a vjp is differentiated through its expansion', (t) => {
  const [p, q] = [x(), x()];
  const product = raw({ tag: 'composite', expand: () => mul(mul(p, q), p) }, p.type, p, q);
  const [gp, gq] = gradients(log(product), [p, q]);
  const [[a], [b]] = valuesOf([gp!, gq!], [[p, [2]], [q, [5]]]); // prettier-ignore
  t.deepEqual(
    [a, b].map((v) => Number(v.toFixed(12))),
    [1, 0.2],
  );
});

test('a composite that reads one node twice gives its gradient once', (t) => {
  const p = x();
  const square = raw({ tag: 'composite', expand: () => mul(p, p) }, p.type, p, p);
  t.deepEqual(valueOf(gradient(square, p), [[p, [3]]]), [6]);
});

test('an operator with neither says what is missing', (t) => {
  const p = x();
  const opaque = raw({ tag: 'routine', run: () => {} }, p.type, p);
  t.throws(() => gradients(opaque, [p]), {
    instanceOf: AutogradError,
    message: "the derivative for 'raw' is not implemented.",
  });
  t.notThrows(() => gradients(mul(opaque, p), [x()]));
});

test('a vjp that gives another shape is an error of ours', (t) => {
  const op = defineOp<undefined>({
    name: 'wrong',
    type: ([type]) => type,
    meaning: () => ({ tag: 'input' }),
    vjp: (g) => [sum(g)],
  });
  const p = x([2]);
  t.throws(() => gradients(node(op, [p], undefined), [p]), {
    instanceOf: InternalError,
    message: /wrong: vjp gives float64\[\] for input 0 of float64\[2\]/,
  });
});

test('a vjp is only asked for what is wanted', (t) => {
  const asked: (readonly boolean[])[] = [];
  const op = defineOp<undefined>({
    name: 'spy',
    type: ([type]) => type,
    meaning: () => ({ tag: 'input' }),
    vjp: (g, _, wants) => (asked.push(wants), [g, g]),
  });
  const [p, q] = [x(), x()];
  t.deepEqual(gradients(node(op, [p, q], undefined), [q])[0]?.op.name, 'constant');
  t.deepEqual(asked, [[false, true]]);
});

test('a chain of 100,000 nodes does not overflow the stack', (t) => {
  const p = x();
  let y = p;
  for (let i = 0; i < 100_000; i++) y = i % 2 ? neg(y) : mul(y, p);
  const { nodes } = makeGraph([p], [gradient(y, p)]);
  t.is(nodes.filter((n) => n.op.name === 'add').length, 50_000);
});

test('the gradients of random graphs agree with finite differences, and theirs as well', (t) => {
  for (let seed = 0; seed < 300; seed++) {
    const g = randomGraph(seed, { smooth: true, size: 10 });
    const first = gradientsOf(g, seed);
    const second = gradientsOf(first.graph, seed);
    const fault = gradientFault(g, first) ?? gradientFault(first.graph, second);
    if (fault !== null) return t.fail(`${fault}\n${describe(g)}`);
  }
  return t.pass();
});

test('finite differences find a wrong derivative', (t) => {
  const wrong = defineOp<undefined>({
    name: 'wrong',
    type: ([type]) => type,
    meaning: () => ({ tag: 'map', expr: s.sin(arg(0)) }),
    vjp: (g, { inputs: [p] }) => [mul(g, sin(p))],
  });
  const p = x([2]);
  const g = { ...makeGraph([p], [node(wrong, [p], undefined)]), arrays: [[1, 2]] };
  t.regex(
    gradientFault(g, gradientsOf(g, 0)) ?? '',
    /^input 0, element 0: the gradient is .*, finite differences say/,
  );
});
