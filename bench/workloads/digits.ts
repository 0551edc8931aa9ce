// The training step of examples/digits.ts: 64-128-10, batch 64, Adam and a running average of the parameters. Nothing by hand; what counts is
// the column `cold`: tracing and compiling in a fresh process.

import { crossEntropy, manualSeed, nn, noGrad, optim, tensor } from 'gradloom';
import type { Tensor } from 'gradloom';
import { classes, noise } from '../lib/numbers.ts';
import { gradloomSide } from '../lib/workload.ts';
import type { Workload } from '../lib/workload.ts';

const batch = 64;
const keep = 0.998;
const makeModel = () => new nn.Sequential(new nn.Linear(64, 128), new nn.ReLU(), new nn.Linear(128, 10));

const workload: Workload = {
  name: 'digits-step',
  gradloom() {
    manualSeed(1);
    const [model, average] = [makeModel(), makeModel()];
    const optimizer = new optim.Adam(model.parameters(), { lr: 2e-3, weightDecay: 1e-4 });
    const means = average.parameters();
    const step = (pixels: Tensor, digits: Tensor): Tensor[] => {
      optimizer.zeroGrad();
      const loss = crossEntropy(model(pixels.mul(8)) as Tensor, digits);
      loss.backward();
      optimizer.step();
      noGrad(() => model.parameters().forEach((p, i) => means[i].mul_(keep).add_(p.mul(1 - keep))));
      return [loss];
    };
    const pixels = tensor(noise(batch * 64), { shape: [batch, 64] });
    return gradloomSide(step, [pixels, tensor(classes(batch, 10))], model.parameters());
  },
};

export const workloads = [workload];
