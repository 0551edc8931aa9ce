// Memory and order. Buffers that live at different times share memory, close to the least that is possible; updates of an input end in
// its own memory, in place where every element is read before it is overwritten, by a copy at the end where it is not.

import test from 'ava';
import type { ExecutionContext } from 'ava';

import { differentiate } from '../compiler/differentiate.ts';
import { InternalError } from '../compiler/errors.ts';
import { makeGraph } from '../compiler/graph.ts';
import type { Node } from '../compiler/node.ts';
import type { NumberArray } from '../compiler/op.ts';
import type { Plan, Slot } from '../compiler/plan.ts';
import { verifyPlan } from '../compiler/plan.ts';
import type { Shape } from '../compiler/shape.ts';
import { relu } from '../ops/activation.ts';
import { roll } from '../ops/arrange.ts';
import { add, mul, sub } from '../ops/binary.ts';
import { conv2d } from '../ops/conv.ts';
import { scatterAdd } from '../ops/index-scatter.ts';
import { cat } from '../ops/join.ts';
import { crossEntropy } from '../ops/loss-class.ts';
import { matmul } from '../ops/matmul.ts';
import { mean, sum } from '../ops/reduce.ts';
import { cumsum } from '../ops/scan.ts';
import { flip, narrow } from '../ops/slice.ts';
import { softmax } from '../ops/softmax.ts';
import { input, iota, onesLike } from '../ops/source.ts';
import { tanh } from '../ops/unary-trig.ts';
import { exp, square } from '../ops/unary.ts';
import { flatten, transpose } from '../ops/view.ts';
import { interpret } from '../runtime/interpret.ts';
import { link } from '../runtime/link.ts';
import { smallNumbers } from './helpers/agree.ts';
import { compileGraph, compileNodes } from './helpers/compile.ts';
import type { Compiled } from './helpers/compile.ts';
import { difference } from './helpers/evaluate.ts';
import { describe, randomGraph } from './helpers/randomGraph.ts';

const tensor = (...shape: number[]): Node => input({ shape, dtype: 'float32' });
const gradients = (loss: Node, wanted: readonly Node[]): Node[] =>
  differentiate([loss], [onesLike(loss)], wanted, add).filter((g) => g !== null);

// --- sharing -------------------------------------------------------------------------------------------------------------------

const isLive = (s: Slot, time: number): boolean => s.from <= time && time <= s.to;

/** The most bytes that are in use at once, counted from the lifetimes; a place that one buffer takes over from another counts once. */
function mostInUse({ slots, kernels }: Plan): number {
  const inUse = Array.from({ length: kernels.length + 1 }, (_, time) => {
    const places = new Map(slots.filter((s) => isLive(s, time)).map((s) => [s.offset, s.bytes]));
    return [...places.values()].reduce((a, b) => a + b, 0);
  });
  return Math.max(...inUse);
}

function chain(layers: number): Compiled {
  const x = tensor(64, 48);
  const weights = Array.from({ length: layers }, () => tensor(48, 48));
  const y = weights.reduce((h, w) => tanh(matmul(h, w)), x);
  return compileNodes([x, ...weights], [sum(y), ...gradients(sum(y), weights)]);
}

function perceptron(): Compiled {
  const [x, w1, b1, w2, b2] = [tensor(64, 100), tensor(100, 50), tensor(50), tensor(50, 10), tensor(10)];
  const classes = input({ shape: [64], dtype: 'int32' });
  const loss = crossEntropy(add(matmul(relu(add(matmul(x, w1), b1)), w2), b2), classes);
  const parameters = [w1, b1, w2, b2];
  const next = gradients(loss, parameters).map((g, i) => sub(parameters[i], mul(g, 0.1)));
  return compileNodes([x, classes, ...parameters], [loss, ...next], { writeBack: [null, 2, 3, 4, 5] });
}

function convolutions(): Compiled {
  const [x, w1, w2, w3] = [
    tensor(8, 1, 14, 14),
    tensor(8, 1, 3, 3),
    tensor(16, 8, 3, 3),
    tensor(16 * 7 * 7, 10),
  ];
  const h = relu(conv2d(relu(conv2d(x, w1, null, { padding: 1 })), w2, null, { padding: 1, stride: 2 }));
  const loss = sum(square(matmul(flatten(h, 1), w3)));
  return compileNodes([x, w1, w2, w3], [loss, ...gradients(loss, [w1, w2, w3])]);
}

/** Only the forward pass: two buffers take turns. */
function forward(): Compiled {
  const x = tensor(64, 48);
  const weights = Array.from({ length: 20 }, () => tensor(48, 48));
  return compileNodes([x, ...weights], [weights.reduce((h, w) => tanh(matmul(h, w)), x)]);
}

