// runtime/format.ts. In: print-cases.json, tensors and options with the text that PyTorch 1.13 prints. The cases build their
// tensor from data or by a fill, and some apply an operation first; these few are done here, since only the text is under test.

import { readFileSync } from 'node:fs';
import test from 'ava';
import { formatFixed, formatScientific } from '../runtime/format/decimal.ts';
import { defaultPrintOptions, formatTensor, mergePrintOptions, printProfiles } from '../runtime/format.ts';
import type { PrintOptionChanges } from '../runtime/format.ts';

type Scalar = number | bigint;
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
  readonly printoptions?: Omit<PrintOptionChanges, 'sciMode'> & { readonly sci_mode?: boolean };
  readonly expected: string;
}

const fixture = new URL('./fixtures/print-cases.json', import.meta.url);
const { cases } = JSON.parse(readFileSync(fixture, 'utf8')) as { cases: readonly PrintCase[] };

const leftOut: Readonly<Record<string, string>> = {
  complex64: 'there are no complex numbers',
  complex128: 'there are no complex numbers',
  float16: 'there is no half precision',
  bfloat16: 'there is no half precision',
};

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

const isArray = (data: Nested): data is readonly Nested[] => Array.isArray(data);

function shapeOf(data: Nested): number[] {
  return isArray(data) ? [data.length, ...(data.length > 0 ? shapeOf(data[0]) : [])] : [];
}

function flatten(data: Nested): (number | boolean | string)[] {
  return isArray(data) ? data.flatMap(flatten) : [data];
}

const spelled: Readonly<Record<string, number>> = { nan: NaN, inf: Infinity, '-inf': -Infinity, '-0': -0 };

function parseScalar(value: number | boolean | string): Scalar {
  return typeof value === 'string' ? (spelled[value] ?? BigInt(value)) : Number(value);
}

interface Data {
  readonly shape: readonly number[];
  readonly data: readonly Scalar[];
}

function build({ data = [], shape = shapeOf(data), fill, set = [] }: PrintCase): Data {
  const scalars = flatten(data).map(parseScalar);
  if (fill) {
    const value = { ones: () => 1, zeros: () => 0, arange: (i: number) => fill.start + fill.step * i }[
      fill.kind
    ];
    for (let i = 0; i < shape.reduce((a, b) => a * b, 1); i++) scalars.push(value(i));
  }
  for (const [index, value] of set) scalars[index] = value;
  return { shape, data: scalars };
}

type Operation = readonly [gradFn: string | undefined, apply: (x: readonly number[]) => readonly number[]];

const sum = (x: readonly number[]) => x.reduce((a, b) => a + b, 0);
const pointwise = (gradFn: string | undefined, f: (value: number) => number): Operation => [
  gradFn,
  (x) => x.map(f),
];
const logSumExp = (x: readonly number[]) => Math.log(sum(x.map(Math.exp)));

/** The operations of the cases, on vectors; `sum0` and `t` on 2 x 2 matrices. */
const operations: Readonly<Record<string, Operation>> = {
  mul3: pointwise('MulBackward0', (x) => x * 3),
  add1: pointwise('AddBackward0', (x) => x + 1),
  mulself: pointwise('MulBackward0', (x) => x * x),
  pow2: pointwise('PowBackward0', (x) => x ** 2),
  relu: pointwise('ReluBackward0', (x) => Math.max(x, 0)),
  exp: pointwise('ExpBackward0', Math.exp),
  neg: pointwise('NegBackward0', (x) => -x),
  div2: pointwise('DivBackward0', (x) => x / 2),
  sigmoid: pointwise('SigmoidBackward0', (x) => 1 / (1 + Math.exp(-x))),
  'view_-1': pointwise('ViewBackward0', (x) => x),
  clone: pointwise('CloneBackward0', (x) => x),
  detach: pointwise(undefined, (x) => x),
  sum: ['SumBackward0', (x) => [sum(x)]],
  mean: ['MeanBackward0', (x) => [sum(x) / x.length]],
  log_softmax0: ['LogSoftmaxBackward0', (x) => x.map((value) => value - logSumExp(x))],
  sum0: ['SumBackward1', ([a, b, c, d]) => [a + c, b + d]],
  t: ['TBackward0', ([a, b, c, d]) => [a, c, b, d]],
};

const shapeAfter: Readonly<Record<string, readonly number[]>> = { sum: [], mean: [], sum0: [2] };

function roundTo(dtype: string, data: readonly Scalar[]): readonly Scalar[] {
  return dtype === 'float32' ? data.map((value) => Math.fround(Number(value))) : data;
}

