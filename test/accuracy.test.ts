// Numbers at the edge. The fast float32 functions of generated sources against float64 over dense sweeps, and every operator on NaN,
// infinities, zeros of both signs, denormal and huge numbers, in loops that are fused with others, against the interpreter.

import test from 'ava';

import type { DType } from '../compiler/dtype.ts';
import { closeHelpers, helperTexts } from '../compiler/emit/helpers.ts';
import { makeGraph } from '../compiler/graph.ts';
import type { Node } from '../compiler/node.ts';
import { roundHalfEven } from '../compiler/scalar.ts';
import * as special from '../compiler/special.ts';
import * as ops from '../ops/index.ts';
import { input } from '../ops/source.ts';
import { interpret } from '../runtime/interpret.ts';
import { compileGraph } from './helpers/compile.ts';

// --- fast functions --------------------------------------------------------------------------------------------------------------

type Fn = (x: number) => number;

const helper = (name: string): Fn =>
  new Function(
    `${closeHelpers([name])
      .map((n) => helperTexts[n].text)
      .join('\n')}\nreturn ${name};`,
  )() as Fn;

interface Sweep {
  readonly name: string;
  readonly truth: Fn;
  readonly from: number;
  readonly to: number;
  /** Places around which neighbouring float32 numbers are tried. */
  readonly around: readonly number[];
  /** Results of at most this size may be 0 instead. */
  readonly flush?: number;
}

const quarterTurns = Array.from({ length: 20_000 }, (_, k) => (k * 3 - 30_000) * (Math.PI / 2));
const sweeps: readonly Sweep[] = [
  { name: 'exp32', truth: Math.exp, from: -106, to: 89, around: [0, 1, 88.72, -87.3, -103.9] },
  { name: 'log32', truth: Math.log, from: 0, to: 20, around: [1, 1.2e-38, 3.4e38, 0.7071, 1.4142] },
  {
    name: 'expm132',
    truth: Math.expm1,
    from: -106,
    to: 89,
    around: [0, 0.0433, -0.0433, 1, 88.72, -17, -103.9],
  },
  { name: 'log1p32', truth: Math.log1p, from: -1, to: 20, around: [0, -1, -0.2929, 0.4142, 1, 3.4e38, 1e16] },
  { name: 'tanh32', truth: Math.tanh, from: -10, to: 10, around: [0, 7.905, -8.3] },
  // like PyTorch's, whose exp overflows there
  {
    name: 'sigmoid32',
    truth: (x) => 1 / (1 + Math.exp(-x)),
    from: -106,
    to: 30,
    around: [0, -88.7],
    flush: 3e-39,
  },
  { name: 'sin32', truth: Math.sin, from: -1e5, to: 1e5, around: [0, ...quarterTurns] },
  { name: 'cos32', truth: Math.cos, from: -1e5, to: 1e5, around: [0, ...quarterTurns] },
  { name: 'erf32', truth: special.erf, from: -5, to: 5, around: [0, 3.8, -3.8] },
];

/** Evenly spaced, spaced by ratio in both signs, and close to the places asked for; all float32 numbers. */
function* points({ from, to, around }: Sweep): Generator<number> {
  const count = 100_000;
  for (let i = 0; i <= count; i++) yield Math.fround(from + ((to - from) * i) / count);
  for (let i = 0; i <= count / 4; i++) {
    const size = 10 ** (-45 + (83 * 4 * i) / count);
    yield Math.fround(size);
    yield Math.fround(-size);
  }
  const near = around.length > 100 ? 1 : 500;
  for (const place of around)
    for (let i = -near; i <= near; i++)
      yield Math.fround(place + i * Math.max(Math.abs(place), 1e-7) * 2 ** -23);
}

for (const sweep of sweeps)
  test(`${sweep.name} is within 3e-7 of the truth and never beyond the range of the function`, (t) => {
    const f = helper(sweep.name);
    const bounded = !['exp32', 'log32', 'expm132', 'log1p32'].includes(sweep.name);
    for (const x of points(sweep)) {
      const expected = Math.fround(sweep.truth(x));
      const double = f(x);
      const actual = Math.fround(double);
      if (Object.is(actual, expected)) continue;
      // one step of the denormal numbers, where relative accuracy ends
      const allowed = Math.max(3e-7 * Math.abs(expected), 1.5e-45);
      if (Math.abs(actual - expected) <= allowed && !(bounded && Math.abs(double) > 1)) continue;
      if (sweep.flush && actual === 0 && Math.abs(expected) < sweep.flush) continue;
      return t.fail(`${sweep.name}(${x}) is ${double}, should be ${sweep.truth(x)}`);
    }
    t.pass();
  });

