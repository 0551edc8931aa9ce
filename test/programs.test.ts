// Programs: what a compiled function says about itself, what it costs to keep, and how it runs where code may not be generated.

import test from 'ava';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as g from '../index.ts';
import { compile, manualSeed, nn, noGrad, ones, rand, tensor, zeros } from '../index.ts';
import type { Program, Stage, Tensor } from '../index.ts';
import { parameterNames } from '../runtime/parameterNames.ts';
import { runScript } from './helpers/script.ts';
import { flat as numbers } from './helpers/values.ts';

interface Model {
  readonly w: Tensor;
  readonly b: Tensor;
}
const makeModel = (): Model => {
  manualSeed(1);
  return { w: rand([4, 3]).requiresGrad_(), b: zeros([3], { requiresGrad: true }) };
};
const trainer =
  ({ w, b }: Model) =>
  (x: Tensor, y: Tensor): Tensor => {
    w.grad = b.grad = null;
    const loss = x.matmul(w).add(b).sub(y).square().mean();
    loss.backward();
    noGrad(() => [w, b].forEach((p) => p.sub_(p.grad!.mul(0.1))));
    return loss;
  };

test('lower makes the program and runs nothing', (t) => {
  const model = makeModel();
  const step = compile(trainer(model), { name: 'step' });
  const [w, b] = [numbers(model.w), numbers(model.b)];
  const program = step.lower(ones([2, 4]), ones([2, 3]));
  t.deepEqual([numbers(model.w), numbers(model.b), model.w.grad], [w, b, null]);
  t.deepEqual(step.programs, [program]);
  step(ones([2, 4]), ones([2, 3]));
  t.deepEqual(step.programs, [program]);
  t.notDeepEqual(numbers(model.w), w);
});

test('lower draws no random numbers', (t) => {
  const f = compile((x: Tensor) => x.add(rand([2])));
  manualSeed(5);
  f.lower(ones([2]));
  const drawn = numbers(rand([2]));
  manualSeed(5);
  t.deepEqual(numbers(rand([2])), drawn);
});

test('a program shows its source, its kernels, its stages and its memory', (t) => {
  const program = compile(trainer(makeModel()), { name: 'step' }).lower(ones([2, 4]), ones([2, 3]));
  t.is(program.name, 'step');
  t.true(program.source.includes('sourceURL=gradloom/step-'));
  t.true(program.kernels.length > 0 && program.kernels.length <= 3);
  for (const { name, source, reads, writes, origins } of program.kernels) {
    t.true(source.includes(`function ${name}(`));
    t.true(program.source.includes(source.trim().split('\n')[0]));
    t.true(reads.length > 0 && writes.length > 0);
    t.true(origins.every(({ op, file }) => op !== '' && file.endsWith('programs.test.ts')));
  }
  const stages: readonly Stage[] = ['graph', 'optimized', 'groups', 'nests', 'plan'];
  for (const stage of stages) t.true(program.explain().includes(program.explain(stage)), stage);
  t.true(program.memory.inputBytes >= 4 * (8 + 6) && program.memory.outputBytes > 0);
});

test('programs are listed as they were made, whichever ran last', (t) => {
  const f = compile((x: Tensor) => x.mul(2), { name: 'f' });
  const made = [1, 2, 3].map((n) => f.lower(ones([n])));
  f(ones([1]));
  t.deepEqual(f.programs, made);
  t.deepEqual(
    made.map((p) => p.name),
    ['f', 'f_1', 'f_2'],
  );
});

test('a function keeps a bounded number of programs', (t) => {
  const f = compile((x: Tensor, k: number) => x.mul(k), { name: 'many', backend: 'interpreter' });
  const warnings = warningsOf(() => {
    for (let k = 0; k < 80; k++) f(ones([1]), k);
  });
  t.is(f.programs.length, 64);
  t.is(warnings.length, 1);
  t.deepEqual(numbers(f(ones([1]), 0)), [0]);
});

// --- recompilation ------------------------------------------------------------------------------------------------------------

