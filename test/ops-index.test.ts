// Indexing by data against real PyTorch and NumPy.

import test from 'ava';
import { differentiate } from '../compiler/differentiate.ts';
import type { Node } from '../compiler/node.ts';
import { numel } from '../compiler/shape.ts';
import type { Shape } from '../compiler/shape.ts';
import { add, mul } from '../ops/binary.ts';
import { cast } from '../ops/cast.ts';
import { assign, index, indexPut } from '../ops/index-advanced.ts';
import type { Range } from '../ops/index-advanced.ts';
import { embedding, gather, indexSelect, oneHot, take, takeAlongDim } from '../ops/index-gather.ts';
import { scatter, scatterAdd, scatterReduce } from '../ops/index-scatter.ts';
import { indexAdd, indexCopy, indexFill, maskedScatter, put } from '../ops/index-write.ts';
import { stack } from '../ops/join.ts';
import { constant, input } from '../ops/source.ts';
import { reshape } from '../ops/view.ts';
import { derivativeFaults } from './helpers/numeric.ts';
import { checkCase, evaluate, gradNameOf, casesOf } from './helpers/oracle.ts';
import type { Build } from './helpers/oracle.ts';

const table: Readonly<Record<string, Build>> = {
  index_select: ([x], { dim }, { index: i }) => indexSelect(x, dim, i),
  index: ([x], _, { index: i }) => index(x, i),
  gather: ([x], { dim }, { index: i }) => gather(x, dim, i),
  scatter_add: ([x, y], { dim }, { index: i }) => scatterAdd(x, dim, i, y),
  scatter: ([x, y], { dim }, { index: i }) => scatter(x, dim, i, y),
  index_add: ([x, y], { dim }, { index: i }) => indexAdd(x, dim, i, y),
  index_copy: ([x, y], { dim }, { index: i }) => indexCopy(x, dim, i, y),
  index_fill: ([x], { dim, value }, { index: i }) => indexFill(x, dim, i, value),
  index_put: ([x, y], _, { index: i }) => indexPut(x, [i], y),
  index_put_accumulate: ([x, y], { accumulate }, { index: i }) => indexPut(x, [i], y, { accumulate }),
  take: ([x], _, { index: i }) => take(x, i),
  embedding: ([x], _, { indices }) => embedding(indices, x),
  embedding_padding_idx: ([x], a, { indices }) => embedding(indices, x, { paddingIdx: a.padding_idx }),
};

for (const [title, c, build] of casesOf(table)) test(title, (t) => t.deepEqual(checkCase(c, build), []));

// --- x[...] ------------------------------------------------------------------------------------------------------------------------

const float = (shape: Shape): Node => input({ shape, dtype: 'float64' });
const whole = (shape: Shape): Node => input({ shape, dtype: 'int32' });
const counting = (shape: Shape): number[] => Array.from({ length: numel(shape) }, (_, i) => i);

interface Indexed {
  readonly shape: Shape;
  /** Integer nodes are written as { shape, data }. */
  readonly parts: readonly (number | Range | null | '...' | Whole)[];
  readonly want: readonly number[];
  readonly result: Shape;
  readonly name?: string;
}
interface Whole {
  readonly shape: Shape;
  readonly data: readonly number[];
}

