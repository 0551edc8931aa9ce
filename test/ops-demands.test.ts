// What operators demand of values: indices inside, divisors that are not 0. In: calls that break the demand. Out: PyTorch's error with the
// user's line, eagerly and whenever a compiled function is called, before anything is written.

import test from 'ava';
import * as g from '../index.ts';
import type { Tensor } from '../index.ts';

const int = (data: number[], shape: readonly number[] = [data.length]): Tensor =>
  g.tensor(Int32Array.from(data), { shape });
const x = g.tensor([
  [1, 2, 3],
  [4, 5, 6],
]);

/** A call, an index that suits it, one that does not, and PyTorch's words. */
const calls: Readonly<
  Record<string, readonly [(i: Tensor) => Tensor, good: Tensor, bad: Tensor, says: string]>
> = {
  gather: [
    (i) => x.gather(1, i),
    int([2], [1, 1]),
    int([3], [1, 1]),
    'index 3 is out of bounds for dimension 1 with size 3',
  ],
  scatterAdd: [
    (i) => x.scatterAdd(1, i, g.ones([1, 1])),
    int([2], [1, 1]),
    int([-1], [1, 1]),
    'index -1 is out of bounds for dimension 1 with size 3',
  ],
  takeAlongDim: [
    (i) => x.takeAlongDim(i, 1),
    int([2], [1, 1]),
    int([3], [1, 1]),
    'index 3 is out of bounds for dimension 1 with size 3',
  ],
  maxUnpool2d: [
    (i) => g.maxUnpool2d(g.ones([1, 1, 1]), i, 2),
    int([3], [1, 1, 1]),
    int([4], [1, 1, 1]),
    'Found an invalid max index: 4 (output volumes are of size 2x2',
  ],
  maskedScatter: [
    (i) => x.maskedScatter(i.gt(0), g.ones([4])),
    // the mask is a row that both rows of x are masked with
    int([1, 0, 1]),
    int([1, 1, 1]),
    'Number of elements of source < number of ones in mask',
  ],
  indexSelect: [(i) => x.indexSelect(0, i), int([1]), int([2]), 'index out of range in self'],
  indexAdd: [(i) => x.indexAdd(0, i, g.ones([1, 3])), int([1]), int([2]), 'index out of range in self'],
  indexCopy: [
    (i) => x.indexCopy(0, i, g.ones([1, 3])),
    int([1]),
    int([2]),
    'index_copy_(): index 2 is out of bounds for dimension 0 with size 2',
  ],
  indexFill: [
    (i) => x.indexFill(0, i, 0),
    int([-2]),
    int([2]),
    'index 2 is out of bounds for dimension 0 with size 2',
  ],
  index: [(i) => x.index(i), int([-2]), int([2]), 'index 2 is out of bounds for dimension 0 with size 2'],
  'index of the last dimension': [
    (i) => x.index('...', i),
    int([-3]),
    int([3]),
    'index 3 is out of bounds for dimension 1 with size 3',
  ],
  set: [
    (i) => x.clone().set([i], 0),
    int([-2]),
    int([-3]),
    'index -3 is out of bounds for dimension 0 with size 2',
  ],
  indexPut: [
    (i) => x.indexPut([i], g.zeros([1, 3])),
    int([1]),
    int([2]),
    'index 2 is out of bounds for dimension 0 with size 2',
  ],
  take: [
    (i) => x.take(i),
    int([-6]),
    int([6]),
    'out of range: tried to access index 6 on a tensor of 6 elements.',
  ],
  embedding: [(i) => g.embedding(i, x), int([1]), int([2]), 'index out of range in self'],
  nllLoss: [(i) => g.nllLoss(x, i), int([0, -100]), int([0, 3]), 'Target 3 is out of bounds.'],
  crossEntropy: [
    (i) => g.crossEntropy(x, i, { ignoreIndex: 7 }),
    int([0, 7]),
    int([0, -100]),
    'Target -100 is out of bounds.',
  ],
  multiMarginLoss: [(i) => g.multiMarginLoss(x, i), int([0, 2]), int([0, 3]), 'target out of range'],
  multilabelMarginLoss: [
    (i) => g.multilabelMarginLoss(x, i),
    int([0, -1, -1, 2, 1, 0], [2, 3]),
    int([0, 3, -1, 2, 1, 0], [2, 3]),
    "argument #2 'target' is out of range",
  ],
  oneHot: [(i) => g.oneHot(i, 3), int([2]), int([3]), 'Class values must be smaller than num_classes.'],
  floorDivide: [(i) => int([7]).floorDivide(i), int([2]), int([0]), 'ZeroDivisionError'],
  remainder: [(i) => int([7]).remainder(i), int([2]), int([0]), 'ZeroDivisionError'],
  fmod: [(i) => int([7]).fmod(i), int([2]), int([0]), 'ZeroDivisionError'],
  'div with a rounding mode': [
    (i) => int([7]).div(i, { roundingMode: 'trunc' }),
    int([2]),
    int([0]),
    'ZeroDivisionError',
  ],
};

