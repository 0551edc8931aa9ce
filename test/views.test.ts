// In-place operations and views under autograd: what the history becomes, and that gradients are those of the values that were read.

import test from 'ava';
import { autograd, cat, compile, manualSeed, noGrad, ones, randn, tensor, zeros } from '../index.ts';
import type { Tensor } from '../index.ts';

const leaf = (...data: number[]): Tensor => tensor(data, { dtype: 'float64', requiresGrad: true });
const values = (x: Tensor | null): unknown => x?.toArray() ?? null;

test('an in-place operation gives a tensor that is no leaf a new history', (t) => {
  const x = leaf(1, 2);
  const y = x.mul(3);
  const before = y.gradFn;
  y.mul_(y);
  t.not(y.gradFn, before);
  t.is(y.gradFn?.name, 'MulBackward0');
  t.deepEqual(
    y.gradFn?.nextFunctions.map(([fn]) => fn),
    [before, before],
  );
  y.sum().backward();
  t.deepEqual(values(x.grad), [18, 36]);
});

test('what was read before an in-place operation is differentiated as it was', (t) => {
  const x = leaf(1, 2);
  const y = x.mul(1);
  const z = y.mul(y); // keeps the values 1, 2
  y.mul_(10);
  z.sum().backward(null, { retainGraph: true });
  t.deepEqual(values(x.grad), [2, 4]);
  y.sum().backward();
  t.deepEqual(values(x.grad), [12, 14]);
});

test('a leaf that takes a recorded value in place requires grad', (t) => {
  const x = leaf(5);
  const z = zeros([2], { dtype: 'float64' });
  z.set([0], x.at(0));
  t.true(z.requiresGrad);
  t.is(z.gradFn?.name, 'CopySlices');
  z.mul(tensor([2, 3]))
    .sum()
    .backward();
  t.deepEqual(values(x.grad), [2]);
});

test('a write through a view reaches the whole, and the view has a history through it', (t) => {
  const x = leaf(1, 2, 3);
  const y = x.mul(2);
  const part = y.slice(0, 0, 2);
  part.mul_(5);
  t.is(y.gradFn?.name, 'CopySlices');
  t.is(part.gradFn?.name, 'AsStridedBackward0');
  t.deepEqual(values(y), [10, 20, 6]);
  y.sum().backward(null, { retainGraph: true });
  t.deepEqual(values(x.grad), [10, 10, 2]);
  x.grad = null;
  part.sum().backward();
  t.deepEqual(values(x.grad), [10, 10, 0]);
});

test('a view that was made before the whole was written has a history through the new value', (t) => {
  const x = leaf(1, 2, 3);
  const y = x.mul(2);
  const part = y.at(0);
  y.mul_(7);
  t.is(part.gradFn?.name, 'AsStridedBackward0');
  part.backward();
  t.deepEqual(values(x.grad), [14, 0, 0]);
});

test('a whole that is overwritten through all of its views loses its history there', (t) => {
  const x = leaf(1, 2);
  const y = x.mul(2);
  y.slice(0, 0, 1).copy_(ones([1], { dtype: 'float64' }));
  y.sum().backward();
  t.deepEqual(values(x.grad), [0, 2]);
});

const writes: readonly (readonly [string, (y: Tensor, v: Tensor) => void])[] = [
  ['a row', (y, v) => y.at(1).copy_(v)],
  ['a column', (y, v) => y.select(1, 0).mul_(v.sum())],
  ['a slice with steps', (y, v) => y.slice(1, 0, 3, 2).add_(v.slice(0, 0, 2))],
  [
    'a transposed view',
    (y, v) =>
      y
        .t()
        .at(1)
        .mul_(v.slice(0, 0, 2)),
  ],
  ['a diagonal', (y, v) => y.diagonal().copy_(v.slice(0, 1, 3))],
  [
    'int tensors',
    (y, v) =>
      y.set([tensor([0, 1], { dtype: 'int32' }), tensor([2, 0], { dtype: 'int32' })], v.slice(0, 0, 2)),
  ],
  [
    'a mask',
    (y, v) =>
      y.set(
        [
          tensor([
            [true, false, true],
            [false, false, false],
          ]),
        ],
        v.slice(0, 0, 2),
      ),
  ],
  [
    'twice',
    (y, v) => {
      y.at(0).mul_(v);
      y.at(0).exp_();
    },
  ],
];
for (const [name, write] of writes)
  test(`gradients through a write: ${name}`, (t) => {
    manualSeed(1);
    const options = { dtype: 'float64', requiresGrad: true } as const;
    const x = randn([2, 3], options);
    const v = randn([3], options);
    const written = (a: Tensor, b: Tensor): Tensor => {
      const y = a.mul(1.5);
      write(y, b);
      return y.sin();
    };
    t.true(autograd.gradcheck(written, [x, v]));
    t.true(autograd.gradgradcheck(written, [x, v]));
  });

