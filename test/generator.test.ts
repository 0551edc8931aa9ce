// runtime/generator.ts. In: random-cases.json, calls after a seed with the numbers that PyTorch 1.13 draws. Each call is Python
// text; a table below says what a pattern of text draws. float32 numbers and integers are compared bit for bit, by the values
// and by a hash of all bytes; float64 numbers that went through log, sin or cos by 4 units in the last place.

import { readFileSync } from 'node:fs';
import test from 'ava';
import * as random from '../runtime/generator.ts';
import { Generator } from '../runtime/generator.ts';
import type { GeneratorState } from '../runtime/generator.ts';
import { fusedMultiplyAdd64 } from '../runtime/random/fused.ts';

interface Call {
  readonly call: string;
  readonly dtype?: string;
  readonly shape?: readonly number[];
  readonly values?: readonly (number | boolean | string)[];
  readonly head?: readonly number[];
  readonly tail?: readonly number[];
  readonly fnv1a?: string;
  readonly value?: string;
}

interface Group {
  readonly id: string;
  readonly seed: string;
  readonly why: string;
  readonly calls: readonly Call[];
}

const fixture = new URL('./fixtures/random-cases.json', import.meta.url);
const { groups } = JSON.parse(readFileSync(fixture, 'utf8')) as { groups: readonly Group[] };

const leftOut: Readonly<Record<string, string>> = {
  low_precision_s0: 'there is no bfloat16',
  low_precision_s42: 'there is no bfloat16',
};

type Draw = ArrayLike<number | bigint>;

/** What a call sees: the streams, an array to fill, its arguments as numbers. */
interface Context {
  readonly generator: Generator;
  readonly saved: { state?: GeneratorState; other?: Generator };
  readonly out: Float32Array | Float64Array | Int32Array | Uint8Array;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly args: readonly number[];
  readonly text: string;
}

const round = Math.fround;

/** `[.1,.2]`, `arange(18.)`, `arange(1.,7.)`, `ones(4)` and the like, as the numbers they hold. */
function parseTensor(text: string): number[] {
  const numbers = (text.match(/-?\d*\.?\d+/g) ?? []).map(Number);
  const [first = 0, second = 0] = numbers;
  if (text.includes('arange')) {
    const [start, end] = numbers.length > 1 ? [first, second] : [0, first];
    return Array.from({ length: end - start }, (_, i) => start + i);
  }
  if (text.includes('full')) return Array.from({ length: first }, () => second);
  if (/ones|zeros/.test(text)) return Array.from({ length: first }, () => (text.includes('ones') ? 1 : 0));
  return numbers;
}

const floats = ({ out }: Context) => out as Float32Array | Float64Array;

/** A tensor of 4 x 5 numbers in memory, read as its transpose. */
function transposed(memory: ArrayLike<number>): number[] {
  return Array.from({ length: 20 }, (_, i) => memory[(i % 4) * 5 + Math.floor(i / 4)]);
}

/** torch.normal with tensors: standard normals, scaled and shifted with a rounding for each. */
function normalOf({ generator, out }: Context, mean: readonly number[], std: readonly number[]): number[] {
  const z = random.fillNormal(generator, new Float32Array(out.length));
  return Array.from(z, (value, i) => round(round(value * std[i]) + mean[i]));
}

function uniformWithin(context: Context, bound: number, extra = 0, extraBound = 0): Draw {
  random.fillUniform(context.generator, floats(context), -bound, bound);
  random.fillUniform(context.generator, new Float32Array(extra), -extraBound, extraBound);
  return context.out;
}

function drop({ generator, out, text }: Context): Draw {
  const [, x, p, train] = /dropout\((.*),([\d.]+),(True|False)\)/.exec(text)!;
  const mask =
    train === 'True' ? random.fillDropoutMask(generator, out as Float32Array, Number(p)) : out.fill(1);
  return parseTensor(x.replace(/dtype.*/, '')).map((value, i) => value * mask[i]);
}

