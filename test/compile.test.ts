// Compiled functions: the same numbers as uncompiled ones, whatever they read, write, draw, keep or get wrong. Through the public
// interface; most tests run in all the ways that there are to run a function.

import test from 'ava';
import * as g from '../index.ts';
import { Tensor, compile, guarded, manualSeed, noGrad, ones, tensor, zeros } from '../index.ts';
import type { CompileOptions, Compiled } from '../index.ts';
import { nn, optim } from '../nn/index.ts';
import { flat as numbers } from './helpers/values.ts';

type Fn = (...args: never[]) => unknown;
type Way = <F extends Fn>(fn: F) => F;

const with_ =
  (options: CompileOptions): Way =>
  (fn) =>
    compile(fn, options) as unknown as typeof fn;

const uncompiled: Way = (fn) => fn;
const ways: Readonly<Record<string, Way>> = {
  compiled: with_({}),
  checked: with_({ checked: true }),
  interpreted: with_({ backend: 'interpreter' }),
};

/** What `scenario` observes must be the same in all ways. */
function sameInAllWays(title: string, scenario: (way: Way) => readonly number[], tolerance = 1e-5): void {
  test(title, (t) => {
    const want = scenario(uncompiled);
    for (const [name, way] of Object.entries(ways)) {
      const got = scenario(way);
      t.is(got.length, want.length, name);
      want.forEach((w, i) => {
        const scale = Math.max(1, Math.abs(w));
        t.true(
          Object.is(w, got[i]) || Math.abs(got[i] - w) <= tolerance * scale,
          `${name}: ${i}: ${got[i]} instead of ${w}`,
        );
      });
    }
  });
}

// --- training ---------------------------------------------------------------------------------------------------------------

interface Mlp {
  readonly params: Tensor[];
  forward(x: Tensor): Tensor;
}

function makeMlp(): Mlp {
  manualSeed(1);
  const params = [g.randn([3, 8]).mul(0.5), zeros([8]), g.randn([8, 2]).mul(0.5), zeros([2])].map((p) =>
    p.detach().requiresGrad_(),
  );
  const [w1, b1, w2, b2] = params;
  return { params, forward: (x) => x.matmul(w1).add(b1).tanh().matmul(w2).add(b2) };
}

const batches = (count: number): readonly (readonly [Tensor, Tensor])[] => {
  manualSeed(2);
  return Array.from({ length: count }, () => {
    const x = g.randn([5, 3]);
    return [x, x.narrow(1, 0, 2).mul(2)] as const;
  });
};

const dropGradients = (params: readonly Tensor[]): void => params.forEach((p) => (p.grad = null));

sameInAllWays('an MLP is trained by SGD with momentum', (way) => {
  const { params, forward } = makeMlp();
  const velocity = params.map((p) => g.zerosLike(p));
  const step = way((x: Tensor, y: Tensor) => {
    dropGradients(params);
    const loss = forward(x).sub(y).square().mean();
    loss.backward();
    noGrad(() =>
      params.forEach((p, i) => {
        velocity[i].mul_(0.9).add_(p.grad!);
        p.sub_(velocity[i].mul(0.05));
      }),
    );
    return loss;
  });
  const losses = batches(6).map(([x, y]) => step(x, y).item() as number);
  return [
    ...losses,
    ...params.flatMap(numbers),
    ...velocity.flatMap(numbers),
    ...params.flatMap((p) => numbers(p.grad!)),
  ];
});

sameInAllWays('an MLP is trained by Adam, whose step count is a tensor', (way) => {
  const { params, forward } = makeMlp();
  const means = params.map((p) => zeros(p.shape));
  const squares = params.map((p) => zeros(p.shape));
  const t = zeros([]);
  const step = way((x: Tensor, y: Tensor) => {
    dropGradients(params);
    const loss = forward(x).sub(y).square().mean();
    loss.backward();
    noGrad(() => {
      t.add_(1);
      const [c1, c2] = [0.9, 0.999].map((b) => g.pow(tensor(b), t).neg().add(1));
      params.forEach((p, i) => {
        means[i].mul_(0.9).add_(p.grad!.mul(0.1));
        squares[i].mul_(0.999).add_(p.grad!.square().mul(0.001));
        p.sub_(means[i].div(c1).div(squares[i].div(c2).sqrt().add(1e-8)).mul(0.01));
      });
    });
    return loss;
  });
  const losses = batches(6).map(([x, y]) => step(x, y).item() as number);
  return [...losses, ...params.flatMap(numbers), ...squares.flatMap(numbers), t.item() as number];
});

