// The autograd engine through the public surface: what PyTorch's test_autograd.py asserts, as far as it has a meaning here. In: small graphs.
// Out: values, gradients, and the errors in PyTorch's words.

import test from 'ava';
import * as g from '../index.ts';
import type { Tensor } from '../index.ts';
import { nested as numbers } from './helpers/values.ts';

const { autograd, noGrad, ones, tensor, zeros } = g;

const leaf = (...shape: number[]): Tensor => ones(shape, { requiresGrad: true });
const freed = /^Trying to backward through the graph a second time \(or directly access saved tensors/;

// --- leaves and .grad ------------------------------------------------------------------------------------------------------

test('an operation is recorded if grad mode is on and an input requires grad', (t) => {
  const x = leaf(2);
  t.true(x.mul(2).requiresGrad);
  t.false(ones([2]).mul(2).requiresGrad);
  t.false(noGrad(() => x.mul(2)).requiresGrad);
  t.false(x.gt(0).requiresGrad);
  t.false(x.argmax().requiresGrad);
});

test('a leaf is what no recorded operation made', (t) => {
  const x = leaf(2);
  t.true(x.isLeaf);
  t.true(ones([2]).mul(2).isLeaf);
  t.true(x.mul(2).detach().isLeaf);
  t.true(noGrad(() => x.mul(2)).isLeaf);
  t.false(x.double().isLeaf);
  t.true(x.requiresGrad_().isLeaf);
});

test('.grad is null before backward, and a tensor without history after it', (t) => {
  const x = leaf(2);
  t.is(x.grad, null);
  x.mul(3).sum().backward();
  t.deepEqual(numbers(x.grad), [3, 3]);
  t.false(x.grad!.requiresGrad);
});

test('.grad has the dtype of its tensor, whatever lies between', (t) => {
  const x = leaf(2);
  x.double().mul(3).sum().backward();
  t.is(x.grad!.dtype, 'float32');
});

test('gradients accumulate in the same tensor', (t) => {
  const x = leaf(2);
  x.mul(3).sum().backward();
  const first = x.grad!;
  x.mul(4).sum().backward();
  t.true(x.grad === first);
  t.deepEqual(numbers(first), [7, 7]);
});

test('with createGraph gradients accumulate in a new tensor that has a history', (t) => {
  const x = leaf(2);
  x.mul(x).sum().backward(null, { createGraph: true });
  const first = x.grad!;
  t.is(first.gradFn?.name, 'CopyBackwards');
  x.mul(x).sum().backward(null, { createGraph: true });
  t.true(x.grad !== first);
  t.deepEqual(numbers(first), [2, 2]);
  t.deepEqual(numbers(x.grad), [4, 4]);
});

test('a gradient that was taken over is not the gradient of another leaf', (t) => {
  const [x, y] = [leaf(2), leaf(2)];
  x.add(y).sum().backward();
  x.grad!.mul_(5);
  t.deepEqual(numbers(y.grad), [1, 1]);
});

test('.grad can be set to null, zeroed in place, and replaced', (t) => {
  const x = leaf(2);
  const backward = (): void => x.mul(3).sum().backward();
  backward();
  x.grad!.zero_();
  backward();
  t.deepEqual(numbers(x.grad), [3, 3]);
  x.grad = null;
  backward();
  t.deepEqual(numbers(x.grad), [3, 3]);
  x.grad = tensor([1, 2]);
  backward();
  t.deepEqual(numbers(x.grad), [4, 5]);
});

test('the contributions of several paths are summed', (t) => {
  const x = tensor([2], { requiresGrad: true });
  const y = x.mul(x);
  y.mul(3).add(y.mul(x)).sum().backward();
  t.deepEqual(numbers(x.grad), [24]);
});

test('a leaf whose flag was taken away after the forward gets no gradient', (t) => {
  const x = leaf(2);
  const y = x.mul(2).sum();
  x.requiresGrad_(false);
  y.backward();
  t.is(x.grad, null);
});

test('setting the flag of a leaf through data and views keeps its own rules', (t) => {
  const x = leaf(3);
  t.false(x.detach().requiresGrad);
  t.false(x.data.requiresGrad);
  const y = x.mul(2);
  y.requiresGrad = true;
  t.throws(() => (y.requiresGrad = false), { message: /^you can only change requires_grad flags of leaf/ });
});

// --- backward --------------------------------------------------------------------------------------------------------------

test('a vector-Jacobian product needs a gradient of the shape of the output', (t) => {
  const x = leaf(3);
  const y = x.mul(tensor([1, 2, 3]));
  y.backward(tensor([1, 10, 100]));
  t.deepEqual(numbers(x.grad), [1, 20, 300]);
});

test('a gradient of another dtype is cast', (t) => {
  const x = leaf(2);
  x.mul(2).backward(tensor([1, 2], { dtype: 'int32' }));
  t.deepEqual(numbers(x.grad), [2, 4]);
  t.is(x.grad!.dtype, 'float32');
});

test('a leaf that is the output gets the gradient itself', (t) => {
  const x = leaf(2);
  x.backward(tensor([3, 4]));
  t.deepEqual(numbers(x.grad), [3, 4]);
});

test('an output may be a root twice, and several roots are one backward', (t) => {
  const x = leaf(1);
  const y = x.mul(3);
  autograd.backward([y, y], [tensor([1]), tensor([10])]);
  t.deepEqual(numbers(x.grad), [33]);
  const z = x.exp();
  t.notThrows(() => autograd.backward([z.sum(), z.mul(2).sum()]));
});

const misuse: readonly (readonly [string, () => unknown, string])[] = [
  [
    'more than one element',
    () => leaf(3).mul(2).backward(),
    'grad can be implicitly created only for scalar outputs',
  ],
  [
    'no history',
    () => ones([1]).backward(),
    'element 0 of tensors does not require grad and does not have a grad_fn',
  ],
  [
    'no history of the second',
    () => autograd.backward([leaf(1).mul(2), ones([1])]),
    'element 1 of tensors does not require grad and does not have a grad_fn',
  ],
  [
    'a gradient of another shape',
    () =>
      leaf(3)
        .mul(2)
        .backward(ones([2])),
    'Mismatch in shape: grad_output[0] has a shape of [2] and output[0] has a shape of [3].',
  ],
  [
    'a scalar gradient for a vector',
    () => leaf(3).mul(2).backward(tensor(1)),
    'Mismatch in shape: grad_output[0] has a shape of [] and output[0] has a shape of [3].',
  ],
  [
    'too few gradients',
    () => autograd.backward([leaf(1).mul(2), leaf(1).mul(2)], [ones([1])]),
    'got 2 tensors and 1 gradients',
  ],
  [
    'no inputs',
    () => leaf(3).sum().backward(null, { inputs: [] }),
    '`inputs` argument to `backward` cannot be empty.',
  ],
  [
    'an unused input',
    () => autograd.grad(leaf(3).sum(), leaf(3)),
    'One of the differentiated Tensors appears to not have been used in the graph.',
  ],
  [
    'an input without the flag',
    () => autograd.grad(leaf(3).sum(), ones([3])),
    'One of the differentiated Tensors does not require grad',
  ],
  ['no inputs of grad', () => autograd.grad(leaf(3).sum(), []), 'grad requires non-empty inputs.'],
  [
    'a misspelt option',
    () => leaf(1).backward(null, { retain_graph: true } as never),
    "Tensor.backward() got an unexpected keyword argument 'retain_graph'",
  ],
  [
    'materializeGrads without allowUnused',
    () => autograd.grad(leaf(1).sum(), leaf(1), { allowUnused: false, materializeGrads: true }),
    'Expected allowUnused to be true or not passed when materializeGrads: true, but got: allowUnused: false.',
  ],
];
for (const [what, run, message] of misuse)
  test(`backward refuses ${what}`, (t) => {
    const error = t.throws(run)!;
    t.true(error.message.startsWith(message), error.message);
    t.regex(error.message, /\n at test\/autograd\.test\.ts:\d+:\d+/);
  });

test('a refused backward changes nothing', (t) => {
  const x = leaf(1);
  const y = x.exp();
  t.throws(() => autograd.backward([y, ones([1])]));
  t.is(x.grad, null);
  t.notThrows(() => y.backward());
});

// --- retaining and freeing -------------------------------------------------------------------------------------------------

const keepsNothing: readonly (readonly [string, (x: Tensor) => Tensor])[] = [
  ['add', (x) => x.add(1)],
  ['sub', (x) => x.sub(x)],
  ['neg', (x) => x.neg()],
  ['sum', (x) => x.sum()],
  ['view', (x) => x.view([4])],
  ['expand', (x) => x.expand([3, 2, 2])],
  ['permute', (x) => x.permute([1, 0])],
  ['slice', (x) => x.slice(0, 0, 1)],
  ['cat', (x) => g.cat([x, x])],
];
for (const [name, f] of keepsNothing)
  test(`${name} keeps nothing, so its backward may run twice`, (t) => {
    const x = leaf(2, 2);
    const y = f(x).sum();
    y.backward();
    t.notThrows(() => y.backward());
  });

const keepsSomething: readonly (readonly [string, (x: Tensor) => Tensor])[] = [
  ['mul', (x) => x.mul(x)],
  ['mul by a number', (x) => x.mul(3)],
  ['div by a number', (x) => x.div(3)],
  ['exp', (x) => x.exp()],
  ['pow', (x) => x.pow(2)],
  ['matmul', (x) => x.matmul(x)],
  ['relu', (x) => x.relu()],
  ['max', (x) => x.max()],
  ['softmax', (x) => x.softmax(-1)],
];
for (const [name, f] of keepsSomething)
  test(`${name} keeps something, so a second backward is an error that names who freed it`, (t) => {
    const x = leaf(2, 2);
    const y = f(x).sum();
    y.backward();
    const error = t.throws(() => y.backward())!;
    t.regex(error.message, freed);
    t.regex(
      error.message,
      /Backward\d of .* at test\/autograd\.test\.ts:\d+:\d+, freed by backward at test\/autograd/,
    );
  });

test('retainGraph keeps what backward needs', (t) => {
  const x = tensor([3], { requiresGrad: true });
  const y = x.mul(x);
  y.backward(null, { retainGraph: true });
  y.backward();
  t.deepEqual(numbers(x.grad), [12]);
  t.throws(() => y.backward(), { message: freed });
});

test('createGraph implies retainGraph', (t) => {
  const x = tensor([3], { requiresGrad: true });
  const y = x.mul(x);
  autograd.grad(y, x, { createGraph: true });
  t.notThrows(() => autograd.grad(y, x));
});

test('grad frees as backward does, but only what ran', (t) => {
  const x = leaf(1);
  const middle = x.exp();
  const y = middle.mul(2);
  autograd.grad(y, middle);
  t.throws(() => autograd.grad(y, middle), { message: freed });
  t.notThrows(() => middle.backward());
});

test('a failing backward leaves what it had done', (t) => {
  const [early, late] = [leaf(1), leaf(1)];
  const before = early.mul(2);
  const middle = leaf(1).exp();
  const after = late.mul(3);
  middle.sum().backward();
  // the youngest first: the product with 3, then the freed exp; the product with 2 is not reached
  t.throws(() => before.add(middle).add(after).sum().backward(), { message: freed });
  t.deepEqual([numbers(early.grad), numbers(late.grad)], [null, [3]]);
});

test('reading a saved value of a freed graph is the same error', (t) => {
  const y = leaf(3).exp();
  t.deepEqual(Object.keys(y.gradFn!.saved), ['result']);
  y.sum().backward();
  t.throws(() => y.gradFn!.saved.result, { message: freed });
});

// --- grad ------------------------------------------------------------------------------------------------------------------

test('grad gives a list and leaves .grad alone', (t) => {
  const [x, y] = [leaf(2), leaf(2)];
  const found = autograd.grad(x.mul(y).mul(3).sum(), [x, y, x]);
  t.deepEqual(found.map(numbers), [
    [3, 3],
    [3, 3],
    [3, 3],
  ]);
  t.is(x.grad, null);
});

test('grad of a tensor by itself is one', (t) => {
  const x = leaf(1);
  t.deepEqual(autograd.grad(x, x).map(numbers), [[1]]);
});

test('grad by a tensor in the middle, and by it and a leaf at once', (t) => {
  const x = tensor([2], { requiresGrad: true });
  const y = x.mul(x);
  const z = y.mul(5);
  t.deepEqual(autograd.grad(z, [y, x], { retainGraph: true }).map(numbers), [[5], [20]]);
});

test('unused inputs give null, or zeros', (t) => {
  const [x, y] = [leaf(2), leaf(3)];
  const z = x.sum();
  t.deepEqual(autograd.grad(z, [x, y], { allowUnused: true })[1], null);
  t.deepEqual(autograd.grad(z, [x, y], { materializeGrads: true }).map(numbers), [
    [1, 1],
    [0, 0, 0],
  ]);
});

test('several gradients at once are what one after the other gives', (t) => {
  const x = tensor([1, 2, 3], { requiresGrad: true });
  const y = x.pow(3);
  const many = tensor([
    [1, 0, 0],
    [0, 1, 0],
    [1, 1, 1],
    [2, 0, -1],
  ]);
  const [rows] = autograd.grad(y, x, { gradOutputs: many, isGradsBatched: true, retainGraph: true });
  t.deepEqual(numbers(rows), [
    [3, 0, 0],
    [0, 12, 0],
    [3, 12, 27],
    [6, 0, -27],
  ]);
  const error = t.throws(() => autograd.grad(y, x, { gradOutputs: ones([3]), isGradsBatched: true }))!;
  t.regex(
    error.message,
    /^If `isGradsBatched: true`, we interpret the first dimension of each gradOutput as the batch/,
  );
});

test('several gradients at once free the graph afterwards', (t) => {
  const x = leaf(2);
  const y = x.exp();
  autograd.grad(y, x, { gradOutputs: g.eye(2), isGradsBatched: true });
  t.throws(() => autograd.grad(y.sum(), x), { message: freed });
});

test('several gradients at once can be differentiated again', (t) => {
  const x = tensor([1, 2], { requiresGrad: true });
  const [rows] = autograd.grad(x.pow(3), x, {
    gradOutputs: g.eye(2),
    isGradsBatched: true,
    createGraph: true,
  });
  t.deepEqual(numbers(autograd.grad(rows.sum(), x)[0]), [6, 12]);
});

test('several gradients at once work where a backward insists on values', (t) => {
  class Reads extends autograd.Function {
    static forward(_ctx: unknown, x: Tensor): Tensor {
      return x.mul(2);
    }
    static backward(_ctx: unknown, gradient: Tensor): Tensor {
      return tensor(gradient.toTypedArray()).mul(2);
    }
  }
  const x = leaf(2);
  const [rows] = autograd.grad(Reads.apply(x), x, { gradOutputs: g.eye(2), isGradsBatched: true });
  t.deepEqual(numbers(rows), [
    [2, 0],
    [0, 2],
  ]);
});

test('any order of derivative by repetition', (t) => {
  const x = tensor(2, { requiresGrad: true, dtype: 'float64' });
  let y = x.pow(4);
  const values: unknown[] = [];
  for (let order = 0; order <= 5; order++) {
    values.push(y.item());
    if (order < 5) [y] = autograd.grad(y, x, { createGraph: true, allowUnused: true }) as [Tensor];
  }
  t.deepEqual(values, [16, 32, 48, 48, 24, 0]);
});

test('the gradient of a linear function has no history', (t) => {
  const x = leaf(1);
  const [slope] = autograd.grad(x.mul(3), x, { createGraph: true });
  t.throws(() => autograd.grad(slope, x), {
    message: /^element 0 of tensors does not require grad and does not have a grad_fn/,
  });
});

test('a Hessian-vector product by two backwards', (t) => {
  const [x, y] = [tensor([1, 2], { requiresGrad: true }), tensor([3, 4], { requiresGrad: true })];
  const z = x.mul(x).add(y.mul(x)).add(y.mul(y));
  z.backward(ones([2]), { createGraph: true });
  t.deepEqual(
    [numbers(x.grad), numbers(y.grad)],
    [
      [5, 8],
      [7, 10],
    ],
  );
  x.grad!.add(y.grad!).sum().backward();
  t.deepEqual(
    [numbers(x.grad), numbers(y.grad)],
    [
      [8, 11],
      [10, 13],
    ],
  );
});

// --- inputs= ---------------------------------------------------------------------------------------------------------------

test('backward adds only to the inputs that are named', (t) => {
  const [x, y] = [leaf(2), leaf(2)];
  const z = x.mul(y);
  const total = z.mul(2).sum();
  total.backward(null, { inputs: x, retainGraph: true });
  t.deepEqual([numbers(x.grad), numbers(y.grad)], [[2, 2], null]);
  total.backward(null, { inputs: [x, z], retainGraph: true });
  t.deepEqual([numbers(x.grad), numbers(z.grad), numbers(y.grad)], [[4, 4], [2, 2], null]);
  t.true(z.retainsGrad);
});

test('inputs that do not require grad are refused, and those that are not reached stay as they are', (t) => {
  const [x, y] = [leaf(2), leaf(2)];
  t.throws(() => x.sum().backward(null, { inputs: ones([2]) }), { message: /does not require grad/ });
  x.sum().backward(null, { inputs: y });
  t.is(y.grad, null);
  t.is(x.grad, null);
});

// --- null, zero and broadcasting -------------------------------------------------------------------------------------------

const constant: readonly (readonly [string, (x: Tensor) => Tensor])[] = [
  ['floor', (x) => x.floor()],
  ['sign', (x) => x.sign()],
  ['round', (x) => x.round()],
  ['x ** 0', (x) => x.pow(0)],
  ['mul by 0', (x) => x.mul(0)],
];
for (const [name, f] of constant)
  test(`${name} has a gradient that is zero, not null`, (t) => {
    const x = leaf(2);
    f(x).sum().backward();
    t.deepEqual(numbers(x.grad), [0, 0]);
  });

test('an operand that was broadcast gets the sum over its copies', (t) => {
  const shapes: readonly (readonly number[])[] = [[], [1], [3], [1, 3], [2, 1], [2, 3]];
  for (const shape of shapes) {
    const x = ones([...shape], { requiresGrad: true });
    x.mul(ones([2, 3]))
      .sum()
      .backward();
    t.deepEqual(x.grad!.shape, shape);
    t.is(x.grad!.sum().item(), 6);
  }
});

test('empty tensors have empty gradients', (t) => {
  const [x, y] = [zeros([4, 0], { requiresGrad: true }), zeros([4, 1], { requiresGrad: true })];
  x.add(y).sum().backward();
  t.deepEqual(x.grad!.shape, [4, 0]);
  t.deepEqual(numbers(y.grad), [[0], [0], [0], [0]]);
});

test('gradients of elements that were read several times add up', (t) => {
  const x = tensor([1, 2, 3], { requiresGrad: true });
  x.index(tensor([0, 2, 2, 0, 0], { dtype: 'int32' }))
    .sum()
    .backward();
  t.deepEqual(numbers(x.grad), [3, 0, 2]);
});

test('minimum, maximum and median of equal elements share the gradient', (t) => {
  for (const f of [(x: Tensor) => x.max(), (x: Tensor) => x.min(), (x: Tensor) => x.median()]) {
    const x = ones([4], { requiresGrad: true });
    f(x).backward();
    t.deepEqual(numbers(x.grad), [0.25, 0.25, 0.25, 0.25]);
  }
});

// --- grad modes ------------------------------------------------------------------------------------------------------------

test('modes nest, and are restored after an error', (t) => {
  t.true(g.isGradEnabled());
  noGrad(() => {
    t.false(g.isGradEnabled());
    g.enableGrad(() => t.true(g.isGradEnabled()));
    g.setGradEnabled(true, () => t.true(g.isGradEnabled()));
    t.false(g.isGradEnabled());
  });
  t.throws(() =>
    noGrad(() => {
      throw new Error('inside');
    }),
  );
  t.true(g.isGradEnabled());
});

test.serial('a mode for asynchronous code holds until it is done', async (t) => {
  const x = leaf(2);
  const y = await noGrad(async () => {
    await Promise.resolve();
    return x.mul(2);
  });
  t.false(y.requiresGrad);
  t.true(g.isGradEnabled());
  await t.throwsAsync(
    noGrad(async () => {
      await Promise.resolve();
      throw new Error('inside');
    }),
  );
  t.true(g.isGradEnabled());
});

test('factories under noGrad still make leaves that require grad', (t) => {
  t.true(noGrad(() => ones([1], { requiresGrad: true })).requiresGrad);
});

test('a leaf may be written in place under noGrad, and what was recorded keeps what it read', (t) => {
  const x = tensor([1, 2], { requiresGrad: true });
  const y = x.mul(x).sum();
  noGrad(() => x.sub_(1));
  t.true(x.requiresGrad);
  t.deepEqual(numbers(x), [0, 1]);
  y.backward();
  t.deepEqual(numbers(x.grad), [2, 4]);
});

test('backward under noGrad works, with the flags of the forward', (t) => {
  const x = leaf(2);
  const y = x.mul(3).sum();
  noGrad(() => y.backward());
  t.deepEqual(numbers(x.grad), [3, 3]);
});

// --- inference mode --------------------------------------------------------------------------------------------------------

test('tensors of inference mode can be read and added, but not kept for backward', (t) => {
  const a = g.inferenceMode(() => ones([3]));
  const x = leaf(3);
  t.false(a.requiresGrad);
  x.add(a).sum().backward();
  t.deepEqual(numbers(x.grad), [1, 1, 1]);
  t.throws(() => x.mul(a), {
    message: /^Inference tensors cannot be saved for backward\. To work around you can make a clone/,
  });
  t.notThrows(() => x.mul(a.clone()).sum().backward());
});

test('tensors of inference mode cannot become variables or be written later on', (t) => {
  const a = g.inferenceMode(() => ones([3]));
  t.throws(() => a.requiresGrad_(), {
    message: /^Setting requires_grad=True on inference tensor outside InferenceMode/,
  });
  t.throws(() => a.add_(1), {
    message: /^Inplace update to inference tensor outside InferenceMode is not allowed/,
  });
  t.throws(() => a.version, { message: /^Inference tensors do not track version counter\./ });
  t.notThrows(() => g.inferenceMode(() => a.add_(1)));
});

// --- the graph, to look at -------------------------------------------------------------------------------------------------

test('gradFn names the operation and leads to those before it', (t) => {
  const [x, y] = [leaf(2), leaf(2)];
  const z = x.mul(y).add(1).exp();
  const names: string[] = [];
  for (let fn: g.GradFn | null = z.gradFn; fn !== null; fn = fn.nextFunctions[0]?.[0] ?? null)
    names.push(fn.name);
  t.deepEqual(names, ['ExpBackward0', 'AddBackward0', 'MulBackward0', 'AccumulateGrad']);
  t.regex(String(z.gradFn), /^<ExpBackward0 object at 0x[0-9a-f]+>$/);
});

test('a tensor that is used twice in one call is listed twice', (t) => {
  const x = leaf(2);
  const [a, b] = x.mul(x).gradFn!.nextFunctions;
  t.is(a[0], b[0]);
  t.is(a[0]!.name, 'AccumulateGrad');
});

test('what requires no grad is null among the next functions', (t) => {
  const next = leaf(2).mul(ones([2])).gradFn!.nextFunctions;
  t.deepEqual(
    next.map(([fn]) => fn === null),
    [false, true],
  );
});

test('outputs of one call are outputs of one function', (t) => {
  const [a, b] = leaf(2, 3).unbind(0);
  t.is(a.gradFn, b.gradFn);
  t.deepEqual(
    a.add(b).gradFn!.nextFunctions.map(([, index]) => index),
    [0, 1],
  );
});

test('saved values are those that were read, with their place in the graph', (t) => {
  const x = leaf(2);
  const w = tensor([3, 4]);
  const y = x.mul(w);
  t.deepEqual(numbers(y.gradFn!.saved.other), [3, 4]);
  w.zero_();
  t.deepEqual(numbers(y.gradFn!.saved.other), [3, 4]);
  t.true(x.exp().mul(x).gradFn!.saved.other === x);
  const z = x.exp();
  t.is(z.gradFn!.saved.result.gradFn, z.gradFn);
});

test("metadata on a function is the user's own", (t) => {
  const fn = leaf(2).exp().gradFn!;
  fn.metadata.seen = 3;
  t.is(fn.metadata.seen, 3);
});

test('an edge of the graph stands for its tensor', (t) => {
  const x = tensor([3], { requiresGrad: true });
  const y = x.mul(x);
  const edge = autograd.graph.getGradientEdge(y);
  t.true(edge.node === y.gradFn);
  t.deepEqual(autograd.grad(y.mul(2), edge, { retainGraph: true }).map(numbers), [[2]]);
  t.deepEqual(autograd.grad(edge, x, { retainGraph: true }).map(numbers), [[6]]);
  autograd.backward(edge);
  t.deepEqual(numbers(x.grad), [6]);
  t.throws(() => autograd.graph.getGradientEdge(ones([1])), { message: /does not require gradients/ });
});

// --- what is kept, by hooks ------------------------------------------------------------------------------------------------

test('saved tensors go through pack once, and through unpack at each use', (t) => {
  const calls: string[] = [];
  const x = tensor([1, 2], { requiresGrad: true, dtype: 'float64' });
  const y = autograd.graph.savedTensorsHooks(
    (saved: Tensor) => {
      calls.push('pack');
      return saved.toTypedArray();
    },
    (packed) => {
      calls.push('unpack');
      return tensor(packed);
    },
    () => x.exp(),
  );
  t.deepEqual(calls, ['pack']);
  y.sum().backward(null, { retainGraph: true });
  y.sum().backward();
  t.deepEqual(calls, ['pack', 'unpack', 'unpack']);
  t.true(g.allclose(x.grad!, x.exp().mul(2)));
});

test('backward computes with what unpack gives', (t) => {
  const x = tensor([2], { requiresGrad: true });
  const y = autograd.graph.savedTensorsHooks(
    (saved: Tensor) => saved,
    (saved) => saved.mul(10),
    () => x.mul(x),
  );
  y.backward();
  t.deepEqual(numbers(x.grad), [40]);
});

test('unpack must give a tensor', (t) => {
  const y = autograd.graph.savedTensorsHooks(
    (saved: Tensor) => saved,
    () => 3 as never,
    () => leaf(3).exp(),
  );
  t.throws(() => y.sum().backward(), {
    message: /^Output of saved tensor unpack_hook expected to be a Tensor but got result of type number/,
  });
});

test('the innermost pair of hooks counts, and derivatives of higher order go through it', (t) => {
  const calls: string[] = [];
  const named = <T>(name: string, body: () => T): T =>
    autograd.graph.savedTensorsHooks(
      (saved: Tensor) => {
        calls.push(name);
        return saved;
      },
      (saved) => saved,
      body,
    );
  const x = tensor([3], { requiresGrad: true });
  const y = named('outer', () => named('inner', () => x.pow(3)));
  t.deepEqual(calls, ['inner']);
  const [first] = autograd.grad(y, x, { createGraph: true });
  t.deepEqual(numbers(autograd.grad(first, x)[0]), [18]);
});

// --- in place --------------------------------------------------------------------------------------------------------------

test('an operation in place gives the tensor a new history', (t) => {
  const x = tensor([1, 2], { requiresGrad: true });
  const y = x.mul(2);
  y.add_(1);
  t.is(y.gradFn?.name, 'AddBackward0');
  y.mul_(y);
  y.sum().backward();
  t.deepEqual(numbers(x.grad), [12, 20]);
});

test('what was read before a write in place keeps its value for backward', (t) => {
  const x = tensor([1, 2], { requiresGrad: true });
  const y = x.mul(1);
  const z = y.mul(y);
  y.mul_(100);
  z.sum().backward();
  t.deepEqual(numbers(x.grad), [2, 4]);
});

test('a leaf that requires grad, or a view of it, is not written in place', (t) => {
  const x = leaf(3);
  t.throws(() => x.add_(1), {
    message: /^a leaf Variable that requires grad is being used in an in-place operation\./,
  });
  t.throws(() => x.slice(0, 0, 2).add_(1), {
    message: /^a view of a leaf Variable that requires grad is being used in an in-place operation\./,
  });
  t.throws(() => x.set([0], 5), { message: /^a view of a leaf Variable that requires grad/ });
});

test('writing into a part of a tensor carries the gradient', (t) => {
  const x = tensor([1, 2, 3], { requiresGrad: true });
  const z = zeros([3]);
  z.set([0], x.at(0));
  t.true(z.requiresGrad);
  t.is(z.gradFn?.name, 'CopySlices');
  z.mul(5).sum().backward();
  t.deepEqual(numbers(x.grad), [5, 0, 0]);
});

test('a view of a tensor that was written later finds its history again', (t) => {
  const x = tensor([1, 2, 3], { requiresGrad: true });
  const y = x.mul(1);
  const v = y.slice(0, 0, 2);
  y.mul_(10);
  t.is(v.gradFn?.name, 'AsStridedBackward0');
  v.sum().backward();
  t.deepEqual(numbers(x.grad), [10, 10, 0]);
});

test('one of several views of a call is not written in place', (t) => {
  for (const [make, name] of [
    [(x: Tensor) => x.unbind(0), 'Unbind'],
    [(x: Tensor) => x.split(1), 'Split'],
  ] as const) {
    const [a] = make(leaf(2, 3).mul(1));
    t.throws(() => a.add_(1), {
      message: new RegExp(`^Output 0 of ${name}Backward0 is a view and is being modified inplace`),
    });
  }
});

test('a view that was made under noGrad is not written outside of it', (t) => {
  const x = leaf(3).mul(1);
  const v = noGrad(() => x.slice(0, 0, 2));
  t.throws(() => v.add_(1), { message: /^A view was created in no_grad mode and is being modified inplace/ });
});

// --- size ------------------------------------------------------------------------------------------------------------------

test('a chain of 100,000 operations overflows nothing, forward, backward and afterwards', (t) => {
  const x = tensor([1], { requiresGrad: true, dtype: 'float64' });
  let y = x;
  for (let i = 0; i < 100_000; i++) y = y.add(x);
  t.is(y.item(), 100_001);
  y.backward();
  t.is(x.grad!.item(), 100_001);
});

test('a chain of 5,000 products, whose backward keeps every factor', (t) => {
  const x = tensor([1], { requiresGrad: true, dtype: 'float64' });
  let y = x;
  for (let i = 0; i < 5000; i++) y = y.mul(1.0001);
  y.backward();
  t.true(Math.abs(Number(x.grad!.item()) / 1.0001 ** 5000 - 1) < 1e-9);
});

test('a sum of 5,000 terms of one leaf', (t) => {
  const x = tensor([2], { requiresGrad: true, dtype: 'float64' });
  let y: Tensor = x.mul(0);
  for (let i = 0; i < 5000; i++) y = y.add(x.mul(x));
  y.backward();
  t.is(x.grad!.item(), 20_000);
});

// --- warnings --------------------------------------------------------------------------------------------------------------

test.serial('backward with createGraph warns once, grad does not', (t) => {
  const { warn } = console;
  const said: string[] = [];
  console.warn = (text: string) => void said.push(text);
  try {
    const x = leaf(1);
    autograd.grad(x.mul(x), x, { createGraph: true });
    const before = said.length;
    x.mul(x).backward(null, { createGraph: true });
    x.mul(x).backward(null, { createGraph: true });
    t.true(said.length - before <= 1);
    for (const text of said)
      t.regex(text, /^UserWarning: Using backward\(\) with createGraph: true will create a reference cycle/);
  } finally {
    console.warn = warn;
  }
});