/** x and p are 1 and 1/2: torch.nn.functional.alpha_dropout keeps mean and variance of a SELU network. */
function alphaDrop({ generator, out }: Context): Draw {
  const alpha = 1.7580993408473766;
  const a = 1 / Math.sqrt((alpha * alpha * 0.5 + 1) * 0.5);
  return Array.from(random.fillBernoulli(generator, out, 0.5), (noise) => {
    const shift = round(round((noise - 1) * round(alpha * a)) + round(alpha * a * 0.5));
    return round(round(noise * round(a)) + shift);
  });
}

function channelDrop({ generator }: Context): Draw {
  return Array.from(random.fillDropoutMask(generator, new Float32Array(4), 0.5)).flatMap((m) => [m, m, m, m]);
}

function multinomial({ generator, shape, text }: Context): Draw {
  const weights = new Float32Array(parseTensor(/\[.*\]/.exec(text)![0]));
  const rows = shape.length === 2 ? shape[0] : 1;
  const samples = shape[shape.length - 1];
  const replacement = text.includes('replacement=True');
  return random.drawMultinomial(generator, {
    weights,
    categories: weights.length / rows,
    samples,
    replacement,
  });
}

function randomBits({ generator, out, dtype }: Context): Draw {
  if (dtype === 'int64') return Array.from(out, () => generator.random64() % 2n ** 63n);
  return random.fillRandom(generator, out, dtype as random.DrawnDtype);
}

function bernoulli({ generator, out, dtype, text }: Context): Draw {
  const p = parseTensor(/\((torch\.(?:tensor|full).*)\)/.exec(text)![1].replace(/,dtype.*/, ''));
  const exact = dtype === 'float64' && text.startsWith('torch.bernoulli');
  return random.fillBernoulli(generator, out, exact ? new Float64Array(p) : new Float32Array(p));
}