const odd = [0, -0, NaN, Infinity, -Infinity, 3.4028234663852886e38, -3.4028234663852886e38, 1e-45, -1e-45];

test('the fast functions are exact at odd points', (t) => {
  for (const { name, truth } of sweeps) {
    const f = helper(name);
    for (const x of odd)
      t.true(
        Object.is(Math.fround(f(x)), Math.fround(truth(x))),
        `${name}(${Object.is(x, -0) ? '-0' : x}) is ${f(x)}, should be ${truth(x)}`,
      );
  }
});

test('what a difference would reveal is exact in double: exp of 0, log of 1, cos of 0, limits of tanh and erf', (t) => {
  const cases: readonly (readonly [string, number, number])[] = [
    ['exp32', 0, 1],
    ['exp32', -0, 1],
    ['log32', 1, 0],
    ['expm132', 0, 0],
    ['expm132', -0, -0],
    ['log1p32', 0, 0],
    ['log1p32', -0, -0],
    ['cos32', 0, 1],
    ['sin32', 0, 0],
    ['sin32', -0, -0],
    ['tanh32', -0, -0],
    ['tanh32', 20, 1],
    ['tanh32', -20, -1],
    ['erf32', 10, 1],
    ['erf32', -0, -0],
    ['sigmoid32', 0, 0.5],
    ['sigmoid32', 200, 1],
  ];
  for (const [name, x, y] of cases)
    t.true(Object.is(helper(name)(x), y), `${name}(${x}) is ${helper(name)(x)}`);
});

test('rounding goes to the even neighbour up to where doubles have no halves', (t) => {
  const f = helper('roundHalfEven');
  const halves = [
    0.5,
    1.5,
    2.5,
    0.49999999999999994,
    2 ** 51 - 0.5,
    2 ** 51 + 0.5,
    2 ** 52 - 1.5,
    2 ** 52 - 0.5,
  ];
  for (const x of [...halves, ...odd, 2 ** 52 + 1, 2 ** 53 + 2, 7, 0.3])
    for (const a of [x, -x]) t.true(Object.is(f(a), roundHalfEven(a)), `${a} becomes ${f(a)}`);
});

// --- operators at odd points --------------------------------------------------------------------------------------------------------

const values = [
  ...odd,
  ...[
    1, -1, 0.5, -0.5, 1.5, -1.5, 2.5, 2, -2, 3, 20, -20, 88.7, -88.7, -104, 1e-40, -1e-40, 1e10, 1e5, 8.2,
    -8.2, 0.3, 1.0000001,
  ],
];

const unary = (
  'neg abs exp exp2 expm1 log log2 log10 log1p sqrt rsqrt reciprocal square floor ceil trunc sign round frac nanToNum sin cos tan asin ' +
  'acos atan sinh cosh tanh asinh acosh atanh sigmoid erf erfc erfinv lgamma digamma i0 isnan isfinite isinf isposinf isneginf ' +
  'signbit logicalNot relu relu6 leakyRelu elu selu celu gelu silu mish softplus logsigmoid softsign hardtanh hardsigmoid ' +
  'hardswish hardshrink softshrink deg2rad rad2deg'
).split(' ');
const binary = (
  'add sub mul div pow maximum minimum fmax fmin floorDivide fmod remainder atan2 hypot logaddexp xlogy copysign heaviside ' +
  'eq ne lt le gt ge logicalAnd logicalOr logicalXor'
).split(' ');

const functionOf = (name: string): ((...xs: Node[]) => Node) => {
  const f = (ops as unknown as Readonly<Record<string, (...xs: Node[]) => Node>>)[name];
  if (typeof f !== 'function') throw new Error(`${name} is not exported by ops/index.ts`);
  return f;
};

