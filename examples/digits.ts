// Teaches a small network to read handwritten digits. Forward pass, gradients and the optimizer's update are one compiled function; after
// the training you see how many kernels it became, and one of them.
//
//     npm start

import { compile, manualSeed, nn, noGrad, optim } from 'gradloom';
import type { Program, Tensor } from 'gradloom';
import { loadDigits } from './lib/digits.ts';
import { distort } from './lib/distort.ts';
import { isMain } from './lib/main.ts';
import { startProgress } from './lib/progress.ts';

/** How much of the running average of the parameters is kept at each step; the average reads better than the last parameters. */
const keep = 0.998;
/** Pixels reach from 0 to 8: with weights as small as PyTorch makes them, 0 to 1 learns slowly. */
const contrast = 8;

const makeModel = () => new nn.Sequential(new nn.Linear(64, 128), new nn.ReLU(), new nn.Linear(128, 10));

/** A model, and functions to train it and to see how often its average is right. */
export function makeTraining() {
  manualSeed(1);
  const model = makeModel();
  const average = makeModel();
  average.loadStateDict(model.stateDict());
  const optimizer = new optim.Adam(model.parameters(), { lr: 2e-3, weightDecay: 1e-4 });
  const pairs = [...model.parameters()].map((p, i) => [p, [...average.parameters()][i]] as const);

  const step = compile((pixels: Tensor, digits: Tensor) => {
    optimizer.zeroGrad();
    const loss = nn.functional.crossEntropy(model(pixels.mul(contrast)), digits);
    loss.backward();
    optimizer.step();
    noGrad(() => pairs.forEach(([p, mean]) => mean.mul_(keep).add_(p.mul(1 - keep))));
    return loss;
  });
  const accuracy = compile((pixels: Tensor, digits: Tensor) =>
    average(pixels.mul(contrast)).argmax(1).eq(digits).to('float32').mean(),
  );
  return { model, step, accuracy };
}

/** The kernel of a step that has the loss in it. */
export const lossKernel = (program: Program) =>
  program.kernels.find(({ source }) => source.includes('crossEntropy'));

function main(): void {
  const { training, test } = loadDigits();
  const { model, step, accuracy } = makeTraining();
  console.log(String(model));

  const epochs = 240;
  const progress = startProgress(epochs);
  const start = performance.now();
  let steps = 0;
  for (let epoch = 1; epoch <= epochs; epoch++) {
    let loss = 0;
    for (const [pixels, digits] of nn.batches(training, 64, { shuffle: true, dropLast: true })) {
      const value = step(distort(pixels, { rotation: 20, shift: 0.2, stretch: 0.2 }), digits);
      if (++steps % 22 === 0) loss = Number(value.item());
    }
    progress.update(epoch, `loss ${loss.toFixed(4)}`);
  }
  const seconds = (performance.now() - start) / 1000;
  const right = 100 * Number(accuracy(...test).item());
  console.log(`right on ${right.toFixed(1)} % of 360 digits that it has never seen`);
  console.log(
    `${steps} steps in ${seconds.toFixed(1)} s, compiling included: ${Math.round(steps / seconds)} per second`,
  );

  const [program] = step.programs;
  const operations = program.explain('graph').match(/^ +\w+: /gm)?.length ?? 0;
  console.log(`\none step: ${operations} operations in ${program.kernels.length} kernels`);
  for (const { name, flops } of program.kernels) console.log(`  ${name}, ${flops} flops`);
  console.log(`\nthis one computes the loss and its gradient:\n\n${lossKernel(program)?.source}`);
  if (right < 97) process.exitCode = 1;
}

if (isMain(import.meta.url)) main();