function print(given: PrintCase): string {
  const { dtype, op, parameter, printoptions: { sci_mode: sciMode, ...others } = {} } = given;
  const options = mergePrintOptions(defaultPrintOptions, { ...others, sciMode });
  const { shape, data } = build(given);
  const leaf = roundTo(dtype, data);
  if (op === undefined) {
    const requiresGrad = given.requires_grad || parameter;
    return formatTensor({ shape, dtype, data: leaf }, { requiresGrad, parameter }, options);
  }
  const [gradFn, apply] = operations[op];
  const result = roundTo(dtype, apply(leaf.map(Number)));
  return formatTensor({ shape: shapeAfter[op] ?? shape, dtype, data: result }, { gradFn }, options);
}

for (const [family, sentence] of Object.entries(families)) {
  test(sentence, (t) => {
    const members = cases.filter((given) => given.id.split('_')[0] === family && !(given.dtype in leftOut));
    t.true(members.length > 0);
    for (const given of members) t.is(print(given), given.expected, `${given.id}: ${given.why}`);
  });
}

test('every printed case belongs to a family, and only dtypes that do not exist are left out', (t) => {
  t.deepEqual(
    cases.filter(({ id }) => !(id.split('_')[0] in families)),
    [],
  );
  t.is(cases.filter(({ dtype }) => dtype in leftOut).length, 13);
});

test('only the shown elements of a summary decide the notation, in every dimension', (t) => {
  const data = new Float32Array(40 * 40).fill(1);
  data[20 * 40 + 20] = 1e9;
  const summary = formatTensor(
    { shape: [40, 40], dtype: 'float32', data },
    {},
    { ...defaultPrintOptions, edgeitems: 1 },
  );
  t.is(summary, 'tensor([[1.,  ..., 1.],\n        ...,\n        [1.,  ..., 1.]])');
});

test('suffix and options may be left away', (t) => {
  t.is(formatTensor({ shape: [2], dtype: 'float32', data: [1, 2.5] }), 'tensor([1.0000, 2.5000])');
});

test('print options that are not mentioned keep their value', (t) => {
  const current = mergePrintOptions(defaultPrintOptions, { precision: 2, linewidth: 40 });
  t.deepEqual(mergePrintOptions(current, { edgeitems: 1 }), { ...current, edgeitems: 1 });
});

test('the scientific mode is reset whenever it is not given', (t) => {
  const always = mergePrintOptions(defaultPrintOptions, { sciMode: true });
  t.true(always.sciMode);
  t.is(mergePrintOptions(always, { precision: 6 }).sciMode, null);
});

test('a profile replaces all options, and single options go on top of it', (t) => {
  const current = mergePrintOptions(defaultPrintOptions, { precision: 9, linewidth: 40 });
  t.deepEqual(mergePrintOptions(current, { profile: 'default' }), defaultPrintOptions);
  t.deepEqual(mergePrintOptions(current, { profile: 'short', edgeitems: 5 }), {
    ...printProfiles.short,
    edgeitems: 5,
  });
  t.is(mergePrintOptions(current, { profile: 'full' }).threshold, Infinity);
});

test('fixed notation rounds the exact value and breaks ties to even', (t) => {
  const rows: readonly (readonly [number, number, string])[] = [
    [0.5, 0, '0'],
    [1.5, 0, '2'],
    [-2.5, 0, '-2'],
    [0.00005, 4, '0.0001'],
    [0.00015, 4, '0.0001'],
    [-0.00001, 4, '-0.0000'],
    [9.99995, 4, '10.0000'],
    [1e22, 1, '10000000000000000000000.0'],
    [0.1, 25, '0.1000000000000000055511151'],
  ];
  for (const [value, digits, text] of rows) t.is(formatFixed(value, digits), text);
});

test('scientific notation rounds the exact value and carries into the exponent', (t) => {
  const rows: readonly (readonly [number, number, string])[] = [
    [0, 4, '0.0000e+00'],
    [-0, 1, '-0.0e+00'],
    [9.99996, 4, '1.0000e+01'],
    [1e23, 4, '1.0000e+23'],
    [1e23, 22, '9.9999999999999991611392e+22'],
    [12345, 0, '1e+04'],
    [25, 0, '2e+01'],
    [Number.MAX_VALUE, 4, '1.7977e+308'],
    [5e-324, 4, '4.9407e-324'],
  ];
  for (const [value, digits, text] of rows) t.is(formatScientific(value, digits), text);
});
