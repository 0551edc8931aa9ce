// tfjs: steps of training.

import * as tf from '@tensorflow/tfjs';
import { convolve, convolveImages } from './convolution.js';
import { crossEntropy, linear, oneHotOf, training, weightsOf } from './run.js';

const variablesOf = (weights) => weightsOf(weights).map((x) => tf.variable(x));

/** Linear layers with an activation between them. */
function mlp(parameters, x, activation) {
  for (let i = 0; i < parameters.length; i += 2) {
    x = linear(x, parameters[i], parameters[i + 1]);
    if (i + 2 < parameters.length) x = activation(x);
  }
  return x;
}

/** Images are [batch, height, width, channels] here. */
function lenet([kernel1, bias1, kernel2, bias2, flattened, ...dense], images) {
  const pool = (x, bias) => tf.maxPool(tf.relu(tf.add(x, bias)), 2, 2, 'valid');
  const first = pool(convolveImages(images, kernel1, 2), bias1);
  const second = pool(convolve(first, kernel2, 0), bias2);
  return mlp([tf.reshape(flattened, [400, 120]), ...dense], tf.reshape(second, [-1, 400]), tf.relu);
}
/** The layer behind the images is a kernel as well, since its inputs are in another order when channels come last. */
const asKernel = ({ data, shape }) => ({ data, shape: shape[1] === 400 ? [120, 16, 5, 5] : shape });

export const works = {
  'mlp-adam': ({ noise, classes, weights }) => {
    const parameters = variablesOf(weights.mlpAdam());
    const x = tf.tensor2d(noise(64 * 784), [64, 784]);
    const target = oneHotOf(classes(64, 10), 10);
    const loss = () => crossEntropy(mlp(parameters, x, tf.relu), target, 64);
    return training(tf.train.adam(1e-3, 0.9, 0.999, 1e-8), parameters, loss);
  },
  'mlp-tiny-sgd': ({ noise, weights }) => {
    const parameters = variablesOf(weights.mlpTiny());
    const x = tf.tensor2d(noise(64), [32, 2]);
    const y = tf.tensor2d(noise(32, 1, 2), [32, 1]);
    const loss = () => tf.mean(tf.square(tf.sub(mlp(parameters, x, tf.tanh), y)));
    return training(tf.train.sgd(0.05), parameters, loss);
  },
  'lenet-sgd': ({ noise, classes, weights }) => {
    const parameters = variablesOf(weights.lenet().map(asKernel));
    // one channel: both layouts of the images are the same numbers
    const images = tf.tensor4d(noise(32 * 28 * 28), [32, 28, 28, 1]);
    const target = oneHotOf(classes(32, 10), 10);
    const loss = () => crossEntropy(lenet(parameters, images), target, 32);
    return training(tf.train.sgd(0.01), parameters, loss);
  },
};
