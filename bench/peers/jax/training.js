// jax-js: steps of training. It has no optimizers: @jax-js/optax would be another package, and its updates are these.

import { lax, nn, numpy as np, valueAndGrad } from '@jax-js/jax';
import { array, arrays, crossEntropy, keep, linear, oneHotOf, training } from './run.js';

/** Layers x W^T + b with an activation between them. */
function mlp(parameters, x, activation) {
  for (let i = 0; i < parameters.length; i += 2) {
    x = linear(x, parameters[i], parameters[i + 1]);
    if (i + 2 < parameters.length) x = activation(x);
  }
  return x;
}

/**
 * A convolution, bias, ReLU, and the largest of each 2x2. Images are [batch, channels, height, width]. As a product of the kernel and all windows,
 * which are only a view; with lax.conv the step takes twice the time.
 */
function convolve(x, kernel, bias) {
  const [height, width] = kernel.shape.slice(2);
  const windows = lax.reduceWindow(x, (window) => window, [height, width]);
  const summed = lax.dot(kernel, windows, {
    lhsContractingDims: [1, 2, 3],
    rhsContractingDims: [1, 4, 5],
  });
  const images = nn.relu(summed.transpose([1, 0, 2, 3]).add(bias.reshape([-1, 1, 1])));
  const [batch, channels, rows, columns] = images.shape;
  return np.max(images.reshape([batch, channels, rows / 2, 2, columns / 2, 2]), [3, 5]);
}

const pads = [
  [0, 0],
  [0, 0],
  [2, 2],
  [2, 2],
];
function lenet([kernel1, bias1, kernel2, bias2, ...dense], images) {
  const first = convolve(np.pad(images, pads), kernel1, bias1);
  const second = convolve(first, kernel2, bias2);
  return mlp(dense, second.reshape([-1, 400]), nn.relu);
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

/** Steps down the gradients of a loss of parameters, inputs and targets. */
const sgdStep = (loss, rate) => (parameters, x, y) => {
  const [value, gradients] = valueAndGrad(loss)(keep(parameters), x, y);
  return [value, parameters.map((p, i) => p.sub(gradients[i].mul(rate)))];
};

export const works = {
  'mlp-adam': ({ noise, classes, weights }) => {
    const parameters = arrays(weights.mlpAdam());
    const zeros = () => parameters.map((p) => np.zeros(p.shape));
    return training(
      adamStep,
      { parameters, means: zeros(), squares: zeros(), count: np.array(0) },
      [array(noise(64 * 784), [64, 784]), oneHotOf(classes(64, 10), 10)],
      (state) => state.parameters,
    );
  },
  'mlp-tiny-sgd': ({ noise, weights }) =>
    training(
      sgdStep((ps, x, y) => np.mean(np.square(mlp(ps, x, np.tanh).sub(y))), 0.05),
      arrays(weights.mlpTiny()),
      [array(noise(64), [32, 2]), array(noise(32, 1, 2), [32, 1])],
    ),
  'lenet-sgd': ({ noise, classes, weights }) =>
    training(
      sgdStep((ps, images, target) => crossEntropy(lenet(ps, images), target, 32), 0.01),
      arrays(weights.lenet()),
      [array(noise(32 * 28 * 28), [32, 1, 28, 28]), oneHotOf(classes(32, 10), 10)],
    ),
};
