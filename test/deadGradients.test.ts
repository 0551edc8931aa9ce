// Gradients that nobody asked for cost nothing: no kernel, no operation, no transcendental function. What is not on a path to a wanted
// gradient is never built; zeros in disguise fold away; backward formulas share the forward value instead of computing it again.

import test from 'ava';

import { differentiate } from '../compiler/differentiate.ts';
import type { Node } from '../compiler/node.ts';
import type { Built } from '../compiler/pipeline.ts';
import type { Scalar } from '../compiler/scalar.ts';
import { relu } from '../ops/activation.ts';
import { add, mul, sub } from '../ops/binary.ts';
import { conv2d } from '../ops/conv.ts';
import { matmul } from '../ops/matmul.ts';
import { layerNorm } from '../ops/norm.ts';
import { mean, sum } from '../ops/reduce.ts';
import { where } from '../ops/select.ts';
import { logSoftmax, softmax } from '../ops/softmax.ts';
import { constant, input, onesLike, zerosLike } from '../ops/source.ts';
import { floor, round, sign } from '../ops/unary-round.ts';
import { sigmoid, tanh } from '../ops/unary-trig.ts';
import { exp, sqrt, square } from '../ops/unary.ts';
import { compile, nn, randn } from '../index.ts';
import type { Program, Tensor } from '../index.ts';
import { compileNodes } from './helpers/compile.ts';
import { kernelTexts } from './helpers/kernelText.ts';

const tensor = (...shape: number[]): Node => input({ shape, dtype: 'float32' });
const gradients = (y: Node, wanted: readonly Node[], g: Node = onesLike(y)): Node[] =>
  differentiate([y], [g], wanted, add).filter((found) => found !== null);

interface Price {
  readonly kernels: number;
  readonly flops: number;
  readonly contractions: number;
  /** Calls of transcendental functions in the text; a sum in four parts has them four times. */
  readonly calls: number;
  /** Transcendental primitives in the graph, each node once. */
  readonly computed: number;
}

const transcendental =
  /^(Math\.(exp|expm1|log|log1p|tanh|sin|cos|pow)|(exp|log|tanh|sigmoid|sin|cos|erf)32|(sigmoid|pow|erf)Of)$/;

const dear = new Set<string>(['exp', 'expm1', 'log', 'log1p', 'tanh', 'sigmoid', 'sin', 'cos', 'pow', 'erf']);
function countDear(e: Scalar): number {
  if (e.tag === 'cast') return countDear(e.arg);
  return e.tag === 'prim' ? e.args.reduce((total, x) => total + countDear(x), dear.has(e.prim) ? 1 : 0) : 0;
}

function priceOf(built: Built): Price {
  const { kernels } = built.plan;
  const texts = kernelTexts(
    built.source,
    kernels.map((k) => k.name),
  );
  const calls = texts.flatMap((k) => Object.entries(k.calls)).filter(([name]) => transcendental.test(name));
  return {
    kernels: kernels.length,
    flops: kernels.reduce((total, k) => total + k.flops, 0),
    contractions: built.optimized.nodes.filter((n) => n.op.name === 'contract').length,
    calls: calls.reduce((total, [, count]) => total + count, 0),
    computed: built.optimized.nodes.reduce((total, n) => {
      const meaning = n.op.meaning(n);
      return total + (meaning.tag === 'map' ? countDear(meaning.expr) : 0);
    }, 0),
  };
}
const price = (inputs: readonly Node[], outputs: readonly Node[]): Price =>
  priceOf(compileNodes(inputs, outputs).built);

const [x, w1, w2, w3] = [tensor(64, 100), tensor(100, 50), tensor(50, 40), tensor(40, 30)];
const inputs = [x, w1, w2, w3];
const h1 = tanh(matmul(x, w1));
const h2 = tanh(matmul(h1, w2));
const loss = sum(square(matmul(h2, w3)));

const wanted: [what: string, parameters: readonly Node[], contractions: number][] = [
  ['the last layer: one product', [w3], 1],
  ['the last two layers', [w2, w3], 3],
  ['the middle layer only', [w2], 2],
  ['all layers, not their input', [w1, w2, w3], 5],
  ['all layers and their input', [x, w1, w2, w3], 6],
  ['the input only', [x], 3],
];
for (const [what, parameters, contractions] of wanted)
  test(`a product is computed for what is asked for and for nothing else: ${what}`, (t) => {
    const forward = price(inputs, [loss]);
    const all = price(inputs, [loss, ...gradients(loss, parameters)]);
    t.is(forward.contractions, 3);
    t.is(all.contractions - forward.contractions, contractions);
    t.is(all.calls, forward.calls, 'tanh is not computed again');
  });

