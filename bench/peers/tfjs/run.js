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

/** The value of a function and its gradients by all arguments, of which the last are weights in the layout of tfjs. */
export function valueAndGradients(fn, inputs, weights = []) {
  const both = tf.valueAndGrads(fn);
  const side = stateless(() => {
    const { value, grads } = both([...inputs, ...weights]);
    return [value, ...grads];
  });
  const count = 1 + inputs.length;
  return {
    run: side.run,
    results: () =>
      side
        .results()
        .map((data, i) => (i < count ? data : readBack(tf.tensor(data, weights[i - count].shape)))),
  };
}

/** Minimises a loss by an optimizer of tfjs. */
export function training(optimizer, parameters, loss) {
  let value;
  return {
    run() {
      const scalar = optimizer.minimize(loss, true);
      value = scalar.dataSync();
      scalar.dispose();
    },
    results: () => [value, ...parameters.map(readBack)],
  };
}

/** Weights [out, in] and [out, in, height, width] are [in, out] and [height, width, in, out] in the layers of tfjs. */
export const weightsOf = (given) =>
  given.map(({ data, shape }) => {
    const x = tf.tensor(data, shape);
    return x.rank === 4 ? tf.transpose(x, [2, 3, 1, 0]) : tf.transpose(x);
  });
const readBack = (x) => (x.rank === 4 ? tf.transpose(x, [3, 2, 0, 1]) : tf.transpose(x)).dataSync();

/** x W + b, where x has two dimensions. Not tf.fused.matMul: on WebAssembly its gradients are wrong, since it forgets about transposed factors. */
export const linear = (x, weight, bias) => tf.add(tf.matMul(x, weight), bias);

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
