// The main job: a 64-128-10 perceptron learns handwritten digits with Adam. Forward pass, gradients and the optimizer's updates are one
// compiled program; at the end it shows what was generated for it.

import { compile, manualSeed, nn, optim, randperm, tensor } from 'gradloom';
import type { Tensor } from 'gradloom';

import { loadDigits, takeDigits } from './lib/digits.ts';
import { showProgress } from './lib/progress.ts';

const batch = 64;
const epochs = 30;

manualSeed(0);
const { train, test } = loadDigits();
const model = new nn.Sequential(new nn.Linear(64, 128), new nn.ReLU(), new nn.Linear(128, 10));
const optimizer = new optim.Adam(model.parameters(), { lr: 3e-3 });

const step = compile(
  (x: Tensor, y: Tensor) => {
    optimizer.zeroGrad();
    const loss = nn.functional.crossEntropy(model.forward(x), y);
    loss.backward();
    optimizer.step();
    return loss;
  },
  { name: 'digits' },
);

const start = performance.now();
let steps = 0;
let loss = 0;
for (let epoch = 1; epoch <= epochs; epoch++) {
  const order = randperm(train.labels.length).toTypedArray();
  for (let at = 0; at + batch <= order.length; at += batch) {
    const { pixels, labels } = takeDigits(train, order.subarray(at, at + batch));
    const value = step(tensor(pixels, { shape: [batch, 64] }), tensor(labels, { shape: [batch] }));
    steps++;
    if (at === 0) loss = value.item() as number;
  }
  showProgress(epoch, epochs, `epoch ${epoch}, loss ${loss.toFixed(4)}`);
}
const seconds = (performance.now() - start) / 1000;

const scores = model.forward(tensor(test.pixels, { shape: [test.labels.length, 64] }));
const guesses = scores.argmax(1).toTypedArray();
const right = test.labels.filter((digit, i) => guesses[i] === digit).length;
console.log(`${right} of the ${test.labels.length} digits held back are right: ${((100 * right) / test.labels.length).toFixed(1)} %`);
console.log(`${steps} steps in ${seconds.toFixed(1)} s, ${Math.round(steps / seconds)} steps per second, compilation included`);

const [program] = step.programs;
const operations = program.explain('graph').split('\n').length - 3;
console.log(`one step: ${operations} graph operations in ${program.kernels.length} kernels:`);
for (const kernel of program.kernels) console.log(`  ${kernel.name}`);
const longest = program.kernels.find((kernel) => kernel.name.startsWith('amax')) ?? program.kernels[0];
console.log(`\nThe kernel of the loss and its gradient:\n\n${longest.source}`);
if (right / test.labels.length < 0.97) process.exitCode = 1;
