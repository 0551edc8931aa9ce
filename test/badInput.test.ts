// Bad input, case by case. In: a call that cannot be. Out: an error of the class that fits, in one or two lines, which names the operation, the
// shapes or values that do not fit and the line of the user; and everything as it was before. That messages begin with PyTorch's
// words is in errors.test.ts.

import test from 'ava';
import * as g from '../index.ts';
import type { Tensor } from '../index.ts';

const { compile, nn, ones, optim, tensor, zeros } = g;

/** What the calls below get into their hands: a leaf, a tensor with a history and one without. */
const leaf = ones([2], { requiresGrad: true });
const derived = leaf.mul(2);
const plain = tensor([[1, 2, 3], [4, 5, 6]]); // prettier-ignore
const whole = tensor([1, 2], { dtype: 'int32' });
const layer = new nn.Linear(3, 4);
const sgd = new optim.SGD([ones([2], { requiresGrad: true })], { lr: 1 });
const { CosineAnnealingLR, ExponentialLR, MultiStepLR, StepLR } = optim.lrScheduler;
const any_ = <T>(value: unknown): T => value as T;

type Row = readonly [
  call: () => unknown,
  kind: new (message: string) => Error,
  /** What the message names besides the line: operation, shapes, values. */
  ...names: readonly (string | RegExp)[],
];

const shapes: readonly Row[] = [
  [() => plain.add(ones([4])), g.ShapeError, 'add(float32[2, 3], float32[4])'],
  [() => plain.add_(ones([5, 2, 3])), g.ShapeError, 'add_(float32[2, 3], float32[5, 2, 3])'],
  [() => plain.matmul(ones([4, 5])), g.ShapeError, '2x3 and 4x5', 'matmul(float32[2, 3], float32[4, 5])'],
  [() => layer(ones([2, 5])), g.ShapeError, 'linear(float32[2, 5], float32[4, 3], float32[4])'],
  [() => plain.reshape([4]), g.ShapeError, 'reshape(float32[2, 3], [4])'],
  [() => plain.permute([0, 0]), g.ShapeError, 'permute(float32[2, 3], [0, 0])'],
  [() => plain.expand([2, -3]), g.ShapeError, 'expand(float32[2, 3], [2, -3])'],
  [() => g.cat([plain, ones([3, 2])]), g.ShapeError, 'cat([float32[2, 3], float32[3, 2]])'],
  [() => g.einsum('ij,jk', plain, plain), g.ShapeError, 'einsum("ij,jk", float32[2, 3], float32[2, 3])'],
  [() => g.layerNorm(plain, [4]), g.ShapeError, 'layerNorm(float32[2, 3], [4])'],
  [() => g.mseLoss(plain, ones([4])), g.ShapeError, 'mseLoss(float32[2, 3], float32[4])'],
  [
    () => g.conv2d(ones([1, 3, 4, 4]), ones([2, 3, 5, 5])),
    g.ShapeError,
    'conv2d(float32[1, 3, 4, 4], float32[2, 3, 5, 5])',
  ],
  [() => derived.backward(ones([3])), g.ShapeError, '[3]', '[2]', 'backward'],
  [() => g.expr`${leaf} + ${ones([3])}`, g.ShapeError, 'add(float32[2], float32[3])'],
  [
    () => compile((x: Tensor) => x.add(ones([3])))(leaf.detach()),
    g.ShapeError,
    'add(float32[2], float32[3])',
  ],
  [() => tensor([[1, 2], [3]]), g.ValueError, 'dim 1 (got 1)', 'tensor'],
  [
    () =>
      tensor([
        [[1], [2]],
        [[3], any_(4)],
      ]),
    g.ValueError,
    'dim 2 (got number)',
    'tensor',
  ],
  [() => tensor(new Float32Array(3), { shape: [2] }), g.ShapeError, "'[2]'", 'size 3', 'tensor'],
];

