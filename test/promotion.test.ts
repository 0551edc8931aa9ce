// Promotion of dtypes. In: every pair of dtypes, as tensors with dimensions, as 0-d tensors and with plain numbers. Out: the dtype of the
// result, PyTorch's. The tables are written out: they are what `torch.result_type` says, with int32 in the place of int64.

import test from 'ava';
import { add, cat, div, eq, linspace, maximum, ones, stack, tensor, where, zeros } from '../index.ts';
import type { DType, Tensor } from '../index.ts';

const dtypes = ['bool', 'uint8', 'int32', 'float32', 'float64'] as const;

/** Rows and columns in the order of `dtypes`. */
type Table = readonly (readonly DType[])[];

const bothWithDimensions: Table = [
  ['bool', 'uint8', 'int32', 'float32', 'float64'],
  ['uint8', 'uint8', 'int32', 'float32', 'float64'],
  ['int32', 'int32', 'int32', 'float32', 'float64'],
  ['float32', 'float32', 'float32', 'float32', 'float64'],
  ['float64', 'float64', 'float64', 'float64', 'float64'],
];

/** A 0-d tensor (columns) only matters if it is of a higher category: bool, integers, floats. */
const withZeroDim: Table = [
  ['bool', 'uint8', 'int32', 'float32', 'float64'],
  ['uint8', 'uint8', 'uint8', 'float32', 'float64'],
  ['int32', 'int32', 'int32', 'float32', 'float64'],
  ['float32', 'float32', 'float32', 'float32', 'float32'],
  ['float64', 'float64', 'float64', 'float64', 'float64'],
];

const vector = (dtype: DType): Tensor => ones([2], { dtype });
const scalar = (dtype: DType): Tensor => ones([], { dtype });

const eachPair = (table: Table, check: (a: DType, b: DType, want: DType) => void): void =>
  dtypes.forEach((a, i) => dtypes.forEach((b, j) => check(a, b, table[i][j])));

test('two tensors with dimensions compute in the smallest dtype that holds both', (t) => {
  eachPair(bothWithDimensions, (a, b, want) => {
    const sum = add(vector(a), vector(b));
    t.is(sum.dtype, want, `${a} + ${b}`);
    t.deepEqual(sum.toArray(), a === 'bool' && b === 'bool' ? [true, true] : [2, 2]);
  });
});

test('a 0-d tensor counts only if it is of a higher category', (t) => {
  eachPair(withZeroDim, (a, b, want) => {
    t.is(add(vector(a), scalar(b)).dtype, want, `${a}[2] + ${b}[]`);
    t.is(add(scalar(b), vector(a)).dtype, want, `${b}[] + ${a}[2]`);
  });
});

test('two 0-d tensors are of equal standing', (t) => {
  eachPair(bothWithDimensions, (a, b, want) =>
    t.is(add(scalar(a), scalar(b)).dtype, want, `${a}[] + ${b}[]`),
  );
});

test('a plain number or boolean is weak: it only raises the category', (t) => {
  const rows: readonly (readonly [number | boolean, readonly DType[]])[] = [
    [true, ['bool', 'uint8', 'int32', 'float32', 'float64']],
    [2, ['int32', 'uint8', 'int32', 'float32', 'float64']],
    [2.5, ['float32', 'float32', 'float32', 'float32', 'float64']],
  ];
  for (const [value, wanted] of rows)
    dtypes.forEach((dtype, i) => {
      t.is(vector(dtype).add(value).dtype, wanted[i], `${dtype}[2] + ${value}`);
      t.is(scalar(dtype).add(value).dtype, wanted[i], `${dtype}[] + ${value}`);
    });
});

test('true division of integers gives floats, floor division keeps them', (t) => {
  eachPair(bothWithDimensions, (a, b, want) => {
    t.is(div(vector(a), vector(b)).dtype, want.startsWith('float') ? want : 'float32', `${a} / ${b}`);
    if (want !== 'bool') t.is(vector(a).floorDivide(vector(b)).dtype, want, `${a} // ${b}`);
  });
});

