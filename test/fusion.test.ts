// What shares a kernel. Each test counts kernels of a graph, forward or with its gradients: fewer means fewer passes over memory.

import test from 'ava';

import { makeGraph } from '../compiler/graph.ts';
import { differentiate } from '../compiler/differentiate.ts';
import { printGroups } from '../compiler/group.ts';
import type { Node } from '../compiler/node.ts';
import type { DType } from '../compiler/dtype.ts';
import { relu } from '../ops/activation.ts';
import { add, div, mul, sub } from '../ops/binary.ts';
import { pow } from '../ops/binary-power.ts';
import { eq } from '../ops/compare.ts';
import { crossEntropy } from '../ops/loss-class.ts';
import { matmul } from '../ops/matmul.ts';
import { layerNorm } from '../ops/norm.ts';
import { amax, mean, sum } from '../ops/reduce.ts';
import { where } from '../ops/select.ts';
import { narrow } from '../ops/slice.ts';
import { logSoftmax, softmax } from '../ops/softmax.ts';
import { constant, input, iota, onesLike } from '../ops/source.ts';
import { cos, sin } from '../ops/unary-trig.ts';
import { exp, sqrt, square } from '../ops/unary.ts';
import { expand, permute, reshape, transpose, unsqueeze } from '../ops/view.ts';
import { Parameter, arange, compile, nn, ones, optim, zeros } from '../index.ts';
import type { Tensor } from '../index.ts';
import { compileGraph, compileNodes, kernels } from './helpers/compile.ts';
import { kernelTexts } from './helpers/kernelText.ts';

const tensor = (shape: readonly number[], dtype: DType = 'float32'): Node => input({ shape, dtype });
const x = tensor([64, 128]);
const gradients = (y: Node, wanted: readonly Node[], g: Node = onesLike(y)): Node[] =>
  differentiate([y], [g], wanted, add) as Node[];

/** The cross-entropy of logits with classes, in which no target is ignored. */
function entropy(logits: Node, classes: Node): Node {
  const [n, c] = logits.type.shape;
  const hit = eq(iota([n, c], 1, 'int32'), unsqueeze(classes, 1));
  return mul(sum(where(hit, logSoftmax(logits, 1), 0)), -1 / n);
}

test('softmax is one kernel', (t) => t.is(kernels([x], [softmax(x, -1)]), 1));
test('logSoftmax is one kernel', (t) => t.is(kernels([x], [logSoftmax(x, -1)]), 1));

test('layerNorm with weight and bias is one kernel', (t) => {
  const [weight, bias] = [tensor([128]), tensor([128])];
  t.is(kernels([x, weight, bias], [layerNorm(x, [128], { weight, bias })]), 1);
});

test('two elementwise results of one tensor are one kernel', (t) => t.is(kernels([x], [exp(x), sin(x)]), 1));
test('the row sum and the row maximum of one tensor are one kernel', (t) =>
  t.is(kernels([x], [sum(x, 1), amax(x, 1)]), 1));
test('a column sum and an elementwise result are one kernel', (t) =>
  t.is(kernels([x], [sum(x, 0), cos(x)]), 1));

test('softmax cross-entropy and its gradient are one kernel', (t) => {
  const classes = tensor([64], 'int32');
  const loss = entropy(x, classes);
  t.is(kernels([x, classes], gradients(loss, [x])), 1);
  t.is(kernels([x, classes], [loss, ...gradients(loss, [x])]), 1);
});

test('crossEntropy and its gradient are one kernel, which first counts the targets that are not ignored', (t) => {
  const classes = tensor([64], 'int32');
  const loss = crossEntropy(x, classes);
  t.is(kernels([x, classes], [loss, ...gradients(loss, [x])]), 1);
});

test('the backward of layerNorm gives all three gradients in one kernel', (t) => {
  const [weight, bias, g] = [tensor([128]), tensor([128]), tensor([64, 128])];
  const y = layerNorm(x, [128], { weight, bias });
  t.is(kernels([x, weight, bias, g], gradients(y, [x, weight, bias], g)), 1);
});

const w = tensor([128, 32]);
const b = tensor([32]);
test('matmul with bias and relu is one kernel', (t) =>
  t.is(kernels([x, w, b], [relu(add(matmul(x, w), b))]), 1));
test('matmul, reshape and bias are one kernel', (t) =>
  t.is(kernels([x, w, b], [add(reshape(matmul(x, w), [8, 8, 32]), b)]), 1));
test('matmul and a mask are one kernel', (t) => {
  const mask = tensor([64, 32], 'bool');
  t.is(kernels([x, w, mask], [where(mask, matmul(x, w), 0)]), 1);
});
test('a transposed operand of matmul is not a kernel', (t) => {
  const wt = tensor([32, 128]);
  t.is(kernels([x, wt], [matmul(x, transpose(wt, 0, 1))]), 1);
});

