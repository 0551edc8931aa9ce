// A training step of lib/tinyMlp.ts: little work, so that every loop and every call counts.
// By hand: six loops. Rows of 16 wait in local variables, dots are written out as four chains, the output layer goes forward and back in
// one loop, and the weights are updated where their gradients are summed.

import { program, range } from '../lib/hand.ts';
import { transposed } from '../lib/numbers.ts';
import { batch, hidden as h, inputs, makeModel, rate, training } from '../lib/tinyMlp.ts';
import { gradloomSide } from '../lib/workload.ts';
import type { Workload } from '../lib/workload.ts';

/** A sum of `h` terms as four chains. */
const sum = (term: (k: number) => string): string =>
  range(4)
    .map((chain) => {
      const own = range(h).filter((k) => k % 4 === chain);
      return `(${own.map(term).join(' + ')})`;
    })
    .join(' + ');
/** Local variables for a row of `h`. */
const locals = (name: string, array: string): string =>
  range(h)
    .map((k) => `const ${name}${k} = ${array}[base + ${k}];`)
    .join(' ');

const functions = {
  'first()': `
    for (let i = 0; i < ${batch}; i++) {
      const x0 = x[2 * i], x1 = x[2 * i + 1];
      for (let j = 0; j < ${h}; j++) h1[i * ${h} + j] = tanh(x0 * w1[j] + x1 * w1[${h} + j] + b1[j]);
    }`,
  'second()': `
    for (let i = 0; i < ${batch}; i++) {
      const base = i * ${h};
      ${locals('a', 'h1')}
      for (let j = 0; j < ${h}; j++) h2[base + j] = tanh(${sum((k) => `a${k} * w2[${k * h} + j]`)} + b2[j]);
    }`,
  'output()': `
    let squares = 0, total = 0;
    for (let i = 0; i < ${batch}; i++) {
      const base = i * ${h};
      const d = ${sum((k) => `h2[base + ${k}] * w3[${k}]`)} + b3[0] - y[i];
      const g = d * ${2 / batch};
      squares += d * d;
      total += g;
      dp[i] = g;
      for (let j = 0; j < ${h}; j++) { const t = h2[base + j]; d2[base + j] = g * w3[j] * (1 - t * t); }
    }
    value[0] = squares * ${1 / batch};
    b3[0] -= ${rate} * total;`,
  'back()': `
    for (let i = 0; i < ${batch}; i++) {
      const base = i * ${h};
      ${locals('g', 'd2')}
      for (let k = 0; k < ${h}; k++) {
        const w = k * ${h}, t = h1[base + k];
        d1[base + k] = (${sum((j) => `g${j} * w2[w + ${j}]`)}) * (1 - t * t);
      }
    }`,
  'update()': `
    for (let k = 0; k < ${h}; k += 2)
      for (let j = 0; j < ${h}; j += 2) {
        let p = 0, q = 0, r = 0, s = 0;
        for (let i = 0; i < ${batch * h}; i += ${h}) {
          const a = h1[i + k], b = h1[i + k + 1], c = d2[i + j], d = d2[i + j + 1];
          p += a * c; q += a * d; r += b * c; s += b * d;
        }
        const at = k * ${h} + j;
        w2[at] -= ${rate} * p; w2[at + 1] -= ${rate} * q; w2[at + ${h}] -= ${rate} * r; w2[at + ${h + 1}] -= ${rate} * s;
      }`,
  'updateRest()': `
    for (let j = 0; j < ${h}; j++) {
      let p = 0, q = 0, r = 0, s = 0, t = 0;
      for (let i = 0; i < ${batch}; i++) {
        const g = d1[i * ${h} + j];
        p += g; q += g * x[2 * i]; r += g * x[2 * i + 1]; s += d2[i * ${h} + j]; t += h2[i * ${h} + j] * dp[i];
      }
      b1[j] -= ${rate} * p; w1[j] -= ${rate} * q; w1[${h} + j] -= ${rate} * r; b2[j] -= ${rate} * s; w3[j] -= ${rate} * t;
    }`,
};

const workload: Workload = {
  name: 'mlp-tiny-sgd',
  gradloom() {
    const { model, step, args } = training();
    return gradloomSide(step, args, model.parameters());
  },
  hand() {
    const [w1, b1, w2, b2, w3, b3] = makeModel()
      .parameters()
      .map((p) => p.toTypedArray());
    const state = {
      w1: Float32Array.from(transposed(w1, h, 2)),
      b1: Float32Array.from(b1),
      w2: Float32Array.from(transposed(w2, h, h)),
      b2: Float32Array.from(b2),
      w3: Float32Array.from(w3),
      b3: Float32Array.from(b3),
      value: new Float32Array(1),
    };
    const scratch = {
      h1: new Float32Array(batch * h),
      h2: new Float32Array(batch * h),
      d1: new Float32Array(batch * h),
      d2: new Float32Array(batch * h),
      dp: new Float32Array(batch),
    };
    return {
      run: program({ ...inputs(), ...state, ...scratch }, functions),
      results: () => [
        state.value,
        transposed(state.w1, 2, h),
        state.b1,
        transposed(state.w2, h, h),
        state.b2,
        state.w3,
        state.b3,
      ],
    };
  },
};

export const workloads = [workload];
