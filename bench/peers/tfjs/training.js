// tfjs: steps of training.

import * as tf from '@tensorflow/tfjs';
import { convolve, convolveImages } from './convolution.js';
import { crossEntropy, linear, oneHotOf, tensors, training } from './run.js';

const variables = (given) => given.map((x) => tf.variable(x));

/** Layers x W^T + b with an activation between them. */
function mlp(parameters, x, activation) {
  for (let i = 0; i < parameters.length; i += 2) {
    x = linear(x, parameters[i], parameters[i + 1]);
    if (i + 2 < parameters.length) x = activation(x);
  }
  return x;
}

/** Images are [batch, height, width, channels] here, and kernels [height, width, in, out]. */
function lenet([kernel1, bias1, kernel2, bias2, ...dense], images) {
  const pool = (x, bias) => tf.maxPool(tf.relu(tf.add(x, bias)), 2, 2, 'valid');
  const first = pool(convolveImages(images, kernel1, 2), bias1);
  const second = pool(convolve(first, kernel2, 0), bias2);
  return mlp(dense, tf.reshape(second, [-1, 400]), tf.relu);
}
const flattened = [120, 16, 5, 5];

/** From the layout of PyTorch to that of tfjs, and back. The first dense layer reads what was flattened: channels go last in its columns. */
function toTfjs(x) {
  if (x.rank === 4) return tf.transpose(x, [2, 3, 1, 0]);
  if (x.shape[1] === 400) return tf.reshape(tf.transpose(tf.reshape(x, flattened), [0, 2, 3, 1]), [120, 400]);
  return x;
}
function readBack(x) {
  if (x.rank === 4) return tf.transpose(x, [3, 2, 0, 1]).dataSync();
  if (x.shape[1] === 400) return tf.transpose(tf.reshape(x, [120, 5, 5, 16]), [0, 3, 1, 2]).dataSync();
  return x.dataSync();
}

export const works = {
  'mlp-adam': ({ noise, classes, weights }) => {
    const parameters = variables(tensors(weights.mlpAdam()));
    const x = tf.tensor2d(noise(64 * 784), [64, 784]);
    const target = oneHotOf(classes(64, 10), 10);
    const loss = () => crossEntropy(mlp(parameters, x, tf.relu), target, 64);
    return training(tf.train.adam(1e-3, 0.9, 0.999, 1e-8), parameters, loss);
  },
  'mlp-tiny-sgd': ({ noise, weights }) => {
    const parameters = variables(tensors(weights.mlpTiny()));
    const x = tf.tensor2d(noise(64), [32, 2]);
    const y = tf.tensor2d(noise(32, 1, 2), [32, 1]);
    const loss = () => tf.mean(tf.square(tf.sub(mlp(parameters, x, tf.tanh), y)));
    return training(tf.train.sgd(0.05), parameters, loss);
  },
  'lenet-sgd': ({ noise, classes, weights }) => {
    const parameters = variables(tensors(weights.lenet()).map(toTfjs));
    // one channel: both layouts of the images are the same numbers
    const images = tf.tensor4d(noise(32 * 28 * 28), [32, 28, 28, 1]);
    const target = oneHotOf(classes(32, 10), 10);
    const loss = () => crossEntropy(lenet(parameters, images), target, 32);
    return training(tf.train.sgd(0.01), parameters, loss, readBack);
  },
};