const ranges: readonly Row[] = [
  [() => plain.sum(-3), g.IndexError, 'sum(float32[2, 3], -3)', '[-2, 1]'],
  [() => plain.sum(0.5), g.ValueError, 'sum(float32[2, 3], 0.5)'],
  [() => plain.softmax(4), g.IndexError, 'softmax(float32[2, 3], 4)'],
  [() => plain.transpose(0, -3), g.IndexError, 'transpose(float32[2, 3], 0, -3)'],
  [() => plain.select(0, 2), g.IndexError, 'select(float32[2, 3], 0, 2)'],
  [() => plain.slice(0, NaN), g.ValueError, 'slice(float32[2, 3], 0, NaN)'],
  [() => plain.slice(0, 0.5, 2), g.ValueError, 'slice(float32[2, 3], 0, 0.5, 2)'],
  [() => plain.narrow(0, 1, 2), g.IndexError, 'narrow(float32[2, 3], 0, 1, 2)'],
  [() => plain.narrow(0, NaN, 1), g.ValueError, 'narrow(float32[2, 3], 0, NaN, 1)'],
  [() => plain.at(7), g.IndexError, 'at(float32[2, 3], 7)'],
  [() => plain.set([7], 1), g.IndexError, 'set(float32[2, 3], [7], 1)'],
  [() => plain.split(-1), g.ValueError, 'split(float32[2, 3], -1)'],
  [() => plain.topk(5), g.IndexError, 'topk(float32[2, 3], 5)'],
  [() => g.crossEntropy(plain, tensor([0, 7], { dtype: 'int32' })), g.IndexError, 'Target 7', 'crossEntropy'],
  [() => zeros([2, NaN]), g.ShapeError, 'zeros', '[2, NaN]'],
  [() => zeros([-1]), g.ShapeError, 'zeros', '[-1]'],
  [() => plain.reshape([NaN]), g.ShapeError, 'reshape(float32[2, 3], [NaN])'],
  [() => g.randn([-2]), g.ShapeError, 'randn', '[-2]'],
  [() => g.arange(0, 5, NaN), g.ValueError, 'arange'],
  [
    () => g.conv2d(ones([1, 3, 4, 4]), ones([2, 3, 3, 3]), null, { stride: NaN }),
    g.ValueError,
    '{stride: NaN}',
  ],
  [() => zeros([1e6, 1e6]).toTypedArray(), g.ValueError, 'toTypedArray(): not enough memory'],
  [() => nn.batches([ones([3])], 0).next(), g.ValueError, 'batch_size=0'],
];

