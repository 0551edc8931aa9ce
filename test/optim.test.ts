// Optimizers, schedules and clipping against real PyTorch (test/fixtures/nn-cases.json). What is under test: nn/optim, nn/scheduler,
// nn/clip.ts. Every optimizer is also held against itself inside a compiled function.

import test from 'ava';
import {
  clipGradNorm_,
  clipGradValue_,
  compile,
  manualSeed,
  nn,
  ones,
  optim,
  randn,
  tensor,
  zeros,
} from '../index.ts';
import type { Tensor } from '../index.ts';
import { cases, distance, pattern } from './helpers/nnCases.ts';
import type { OptimizerCase } from './helpers/nnCases.ts';
import { flat as numbers } from './helpers/values.ts';

type AnyOptimizer = optim.Adam | optim.SGD;
const optimizers = optim as unknown as Readonly<
  Record<OptimizerCase['name'], new (params: unknown, options?: unknown) => AnyOptimizer>
>;

/** The objective of nn-cases.py. */
const objective = ([a, b]: readonly Tensor[]): Tensor =>
  a
    .sin()
    .mul(pattern([2, 3], 3))
    .sum()
    .add(b.pow(4).sum().div(4))
    .add(a.matmul(b).pow(2).sum());

interface Run {
  readonly params: readonly Tensor[];
  readonly optimizer: AnyOptimizer;
}

function start({ name, options, dtype, groups }: OptimizerCase): Run {
  const params = [pattern([2, 3], 1).to(dtype), pattern([3], 2).div(2).to(dtype)].map((p) =>
    p.detach().requiresGrad_(),
  );
  const given = groups ? [{ params: [params[0]] }, { params: [params[1]], lr: 0.02 }] : params;
  return { params, optimizer: new optimizers[name](given, options) };
}

/** The parameters after each step; `way` may compile what one step does. */
function train(c: OptimizerCase, way: <F extends (skip: boolean) => void>(step: F) => F): number[][][] {
  const { params, optimizer } = start(c);
  const step = way((skip) => {
    optimizer.zeroGrad();
    objective(params.map((p) => p.to('float64'))).backward();
    if (skip) params[1].grad = null;
    optimizer.step();
  });
  return c.after.map((_, i) => {
    if (i === 3) for (const group of optimizer.paramGroups) group.lr *= 0.5;
    step(c.skip.includes(i));
    return params.map(numbers);
  });
}

const furthest = (
  a: readonly (readonly (readonly number[])[])[],
  b: readonly (readonly (readonly number[])[])[],
): number => {
  const [x, y] = [a.flat(2), b.flat(2)];
  return Math.max(...x.map((v, i) => Math.abs(v - y[i])));
};

for (const c of cases.optimizers) {
  // NAdam's products of momenta are of float32 in any case, and within a kernel they are rounded less often
  const exact = c.name === 'NAdam' ? 1e-9 : 1e-12;
  const tolerance = c.dtype === 'float64' ? exact : 1e-6;
  const label = `${c.name}(${JSON.stringify(c.options)}) in ${c.dtype}${c.groups ? ' with two groups' : ''}${c.skip.length ? `, no gradient in steps ${c.skip.join()}` : ''}`;

  test(`${label} takes PyTorch's steps`, (t) => {
    const gap = furthest(
      train(c, (step) => step),
      c.after,
    );
    t.true(gap < tolerance, `off by ${gap}`);
  });

  test(`${label} takes the same steps in a compiled function, and a new rate needs no new program`, (t) => {
    let programs = (): number => 0;
    const gap = furthest(
      train(c, (step) => {
        const compiled = compile(step);
        programs = () => compiled.programs.length;
        return compiled as never;
      }),
      c.after,
    );
    t.true(gap < tolerance, `off by ${gap}`);
    t.true(programs() <= (c.skip.length > 0 ? 3 : 1), `${programs()} programs`);
  });
}

for (const [i, { options, after, losses, evaluations }] of cases.lbfgs.entries())
  test(`LBFGS(${JSON.stringify(options)}) walks down Rosenbrock's valley as in PyTorch`, (t) => {
    const p = tensor([-1.5, 2], { dtype: 'float64', requiresGrad: true });
    const optimizer = new optim.LBFGS([p], options);
    const closure = (): Tensor => {
      optimizer.zeroGrad();
      const [x, y] = [p.select(0, 0), p.select(0, 1)];
      const loss = x.rsub(1).square().add(y.sub(x.square()).square().mul(100));
      loss.backward();
      return loss;
    };
    after.forEach((expected, k) => {
      const loss = optimizer.step(closure).item() as number;
      t.true(
        Math.abs(loss - losses[k]) < 1e-7 * Math.max(1, losses[k]),
        `loss ${loss} instead of ${losses[k]} in step ${k} of case ${i}`,
      );
      t.true(furthest([[numbers(p)]], [[expected]]) < 1e-6, `step ${k}: ${String(p)}`);
      t.is(optimizer.evaluations, evaluations[k]);
    });
  });