test('recompilations are explained', (t) => {
  const f = compile((o: { x: Tensor; rate: number }, mode: string) => o.x.mul(mode === 'train' ? o.rate : 1));
  f({ x: ones([2, 3]), rate: 1 }, 'train');
  f({ x: ones([4, 3]), rate: 1 }, 'train');
  f({ x: ones([4, 3]), rate: 0.5 }, 'train');
  f({ x: ones([4, 3], { dtype: 'float64' }), rate: 0.5 }, 'eval');
  noGrad(() => f({ x: ones([4, 3]), rate: 0.5 }, 'train'));
  f({ x: ones([4, 3], { requiresGrad: true }), rate: 0.5 }, 'train');
  f({ x: ones([3, 4, 1]).select(2, 0).t(), rate: 0.5 }, 'train');
  t.deepEqual(f.explainRecompiles(), [
    'o.x (argument 0): shape [2, 3] -> [4, 3]',
    'o.rate (argument 0): 1 -> 0.5',
    'o.x (argument 0): dtype float32 -> float64; mode (argument 1): "train" -> "eval"',
    'grad mode: true -> false',
    'o.x (argument 0): requiresGrad false -> true',
    'o.x (argument 0): a view false -> true',
  ]);
});

test('an argument is called what the function calls it, whatever the function looks like', (t) => {
  const owner = {
    method(x: Tensor): Tensor {
      return x.mul(2);
    },
  };
  const functions: readonly (readonly [fn: (x: Tensor) => Tensor, subject: string])[] = [
    [(x) => x.mul(2), 'x (argument 0)'],
    [
      function (image = ones([1])) {
        return image.mul(2);
      },
      'image (argument 0)',
    ],
    [owner.method, 'x (argument 0)'],
    [(...images: Tensor[]) => images[0].mul(2), 'images[0] (argument 0)'],
    [({ data }) => tensor([...data.shape]), 'argument 0'],
    [Math.abs.bind(null) as unknown as (x: Tensor) => Tensor, 'argument 0'],
  ];
  for (const [fn, subject] of functions.slice(0, -1)) {
    const f = compile(fn);
    f.lower(ones([2]));
    f.lower(ones([3]));
    t.deepEqual(f.explainRecompiles(), [`${subject}: shape [2] -> [3]`]);
  }
  t.is(parameterNames(functions.at(-1)![0])(0), null);
});

test('a parameter that was exchanged is called by its name in the module', (t) => {
  const model = new nn.Sequential(new nn.Linear(2, 3), new nn.Tanh());
  const f = compile((net: nn.Sequential, x: Tensor) => net(x) as Tensor);
  f.lower(model, ones([1, 2]));
  (model.at(0) as nn.Linear).weight = new nn.Parameter(ones([3, 2]));
  f.lower(model, ones([1, 2]));
  t.deepEqual(f.explainRecompiles(), ['net.0.weight (argument 0): float32[3, 2] -> another float32[3, 2]']);
});

test('a tensor from outside whose standing changes is called by where it was made', (t) => {
  const w = ones([2]);
  const f = compile((x: Tensor) => x.mul(w).sum());
  f.lower(ones([2]));
  w.requiresGrad_();
  f.lower(ones([2]));
  const [text] = f.explainRecompiles();
  t.regex(text, /^an outside float32\[2\] \(made at \S*programs\.test\.ts:\d+:13\): plain -> leaf$/);
});

/** What is warned about meanwhile. */
function warningsOf(body: () => void): string[] {
  const { warn } = console;
  const found: string[] = [];
  console.warn = (text: string) => found.push(text);
  try {
    body();
  } finally {
    console.warn = warn;
  }
  return found;
}

test('many programs are warned about once, with what keeps changing', (t) => {
  const f = compile((x: Tensor, rate: number) => x.mul(rate), { name: 'step' });
  const warnings = warningsOf(() => {
    for (let i = 0; i < 12; i++) f(ones([i === 3 ? 3 : 2]), i / 8);
  });
  t.deepEqual(warnings, [
    "UserWarning: the compiled function 'step' has been compiled 8 times: rate (argument 1) keeps changing (the last time 0.75 -> 0.875); " +
      'plain numbers are part of the program, so pass tensor(value) instead, which may change',
  ]);
});

test('shapes that keep changing are warned about with what to do', (t) => {
  const f = compile((x: Tensor) => x.mul(2), { name: 'embed' });
  const warnings = warningsOf(() => {
    for (let i = 1; i <= 8; i++) f(ones([i, 4]));
  });
  t.deepEqual(warnings, [
    "UserWarning: the compiled function 'embed' has been compiled 8 times: the shape of x (argument 0) keeps changing " +
      '(the last time [7, 4] -> [8, 4]); each shape and dtype is a program of its own, so pad or cut to a few shapes',
  ]);
});