const messageOf = (body: () => unknown): string => {
  try {
    body();
  } catch (error) {
    if (error instanceof g.GradloomError) return error.message;
    throw error;
  }
  return 'no error';
};

for (const [name, [call, good, bad, says]] of Object.entries(calls)) {
  test(`${name} refuses values at the user's line`, (t) => {
    t.is(
      messageOf(() => call(good)),
      'no error',
    );
    const message = messageOf(() => call(bad));
    t.true(message.startsWith(says), message);
    t.regex(message, /ops-demands\.test\.ts:\d+/);
  });
  for (const backend of ['js', 'interpreter'] as const)
    test(`${name} refuses values in a compiled function (${backend}) at the user's line`, (t) => {
      const compiled = g.compile((i: Tensor) => call(i), { backend });
      t.is(
        messageOf(() => compiled(good)),
        'no error',
      );
      const message = messageOf(() => compiled(bad));
      t.true(message.startsWith(says), message);
      t.regex(message, /ops-demands\.test\.ts:\d+/);
      t.deepEqual(compiled(good).toArray(), call(good).toArray());
      t.is(compiled.programs.length, 1);
    });
}

test('a compiled function that refuses an index has changed nothing', (t) => {
  const state = g.zeros([3]);
  const step = g.compile((i: Tensor) => {
    state.add_(1);
    return g.embedding(i, x);
  });
  step(int([1]));
  t.throws(() => step(int([2])));
  t.deepEqual(state.toArray(), [1, 1, 1]);
});

test('an index that a program computes cheaply is looked at before it runs', (t) => {
  const step = g.compile((i: Tensor) => x.indexSelect(0, i.reshape([-1]).sub(1)));
  t.deepEqual(step(int([1, 2], [1, 2])).toArray(), x.toArray());
  t.is(messageOf(() => step(int([1, 3], [1, 2]))).split('\n')[0], 'index out of range in self');
});

test('an index that only the program can tell is looked at after it, and state is put back', (t) => {
  const state = g.zeros([3]);
  const step = g.compile((a: Tensor) => {
    state.add_(1);
    return x.indexSelect(0, a.matmul(a).sum(1).to('int32'));
  });
  const good = g.tensor([
    [1, 0],
    [0, 0],
  ]);
  t.deepEqual(step(good).toArray(), [
    [4, 5, 6],
    [1, 2, 3],
  ]);
  t.is(messageOf(() => step(good.mul(2))).split('\n')[0], 'index out of range in self');
  t.deepEqual(state.toArray(), [1, 1, 1]);
});

test('an index that is right by construction costs nothing', (t) => {
  const pick = g.compile((a: Tensor) => g.embedding(a.argmax(1), x));
  const [first] = pick.lower(g.ones([2, 2])).kernels;
  t.is(pick.programs[0].kernels.length, 1);
  t.deepEqual(first.writes.length, 1);
});

test('floats divide by 0 as they are defined to', (t) => {
  t.deepEqual(g.tensor([1]).floorDivide(0).toArray(), [Infinity]);
  t.deepEqual(int([1]).div(0).toArray(), [Infinity]);
  t.is(messageOf(() => int([1]).floorDivide(0)).split(':')[0], 'ZeroDivisionError');
});

test('of several NaN in a window the last takes the gradient, of several equals the first', (t) => {
  const gradient = (rows: number[][]): unknown => {
    const v = g.tensor([rows], { requiresGrad: true });
    g.maxPool2d(v, 2).sum().backward();
    return v.grad!.toArray();
  };
  t.deepEqual(
    gradient([
      [NaN, 1],
      [NaN, 2],
    ]),
    [
      [
        [0, 0],
        [1, 0],
      ],
    ],
  );
  t.deepEqual(
    gradient([
      [NaN, NaN],
      [5, 2],
    ]),
    [
      [
        [0, 1],
        [0, 0],
      ],
    ],
  );
  t.deepEqual(
    gradient([
      [3, 1],
      [3, 2],
    ]),
    [
      [
        [1, 0],
        [0, 0],
      ],
    ],
  );
});