sameInAllWays('gradients add up over calls, and start anew when they are dropped in between', (way) => {
  const w = tensor([1, 2], { requiresGrad: true });
  const backward = way((x: Tensor) => {
    x.mul(w).square().sum().backward();
  });
  const seen: number[] = [];
  const handles: Tensor[] = [];
  for (let i = 0; i < 7; i++) {
    if (i === 4) w.grad = null;
    backward(tensor([i, 1]));
    if (i !== 2) {
      handles.push(w.grad!);
      seen.push(...numbers(w.grad!));
    }
  }
  return [
    ...seen,
    ...handles.flatMap(numbers),
    handles[0] === handles[1] ? 1 : 0,
    handles[2] === handles[4] ? 1 : 0,
  ];
});

sameInAllWays('a gradient that was looked at keeps its value when the next call makes another', (way) => {
  const w = tensor([1, 2], { requiresGrad: true });
  const backward = way((x: Tensor) => {
    w.grad = null;
    x.mul(w).square().sum().backward();
  });
  const kept: Tensor[] = [];
  for (let i = 0; i < 6; i++) {
    backward(tensor([i, 1]));
    if (i % 2 === 1) kept.push(w.grad!);
  }
  const lazy = w.grad!.mul(10);
  backward(tensor([9, 9]));
  return [...kept.flatMap(numbers), ...numbers(lazy), ...numbers(w.grad!)];
});

sameInAllWays('backward and the step may be two functions, or one of them uncompiled', (way) => {
  const w = tensor([1, 2], { requiresGrad: true });
  const backward = way((x: Tensor) => {
    w.grad = null;
    x.mul(w).square().sum().backward();
  });
  const update = way(() => {
    noGrad(() => w.sub_(w.grad!.mul(0.1)));
  });
  const seen: number[] = [];
  for (let i = 1; i < 4; i++) {
    backward(tensor([i, 1]));
    update();
    seen.push(...numbers(w));
    backward(tensor([i, 2]));
    noGrad(() => w.sub_(w.grad!.mul(0.1)));
    seen.push(...numbers(w), ...numbers(w.grad!));
  }
  return seen;
});

sameInAllWays('gradients are set to zero in place', (way) => {
  const w = tensor([1, 2], { requiresGrad: true });
  w.grad = ones([2]);
  const handle = w.grad;
  const backward = way((x: Tensor) => {
    w.grad!.zero_();
    x.mul(w).sum().backward();
  });
  backward(tensor([3, 4]));
  const first = numbers(handle);
  backward(tensor([5, 6]));
  return [...first, ...numbers(handle), handle === w.grad ? 1 : 0];
});

sameInAllWays('an optimizer of the library takes its steps inside', (way) => {
  const { params, forward } = makeMlp();
  const optimizer = new optim.Adam(params, { lr: 0.01 });
  const step = way((x: Tensor, y: Tensor) => {
    optimizer.zeroGrad();
    const loss = forward(x).sub(y).square().mean();
    loss.backward();
    optimizer.step();
    return loss;
  });
  const losses = batches(5).map(([x, y], i) => {
    optimizer.paramGroups[0].lr = 0.01 / (i + 1);
    return step(x, y).item() as number;
  });
  return [...losses, ...params.flatMap(numbers)];
});

sameInAllWays('higher derivatives and gradients of arguments are taken inside', (way) => {
  const f = way((x: Tensor) => {
    const y = x.detach().requiresGrad_();
    const [first] = g.autograd.grad(y.pow(3).sum(), y, { createGraph: true });
    const [second] = g.autograd.grad(first.sum(), y);
    return [first, second] as const;
  });
  return f(tensor([1, 2, 3])).flatMap(numbers);
});

sameInAllWays('an argument that is a leaf gets its gradient', (way) => {
  const f = way((x: Tensor) => {
    const loss = x.square().sum();
    loss.backward();
    return loss;
  });
  const [x, y] = [tensor([1, 2], { requiresGrad: true }), tensor([3, 4], { requiresGrad: true })];
  f(x);
  f(y);
  const first = x.grad!;
  f(x);
  return [...numbers(x.grad!), ...numbers(y.grad!), ...numbers(first), first === x.grad ? 1 : 0];
});

// --- state ------------------------------------------------------------------------------------------------------------------