test('seven programs are no reason to warn', (t) => {
  const f = compile((x: Tensor) => x.mul(2));
  t.deepEqual(
    warningsOf(() => {
      for (let i = 0; i < 7; i++) f(ones([i + 1]));
    }),
    [],
  );
});

// --- profiles -------------------------------------------------------------------------------------------------------------------

test('a profile measures each kernel and leaves everything as it was', (t) => {
  const model = makeModel();
  const step = compile((x: Tensor, y: Tensor) => trainer(model)(x.add(rand([2, 4])), y), { name: 'step' });
  const [x, y] = [ones([2, 4]), ones([2, 3])];
  manualSeed(3);
  step(x, y);
  const [program] = step.programs;
  const observe = (): unknown[] => [model.w, model.b, model.w.grad!].map(numbers);
  const before = observe();
  const profile = program.profile([x, y], { runs: 3 });
  t.deepEqual(observe(), before);
  t.is(profile.runs, 3);
  t.true(profile.time >= 0);
  t.deepEqual(
    profile.kernels.map((k) => k.name),
    program.kernels.map((k) => k.name),
  );
  t.true(Math.abs(profile.kernels.reduce((sum, k) => sum + k.share, 0) - 1) < 1e-9);
  for (const { time, bytes, flops } of profile.kernels) t.true(time >= 0 && bytes > 0 && flops > 0);
  t.regex(String(profile), /^[\d.]+ ms per run, median of 3\nkernel .*\n\S+ +[\d.]+% +[\d.]+ ms/);
  const next = numbers(rand([2]));
  manualSeed(3);
  rand([2, 4]);
  t.deepEqual(numbers(rand([2])), next);
  t.throws(() => program.profile([x]), { message: /do not fit/ });
});

test('a gradient that nobody has looked at survives a profile', (t) => {
  const model = makeModel();
  const step = compile(trainer(model));
  const [x, y] = [ones([2, 4]), ones([2, 3])];
  step(x, y);
  const other = makeModel();
  compile(trainer(other), { backend: 'interpreter' })(x, y);
  step.programs[0].profile([x, y]);
  const close = numbers(model.w.grad!).map((v, i) => Math.abs(v - numbers(other.w.grad!)[i]));
  t.true(Math.max(...close) < 1e-6);
});

// --- memory -----------------------------------------------------------------------------------------------------------------------

const collectGarbage = (() => {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
})();

/** What is left after garbage was collected several times: memory of arrays is given back a little later, by another thread. */
async function usedBytes(): Promise<number> {
  let least = Infinity;
  for (let i = 0; i < 8; i++) {
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 5));
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    least = Math.min(least, heapUsed + arrayBuffers);
  }
  return least;
}

