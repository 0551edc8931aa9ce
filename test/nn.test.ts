// Layers against real PyTorch (test/fixtures/nn-cases.json), and what modules do as a tree. What is under test: nn/.

import { inspect } from 'node:util';
import test from 'ava';
import { Parameter, ValueError, compile, manualSeed, nn, ones, randn, tensor, zeros } from '../index.ts';
import type { Tensor } from '../index.ts';
import { cases, distance, tensorOf } from './helpers/nnCases.ts';
import type { ModuleCase, Numbers } from './helpers/nnCases.ts';

type AnyModule = nn.Module & ((...inputs: unknown[]) => unknown);
const classes = nn as unknown as Readonly<Record<string, new (...args: readonly unknown[]) => AnyModule>>;

class Net extends nn.Module {
  body = new nn.Sequential(new nn.Conv2d(1, 2, 3), new nn.ReLU(), new nn.Flatten());
  heads = new nn.ModuleList([new nn.Linear(8, 2), new nn.Linear(8, 3, { bias: false })]);
  scale = new Parameter(ones([2]));
  count = this.registerBuffer('count', zeros([]));

  forward(x: Tensor): [Tensor, Tensor] {
    const y = this.body(x);
    return [this.heads.at(0)(y).mul(this.scale), this.heads.at(1)(y)];
  }
}

const make = ({ name, args }: ModuleCase): AnyModule => {
  manualSeed(0);
  return name === 'Net' ? (new Net() as unknown as AnyModule) : new classes[name](...args);
};

const flat = (value: unknown): Tensor[] =>
  Array.isArray(value) ? value.flatMap(flat) : value === null ? [] : [value as Tensor];

const camelCase = (key: string): string => key.replace(/_([a-z0-9])/g, (_, c: string) => c.toUpperCase());

/** What of a record of tensors differs from the numbers, as lines. */
function differences(
  what: string,
  actual: Readonly<Record<string, Tensor | null>>,
  expected: Readonly<Record<string, Numbers>>,
): string[] {
  const names = Object.keys(expected).map(camelCase);
  if (Object.keys(actual).join() !== names.join())
    return [`${what}: ${Object.keys(actual).join()} instead of ${names.join()}`];
  return Object.entries(expected).flatMap(([key, numbers]) => {
    const gap = distance(actual[camelCase(key)]!, numbers);
    return gap < 1e-9 ? [] : [`${what} ${key}: off by ${gap}`];
  });
}

for (const [i, c] of [...cases.modules, ...cases.net].entries()) {
  const options = c.options ? `, ${JSON.stringify(c.options)}` : '';
  const label = `${c.name}(${JSON.stringify(c.args).slice(1, -1)})${options}${c.training ? '' : ' in evaluation'} #${i}`;

  test(`${label} starts and prints as in PyTorch`, (t) => {
    const module = make(c);
    t.is(String(module), c.repr);
    const state = module.stateDict();
    t.deepEqual(Object.keys(state), Object.keys(c.init).map(camelCase));
    for (const [key, numbers] of Object.entries(c.init))
      t.true(distance(state[camelCase(key)], numbers) < 1e-7, key);
  });

  test(`${label} computes and differentiates as in PyTorch`, (t) => {
    const module = make(c);
    module.double().train(c.training);
    const inputs = c.inputs.map((n) =>
      'data' in n ? tensorOf(n, n.dtype === undefined) : n.map((m) => tensorOf(m, true)),
    );
    const mask =
      c.name === 'MultiheadAttention' && inputs.length > 3 ? { keyPaddingMask: inputs[3] } : c.options;
    const outputs = flat(module(...(mask ? [...inputs.slice(0, 3), mask] : inputs)));
    t.is(outputs.length, c.outputs.length);
    outputs.forEach((y, k) => t.true(distance(y, c.outputs[k]) < 1e-9, `output ${k}: ${String(y)}`));
    outputs
      .map((y, k) => y.mul(tensorOf(c.cotangents[k])).sum())
      .reduce((a, b) => a.add(b))
      .backward();
    flat(inputs).forEach((x, k) => {
      const expected = c.inputGrads[k];
      if (expected !== null)
        t.true(distance(x.grad!, expected) < 1e-9, `gradient of input ${k}: ${String(x.grad)}`);
    });
    const grads = Object.fromEntries(
      module
        .namedParameters()
        .filter(([, p]) => p.grad)
        .map(([name, p]) => [name, p.grad]),
    );
    t.deepEqual(differences('gradient', grads, c.grads), []);
    t.deepEqual(differences('buffer', Object.fromEntries(module.namedBuffers()), c.buffers), []);
  });
}