/** Each layer is wider than all before it, so that no place that becomes free is large enough. */
function growing(): Compiled {
  let y = tensor(64, 8);
  const inputs = [y];
  for (let width = 8; width < 120; width += 16) {
    const w = tensor(width, width + 16);
    inputs.push(w);
    y = tanh(matmul(y, w));
  }
  return compileNodes(inputs, [y]);
}

const networks: Readonly<Record<string, () => Compiled>> = {
  'a training step of a perceptron': perceptron,
  'a convolutional network with gradients': convolutions,
  'a chain of 20 layers with gradients': () => chain(20),
  'a chain of 20 layers': forward,
  'layers that grow': growing,
};
for (const [what, make] of Object.entries(networks))
  test(`memory is at most 1.3 times what is in use at once: ${what}`, (t) => {
    const { plan } = make().built;
    const most = mostInUse(plan);
    t.true(plan.arenaBytes <= 1.3 * most, `${plan.arenaBytes} bytes, ${most} in use`);
    t.true(plan.peakBytes <= plan.arenaBytes);
  });

test('memory is at most 1.3 times what is in use at once: random graphs and their gradients', (t) => {
  for (let seed = 0; seed < 60; seed++) {
    const graph = randomGraph(seed, { size: 20, smooth: true, floats: ['float32'], extents: [8, 16, 33] });
    const outputs = [sum(graph.outputs[0]), ...gradients(sum(graph.outputs[0]), graph.inputs)];
    const { plan } = compileNodes(graph.inputs, outputs).built;
    const most = mostInUse(plan);
    t.true(plan.arenaBytes <= 1.3 * most, `seed ${seed}: ${plan.arenaBytes} bytes, ${most} in use`);
  }
});

test('a chain of layers needs no more memory when it grows longer, beside its weights', (t) => {
  const { plan } = forward().built;
  const places = new Set(plan.slots.filter((s) => s.buffer.role === 'temporary').map((s) => s.offset));
  t.true(places.size <= 2);
});

/** What is wrong with a plan, told by rules of its own. */
function planFault(plan: Plan): string | null {
  const written = new Set(plan.slots.filter((s) => s.from < 0).map((s) => s.buffer));
  for (const [time, kernel] of plan.kernels.entries()) {
    for (const b of kernel.reads)
      if (!written.has(b) && !kernel.writes.includes(b))
        return `${kernel.name} reads ${b.name} before it is written`;
    kernel.writes.forEach((b) => written.add(b));
    for (const b of [...kernel.reads, ...kernel.writes, ...kernel.scratch]) {
      const slot = plan.slots.find((s) => s.buffer === (plan.aliases.get(b) ?? b));
      if (!slot || !isLive(slot, time)) return `${kernel.name} uses ${b.name}, which is not live`;
    }
  }
  for (const s of plan.slots)
    if (s.offset % 64 !== 0 || s.offset + s.bytes > plan.arenaBytes) return `${s.buffer.name} lies outside`;
  return null;
}

test('plans of random graphs keep what is live apart, and in order', (t) => {
  for (let seed = 0; seed < 150; seed++) {
    const g = randomGraph(seed, { size: 20, floats: ['float32', 'float64'] });
    const { plan } = compileGraph(g).built;
    verifyPlan(plan);
    const fault = planFault(plan);
    if (fault) t.fail(`${fault}\n${describe(g)}`);
  }
  t.pass();
});

test('verifyPlan refuses two live buffers in one place', (t) => {
  const { plan } = forward().built;
  const [first, ...rest] = plan.slots;
  const moved = { ...plan, slots: [{ ...first, offset: rest[0].offset }, ...rest] };
  t.throws(() => verifyPlan(moved), { instanceOf: InternalError, message: /overlap/ });
});

// --- updates -------------------------------------------------------------------------------------------------------------------

/** Runs a program several times on its own results and compares with the interpreter; returns the number of copies. */
function updates(
  t: ExecutionContext,
  inputs: readonly Node[],
  outputs: readonly Node[],
  writeBack: readonly (number | null)[],
): number {
  const graph = makeGraph(inputs, outputs);
  const { built } = compileGraph(graph, { writeBack });
  const linked = link(
    built,
    inputs.map(() => null),
  );
  const expected: NumberArray[] = inputs.map((n, i) => smallNumbers(n, i + 1).map((v) => v / 4));
  expected.forEach((values, i) => linked.inputs[i].set(Array.from(values)));
  for (let round = 0; round < 3; round++) {
    const results = interpret(graph, expected);
    writeBack.forEach((i, o) => i !== null && (expected[i] = results[o]));
    linked.run();
    results.forEach((values, o) =>
      t.is(difference(linked.outputs[o], values, 1e-5), null, `output ${o}, round ${round}`),
    );
    expected.forEach((values, i) =>
      t.is(difference(linked.inputs[i], values, 1e-5), null, `input ${i}, round ${round}`),
    );
  }
  writeBack.forEach((i, o) => i !== null && t.is(linked.outputs[o], linked.inputs[i]));
  t.is(built.plan.copies.length + built.plan.aliases.size, writeBack.filter((i) => i !== null).length);
  return built.plan.copies.length;
}