sameInAllWays('what is written inside is seen outside, also through views and other handles', (way) => {
  const state = zeros([4]);
  const view = state.narrow(0, 1, 2);
  const other = state.detach();
  const f = way((x: Tensor) => {
    state.add_(x);
    view.mul_(2);
  });
  f(ones([4]));
  const seen = [...numbers(state), ...numbers(view), ...numbers(other)];
  view.fill_(5);
  f(ones([4]));
  return [...seen, ...numbers(state), ...numbers(view), ...numbers(other)];
});

sameInAllWays('two functions share their state with each other and with uncompiled code', (way) => {
  const w = tensor([1, 2, 3]);
  const add = way((x: Tensor) => void w.add_(x));
  const scaled = way((k: Tensor) => w.mul(k));
  const seen: number[] = [];
  for (let i = 1; i < 4; i++) {
    add(ones([3]));
    seen.push(...numbers(scaled(tensor(2))));
    w.mul_(3);
    seen.push(...numbers(scaled(tensor(1))));
    add(tensor([1, 0, 0]));
  }
  return [...seen, ...numbers(w)];
});

sameInAllWays('values from before a call survive it, read or not', (way) => {
  const w = tensor([1, 2]);
  const f = way(() => void w.mul_(2));
  const before = w.add(0);
  f();
  const between = w.add(10);
  const copy = w.clone();
  const row = w.narrow(0, 1, 1).mul(1);
  f();
  f();
  return [...numbers(before), ...numbers(between), ...numbers(copy), ...numbers(row), ...numbers(w)];
});

sameInAllWays('a state may be swapped with another', (way) => {
  const [a, b] = [tensor([1, 2, 3]), tensor([4, 5, 6])];
  const swap = way(() => {
    const old = a.clone();
    a.copy_(b);
    b.copy_(old);
  });
  swap();
  const once = [...numbers(a), ...numbers(b)];
  swap();
  return [...once, ...numbers(a), ...numbers(b)];
});

sameInAllWays('state may be written outside between calls, in place and through data', (way) => {
  const w = tensor([1, 2], { requiresGrad: true });
  const f = way((x: Tensor) => x.mul(w));
  const x = tensor([10, 10]);
  const seen = numbers(f(x));
  noGrad(() => w.mul_(3));
  seen.push(...numbers(f(x)));
  w.data = tensor([7, 8]);
  seen.push(...numbers(f(x)));
  w.data.fill_(1);
  return [...seen, ...numbers(f(x))];
});

sameInAllWays('state that is still lazy is computed first', (way) => {
  const w = tensor([1, 2]).mul(3);
  const f = way(() => w.add_(1));
  return [...numbers(f()), ...numbers(f()), ...numbers(w)];
});

sameInAllWays('a learning rate in a tensor may change between calls', (way) => {
  const w = tensor([1, 2], { requiresGrad: true });
  const rate = tensor(0.1);
  const step = way((x: Tensor) => {
    w.grad = null;
    x.mul(w).square().sum().backward();
    noGrad(() => w.sub_(w.grad!.mul(rate)));
  });
  for (let i = 0; i < 4; i++) {
    rate.mul_(0.5);
    step(ones([2]));
  }
  return numbers(w);
});

sameInAllWays('all dtypes pass through', (way) => {
  const f = way((x: Tensor, y: Tensor, z: Tensor, b: Tensor, u: Tensor) => [
    x.mul(2),
    y.mul(2),
    z.add(1),
    b.logicalNot(),
    u.add(250),
    z.add(x),
  ]);
  const out = f(
    tensor([0.1]),
    tensor([0.1], { dtype: 'float64' }),
    tensor([3], { dtype: 'int32' }),
    tensor([true]),
    tensor([10], { dtype: 'uint8' }),
  );
  return out.flatMap(numbers);
});

sameInAllWays('tensors without elements pass through', (way) => {
  const w = zeros([0]);
  const f = way((x: Tensor) => {
    w.add_(x);
    return [x.mul(2), x.sum()];
  });
  const [empty, sum] = f(zeros([0]));
  return [empty.numel, sum.item() as number, w.numel];
});

// --- random numbers -----------------------------------------------------------------------------------------------------------

sameInAllWays('random numbers come from the same stream in the same order', (way) => {
  const f = way((x: Tensor) => {
    const u = g.rand([3]);
    g.randn([2]);
    const n = g.randn([3]);
    return x.add(u).mul(n).add(g.bernoulli(u));
  });
  manualSeed(7);
  const seen = [...numbers(f(ones([3]))), ...numbers(g.rand([2])), ...numbers(f(ones([3])))];
  return [...seen, ...numbers(g.randn([2]))];
});

