// Random tensors, through the public interface. In: random-cases.json, calls after a seed with the numbers that PyTorch 1.13 draws. A table
// says which call of ours a pattern of Python text is. float32 numbers and integers are compared bit for bit, by values and by a hash of
// all bytes; float64 numbers that went through log, sin or cos by 4 units in the last place. Where PyTorch has int64 we have int32.

import { readFileSync } from 'node:fs';
import test from 'ava';
import {
  Generator,
  alphaDropout,
  arange,
  bernoulli,
  compile,
  dropout,
  dropout1d,
  dropout2d,
  dropout3d,
  empty,
  full,
  getRngState,
  gumbelSoftmax,
  initialSeed,
  manualSeed,
  multinomial,
  normal,
  ones,
  rand,
  randLike,
  randint,
  randintLike,
  randn,
  randnLike,
  randperm,
  rrelu,
  scaledDotProductAttention,
  setRngState,
  tensor,
  zeros,
} from '../index.ts';
import type { DType, Tensor } from '../index.ts';

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

const { groups } = JSON.parse(
  readFileSync(new URL('./fixtures/random-cases.json', import.meta.url), 'utf8'),
) as { groups: readonly Group[] };

const leftOut: Readonly<Record<string, string>> = {
  low_precision_s0: 'there is no bfloat16',
  low_precision_s42: 'there is no bfloat16',
  nn_init_s0: 'the initial values of modules are tested with them',
  nn_init_s42: 'the initial values of modules are tested with them',
};

/** Calls whose numbers cannot be those of an int64; they move the stream as PyTorch does. */
const notCompared = (call: string): boolean => call === 'torch.empty(4,dtype=torch.int64).random_()';

/** What a pattern of calls sees. */
interface Context {
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** Numbers in brackets of the pattern. */
  readonly args: readonly number[];
  readonly text: string;
  readonly saved: { state?: ReturnType<typeof getRngState>; generator?: Generator };
}

/** A tensor as it is written in Python. */
function parsed(text: string): Tensor {
  const dtype = /float64/.test(text) ? 'float64' : 'float32';
  const numbers = (text.replace(/float\d+/, '').match(/-?\d*\.?\d+/g) ?? []).map(Number);
  const [first, second] = numbers;
  if (text.includes('arange')) return numbers.length > 1 ? arange(first, second) : arange(first);
  if (text.includes('full')) return full([first], second, { dtype });
  if (text.includes('ones')) return ones(numbers, { dtype });
  if (text.includes('[[')) return tensor(numbers, { dtype }).reshape([2, -1]);
  return tensor(numbers, { dtype });
}

const filled = ({ shape, dtype }: Context): Tensor => empty(shape, { dtype });
const like = ({ shape, dtype }: Context): Tensor => zeros(shape, { dtype });

