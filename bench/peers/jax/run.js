// How jax-js is run, and what its works share.

import { jit, nn, numpy as np, valueAndGrad } from '@jax-js/jax';

/** Runs a function of kept arrays, and waits for what it returns. */
export function stateless(fn, args) {
  let returned = [];
  return {
    run() {
      returned = fn(...args.map((x) => x.ref)).map((x) => x.dataSync());
    },
    results: () => returned,
  };
}

/** The value of a function and its gradients by its first `count` arguments. */
export function valueAndGradients(fn, args, count) {
  const both = valueAndGrad(fn, { argnums: args.slice(0, count).map((_, i) => i) });
  const all = jit((...args) => {
    const [value, gradients] = both(...args);
    return [value, ...gradients];
  });
  return stateless(all, args);
}

/** Runs a training step, which maps a state and inputs to [loss, new state]. */
export function training(step, first, args, parametersOf = (state) => state) {
  let state = first;
  let loss;
  const compiled = jit(step);
  return {
    run() {
      const [value, next] = compiled(state, ...keep(args));
      loss = value.dataSync();
      state = next;
    },
    results: () => [loss, ...keep(parametersOf(state)).map((x) => x.dataSync())],
  };
}

export const array = (data, shape) => np.array(data).reshape(shape);
export const arrays = (weights) => weights.map(({ data, shape }) => array(data, shape));
export const keep = (xs) => xs.map((x) => x.ref);

/** x W^T + b. */
export const linear = (x, weight, bias) => np.dot(x, weight.transpose()).add(bias);

export const crossEntropy = (logits, oneHot, rows) =>
  nn
    .logSoftmax(logits, -1)
    .mul(oneHot)
    .sum()
    .mul(-1 / rows);

/** The targets as one row of 0 and 1 each. */
export function oneHotOf(target, count) {
  const data = new Float32Array(target.length * count);
  target.forEach((t, i) => (data[i * count + t] = 1));
  return array(data, [target.length, count]);
}

/** Over the last dimension. */
export const layerNorm = (x, weight, bias) => nn.standardize(x, -1).mul(weight).add(bias);
