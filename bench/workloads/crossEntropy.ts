// Softmax cross-entropy of logits [256, 1000]: its value and its gradient.
// By hand: a function per row, in three passes: the maximum by four chains, the exponentials (once) and their sum, the gradient.

import { crossEntropy, tensor, valueAndGrad } from 'gradloom';
import type { Tensor } from 'gradloom';
import { program } from '../lib/hand.ts';
import { classes, noise } from '../lib/numbers.ts';
import { gradloomInto } from '../lib/workload.ts';
import type { Workload } from '../lib/workload.ts';

const rows = 256;
const count = 1000;

const workload: Workload = {
  name: 'cross-entropy',
  gradloom: () =>
    gradloomInto(
      valueAndGrad((logits: Tensor, target: Tensor) => crossEntropy(logits, target)),
      [tensor(noise(rows * count, 4), { shape: [rows, count] }), tensor(classes(rows, count))],
      [[], [rows, count]],
    ),
  hand() {
    const x = noise(rows * count, 4);
    const target = classes(rows, count);
    const value = new Float32Array(1);
    const gradient = new Float32Array(rows * count);
    const run = program(
      { x, target, value, gradient },
      {
        'row(r)': `
          const base = r * ${count};
          let a = -Infinity, b = a, c = a, d = a;
          for (let j = base; j < base + ${count}; j += 4) {
            const p = x[j], q = x[j + 1], r = x[j + 2], s = x[j + 3];
            a = p > a ? p : a; b = q > b ? q : b; c = r > c ? r : c; d = s > d ? s : d;
          }
          const max = Math.max(a, b, c, d);
          let sum = 0;
          for (let j = base; j < base + ${count}; j++) {
            const e = exp(x[j] - max);
            gradient[j] = e;
            sum += e;
          }
          const scale = ${1 / rows} / sum, at = base + target[r];
          for (let j = base; j < base + ${count}; j++) gradient[j] *= scale;
          gradient[at] -= ${1 / rows};
          return Math.log(sum) + max - x[at];`,
      },
      `let total = 0;
       for (let r = 0; r < ${rows}; r++) total += row(r);
       value[0] = total * ${1 / rows};`,
    );
    return { run, results: () => [value, gradient] };
  },
};

export const workloads = [workload];
