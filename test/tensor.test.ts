// Tensors: making, reading, views, in-place writes, laziness. Through the public interface.

import test from 'ava';
import * as g from '../index.ts';
import { arange, full, noGrad, ones, realize, tensor, zeros } from '../index.ts';
import type { DType, Tensor } from '../index.ts';

const values = (x: Tensor): unknown => x.toArray();
const matrix = (): Tensor => arange(6).reshape([2, 3]);

test('data make tensors of the dtype that JavaScript shows', (t) => {
  const made: readonly (readonly [Tensor, DType, readonly number[]])[] = [
    [tensor(3), 'float32', []],
    [tensor(true), 'bool', []],
    [tensor([[1, 2, 3]]), 'float32', [1, 3]],
    [tensor([true, false]), 'bool', [2]],
    [tensor([true, 2]), 'float32', [2]],
    [tensor([]), 'float32', [0]],
    [tensor([[], []]), 'float32', [2, 0]],
    [tensor([1, 2], { dtype: 'int32' }), 'int32', [2]],
    [tensor(new Float64Array(4)), 'float64', [4]],
    [tensor(new Int32Array(4), { shape: [2, 2] }), 'int32', [2, 2]],
    [tensor(new Uint8Array(4), { dtype: 'float32' }), 'float32', [4]],
    [ones([2, 0, 3]), 'float32', [2, 0, 3]],
    [full([2], true), 'bool', [2]],
    [g.eye(2, 3), 'float32', [2, 3]],
    [g.zerosLike(tensor([1], { dtype: 'uint8' })), 'uint8', [1]],
  ];
  for (const [x, dtype, shape] of made) {
    t.is(x.dtype, dtype);
    t.deepEqual(x.shape, shape);
    t.is(x.ndim, shape.length);
    t.is(
      x.numel,
      shape.reduce((a, b) => a * b, 1),
    );
  }
});

test('a tensor keeps a copy of the data', (t) => {
  const data = new Float32Array([1, 2]);
  const x = tensor(data);
  data[0] = 9;
  t.deepEqual(values(x), [1, 2]);
  x.toTypedArray()[1] = 9;
  t.deepEqual(values(x), [1, 2]);
});

test('reading gives numbers, booleans and nested arrays', (t) => {
  t.is(tensor(2.5).item(), 2.5);
  t.is(tensor([[true]]).item(), true);
  t.is(tensor(7).toArray(), 7);
  t.deepEqual(values(tensor([[true], [false]])), [[true], [false]]);
  t.deepEqual(values(zeros([2, 0])), [[], []]);
  t.deepEqual(tensor([1.5]).toTypedArray(), new Float32Array([1.5]));
  t.is(Number(tensor(2)), 2);
  t.is(`${tensor(2)}`, 'tensor(2.)');
});

test('ranges have the numbers PyTorch gives', (t) => {
  t.deepEqual(values(arange(4)), [0, 1, 2, 3]);
  t.deepEqual(values(arange(1, 4)), [1, 2, 3]);
  t.deepEqual(values(arange(1, 0, -0.25, { dtype: 'float64' })), [1, 0.75, 0.5, 0.25]);
  t.deepEqual(values(g.linspace(0, 1, 5)), [0, 0.25, 0.5, 0.75, 1]);
  t.deepEqual(values(g.linspace(3, 10, 1)), [3]);
  t.deepEqual(values(g.logspace(0, 2, 3)), [1, 10, 100]);
});

test('a tensor is iterated along its first dimension', (t) => {
  t.deepEqual([...matrix()].map(values), [
    [0, 1, 2],
    [3, 4, 5],
  ]);
  const [first, second] = matrix();
  t.deepEqual(values(first.add(second)), [3, 5, 7]);
});