sameInAllWays('a seed may be set inside', (way) => {
  const f = way(() => {
    manualSeed(3);
    return g.rand([2]);
  });
  manualSeed(1);
  return [...numbers(f()), ...numbers(g.rand([1])), ...numbers(f())];
});

test('masks of dropout differ from call to call', (t) => {
  const f = compile((x: Tensor) => g.dropout(x, 0.5));
  manualSeed(0);
  const masks = [1, 2, 3, 4].map(() => numbers(f(ones([64]))).join());
  t.is(new Set(masks).size, 4);
  t.is(f.programs.length, 1);
});

// --- arguments and results ------------------------------------------------------------------------------------------------------

sameInAllWays('arguments and results are nested as they are', (way) => {
  const f = way((o: { x: Tensor; more: readonly [Tensor, { k: number }] }, flag: boolean) => ({
    sum: o.x.add(o.more[0]),
    list: [o.x.mul(o.more[1].k), 'text', null, flag] as const,
  }));
  const { sum, list } = f({ x: tensor([1]), more: [tensor([2]), { k: 3 }] }, true);
  return [
    ...numbers(sum),
    ...numbers(list[0]),
    list.length,
    list[1] === 'text' ? 1 : 0,
    list[2] === null ? 1 : 0,
    list[3] ? 1 : 0,
  ];
});

sameInAllWays('results with names keep them', (way) => {
  const f = way((x: Tensor) => x.max(1));
  const found = f(tensor([[1, 5, 2]]));
  return [...numbers(found.values), ...numbers(found.indices), ...numbers(found[0])];
});

sameInAllWays('one tensor may be passed twice', (way) => {
  const f = way((x: Tensor, y: Tensor) => {
    x.add_(1);
    return y.mul(2);
  });
  const [a, b] = [tensor([1]), tensor([10])];
  return [
    ...numbers(f(a, a)),
    ...numbers(f(a, b)),
    ...numbers(f(b, b)),
    ...numbers(a),
    ...numbers(b),
    ...numbers(f(a, a.detach())),
    ...numbers(a),
  ];
});

sameInAllWays('an argument is changed in place', (way) => {
  const f = way((x: Tensor) => {
    x.mul_(2);
    x.add_(1);
  });
  const [a, b] = [tensor([1, 2]), tensor([5, 6])];
  const alias = a.detach();
  f(a);
  f(b);
  f(a);
  return [...numbers(a), ...numbers(b), ...numbers(alias), a.version, b.version];
});

sameInAllWays('a view is changed in place, and what it is a view of', (way) => {
  const f = way((x: Tensor) => void x.fill_(9));
  const base = zeros([3, 2]);
  f(base.select(0, 1));
  f(base.narrow(1, 0, 1));
  return numbers(base);
});

sameInAllWays('views are passed by their values', (way) => {
  const data = g.arange(24).reshape([4, 3, 2]);
  const f = way((x: Tensor) => x.mul(2).sum());
  const views = [
    data.select(0, 2),
    data.narrow(0, 1, 1).squeeze(0),
    data.select(2, 1).narrow(0, 0, 3).narrow(1, 1, 2),
  ];
  return views.flatMap((x) => numbers(f(x)));
});

sameInAllWays('an argument may also be reached from outside', (way) => {
  const w = tensor([1, 2]);
  const read = way((x: Tensor) => x.add(w));
  const write = way((x: Tensor) => {
    w.add_(1);
    return x.mul(10);
  });
  const writeArgument = way((x: Tensor) => {
    x.add_(1);
    return w.mul(10);
  });
  const z = tensor([5, 5]);
  const seen = [...numbers(read(w)), ...numbers(read(z))];
  for (const f of [write, writeArgument, write])
    seen.push(...numbers(f(z)), ...numbers(f(w)), ...numbers(f(z)));
  return [...seen, ...numbers(w), ...numbers(z)];
});

sameInAllWays('gradients of an argument that is also reached from outside', (way) => {
  const w = tensor([1, 2], { requiresGrad: true });
  const f = way((x: Tensor) => {
    w.grad = null;
    x.mul(w).sum().backward();
  });
  f(tensor([5, 6]));
  const first = numbers(w.grad!);
  f(w);
  return [...first, ...numbers(w.grad!)];
});