for (const { name, shape, args, result } of cases.inits)
  test(`init.${name}(${JSON.stringify(shape)}, ${JSON.stringify(args).slice(1, -1)}) gives PyTorch's numbers`, (t) => {
    manualSeed(0);
    const x = zeros(shape);
    const fill = (nn.init as unknown as Record<string, (x: Tensor, ...args: readonly unknown[]) => Tensor>)[
      name
    ];
    t.is(fill(x, ...args), x);
    t.true(distance(x, result) < 2e-6, String(x));
  });

test('names of parameters, modules and state come in the order of the fields', (t) => {
  const net = new Net();
  const [{ parameterNames, moduleNames, init }] = cases.net;
  t.deepEqual(
    net.namedParameters().map(([name]) => name),
    parameterNames,
  );
  t.deepEqual(
    net.namedModules().map(([name]) => name),
    moduleNames,
  );
  t.deepEqual(Object.keys(net.stateDict()), Object.keys(init));
  t.is(net.parameters().length, parameterNames!.length);
  t.deepEqual(net.children(), [net.body, net.heads]);
});

test('a module is called like a function, is an instance of its class, and shows its text', (t) => {
  const layer = new nn.Linear(2, 1);
  t.true(layer instanceof nn.Linear && layer instanceof nn.Module);
  t.deepEqual(layer(ones([3, 2])).shape, [3, 1]);
  t.deepEqual(layer.forward(ones([3, 2])).toArray(), layer(ones([3, 2])).toArray());
  t.is(inspect(layer), 'Linear(in_features=2, out_features=1, bias=True)');
});

test('a parameter that two modules share is listed once, and trained once', (t) => {
  const [a, b] = [new nn.Linear(2, 2), new nn.Linear(2, 2)];
  b.weight = a.weight;
  const both = new nn.Sequential(a, b);
  t.deepEqual(
    both.namedParameters().map(([name]) => name),
    ['0.weight', '0.bias', '1.bias'],
  );
  t.deepEqual(Object.keys(both.stateDict()), ['0.weight', '0.bias', '1.weight', '1.bias']);
  both.double();
  t.is(a.weight, b.weight);
  t.is(a.weight.dtype, 'float64');
});

test('a state dict shares memory with its module, and loads into another one', (t) => {
  const [a, b] = [new nn.BatchNorm1d(2), new nn.BatchNorm1d(2)];
  a(
    tensor([
      [1, 2],
      [3, 5],
    ]),
  );
  t.is(String(b.loadStateDict(a.stateDict()).missingKeys), '');
  t.deepEqual(b.runningMean!.toArray(), a.runningMean!.toArray());
  a.stateDict().weight.fill_(7);
  t.deepEqual(a.weight!.toArray(), [7, 7]);
  t.deepEqual(b.weight!.toArray(), [1, 1]);
});

test("a state dict of PyTorch's own names is understood", (t) => {
  const norm = new nn.BatchNorm1d(2, { affine: false });
  norm.loadStateDict({
    running_mean: tensor([1, 2]),
    running_var: ones([2]),
    num_batches_tracked: tensor(3, { dtype: 'int32' }),
  });
  t.deepEqual(norm.runningMean!.toArray(), [1, 2]);
  t.is(norm.numBatchesTracked!.item(), 3);
});

