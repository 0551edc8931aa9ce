// Teaches a small network to read handwritten digits. Forward pass, gradients and the optimizer's update are one compiled function; after
// the training you see how many kernels it became, and one of them.
//
//     npm start

import { compile, manualSeed, nn, optim } from 'gradloom';
import type { Tensor } from 'gradloom';
import { loadDigits } from './lib/digits.ts';
import { isMain } from './lib/main.ts';
import { startProgress } from './lib/progress.ts';

/** A model, and functions to train it and to see how often it is right. */
export function makeTraining() {
  manualSeed(0);
  const model = new nn.Sequential(new nn.Linear(64, 128), new nn.ReLU(), new nn.Linear(128, 10));
  const optimizer = new optim.Adam(model.parameters(), { lr: 3e-3 });

  const step = compile((pixels: Tensor, digits: Tensor) => {
    optimizer.zeroGrad();
    const loss = nn.functional.crossEntropy(model(pixels), digits);
    loss.backward();
    optimizer.step();
    return loss;
  });
  const accuracy = compile((pixels: Tensor, digits: Tensor) =>
    model(pixels).argmax(1).eq(digits).to('float32').mean(),
  );
  return { model, step, accuracy };
}

function main(): void {
  const { training, test } = loadDigits();
  const { model, step, accuracy } = makeTraining();
  console.log(String(model));

  const epochs = 30;
  const progress = startProgress(epochs);
  const start = performance.now();
  let steps = 0;
  for (let epoch = 1; epoch <= epochs; epoch++) {
    let loss!: Tensor;
    for (const [pixels, digits] of nn.batches(training, 32, { shuffle: true, dropLast: true })) {
      loss = step(pixels, digits);
      steps++;
    }
    progress.update(epoch, `loss ${Number(loss.item()).toFixed(4)}`);
  }
  const seconds = (performance.now() - start) / 1000;
  console.log(`${steps} steps in ${seconds.toFixed(1)} s: ${Math.round(steps / seconds)} per second`);
  console.log(`right on ${(100 * Number(accuracy(...test).item())).toFixed(1)} % of 360 digits it has never seen`);

  const [program] = step.programs;
  const operations = program.explain('graph').trim().split('\n').length;
  console.log(`\none step: ${operations} operations in ${program.kernels.length} kernels, for example\n`);
  console.log(program.kernels[0].source);
}

if (isMain(import.meta.url)) main();