test('results never share memory: with arguments, state, each other or later calls', (t) => {
  const w = tensor([1, 2]);
  const f = compile((x: Tensor) => [x, x, w, x.detach(), x.mul(1), w] as const);
  const x = tensor([3, 4]);
  const first = f(x);
  const second = f(x);
  for (const y of [...first, ...second]) y.mul_(100);
  t.deepEqual(numbers(x), [3, 4]);
  t.deepEqual(numbers(w), [1, 2]);
  t.deepEqual(first.map(numbers), [
    [300, 400],
    [300, 400],
    [100, 200],
    [300, 400],
    [300, 400],
    [100, 200],
  ]);
  const third = f(tensor([5, 6]));
  t.deepEqual(second.map(numbers), first.map(numbers));
  t.deepEqual(numbers(third[1]), [5, 6]);
  t.deepEqual(numbers(w), [1, 2]);
});

test('results have no history, and say whether they require grad: never', (t) => {
  const w = tensor([1, 2], { requiresGrad: true });
  const y = compile((x: Tensor) => x.mul(w))(ones([2]));
  t.false(y.requiresGrad);
  t.is(y.gradFn, null);
});

test('a module is an argument by identity; its parameters are state', (t) => {
  const model = new nn.Linear(2, 1);
  const other = new nn.Linear(2, 1);
  const step = compile((m: InstanceType<typeof nn.Linear>, x: Tensor) => {
    m.zeroGrad();
    m(x).sum().backward();
    noGrad(() => m.weight.sub_(m.weight.grad!));
  });
  const before = numbers(model.weight);
  step(model, ones([1, 2]));
  step(model, ones([1, 2]));
  t.deepEqual(
    numbers(model.weight),
    before.map((w) => Math.fround(Math.fround(w - 1) - 1)),
  );
  t.is(step.programs.length, 1);
  step(other, ones([1, 2]));
  t.is(step.programs.length, 2);
});

test('a parameter that is replaced in a module is noticed', (t) => {
  const model = new nn.Linear(2, 1, { bias: false });
  const apply = compile((m: InstanceType<typeof nn.Linear>, x: Tensor) => m(x));
  const x = ones([1, 2]);
  apply(model, x);
  Object.assign(model, { weight: new g.Parameter(tensor([[3, 4]])) });
  t.deepEqual(numbers(apply(model, x)), [7]);
  t.is(apply.programs.length, 2);
});

test('an instance of any class is an argument by identity; what its fields hold is looked at in each call', (t) => {
  class Scaled {
    factor = 3;
    weights = [tensor([1, 2])];
    count = 0;
  }
  const f = compile((s: Scaled, x: Tensor) => x.mul(s.weights[0]).mul(s.factor));
  const scaled = new Scaled();
  t.deepEqual(numbers(f(scaled, ones([2]))), [3, 6]);
  scaled.factor = 10;
  t.deepEqual(numbers(f(scaled, ones([2]))), [10, 20]);
  scaled.weights[0] = tensor([5, 5]);
  t.deepEqual(numbers(f(scaled, ones([2]))), [50, 50]);
  scaled.weights[0].add_(1);
  t.deepEqual(numbers(f(scaled, ones([2]))), [60, 60]);
  t.is(f.programs.length, 3);
  t.is(f.explainRecompiles()[0], 's.factor (argument 0): 3 -> 10');
  const counting = compile((s: Scaled) => tensor(s.count++));
  t.throws(() => counting(scaled), {
    instanceOf: g.TraceError,
    message: /assigns to a field of an argument/,
  });
});

test('an optimizer and a generator may be arguments', (t) => {
  const w = tensor([1, 2], { requiresGrad: true });
  const step = compile((optimizer: optim.Adam, generator: g.Generator) => {
    optimizer.zeroGrad();
    w.mul(g.rand([2], { generator }))
      .sum()
      .backward();
    optimizer.step();
  });
  const adam = new optim.Adam([w], { lr: 0.1 });
  const generator = new g.Generator(3);
  for (let i = 0; i < 3; i++) step(adam, generator);
  t.is(step.programs.length, 1);
  const other = new g.Generator(3);
  for (let i = 0; i < 3; i++) g.rand([2], { generator: other });
  t.is(generator.random32(), other.random32());
});

test('a compiled function inside a compiled function is part of it', (t) => {
  const inner = compile((x: Tensor) => x.mul(2));
  const outer = compile((x: Tensor) => inner(x).add(1));
  t.deepEqual(numbers(outer(tensor([1, 2]))), [3, 5]);
  t.is(inner.programs.length, 0);
  t.is(outer.programs.length, 1);
});