test("a state dict that does not fit is refused as a whole, in PyTorch's words", (t) => {
  const layer = new nn.Linear(2, 3);
  const before = layer.weight.toArray();
  const error = t.throws(() => layer.loadStateDict({ weight: ones([2, 2]), other: ones([1]) }), {
    instanceOf: ValueError,
  });
  t.is(
    error.message.split('\n at ')[0],
    'Error(s) in loading state_dict for Linear:\n\tMissing key(s) in state_dict: "bias". \n\tUnexpected key(s) in state_dict: "other". \n' +
      '\tsize mismatch for weight: copying a param with shape [2, 2] from checkpoint, the shape in current model is [3, 2].',
  );
  t.deepEqual(layer.weight.toArray(), before);
  const { missingKeys, unexpectedKeys } = layer.loadStateDict(
    { weight: ones([3, 2]), other: ones([1]) },
    { strict: false },
  );
  t.deepEqual([missingKeys, unexpectedKeys], [['bias'], ['other']]);
  t.is(layer.weight.sum().item(), 6);
});

test('training and evaluation reach all modules below', (t) => {
  const net = new nn.Sequential(new nn.Dropout(0.5), new nn.Sequential(new nn.Dropout(0.5)));
  t.is(net.eval(), net);
  t.deepEqual(
    net.modules().map((m) => m.training),
    [false, false, false, false],
  );
  t.deepEqual(net(ones([4])).toArray(), [1, 1, 1, 1]);
  net.train();
  t.deepEqual(
    net.modules().map((m) => m.training),
    [true, true, true, true],
  );
});

test('a compiled function follows the training mode, and draws other numbers at each call', (t) => {
  t.is(new nn.Dropout({ p: 0.25 }).p, 0.25);
  const layer = new nn.Dropout(0.5);
  const apply = compile((x: Tensor) => layer(x));
  manualSeed(1);
  const x = ones([32]);
  const [first, second] = [apply(x).toArray(), apply(x).toArray()];
  t.notDeepEqual(first, second);
  layer.eval();
  t.deepEqual(apply(x).toArray(), x.toArray());
  layer.train();
  t.notDeepEqual(apply(x).toArray(), x.toArray());
  t.is(apply.programs.length, 2);
  manualSeed(1);
  t.deepEqual([apply(x).toArray(), apply(x).toArray()], [first, second]);
});

test('running moments of batch normalisation move in a compiled function as they do outside', (t) => {
  const [a, b] = [new nn.BatchNorm1d(3), new nn.BatchNorm1d(3)];
  const apply = compile((x: Tensor) => b(x));
  for (let i = 0; i < 3; i++) {
    manualSeed(i);
    const x = randn([8, 3]);
    t.deepEqual(apply(x).toArray(), a(x).toArray());
  }
  t.deepEqual(b.runningVar!.toArray(), a.runningVar!.toArray());
  t.is(b.numBatchesTracked!.item(), 3);
});

test('hooks see and may replace inputs and outputs, and can be removed', (t) => {
  const layer = new nn.Identity();
  const before = layer.registerForwardPreHook((_, [x]) => [(x as Tensor).add(1)]);
  const after = layer.registerForwardHook((_, [x], y) => (x as Tensor).mul(y as Tensor));
  t.is(layer(tensor(2)).item(), 9);
  before.remove();
  t.is(layer(tensor(2)).item(), 4);
  after.remove();
  t.is(layer(tensor(2)).item(), 2);
});

test('requiresGrad_, zeroGrad and apply reach all parameters', (t) => {
  const net = new nn.Sequential(new nn.Linear(2, 2), new nn.Linear(2, 1));
  net(ones([1, 2])).backward();
  t.true(net.parameters().every((p) => p.grad !== null));
  net.zeroGrad({ setToNone: false });
  t.true(net.parameters().every((p) => p.grad!.abs().sum().item() === 0));
  net.zeroGrad();
  t.true(net.parameters().every((p) => p.grad === null));
  net.requiresGrad_(false);
  t.false(net(ones([1, 2])).requiresGrad);
  const seen: nn.Module[] = [];
  net.apply((m) => void seen.push(m));
  t.deepEqual(seen, [...net.children(), net]);
});

test('lists are iterated, indexed and extended', (t) => {
  const net = new nn.Sequential({ first: new nn.Linear(1, 2), act: new nn.Tanh() });
  t.deepEqual(Object.keys(net.stateDict()), ['first.weight', 'first.bias']);
  const list = new nn.ModuleList([new nn.Tanh()]).append(new nn.ReLU());
  t.is(list.length, 2);
  t.deepEqual([...list].map(String), ['Tanh()', 'ReLU()']);
  t.is(list.at(-1), [...list][1]);
  t.throws(() => list.at(2), { message: /index 2 is out of range/ });
  const named = new nn.ModuleDict({ a: new nn.Linear(1, 1) });
  t.is(named.get('a').inFeatures, 1);
});