/** The same value, or within a relative tolerance; zeros by their sign, and one step of denormal numbers is forgiven. */
function close(actual: number, expected: number, dtype: DType): boolean {
  if (Object.is(actual, expected)) return true;
  if (!Number.isFinite(actual) || !Number.isFinite(expected) || expected === 0) return false;
  const [relative, step] = dtype === 'float32' ? [4e-7, 1.5e-45] : [1e-14, 5e-324];
  return Math.abs(actual - expected) <= Math.max(relative * Math.abs(expected), step);
}

/** Results of a function of odd values that differ from the interpreter's. */
function faults(name: string, inputs: readonly Node[], arrays: readonly (readonly number[])[]): string[] {
  const y = functionOf(name)(...inputs);
  // A neighbour that reads the result, so that it stands in a fused loop, and is both a local and stored.
  const outputs = [y, ops.where(ops.isnan(inputs[0]), 1, y)];
  const graph = makeGraph(inputs, outputs);
  const expected = interpret(graph, arrays);
  const { built, run } = compileGraph(graph);
  const actual = run(arrays);
  if (inputs.length === 1 && built.plan.kernels.length !== 1)
    return [`${name}: ${built.plan.kernels.length} kernels`];
  const columns = arrays[arrays.length - 1].length;
  return outputs.flatMap((o, k) =>
    Array.from(actual[k]).flatMap((v, i) => {
      if (close(v, expected[k][i], o.type.dtype)) return [];
      const at =
        inputs.length === 1 ? arrays[0][i] : [arrays[0][Math.floor(i / columns)], arrays[1][i % columns]];
      const number = (n: number): string => (Object.is(n, -0) ? '-0' : String(n));
      return [
        `${name}(${[at].flat().map(number).join(', ')}) is ${number(v)}, should be ${number(expected[k][i])}`,
      ];
    }),
  );
}

for (const dtype of ['float32', 'float64'] as const) {
  test(`functions of one operand at odd points in ${dtype}`, (t) => {
    const found = unary.flatMap((name) => faults(name, [input({ shape: [values.length], dtype })], [values]));
    t.deepEqual(found.slice(0, 10), []);
  });

  test(`functions of two operands at pairs of odd points in ${dtype}`, (t) => {
    const rows = input({ shape: [values.length, 1], dtype });
    const columns = input({ shape: [values.length], dtype });
    const found = binary.flatMap((name) => faults(name, [rows, columns], [values, values]));
    t.deepEqual(found.slice(0, 10), []);
  });

  test(`reductions of odd values in ${dtype}`, (t) => {
    const names = 'sum prod amax amin logsumexp softmax logSoftmax'.split(' ');
    const lanes = values.slice(0, 30);
    const x = input({ shape: [5, 6], dtype });
    const outputs = names.flatMap((name) => [
      functionOf(name)(x, 1 as never),
      functionOf(name)(x, 0 as never),
    ]);
    const graph = makeGraph([x], outputs);
    const expected = interpret(graph, [lanes]);
    const actual = compileGraph(graph).run([lanes]);
    outputs.forEach((o, k) =>
      actual[k].forEach((v, i) => {
        const near = close(v, expected[k][i], dtype) || Math.abs(v - expected[k][i]) < 1e-6;
        t.true(near, `${names[k >> 1]} along ${1 - (k % 2)}: ${v} instead of ${expected[k][i]} at ${i}`);
      }),
    );
  });
}

// --- powers -------------------------------------------------------------------------------------------------------------------------

for (const exponent of [-1.5, 1.5, 2.5, -2.5, -0.5, -3, -4, -5, 7, 16])
  test(`x ** ${exponent} of float32 is made of products and roots, and is the power at odd points`, (t) => {
    const x = input({ shape: [values.length], dtype: 'float32' });
    const { built, run } = compileGraph(makeGraph([x], [ops.pow(x, exponent)]));
    t.false(built.source.includes('powOf'));
    // the reciprocal of a root is what PyTorch computes, and NaN of -Infinity
    const power = (v: number): number => (exponent === -0.5 ? 1 / Math.sqrt(v) : v ** exponent);
    const [got] = run([values]);
    values.forEach((v, i) => {
      const expected = Math.fround(power(Math.fround(v)));
      const close = Math.abs(got[i] - expected) <= 1e-6 * Math.abs(expected);
      t.true(Object.is(got[i], expected) || close, `${v} ** ${exponent} is ${got[i]}, should be ${expected}`);
    });
  });