test('the loss and four gradients of a two-layer perceptron are six kernels, five of them contractions', (t) => {
  const [w1, b1, w2, b2] = [tensor([128, 64]), tensor([64]), tensor([64, 10]), tensor([10])];
  const classes = tensor([64], 'int32');
  const loss = entropy(add(matmul(relu(add(matmul(x, w1), b1)), w2), b2), classes);
  const inputs = [x, w1, b1, w2, b2, classes];
  const { built } = compileNodes(inputs, [loss, ...gradients(loss, [w1, b1, w2, b2])]);
  t.is(built.plan.kernels.length, 6);
  t.is(built.optimized.nodes.filter((n) => n.op.name === 'contract').length, 5);
});

/** The new parameter and moments of one Adam step, from 0-d step sizes. */
function adam(p: Node, g: Node, m: Node, v: Node, rate: Node, scale: Node): Node[] {
  const m1 = add(mul(m, 0.9), mul(g, 0.1));
  const v1 = add(mul(v, 0.999), mul(square(g), 0.001));
  return [sub(p, mul(rate, div(m1, add(div(sqrt(v1), scale), 1e-8)))), m1, v1];
}

test('Adam runs in the kernel of the gradient that it uses', (t) => {
  const [g, m, v, rate, scale] = [
    tensor([64, 32]),
    tensor([128, 32]),
    tensor([128, 32]),
    tensor([]),
    tensor([]),
  ];
  const gradient = matmul(transpose(x, 0, 1), g);
  t.is(kernels([x, g, w, m, v, rate, scale], adam(w, gradient, m, v, rate, scale)), 1);
});

test('Adam of a bias runs after the sum over rows, in the kernel of that sum', (t) => {
  const [g, m, v, rate, scale] = [tensor([64, 32]), tensor([32]), tensor([32]), tensor([]), tensor([])];
  const { built } = compileNodes([g, b, m, v, rate, scale], adam(b, sum(relu(g), 0), m, v, rate, scale));
  t.is(built.plan.kernels.length, 1);
  t.true([...built.grouping.groups[0].domain.place.values()].includes('tail'));
});

test('step sizes that several kernels read are one kernel before them', (t) => {
  const step = tensor([]);
  const rate = div(0.001, sub(1, pow(0.9, add(step, 1))));
  const [p, q] = [tensor([300]), tensor([7, 5])];
  const { built } = compileNodes([step, p, q], [mul(p, rate), mul(q, rate)]);
  t.is(built.plan.kernels.length, 3);
  t.is(built.plan.kernels[0].writes.length, 1);
});

test('a long chain of elementwise operations is one kernel without temporaries', (t) => {
  let y = x;
  for (let i = 0; i < 20; i++) y = sin(add(mul(y, 1.5), i));
  const { built } = compileNodes([x], [y]);
  t.is(built.plan.kernels.length, 1);
  t.deepEqual(
    built.plan.slots.map((s) => s.buffer.role),
    ['input', 'output'],
  );
});

test('an elementwise reader through a permutation stays in the kernel', (t) =>
  t.is(kernels([x], [exp(permute(sin(x), [1, 0]))]), 1));
test('a sum that is spread back over its row is one kernel', (t) =>
  t.is(kernels([x], [sub(x, mean(x, 1, true))]), 1));

test('softmax over the slow axis is not forced into strided loops', (t) => {
  const { built } = compileNodes([x], [softmax(x, 0)]);
  t.is(built.plan.kernels.length, 3);
  t.regex(printGroups(built.grouping), /shared axes are not the slowest in memory/);
});

test('a value that is read at moved positions is computed once, before', (t) => {
  const y = exp(x);
  const { built } = compileNodes([x], [add(narrow(y, 1, 0, 127), narrow(y, 1, 1, 127))]);
  t.is(built.plan.kernels.length, 2);
  t.regex(
    printGroups(built.grouping),
    /not merged: exp with add: add reads exp through a view that moves elements/,
  );
});

test('two contractions never share a kernel, and the reason is told', (t) => {
  const v = tensor([32, 16]);
  const { built } = compileNodes([x, w, v], [matmul(matmul(x, w), v)]);
  t.is(built.plan.kernels.length, 2);
  t.regex(printGroups(built.grouping), /two contractions/);
});

test('a group stays convex: a path that leaves it and comes back is refused', (t) => {
  const a = exp(x);
  const product = matmul(a, w); // needs a in memory
  const back = sum(product, 1, true); // and comes back to the rows of a
  const { built } = compileNodes([x, w], [add(a, back)]);
  t.true(built.plan.kernels.length >= 2);
  const order = built.grouping.groups.map((g) => g.domain.members.map((n) => n.op.name).join());
  t.true(order[0].includes('exp'));
});

