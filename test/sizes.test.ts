// Sizes of 0, scalars and all dtypes, for every operator. In: the sample call of each (docs/samples.ts), with one of its sizes made 0, or with
// tensors of each dtype. Out: a result that can be computed, or a typed error: never a fault of the library; compiled functions agree, and
// gradients have the shapes of their tensors. What PyTorch 1.13 answers where empty tensors are a case of their own is written out.

import test from 'ava';
import * as g from '../index.ts';
import type { DType, Tensor } from '../index.ts';
import { own, usual } from '../docs/samples.ts';
import type { Draw, Sample } from '../docs/samples.ts';
import { functions } from '../runtime/functions.ts';

const all = functions as unknown as Readonly<Record<string, (...args: readonly unknown[]) => unknown>>;
const dtypes: readonly DType[] = ['float32', 'float64', 'int32', 'uint8', 'bool'];

const filled =
  (dtype: DType, resize: (size: number) => number = (size) => size): Draw =>
  (...shape) =>
    g.full(shape.map(resize), dtype.startsWith('float') ? 0.5 : 1, { dtype });

const call = (name: string, args: readonly unknown[]): Tensor[] =>
  [all[name](...args)].flat().filter(g.isTensor);

/** The results, computed; null where the call is refused with an error that is meant for users. */
function answerOf(run: () => Tensor[]): Tensor[] | null {
  try {
    const results = run();
    g.realize(...results);
    return results;
  } catch (error) {
    if (error instanceof g.GradloomError && !(error instanceof g.InternalError)) return null;
    throw error;
  }
}

/** True if a call makes its nodes; whether they can be computed may depend on the values, as for a singular matrix. */
function isTaken(name: string, sample: Sample, dtype: DType): boolean {
  try {
    call(name, sample(filled(dtype)));
    return true;
  } catch (error) {
    if (error instanceof g.GradloomError) return false;
    throw error;
  }
}

const sampleOf = (name: string): Sample =>
  own[name] ?? usual.find((sample) => dtypes.some((dtype) => isTaken(name, sample, dtype)))!;

/** The sizes that occur in the tensors of a sample. */
function sizesOf(sample: Sample): number[] {
  const sizes = new Set<number>();
  sample((...shape) => {
    shape.forEach((size) => sizes.add(size));
    return g.zeros(shape);
  });
  return [...sizes];
}

const names = Object.keys(all);

test('every operator computes what it takes, in every dtype', (t) => {
  let computed = 0;
  for (const name of names) {
    const sample = sampleOf(name);
    for (const dtype of dtypes) if (answerOf(() => call(name, sample(filled(dtype)))) !== null) computed++;
  }
  t.true(computed > 1000, `${computed} calls`);
});

/** Each operator with each of its sizes made 0. */
function* emptyCalls(): Generator<readonly [what: string, name: string, draw: Draw, sample: Sample]> {
  for (const name of names) {
    const sample = sampleOf(name);
    for (const size of sizesOf(sample))
      yield [`${name}, ${size} made 0`, name, filled('float32', (s) => (s === size ? 0 : s)), sample];
  }
}

test('a size of 0 works or is refused, for every operator, and its compiled form agrees', (t) => {
  let computed = 0;
  for (const [what, name, draw, sample] of emptyCalls()) {
    const args = sample(draw);
    const want = answerOf(() => call(name, args));
    if (want === null) continue;
    computed++;
    const tensors: Tensor[] = [];
    sample((...shape) => {
      tensors.push(draw(...shape));
      return tensors.at(-1)!;
    });
    const compiled = g.compile((...given: Tensor[]) => {
      const left = [...given];
      return call(
        name,
        sample(() => left.shift()!),
      );
    });
    const got = answerOf(() => compiled(...tensors));
    if (got === null) continue; // reads values
    t.deepEqual(got.map(String), want.map(String), what);
  }
  t.true(computed > 500, `${computed} calls`);
});

test('gradients of empty tensors have their shapes', (t) => {
  for (const [what, name, draw, sample] of emptyCalls()) {
    const leaves: Tensor[] = [];
    const results = answerOf(() =>
      call(
        name,
        sample((...shape) => {
          leaves.push(draw(...shape).requiresGrad_());
          return leaves.at(-1)!;
        }),
      ),
    );
    const roots = (results ?? []).filter((y) => y.requiresGrad);
    if (roots.length === 0) continue;
    answerOf(() => {
      const found = g.autograd.grad(
        roots.map((y) => y.sum()),
        leaves,
        { allowUnused: true },
      );
      found.forEach((x, i) => x && t.deepEqual(x.shape, leaves[i].shape, what));
      return found.filter((x) => x !== null);
    });
  }
});

const zeros = (...shape: number[]): Tensor => g.zeros(shape);
const texts: readonly (readonly [what: string, run: () => Tensor, text: string])[] = [
  ['sum', () => zeros(0).sum(), 'tensor(0.)'],
  ['prod', () => zeros(0).prod(), 'tensor(1.)'],
  ['mean', () => zeros(0).mean(), 'tensor(nan)'],
  ['logsumexp', () => g.logsumexp(zeros(2, 0), 1), 'tensor([-inf, -inf])'],
  ['matmul', () => zeros(2, 0).matmul(zeros(0, 2)), 'tensor([[0., 0.],\n        [0., 0.]])'],
  ['softmax', () => zeros(0, 3).softmax(1), 'tensor([], size=(0, 3))'],
  ['crossEntropy', () => g.crossEntropy(zeros(0, 3), g.zeros([0], { dtype: 'int32' })), 'tensor(nan)'],
  ['cov', () => g.cov(zeros(1, 0)), 'tensor(nan)'],
  ['histogram', () => g.histogram(zeros(0), 2)[1], 'tensor([0.0000, 0.5000, 1.0000])'],
  ['batchNorm', () => g.batchNorm(zeros(0, 3), null, null, { training: true }), 'tensor([], size=(0, 3))'],
  ['linalg.cond', () => g.linalg.cond(zeros(2, 0)), 'tensor(0.)'],
  ['linalg.pinv', () => g.linalg.pinv(zeros(0, 3)), 'tensor([], size=(3, 0))'],
  ['linalg.matrixRank', () => g.linalg.matrixRank(zeros(0, 3)).to('float32'), 'tensor(0.)'],
  ['localResponseNorm', () => g.localResponseNorm(zeros(1, 2, 0), 2), 'tensor([], size=(1, 2, 0))'],
  ['pixelShuffle', () => g.pixelShuffle(zeros(0, 4, 2, 2), 2), 'tensor([], size=(0, 1, 4, 4))'],
  ['det', () => g.linalg.det(zeros(0, 0)), 'tensor(1.)'],
  ['cat', () => g.cat([zeros(0), zeros(2)]), 'tensor([0., 0.])'],
];
for (const [what, run, text] of texts)
  test(`nothing is a case of its own: ${what}`, (t) => t.is(String(run()), text));

test('scalars go where vectors go', (t) => {
  const two = g.tensor(2);
  t.deepEqual(
    [two.sum(), two.softmax(0), two.exp().log(), g.stack([two, two])].map((x) => x.shape),
    [[], [], [], [2]],
  );
  t.is(two.max(0).values.item(), 2);
  t.is(
    g
      .compile((x: Tensor) => x.mul(x).sum(0))(two)
      .item(),
    4,
  );
});
