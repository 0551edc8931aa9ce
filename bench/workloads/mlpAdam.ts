// A training step of a classifier: 784-256-128-10 with ReLU, batch 64, cross-entropy, Adam.
// By hand: the matrix product of lib/matmul.ts for every layer and direction. Bias, ReLU and its mask, and Adam's update happen to the sums
// while they are in the cache. Weights are kept as [in, out], so that most panels are packed from consecutive numbers.

import { crossEntropy, manualSeed, nn, optim, tensor } from 'gradloom';
import type { Tensor } from 'gradloom';
import { program } from '../lib/hand.ts';
import type { Arrays } from '../lib/hand.ts';
import { matmul } from '../lib/matmul.ts';
import type { Part, Product } from '../lib/matmul.ts';
import { classes, noise, transposed } from '../lib/numbers.ts';
import { gradloomSide } from '../lib/workload.ts';
import type { Workload } from '../lib/workload.ts';

const batch = 64;
const [size0, size1, size2, size3] = [784, 256, 128, 10];
const [rate, beta1, beta2, epsilon] = [1e-3, 0.9, 0.999, 1e-8];

export function makeModel() {
  manualSeed(0);
  return new nn.Sequential(
    new nn.Linear(size0, size1),
    new nn.ReLU(),
    new nn.Linear(size1, size2),
    new nn.ReLU(),
    new nn.Linear(size2, size3),
  );
}

function gradloom() {
  const model = makeModel();
  const optimizer = new optim.Adam(model.parameters(), { lr: rate });
  const step = (x: Tensor, target: Tensor): Tensor[] => {
    optimizer.zeroGrad();
    const loss = crossEntropy(model(x) as Tensor, target);
    loss.backward();
    optimizer.step();
    return [loss];
  };
  const x = tensor(noise(batch * size0), { shape: [batch, size0] });
  return gradloomSide(step, [x, tensor(classes(batch, size3))], model.parameters());
}

/** Arrays for a parameter and Adam's two means of it. */
const withMeans = (name: string, values: ArrayLike<number>): Arrays => ({
  [name]: Float32Array.from(values),
  [`${name}M`]: new Float32Array(values.length),
  [`${name}V`]: new Float32Array(values.length),
});
/** Adam's update of one element; `rates` holds what depends on the number of the step only. */
const adam = (name: string, at: string, gradient: string): string => `{
  const at = ${at}, g = ${gradient};
  const m = ${name}M[at] * ${beta1} + g * ${1 - beta1}, v = ${name}V[at] * ${beta2} + g * g * ${1 - beta2};
  ${name}M[at] = m;
  ${name}V[at] = v;
  ${name}[at] -= rates[0] * m / (Math.sqrt(v) * rates[1] + ${epsilon});
}`;

/** h = x w + b, with ReLU if it is not the last. */
const forward = (layer: number, x: string, h: string, k: number, n: number, tile: Partial<Product>): Part =>
  matmul({
    name: `forward${layer}`,
    m: batch,
    n,
    k,
    a: (i, k) => `${x}[${i} * ${size(x)} + ${k}]`,
    b: (k, j) => `w${layer}[${k} * ${n} + ${j}]`,
    store: (i, j, sum) =>
      `{ const v = ${sum} + b${layer}[${j}]; ${h}[${i} * ${n} + ${j}] = ${layer < 3 ? 'v > 0 ? v : 0' : 'v'}; }`,
    ...tile,
  });
/** d of x = d of h times w transposed, 0 where ReLU was. */
const backward = (layer: number, x: string, dh: string, n: number, k: number, tile: Partial<Product>): Part =>
  matmul({
    name: `backward${layer}`,
    m: batch,
    n,
    k,
    a: (i, k) => `${dh}[${i} * ${size(dh)} + ${k}]`,
    b: (k, j) => `w${layer}[${j} * ${size(dh)} + ${k}]`,
    store: (i, j, sum) => `d${x}[${i} * ${n} + ${j}] = ${x}[${i} * ${n} + ${j}] > 0 ? ${sum} : 0;`,
    ...tile,
  });