const kinds: readonly Row[] = [
  [() => tensor([1], { dtype: 'int32', requiresGrad: true }), g.DTypeError, 'floating point', 'tensor'],
  [() => whole.requiresGrad_(), g.DTypeError, 'floating point', 'requiresGrad_'],
  [() => plain.matmul(ones([3], { dtype: 'int32' })), g.DTypeError, 'matmul(float32[2, 3], int32[3])'],
  [() => whole.add_(1.5), g.DTypeError, 'add_(int32[2], 1.5)'],
  [() => whole.mean(), g.DTypeError, 'mean(int32[2])'],
  [
    () => g.nllLoss(g.ones([2, 3], { dtype: 'int32' }), whole),
    g.DTypeError,
    'nllLoss(int32[2, 3], int32[2])',
  ],
  [() => g.avgPool1d(ones([1, 4], { dtype: 'int32' }), 2), g.DTypeError, 'avgPool1d(int32[1, 4], 2)'],
  [() => plain.to(any_('float16')), g.DTypeError, "'float16'", 'to('],
  [() => ones([1], { dtype: any_('constructor') }), g.DTypeError, "'constructor'", 'ones'],
  [() => tensor(any_({ length: 2 })), g.DTypeError, 'object', 'tensor'],
  [() => plain.add(any_('1')), g.ValueError, 'string', 'add(float32[2, 3], "1")'],
  [
    () => g.softmax(plain, 0, any_({ dtyp: 1 })),
    g.ValueError,
    "'dtyp'",
    'softmax(float32[2, 3], 0, {dtyp: 1})',
  ],
  [() => tensor([1], any_({ dtypes: 1 })), g.ValueError, "'dtypes'", 'tensor'],
  [() => tensor([1], JSON.parse('{"__proto__": 1}') as object), g.ValueError, "'__proto__'", 'tensor'],
  [() => new nn.Linear(3, 4, any_({ bia: 1 })), g.ValueError, "'bia'", 'Linear'],
  [() => new nn.Sequential(any_<g.nn.Module>(3)), g.ValueError, 'number', 'Module'],
  [() => new nn.Dropout(3), g.ValueError, 'dropout', '3'],
  [() => new optim.SGD([leaf], { lr: -1 }), g.ValueError, 'learning rate: -1'],
  [() => new optim.Adam([leaf], any_({ beta: 1 })), g.ValueError, 'Adam', "'beta'"],
  [() => new optim.SGD([leaf], { lr: any_('0.1') }), g.ValueError, 'SGD', "'lr' must be Number, not string"],
  [() => new nn.LayerNorm([2], { eps: any_(plain) }), g.ValueError, 'LayerNorm', "'eps'", 'not Tensor'],
  [() => g.grad(any_<() => Tensor>(3)), g.ValueError, 'grad(): expected a function, but got number'],
  [() => g.jacrev(any_<() => Tensor>(null)), g.ValueError, 'jacrev(): expected a function, but got null'],
  [() => g.vmap((x: Tensor) => x, any_({ chunkSize: 2 })), g.ValueError, 'vmap', "'chunkSize'"],
  [() => g.vmap((x: Tensor) => x, { randomness: any_('some') }), g.ValueError, 'randomness', 'Got some'],
  [
    () => g.jvp((x: Tensor) => x, any_(plain), [plain]),
    g.ValueError,
    'jvp: primals must be a list',
    'Tensor',
  ],
  [() => g.noGrad(any_(1)), g.ValueError, 'noGrad(): expected a function'],
  [() => compile((x: Tensor) => x, { name: any_(1) }), g.ValueError, 'name must be a string, not number'],
  [() => derived.registerHook(any_(1)), g.ValueError, 'registerHook(): expected a function, but got number'],
  [() => (leaf.grad = any_(1)), g.DTypeError, 'assigned grad expected to be a Tensor or None', 'number'],
  [() => plain.size(2), g.IndexError, 'Dimension out of range', 'size'],
  [() => g.arange(1, any_('5')), g.DTypeError, 'arange(): an argument must be Number, not string'],
  [() => g.linspace(any_('0'), 1, 3), g.DTypeError, 'linspace(): an argument must be Number, not string'],
  [() => g.fullLike(plain, any_('1')), g.DTypeError, 'fullLike(): an argument must be Number, not string'],
  [() => g.dropout(whole), g.DTypeError, "Float can't be cast to the desired output type", 'dropout'],
  [() => layer.loadStateDict(any_(null)), g.ValueError, 'Expected state_dict to be dict-like, got null'],
  [
    () => g.functionalCall(any_<typeof layer>(plain), {}, plain),
    g.ValueError,
    'functionalCall',
    'must be a Module',
  ],
  [
    () => plain.scatterReduce(1, g.zeros([2, 1], { dtype: 'int32' }), any_('1'), 'sum'),
    g.ValueError,
    'scatterReduce() received an invalid combination of arguments',
    'string',
  ],
  [() => new nn.ZeroPad2d(any_({})), g.ValueError, 'ZeroPad2d', "'padding' must be Number or a list of them"],
  [() => new nn.ConstantPad1d(1, any_(undefined)), g.ValueError, 'ConstantPad1d', "'value'", 'undefined'],
  [() => new nn.MaxPool2d(any_({})), g.ValueError, 'MaxPool2d', "'kernelSize'", 'object'],
  [() => new nn.MaxUnpool1d(any_('2')), g.ValueError, 'MaxUnpool1d', "'kernelSize'", 'string'],
  [() => new nn.Dropout(any_({ q: 1 })), g.ValueError, 'Dropout', "'q'"],
  [
    () => new nn.LeakyReLU({ negativeSlope: any_({}) }),
    g.ValueError,
    'LeakyReLU',
    "'negativeSlope'",
    'object',
  ],
  [
    () => new StepLR(sgd, any_({ stepSize: 2 })),
    g.ValueError,
    'StepLR',
    "'stepSize' must be Number, not object",
  ],
  [() => new CosineAnnealingLR(sgd, any_({ tMax: 2 })), g.ValueError, 'CosineAnnealingLR', "'tMax'"],
  [() => new ExponentialLR(sgd, any_('0.9')), g.ValueError, 'ExponentialLR', "'gamma'"],
  [() => new MultiStepLR(sgd, any_(['1'])), g.ValueError, 'MultiStepLR', 'list of numbers'],
  [() => g.setPrintOptions({ precision: -1 }), g.ValueError, 'setPrintOptions', '-1'],
  [
    () => g.setPrintOptions({ profile: any_('constructor') }),
    g.ValueError,
    'setPrintOptions',
    "'constructor'",
  ],
];