const patterns: readonly (readonly [RegExp, (c: Context) => Tensor | void])[] = [
  [/^torch\.manual_seed\((\d+)\)/, ({ args }) => void manualSeed(args[0])],
  [/set_rng_state/, ({ saved }) => setRngState(saved.state!)],
  [/get_rng_state/, ({ saved }) => void (saved.state = getRngState())],
  [
    /Generator\(\)\.manual_seed\((\d+)\)/,
    ({ saved, args }) => void (saved.generator = new Generator(args[0])),
  ],
  [/^torch\.rand\(.*generator=/, ({ shape, saved }) => rand(shape, { generator: saved.generator })],
  [/^torch\.randn\(.*generator=/, ({ shape, saved }) => randn(shape, { generator: saved.generator })],
  [/t\(\)\.uniform_\(\)/, () => empty([4, 5]).t().uniform_()],
  [/t\(\)\.normal_\(\)/, () => empty([4, 5]).t().normal_()],
  [/^torch\.rand_like/, (c) => randLike(like(c))],
  [/^torch\.randn_like/, (c) => randnLike(like(c))],
  [/^torch\.rand\(/, ({ shape, dtype }) => rand(shape, { dtype })],
  [/^torch\.randn\(/, ({ shape, dtype }) => randn(shape, { dtype })],
  [/randint\(([\d*]+),\(/, ({ shape, dtype, args }) => randint(args[0], shape, { dtype })],
  [/randint\(([^,]+),([^,]+),\(/, ({ shape, dtype, args }) => randint(args[0], args[1], shape, { dtype })],
  [/randint_like\(.*,(\d+)\)/, (c) => randintLike(like(c), 0, c.args[0])],
  [/randperm\((\d+)/, ({ dtype, args }) => randperm(args[0], { dtype })],
  [/\.uniform_\((.*),(.*)\)/, (c) => filled(c).uniform_(...c.args)],
  [/\.normal_\((.*),(.*)\)/, (c) => filled(c).normal_(...c.args)],
  [/^torch\.normal\(([\d.]+),([\d.]+),\(/, ({ shape, args }) => normal(args[0], args[1], shape)],
  [/^torch\.normal\(torch\.tensor/, () => normal(tensor([0, 10, 20]), tensor([1, 2, 3]))],
  [/^torch\.normal\(torch\.arange\(18\.\)/, () => normal(arange(18), 2)],
  [/^torch\.normal\(0\.0,torch/, () => normal(0, arange(1, 19))],
  [/random_\((-?\d+),(\d+)\)/, (c) => filled(c).random_(...c.args)],
  [/random_\((\d+)?\)/, (c) => filled(c).random_(...c.args)],
  [/bernoulli\(torch\.zeros\(4\),(0\.5)\)|bernoulli_\((0\.\d)\)/, (c) => filled(c).bernoulli_(c.args[0])],
  [/bernoulli_\((torch.*)\)/, (c) => filled(c).bernoulli_(parsed(/bernoulli_\((.*)\)/.exec(c.text)![1]))],
  [/bernoulli\(torch/, ({ text }) => bernoulli(parsed(/bernoulli\((.*)\)/.exec(text)![1]))],
  [/alpha_dropout/, () => alphaDropout(ones([4]), 0.5, true)],
  [/dropout2d/, () => dropout2d(ones([1, 4, 2, 2]), 0.5, true)],
  [
    /dropout\(.*,([\d.]+),(?:True|False)\)/,
    ({ args, text }) => dropout(parsed(/\((.*?\))/.exec(text)![1]), args[0], text.includes('True')),
  ],
  [/exponential_\(([\d.]+)?\)/, (c) => filled(c).exponential_(...c.args)],
  [/log_normal_\((.*),(.*)\)/, (c) => filled(c).logNormal_(...c.args)],
  [/cauchy_\((.*),(.*)\)/, (c) => filled(c).cauchy_(...c.args)],
  [/geometric_\((.*)\)/, (c) => filled(c).geometric_(c.args[0])],
  [
    /multinomial\(.*\),(\d)/,
    ({ text, args }) =>
      multinomial(parsed(/tensor\((.*?\])\)/.exec(text)![1]), args[0], {
        replacement: text.includes('replacement=True'),
      }),
  ],
];

const pythonNumber = (text: string): number =>
  text.includes('**')
    ? Number(
        text.replace(
          /(-?)(\d+)\*\*(\d+)(-1)?/,
          (_, sign, base, power, less) => `${(sign ? -1 : 1) * base ** power - (less ? 1 : 0)}`,
        ),
      )
    : Number(text);

function perform({ call, dtype = 'float32', shape = [] }: Call, saved: Context['saved']): Tensor | void {
  const [pattern, run] = patterns.find(([p]) => p.test(call)) ?? [];
  if (!pattern || !run) throw new Error(`no pattern for ${call}`);
  const args = pattern
    .exec(call)!
    .slice(1)
    .filter((a) => a !== undefined && !a.startsWith('torch'))
    .map(pythonNumber);
  const wide = (args.some((a) => a >= 2 ** 31) && !call.includes('2**31')) || notCompared(call);
  const ours = dtype === 'int64' ? (wide ? 'float64' : 'int32') : (dtype as DType);
  return run({ shape, dtype: ours, args, text: call, saved });
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
    manualSeed(BigInt(seed));
    const saved: Context['saved'] = {};
    for (const given of calls) {
      const { call, dtype } = given;
      if (given.value !== undefined) {
        t.is(String(initialSeed()), given.value);
        continue;
      }
      const x = perform(given, saved);
      if (given.shape === undefined || !x || notCompared(call)) continue;
      const drawn = x.toTypedArray();
      const wanted = (given.values ?? [...given.head!, ...given.tail!]).map(Number);
      const shown = given.values ? [...drawn] : [...drawn.slice(0, 8), ...drawn.slice(-8)];
      t.deepEqual(x.shape, given.shape, call);
      if (dtype === 'float64' && /normal|randn|exponential/.test(call)) {
        shown.forEach((value, i) => t.true(unitsApart(value, wanted[i]) <= 4, call));
        continue;
      }
      t.deepEqual(shown, wanted, call);
      if (dtype !== 'int64') t.is(fnv1a(new Uint8Array(drawn.buffer)), given.fnv1a ?? '', call);
    }
  });
}

test('numbers are drawn at the call, whether or not they are read', (t) => {
  manualSeed(0);
  const [first, second] = [rand([2]), rand([2])];
  const late = second.toArray();
  const early = first.toArray();
  manualSeed(0);
  t.deepEqual(rand([2]).toArray(), early);
  t.deepEqual(rand([2]).toArray(), late);
});

test('a draw in a compiled function is new at every call and goes on with the stream', (t) => {
  const step = compile(() => ({ noise: randn([3]), coin: dropout(ones([4]), 0.5) }));
  manualSeed(0);
  const compiled = [step(), step()].map(({ noise, coin }) => [noise.toArray(), coin.toArray()]);
  manualSeed(0);
  const eager = [0, 1].map(() => [randn([3]).toArray(), dropout(ones([4]), 0.5).toArray()]);
  t.deepEqual(compiled, eager);
  t.is(step.programs.length, 1);
});

test('in-place draws fill a view where it lies, and are refused on a leaf that requires grad', (t) => {
  manualSeed(0);
  const x = zeros([2, 3]);
  x.at(1).uniform_();
  t.deepEqual(x.at(0).toArray(), [0, 0, 0]);
  t.true((x.at(1).toArray() as number[]).every((v) => v > 0));
  t.throws(() => ones([2], { requiresGrad: true }).normal_(), {
    message: /^a leaf Variable that requires grad/,
  });
});

test('the gradient of dropout is its mask, and both keep the mean', (t) => {
  manualSeed(1);
  const x = ones([1000], { requiresGrad: true });
  const y = dropout(x, 0.25);
  y.sum().backward();
  t.deepEqual(x.grad!.toArray(), y.detach().toArray());
  t.true(Math.abs(Number(y.mean().item()) - 1) < 0.05);
});

test('dropout of channels tosses once per channel, also without a batch', (t) => {
  manualSeed(0);
  const constant = (rows: unknown): boolean =>
    (rows as number[][]).every((row) => row.every((v) => v === row[0]));
  t.true(constant(dropout1d(ones([8, 5]), 0.5).toArray()));
  t.true(
    constant(
      dropout1d(ones([2, 4, 5]), 0.5)
        .reshape([8, 5])
        .toArray(),
    ),
  );
  t.true(
    constant(
      dropout3d(ones([8, 2, 2, 2]), 0.5)
        .reshape([8, 8])
        .toArray(),
    ),
  );
  t.throws(() => dropout(3 as never), {
    message: /^dropout\(\): argument 'input' \(position 1\) must be Tensor/,
  });
});

test('attention drops weights in training only, by the numbers of dropout', (t) => {
  manualSeed(2);
  const [q, k, v] = [randn([2, 3, 4]), randn([2, 5, 4]), randn([2, 5, 4])];
  manualSeed(3);
  const dropped = scaledDotProductAttention(q, k, v, { dropoutP: 0.4 });
  manualSeed(3);
  const weights = dropout(q.matmul(k.mT).div(2).softmax(-1), 0.4);
  const want = weights.matmul(v).toTypedArray();
  dropped.toTypedArray().forEach((value, i) => t.true(Math.abs(value - want[i]) < 1e-6));
});

test('rrelu draws a slope for each element that is not positive; otherwise it takes the middle', (t) => {
  manualSeed(0);
  const x = tensor([-1, 2, -3], { requiresGrad: true });
  const y = rrelu(x, { lower: 0.1, upper: 0.3, training: true });
  t.is(y.gradFn!.name, 'RreluWithNoiseBackward0');
  const [a, b, c] = y.toArray() as number[];
  t.true(b === 2 && -a >= 0.1 && -a <= 0.3 && -c / 3 >= 0.1 && -c / 3 <= 0.3 && -a !== -c / 3);
  t.deepEqual(rrelu(tensor([-2]), { lower: 0.25, upper: 0.75 }).toArray(), [-1]);
});

test('gumbelSoftmax samples a distribution, or a choice with the gradient of the distribution', (t) => {
  manualSeed(0);
  const logits = tensor([[1, 2, 3]], { requiresGrad: true });
  const soft = gumbelSoftmax(logits);
  t.true(Math.abs(Number(soft.sum().item()) - 1) < 1e-6);
  const hard = gumbelSoftmax(logits, { hard: true });
  t.deepEqual((hard.toArray() as number[][])[0].map(Math.round).sort(), [0, 0, 1]);
  hard.at(0, 0).backward();
  t.not(logits.grad, null);
});

test('a generator of its own does not touch the default stream', (t) => {
  manualSeed(0);
  const want = rand([2]).toArray();
  manualSeed(0);
  rand([5], { generator: new Generator(9) });
  t.deepEqual(rand([2]).toArray(), want);
});

test('random tensors can require grad, if they hold floats', (t) => {
  t.true(randn([2], { requiresGrad: true }).isLeaf);
  t.throws(() => randint(3, [2], { requiresGrad: true }), {
    message: /^Only Tensors of floating point and complex dtype can require gradients/,
  });
});
