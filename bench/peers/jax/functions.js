// jax-js: functions and their derivatives.

import { hessian, jit, nn, numpy as np } from '@jax-js/jax';
import { array, crossEntropy, layerNorm, oneHotOf, stateless, valueAndGradients } from './run.js';

const gelu = (n, { noise }) =>
  valueAndGradients((x) => nn.gelu(x.mul(0.5).add(0.1)).sum(), [np.array(noise(n, 8))], 1);

function product(n, { noise }) {
  const fn = jit((a, b, bias) => [nn.relu(np.dot(a, b).add(bias))]);
  return stateless(fn, [
    array(noise(n * n), [n, n]),
    array(noise(n * n, 1, 2), [n, n]),
    np.array(noise(n, 1, 3)),
  ]);
}

function rosenbrock(x) {
  const head = x.ref.slice([0, 99]);
  const rise = x.slice([1, 100]).sub(np.square(head.ref));
  return np
    .square(rise)
    .mul(100)
    .add(np.square(head.mul(-1).add(1)))
    .sum();
}

/** Each name but the last of its uses is kept. */
function scalar(parameters) {
  const [p0, p1, p2, p3, p4, p5, p6, p7, p8, p9] = np.unstack(parameters);
  const exp = np.exp;
  const a = np.sin(p0.ref.mul(p1.ref)).add(exp(p2.ref.mul(p2.ref).mul(-1)));
  const b = np.tanh(p4.ref.mul(p5.ref).add(p3.ref)).mul(a.ref);
  const c = np.log(p6.ref.mul(p6.ref).add(1)).div(exp(p7.ref.mul(-1)).add(1));
  const d = np.sqrt(p8.ref.mul(p8.ref).add(p9.ref.mul(p9.ref)).add(1));
  const e = b.ref.mul(c.ref).add(a).div(d.ref);
  const f = np.cos(p0.sub(p9)).mul(b).sub(p3.mul(c.ref));
  const g = e.ref.mul(e.ref).add(f.ref.mul(f.ref)).div(d.add(2));
  const h = exp(np.sin(p4.sub(p8)).mul(0.5)).add(p1.mul(p7));
  const i = g.mul(h.ref).sub(p5.mul(p6).mul(c));
  return i.add(np.tanh(e.sub(f))).add(p2.mul(h));
}

const doubles = (values) => np.array(Float64Array.from(values));

export const works = {
  'gelu-10000': (lib) => gelu(1e4, lib),
  'gelu-1000000': (lib) => gelu(1e6, lib),
  'cross-entropy': ({ noise, classes }) =>
    valueAndGradients(
      (x, target) => crossEntropy(x, target, 256),
      [array(noise(256 * 1000, 4), [256, 1000]), oneHotOf(classes(256, 1000), 1000)],
      1,
    ),
  'layer-norm': ({ inputs }) => {
    const { x, weight, bias, g } = inputs.layerNorm();
    const n = weight.length;
    return valueAndGradients(
      (x, weight, bias, g) => layerNorm(x, weight, bias).mul(g).sum(),
      [array(x, [n, n]), np.array(weight), np.array(bias), array(g, [n, n])],
      3,
    );
  },
  'matmul-64-nn': (lib) => product(64, lib),
  'matmul-256-nn': (lib) => product(256, lib),
  'matmul-512-nn': (lib) => product(512, lib),
  'matmul-1024-nn': (lib) => product(1024, lib),
  'rosenbrock-hessian': ({ noise }) => {
    const of = jit(hessian(rosenbrock));
    return stateless((x) => [of(x)], [doubles(noise(100, 2))]);
  },
  'scalar-gradient': ({ noise }) => valueAndGradients(scalar, [doubles(noise(10))], 1),
};