test.serial('two thousand calls leave the heap as a hundred did', async (t) => {
  const model = makeModel();
  const step = compile((x: Tensor, y: Tensor) => {
    const noise = g.dropout(x, 0.5);
    return { loss: trainer(model)(noise, y), noise };
  });
  const [x, y] = [ones([256, 4]), ones([256, 3])];
  const run = async (calls: number): Promise<number> => {
    for (let i = 0; i < calls; i++) {
      step(x, y);
      if (i % 50 === 0) {
        model.w.grad!.sum().item();
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    return usedBytes();
  };
  await run(100);
  const before = await run(100);
  const after = await run(2000);
  t.true(after - before < 256 * 1024, `${after - before} bytes more`);
});

test.serial(
  'a program keeps neither the arguments of its first call nor the memory that state had before',
  async (t) => {
    const model = makeModel();
    const step = compile(trainer(model));
    const held = ((): WeakRef<object>[] => {
      const x = ones([2, 4]);
      const before = model.b.core.cell.value;
      const gradient = compile((y: Tensor) => {
        y.grad = null;
        y.square().sum().backward();
      });
      const y = tensor([1, 2], { requiresGrad: true });
      gradient(y);
      kept.push(gradient);
      step(x, ones([2, 3]));
      return [x, y, before].map((object) => new WeakRef<object>(object));
    })();
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
    t.deepEqual(
      held.map((ref) => ref.deref() === undefined),
      [true, true, true],
    );
    t.is(step.programs.length, 1);
  },
);
const kept: unknown[] = [];

test.serial('programs and homes that nobody holds give their memory back', async (t) => {
  const make = (): void => {
    const state = zeros([1 << 18]);
    const f = compile((x: Tensor) => void state.add_(x));
    f(ones([1 << 18]));
  };
  make();
  for (let i = 0; i < 12; i++) {
    make();
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const before = await usedBytes();
  for (let i = 0; i < 12; i++) {
    make();
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  t.true((await usedBytes()) - before < 2 << 20);
});

/** What a call allocates, in bytes, where nothing is collected meanwhile: by a step on tensors with so many rows. */
const allocating = `
  import { compile, nn, optim, ones } from './index.ts';
  const perCall = (rows) => {
    const model = new nn.Sequential(new nn.Linear(16, 32), new nn.Tanh(), new nn.Linear(32, 4));
    const optimizer = new optim.Adam(model.parameters());
    const step = compile((x, y) => {
      optimizer.zeroGrad();
      const loss = nn.functional.mseLoss(model(x), y);
      loss.backward();
      optimizer.step();
      return loss;
    });
    const [x, y] = [ones([rows, 16]), ones([rows, 4])];
    for (let i = 0; i < 300; i++) step(x, y);
    const used = () => { const { heapUsed, arrayBuffers } = process.memoryUsage(); return heapUsed + arrayBuffers; };
    // Code that V8 has not optimised yet makes objects of numbers: the best of several tells what remains.
    return Math.min(...Array.from({ length: 5 }, () => {
      gc();
      const before = used();
      for (let i = 0; i < 300; i++) step(x, y);
      return (used() - before) / 300;
    }));
  };
  perCall(8);
  console.log(JSON.stringify([perCall(8), perCall(2048)]));
`;

test('a call of a compiled step allocates nothing that grows with the tensors', (t) => {
  const { stdout, stderr } = runScript(allocating, ['--expose-gc', '--max-semi-space-size=128']);
  t.is(stderr, '');
  const [small, large] = JSON.parse(stdout) as [number, number];
  t.true(small > 0 && small < 4096, `${small} bytes`);
  // the hidden layer alone has 256 KiB
  t.true(large < small + 2048, `${small} bytes for 8 rows, ${large} for 2048`);
});

// --- other surroundings ---------------------------------------------------------------------------------------------------------------

const training = `
  import { compile, manualSeed, noGrad, rand, zeros } from './index.ts';
  manualSeed(1);
  const w = rand([4, 3]).requiresGrad_();
  const step = compile((x, rate) => {
    w.grad = null;
    const loss = x.matmul(w).sub(rand([2, 3])).square().mean();
    loss.backward();
    noGrad(() => w.sub_(w.grad.mul(rate)));
    return loss;
  }, { name: 'step' });
  const losses = [0.1, 0.1, 0.2].map((rate) => step(rand([2, 4]), rate).item());
  console.log(JSON.stringify([...losses, ...w.toTypedArray()]));
`;

test('where code must not be generated, the interpreter gives the same numbers, and says so once', (t) => {
  const free = runScript(training);
  const strict = runScript(training, ['--disallow-code-generation-from-strings']);
  t.is(free.status, 0, free.stderr);
  t.is(strict.status, 0, strict.stderr);
  t.is(free.stderr, '');
  const [want, got] = [free, strict].map(({ stdout }) => JSON.parse(stdout) as number[]);
  want.forEach((value, i) => t.true(Math.abs(value - got[i]) < 1e-5, `${i}: ${value}, ${got[i]}`));
  t.is(strict.stderr.split('forbids generated code').length - 1, 1, strict.stderr);
});

test('GRADLOOM_DEBUG tells of recompilations and times', (t) => {
  const { stderr, status } = runScript(training, [], { GRADLOOM_DEBUG: 'recompile,time' });
  t.is(status, 0, stderr);
  t.regex(stderr, /\[gradloom recompile\] step: rate \(argument 1\): 0\.1 -> 0\.2/);
  t.regex(stderr, /\[gradloom time\] step: traced and compiled in [\d.]+ ms/);
  t.regex(stderr, /\[gradloom time\] step_1: traced and compiled in [\d.]+ ms/);
});

test('the interpreter has no kernels to show, but the rest of a program', (t) => {
  const program: Program = compile((x: Tensor) => x.exp(), { backend: 'interpreter' }).lower(tensor([1]));
  t.deepEqual([program.source, program.kernels.length], ['', 0]);
  t.true(program.explain('graph').includes('exp'));
  t.deepEqual(program.profile([tensor([1])]).kernels, []);
});