test('functions are traced once per signature', (t) => {
  let traced = 0;
  const f = compile((x: Tensor, k: number) => {
    traced++;
    return x.mul(k);
  });
  for (let i = 0; i < 3; i++) {
    f(ones([2]), 1);
    f(ones([3]), 1);
    f(ones([2]), 2);
  }
  t.is(traced, 3);
  t.is(f.programs.length, 3);
});

// --- signatures -----------------------------------------------------------------------------------------------------------------

function differing(
  title: string,
  calls: readonly (() => readonly unknown[])[],
  fn: Fn = (x: Tensor) => x.mul(2),
): void {
  test(`another program is made for ${title}`, (t) => {
    const f = compile(fn as (...args: unknown[]) => unknown);
    for (let round = 0; round < 2; round++) for (const call of calls) f(...call());
    t.is(f.programs.length, calls.length);
    t.is(f.explainRecompiles().length, calls.length - 1);
    t.true(
      f.explainRecompiles().every((text) => text.includes(' -> ')),
      f.explainRecompiles().join('\n'),
    );
  });
}

differing('another shape', [() => [ones([2])], () => [ones([3])], () => [ones([1, 2])]]);
differing('another dtype', [
  () => [ones([2])],
  () => [ones([2], { dtype: 'float64' })],
  () => [ones([2], { dtype: 'int32' })],
]);
differing(
  'another number',
  [() => [ones([2]), 1], () => [ones([2]), 2], () => [ones([2]), -0], () => [ones([2]), 0]],
  (x: Tensor, k: number) => x.mul(k),
);
differing(
  'another structure',
  [
    () => [{ a: ones([1]) }],
    () => [{ b: ones([1]) }],
    () => [[ones([1])]],
    () => [[ones([1]), ones([1])]],
    () => [[ones([1]), 'x']],
  ],
  () => 0,
);
differing('another standing in autograd', [() => [ones([2])], () => [ones([2], { requiresGrad: true })]]);

test('another program is made in another grad mode', (t) => {
  const w = tensor([1, 2], { requiresGrad: true });
  const f = compile((x: Tensor) => (x.mul(w).requiresGrad ? 1 : 0));
  t.is(f(ones([2])), 1);
  t.is(
    noGrad(() => f(ones([2]))),
    0,
  );
  t.is(f(ones([2])), 1);
  t.is(f.programs.length, 2);
});

test('another program is made if an outside tensor is to be differentiated from now on', (t) => {
  const w = tensor([1, 2]);
  const f = compile((x: Tensor) => (x.mul(w).requiresGrad ? 1 : 0));
  t.is(f(ones([2])), 0);
  w.requiresGrad = true;
  t.is(f(ones([2])), 1);
  t.is(f.programs.length, 2);
});

test('another program is made if a guarded value differs', (t) => {
  const mode = { training: true };
  const f = compile((x: Tensor) => (guarded('training', () => mode.training) ? x.mul(2) : x));
  t.deepEqual(numbers(f(ones([1]))), [2]);
  mode.training = false;
  t.deepEqual(numbers(f(ones([1]))), [1]);
  mode.training = true;
  t.deepEqual(numbers(f(ones([1]))), [2]);
  t.is(f.programs.length, 2);
  t.deepEqual(f.explainRecompiles(), ['training: true -> false']);
});

test('modules in training and evaluation are two programs', (t) => {
  const model = new nn.Dropout(0.5);
  const f = compile((x: Tensor) => model(x));
  f(ones([4]));
  model.eval();
  t.deepEqual(numbers(f(ones([4]))), [1, 1, 1, 1]);
  model.train();
  f(ones([4]));
  t.is(f.programs.length, 2);
});

// --- errors -----------------------------------------------------------------------------------------------------------------------