const square6: Shape = [6, 6];
const [w, g, v] = [tensor(...square6), tensor(...square6), tensor(...square6)];

type Update = readonly [outputs: readonly Node[], writeBack: readonly (number | null)[]];
const inPlace: Readonly<Record<string, Update>> = {
  'w - g': [[sub(w, g)], [0]],
  'w - g, and the sum of the new w': [
    [sub(w, g), sum(sub(w, g))],
    [0, null],
  ],
  'w - g, and the sum of the old w': [
    [sub(w, g), sum(w)],
    [0, null],
  ],
  'a product with the old w runs before': [
    [sub(w, mul(g, 0.5)), matmul(g, w)],
    [0, null],
  ],
  'momentum: v and w at once': [
    [sub(w, add(mul(v, 0.5), g)), add(mul(v, 0.5), g)],
    [0, 2],
  ],
  'an update by a matrix product': [[sub(w, mul(matmul(g, v), 0.1))], [0]],
  'a transposed gradient': [[sub(w, transpose(g, 0, 1))], [0]],
};
for (const [what, [outputs, writeBack]] of Object.entries(inPlace))
  test(`an update in place needs no copy: ${what}`, (t) =>
    t.is(updates(t, [w, g, v], outputs, writeBack), 0));

const [a, b] = [tensor(...square6), tensor(...square6)];
const copied: Readonly<Record<string, Update>> = {
  'a swap': [
    [b, a],
    [0, 1],
  ],
  'a swap of computed values': [
    [add(b, 1), add(a, 1)],
    [0, 1],
  ],
  'a cycle of three': [
    [b, w, a],
    [0, 1, 2],
  ],
  'the transpose of itself': [[transpose(a, 0, 1)], [0]],
  'moved by one row': [[roll(a, 1, 0)], [0]],
  'flipped columns': [[mul(flip(a, 1), 0.5)], [0]],
  'a product with itself': [[mul(matmul(a, a), 0.1)], [0]],
  'a product from the left': [[mul(matmul(b, a), 0.1)], [0]],
  'one neighbour after the other': [[cat([narrow(a, 1, 1, 5), narrow(a, 1, 0, 1)], 1)], [0]],
};
for (const [what, [outputs, writeBack]] of Object.entries(copied))
  test(`an update that reads what it would overwrite is right: ${what}`, (t) =>
    t.true(updates(t, [a, b, w], outputs, writeBack) > 0));

const either: Readonly<Record<string, Update>> = {
  softmax: [[softmax(a, 1)], [0]],
  'minus its own transpose': [[sub(a, mul(transpose(a, 0, 1), 0.5))], [0]],
  'softmax along the columns': [[softmax(a, 0)], [0]],
  'minus its row mean': [[sub(a, mean(a, 1, true))], [0]],
  'minus its column mean': [[sub(a, mean(a, 0, true))], [0]],
  'minus its mean': [[sub(a, mean(a))], [0]],
  'a running sum': [[mul(cumsum(a, 1), 0.2)], [0]],
  'new values used while the old are read through a transpose': [
    [mul(add(a, b), 0.5), matmul(mul(add(a, b), 0.5), transpose(a, 0, 1))],
    [0, null],
  ],
  'new values and old values in one expression': [
    [mul(add(a, b), 0.5), add(transpose(a, 0, 1), mul(add(a, b), 0.5))],
    [0, null],
  ],
  'two updates that read each other': [
    [mul(add(a, b), 0.5), mul(sub(a, b), 0.5)],
    [0, 1],
  ],
  'two updates in a row': [
    [mul(add(a, b), 0.5), exp(mul(sub(mul(add(a, b), 0.5), 4), 0.1))],
    [0, 1],
  ],
  'a scatter into itself': [
    [mul(scatterAdd(a, 0, iota([3, 6], 0, 'int32', 2), narrow(b, 0, 0, 3)), 0.5)],
    [0],
  ],
  'a scatter of itself into itself': [
    [mul(scatterAdd(a, 0, iota([3, 6], 0, 'int32', 2), narrow(a, 0, 0, 3)), 0.5)],
    [0],
  ],
  'an untouched input': [
    [a, sum(a)],
    [0, null],
  ],
  'the update of one through the other': [
    [transpose(b, 0, 1), mul(add(a, b), 0.5)],
    [0, 1],
  ],
  'one value for two': [
    [mul(add(a, b), 0.5), mul(add(a, b), 0.5)],
    [0, 1],
  ],
};
for (const [what, [outputs, writeBack]] of Object.entries(either))
  test(`an update is right, in place or not: ${what}`, (t) => {
    updates(t, [a, b, w], outputs, writeBack);
  });