test('each layer that is frozen makes a step cheaper', (t) => {
  const flops = [[w3], [w2, w3], [w1, w2, w3], [x, w1, w2, w3]].map(
    (parameters) => price(inputs, gradients(loss, parameters)).flops,
  );
  t.true(
    flops.every((f, i) => i === 0 || f > flops[i - 1]),
    String(flops),
  );
});

test('a branch of frozen parameters is no part of the backward', (t) => {
  const frozen = exp(matmul(x, w1));
  const y = add(matmul(frozen, w2), 0);
  const trained = tensor(64, 40);
  const out = sum(mul(y, trained));
  t.deepEqual(price([...inputs, trained], gradients(out, [trained])), price(inputs, [y]));
});

test('the gradient of a parameter in a sum does not compute the other terms', (t) => {
  const p = tensor(64, 50);
  const out = sum(add(exp(matmul(x, w1)), mul(p, p)));
  t.deepEqual(price([...inputs, p], gradients(out, [p])), price([p], [mul(p, 2)]));
});

test('a convolution without an input gradient has two contractions, with it three', (t) => {
  const [image, w] = [tensor(4, 3, 8, 8), tensor(16, 3, 3, 3)];
  const out = sum(square(conv2d(image, w, null, { padding: 1 })));
  t.is(price([image, w], gradients(out, [w])).contractions, 2);
  t.is(price([image, w], gradients(out, [image, w])).contractions, 3);
});

test('a bias gradient needs no product', (t) => {
  const b = tensor(50);
  const out = sum(add(matmul(x, w1), b));
  t.is(price([x, w1, b], gradients(out, [b])).contractions, 0);
});

test('the input gradient of layerNorm that nobody wants is not computed', (t) => {
  const [weight, bias] = [tensor(100), tensor(100)];
  const y = layerNorm(x, [100], { weight, bias });
  const g = tensor(64, 100);
  t.true(
    price([x, weight, bias, g], gradients(y, [weight, bias], g)).flops <
      price([x, weight, bias, g], gradients(y, [x, weight, bias], g)).flops,
  );
  t.true(price([x, weight, bias, g], gradients(y, [bias], g)).flops <= 64 * 100 * 2);
});

/** y has the gradient of z, but for terms that are always zero. */
const p = tensor(32, 40);
const expensive = exp(matmul(x, w1));
type Pair = readonly [y: Node, z: Node];
const exactly: Readonly<Record<string, Pair>> = {
  'a term that does not depend on it': [add(square(p), sum(expensive)), square(p)],
  'adding zeros': [add(square(p), zerosLike(p)), square(p)],
  'zero minus zero': [sub(square(p), sub(zerosLike(p), zerosLike(p))), square(p)],
  'one times': [mul(square(p), onesLike(p)), square(p)],
};
const steps: Readonly<Record<string, Pair>> = {
  floor: [add(square(p), floor(p)), square(p)],
  round: [add(square(p), round(p)), square(p)],
  sign: [add(square(p), sign(p)), square(p)],
};
/** The zero is multiplied by what may be infinite, and then is NaN. */
const products: Readonly<Record<string, Pair>> = {
  'a mask of constants': [where(constant(1, 'bool', [32, 40]), square(p), exp(p)), square(p)],
  'the other side of it': [where(constant(0, 'bool', [32, 40]), exp(p), square(p)), square(p)],
  'zero times': [add(square(p), mul(exp(p), 0)), square(p)],
};
const priceOfGradient = (y: Node, fastMath: boolean): Price =>
  priceOf(compileNodes([p, ...inputs], gradients(sum(y), [p]), { fastMath }).built);

for (const [what, [y, z]] of Object.entries(exactly))
  test(`a gradient that is zero in disguise disappears: ${what}`, (t) =>
    t.deepEqual(priceOfGradient(y, false), priceOfGradient(z, false)));