const misuse: readonly Row[] = [
  [() => leaf.add_(1), g.AutogradError, 'leaf', 'add_(float32[2], 1)'],
  [() => leaf.zero_(), g.AutogradError, 'leaf', 'zero_'],
  [() => leaf.copy_(ones([2])), g.AutogradError, 'leaf', 'copy_(float32[2], float32[2])'],
  [() => leaf.reshape([2]).add_(1), g.AutogradError, 'view of a leaf', 'add_'],
  [() => leaf.uniform_(), g.AutogradError, 'leaf', 'uniform_'],
  [() => derived.backward(), g.AutogradError, 'scalar outputs', 'backward'],
  [() => plain.backward(), g.AutogradError, 'does not require grad', 'backward'],
  [() => derived.item(), g.ValueError, 'item(float32[2])'],
  [
    () => compile((x: Tensor) => x.sum().item())(plain),
    g.TraceError,
    'item(): a value cannot be read',
    'where(',
  ],
  [() => compile((x: Tensor) => x.toArray())(plain), g.TraceError, 'toArray()'],
  [() => compile((x: Tensor) => x.index(x.gt(0)))(plain), g.TraceError, 'boolean'],
];

const seen = (): readonly unknown[] =>
  [leaf, derived, plain, whole].flatMap((x) => [String(x), x.version, x.isLeaf, x.grad, x.gradFn]);

const literal = (text: string): RegExp => new RegExp(text.replace(/[^\w ]/g, '\\$&'));

for (const [title, rows] of Object.entries({ shapes, ranges, kinds, misuse }))
  for (const [call, kind, ...names] of rows)
    test(`${title}: ${String(call).slice(6, 90)}`, (t) => {
      const before = seen();
      const { message } = t.throws(call, { instanceOf: kind });
      for (const name of names) t.regex(message, name instanceof RegExp ? name : literal(name));
      t.true(message.split('\n').length <= 2, message);
      t.regex(message, /\n at test\/badInput\.test\.ts:\d+:\d+/);
      t.deepEqual(seen(), before);
    });

test('the text of a call stays short, whatever is given', (t) => {
  const { message } = t.throws(() =>
    g.cat([...Array.from({ length: 50 }, () => plain), any_('a'.repeat(1000))] as Tensor[], 9),
  );
  t.true(message.length < 400, message);
});

test('the line is found below many layers of a model', (t) => {
  const { nn } = g;
  const layers = [1, 2, 3, 4, 5].reduce<g.nn.Module>(
    (inner) => new nn.Sequential(inner),
    new nn.Linear(2, 2),
  );
  const { message } = t.throws(() => (layers as g.nn.Sequential)(g.ones([3])));
  t.regex(message, /\n at test\/badInput\.test\.ts:\d+:\d+/);
});
