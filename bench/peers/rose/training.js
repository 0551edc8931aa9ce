// rose: a step of training. Matrices are vectors of vectors; layers are loops over them, for one row of the batch after the other.

import { Real, Vec, add, compile, fn, mul, struct, sub, sum, vec, vjp } from 'rose';
import { square, tanh } from './math.js';

const [batch, size, hidden, rate] = [32, 2, 16, 0.05];

const Row = Vec(size, Real);
const Hidden = Vec(hidden, Real);
const Parameters = struct({
  w1: Vec(hidden, Row),
  b1: Hidden,
  w2: Vec(hidden, Hidden),
  b2: Hidden,
  w3: Hidden,
  b3: Real,
});
const Inputs = Vec(batch, Row);
const Targets = Vec(batch, Real);

const dot = (n, a, b) => sum(n, (k) => mul(a[k], b[k]));
/** tanh(W x + b) */
const layer = (n, weights, bias, x) => vec(hidden, Real, (j) => tanh(add(dot(n, weights[j], x), bias[j])));

/** The mean square of the errors. */
function loss({ w1, b1, w2, b2, w3, b3 }, x, y) {
  const total = sum(batch, (i) => {
    const last = layer(hidden, w2, b2, layer(size, w1, b1, x[i]));
    return square(sub(add(dot(hidden, w3, last), b3), y[i]));
  });
  return mul(total, 1 / batch);
}

const stepped = (x, g) => sub(x, mul(g, rate));
const steppedRow = (n, x, g) => vec(n, Real, (i) => stepped(x[i], g[i]));
const steppedRows = (n, x, g) => vec(hidden, Vec(n, Real), (i) => steppedRow(n, x[i], g[i]));

const updated = (p, g) => ({
  w1: steppedRows(size, p.w1, g.w1),
  b1: steppedRow(hidden, p.b1, g.b1),
  w2: steppedRows(hidden, p.w2, g.w2),
  b2: steppedRow(hidden, p.b2, g.b2),
  w3: steppedRow(hidden, p.w3, g.w3),
  b3: stepped(p.b3, g.b3),
});

/** Numbers as rows of `n`. */
const rowsOf = (data, n) =>
  Array.from({ length: data.length / n }, (_, i) => [...data.subarray(i * n, (i + 1) * n)]);

export const works = {
  'mlp-tiny-sgd': async ({ noise, weights }) => {
    // a function that is differentiated has one argument, and captures nothing: the inputs have to be part of it
    const value = fn([struct({ p: Parameters, x: Inputs, y: Targets })], Real, ({ p, x, y }) =>
      loss(p, x, y),
    );
    const Result = struct({ value: Real, p: Parameters });
    const step = fn([Parameters, Inputs, Targets], Result, (p, x, y) => {
      const { ret, grad } = vjp(value)({ p, x, y });
      return { value: ret, p: updated(p, grad(1).p) };
    });
    const run = await compile(step);
    const [w1, b1, w2, b2, w3, b3] = weights.mlpTiny().map(({ data }) => data);
    let p = {
      w1: rowsOf(w1, size),
      b1: [...b1],
      w2: rowsOf(w2, hidden),
      b2: [...b2],
      w3: [...w3],
      b3: b3[0],
    };
    const [x, y] = [rowsOf(noise(batch * size), size), [...noise(batch, 1, 2)]];
    let returned;
    return {
      run() {
        returned = run(p, x, y);
        p = returned.p;
      },
      results: () => [[returned.value], p.w1.flat(), p.b1, p.w2.flat(), p.b2, p.w3, [p.b3]],
    };
  },
};
