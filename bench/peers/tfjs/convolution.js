// tfjs: convolutions with stride 1 of [batch, height, width, channels]. Its own gradient by the kernel does not exist on WebAssembly, and is ten
// times as slow as this one on the cpu backend: both gradients are convolutions as well.

import * as tf from '@tensorflow/tfjs';

/** Channels stand where the batch was, and the batch is what is summed over. */
const gradientByKernel = (x, dy, padding) =>
  tf.transpose(
    tf.conv2d(tf.transpose(x, [3, 1, 2, 0]), tf.transpose(dy, [1, 2, 0, 3]), 1, padding),
    [1, 2, 0, 3],
  );

/** By the kernel turned around, over all that it has touched. */
const gradientByInput = (dy, kernel, padding) =>
  tf.conv2d(dy, tf.transpose(tf.reverse(kernel, [0, 1]), [0, 1, 3, 2]), 1, kernel.shape[0] - 1 - padding);

/** Of numbers that need no gradient. */
export const convolveImages = (images, kernel, padding) =>
  tf.customGrad((kernel) => ({
    value: tf.conv2d(images, kernel, 1, padding),
    gradFunc: (dy) => gradientByKernel(images, dy, padding),
  }))(kernel);

export const convolve = (x, kernel, padding) =>
  tf.customGrad((x, kernel, save) => {
    save([x, kernel]);
    return {
      value: tf.conv2d(x, kernel, 1, padding),
      gradFunc: (dy, [x, kernel]) => [gradientByInput(dy, kernel, padding), gradientByKernel(x, dy, padding)],
    };
  })(x, kernel);
