// relu(A B + bias) of square matrices in four layouts: each factor as it is (n) or transposed (t).
// By hand: lib/matmul.ts; the transposition is part of how A's blocks are read and B's panels are packed.

import { relu, tensor } from 'gradloom';
import type { Tensor } from 'gradloom';
import { program } from '../lib/hand.ts';
import { matmul } from '../lib/matmul.ts';
import { noise } from '../lib/numbers.ts';
import { gradloomInto } from '../lib/workload.ts';
import type { Workload } from '../lib/workload.ts';

const of = (n: number, layout: string): Workload => {
  const [a, b] = layout;
  const inputs = () => ({ a: noise(n * n), b: noise(n * n, 1, 2), bias: noise(n, 1, 3) });
  return {
    name: `matmul-${n}-${layout}`,
    flops: 2 * n ** 3,
    gradloom() {
      const as = (x: Tensor, how: string): Tensor => (how === 't' ? x.t() : x);
      const given = inputs();
      return gradloomInto(
        (x: Tensor, y: Tensor, bias: Tensor) => [relu(as(x, a).matmul(as(y, b)).add(bias))],
        [tensor(given.a, { shape: [n, n] }), tensor(given.b, { shape: [n, n] }), tensor(given.bias)],
        [[n, n]],
      );
    },
    hand() {
      const out = new Float32Array(n * n);
      const { arrays, functions } = matmul({
        name: 'product',
        m: n,
        n,
        k: n,
        a: (i, k) => (a === 't' ? `a[${k} * ${n} + ${i}]` : `a[${i} * ${n} + ${k}]`),
        b: (k, j) => (b === 't' ? `b[${j} * ${n} + ${k}]` : `b[${k} * ${n} + ${j}]`),
        store: (i, j, sum) => `{ const v = ${sum} + bias[${j}]; out[${i} * ${n} + ${j}] = v > 0 ? v : 0; }`,
      });
      return { run: program({ ...inputs(), out, ...arrays }, functions), results: () => [out] };
    },
  };
};

export const workloads = [64, 256, 512, 1024].flatMap((n) =>
  ['nn', 'nt', 'tn', 'tt'].map((layout) => of(n, layout)),
);
