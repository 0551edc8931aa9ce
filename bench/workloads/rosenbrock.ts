// The Hessian of the Rosenbrock function of 100 numbers, in float64.
// By hand: its three diagonals, into a matrix that is zero elsewhere.

import { hessian, tensor } from 'gradloom';
import type { Tensor } from 'gradloom';
import { program } from '../lib/hand.ts';
import { noise } from '../lib/numbers.ts';
import { gradloomInto } from '../lib/workload.ts';
import type { Workload } from '../lib/workload.ts';

const n = 100;
const point = (): Float64Array => Float64Array.from(noise(n, 2));

function rosenbrock(x: Tensor): Tensor {
  const head = x.narrow(0, 0, n - 1);
  const rise = x.narrow(0, 1, n - 1).sub(head.square());
  return rise.square().mul(100).add(head.rsub(1).square()).sum();
}

const workload: Workload = {
  name: 'rosenbrock-hessian',
  gradloom() {
    const of = hessian(rosenbrock);
    return gradloomInto((x: Tensor) => [of(x) as Tensor], [tensor(point())], [[n, n]], 'float64');
  },
  hand() {
    const out = new Float64Array(n * n);
    const run = program(
      { x: point(), out },
      {
        'fill()': `
          out.fill(0);
          for (let i = 0; i < ${n - 1}; i++) {
            const v = x[i];
            out[i * ${n + 1}] = 1200 * v * v - 400 * x[i + 1] + (i > 0 ? 202 : 2);
            out[i * ${n + 1} + 1] = out[i * ${n + 1} + ${n}] = -400 * v;
          }
          out[${n * n - 1}] = 200;`,
      },
    );
    return { run, results: () => [out] };
  },
};

export const workloads = [workload];
