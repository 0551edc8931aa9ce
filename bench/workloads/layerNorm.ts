// Layer norm of x [1024, 1024], weighted by given numbers g and summed; with the gradients of x, weight and bias.
// By hand: a function per row in two passes. The first takes the sums from which mean, variance, value and both means inside of the
// gradient follow; the second writes the gradient of x and adds to those of weight and bias, in doubles.

import { layerNorm, tensor, valueAndGrad } from 'gradloom';
import type { Tensor } from 'gradloom';
import { program } from '../lib/hand.ts';
import { noise } from '../lib/numbers.ts';
import { gradloomInto, gradloomSide } from '../lib/workload.ts';
import type { Workload } from '../lib/workload.ts';

const n = 1024;
export const inputs = () => ({
  x: noise(n * n, 2),
  weight: noise(n, 1, 2),
  bias: noise(n, 1, 3),
  g: noise(n * n, 1, 4),
});

/** `returned`: the results are new tensors at each call, instead of written into tensors that are there. */
const of = (name: string, returned: boolean): Workload => ({
  name,
  gradloom() {
    const { x, weight, bias, g } = inputs();
    const fn = valueAndGrad(
      (x: Tensor, weight: Tensor, bias: Tensor, g: Tensor) =>
        layerNorm(x, [n], { weight, bias }).mul(g).sum(),
      { argnums: [0, 1, 2] },
    );
    const all = (...args: [Tensor, Tensor, Tensor, Tensor]): Tensor[] => {
      const [value, gradients] = fn(...args);
      return [value, ...gradients];
    };
    // Both sides know where their inputs lie; arguments of a compiled function would be copied in first.
    const args: Parameters<typeof all> = [
      tensor(x, { shape: [n, n] }),
      tensor(weight),
      tensor(bias),
      tensor(g, { shape: [n, n] }),
    ];
    const run = (): Tensor[] => all(...args);
    return returned ? gradloomSide(run, []) : gradloomInto(run, [], [[], [n, n], [n], [n]]);
  },
  hand() {
    const captured = {
      ...inputs(),
      value: new Float32Array(1),
      dx: new Float32Array(n * n),
      dw: new Float64Array(n),
      db: new Float64Array(n),
    };
    const run = program(
      captured,
      {
        'row(r)': `
          const base = r * ${n};
          let sx = 0, sxx = 0, sg = 0, sgx = 0, sb = 0;
          for (let j = 0; j < ${n}; j++) {
            const v = x[base + j], u = g[base + j], w = u * weight[j];
            sx += v; sxx += v * v; sg += w; sgx += w * v; sb += u * bias[j];
          }
          const mean = sx * ${1 / n}, scale = 1 / Math.sqrt(sxx * ${1 / n} - mean * mean + 1e-5);
          const along = scale * (sgx - mean * sg);
          const g0 = sg * ${1 / n}, g1 = along * ${1 / n};
          for (let j = 0; j < ${n}; j++) {
            const u = g[base + j], z = (x[base + j] - mean) * scale;
            dx[base + j] = scale * (u * weight[j] - g0 - z * g1);
            dw[j] += u * z;
            db[j] += u;
          }
          return along + sb;`,
      },
      `for (let j = 0; j < ${n}; j++) dw[j] = db[j] = 0;
       let total = 0;
       for (let r = 0; r < ${n}; r++) total += row(r);
       value[0] = total;`,
    );
    const { value, dx, dw, db } = captured;
    return { run, results: () => [value, dx, dw, db] };
  },
});

export const workloads = [of('layer-norm', false), of('layer-norm-returned', true)];
