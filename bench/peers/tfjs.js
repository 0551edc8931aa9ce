// @tensorflow/tfjs on its plain JavaScript backend. Every operation is a kernel of its own; tidy() frees what is in between.

import * as tf from '@tensorflow/tfjs';

tf.enableProdMode();
await tf.setBackend('cpu');

/** Runs a function that returns tensors, and waits for their values. */
function stateless(fn) {
  let returned = [];
  return {
    run() {
      const tensors = tf.tidy(fn);
      returned = tensors.map((x) => x.dataSync());
      tf.dispose(tensors);
    },
    results: () => returned,
  };
}

/** Minimises a loss by an optimizer of tfjs. */
function training(optimizer, parameters, loss) {
  let value;
  return {
    run() {
      const scalar = optimizer.minimize(loss, true);
      value = scalar.dataSync();
      scalar.dispose();
    },
    results: () => [value, ...parameters.map((p) => p.dataSync())],
  };
}

const variables = (weights) => weights.map(({ data, shape }) => tf.variable(tf.tensor(data, shape)));

/** Layers x W^T + b with an activation between them. */
function mlp(parameters, x, activation) {
  for (let i = 0; i < parameters.length; i += 2) {
    x = tf.add(tf.matMul(x, parameters[i], false, true), parameters[i + 1]);
    if (i + 2 < parameters.length) x = activation(x);
  }
  return x;
}
const crossEntropy = (logits, oneHot, rows) =>
  tf.mul(tf.sum(tf.mul(tf.logSoftmax(logits), oneHot)), -1 / rows);
const oneHotOf = (target, count) => tf.cast(tf.oneHot(tf.tensor1d(target, 'int32'), count), 'float32');

function gelu(n, { noise }) {
  const x = tf.tensor1d(noise(n, 8));
  const fn = (x) => {
    const u = tf.add(tf.mul(x, 0.5), 0.1);
    const inner = tf.mul(tf.mul(u, tf.add(tf.mul(tf.mul(u, u), 0.044715), 1)), Math.sqrt(2 / Math.PI));
    return tf.sum(tf.mul(tf.mul(u, 0.5), tf.add(tf.tanh(inner), 1)));
  };
  const both = tf.valueAndGrad(fn);
  return stateless(() => {
    const { value, grad } = both(x);
    return [value, grad];
  });
}

export const works = {
  'gelu-10000': (lib) => gelu(1e4, lib),
  'gelu-1000000': (lib) => gelu(1e6, lib),
  'cross-entropy': ({ noise, classes }) => {
    const x = tf.tensor2d(noise(256 * 1000, 4), [256, 1000]);
    const target = oneHotOf(classes(256, 1000), 1000);
    const both = tf.valueAndGrad((x) => crossEntropy(x, target, 256));
    return stateless(() => {
      const { value, grad } = both(x);
      return [value, grad];
    });
  },
  'matmul-512-nn': ({ noise }) => {
    const n = 512;
    const [a, b, bias] = [
      tf.tensor2d(noise(n * n), [n, n]),
      tf.tensor2d(noise(n * n, 1, 2), [n, n]),
      tf.tensor1d(noise(n, 1, 3)),
    ];
    return stateless(() => [tf.relu(tf.add(tf.matMul(a, b), bias))]);
  },
  'mlp-adam': ({ noise, classes, weights }) => {
    const parameters = variables(weights.mlpAdam);
    const x = tf.tensor2d(noise(64 * 784), [64, 784]);
    const target = oneHotOf(classes(64, 10), 10);
    const loss = () => crossEntropy(mlp(parameters, x, tf.relu), target, 64);
    return training(tf.train.adam(1e-3, 0.9, 0.999, 1e-8), parameters, loss);
  },
  'mlp-tiny-sgd': ({ noise, weights }) => {
    const parameters = variables(weights.mlpTiny);
    const x = tf.tensor2d(noise(64), [32, 2]);
    const y = tf.tensor2d(noise(32, 1, 2), [32, 1]);
    const loss = () => tf.mean(tf.square(tf.sub(mlp(parameters, x, tf.tanh), y)));
    return training(tf.train.sgd(0.05), parameters, loss);
  },
};