test('comparisons of any two dtypes give booleans', (t) => {
  eachPair(bothWithDimensions, (a, b) => t.is(eq(vector(a), vector(b)).dtype, 'bool'));
});

test('operators that choose between operands promote them as arithmetic does', (t) => {
  eachPair(bothWithDimensions, (a, b, want) => {
    t.is(maximum(vector(a), vector(b)).dtype, want, `maximum(${a}, ${b})`);
    t.is(where(tensor([true, false]), vector(a), vector(b)).dtype, want, `where(c, ${a}, ${b})`);
    t.is(cat([vector(a), vector(b)]).dtype, want, `cat(${a}, ${b})`);
    t.is(stack([vector(a), vector(b)]).dtype, want, `stack(${a}, ${b})`);
  });
});

test('functions of real numbers make floats of integers', (t) => {
  for (const dtype of dtypes) {
    const want = dtype === 'float64' ? 'float64' : 'float32';
    for (const name of ['exp', 'sqrt', 'sin', 'sigmoid', 'tanh', 'reciprocal'] as const)
      t.is(vector(dtype)[name]().dtype, want, `${name} of ${dtype}`);
  }
});

test('sums and products of integers and booleans are integers; means need floats', (t) => {
  for (const dtype of dtypes) {
    const want = dtype.startsWith('float') ? dtype : 'int32';
    t.is(vector(dtype).sum().dtype, want);
    t.is(vector(dtype).prod().dtype, want);
    t.is(vector(dtype).cumsum(0).dtype, want);
    if (want === 'int32')
      t.throws(() => vector(dtype).mean(), { message: /^mean\(\): could not infer output dtype/ });
  }
});

test('an in-place result is written in the dtype of the tensor, unless its category is lower', (t) => {
  const category = (dtype: DType): number => (dtype === 'bool' ? 0 : dtype.startsWith('float') ? 2 : 1);
  eachPair(bothWithDimensions, (a, b) => {
    if (category(a) >= category(b)) t.is(vector(a).add_(vector(b)).dtype, a);
    else
      t.throws(() => vector(a).add_(vector(b)), {
        message: /^result type \w+ can't be cast to the desired output type/,
      });
  });
});

test('every dtype converts to every other: floats are cut towards 0, truth is being not 0', (t) => {
  const values: Readonly<Record<DType, readonly (number | boolean)[]>> = {
    bool: [true, false, true],
    uint8: [1, 0, 3],
    int32: [1, 0, 3],
    float32: [1, 0, 3.75],
    float64: [1, 0, 3.75],
  };
  for (const from of dtypes)
    for (const to of dtypes) {
      const x = tensor(from === 'bool' ? [1, 0, 3.75] : [1, 0, 3.75], { dtype: from });
      const held = values[from];
      const want = held.map((v) =>
        to === 'bool' ? v !== 0 && v !== false : to.startsWith('float') ? Number(v) : Math.trunc(Number(v)),
      );
      t.is(x.to(to).dtype, to);
      t.deepEqual(x.to(to).toArray(), want, `${from} to ${to}`);
    }
});

test('integers wrap around and float32 rounds', (t) => {
  t.deepEqual(tensor([200, 100], { dtype: 'uint8' }).add(100).toArray(), [44, 200]);
  t.deepEqual(tensor([2147483647], { dtype: 'int32' }).add(1).toArray(), [-2147483648]);
  t.is(tensor(0.1).item(), Math.fround(0.1));
  t.is(tensor(0.1, { dtype: 'float64' }).item(), 0.1);
});

test('a gradient has the dtype of its tensor, whatever it was mixed with', (t) => {
  const x = ones([2], { requiresGrad: true });
  const y = x.mul(tensor([1, 2], { dtype: 'float64' }));
  t.is(y.dtype, 'float64');
  y.sum().backward();
  t.is(x.grad!.dtype, 'float32');
  const wide = zeros([], { dtype: 'float64', requiresGrad: true });
  const z = linspace(0, 1, 3).mul(wide);
  t.is(z.dtype, 'float32');
  z.sum().backward();
  t.is(wide.grad!.dtype, 'float64');
});
