// A training step of LeNet-5: 32 images [1, 28, 28], two convolutions, cross-entropy, SGD. Nothing by hand.

import { crossEntropy, manualSeed, nn, optim, tensor } from 'gradloom';
import type { Tensor } from 'gradloom';
import { classes, noise } from '../lib/numbers.ts';
import { gradloomSide } from '../lib/workload.ts';
import type { Workload } from '../lib/workload.ts';

const batch = 32;

export function makeModel() {
  manualSeed(0);
  return new nn.Sequential(
    new nn.Conv2d(1, 6, 5, { padding: 2 }),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Conv2d(6, 16, 5),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Flatten(),
    new nn.Linear(400, 120),
    new nn.ReLU(),
    new nn.Linear(120, 84),
    new nn.ReLU(),
    new nn.Linear(84, 10),
  );
}

const workload: Workload = {
  name: 'lenet-sgd',
  gradloom() {
    const model = makeModel();
    const optimizer = new optim.SGD(model.parameters(), { lr: 0.01 });
    const step = (x: Tensor, target: Tensor): Tensor[] => {
      optimizer.zeroGrad();
      const loss = crossEntropy(model(x) as Tensor, target);
      loss.backward();
      optimizer.step();
      return [loss];
    };
    const images = tensor(noise(batch * 28 * 28), { shape: [batch, 1, 28, 28] });
    return gradloomSide(step, [images, tensor(classes(batch, 10))], model.parameters());
  },
};

export const workloads = [workload];