/** Patterns of calls, the first that fits counts. Numbers in brackets of the pattern become `args`. */
const drawings: readonly (readonly [RegExp, (context: Context) => Draw | undefined])[] = [
  [/^torch\.manual_seed\((\d+)\)/, ({ generator, args }) => void generator.seed(args[0])],
  [/get_rng_state/, ({ generator, saved }) => void (saved.state = generator.getState())],
  [/set_rng_state/, ({ generator, saved }) => void generator.setState(saved.state!)],
  [
    /torch\.Generator\(\)\.manual_seed\((\d+)\)/,
    ({ saved, args }) => void (saved.other = new Generator(args[0])),
  ],
  [/^torch\.rand\(.*generator=/, (c) => random.fillUniform(c.saved.other!, floats(c))],
  [/^torch\.randn\(.*generator=/, (c) => random.fillNormal(c.saved.other!, floats(c))],
  [/t\(\)\.uniform_\(\)/, ({ generator }) => transposed(random.fillUniform(generator, new Float32Array(20)))],
  [
    /t\(\)\.normal_\(\)/,
    ({ generator }) => transposed(random.fillNormalSerially(generator, new Float32Array(20))),
  ],
  [/^torch\.rand(?:_like)?\(/, (c) => random.fillUniform(c.generator, floats(c))],
  [/^torch\.randn(?:_like)?\(|Embedding/, (c) => random.fillNormal(c.generator, floats(c))],
  [/xavier_uniform_/, (c) => uniformWithin(c, Math.sqrt(3) * Math.sqrt(2 / 5))],
  [/\.uniform_\((.*),(.*)\)/, (c) => random.fillUniform(c.generator, floats(c), c.args[0], c.args[1])],
  [/kaiming_normal_/, (c) => random.fillNormal(c.generator, floats(c), 0, Math.SQRT2 / 2)],
  [/\.normal_\((.*),(.*)\)/, (c) => random.fillNormal(c.generator, floats(c), c.args[0], c.args[1])],
  [
    /^torch\.normal\(([\d.]+),([\d.]+),/,
    (c) => random.fillNormal(c.generator, floats(c), c.args[0], c.args[1]),
  ],
  [/^torch\.normal\(torch\.tensor/, (c) => normalOf(c, [0, 10, 20], [1, 2, 3])],
  [/^torch\.normal\(0\.0,/, (c) => normalOf(c, Array(18).fill(0), parseTensor('arange(1,19)'))],
  [
    /^torch\.normal\(torch\.arange\(18\.\),2\.0\)/,
    (c) => Array.from(random.fillNormal(c.generator, floats(c), 0, 2), (value, i) => round(value + i)),
  ],
  [
    /-2\*\*62,2\*\*62/,
    ({ generator, out }) => Array.from(out, () => (generator.random64() % 2n ** 63n) - 2n ** 62n),
  ],
  [/randint\((\d+),\(|randint_like\(.*,(\d+)\)/, (c) => random.fillRandint(c.generator, c.out, 0, c.args[0])],
  [/randint\(([-\d*]+),([-\d*]+),\(/, (c) => random.fillRandint(c.generator, c.out, c.args[0], c.args[1])],
  [/random_\((-?\d+),(\d+)\)/, (c) => random.fillRandint(c.generator, c.out, c.args[0], c.args[1])],
  [/random_\((\d+)\)/, (c) => random.fillRandint(c.generator, c.out, 0, c.args[0])],
  [/random_\(\)/, randomBits],
  [/randperm/, (c) => random.fillPermutation(c.generator, c.out)],
  [
    /bernoulli_\((0\.\d)\)|bernoulli\(torch\.zeros\(4\),(0\.5)\)/,
    (c) => random.fillBernoulli(c.generator, c.out, c.args[0]),
  ],
  [/bernoulli_?\(torch/, bernoulli],
  [/alpha_dropout/, alphaDrop],
  [/dropout2d/, channelDrop],
  [/dropout/, drop],
  [/exponential_\(([\d.]+)?\)/, (c) => random.fillExponential(c.generator, floats(c), c.args[0])],
  [/cauchy_/, (c) => random.fillCauchy(c.generator, floats(c))],
  [/log_normal_/, (c) => random.fillLogNormal(c.generator, floats(c), 0, 1)],
  [/geometric_/, (c) => random.fillGeometric(c.generator, c.out, 0.3)],
  [/multinomial/, multinomial],
  [
    /Linear.*weight/,
    (c) => uniformWithin(c, Math.sqrt(3) * (Math.sqrt(2 / 6) / Math.sqrt(3)), 2, 1 / Math.sqrt(3)),
  ],
  [
    /Linear.*bias/,
    (c) => {
      uniformWithin({ ...c, out: new Float32Array(6) }, 1);
      return uniformWithin(c, 1 / Math.sqrt(3));
    },
  ],
  [/Conv2d.*weight/, (c) => uniformWithin(c, Math.sqrt(3) * (Math.sqrt(2 / 6) / Math.sqrt(8)), 3, 1)],
  [
    /orthogonal_/,
    ({ generator }) => random.fillNormal(generator, new Float32Array(4)).fill(0, 0, 1).slice(0, 1),
  ],
];

/** `7`, `1e-3`, `2**32` and `2**32-1`. */
function pythonNumber(text: string): number {
  const power = /^(\d+)\*\*(\d+)(-\d+)?$/.exec(text);
  return power ? Number(power[1]) ** Number(power[2]) + Number(power[3] ?? 0) : Number(text);
}

const arrayTypes = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};

function isArrayType(dtype: string): dtype is keyof typeof arrayTypes {
  return dtype in arrayTypes;
}

/** Does what a call says; int64 numbers are held in an array of float64. */
function draw(
  generator: Generator,
  saved: Context['saved'],
  { call, dtype = 'float32', shape = [0] }: Call,
): Draw {
  const drawing = drawings.find(([pattern]) => pattern.test(call));
  if (!drawing) throw new Error(`no drawing for ${call}`);
  const [pattern, perform] = drawing;
  const args = pattern
    .exec(call)!
    .slice(1)
    .filter((group) => group !== undefined)
    .map(pythonNumber);
  const length = shape.reduce((a, b) => a * b, 1);
  const out = new (isArrayType(dtype) ? arrayTypes[dtype] : Float64Array)(length);
  return perform({ generator, saved, out, dtype, shape, args, text: call }) ?? [];
}

function bytesOf(dtype: string, values: readonly (number | bigint)[]): Uint8Array {
  const typed = isArrayType(dtype)
    ? arrayTypes[dtype].from(values.map(Number))
    : BigInt64Array.from(values.map((value) => BigInt(value)));
  return new Uint8Array(typed.buffer);
}

/** The 32-bit hash of Fowler, Noll and Vo. */
function fnv1a(bytes: Uint8Array): string {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, '0');
}

/** How many doubles lie between two of the same sign. */
function unitsApart(a: number, b: number): number {
  const [x, y] = new BigInt64Array(new Float64Array([a, b]).buffer);
  return Math.abs(Number(x - y));
}

for (const { id, seed, why, calls } of groups) {
  if (id in leftOut) continue;
  test(`draws the numbers of PyTorch, ${id}: ${why}`, (t) => {
    const generator = new Generator(BigInt(seed));
    const saved: Context['saved'] = {};
    for (const given of calls) {
      if (given.value !== undefined) {
        t.is(`${generator.initialSeed}`, given.value);
        continue;
      }
      const drawn = Array.from(draw(generator, saved, given));
      if (given.shape === undefined) continue;
      const { call, dtype = '', values = [...given.head!, ...given.tail!] } = given;
      const shown = given.values ? drawn : [...drawn.slice(0, 8), ...drawn.slice(-8)];
      t.is(shown.length, values.length, call);
      if (dtype === 'float64' && /normal|randn|exponential/.test(call)) {
        for (const [i, value] of values.entries())
          t.true(unitsApart(Number(shown[i]), Number(value)) <= 4, call);
      } else {
        t.deepEqual(
          shown.map(String),
          values.map((value) => `${typeof value === 'boolean' ? +value : value}`),
          call,
        );
        t.is(fnv1a(bytesOf(dtype, drawn)), given.fnv1a ?? '', call);
      }
    }
  });
}

test('the 10000th word of seed 5489 is the one that the C++ standard requires', (t) => {
  const generator = new Generator(5489);
  for (let i = 1; i < 10000; i++) generator.random32();
  t.is(generator.random32(), 4123659995);
});

test('a million normal and uniform float32 numbers agree with PyTorch bit for bit', (t) => {
  const generator = new Generator(11);
  const hash = (numbers: Float32Array) => fnv1a(new Uint8Array(numbers.buffer));
  t.is(hash(random.fillNormal(generator, new Float32Array(1_000_003))), '51a9bda9');
  t.is(hash(random.fillNormal(generator, new Float32Array(1_000_000), 1.3, 2.7)), '6b3bc0ff');
  t.is(hash(random.fillUniform(generator, new Float32Array(1_000_000), -1.37, 2.91)), '193b3649');
});

test('float64 numbers are scaled and shifted with one rounding', (t) => {
  const uniform = random.fillUniform(new Generator(0), new Float64Array(3), 0.1, 0.4);
  t.deepEqual([...uniform], [0.39101590054196594, 0.3123459593199364, 0.2378148829382353]);
});

test('a fused multiply-add rounds the exact result once', (t) => {
  const exact = (a: number, b: number, c: number) => BigInt(a) * BigInt(b) + BigInt(c);
  const generator = new Generator(1);
  const integer = () => (generator.uniform53() - 0.5) * 2 ** (54 + (generator.random32() % 9));
  for (let i = 0; i < 2000; i++) {
    const [a, b] = [Math.trunc(integer()), Math.trunc(integer())];
    const c =
      Math.trunc(integer() * 2 ** (generator.random32() % 60)) * (i % 3 === 0 ? 0 : 1) - (i % 2) * a * b;
    t.is(fusedMultiplyAdd64(a, b, c), Number(exact(a, b, c)));
  }
});

test('a fused multiply-add sees by how little a sum misses the middle between two numbers', (t) => {
  const [middle, even] = [2 ** 60, 2 ** 113];
  t.is(fusedMultiplyAdd64(2 ** 30, 2 ** 30, even + 2 * middle), even + 4 * middle);
  t.is(fusedMultiplyAdd64(2 ** 30 + 1, 2 ** 30 - 1, even + 2 * middle), even + 2 * middle);
  t.is(fusedMultiplyAdd64(-(2 ** 30) - 1, 2 ** 30 - 1, -even - 2 * middle), -even - 2 * middle);
});

test('bounds that a float32 cannot hold are moved inwards', (t) => {
  const draws = (low: number, high: number) => [
    ...random.fillRandint(new Generator(0), new Float32Array(4), low, high),
  ];
  t.deepEqual(draws(0, 2 ** 25), [8325944, 29665988, 18261804, 2215320]);
  t.deepEqual(draws(-(2 ** 25), 2 ** 25 + 1), [-25228664, 29665802, 18261576, -31339382]);
  t.deepEqual(draws(0, 2 ** 33), [4677689856, 4006148352, 710291712, 5743889408]);
});

test('an int32 array can be filled from the whole range of int32', (t) => {
  const drawn = random.fillRandint(new Generator(0), new Int32Array(4), -(2 ** 31), 2 ** 31);
  t.deepEqual([...drawn], [209652396, 398764591, 924231285, 1478610112]);
});

test('a clone goes on from the same place and independently', (t) => {
  const generator = new Generator(3);
  generator.normal();
  const clone = generator.clone();
  const draws = (from: Generator) => [from.normal(), from.random32(), from.initialSeed];
  t.deepEqual(draws(clone), draws(generator));
  clone.seed(4);
  t.is(generator.initialSeed, 3n);
});

test('a generator without a seed begins where PyTorch does', (t) => {
  t.is(new Generator().initialSeed, 67280421310721n);
});

test('a seed beyond 64 bits is refused, and a fraction is cut off', (t) => {
  for (const seed of [NaN, Infinity, 2 ** 64, -(2n ** 63n) - 1n])
    t.throws(() => new Generator(seed), { instanceOf: RangeError });
  t.is(new Generator(1.5).random32(), new Generator(1).random32());
});

test('parameters out of range are refused with the words of PyTorch', (t) => {
  const generator = new Generator(0);
  const out = new Float32Array(2);
  const weights = new Float32Array([1, 1]);
  const refusals: readonly (readonly [() => unknown, string])[] = [
    [
      () => random.fillUniform(generator, out, 2, 1),
      'uniform_ expects to return a [from, to) range, but found from=2 > to=1',
    ],
    [() => random.fillNormal(generator, out, 0, -1), 'normal expects std >= 0.0, but found std -1'],
    [() => random.fillBernoulli(generator, out, 1.5), 'bernoulli_ expects p to be in [0, 1], but got p=1.5'],
    [
      () => random.fillRandint(generator, out, 5, 5),
      "random_ expects 'from' to be less than 'to', but got from=5 >= to=5",
    ],
    [
      () => random.fillRandint(generator, new Uint8Array(1), 0, 257),
      'to - 1 is out of bounds for unsigned char',
    ],
    [
      () => random.fillDropoutMask(generator, out, 1.5),
      'dropout probability has to be between 0 and 1, but got 1.5',
    ],
    [
      () => random.fillExponential(generator, out, -1),
      'exponential_ expects lambda >= 0.0, but found lambda=-1',
    ],
    [() => random.fillLogNormal(generator, out, 0, 0), 'log_normal_ expects std > 0.0, but found std=0'],
    [() => random.fillGeometric(generator, out, 1), 'geometric_ expects p to be in (0, 1), but got p=1'],
    [
      () => random.drawMultinomial(generator, { weights, samples: 3 }),
      'cannot sample n_sample > prob_dist.size(-1) samples without replacement',
    ],
  ];
  for (const [refused, message] of refusals) t.throws(refused, { message });
});