/** The gradient of w = x transposed times d of h, and straight on to the update; then the same for b. */
const update = (layer: number, x: string, dh: string, m: number, n: number, tile: Partial<Product>): Part => {
  const { arrays, functions } = matmul({
    name: `update${layer}`,
    m,
    n,
    k: batch,
    a: (i, k) => `${x}[${k} * ${size(x)} + ${i}]`,
    b: (k, j) => `${dh}[${k} * ${n} + ${j}]`,
    store: (i, j, sum) => adam(`w${layer}`, `${i} * ${n} + ${j}`, sum),
    ...tile,
  });
  const bias = `
    for (let j = 0; j < ${n}; j++) {
      let sum = 0;
      for (let i = 0; i < ${batch}; i++) sum += ${dh}[i * ${n} + j];
      ${adam(`b${layer}`, 'j', 'sum')}
    }`;
  return { arrays, functions: { ...functions, [`updateBias${layer}()`]: bias } };
};
const sizes: Readonly<Record<string, number>> = { x: size0, h1: size1, h2: size2, z: size3 };
const size = (name: string): number => sizes[name.replace(/^d/, '')];

const rates = `
  const t = ++rates[2];
  rates[0] = ${rate} / (1 - ${beta1} ** t);
  rates[1] = 1 / Math.sqrt(1 - ${beta2} ** t);`;
const loss = `
  let total = 0;
  for (let i = 0; i < ${batch}; i++) {
    const base = i * ${size3}, at = base + target[i];
    let max = -Infinity, sum = 0;
    for (let j = base; j < base + ${size3}; j++) max = z[j] > max ? z[j] : max;
    for (let j = base; j < base + ${size3}; j++) sum += dz[j] = exp(z[j] - max);
    for (let j = base; j < base + ${size3}; j++) dz[j] *= ${1 / batch} / sum;
    dz[at] -= ${1 / batch};
    total += Math.log(sum) + max - z[at];
  }
  value[0] = total * ${1 / batch};`;

function hand() {
  const parameters = makeModel()
    .parameters()
    .map((p) => ({ shape: p.shape, values: p.toTypedArray() }));
  const [w1, b1, w2, b2, w3, b3] = parameters.map(({ shape, values }) =>
    shape.length === 2 ? transposed(values, shape[0], shape[1]) : values,
  );
  const captured: Arrays = {
    x: noise(batch * size0),
    target: classes(batch, size3),
    value: new Float32Array(1),
    rates: new Float64Array(3),
    ...withMeans('w1', w1),
    ...withMeans('b1', b1),
    ...withMeans('w2', w2),
    ...withMeans('b2', b2),
    ...withMeans('w3', w3),
    ...withMeans('b3', b3),
    h1: new Float32Array(batch * size1),
    h2: new Float32Array(batch * size2),
    z: new Float32Array(batch * size3),
    dh1: new Float32Array(batch * size1),
    dh2: new Float32Array(batch * size2),
    dz: new Float32Array(batch * size3),
  };
  const parts: readonly Part[] = [
    { arrays: {}, functions: { 'rates()': rates } },
    forward(1, 'x', 'h1', size0, size1, {}),
    forward(2, 'h1', 'h2', size1, size2, {}),
    forward(3, 'h2', 'z', size2, size3, { panel: 10 }),
    { arrays: {}, functions: { 'loss()': loss } },
    backward(3, 'h2', 'dz', size2, size3, { steps: 5 }),
    update(3, 'h2', 'dz', size2, size3, { panel: 10 }),
    backward(2, 'h1', 'dh2', size1, size2, {}),
    update(2, 'h1', 'dh2', size1, size2, {}),
    update(1, 'x', 'dh1', size0, size1, {}),
  ];
  const arrays: Arrays = Object.assign({}, captured, ...parts.map((p) => p.arrays));
  const functions: Record<string, string> = Object.assign({}, ...parts.map((p) => p.functions));
  const back = (name: string, rows: number, columns: number) => transposed(arrays[name], rows, columns);
  return {
    run: program(arrays, functions),
    results: () => [
      arrays.value,
      back('w1', size0, size1),
      arrays.b1,
      back('w2', size1, size2),
      arrays.b2,
      back('w3', size2, size3),
      arrays.b3,
    ],
  };
}

const workload: Workload = { name: 'mlp-adam', gradloom, hand };

export const workloads = [workload];
