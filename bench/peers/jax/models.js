// jax-js: models whose gradients are returned.

import { lax, nn, numpy as np } from '@jax-js/jax';
import { array, arrays, layerNorm, linear, valueAndGradients } from './run.js';

const [batch, tokens, width, heads] = [8, 64, 128, 4];

/** What nn.dotProductAttention does; that is written with np.einsum, which needs Node 22. x is [batch * tokens, width]. */
function attend(x, weight, bias) {
  const parts = linear(x, weight, bias).reshape([batch, tokens, 3, heads, width / heads]);
  const [query, key, value] = np.unstack(parts, 2);
  const scores = lax.dot(query, key, {
    lhsContractingDims: [3],
    rhsContractingDims: [3],
    lhsBatchDims: [0, 2],
    rhsBatchDims: [0, 2],
  });
  const weights = nn.softmax(scores.mul(1 / Math.sqrt(width / heads)), -1);
  const mixed = lax.dot(weights, value, {
    lhsContractingDims: [3],
    rhsContractingDims: [1],
    lhsBatchDims: [0, 1],
    rhsBatchDims: [0, 2],
  });
  return mixed.transpose([0, 2, 1, 3]).reshape([batch * tokens, width]);
}

/** Batch and tokens are one dimension, but for the attention. */
function block(x, ...parameters) {
  const [norm1, bias1, inWeight, inBias, outWeight, outBias, norm2, bias2, up, upBias, down, downBias] =
    parameters;
  const mixed = attend(layerNorm(x.ref, norm1, bias1), inWeight, inBias);
  const attended = x.add(linear(mixed, outWeight, outBias));
  const wide = nn.gelu(linear(layerNorm(attended.ref, norm2, bias2), up, upBias));
  return attended.add(linear(wide, down, downBias));
}

/**
 * The mean square of all outputs. The inputs of all steps are multiplied at once, the first hidden state is zero, and each step adds its own
 * squares: np.stack would copy the outputs many times.
 */
function meanSquare(inWeight, hiddenWeight, inBias, hiddenBias, x) {
  const [steps, sequences, size] = x.shape;
  const flat = linear(x.reshape([steps * sequences, size]), inWeight, inBias.add(hiddenBias));
  const weight = hiddenWeight.transpose();
  const [first, ...inputs] = np.unstack(flat.reshape([steps, sequences, size]));
  let hidden = np.tanh(first);
  let sum = np.square(hidden.ref).sum();
  for (const input of inputs) {
    hidden = np.tanh(np.dot(hidden, weight.ref).add(input));
    sum = sum.add(np.square(hidden.ref).sum());
  }
  weight.dispose();
  hidden.dispose();
  return sum.mul(1 / (steps * sequences * size));
}

export const works = {
  'transformer-block': ({ noise, weights }) => {
    const numbers = (seed) => array(noise(batch * tokens * width, 1, seed), [batch * tokens, width]);
    const args = [numbers(1), ...arrays(weights.transformer()), numbers(2)];
    const value = (...args) =>
      block(...args.slice(0, -1))
        .mul(args.at(-1))
        .sum();
    return valueAndGradients(value, args, args.length - 1);
  },
  'rnn-64-steps': ({ noise, weights }) => {
    const args = [...arrays(weights.rnn()), array(noise(64 * 16 * 64), [64, 16, 64])];
    return valueAndGradients(meanSquare, args, 4);
  },
};
