// How tfjs is run, and what its works share.

import * as tf from '@tensorflow/tfjs';

/** Runs a function that returns tensors, and waits for their values. */
export function stateless(fn) {
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

/** The value of a function and its gradients by all arguments. */
export function valueAndGradients(fn, args) {
  const both = tf.valueAndGrads(fn);
  return stateless(() => {
    const { value, grads } = both(args);
    return [value, ...grads];
  });
}

/** Minimises a loss by an optimizer of tfjs. `read` gives the values of a parameter in the layout of PyTorch. */
export function training(optimizer, parameters, loss, read = (p) => p.dataSync()) {
  let value;
  return {
    run() {
      const scalar = optimizer.minimize(loss, true);
      value = scalar.dataSync();
      scalar.dispose();
    },
    results: () => [value, ...parameters.map(read)],
  };
}

export const tensors = (weights) => weights.map(({ data, shape }) => tf.tensor(data, shape));

/** x W^T + b, where x has two dimensions. */
export const linear = (x, weight, bias) => tf.add(tf.matMul(x, weight, false, true), bias);

export const crossEntropy = (logits, oneHot, rows) =>
  tf.mul(tf.sum(tf.mul(tf.logSoftmax(logits), oneHot)), -1 / rows);
export const oneHotOf = (target, count) => tf.cast(tf.oneHot(tf.tensor1d(target, 'int32'), count), 'float32');

/** The approximation by tanh, which has no operation of its own. */
export function gelu(u) {
  const inner = tf.mul(tf.mul(u, tf.add(tf.mul(tf.mul(u, u), 0.044715), 1)), Math.sqrt(2 / Math.PI));
  return tf.mul(tf.mul(u, 0.5), tf.add(tf.tanh(inner), 1));
}

/** Over the last dimension; it has none of its own either. */
export function layerNorm(x, weight, bias) {
  const { mean, variance } = tf.moments(x, -1, true);
  const scaled = tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5)));
  return tf.add(tf.mul(scaled, weight), bias);
}