test('buffers that do not persist are no part of the state', (t) => {
  class Counter extends nn.Module {
    kept = this.registerBuffer('kept', zeros([1]));
    temporary = this.registerBuffer('temporary', zeros([1]), { persistent: false });
    forward(x: Tensor): Tensor {
      return x;
    }
  }
  const module = new Counter();
  t.deepEqual(Object.keys(module.stateDict()), ['kept']);
  t.deepEqual(
    module.namedBuffers().map(([name]) => name),
    ['kept', 'temporary'],
  );
  t.throws(() => module.registerBuffer('a.b', null), { message: /buffer name can't contain "."/ });
  t.throws(() => module.registerParameter('forward', null), {
    message: /attribute 'forward' already exists/,
  });
});

test('the weights of a loss are part of its state, and follow its dtype', (t) => {
  const loss = new nn.CrossEntropyLoss({ weight: tensor([1, 3]) });
  t.deepEqual(Object.keys(loss.stateDict()), ['weight']);
  const [x, y] = [
    tensor(
      [
        [0, 0],
        [0, 0],
      ],
      { dtype: 'float64' },
    ),
    tensor(new Int32Array([0, 1])),
  ];
  t.true(Math.abs(Number(loss.double()(x, y).item()) - Math.LN2) < 1e-15);
});

test('an embedding takes a table that is there, frozen or not', (t) => {
  const table = tensor([
    [1, 2],
    [3, 4],
  ]);
  const layer = nn.Embedding.fromPretrained(table);
  t.deepEqual(layer(tensor(new Int32Array([1, 0]))).toArray(), [
    [3, 4],
    [1, 2],
  ]);
  t.false(layer.weight.requiresGrad);
  t.true(nn.Embedding.fromPretrained(table, { freeze: false }).weight.requiresGrad);
});

test('scaled dot product attention hides keys by boolean, additive and causal masks', (t) => {
  manualSeed(0);
  const [q, k, v] = [randn([2, 3, 4]), randn([2, 3, 4]), randn([2, 3, 2])];
  const attend = nn.functional.scaledDotProductAttention;
  const seen = ones([3, 3], { dtype: 'bool' }).tril();
  const added = tensor([
    [0, -Infinity, -Infinity],
    [0, 0, -Infinity],
    [0, 0, 0],
  ]);
  const causal = attend(q, k, v, { isCausal: true });
  t.deepEqual(causal.select(1, 0).toArray(), v.select(1, 0).toArray());
  t.deepEqual(attend(q, k, v, { attnMask: seen }).toArray(), causal.toArray());
  t.deepEqual(attend(q, k, v, { attnMask: added }).toArray(), causal.toArray());
  t.throws(() => attend(q, k, v, { attnMask: seen, isCausal: true }), {
    message: /Explicit attn_mask should not be set/,
  });
});

test('minibatches cover the data once, shuffled by the seed, and may leave out the rest', (t) => {
  const x = tensor(
    new Float32Array(14).map((_, i) => i),
    { shape: [7, 2] },
  );
  const y = tensor(new Int32Array(7).map((_, i) => i));
  const plain = [...nn.batches([x, y], 3)];
  t.deepEqual(
    plain.map(([a]) => a.shape),
    [
      [3, 2],
      [3, 2],
      [1, 2],
    ],
  );
  t.deepEqual(
    plain[1].map((part) => part.toArray()),
    [
      [
        [6, 7],
        [8, 9],
        [10, 11],
      ],
      [3, 4, 5],
    ],
  );
  t.is(plain[0][1].dtype, 'int32');
  manualSeed(0);
  const shuffled = [...nn.batches([x, y], 3, { shuffle: true, dropLast: true })];
  t.is(shuffled.length, 2);
  const rows = shuffled.flatMap(([, part]) => part.toArray() as number[]);
  t.notDeepEqual(rows, [0, 1, 2, 3, 4, 5]);
  t.is(new Set(rows).size, 6);
  t.throws(() => [...nn.batches([x, y.narrow(0, 0, 3)], 3)], { message: /Size mismatch between tensors/ });
});

test('dropout of channels drops whole channels', (t) => {
  manualSeed(0);
  const y = new nn.Dropout2d(0.5)(ones([4, 8, 2, 2])).flatten(2);
  const rows = (y.toArray() as number[][][]).flat();
  t.true(rows.every((row) => row.every((v) => v === row[0]) && (row[0] === 0 || row[0] === 2)));
  t.true(rows.some(([v]) => v === 0) && rows.some(([v]) => v === 2));
});

const mistakes: readonly (readonly [what: string, mistake: () => unknown, message: RegExp])[] = [
  [
    'a misspelt option',
    () => new classes.Linear(2, 3, { biass: false }),
    /Linear\.__init__\(\) got an unexpected keyword argument 'biass'/,
  ],
  [
    'options that are no object',
    () => new classes.Linear(2, 3, false),
    /Linear\(\): options must be an object, but got boolean/,
  ],
  [
    'groups that do not divide',
    () => new nn.Conv2d(3, 4, 1, { groups: 2 }),
    /in_channels must be divisible by groups/,
  ],
  [
    "'same' with strides",
    () => new nn.Conv1d(1, 1, 2, { padding: 'same', stride: 2 }),
    /padding='same' is not supported for strided convolutions/,
  ],
  [
    'an unknown padding mode',
    () => new classes.Conv1d(1, 1, 2, { paddingMode: 'x' }),
    /padding_mode must be one of/,
  ],
  ['a probability of 2', () => new nn.Dropout(2), /dropout probability has to be between 0 and 1, but got 2/],
  [
    'heads that do not divide',
    () => new nn.MultiheadAttention(5, 2),
    /embed_dim must be divisible by num_heads/,
  ],
  [
    'a padding row outside',
    () => new nn.Embedding(3, 2, { paddingIdx: 3 }),
    /Padding_idx must be within num_embeddings/,
  ],
  [
    'the wrong rank for BatchNorm2d',
    () => new nn.BatchNorm2d(2)(ones([2, 2])),
    /expected 4D input \(got 2D input\)/,
  ],
  [
    'the wrong rank for BatchNorm1d',
    () => new nn.BatchNorm1d(2)(ones([2, 2, 2, 2])),
    /expected 2D or 3D input \(got 4D input\)/,
  ],
  [
    'one example in training',
    () => new nn.BatchNorm1d(2)(ones([1, 2])),
    /Expected more than 1 value per channel when training, got input size \[1, 2\]/,
  ],
  [
    'groups of channels that do not divide',
    () => new nn.GroupNorm(2, 3),
    /num_channels must be divisible by num_groups/,
  ],
  [
    'a sequence of the wrong width',
    () => new nn.LSTM(3, 2)(ones([4, 1, 2])),
    /input\.size\(-1\) must be equal to input_size\. Expected 3, got 2/,
  ],
  [
    'a state of the wrong size',
    () => new nn.GRU(3, 2)(ones([4, 1, 3]), ones([1, 1, 3])),
    /Expected hidden size \[1, 1, 2\], got \[1, 1, 3\]/,
  ],
  ['an unknown nonlinearity', () => new classes.RNN(1, 2, { nonlinearity: 'x' }), /Unknown nonlinearity 'x'/],
  [
    'a projection that is too large',
    () => new nn.LSTM(1, 2, { projSize: 2 }),
    /proj_size has to be smaller than hidden_size/,
  ],
  [
    'fans of a vector',
    () => nn.init.xavierUniform_(ones([2])),
    /Fan in and fan out can not be computed for tensor with fewer than 2 dimensions/,
  ],
  [
    'an integer dtype for a module',
    () => new nn.Linear(1, 1).to('int32'),
    /nn\.Module\.to only accepts floating point dtypes/,
  ],
  [
    'a list that is called',
    () => (new nn.ModuleList() as unknown as AnyModule)(1),
    /Module \[ModuleList\] is missing the required "forward" function/,
  ],
];

for (const [what, mistake, message] of mistakes)
  test(`${what} is refused in PyTorch's words`, (t) => void t.throws(mistake, { message }));