test('T, mT, H and mH turn a matrix', (t) => {
  t.deepEqual(values(matrix().T), [
    [0, 3],
    [1, 4],
    [2, 5],
  ]);
  t.deepEqual(matrix().mT.shape, [3, 2]);
  t.deepEqual(values(matrix().H), values(matrix().T));
  t.deepEqual(values(matrix().unsqueeze(0).mH), values(matrix().unsqueeze(0).mT));
  t.throws(() => matrix().unsqueeze(0).H, {
    message: /^tensor\.H is only supported on matrices \(2-D tensors\)\. Got 3-D tensor\./,
  });
});

test('a call with several results has them by position and by name', (t) => {
  const found = matrix().max(1);
  const [first, second] = found;
  t.deepEqual(values(first), [2, 5]);
  t.is(first, found.values);
  t.is(found.indices, second);
  t.is(
    String(found),
    'torch.return_types.max(\nvalues=tensor([2., 5.]),\nindices=tensor([2, 2], dtype=torch.int32))',
  );
  t.is(matrix().max().item(), 5);
  t.deepEqual(values(matrix().max(full([2, 3], 3))), [
    [3, 3, 3],
    [3, 4, 5],
  ]);
});

const m = [
  [0, 1, 2],
  [3, 4, 5],
];
const indexed: readonly (readonly [string, (x: Tensor) => Tensor, unknown])[] = [
  ['at(-1)', (x) => x.at(-1), m[1]],
  ['at(1, 0)', (x) => x.at(1, 0), 3],
  ['index(0)', (x) => x.index(0), m[0]],
  ['index([0, 1], [1, null])', (x) => x.index([0, 1], [1, null]), [[1, 2]]],
  ["index('...', 2)", (x) => x.index('...', 2), [2, 5]],
  ['index(null)', (x) => x.index(null), [m]],
  ['index([null, null, 2], -1)', (x) => x.index([null, null, 2], -1), [2]],
  ['an int tensor', (x) => x.index(tensor([1, 0, 1], { dtype: 'int32' })), [m[1], m[0], m[1]]],
  [
    'two int tensors',
    (x) => x.index(tensor([0, 1], { dtype: 'int32' }), tensor([2, -3], { dtype: 'int32' })),
    [2, 3],
  ],
  ['a mask', (x) => x.index(x.gt(2)), [3, 4, 5]],
  ['a mask of rows', (x) => x.index(tensor([false, true])), [m[1]]],
  [
    'slice(1, 0, 3, 2)',
    (x) => x.slice(1, 0, 3, 2),
    [
      [0, 2],
      [3, 5],
    ],
  ],
  [
    'narrow',
    (x) => x.narrow(1, 1, 2),
    [
      [1, 2],
      [4, 5],
    ],
  ],
  ['maskedSelect', (x) => x.maskedSelect(x.lt(2)), [0, 1]],
  [
    'nonzero',
    (x) => x.gt(3).nonzero(),
    [
      [1, 1],
      [1, 2],
    ],
  ],
  [
    'where',
    (x) => g.where(x.gt(3), x, -1),
    [
      [-1, -1, -1],
      [-1, 4, 5],
    ],
  ],
];
for (const [name, call, expected] of indexed)
  test(`indexing: ${name}`, (t) => {
    t.deepEqual(values(call(matrix())), expected);
  });