interface Schedule {
  step(epoch?: number): void;
  getLastLr(): readonly number[];
  stateDict(): optim.lrScheduler.SchedulerState;
  loadStateDict(state: optim.lrScheduler.SchedulerState): void;
}
const schedules = optim.lrScheduler as unknown as Readonly<
  Record<string, new (...args: readonly unknown[]) => Schedule>
>;
const close = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-12 * Math.max(Math.abs(b), 1e-3);
const powersOf = (base: number) => (n: number) => base ** n;

/** What a case says: functions are written as the base of a power, schedules within others as [name, args]. */
function scheduleOf(optimizer: unknown, name: string, args: readonly unknown[]): Schedule {
  if (name === 'SequentialLR' || name === 'ChainedScheduler') {
    const parts = (args[0] as readonly [string, readonly unknown[]][]).map((part) =>
      scheduleOf(optimizer, ...part),
    );
    return name === 'SequentialLR'
      ? new schedules[name](optimizer, parts, args[1])
      : new schedules[name](parts);
  }
  if (name === 'LambdaLR' || name === 'MultiplicativeLR')
    return new schedules[name](optimizer, powersOf(args[0] as number));
  const [plain, options] = [args.slice(0, -1), args.at(-1) as { readonly scaleFn?: number }];
  return options?.scaleFn === undefined
    ? new schedules[name](optimizer, ...args)
    : new schedules[name](optimizer, ...plain, { ...options, scaleFn: powersOf(options.scaleFn) });
}

for (const { name, args, optimizer: given, rates, momenta, epochs } of cases.schedulers) {
  const [kind, options] = given;
  const label = `${name}(${JSON.stringify(args).slice(1, -1)})${epochs ? ` at epochs ${epochs.join()}` : ''}`;
  const make = (): readonly [AnyOptimizer, Schedule] => {
    const optimizer = new optimizers[kind]([zeros([2], { requiresGrad: true })], options);
    return [optimizer, scheduleOf(optimizer, name, args)];
  };
  const groupOf = (optimizer: AnyOptimizer): { lr: number; momentum?: number; betas?: readonly number[] } =>
    optimizer.paramGroups[0];

  test(`${label} sets PyTorch's rates`, (t) => {
    const [optimizer, schedule] = make();
    const group = groupOf(optimizer);
    rates.forEach((rate, i) => {
      t.true(close(group.lr, rate), `${group.lr} instead of ${rate} in epoch ${i}`);
      t.true(close(group.momentum ?? group.betas![0], momenta[i]!), `momentum in epoch ${i}`);
      t.deepEqual(schedule.getLastLr(), [group.lr]);
      optimizer.step();
      schedule.step(epochs?.[i]);
    });
  });

  for (const stop of [1, 5])
    test(`${label} goes on from its state after ${stop} steps`, (t) => {
      const [first, [optimizer, second]] = [make(), make()];
      for (let i = 0; i < stop; i++) first[1].step(epochs?.[i]);
      optimizer.loadStateDict(first[0].stateDict());
      second.loadStateDict(structuredClone(first[1].stateDict()));
      t.deepEqual(second.getLastLr(), first[1].getLastLr());
      rates.slice(stop).forEach((rate, i) => {
        t.true(
          close(groupOf(optimizer).lr, rate),
          `${groupOf(optimizer).lr} instead of ${rate} in epoch ${stop + i}`,
        );
        second.step(epochs?.[stop + i]);
      });
    });
}

test('ConstantLR with a factor of 0 cannot go back to the first rate', (t) => {
  const optimizer = new optim.SGD([ones([1], { requiresGrad: true })], { lr: 1 });
  const schedule = new optim.lrScheduler.ConstantLR(optimizer, { factor: 0, totalIters: 2 });
  schedule.step();
  t.is(optimizer.paramGroups[0].lr, 0);
  t.throws(() => schedule.step(), { message: /^ZeroDivisionError: float division by zero/ });
});