test('hooks registered before an in-place operation stay with the value they were registered on', (t) => {
  const x = leaf(1);
  const y = x.mul(1);
  const seen: unknown[] = [];
  y.registerHook((g) => void seen.push(values(g)));
  y.mul_(4);
  y.sum().backward();
  t.deepEqual(seen, [[4]]);
});

test('a tensor that retains its gradient goes on doing so after an in-place operation', (t) => {
  const x = leaf(1);
  const y = x.mul(2);
  y.retainGrad();
  y.mul_(3);
  y.mul(5).sum().backward();
  t.deepEqual(values(y.grad), [5]);
});

test('two handles on one value go different ways in autograd', (t) => {
  const x = leaf(3);
  const y = x.mul(x.detach());
  y.sum().backward();
  t.deepEqual(values(x.grad), [3]);
  const other = x.detach().requiresGrad_();
  const [a, b] = autograd.grad(x.mul(other).sum(), [x, other]);
  t.deepEqual([values(a), values(b)], [[3], [3]]);
});

test('under noGrad in-place operations change values only', (t) => {
  const x = leaf(1, 2);
  const y = x.mul(2);
  const { gradFn } = y;
  noGrad(() => y.at(0).zero_());
  t.deepEqual(values(y), [0, 4]);
  t.true(y.gradFn === gradFn);
});

test('views and whole in one expression', (t) => {
  const x = leaf(1, 2, 3);
  const [a, b, c] = x.mul(1);
  cat([a.mul(b).reshape([1]), b.mul(c).reshape([1]), x])
    .sum()
    .backward();
  t.deepEqual(values(x.grad), [3, 5, 3]);
});

test('in-place forms of views change the shape of the tensor, not its elements', (t) => {
  const x = tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  t.is(x.t_(), x);
  t.deepEqual(x.shape, [3, 2]);
  t.deepEqual(x.toArray(), [
    [1, 4],
    [2, 5],
    [3, 6],
  ]);
  x.unsqueeze_(0).transpose_(0, 1).squeeze_(1);
  t.deepEqual(x.shape, [3, 2]);
  x.at(0).fill_(9);
  t.deepEqual(x.toArray(), [
    [9, 9],
    [2, 5],
    [3, 6],
  ]);
});

test('what was given another shape in place has the history of a view', (t) => {
  const x = tensor([1, 2, 3], { requiresGrad: true });
  const y = x.mul(2).unsqueeze_(0);
  t.is(y.gradFn!.name, 'UnsqueezeBackward1');
  y.add_(1).mul_(tensor([[1, 2, 3]]));
  y.sum().backward();
  t.deepEqual(x.grad!.toArray(), [2, 4, 6]);
  t.throws(() => x.unsqueeze_(0), {
    message: /^a leaf Variable that requires grad is being used in an in-place operation/,
  });
});

test('a view that was given another shape in place still writes through', (t) => {
  const base = tensor([1, 2, 3], { requiresGrad: true }).mul(1);
  const view = base.slice(0, 0, 2);
  view.unsqueeze_(0).mul_(10);
  t.deepEqual(base.toArray(), [10, 20, 3]);
  t.is(base.gradFn!.name, 'CopySlices');
});