const written: readonly (readonly [string, (x: Tensor) => unknown, unknown])[] = [
  ['a number at a row', (x) => x.set([0], 9), [[9, 9, 9], m[1]]],
  ['a row at a row', (x) => x.set([-1], tensor([7, 8, 9])), [m[0], [7, 8, 9]]],
  [
    'a column',
    (x) => x.set(['...', 1], tensor([8, 9])),
    [
      [0, 8, 2],
      [3, 9, 5],
    ],
  ],
  [
    'a mask',
    (x) => x.set([x.gt(3)], 0),
    [
      [0, 1, 2],
      [3, 0, 0],
    ],
  ],
  [
    'int tensors',
    (x) => x.set([tensor([0, 1], { dtype: 'int32' }), tensor([0, 2], { dtype: 'int32' })], -1),
    [
      [-1, 1, 2],
      [3, 4, -1],
    ],
  ],
  ['through at', (x) => x.at(0).mul_(2), [[0, 2, 4], m[1]]],
  [
    'through slice',
    (x) => x.slice(1, 0, 3, 2).fill_(7),
    [
      [7, 1, 7],
      [7, 4, 7],
    ],
  ],
  [
    'through a view of a view',
    (x) => x.t().at(1).zero_(),
    [
      [0, 0, 2],
      [3, 0, 5],
    ],
  ],
  [
    'through a diagonal',
    (x) => x.diagonal().fill_(9),
    [
      [9, 1, 2],
      [3, 9, 5],
    ],
  ],
  ['through view', (x) => x.view([-1]).slice(0, 4).fill_(1), [m[0], [3, 1, 1]]],
  ['through chunk', (x) => x.chunk(2)[1].add_(1), [m[0], [4, 5, 6]]],
  [
    'through detach',
    (x) => x.detach().add_(1),
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
  ],
  [
    'through data',
    (x) => x.data.mul_(2),
    [
      [0, 2, 4],
      [6, 8, 10],
    ],
  ],
  ['nothing through reshape of what is not contiguous', (x) => x.t().reshape([6]).zero_(), m],
  ['nothing through contiguous arithmetic', (x) => x.add(0).zero_(), m],
];
for (const [name, write, expected] of written)
  test(`writing: ${name}`, (t) => {
    for (const computed of [false, true]) {
      const x = matrix().clone();
      if (computed) realize(x);
      write(x);
      t.deepEqual(values(x), expected);
    }
  });

test('a view sees what is written to the whole, and other views', (t) => {
  const x = matrix().clone();
  const row = x.at(1);
  const column = x.select(1, 0);
  x.mul_(10);
  t.deepEqual(values(row), [30, 40, 50]);
  column.fill_(1);
  t.deepEqual(values(row), [1, 40, 50]);
  t.deepEqual(values(x), [
    [1, 10, 20],
    [1, 40, 50],
  ]);
});

test('what was computed from a tensor keeps the value that was read', (t) => {
  const x = tensor([1, 2, 3]);
  const y = x.mul(2);
  x.add_(10);
  t.deepEqual(values(y), [2, 4, 6]);
  t.deepEqual(values(x), [11, 12, 13]);
});

test('the version counts writes to a storage, by any of its views', (t) => {
  const x = tensor([1, 2, 3]);
  t.is(x.version, 0);
  x.add_(1);
  x.at(0).zero_();
  x.data.mul_(2);
  t.is(x.version, 3);
  t.is(x.detach().version, 3);
});