test('CyclicLR moves each group between rates and momenta of its own', (t) => {
  const groups = [
    { params: [ones([1], { requiresGrad: true })] },
    { params: [ones([1], { requiresGrad: true })] },
  ];
  const optimizer = new optim.SGD(groups, { lr: 1, momentum: 0.5 });
  const schedule = new optim.lrScheduler.CyclicLR(optimizer, [0.25, 1], [0.75, 2], {
    stepSizeUp: 2,
    baseMomentum: [0.25, 0.5],
    maxMomentum: [0.75, 0.5],
  });
  schedule.step();
  t.deepEqual(schedule.getLastLr(), [0.5, 1.5]);
  t.deepEqual(
    optimizer.paramGroups.map(({ momentum }) => momentum),
    [0.5, 0.5],
  );
});

for (const { options, metrics, rates } of cases.plateaus)
  test(`ReduceLROnPlateau(${JSON.stringify(options)}) sets PyTorch's rates`, (t) => {
    const optimizer = new optim.SGD([zeros([2], { requiresGrad: true })], { lr: 1 });
    const schedule = new optim.lrScheduler.ReduceLROnPlateau(optimizer, options);
    metrics.forEach((metric, i) => {
      schedule.step(i % 2 === 0 ? metric : tensor(metric, { dtype: 'float64' }));
      t.true(close(optimizer.paramGroups[0].lr, rates[i]), `epoch ${i}`);
    });
  });

test('LambdaLR multiplies the first rate of each group by its function', (t) => {
  const groups = [
    { params: [ones([1], { requiresGrad: true })] },
    { params: [ones([1], { requiresGrad: true })], lr: 2 },
  ];
  const optimizer = new optim.SGD(groups, { lr: 1 });
  const schedule = new optim.lrScheduler.LambdaLR(optimizer, [
    (epoch) => 0.5 ** epoch,
    (epoch) => 1 / (epoch + 1),
  ]);
  schedule.step();
  schedule.step();
  t.deepEqual(schedule.getLastLr(), [0.25, 2 / 3]);
});

test('a schedule goes on where its saved state was', (t) => {
  const make = (): [optim.SGD, optim.lrScheduler.StepLR] => {
    const optimizer = new optim.SGD([ones([1], { requiresGrad: true })], { lr: 1 });
    return [optimizer, new optim.lrScheduler.StepLR(optimizer, 2, { gamma: 0.5 })];
  };
  const [a, first] = make();
  for (let i = 0; i < 3; i++) first.step();
  const [b, second] = make();
  b.loadStateDict(a.stateDict());
  second.loadStateDict(first.stateDict());
  first.step();
  second.step();
  t.is(a.paramGroups[0].lr, 0.25);
  t.is(b.paramGroups[0].lr, 0.25);
});

for (const { maxNorm, normType, total, grads } of cases.clips)
  test(`clipGradNorm_ to ${maxNorm} by the ${normType}-norm scales as in PyTorch`, (t) => {
    const params = [
      zeros([2, 3], { requiresGrad: true }),
      zeros([3], { requiresGrad: true }),
      zeros([1], { requiresGrad: true }),
    ];
    params[0].grad = pattern([2, 3], 1).to('float32');
    params[1].grad = pattern([3], 2).to('float32');
    const norm = clipGradNorm_(params, maxNorm, { normType: normType === 'inf' ? Infinity : normType });
    t.true(Math.abs((norm.item() as number) - total) < 1e-5);
    grads.forEach((g, i) => t.true(distance(params[i].grad!, g) < 1e-6));
    t.is(params[2].grad, null);
  });

test('clipGradValue_ limits each element, and a norm that is not finite can be an error', (t) => {
  const p = zeros([3], { requiresGrad: true });
  p.grad = tensor([-2, 0.5, 2]);
  clipGradValue_(p, 1);
  t.deepEqual(p.grad.toArray(), [-1, 0.5, 1]);
  p.grad = tensor([NaN, 0, 0]);
  t.throws(() => clipGradNorm_(p, 1, { errorIfNonfinite: true }), {
    message: /The total norm of order 2 for gradients from `parameters` is non-finite/,
  });
  t.is(clipGradNorm_([], 1).item(), 0);
});

test('parameters become one vector and come back from it', (t) => {
  const params = [ones([2, 2], { requiresGrad: true }), zeros([1], { requiresGrad: true })];
  const vector = nn.utils.parametersToVector(params);
  t.deepEqual(vector.toArray(), [1, 1, 1, 1, 0]);
  nn.utils.vectorToParameters(tensor([1, 2, 3, 4, 5]), params);
  t.deepEqual(
    params.map((p) => p.toArray()),
    [
      [
        [1, 2],
        [3, 4],
      ],
      [5],
    ],
  );
});