test('masks of positions are computed where they are read', (t) => {
  const upper = eq(iota([64, 128], 0, 'int32'), iota([64, 128], 1, 'int32'));
  const { built } = compileNodes([x, w], [where(upper, x, 0), sum(where(upper, sin(x), 1), 0)]);
  t.is(built.plan.kernels.length, 1);
});

test('constants and broadcasts are no memory', (t) => {
  const { built } = compileNodes([b], [mul(expand(b, [64, 32]), constant(2, 'float32', [64, 32]))]);
  t.is(built.plan.slots.length, 2);
});

test('the same graph gives the same groups and the same source every time', (t) => {
  const make = (): string => {
    const [p, q] = [tensor([4, 6]), tensor([6])];
    const y = layerNorm(p, [6], { weight: q });
    return compileGraph(makeGraph([p, q], gradients(sum(square(y)), [p, q]))).built.source.replace(
      /program \d+|test-\d+/g,
      '',
    );
  };
  t.is(make(), make());
});

/** Of the table, what the graph is with its gradients: no more kernels than contractions, and one where there is none. */
const withGradients: Readonly<Record<string, readonly [inputs: readonly Node[], y: Node, kernels: number]>> =
  {
    softmax: [[x], softmax(x, -1), 1],
    logSoftmax: [[x], logSoftmax(x, -1), 1],
    'two elementwise results': [[x], add(exp(x), sin(x)), 1],
    'row sum and row maximum': [[x], add(sum(x, 1), amax(x, 1)), 1],
    'matmul with bias and relu': [[x, w, b], relu(add(matmul(x, w), b)), 3],
    'matmul, reshape and bias': [[x, w, b], add(reshape(matmul(x, w), [8, 8, 32]), b), 4],
  };
for (const [what, [inputs, y, most]] of Object.entries(withGradients))
  test(`with its gradients it is few kernels: ${what}`, (t) => {
    const g = tensor(y.type.shape);
    const count = kernels([...inputs, g], [y, ...gradients(y, inputs, g)]);
    t.true(count <= most, `${count} kernels`);
  });

test('a step of nn and optim has the kernels of its products, and Adam has none of its own', (t) => {
  const model = new nn.Sequential(new nn.Linear(128, 64), new nn.ReLU(), new nn.Linear(64, 10));
  const optimizer = new optim.Adam(model.parameters(), { lr: 1e-3 });
  const plainStep = (rows: Tensor, classes: Tensor): Tensor => {
    optimizer.zeroGrad();
    const loss = nn.functional.crossEntropy(model(rows), classes);
    loss.backward();
    return loss;
  };
  const data = [zeros([64, 128]), zeros([64], { dtype: 'int32' })] as const;
  const without = compile(plainStep).lower(...data).kernels.length;
  const step = compile((rows: Tensor, classes: Tensor) => {
    const loss = plainStep(rows, classes);
    optimizer.step();
    return loss;
  });
  const all = step.lower(...data).kernels.length;
  t.true(without <= 8, `${without} kernels`);
  // one for the step sizes, which all parameters read
  t.true(all <= without + 1, `${all} kernels, ${without} without Adam`);
});

test('Adam over parameters of one shape is one kernel each, and one for the step sizes', (t) => {
  const parameters = Array.from({ length: 5 }, () => new Parameter(ones([30, 20])));
  const optimizer = new optim.Adam(parameters);
  parameters.forEach((p) => (p.grad = ones([30, 20])));
  const step = compile(() => optimizer.step());
  const count = step.lower().kernels.length;
  t.true(count <= parameters.length + 1, `${count} kernels`);
});

test('a recurrence over positions has a text that grows with its steps, not with their powers', (t) => {
  const length = (steps: number): number => {
    const recurrence = (y: Tensor): Tensor => {
      let z = arange(64).mul(0.01);
      for (let i = 0; i < steps; i++) z = z.mul(z).add(z).clamp(-1, 1);
      return y.mul(z);
    };
    return compile(recurrence).lower(zeros([64])).source.length;
  };
  const [two, four, six] = [2, 4, 6].map(length);
  t.true(six - four < 3 * (four - two), `${two}, ${four}, ${six} characters`);
});

test('a sine of positions is computed once for all passes over a row', (t) => {
  const encoded = (y: Tensor): Tensor => {
    const angles = arange(64).unsqueeze(1).mul(arange(16).mul(-0.5).exp());
    return y.add(angles.sin()).softmax(1);
  };
  const { source, kernels } = compile(encoded).lower(zeros([64, 16]));
  const texts = kernelTexts(
    source,
    kernels.map((k) => k.name),
  );
  const count = (fn: string): number => texts.reduce((n, { calls }) => n + (calls[fn] ?? 0), 0);
  t.is(count('sin32'), 1);
});
