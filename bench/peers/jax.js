// @jax-js/jax: JAX in JavaScript, jitted, on WebAssembly (its fastest backend in Node). Its functions consume their arguments: `.ref` keeps one.

import { defaultDevice, hessian, init, jit, nn, numpy as np, valueAndGrad } from '@jax-js/jax';

// what it does not find in Node 20, but looks for when it is given a Float64Array
globalThis.Float16Array ??= class Float16Array {};
await init('wasm');
defaultDevice('wasm');

/** Runs a function of kept arrays, and waits for what it returns. */
function stateless(fn, args) {
  let returned = [];
  return {
    run() {
      returned = fn(...args.map((x) => x.ref)).map((x) => x.dataSync());
    },
    results: () => returned,
  };
}

/** Runs a training step, which maps a state and inputs to [loss, new state]. */
function training(step, first, args, parametersOf) {
  let state = first;
  let loss;
  const refs = (xs) => xs.map((x) => x.ref);
  return {
    run() {
      const [value, next] = step(state, ...refs(args));
      loss = value.dataSync();
      state = next;
    },
    results: () => [loss, ...refs(parametersOf(state)).map((x) => x.dataSync())],
  };
}

const array = (data, shape) => np.array(data).reshape(shape);
const keep = (xs) => xs.map((x) => x.ref);

/** Layers x W^T + b with an activation between them. */
function mlp(parameters, x, activation) {
  for (let i = 0; i < parameters.length; i += 2) {
    x = np.dot(x, parameters[i].transpose()).add(parameters[i + 1]);
    if (i + 2 < parameters.length) x = activation(x);
  }
  return x;
}
const crossEntropy = (logits, oneHot, rows) =>
  nn
    .logSoftmax(logits, -1)
    .mul(oneHot)
    .sum()
    .mul(-1 / rows);

function gelu(n, { noise }) {
  const fn = (x) => {
    const u = x.mul(0.5).add(0.1);
    const inner = u.ref.mul(u.ref.mul(u.ref).mul(0.044715).add(1)).mul(Math.sqrt(2 / Math.PI));
    return u.mul(0.5).mul(np.tanh(inner).add(1)).sum();
  };
  return stateless(jit(valueAndGrad(fn)), [np.array(noise(n, 8))]);
}

/** The targets as one row of 0 and 1 each. */
function oneHotOf(target, count) {
  const data = new Float32Array(target.length * count);
  target.forEach((t, i) => (data[i * count + t] = 1));
  return array(data, [target.length, count]);
}

function adamStep(state, x, target) {
  const { parameters, means, squares, count } = state;
  const loss = (ps, x, target) => crossEntropy(mlp(ps, x, nn.relu), target, 64);
  const [value, gradients] = valueAndGrad(loss)(keep(parameters), x, target);
  const t = count.add(1);
  const correction = (beta) => np.power(np.array(beta), t.ref).mul(-1).add(1);
  const [first, second] = [correction(0.9), np.sqrt(correction(0.999))];
  const next = { parameters: [], means: [], squares: [], count: t };
  gradients.forEach((g, i) => {
    const m = means[i].mul(0.9).add(g.ref.mul(0.1));
    const v = squares[i].mul(0.999).add(g.ref.mul(g).mul(0.001));
    const scale = np.sqrt(v.ref).div(second.ref).add(1e-8);
    next.parameters.push(parameters[i].sub(m.ref.mul(1e-3).div(first.ref).div(scale)));
    next.means.push(m);
    next.squares.push(v);
  });
  first.dispose();
  second.dispose();
  return [value, next];
}

function sgdStep(parameters, x, y) {
  const loss = (ps, x, y) => {
    const d = mlp(ps, x, np.tanh).sub(y);
    return np.mean(np.square(d));
  };
  const [value, gradients] = valueAndGrad(loss)(keep(parameters), x, y);
  return [value, parameters.map((p, i) => p.sub(gradients[i].mul(0.05)))];
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

export const works = {
  'gelu-10000': (lib) => gelu(1e4, lib),
  'gelu-1000000': (lib) => gelu(1e6, lib),
  'cross-entropy': ({ noise, classes }) =>
    stateless(jit(valueAndGrad((x, target) => crossEntropy(x, target, 256))), [
      array(noise(256 * 1000, 4), [256, 1000]),
      oneHotOf(classes(256, 1000), 1000),
    ]),
  'matmul-512-nn': ({ noise }) => {
    const n = 512;
    const fn = jit((a, b, bias) => [nn.relu(np.dot(a, b).add(bias))]);
    return stateless(fn, [
      array(noise(n * n), [n, n]),
      array(noise(n * n, 1, 2), [n, n]),
      np.array(noise(n, 1, 3)),
    ]);
  },
  'mlp-adam': ({ noise, classes, weights }) => {
    const parameters = weights.mlpAdam().map(({ data, shape }) => array(data, shape));
    const zeros = () => parameters.map((p) => np.zeros(p.shape));
    return training(
      jit(adamStep),
      { parameters, means: zeros(), squares: zeros(), count: np.array(0) },
      [array(noise(64 * 784), [64, 784]), oneHotOf(classes(64, 10), 10)],
      (state) => state.parameters,
    );
  },
  'mlp-tiny-sgd': ({ noise, weights }) =>
    training(
      jit(sgdStep),
      weights.mlpTiny().map(({ data, shape }) => array(data, shape)),
      [array(noise(64), [32, 2]), array(noise(32, 1, 2), [32, 1])],
      (state) => state,
    ),
  'rosenbrock-hessian': ({ noise }) => {
    const of = jit(hessian(rosenbrock));
    return stateless((x) => [of(x)], [np.array(Float64Array.from(noise(100, 2)))]);
  },
};