/** One step of a case, without a compiled function. */
function advance({ params, optimizer }: Run, c: OptimizerCase, i: number): void {
  optimizer.zeroGrad();
  objective(params).backward();
  if (c.skip.includes(i)) params[1].grad = null;
  optimizer.step();
}

for (const c of cases.optimizers.filter(({ skip }) => skip.length > 1))
  test(`${c.name} goes on exactly from saved state, also after steps that a parameter missed`, (t) => {
    const first = start(c);
    for (let i = 0; i < 4; i++) advance(first, c, i);
    const second = start(c);
    second.params.forEach((p, i) => (p.data = first.params[i].detach().clone()));
    second.optimizer.loadStateDict(first.optimizer.stateDict());
    for (let i = 4; i < 6; i++) [first, second].forEach((run) => advance(run, c, i));
    t.deepEqual(second.params.map(numbers), first.params.map(numbers));
  });

test('saved state says how many steps each parameter took', (t) => {
  const c = cases.optimizers.find(({ name, skip }) => name === 'Adam' && skip.length > 0)!;
  const run = start(c);
  for (let i = 0; i < 4; i++) advance(run, c, i);
  t.is(run.optimizer.stateDict().state[0].step.item(), 4);
  t.is(run.optimizer.stateDict().state[1].step.item(), 1);
});

for (const name of ['ASGD', 'Rprop'] as const)
  test(`${name} begins with the rate at its first step, not with the one that it was made with`, (t) => {
    const p = tensor([1], { dtype: 'float64', requiresGrad: true });
    const optimizer = new optim[name]([p], { lr: 1 });
    optimizer.paramGroups[0].lr = 0.5;
    p.sum().backward();
    optimizer.step();
    t.true(Math.abs(numbers(p)[0] - 0.5) < 1e-4);
  });

test('LBFGS goes on exactly from saved state', (t) => {
  const makeRun = (): { p: Tensor; optimizer: optim.LBFGS; step: () => void } => {
    const p = tensor([-1.5, 2], { dtype: 'float64', requiresGrad: true });
    const optimizer = new optim.LBFGS([p], { lr: 0.01, maxIter: 3 });
    const step = (): void =>
      void optimizer.step(() => {
        optimizer.zeroGrad();
        const loss = p.square().square().sum();
        loss.backward();
        return loss;
      });
    return { p, optimizer, step };
  };
  const [first, second] = [makeRun(), makeRun()];
  first.step();
  first.step();
  second.p.data = first.p.detach().clone();
  second.optimizer.loadStateDict(first.optimizer.stateDict());
  first.step();
  second.step();
  t.deepEqual(numbers(second.p), numbers(first.p));
  t.is(second.optimizer.evaluations, first.optimizer.evaluations);
});

test("state can be looked at under PyTorch's names", (t) => {
  const p = ones([2], { requiresGrad: true });
  const optimizer = new optim.Adam([p], { lr: 0.1, amsgrad: true });
  p.sum().backward();
  optimizer.step();
  t.deepEqual(Object.keys(optimizer.state.get(p)!), ['expAvg', 'expAvgSq', 'maxExpAvgSq']);
  t.true(Math.abs(numbers(optimizer.state.get(p)!.expAvg)[0] - 0.1) < 1e-7);
});

test('step computes the loss of a closure first, with gradients on', (t) => {
  const p = tensor([3], { requiresGrad: true });
  const optimizer = new optim.SGD([p], { lr: 0.5 });
  const loss = optimizer.step(() => {
    optimizer.zeroGrad();
    const value = p.square().sum();
    value.backward();
    return value;
  });
  t.is(loss!.item(), 9);
  t.deepEqual(p.toArray(), [0]);
});

test('zeroGrad drops gradients, or sets them to zero', (t) => {
  const p = tensor([3], { requiresGrad: true });
  const optimizer = new optim.SGD([p]);
  p.square().sum().backward();
  const { grad } = p;
  optimizer.zeroGrad({ setToNone: false });
  t.is(p.grad, grad);
  t.deepEqual(p.grad!.toArray(), [0]);
  optimizer.zeroGrad();
  t.is(p.grad, null);
});

