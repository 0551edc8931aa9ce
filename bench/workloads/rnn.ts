// A recurrent layer: 64 steps (unrolled) of 16 sequences, 64 numbers in and 64 hidden; the mean square of its outputs and the gradients of all
// parameters. Nothing by hand.

import { autograd, manualSeed, nn, tensor } from 'gradloom';
import type { Tensor } from 'gradloom';
import { noise } from '../lib/numbers.ts';
import { gradloomSide } from '../lib/workload.ts';
import type { Workload } from '../lib/workload.ts';

const [steps, batch, size] = [64, 16, 64];

export function makeModel() {
  manualSeed(0);
  return new nn.RNN(size, size);
}

const workload: Workload = {
  name: 'rnn-64-steps',
  gradloom() {
    const layer = makeModel();
    const parameters = layer.parameters();
    const step = (x: Tensor): readonly Tensor[] => {
      const [outputs] = layer(x);
      const value = outputs.mul(outputs).mean();
      return [value, ...(autograd.grad(value, parameters) as Tensor[])];
    };
    return gradloomSide(step, [tensor(noise(steps * batch * size), { shape: [steps, batch, size] })]);
  },
};

export const workloads = [workload];