const refusals: readonly (readonly [title: string, fn: Fn, message: RegExp, args?: readonly unknown[]])[] = [
  [
    'item()',
    (x: Tensor) => x.sum().item(),
    /item\(\): a value cannot be read inside the compiled function 'f'/,
  ],
  ['toArray()', (x: Tensor) => x.toArray(), /toArray\(\): a value cannot be read/],
  ['toTypedArray()', (x: Tensor) => x.toTypedArray(), /toTypedArray\(\): a value cannot be read/],
  ['comparing', (x: Tensor) => Number(x.sum()) > 1, /item\(\): a value cannot be read/],
  [
    'a boolean index',
    (x: Tensor) => x.index(x.gt(0)),
    /an index that is a boolean tensor: a value cannot be read/,
  ],
  ['nonzero', (x: Tensor) => x.nonzero(), /nonzero\(\): a value cannot be read/],
  ['waiting', async (x: Tensor) => x, /asynchronous/],
  [
    'assigning to an argument',
    (o: { x: Tensor | number }) => void (o.x = 1),
    /assigns to a field of an argument/,
    [{ x: ones([2]) }],
  ],
  [
    'a typed array',
    () => 0,
    /a Float32Array among the arguments of a compiled function would be frozen/,
    [new Float32Array(2)],
  ],
  [
    'a Map',
    () => 0,
    /a Map among the arguments of a compiled function would be frozen into the program: pass an array or a plain object/,
    [new Map([['x', ones([2])]])],
  ],
  ['a Set as the result', (x: Tensor) => new Set([x]), /returns a Set. Return an array or a plain object/],
  [
    'a generator',
    function* (x: Tensor) {
      yield x;
    },
    /returns an iterator/,
  ],
  [
    'a history from outside',
    (() => {
      const h = tensor([1, 2], { requiresGrad: true }).mul(2);
      return (x: Tensor) => x.mul(h).sum().backward();
    })(),
    /backward inside the compiled function 'f' reaches MulBackward0, which was recorded outside of it/,
  ],
  [
    'an argument with a history',
    (x: Tensor) => x.sum().backward(),
    /reaches an argument that has a history of its own/,
    [tensor([1, 2], { requiresGrad: true }).mul(2)],
  ],
];
for (const [title, fn, message, args = [ones([2])]] of refusals)
  test(`refused inside a compiled function: ${title}`, (t) => {
    const f = compile(fn as (...args: unknown[]) => unknown, { name: 'f' });
    const error = t.throws(() => f(...args), { instanceOf: g.TraceError, message });
    t.regex(error!.message, /\n at .*compile\.test\.ts:\d+:\d+/);
    t.is(f.programs.length, 0);
  });

test('a view and what it is a view of may both be read, but not written', (t) => {
  const base = zeros([4]);
  const read = compile((x: Tensor) => x.add(base.sum()));
  t.deepEqual(numbers(read(base.narrow(0, 0, 2))), [0, 0]);
  const write = compile((x: Tensor) => {
    base.add_(1);
    return x.mul(2);
  });
  t.throws(() => write(base.narrow(0, 0, 2)), {
    instanceOf: g.TraceError,
    message: /writes to a tensor of which it was also given a view/,
  });
  t.deepEqual(numbers(write(ones([2]))), [2, 2]);
  t.deepEqual(numbers(base), [1, 1, 1, 1]);
});

test('a function that throws leaves nothing half-written', (t) => {
  const w = tensor([1, 2], { requiresGrad: true });
  const state = zeros([2]);
  const f = compile((x: Tensor, fail: boolean) => {
    x.add_(1);
    state.add_(x);
    state.narrow(0, 0, 1).zero_();
    w.mul(x).sum().backward();
    noGrad(() => w.sub_(w.grad!));
    if (fail) throw new RangeError('no');
    return state;
  });
  const x = tensor([5, 5]);
  const version = state.version;
  t.throws(() => f(x, true), { instanceOf: RangeError, message: 'no' });
  t.deepEqual([x, w, state].map(numbers), [
    [5, 5],
    [1, 2],
    [0, 0],
  ]);
  t.is(w.grad, null);
  t.is(state.version, version);
  t.is(f.programs.length, 0);
  state.add_(1);
  f(x, false);
  t.deepEqual([x, w, state].map(numbers), [
    [6, 6],
    [-5, -4],
    [0, 7],
  ]);
});

test('a routine that throws half way leaves state as it was', (t) => {
  const state = zeros([2]);
  const f = compile((a: Tensor) => {
    state.add_(1);
    return g.linalg.cholesky(a);
  });
  f(g.eye(2));
  t.throws(() => f(zeros([2, 2]).sub(1)));
  t.deepEqual(numbers(state), [1, 1]);
});

test('tensors that leak out of a trace throw when they are used', (t) => {
  const leaked: Tensor[] = [];
  const f = compile((x: Tensor) => {
    leaked.push(x, x.mul(2), zeros([2]), tensor([1, 2]));
    return x;
  });
  f(ones([2]));
  for (const x of leaked) {
    t.throws(() => x.toArray(), {
      instanceOf: g.TraceError,
      message: /made inside a compiled function while it was traced/,
    });
    t.throws(() => x.add(1).toArray(), {
      instanceOf: g.TraceError,
      message: /made inside a compiled function/,
    });
  }
  const again = compile((x: Tensor) => x.add(leaked[1]));
  t.throws(() => again(ones([2])), { instanceOf: g.TraceError, message: /made inside a compiled function/ });
});

