// Legal calls that are rarely made: odd shapes, dtypes, bounds and ties. In: public calls. Out: PyTorch's values, which are written here as
// literals, and its refusals.

import test from 'ava';
import * as g from '../index.ts';
import type { Tensor } from '../index.ts';

const f64 = (data: Parameters<typeof g.tensor>[0]): Tensor =>
  g.tensor(data, { dtype: 'float64', requiresGrad: true });
const i32 = (data: Parameters<typeof g.tensor>[0]): Tensor => g.tensor(data, { dtype: 'int32' });

test('a reflection sees what a negative width cuts off at the other side', (t) => {
  const x = f64([[[[0, 1], [2, 3], [4, 5]]]]); // prettier-ignore
  const y = g.pad(x, [0, 0, -1, 2], { mode: 'reflect' });
  t.deepEqual(y.toArray(), [[[[2, 3], [4, 5], [2, 3], [0, 1]]]]); // prettier-ignore
  y.sum().backward();
  t.deepEqual(x.grad!.toArray(), [[[[1, 1], [2, 2], [1, 1]]]]); // prettier-ignore
});

test('rows without columns are 0 apart in every norm', (t) => {
  const [x, y] = [g.zeros([2, 0]), g.zeros([1, 0])];
  for (const p of [0, 1, 2, Infinity]) t.deepEqual(g.cdist(x, y, { p }).toArray(), [[0], [0]]);
  t.deepEqual(g.pdist(g.zeros([3, 0]), { p: Infinity }).toArray(), [0, 0, 0]);
});

test('hardtanh with its limits swapped is the upper one everywhere, without a gradient', (t) => {
  const x = f64([-2, 0, 2]);
  const y = g.hardtanh(x, { minVal: 1, maxVal: -1 });
  t.deepEqual(y.toArray(), [-1, -1, -1]);
  y.sum().backward();
  t.deepEqual(x.grad!.toArray(), [0, 0, 0]);
});

test('a linear weight of one dimension is a single output', (t) => {
  const [x, w] = [f64([[1, 2], [3, 4]]), f64([5, 6])]; // prettier-ignore
  const y = g.linear(x, w, f64(0.5));
  t.deepEqual(y.toArray(), [17.5, 39.5]);
  y.sum().backward();
  t.deepEqual(w.grad!.toArray(), [4, 6]);
});

test('l1Loss of integers is an integer', (t) => {
  const loss = g.l1Loss(i32([1, 5]), i32([4, 3]), { reduction: 'sum' });
  t.is(loss.dtype, 'int32');
  t.is(loss.item(), 5);
});

const refusals: readonly (readonly [name: string, call: () => unknown, message: RegExp])[] = [
  [
    'softshrink by a negative amount',
    () => g.softshrink(f64([1]), { lambd: -1 }),
    /^lambda must be greater or equal to 0, but found to be -1\./,
  ],
  [
    'marginRankingLoss of operands of different ranks',
    () => g.marginRankingLoss(f64([[1, 2]]), f64([1, 2]), f64([1, -1])),
    /^margin_ranking_loss : All input tensors should have same dimension but got sizes: input1: \[1, 2\], input2: \[2\], target: \[2\]/,
  ],
  [
    'cosineEmbeddingLoss of rows and a vector',
    () => g.cosineEmbeddingLoss(f64([[1, 2]]), f64([1, 2]), f64([1])),
    /^1D target tensor expects 2D input tensors, but found inputs with sizes \[1, 2\] and \[2\]\./,
  ],
  [
    'the mean of integers in l1Loss',
    () => g.l1Loss(i32([1, 5]), i32([4, 3])),
    /^mean\(\): could not infer output dtype\./,
  ],
  [
    'a number of repeats too few',
    () => f64([1, 2, 3]).repeatInterleave(i32([1, 2])),
    /^repeats must have the same size as input along dim/,
  ],
  [
    'a negative number of repeats',
    () => f64([1, 2]).repeatInterleave(i32([1, -2])),
    /^repeats can not be negative/,
  ],
  [
    'repeats that are no whole numbers',
    () => f64([1, 2]).repeatInterleave(f64([1, 2])),
    /^"repeat_interleave_cpu" not implemented for 'Double'/,
  ],
  [
    'a matrix of repeats',
    () => f64([1, 2]).repeatInterleave(i32([[1], [2]])),
    /^repeats must be 0-dim or 1-dim tensor/,
  ],
  [
    'a number of repeats beside none',
    () => g.repeatInterleave(i32([[1], [2]])),
    /^repeat_interleave only accept 1D vector as repeat/,
  ],
  [
    'a sum of repeats that is another',
    () => f64([1, 2]).repeatInterleave(i32([1, 2]), { outputSize: 4 }),
    /^allocated size does not match required size/,
  ],
  [
    'a quantile of integers',
    () => i32([1, 2]).quantile(0.5),
    /^quantile\(\) input tensor must be either float or double dtype/,
  ],
  [
    'the cross product of rows and a vector',
    () => g.linalg.cross(f64([[1, 2, 3]]), f64([1, 2, 3])),
    /^linalg\.cross: inputs must have the same number of dimensions\./,
  ],
  ['a remainder by false', () => i32([5]).remainder(g.tensor([false])), /^ZeroDivisionError/],
  [
    'renorm of a vector',
    () => f64([1, 2]).renorm(2, 0, 1),
    /^renorm: input needs at least 2 dimensions, got 1 dimensions/,
  ],
  [
    'the largest magnitude along an empty dimension',
    () => g.linalg.vectorNorm(g.zeros([2, 0]), Infinity, 1),
    /^linalg\.vector_norm cannot compute the inf norm on the dimension 1 because this dimension is empty and the operation does not have an identity/,
  ],
];

