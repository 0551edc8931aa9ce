// tfjs: models whose gradients are returned.

import * as tf from '@tensorflow/tfjs';
import { gelu, layerNorm, linear, valueAndGradients, weightsOf } from './run.js';

const [batch, tokens, width, heads] = [8, 64, 128, 4];

/** Softmax of q k^T, times v, for all heads at once. x is [batch * tokens, width]. */
function attend(x, weight, bias) {
  const parts = tf.reshape(linear(x, weight, bias), [batch, tokens, 3, heads, width / heads]);
  const [query, key, value] = tf.unstack(tf.transpose(parts, [2, 0, 3, 1, 4]));
  const scores = tf.mul(tf.matMul(query, key, false, true), 1 / Math.sqrt(width / heads));
  const mixed = tf.matMul(tf.softmax(scores), value);
  return tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [batch * tokens, width]);
}

/** Batch and tokens are one dimension, but for the attention: products of two dimensions have the fastest kernels. */
function block(x, ...parameters) {
  const [norm1, bias1, inWeight, inBias, outWeight, outBias, norm2, bias2, up, upBias, down, downBias] =
    parameters;
  const mixed = attend(layerNorm(x, norm1, bias1), inWeight, inBias);
  const attended = tf.add(x, linear(mixed, outWeight, outBias));
  const wide = gelu(linear(layerNorm(attended, norm2, bias2), up, upBias));
  return tf.add(attended, linear(wide, down, downBias));
}

/** The inputs of all steps are multiplied at once; the first hidden state is zero. */
function outputsOf(x, inWeight, hiddenWeight, inBias, hiddenBias) {
  const [steps, sequences, size] = x.shape;
  const flat = linear(tf.reshape(x, [steps * sequences, size]), inWeight, tf.add(inBias, hiddenBias));
  const inputs = tf.unstack(tf.reshape(flat, [steps, sequences, size]));
  const outputs = [];
  for (const input of inputs) {
    const last = outputs.at(-1);
    outputs.push(tf.tanh(last ? tf.add(input, tf.matMul(last, hiddenWeight)) : input));
  }
  return tf.stack(outputs);
}

export const works = {
  'transformer-block': ({ noise, weights }) => {
    const numbers = (seed) => tf.tensor2d(noise(batch * tokens * width, 1, seed), [batch * tokens, width]);
    const factors = numbers(2);
    const value = (...args) => tf.sum(tf.mul(block(...args), factors));
    return valueAndGradients(value, [numbers(1)], weightsOf(weights.transformer()));
  },
  'rnn-64-steps': ({ noise, weights }) => {
    const x = tf.tensor3d(noise(64 * 16 * 64), [64, 16, 64]);
    const value = (...parameters) => tf.mean(tf.square(outputsOf(x, ...parameters)));
    return valueAndGradients(value, [], weightsOf(weights.rnn()));
  },
};