test('a group that is added later is trained with its own options', (t) => {
  const [a, b] = [tensor([1], { requiresGrad: true }), tensor([1], { requiresGrad: true })];
  const optimizer = new optim.SGD([a], { lr: 0.5 });
  optimizer.addParamGroup({ params: b, lr: 0.25 });
  a.add(b).sum().backward();
  optimizer.step();
  t.deepEqual([a.toArray(), b.toArray()], [[0.5], [0.75]]);
});

test('many steps without a compiled function do not pile up a graph', (t) => {
  manualSeed(0);
  const model = new nn.Linear(4, 1);
  const optimizer = new optim.Adam(model.parameters(), { lr: 0.01 });
  for (let i = 0; i < 200; i++) {
    optimizer.zeroGrad();
    model(randn([8, 4]))
      .square()
      .mean()
      .backward();
    optimizer.step();
  }
  t.true(model.weight.graph().split('\n').length < 5);
  t.true((model.weight.abs().max().item() as number) < 0.2);
});

test('an optimizer prints its groups', (t) => {
  const optimizer = new optim.SGD([ones([1], { requiresGrad: true })], { lr: 0.1, momentum: 0.9 });
  t.is(
    String(optimizer),
    'SGD (\nParameter Group 0\n    dampening: 0\n    lr: 0.1\n    maximize: False\n    momentum: 0.9\n    nesterov: False\n    weightDecay: 0\n)',
  );
});