for (const [name, call, message] of refusals)
  test(`${name} is refused in PyTorch's words`, (t) => {
    t.throws(call, { instanceOf: g.GradloomError, message });
  });

test('the gradient of a clamp has no history of its own', (t) => {
  const x = f64([-1, 0, 1]);
  const [grad] = g.autograd.grad([x.clamp(-0.5, 0.5).sum()], [x], { createGraph: true });
  t.deepEqual(grad.toArray(), [0, 1, 0]);
  t.is(grad.gradFn, null);
});

test('a sum converts its data to the dtype that is asked for', (t) => {
  const x = g.tensor([[1.9, 2.9], [3.9, 250.9]]); // prettier-ignore
  const whole = x.sum({ dtype: 'int32' });
  t.deepEqual([whole.dtype, whole.item()], ['int32', 256]);
  t.deepEqual(x.sum(0, true, { dtype: 'int32' }).toArray(), [[4, 252]]);
  t.is(x.sum({ dtype: 'uint8' }).item(), 0);
  t.deepEqual(i32([1, 2]).mean({ dtype: 'float64' }).toArray(), 1.5);
  t.deepEqual(i32([2, 3]).prod(0, { dtype: 'float64' }).dtype, 'float64');
  t.deepEqual(x.cumsum(1, { dtype: 'int32' }).toArray(), [[1, 3], [3, 253]]); // prettier-ignore
  t.is(i32([2, 3]).cumprod(0, { dtype: 'float32' }).dtype, 'float32');
});

test('a number beside small integers is not one of them where the result is a float', (t) => {
  const x = g.tensor([3], { dtype: 'uint8' });
  t.deepEqual(x.div(-1).toArray(), [-3]);
  t.deepEqual(g.div(-2, x.add(1)).toArray(), [-0.5]);
  t.deepEqual(x.copysign(-1).toArray(), [-3]);
  t.deepEqual(x.xlogy(-1).toArray(), [NaN]);
});

test('booleans are added with a factor as booleans', (t) => {
  const [x, y] = [[true, false], [true, true]].map((data) => g.tensor(data)); // prettier-ignore
  t.deepEqual(x.add(y, { alpha: 2 }).toArray(), [true, true]);
  t.deepEqual(x.add(y, { alpha: 0 }).toArray(), [true, false]);
});

test('quantile takes its options where nothing else is given', (t) => {
  const x = f64([[1, 2, 4], [8, 16, 32]]); // prettier-ignore
  t.is(x.quantile(0.5, { interpolation: 'lower' }).item(), 4);
  t.deepEqual(x.quantile(0.25, 1, false, { interpolation: 'higher' }).toArray(), [2, 16]);
  t.deepEqual(x.quantile(0.5, { dim: 0, keepdim: true }).toArray(), [[4.5, 9, 18]]);
});

test('the largest magnitude of nothing is 0 in norm', (t) => {
  const x = g.zeros([2, 0]);
  t.deepEqual(x.norm(Infinity, 1).toArray(), [0, 0]);
  t.deepEqual(x.norm(-Infinity, 1, true).toArray(), [[0], [0]]);
});

