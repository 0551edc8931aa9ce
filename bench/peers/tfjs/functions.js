// tfjs: functions and their gradients.

import * as tf from '@tensorflow/tfjs';
import { crossEntropy, gelu, layerNorm, oneHotOf, stateless, valueAndGradients } from './run.js';

const geluOf = (n, { noise }) =>
  valueAndGradients((x) => tf.sum(gelu(tf.add(tf.mul(x, 0.5), 0.1))), [tf.tensor1d(noise(n, 8))]);

function product(n, { noise }) {
  const [a, b, bias] = [
    tf.tensor2d(noise(n * n), [n, n]),
    tf.tensor2d(noise(n * n, 1, 2), [n, n]),
    tf.tensor1d(noise(n, 1, 3)),
  ];
  return stateless(() => [tf.relu(tf.add(tf.matMul(a, b), bias))]);
}

function scalar(parameters) {
  const [p0, p1, p2, p3, p4, p5, p6, p7, p8, p9] = tf.unstack(parameters);
  const a = p0.mul(p1).sin().add(p2.mul(p2).neg().exp());
  const b = p4.mul(p5).add(p3).tanh().mul(a);
  const c = p6.mul(p6).add(1).log().div(p7.neg().exp().add(1));
  const d = p8.mul(p8).add(p9.mul(p9)).add(1).sqrt();
  const e = b.mul(c).add(a).div(d);
  const f = p0.sub(p9).cos().mul(b).sub(p3.mul(c));
  const g = e.mul(e).add(f.mul(f)).div(d.add(2));
  const h = p4.sub(p8).sin().mul(0.5).exp().add(p1.mul(p7));
  const i = g.mul(h).sub(p5.mul(p6).mul(c));
  return i.add(e.sub(f).tanh()).add(p2.mul(h));
}

export const works = {
  'gelu-10000': (lib) => geluOf(1e4, lib),
  'gelu-1000000': (lib) => geluOf(1e6, lib),
  'cross-entropy': ({ noise, classes }) => {
    const x = tf.tensor2d(noise(256 * 1000, 4), [256, 1000]);
    const target = oneHotOf(classes(256, 1000), 1000);
    return valueAndGradients((x) => crossEntropy(x, target, 256), [x]);
  },
  'layer-norm': ({ inputs }) => {
    const { x, weight, bias, g } = inputs.layerNorm();
    const n = weight.length;
    const factors = tf.tensor2d(g, [n, n]);
    return valueAndGradients(
      (x, weight, bias) => tf.sum(tf.mul(layerNorm(x, weight, bias), factors)),
      [tf.tensor2d(x, [n, n]), tf.tensor1d(weight), tf.tensor1d(bias)],
    );
  },
  'matmul-64-nn': (lib) => product(64, lib),
  'matmul-256-nn': (lib) => product(256, lib),
  'matmul-512-nn': (lib) => product(512, lib),
  'matmul-1024-nn': (lib) => product(1024, lib),
  // it has no float64: these are numbers of float32
  'scalar-gradient': ({ noise }) => valueAndGradients(scalar, [tf.tensor1d(noise(10))]),
};
