// What a tensor prints, through the public interface. In: print-cases.json, tensors with operations and options, and the text of
// PyTorch 1.13. Every case whose dtype exists is built, computed and printed.

import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import test from 'ava';
import { Parameter, arange, inferenceMode, ones, setPrintOptions, tensor, zeros } from '../index.ts';
import type { DType, Tensor } from '../index.ts';

type Nested = number | boolean | string | readonly Nested[];

interface PrintCase {
  readonly id: string;
  readonly why: string;
  readonly dtype: string;
  readonly data?: Nested;
  readonly shape?: readonly number[];
  readonly fill?: {
    readonly kind: 'arange' | 'ones' | 'zeros';
    readonly start: number;
    readonly step: number;
  };
  readonly set?: readonly (readonly [number, number])[];
  readonly requires_grad?: boolean;
  readonly parameter?: boolean;
  readonly op?: string;
  readonly printoptions?: Readonly<Record<string, number | boolean | string>>;
  readonly expected: string;
}

const { cases } = JSON.parse(
  readFileSync(new URL('./fixtures/print-cases.json', import.meta.url), 'utf8'),
) as { cases: readonly PrintCase[] };

/** Dtypes that do not exist, and in how many cases. */
const leftOut: Readonly<Record<string, number>> = {
  complex64: 10,
  complex128: 1,
  float16: 1,
  bfloat16: 1,
  int8: 1,
  int16: 1,
  int64: 21,
};

const isArray = (data: Nested): data is readonly Nested[] => Array.isArray(data);
const shapeOf = (data: Nested): number[] =>
  isArray(data) ? [data.length, ...(data.length > 0 ? shapeOf(data[0]) : [])] : [];
const flatten = (data: Nested): (number | boolean | string)[] =>
  isArray(data) ? data.flatMap(flatten) : [data];

const spelled: Readonly<Record<string, number>> = { nan: NaN, inf: Infinity, '-inf': -Infinity, '-0': -0 };
const numberOf = (value: number | boolean | string): number =>
  typeof value === 'string' ? spelled[value] : Number(value);

function elementsOf({ data, shape = [], fill, set = [] }: PrintCase): Float64Array {
  const count = shape.reduce((a, b) => a * b, 1);
  const elements = fill
    ? Float64Array.from({ length: count }, (_, i) =>
        fill.kind === 'arange' ? fill.start + fill.step * i : fill.kind === 'ones' ? 1 : 0,
      )
    : Float64Array.from(flatten(data ?? []).map(numberOf));
  for (const [index, value] of set) elements[index] = value;
  return elements;
}

const operations: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  mul3: (x) => x.mul(3),
  add1: (x) => x.add(1),
  mulself: (x) => x.mul(x),
  sum: (x) => x.sum(),
  sum0: (x) => x.sum(0),
  pow2: (x) => x.pow(2),
  relu: (x) => x.relu(),
  exp: (x) => x.exp(),
  neg: (x) => x.neg(),
  mean: (x) => x.mean(),
  div2: (x) => x.div(2),
  'view_-1': (x) => x.view([-1]),
  log_softmax0: (x) => x.logSoftmax(0),
  sigmoid: (x) => x.sigmoid(),
  t: (x) => x.t(),
  clone: (x) => x.clone(),
  detach: (x) => x.detach(),
};

function build(given: PrintCase): Tensor {
  const shape = given.shape ?? shapeOf(given.data ?? []);
  const requiresGrad = given.requires_grad ?? false;
  const x = tensor(elementsOf(given), { shape, dtype: given.dtype as DType, requiresGrad });
  if (given.parameter) return new Parameter(x);
  return given.op === undefined ? x : operations[given.op](x);
}

const families: Readonly<Record<string, string>> = {
  scalar: 'a tensor of no dimension prints its number without brackets',
  vec: 'the elements of a vector are aligned and share a notation',
  m: 'the dimensions of a tensor are nested brackets with blank lines between',
  wrap: 'rows that are too long are broken',
  sum: 'a large tensor is summarised by its edges',
  empty: 'a tensor without elements names its size and dtype',
  rg: 'a leaf that requires a gradient says so',
  gf: 'a result names the node that made it',
  suffix: 'suffixes that do not fit go to a new line',
  param: 'a parameter is announced on a line of its own',
  opt: 'print options change precision, notation, width and summary',
};

/** Prints under the options of a case, and restores the defaults. */
function printed(given: PrintCase): string {
  const { sci_mode: sciMode, ...options } = given.printoptions ?? {};
  setPrintOptions({
    profile: 'default',
    ...options,
    ...(sciMode === undefined ? {} : { sciMode: Boolean(sciMode) }),
  });
  try {
    return String(build(given));
  } finally {
    setPrintOptions({ profile: 'default' });
  }
}

for (const [family, sentence] of Object.entries(families)) {
  test(sentence, (t) => {
    const members = cases.filter((given) => given.id.split('_')[0] === family && !(given.dtype in leftOut));
    t.true(members.length > 0);
    for (const given of members) t.is(printed(given), given.expected, `${given.id}: ${given.why}`);
  });
}

test('only cases of dtypes that do not exist are left out', (t) => {
  const count: Record<string, number> = {};
  for (const { dtype } of cases) if (dtype in leftOut) count[dtype] = (count[dtype] ?? 0) + 1;
  t.deepEqual(count, leftOut);
});

test('console.log shows the text of a tensor, also within other objects', (t) => {
  const x = tensor([1, 2.5]);
  t.is(inspect(x), 'tensor([1.0000, 2.5000])');
  t.is(inspect({ x }), '{ x: tensor([1.0000, 2.5000]) }');
  t.is(
    inspect(ones([2], { requiresGrad: true }).mul(2).gradFn!.toString()).includes(
      'MulBackward0 object at 0x',
    ),
    true,
  );
});

test('results with names print as named tuples', (t) => {
  t.is(
    String(
      tensor([
        [1, 5],
        [7, 2],
      ]).max(1),
    ),
    'torch.return_types.max(\nvalues=tensor([5., 7.]),\nindices=tensor([1, 0], dtype=torch.int32))',
  );
});

test('the dtypes that are not the default are named', (t) => {
  t.is(String(arange(3, { dtype: 'int32' })), 'tensor([0, 1, 2], dtype=torch.int32)');
  t.is(String(zeros([2], { dtype: 'uint8' })), 'tensor([0, 0], dtype=torch.uint8)');
  t.is(String(tensor([true, false])), 'tensor([ True, False])');
});

test('printing computes once and changes nothing', (t) => {
  const x = ones([2], { requiresGrad: true });
  const y = x.mul(3);
  t.is(String(y), String(y));
  y.sum().backward();
  t.deepEqual(x.grad!.toArray(), [3, 3]);
  t.is(String(inferenceMode(() => x.mul(2))), 'tensor([2., 2.])');
});

test('an unknown print option is refused and leaves the options alone', (t) => {
  t.throws(() => setPrintOptions({ digits: 2 } as never), {
    message: /unexpected keyword argument 'digits'/,
  });
  t.is(String(tensor(0.5)), 'tensor(0.5000)');
});

test('the lazy graph is printed with shared nodes once, and computed parts as inputs', (t) => {
  const x = tensor([1, 2]);
  const y = x.exp();
  const text = y.add(y).graph();
  t.is(text.match(/= exp/g)?.length, 1);
  y.toArray();
  t.notRegex(y.add(1).graph(), /= exp/);
});