test('a compiled function cannot give outside tensors another shape', (t) => {
  const x = tensor([1, 2, 3]);
  t.throws(
    compile(() => x.unsqueeze_(0)),
    { message: /changes the shape of a tensor that was made outside/ },
  );
  t.deepEqual(x.shape, [3]);
  const inside = compile((y: Tensor) => y.add(1).unsqueeze_(0));
  t.deepEqual(inside(x).toArray(), [[2, 3, 4]]);
});

// a tensor that is no leaf, what overwrites it, and what PyTorch calls the backward of that
const overwrites: readonly (readonly [name: string, write: (x: Tensor) => Tensor])[] = [
  ['FillBackward2', (x) => x.fill_(2)],
  ['FillBackward3', (x) => x.fill_(tensor(2))],
  ['ZeroBackward0', (x) => x.zero_()],
  ['CopyBackwards', (x) => x.copy_(ones([3]))],
  ['CopyBackwards', (x) => x.copy_(x.detach().mul(2))],
  ['NormalBackward0', (x) => x.normal_()],
  ['UniformBackward0', (x) => x.uniform_()],
  ['BernoulliBackward2', (x) => x.bernoulli_(0.5)],
  ['BernoulliBackward1', (x) => x.bernoulli_(ones([3]))],
  ['RandomBackward2', (x) => x.random_()],
  ['RandomBackward1', (x) => x.random_(5)],
  ['RandomBackward0', (x) => x.random_(2, 5)],
  ['LogNormalBackward0', (x) => x.logNormal_()],
  ['EqBackward0', (x) => x.eq_(2)],
];
for (const [name, write] of overwrites)
  test(`a tensor that was overwritten passes gradients of 0 to where it came from: ${name} by ${String(write).slice(7)}`, (t) => {
    const leaf = ones([3], { requiresGrad: true });
    const x = leaf.mul(3);
    write(x);
    t.is(x.gradFn?.name, name);
    x.mul(2).sum().backward();
    t.deepEqual(leaf.grad?.toArray(), [0, 0, 0]);
  });

test('what is copied over a tensor gets the gradient, also a leaf over a leaf', (t) => {
  const [leaf, source] = [
    ones([3], { requiresGrad: true }),
    ones([1], { dtype: 'float64', requiresGrad: true }),
  ];
  leaf.mul(3).copy_(source).mul(2).sum().backward();
  t.deepEqual([leaf.grad?.toArray(), source.grad?.toArray()], [[0, 0, 0], [6]]);
  const target = zeros([3]);
  target.copy_(leaf);
  t.is(target.gradFn?.name, 'CopyBackwards');
  leaf.grad = null;
  target.mul(5).sum().backward();
  t.deepEqual(leaf.grad!.toArray(), [5, 5, 5]);
  noGrad(() => leaf.fill_(7));
  t.deepEqual(target.toArray(), [1, 1, 1]);
});

const reshaped: readonly (readonly [name: string, write: (x: Tensor) => Tensor])[] = [
  ['SqueezeBackward2', (x) => x.squeeze_()],
  ['SqueezeBackward3', (x) => x.squeeze_(1)],
  ['UnsqueezeBackward1', (x) => x.unsqueeze_(0)],
  ['TransposeBackward1', (x) => x.transpose_(0, 1)],
  ['TransposeBackward1', (x) => x.swapaxes_(0, 1)],
  ['TBackward1', (x) => x.t_()],
];
for (const [name, write] of reshaped)
  test(`another shape in place has the history that PyTorch names: ${name} by ${String(write).slice(7)}`, (t) => {
    t.is(write(ones([3, 1], { requiresGrad: true }).mul(2)).gradFn?.name, name);
  });

test('overwriting within a compiled function cuts the gradient, too', (t) => {
  const leaf = ones([3], { requiresGrad: true });
  const step = compile((value: Tensor) => {
    const x = leaf.mul(3);
    x.copy_(value);
    const y = x.mul(leaf);
    y.sum().backward();
    return y;
  });
  t.deepEqual(step(tensor([5, 5, 5])).toArray(), [5, 5, 5]);
  t.deepEqual(leaf.grad!.toArray(), [5, 5, 5]);
});