// the wanted values are NumPy's for np.arange(...).reshape(shape)[parts]
const indexed: Readonly<Record<string, Indexed>> = {
  'x[1]': { shape: [2, 2], parts: [1], want: [2, 3], result: [2], name: 'SelectBackward0' },
  'x[-1, ::2]': {
    shape: [2, 3],
    parts: [-1, [null, null, 2]],
    want: [3, 5],
    result: [2],
    name: 'SliceBackward0',
  },
  'x[..., 0]': { shape: [2, 1, 2], parts: ['...', 0], want: [0, 2], result: [2, 1] },
  'x[None, :, None]': {
    shape: [2],
    parts: [null, [], null],
    want: [0, 1],
    result: [1, 2, 1],
    name: 'UnsqueezeBackward0',
  },
  'x[:]': { shape: [2], parts: [[]], want: [0, 1], result: [2], name: 'AliasBackward0' },
  'x[[1, 0, -1]]': {
    shape: [3, 2],
    parts: [{ shape: [3], data: [1, 0, -1] }],
    want: [2, 3, 0, 1, 4, 5],
    result: [3, 2],
    name: 'IndexBackward0',
  },
  'x[[[0], [1]]]': { shape: [2], parts: [{ shape: [2, 1], data: [0, 1] }], want: [0, 1], result: [2, 1] },
  'x[:, [0, 2]]': {
    shape: [2, 3],
    parts: [[], { shape: [2], data: [0, 2] }],
    want: [0, 2, 3, 5],
    result: [2, 2],
  },
  'x[[0, 1], [1, 2]]': {
    shape: [2, 3],
    parts: [
      { shape: [2], data: [0, 1] },
      { shape: [2], data: [1, 2] },
    ],
    want: [1, 5],
    result: [2],
  },
  'x[:, [1, 0], [[0], [1]]] side by side': {
    shape: [2, 2, 2],
    parts: [[], { shape: [2], data: [1, 0] }, { shape: [2, 1], data: [0, 1] }],
    want: [2, 0, 3, 1, 6, 4, 7, 5],
    result: [2, 2, 2],
  },
  'x[[0, 1], :, [0, 1]] apart': {
    shape: [2, 3, 2],
    parts: [{ shape: [2], data: [0, 1] }, [], { shape: [2], data: [0, 1] }],
    want: [0, 2, 4, 7, 9, 11],
    result: [2, 3],
  },
  'x[[0], None, [1]] apart by a new axis': {
    shape: [2, 2],
    parts: [{ shape: [1], data: [0] }, null, { shape: [1], data: [1] }],
    want: [1],
    result: [1, 1],
  },
  'x[1, [0, 1]] after a number': {
    shape: [2, 2],
    parts: [1, { shape: [2], data: [0, 1] }],
    want: [2, 3],
    result: [2],
  },
  'x[tensor(1)]': { shape: [2, 2], parts: [{ shape: [], data: [1] }], want: [2, 3], result: [2] },
  'x[1:, [0, 0]]': {
    shape: [2, 2],
    parts: [[1], { shape: [2], data: [0, 0] }],
    want: [2, 2],
    result: [1, 2],
  },
  'x[..., [1], 0:1]': {
    shape: [2, 2, 2],
    parts: ['...', { shape: [1], data: [1] }, [0, 1]],
    want: [2, 6],
    result: [2, 1, 1],
  },
};

const isWhole = (part: Indexed['parts'][number]): part is Whole =>
  typeof part === 'object' && part !== null && 'data' in part;

for (const [title, { shape, parts, want, result, name }] of Object.entries(indexed))
  test(`${title} reads what NumPy reads`, (t) => {
    const x = float(shape);
    const wholes = parts.filter(isWhole);
    const nodes = wholes.map((w) => whole(w.shape));
    const y = index(x, ...parts.map((part) => (isWhole(part) ? nodes[wholes.indexOf(part)] : part)));
    t.deepEqual(y.type.shape, result);
    const arrays = [counting(shape), ...wholes.map((w) => w.data)];
    t.deepEqual(evaluate([x, ...nodes], [y], arrays)[0], want);
    if (name) t.is(gradNameOf(y), name);
    // the gradient of a sum counts how often each element was read
    const [dx] = differentiate([y], [constant(1, 'float64', y.type.shape)], [x], add);
    t.deepEqual(
      evaluate([x, ...nodes], [dx!], arrays)[0],
      counting(shape).map((i) => want.filter((j) => j === i).length),
    );
  });

test('an assignment writes what the same index reads', (t) => {
  for (const [title, { shape, parts, want }] of Object.entries(indexed)) {
    if (new Set(want).size !== want.length) continue;
    const x = float(shape);
    const wholes = parts.filter(isWhole);
    const nodes = wholes.map((w) => whole(w.shape));
    const y = assign(
      x,
      parts.map((part) => (isWhole(part) ? nodes[wholes.indexOf(part)] : part)),
      -1,
    );
    const [got] = evaluate([x, ...nodes], [y], [counting(shape), ...wholes.map((w) => w.data)]);
    t.deepEqual(
      got,
      counting(shape).map((i) => (want.includes(i) ? -1 : i)),
      title,
    );
  }
});