for (const [what, [y, z]] of Object.entries({ ...steps, ...products }))
  test(`with fast math, a zero disappears that would turn -0 into 0 or infinity into NaN: ${what}`, (t) =>
    t.deepEqual(priceOfGradient(y, true), priceOfGradient(z, true)));

for (const [what, [y, z]] of Object.entries(steps))
  test(`without fast math, such a zero is one addition and no kernel: ${what}`, (t) => {
    const [more, least] = [priceOfGradient(y, false), priceOfGradient(z, false)];
    t.deepEqual({ ...more, flops: 0 }, { ...least, flops: 0 });
    t.true(more.flops <= least.flops + 32 * 40);
  });

const g = tensor(64, 100);
const shared: Readonly<Record<string, Node>> = {
  exp: exp(x),
  tanh: tanh(x),
  sigmoid: sigmoid(x),
  softmax: softmax(x, 1),
  'softmax along the columns': softmax(x, 0),
  'log of softmax': logSoftmax(x, 1),
  'square root of exp': sqrt(exp(x)),
  'tanh of sigmoid': tanh(sigmoid(x)),
  'a gated product': mul(tanh(x), sigmoid(x)),
  'relu of tanh': relu(tanh(x)),
  'mean of exp': mean(exp(x), 1, true),
};
for (const [what, y] of Object.entries(shared))
  test(`the backward computes no transcendental function that the forward computed: ${what}`, (t) => {
    const cotangent = y.type.shape[1] === 1 ? tensor(64, 1) : g;
    const forward = price([x], [y]);
    const both = price([x, cotangent], [y, ...gradients(y, [x], cotangent)]);
    t.true(forward.calls > 0);
    t.true(both.calls <= forward.calls);
    t.is(both.computed, forward.computed);
  });

test('no exp is evaluated for a gradient that does not need one', (t) => {
  const bias = tensor(100);
  const y = add(exp(x), bias);
  t.is(price([x, bias, g], gradients(y, [bias], g)).calls, 0);
  const z = matmul(softmax(matmul(x, w1), 1), w2);
  const cotangent = tensor(64, 40);
  t.is(price([x, w1, w2, cotangent], gradients(z, [w2], cotangent)).contractions, 2);
});

test('second derivatives share the forward value too', (t) => {
  const y = tanh(x);
  const [first] = gradients(sum(y), [x]);
  const [second] = gradients(sum(first), [x]);
  t.is(price([x], [second]).calls, price([x], [y]).calls);
});

/** A compiled step of a model whose parameters may be frozen. */
function stepOf(freeze: (model: nn.Sequential) => void, inputNeedsGrad = false): Program {
  const model = new nn.Sequential(new nn.Linear(20, 30), new nn.Tanh(), new nn.Linear(30, 10));
  freeze(model);
  const step = compile((rows: Tensor) => {
    const result = model(rows).square().sum();
    result.backward();
    return result;
  });
  const rows = randn([16, 20], { requiresGrad: inputNeedsGrad });
  return step.lower(rows);
}
const freezeLayer =
  (...layers: number[]) =>
  (model: nn.Sequential): void =>
    layers.forEach((at) => [...model.at(at).parameters()].forEach((p) => p.requiresGrad_(false)));
const flopsOf = (program: Program): number => program.kernels.reduce((total, k) => total + k.flops, 0);
const product = 2 * 16 * 20 * 30;

test('the input gradient of the first layer is not computed, unless somebody wants it', (t) => {
  const [usual, wanting] = [stepOf(() => {}), stepOf(() => {}, true)];
  t.true(flopsOf(wanting) - flopsOf(usual) >= product);
  t.true(wanting.kernels.length > usual.kernels.length);
});

test('frozen parameters of a model cut their branch of a compiled step', (t) => {
  const [all, last, none] = [stepOf(() => {}), stepOf(freezeLayer(0)), stepOf(freezeLayer(2))];
  // the gradient of the first weight, and that of the hidden layer
  t.true(flopsOf(all) - flopsOf(last) >= product + 2 * 16 * 30 * 10);
  t.true(flopsOf(all) - flopsOf(none) >= 2 * 16 * 30 * 10);
  t.false(
    /backward/.test(
      last.kernels
        .flatMap((k) => k.origins.map((o) => o.op))
        .filter((op) => /tanh/.test(op))
        .join(),
    ),
  );
});
