// The same digits for a convolutional network, which sees that pixels are neighbours.
//
//     node --conditions=gradloom-source --import=./test/tsimp/run.js examples/digitsConv.ts

import { compile, manualSeed, nn, optim } from 'gradloom';
import type { Tensor } from 'gradloom';
import { loadDigits } from './lib/digits.ts';
import { distort } from './lib/distort.ts';
import { isMain } from './lib/main.ts';
import { startProgress } from './lib/progress.ts';

class ConvNet extends nn.Module {
  conv1 = new nn.Conv2d(1, 16, 3, { padding: 1 });
  conv2 = new nn.Conv2d(16, 32, 3, { padding: 1 });
  pool = new nn.MaxPool2d(2);
  drop = new nn.Dropout(0.25);
  out = new nn.Linear(32 * 2 * 2, 10);

  forward(pixels: Tensor): Tensor {
    let x = pixels.reshape([-1, 1, 8, 8]);
    x = this.pool(this.conv1(x).relu());
    x = this.pool(this.conv2(x).relu());
    return this.out(this.drop(x.flatten(1)));
  }
}

/** A model, functions to train it and to see how often it is right, and a schedule for the learning rate. */
export function makeTraining(totalSteps: number) {
  manualSeed(0);
  const model = new ConvNet();
  const optimizer = new optim.AdamW(model.parameters(), { weightDecay: 0.01 });
  const schedule = new optim.lrScheduler.OneCycleLR(optimizer, 0.01, { totalSteps });

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
  return { model, step, accuracy, schedule };
}

function main(): void {
  const { training, test } = loadDigits();
  const [epochs, batchSize] = [40, 64];
  const stepsPerEpoch = Math.floor(training[0].shape[0] / batchSize);
  const { model, step, accuracy, schedule } = makeTraining(epochs * stepsPerEpoch + 1);
  console.log(String(model));

  const progress = startProgress(epochs);
  const start = performance.now();
  for (let epoch = 1; epoch <= epochs; epoch++) {
    let loss!: Tensor;
    for (const [pixels, digits] of nn.batches(training, batchSize, { shuffle: true, dropLast: true })) {
      loss = step(distort(pixels, { rotation: 15, shift: 0.15, stretch: 0.15 }), digits);
      schedule.step(); // a new learning rate needs no new program
    }
    progress.update(epoch, `loss ${Number(loss.item()).toFixed(4)}`);
  }
  model.eval();
  const right = 100 * Number(accuracy(...test).item());
  console.log(
    `${((performance.now() - start) / 1000).toFixed(1)} s; right on ${right.toFixed(1)} % of 360 new digits`,
  );
  console.log(`${step.programs.length} program of ${step.programs[0].kernels.length} kernels`);
}

if (isMain(import.meta.url)) main();