test('an index out of range is an error when it is read', (t) => {
  const [x, i] = [float([3]), whole([1])];
  const error = t.throws(() => evaluate([x, i], [gather(x, 0, i)], [[1, 2, 3], [3]]));
  t.is(error.message, 'index 3 is out of bounds for dimension 0 with size 3');
});

const refusals: Readonly<Record<string, readonly [() => unknown, string]>> = {
  index_0d: [() => index(float([]), 0), 'invalid index of a 0-dim tensor.'],
  index_out_of_range: [() => index(float([3]), 5), 'index 5 is out of bounds for dimension 0 with size 3'],
  index_too_many: [() => index(float([3]), 0, 0), 'too many indices for tensor of dimension 1'],
  index_shapes: [
    () => index(float([3, 3]), whole([2]), whole([3])),
    'shape mismatch: indexing tensors could not be broadcast together with shapes [2], [3]',
  ],
  gather_index_dtype: [() => gather(float([3]), 0, float([1])), 'gather(): Expected dtype int64 for index'],
  gather_rank: [
    () => gather(float([3]), 0, whole([1, 1])),
    'Index tensor must have the same number of dimensions as input tensor',
  ],
  two_ellipses: [() => index(float([3]), '...', '...'), "an index can only have a single ellipsis ('...')"],
};
for (const [name, [f, message]] of Object.entries(refusals))
  test(`${name} is refused in PyTorch's words`, (t) => {
    const error = t.throws(f, { any: true }) as Error;
    t.true(error.message.startsWith(message), error.message);
  });

// --- the others --------------------------------------------------------------------------------------------------------------------

interface Example {
  readonly f: (x: Node, i: Node) => Node;
  readonly x: readonly number[];
  readonly shape?: Shape;
  readonly i: readonly number[];
  readonly at?: Shape;
  readonly want: readonly number[];
}

const examples: Readonly<Record<string, Example>> = {
  'takeAlongDim broadcasts its index': {
    f: (x, i) => takeAlongDim(x, i, 1),
    x: [1, 2, 3, 4],
    shape: [2, 2],
    i: [1, -2],
    at: [1, 2],
    want: [2, 1, 4, 3],
  },
  'takeAlongDim without a dimension': {
    f: (x, i) => takeAlongDim(x, i),
    x: [1, 2, 3, 4],
    shape: [2, 2],
    i: [3],
    want: [4],
  },
  'take counts from the end': { f: take, x: [1, 2, 3], i: [-1, 0], want: [3, 1] },
  'gather of fewer lanes': {
    f: (x, i) => gather(x, 1, i),
    x: [1, 2, 3, 4],
    shape: [2, 2],
    i: [1, 0, 0],
    at: [1, 3],
    want: [2, 1, 1],
  },
  'gather of a scalar': { f: (x, i) => gather(x, 0, i), x: [7], shape: [], i: [0, 0], want: [7, 7] },
  'indexSelect of a scalar': { f: (x, i) => indexSelect(x, 0, i), x: [7], shape: [], i: [0], want: [7] },
  'indexSelect in the middle': {
    f: (x, i) => indexSelect(x, 1, i),
    x: [1, 2, 3, 4],
    shape: [1, 2, 2],
    i: [1, 1],
    want: [3, 4, 3, 4],
  },
  'oneHot of a matrix': { f: (_, i) => oneHot(i, 3), x: [], i: [2, 0], at: [2, 1], want: [0, 0, 1, 1, 0, 0] },
  'scatter of a number': { f: (x, i) => scatter(x, 0, i, 9), x: [1, 2, 3], i: [2], want: [1, 2, 9] },
  'scatter of a larger source': {
    f: (x, i) => scatter(x, 0, i, constant(5, 'float64', [3])),
    x: [1, 2, 3],
    i: [0],
    want: [5, 2, 3],
  },
  'scatterAdd of a scalar': {
    f: (x, i) => scatterAdd(x, 0, i, constant(5, 'float64')),
    x: [1],
    shape: [],
    i: [0],
    at: [],
    want: [6],
  },
  'scatterReduce to the mean': {
    f: (x, i) => scatterReduce(x, 0, i, constant(7, 'float64', [2]), 'mean'),
    x: [1, 2],
    i: [0, 0],
    want: [5, 2],
  },
  'scatterReduce to the product': {
    f: (x, i) => scatterReduce(x, 0, i, constant(3, 'float64', [2]), 'prod'),
    x: [1, 2],
    i: [0, 0],
    want: [9, 2],
  },
  'scatterReduce without what stood there': {
    f: (x, i) => scatterReduce(x, 0, i, constant(-3, 'float64', [2]), 'amax', { includeSelf: false }),
    x: [1, 2],
    i: [0, 0],
    want: [-3, 2],
  },
  'indexAdd with a factor': {
    f: (x, i) => indexAdd(x, 0, i, constant(3, 'float64', [2]), { alpha: 2 }),
    x: [1, 2],
    i: [1, 1],
    want: [1, 14],
  },
  'put of a matrix': {
    f: (x, i) => put(x, i, constant(9, 'float64', [1])),
    x: [1, 2, 3, 4],
    shape: [2, 2],
    i: [-1],
    want: [1, 2, 3, 9],
  },
  'put that accumulates': {
    f: (x, i) => put(x, i, constant(9, 'float64', [2]), { accumulate: true }),
    x: [1, 2],
    i: [0, 0],
    want: [19, 2],
  },
  'maskedScatter takes the source in order': {
    f: (x, i) => maskedScatter(x, cast(i, 'bool'), constant(9, 'float64', [2])),
    x: [1, 2, 3],
    i: [1, 0, 1],
    want: [9, 2, 9],
  },
  'indexPut broadcasts its values': {
    f: (x, i) => indexPut(x, [null, i], 9),
    x: [1, 2, 3, 4],
    shape: [2, 2],
    i: [1],
    want: [1, 9, 3, 9],
  },
  'a padding index counts from the end': {
    f: (x, i) => embedding(i, x, { paddingIdx: -1 }),
    x: [1, 2],
    shape: [2, 1],
    i: [1, 0],
    want: [2, 1],
  },
};
for (const [name, { f, x, shape, i, at, want }] of Object.entries(examples))
  test(name, (t) => {
    const [data, places] = [float(shape ?? [x.length]), whole(at ?? [i.length])];
    t.deepEqual(evaluate([data, places], [f(data, places)], [x, i])[0], want);
  });