test('checked mode notices what would be frozen', (t) => {
  let count = 0;
  const f = compile((x: Tensor) => x.add(count++), { checked: true });
  t.throws(() => f(ones([2])), {
    instanceOf: g.TraceError,
    message: /is not the same when it is traced again/,
  });
});

test('hooks of an argument or an outside leaf run in the program, as long as they are there', (t) => {
  const square = (x: Tensor): void => x.mul(x).sum().backward();
  const x = tensor([1, 2], { requiresGrad: true });
  const given = compile(square);
  const reached = compile(() => square(x));
  for (const f of [given, reached] as ((x: Tensor) => void)[]) {
    x.grad = null;
    const hook = x.registerHook(function tenfold(gradient) {
      return gradient.mul(10);
    });
    const after = x.registerPostAccumulateGradHook((leaf) => void leaf.grad!.add_(1));
    f(x);
    f(x);
    t.deepEqual(numbers(x.grad!), [42, 82]);
    hook.remove();
    after.remove();
    f(x);
    t.deepEqual(numbers(x.grad!), [44, 86]);
  }
  t.true(given.explainRecompiles().includes('x (argument 0): hooks tenfold, <lambda> -> none'));
  const outside = /^an outside float32\[2\] .*: hooks tenfold, <lambda> -> hooks none$/;
  t.true(reached.explainRecompiles().some((text) => outside.test(text)));
});

test('a gradient that grows must not be reached in another way', (t) => {
  const x = tensor([1, 2], { requiresGrad: true });
  x.sum().backward();
  const gradient = x.grad!;
  const way = { instanceOf: g.TraceError, message: /pass a clone\(\) of the gradient/ };
  const triple = (other: Tensor): Tensor => {
    x.mul(3).sum().backward();
    return other.mul(2);
  };
  t.throws(() => compile(triple)(gradient), way);
  t.throws(() => compile(() => triple(gradient))(), way);
  t.deepEqual(numbers(gradient), [1, 1]);
  t.deepEqual(numbers(compile(triple)(gradient.clone())), [2, 2]);
  t.deepEqual(numbers(gradient), [4, 4]);
});

test('options are checked', (t) => {
  t.throws(() => compile((x: Tensor) => x, null as never), {
    message: /options must be an object, but got null/,
  });
  t.throws(() => compile((x: Tensor) => x, { nmae: 'x' } as never), {
    message: /unexpected keyword argument 'nmae'/,
  });
  t.throws(() => compile((x: Tensor) => x, { backend: 'wgsl' as never }), {
    message: /unknown backend 'wgsl'/,
  });
  t.throws(() => compile(3 as never), { message: /expected a function, but got number/ });
});

const typed: Compiled<(x: Tensor, k: number) => Tensor[]> = compile((x: Tensor, k: number) => [x.mul(k)]);
test('types are those of the function', (t) => {
  const [y] = typed(ones([1]), 3);
  t.deepEqual(numbers(y), [3]);
  t.true(y instanceof Tensor);
});

const wave = (x: Tensor): Tensor => x.sin().mul(x).sum();
const transformed: Readonly<Record<string, (f: (x: Tensor) => Tensor, x: Tensor) => unknown>> = {
  grad: (f, x) => g.grad(f)(x),
  jvp: (f, x) => g.jvp(f, [x], [x.cos()]),
  jacrev: (f, x) => g.jacrev(f)(x),
  jacfwd: (f, x) => g.jacfwd(f)(x),
  hessian: (f, x) => g.hessian(f)(x),
  vmap: (f, x) => g.vmap(f)(x.unsqueeze(0).add(x.unsqueeze(1))),
  'autograd.functional.jacobian': (f, x) => g.autograd.functional.jacobian(f, x),
  checkpoint: (f, x) => {
    const y = x.detach().requiresGrad_();
    g.checkpoint(f, y).backward();
    return y.grad;
  },
};
for (const [name, transform] of Object.entries(transformed))
  test(`${name} of a compiled function is that of the function`, (t) => {
    const x = tensor([0.5, -1, 2], { dtype: 'float64' });
    t.is(String(transform(compile(wave), x)), String(transform(wave, x)));
  });

test('gradcheck looks into a compiled function', (t) =>
  t.true(g.autograd.gradcheck(compile(wave), [tensor([0.5, -1], { dtype: 'float64', requiresGrad: true })])));