const p = (): Tensor => ones([1], { requiresGrad: true });
const shared = p();
const {
  SGD,
  Adam,
  AdamW,
  Adamax,
  NAdam,
  RAdam,
  RMSprop,
  Adagrad,
  Adadelta,
  ASGD,
  Rprop,
  LBFGS,
  lrScheduler,
} = optim;
const stepLR = (): optim.lrScheduler.StepLR => new lrScheduler.StepLR(new SGD([p()]), 2);
const mistakes: readonly (readonly [what: string, mistake: () => unknown, message: string])[] = [
  ['a negative rate for SGD', () => new SGD([p()], { lr: -1 }), 'Invalid learning rate: -1'],
  ['a negative momentum', () => new SGD([p()], { lr: 1, momentum: -0.5 }), 'Invalid momentum value: -0.5'],
  [
    'a negative weight decay',
    () => new SGD([p()], { lr: 1, weightDecay: -1 }),
    'Invalid weight_decay value: -1',
  ],
  [
    'Nesterov without momentum',
    () => new SGD([p()], { lr: 1, nesterov: true }),
    'Nesterov momentum requires a momentum and zero dampening',
  ],
  ['a negative rate for Adam', () => new Adam([p()], { lr: -1 }), 'Invalid learning rate: -1'],
  ['a negative eps', () => new Adam([p()], { eps: -1 }), 'Invalid epsilon value: -1'],
  ['a first beta of 1', () => new Adam([p()], { betas: [1, 0.9] }), 'Invalid beta parameter at index 0: 1'],
  ['a second beta of 2', () => new AdamW([p()], { betas: [0.9, 2] }), 'Invalid beta parameter at index 1: 2'],
  ['a negative alpha', () => new RMSprop([p()], { alpha: -1 }), 'Invalid alpha value: -1'],
  ['a negative lrDecay', () => new Adagrad([p()], { lrDecay: -1 }), 'Invalid lr_decay value: -1'],
  [
    'a negative first sum',
    () => new Adagrad([p()], { initialAccumulatorValue: -1 }),
    'Invalid initial_accumulator_value value: -1',
  ],
  ['a rho of 1.5', () => new Adadelta([p()], { rho: 1.5 }), 'Invalid rho value: 1.5'],
  [
    'a first beta of 1 for Adamax',
    () => new Adamax([p()], { betas: [1, 0.9] }),
    'Invalid beta parameter at index 0: 1',
  ],
  [
    'a negative momentumDecay',
    () => new NAdam([p()], { momentumDecay: -1 }),
    'Invalid momentum_decay value: -1',
  ],
  ['a negative eps for RAdam', () => new RAdam([p()], { eps: -1 }), 'Invalid epsilon value: -1'],
  [
    'a negative weight decay for ASGD',
    () => new ASGD([p()], { weightDecay: -1 }),
    'Invalid weight_decay value: -1',
  ],
  ['factors that do not grow', () => new Rprop([p()], { etas: [0.5, 1] }), 'Invalid eta values: 0.5, 1'],
  ['no parameters', () => new SGD([]), 'optimizer got an empty parameter list'],
  [
    'one tensor instead of a list',
    () => new SGD(p() as never),
    'params argument given to the optimizer should be an iterable of Tensors or dicts, but got torch.Tensor',
  ],
  [
    'something that is no tensor',
    () => new SGD([1] as never),
    'optimizer can only optimize Tensors, but one of the params is number',
  ],
  ['a tensor with history', () => new SGD([p().mul(2)]), "can't optimize a non-leaf Tensor"],
  [
    'a parameter in two groups',
    () => new SGD([{ params: [shared] }, { params: [shared] }]),
    'some parameters appear in more than one parameter group',
  ],
  [
    'a misspelt option',
    () => new Adam([p()], { weight_decay: 1 } as never),
    "Adam.__init__() got an unexpected keyword argument 'weight_decay'",
  ],
  [
    'a misspelt option of a group',
    () => new Adam([{ params: [p()], learningRate: 1 } as never]),
    "parameter group got an unexpected option 'learningRate'",
  ],
  [
    'two groups for LBFGS',
    () => new LBFGS([{ params: [p()] }, { params: [p()] }]),
    "LBFGS doesn't support per-parameter options (parameter groups)",
  ],
  [
    'LBFGS without a closure',
    () => new LBFGS([p()]).step(),
    "LBFGS.step() missing 1 required positional argument: 'closure'",
  ],
  [
    'a factor of 1 on a plateau',
    () => new lrScheduler.ReduceLROnPlateau(new SGD([p()]), { factor: 1 }),
    'Factor should be < 1.0.',
  ],
  [
    'a cycle without a length',
    () => new lrScheduler.OneCycleLR(new SGD([p()]), 1),
    'You must define either total_steps OR (epochs AND steps_per_epoch)',
  ],
  [
    'a momentum that cannot cycle',
    () => new lrScheduler.CyclicLR(new Adagrad([p()]), 0.1, 1),
    'optimizer must support momentum with `cycle_momentum` option enabled',
  ],
  [
    'too many lower rates',
    () => new lrScheduler.CyclicLR(new SGD([p()]), [1, 2], 1),
    'expected 1 values for base_lr, got 2',
  ],
  [
    'an unknown mode of cycles',
    () => new lrScheduler.CyclicLR(new SGD([p()]), 0.1, 1, { mode: 'square' as never }),
    'mode is invalid and scale_fn is None',
  ],
  [
    'a wave of no epochs',
    () => new lrScheduler.CosineAnnealingWarmRestarts(new SGD([p()]), 0),
    'Expected positive integer T_0, but got 0',
  ],
  [
    'waves that get longer by halves',
    () => new lrScheduler.CosineAnnealingWarmRestarts(new SGD([p()]), 2, { tMult: 1.5 }),
    'Expected integer T_mult >= 1, but got 1.5',
  ],
  [
    'a negative epoch',
    () => new lrScheduler.CosineAnnealingWarmRestarts(new SGD([p()]), 2).step(-1),
    'Expected non-negative epoch, but got -1',
  ],
  [
    'a sequence of schedules of another optimizer',
    () => new lrScheduler.SequentialLR(new SGD([p()]), [stepLR(), stepLR()], [2]),
    'Sequential Schedulers expects all schedulers to belong to the same optimizer, but got schedulers at index 0 to be different than the optimizer passed in.',
  ],
  [
    'a milestone too few',
    () => {
      const schedule = stepLR();
      return new lrScheduler.SequentialLR(schedule.optimizer, [schedule, schedule], []);
    },
    'Sequential Schedulers expects number of schedulers provided to be one more than the number of milestone points, but got number of schedulers 2 and the number of milestones to be equal to 0',
  ],
  [
    'a chain of schedules of two optimizers',
    () => new lrScheduler.ChainedScheduler([stepLR(), stepLR()]),
    'ChainedScheduler expects all schedulers to belong to the same optimizer, but got schedulers at index 0 and 1 to be different',
  ],
  [
    'an empty chain',
    () => new lrScheduler.ChainedScheduler([]),
    'ChainedScheduler expects at least one scheduler to be chained, but got no scheduler.',
  ],
  [
    'too few factors',
    () => new lrScheduler.MultiplicativeLR(new SGD([p()]), []),
    'Expected 1 lr_lambdas, but got 0',
  ],
  [
    'too few functions',
    () => new lrScheduler.LambdaLR(new SGD([p()]), []),
    'Expected 1 lr_lambdas, but got 0',
  ],
];

for (const [what, mistake, message] of mistakes)
  test(`${what} is refused in PyTorch's words`, (t) =>
    void t.throws(mistake, { message: new RegExp(`^${message.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`) }));