const places = (...data: number[]): Node => cast(stack(data.map((i) => constant(i, 'int32'))), 'int32');

for (const reduce of ['sum', 'mean', 'prod', 'amax', 'amin'] as const)
  for (const includeSelf of [true, false])
    test(`derivatives of scatterReduce to ${reduce} ${includeSelf ? 'with' : 'without'} self agree with differences`, (t) => {
      const i = places(0, 2, 0, 2);
      const f = ([x, y]: readonly Node[]): Node => scatterReduce(x, 0, i, y, reduce, { includeSelf });
      t.deepEqual(derivativeFaults(f, [{ shape: [3] }, { shape: [4] }]), []);
    });

test('the gradient of a scattered product with one zero is the product of the others', (t) => {
  const f = ([x, y]: readonly Node[]): Node => scatterReduce(x, 0, places(0, 0, 1), y, 'prod');
  const first = derivativeFaults(f, [
    { shape: [2], data: [3, 2] },
    { shape: [3], data: [0, 5, 4] },
  ]).filter((line) => line.startsWith('derivative 1'));
  t.deepEqual(first, []);
});

for (const [name, f, shapes] of [
  ['put', ([x, y]) => put(x, places(3, 0), y), [[2, 2], [2]]],
  ['maskedScatter', ([x, y]) => maskedScatter(x, cast(places(1, 0, 1), 'bool'), y), [[3], [2]]],
  ['takeAlongDim', ([x]) => takeAlongDim(mul(x, x), reshape(places(1, 0), [1, 2]), 1), [[3, 2]]],
  ['indexPut with values that broadcast', ([x, y]) => indexPut(x, [places(0, 2)], y), [[3, 2], [1]]],
  ['an assignment', ([x, y]) => assign(mul(x, x), [[1], places(0, 1)], y), [[3, 2], [2]]],
  ['an index of two nodes', ([x]) => index(mul(x, x), places(0, 0), [], places(1, 1)), [[2, 2, 2]]],
] as [string, (xs: readonly Node[]) => Node, Shape[]][])
  test(`derivatives of ${name} agree with differences`, (t) => {
    t.deepEqual(
      derivativeFaults(
        f,
        shapes.map((shape) => ({ shape })),
      ),
      [],
    );
  });
