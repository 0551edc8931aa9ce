// gradloom's side of the smallest network: 2-16-16-1 with tanh, batch 32, mean squared error, SGD.

import { manualSeed, mseLoss, nn, optim, tensor } from 'gradloom';
import type { Tensor } from 'gradloom';
import { noise } from './numbers.ts';

export const batch = 32;
export const hidden = 16;
export const rate = 0.05;

export function makeModel() {
  manualSeed(0);
  return new nn.Sequential(
    new nn.Linear(2, hidden),
    new nn.Tanh(),
    new nn.Linear(hidden, hidden),
    new nn.Tanh(),
    new nn.Linear(hidden, 1),
  );
}

export const inputs = () => ({ x: noise(batch * 2), y: noise(batch, 1, 2) });

/** A training step, its arguments, and the model that it trains. */
export function training() {
  const model = makeModel();
  const optimizer = new optim.SGD(model.parameters(), { lr: rate });
  const step = (x: Tensor, y: Tensor): Tensor[] => {
    optimizer.zeroGrad();
    const loss = mseLoss(model(x) as Tensor, y);
    loss.backward();
    optimizer.step();
    return [loss];
  };
  const { x, y } = inputs();
  const args: [Tensor, Tensor] = [tensor(x, { shape: [batch, 2] }), tensor(y, { shape: [batch, 1] })];
  return { model, step, args };
}