test('softmax layers take their dimension alone or by name', (t) => {
  const x = f64([[0, 0], [0, 0]]); // prettier-ignore
  t.deepEqual(new g.nn.Softmax({ dim: 0 }).forward(x).toArray(), new g.nn.Softmax(0).forward(x).toArray());
  t.is(String(new g.nn.LogSoftmax({ dim: 1 })), 'LogSoftmax(dim=1)');
  t.throws(() => new g.nn.Softmin({ dims: 0 } as never).forward(x), {
    message: /unexpected keyword argument 'dims'/,
  });
});

test('flattening one dimension is the tensor itself', (t) => {
  const x = g.zeros([3]);
  t.is(x.flatten(), x);
});

// --- writing through views --------------------------------------------------------------------------------------------------

test('what fills a view of all elements leaves the whole without a gradient', (t) => {
  for (const view of [(y: Tensor) => y.reshape([-1]), (y: Tensor) => y.t(), (y: Tensor) => y.unsqueeze(0)]) {
    const x = f64([[1, 2], [3, 4]]); // prettier-ignore
    const y = x.mul(2);
    view(y).fill_(7);
    t.is(y.gradFn!.name, 'CopySlices');
    y.sum().backward();
    t.deepEqual(x.grad!.toArray(), [[0, 0], [0, 0]]); // prettier-ignore
  }
});

test('reshape is a view wherever steps of one size lead through the elements', (t) => {
  const shared = (of: (x: Tensor) => Tensor, shape: readonly number[]): boolean => {
    const x = g.zeros([2, 3, 4]);
    of(x).reshape(shape).add_(1);
    return x.sum().item() !== 0;
  };
  t.true(shared((x) => x.index(1, null), [-1]));
  t.true(shared((x) => x.slice(1, 1), [2, 8]));
  t.true(shared((x) => x.slice(2, 0, 4, 2), [6, 2]));
  t.true(shared((x) => x.transpose(0, 2), [4, 1, 3, 2]));
  t.true(shared((x) => x.select(2, 1), [6]));
  t.false(shared((x) => x.transpose(0, 1), [-1]));
  t.false(shared((x) => x.slice(1, 1), [-1]));
  t.false(shared((x) => x.slice(2, 1), [3, 6]));
});

test('an expanded tensor can be filled, and refuses any other write', (t) => {
  const x = g.zeros([2]);
  x.expand([3, 2]).fill_(2);
  t.deepEqual(x.toArray(), [2, 2]);
  x.unsqueeze(1).expand([2, 3]).zero_();
  t.deepEqual(x.toArray(), [0, 0]);
  t.throws(() => x.expand([3, 2]).add_(1), {
    message:
      /^unsupported operation: more than one element of the written-to tensor refers to a single memory location\./,
  });
});

test('repeats without anything to repeat are indices', (t) => {
  t.deepEqual(g.repeatInterleave(i32([2, 0, 1])).toArray(), [0, 0, 2]);
});

test('a tensor of repeats is not read inside a compiled function', (t) => {
  const step = g.compile((x: Tensor, repeats: Tensor) => x.repeatInterleave(repeats));
  t.throws(() => step(f64([1, 2]), i32([1, 2])), { instanceOf: g.TraceError });
});

test('rows of an embedding that are used and too long are shortened in the table', (t) => {
  const table = (): Tensor => f64([[3, 4], [0.3, 0.4], [6, 8]]); // prettier-ignore
  const look = (weight: Tensor): Tensor => g.embedding(i32([0, 1, 0]), weight, { maxNorm: 1 });
  for (const way of [look, g.compile(look)]) {
    const weight = table();
    const rows = way(weight);
    const [long, short] = [[0.6, 0.8], [0.3, 0.4]]; // prettier-ignore
    t.true(g.allclose(rows, f64([long, short, long]), { atol: 1e-6 }));
    t.true(g.allclose(weight, f64([long, short, [6, 8]]), { atol: 1e-6 }));
  }
});

test('an embedding that is refused leaves the table as it is', (t) => {
  const weight = f64([[3, 4], [0, 1]]); // prettier-ignore
  t.throws(() => g.embedding(i32([0, 2]), weight, { maxNorm: 1 }), {
    message: /^index out of range in self/,
  });
  t.deepEqual(weight.toArray(), [[3, 4], [0, 1]]); // prettier-ignore
});
