// The examples, in small: a few steps of each. The losses of two networks on the same digits are held against real PyTorch's
// (test/fixtures/nn-cases.json). What is under test: examples/, and nn/, optim and compile together.

import test from 'ava';
import { compile, grad, hessian, manualSeed, nn, optim, tensor } from '../index.ts';
import type { Program, Tensor } from '../index.ts';
import { lossKernel, makeTraining } from '../examples/digits.ts';
import { makeTraining as makeConvTraining } from '../examples/digitsConv.ts';
import { loadDigits } from '../examples/lib/digits.ts';
import { newtonStep, rosenbrock } from '../examples/rosenbrock.ts';
import { cases } from './helpers/nnCases.ts';

const { training, test: heldBack } = loadDigits();

type Network = nn.Module & ((x: Tensor) => Tensor);
type Optimizer = optim.Adam | optim.SGD;
const networks: Readonly<Record<string, () => readonly [Network, (params: readonly Tensor[]) => Optimizer]>> =
  {
    mlp: () => [
      new nn.Sequential(new nn.Linear(64, 128), new nn.ReLU(), new nn.Linear(128, 10)),
      (params) => new optim.Adam(params, { lr: 3e-3 }),
    ],
    conv: () => [
      new nn.Sequential(
        new nn.Unflatten(1, [1, 8, 8]),
        new nn.Conv2d(1, 8, 3, { padding: 1 }),
        new nn.BatchNorm2d(8),
        new nn.ReLU(),
        new nn.MaxPool2d(2),
        new nn.Conv2d(8, 16, 3),
        new nn.GELU(),
        new nn.Flatten(),
        new nn.Linear(64, 10),
      ),
      (params) => new optim.SGD(params, { lr: 0.05, momentum: 0.9, nesterov: true }),
    ],
  };

for (const { name, losses } of cases.digits)
  for (const way of ['compiled', 'step by step'] as const)
    test(`the losses of ${name === 'mlp' ? 'a perceptron' : 'a convolutional network'} on the digits are PyTorch's, ${way}`, (t) => {
      manualSeed(0);
      const [model, makeOptimizer] = networks[name]();
      const optimizer = makeOptimizer(model.parameters());
      const plain = (x: Tensor, y: Tensor): Tensor => {
        optimizer.zeroGrad();
        const loss = nn.functional.crossEntropy(model(x), y);
        loss.backward();
        optimizer.step();
        return loss;
      };
      const step = way === 'compiled' ? compile(plain) : plain;
      const steps = way === 'compiled' ? losses.length : 6;
      let at = 0;
      while (at < steps)
        for (const [x, y] of nn.batches(training, 64, { shuffle: true, dropLast: true })) {
          if (at === steps) break;
          const loss = Number(step(x, y).item());
          t.true(Math.abs(loss - losses[at]) < 1e-4, `${loss} instead of ${losses[at]} in step ${at}`);
          at++;
        }
    });

test('the digits are split as examples/data/README.md says', (t) => {
  t.deepEqual([training[0].shape, training[1].shape], [[1437, 64], [1437]]);
  t.deepEqual([heldBack[0].shape, heldBack[1].shape], [[360, 64], [360]]);
  t.is(training[0].max().item(), 1);
  t.deepEqual(training[1].slice(0, 0, 5).toArray(), [0, 1, 2, 3, 4]);
});

/** Losses of the first steps of a training. */
function firstLosses(step: (x: Tensor, y: Tensor) => Tensor, count: number): number[] {
  const losses: number[] = [];
  for (const [x, y] of nn.batches(training, 64, { shuffle: true, dropLast: true })) {
    losses.push(Number(step(x, y).item()));
    if (losses.length === count) return losses;
  }
  return losses;
}

test('the digits example learns, in one program of few kernels', (t) => {
  const { step, accuracy } = makeTraining();
  const losses = firstLosses(step, 22);
  t.true(losses[21] < losses[0] / 2, String(losses));
  t.is(step.programs.length, 1);
  t.true(step.programs[0].kernels.length <= 10, `${step.programs[0].kernels.length} kernels`);
  t.regex(lossKernel(step.programs[0])!.source, /exp32\(/);
  t.true(Number(accuracy(...heldBack).item()) > 0.1);
});

test('the convolutional example learns, and its schedule needs no second program', (t) => {
  const { model, step, accuracy, schedule } = makeConvTraining(13);
  const losses = firstLosses((x, y) => {
    const loss = step(x, y);
    schedule.step();
    return loss;
  }, 12);
  t.true(losses[11] < losses[0], String(losses));
  t.is(step.programs.length, 1);
  model.eval();
  t.true(Number(accuracy(...heldBack).item()) > 0.2);
});

const programs: Readonly<Record<string, () => Program>> = {
  'the step of the digits': () =>
    makeTraining().step.lower(training[0].narrow(0, 0, 64), training[1].narrow(0, 0, 64)),
  'the accuracy of the digits': () => makeTraining().accuracy.lower(...heldBack),
  'the step of the convolutional network': () =>
    makeConvTraining(13).step.lower(training[0].narrow(0, 0, 64), training[1].narrow(0, 0, 64)),
  "a step of Newton's method": () =>
    compile((p: Tensor) => [grad(rosenbrock)(p), hessian(rosenbrock)(p)]).lower(tensor([-1.2, 1])),
};
for (const [what, lower] of Object.entries(programs))
  test(`memory is at most 1.3 times what is live at once: ${what}`, (t) => {
    const program = lower();
    const [, arena, live] = /arena: (\d+) bytes, most live at once (\d+)/.exec(program.explain('plan'))!;
    t.is(Number(arena), program.memory.arenaBytes);
    t.true(Number(arena) <= 1.3 * Number(live), `${arena} bytes, ${live} live`);
  });

test("Newton's method arrives at the lowest point of Rosenbrock's valley", (t) => {
  const p = tensor([-1.2, 1], { dtype: 'float64', requiresGrad: true });
  const values = Array.from({ length: 7 }, () => newtonStep(rosenbrock, p));
  t.true(Math.abs(values[0] - 24.2) < 1e-12);
  t.true(values[6] < 1e-15);
  const [x, y] = p.toArray() as number[];
  t.true(Math.abs(x - 1) < 1e-12 && Math.abs(y - 1) < 1e-12);
});
