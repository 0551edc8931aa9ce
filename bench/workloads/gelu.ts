// GELU (tanh form) of a scaled and shifted x: the sum of its values, and the gradient of that.
// By hand: one loop, one exponential and one division per element, since 0.5 (1 + tanh(t)) = 1 / (1 + exp(-2t)).

import { gelu, tensor, valueAndGrad } from 'gradloom';
import type { Tensor } from 'gradloom';
import { program } from '../lib/hand.ts';
import { noise } from '../lib/numbers.ts';
import { gradloomInto } from '../lib/workload.ts';
import type { Workload } from '../lib/workload.ts';

const of = (n: number): Workload => ({
  name: `gelu-${n}`,
  gradloom: () =>
    gradloomInto(
      valueAndGrad((x: Tensor) => gelu(x.mul(0.5).add(0.1), { approximate: 'tanh' }).sum()),
      [tensor(noise(n, 8))],
      [[], [n]],
    ),
  hand() {
    const x = noise(n, 8);
    const value = new Float32Array(1);
    const gradient = new Float32Array(n);
    const c = 2 * Math.sqrt(2 / Math.PI);
    const run = program(
      { x, value, gradient },
      {
        'loop()': `
          let total = 0;
          for (let i = 0; i < ${n}; i++) {
            const u = x[i] * 0.5 + 0.1, q = u * u;
            const s = 1 / (1 + exp(u * (${-c} - ${c * 0.044715} * q)));
            const g = u * s;
            total += g;
            gradient[i] = 0.5 * (s + (g - g * s) * (${c} + ${3 * c * 0.044715} * q));
          }
          value[0] = total;`,
      },
    );
    return { run, results: () => [value, gradient] };
  },
});

export const workloads = [of(1e4), of(1e6)];