test('in-place operations keep the dtype, and refuse a value of a higher category', (t) => {
  const x = tensor([1, 2], { dtype: 'int32' });
  x.add_(tensor([1, 1], { dtype: 'uint8' }));
  t.is(x.dtype, 'int32');
  t.throws(() => x.add_(0.5), { message: /result type Float can't be cast to the desired output type Int/ });
  t.throws(() => x.div_(2), { message: /result type Float can't be cast/ });
  t.deepEqual(values(x), [2, 3]);
  const y = tensor([1, 2]);
  y.copy_(tensor([3, 4], { dtype: 'float64' }));
  t.is(y.dtype, 'float32');
  t.deepEqual(values(y), [3, 4]);
});

test('in-place operations return the tensor', (t) => {
  const x = tensor([1, 4]);
  t.is(x.sqrt_(), x);
  t.is(x.clamp_(0, 1.5), x);
  t.is(x.fill_(tensor(3)), x);
  t.deepEqual(values(x), [3, 3]);
});

test('a leaf that requires grad may be written under noGrad only', (t) => {
  const x = ones([2], { requiresGrad: true });
  t.throws(() => x.mul_(2), {
    message: /a leaf Variable that requires grad is being used in an in-place operation/,
  });
  noGrad(() => x.mul_(2));
  t.deepEqual(values(x), [2, 2]);
  t.true(x.isLeaf && x.requiresGrad);
});

test('assigning data writes the value and keeps the tensor', (t) => {
  const x = ones([2], { requiresGrad: true });
  x.data = tensor([5, 6]);
  t.deepEqual(values(x), [5, 6]);
  t.true(x.requiresGrad);
  t.throws(() => (x.data = ones([3])), { message: /dtype and shape must stay/ });
});

test('nothing runs before a value is asked for', (t) => {
  const x = matrix();
  const y = x.add(1).exp();
  t.regex(y.graph(), /exp/);
  realize(y);
  t.notRegex(y.graph(), /exp/);
});

test('realize computes several tensors and their shared work at once', (t) => {
  const x = tensor([1, 2]).exp();
  const [a, b] = [x.add(1), x.mul(2)];
  realize(a, b);
  t.notRegex(a.graph(), /add/);
  t.notRegex(b.graph(), /mul/);
});

test('a chain of a hundred thousand operations neither grows for ever nor overflows the stack', (t) => {
  let x = tensor([0], { dtype: 'float64' });
  for (let i = 0; i < 100_000; i++) x = x.add(1);
  t.is(x.item(), 100_000);
});

test('a loop that only writes in place does not grow the graph', (t) => {
  const x = zeros([4]);
  const y = ones([4]);
  for (let i = 0; i < 5000; i++) {
    x.add_(y);
    y.mul_(-1);
  }
  t.deepEqual(values(x), [0, 0, 0, 0]);
});

test('options of calls may hold tensors', (t) => {
  const x = tensor([[1, 3]]);
  const normal = g.layerNorm(x, [2], { weight: tensor([2, 2]), bias: tensor([1, 1]), eps: 0 });
  t.deepEqual(values(normal), [[-1, 3]]);
});

test('indices out of range are errors at the call', (t) => {
  const at = (...data: number[]): Tensor => tensor(data, { dtype: 'int32' });
  const x = tensor([1, 2, 3]);
  const calls: readonly (readonly [() => unknown, RegExp])[] = [
    [() => x.index(at(3)), /index 3 is out of bounds for dimension 0 with size 3/],
    [() => x.gather(0, at(-1)), /index -1 is out of bounds for dimension 0 with size 3/],
    [() => x.scatter(0, at(4), 1), /index 4 is out of bounds for dimension 0 with size 3/],
    [() => x.indexSelect(0, at(3)), /index out of range in self/],
    [() => x.take(at(-4)), /out of range: tried to access index -4 on a tensor of 3 elements/],
    [() => g.embedding(at(5), ones([3, 2])), /index out of range in self/],
    [() => g.nllLoss(ones([1, 3]), at(3)), /Target 3 is out of bounds/],
    [() => g.oneHot(at(3), 3), /Class values must be smaller than num_classes/],
  ];
  for (const [call, message] of calls) t.throws(call, { message });
  t.deepEqual(g.oneHot(at(0, 2)).shape, [2, 3]);
  t.notThrows(() => g.crossEntropy(ones([1, 3]), at(-100)));
});

test('a Parameter is a leaf that shares the storage of its data', (t) => {
  const data = tensor([1, 2]);
  const p = new g.Parameter(data);
  t.true(p.requiresGrad && p.isLeaf && g.isTensor(p));
  noGrad(() => p.zero_());
  t.deepEqual(values(data), [0, 0]);
  t.false(new g.Parameter(data, false).requiresGrad);
});

test('conversions keep a tensor that has the dtype already', (t) => {
  const x = tensor([1.5, -1.5]);
  t.is(x.to('float32'), x);
  t.is(x.float(), x);
  t.deepEqual(values(x.int()), [1, -1]);
  t.deepEqual(values(x.bool()), [true, true]);
  t.is(x.double().dtype, 'float64');
  t.is(x.typeAs(x.double()).dtype, 'float64');
});

test('a tensor shows nothing of its inside to those who list its properties', (t) => {
  t.deepEqual(Object.keys(ones([1])), []);
});
