// A transformer block: 8 sequences of 64 tokens of 128 numbers, 4 heads, a hidden layer of 512; with the gradients of the input and of all
// parameters. Nothing by hand.

import { autograd, gelu, manualSeed, nn, scaledDotProductAttention, tensor } from 'gradloom';
import type { Tensor } from 'gradloom';
import { noise } from '../lib/numbers.ts';
import { gradloomSide } from '../lib/workload.ts';
import type { Workload } from '../lib/workload.ts';

const [batch, tokens, width, heads, hiddenWidth] = [8, 64, 128, 4, 512];

class Block extends nn.Module {
  readonly norm1 = new nn.LayerNorm(width);
  readonly projection = new nn.Linear(width, 3 * width);
  readonly output = new nn.Linear(width, width);
  readonly norm2 = new nn.LayerNorm(width);
  readonly up = new nn.Linear(width, hiddenWidth);
  readonly down = new nn.Linear(hiddenWidth, width);

  forward(x: Tensor): Tensor {
    const attended = x.add(this.attend(this.norm1(x)));
    return attended.add(this.down(gelu(this.up(this.norm2(attended)), { approximate: 'tanh' })));
  }
  attend(x: Tensor): Tensor {
    const parts = this.projection(x)
      .reshape([batch, tokens, 3, heads, width / heads])
      .permute([2, 0, 3, 1, 4]);
    const [query, key, value] = [0, 1, 2].map((i) => parts.select(0, i));
    const mixed = scaledDotProductAttention(query, key, value);
    return this.output(mixed.transpose(1, 2).reshape([batch, tokens, width]));
  }
}

export function makeModel() {
  manualSeed(0);
  return new Block();
}

const workload: Workload = {
  name: 'transformer-block',
  gradloom() {
    const block = makeModel();
    const parameters = block.parameters();
    const step = (x: Tensor, g: Tensor): readonly Tensor[] => {
      const input = x.detach().requiresGrad_();
      const value = block(input).mul(g).sum();
      return [value, ...(autograd.grad(value, [input, ...parameters]) as Tensor[])];
    };
    const shape = [batch, tokens, width];
    const numbers = (seed: number): Tensor => tensor(noise(batch * tokens * width, 1, seed), { shape });
    return gradloomSide(step, [numbers(1), numbers(2)]);
  },
};

export const workloads = [workload];
