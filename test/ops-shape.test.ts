// Views and joins against real PyTorch, and what the affine form promises.

import test from 'ava';
import { differentiate } from '../compiler/differentiate.ts';
import { makeGraph, printGraph } from '../compiler/graph.ts';
import type { Node } from '../compiler/node.ts';
import { numel, stridesOf } from '../compiler/shape.ts';
import type { Shape } from '../compiler/shape.ts';
import { expandComposites, simplify } from '../compiler/simplify.ts';
import { readIndex } from '../compiler/view.ts';
import type { AxisMap } from '../compiler/view.ts';
import * as arrange from '../ops/arrange.ts';
import { add, mul } from '../ops/binary.ts';
import * as diagonals from '../ops/diagonal.ts';
import { index } from '../ops/index-advanced.ts';
import type { Range } from '../ops/index-advanced.ts';
import * as join from '../ops/join.ts';
import * as padding from '../ops/pad.ts';
import * as reduceRules from '../ops/reduce-rules.ts';
import * as slicing from '../ops/slice.ts';
import * as cutting from '../ops/split.ts';
import { constant, input } from '../ops/source.ts';
import * as affineViews from '../ops/view-affine.ts';
import { diagonalScatter, selectScatter, sliceScatter, writeThrough } from '../ops/view-put.ts';
import * as views from '../ops/view.ts';
import * as window from '../ops/window-view.ts';
import type { WindowOptions } from '../ops/window-view.ts';
import { interpret } from '../runtime/interpret.ts';
import { derivativeFaults } from './helpers/numeric.ts';
import { checkCase, evaluate, gradNameOf, casesOf } from './helpers/oracle.ts';
import type { Build } from './helpers/oracle.ts';
import { makeRandom } from './helpers/randomGraph.ts';

const { cartesianProd, kron, meshgrid, repeat, repeatInterleave, roll, rot90, tile } = arrange;
const { diag, diagEmbed, diagonal, trace, tril, triu } = diagonals;
const { blockDiag, cat, columnStack, hstack, stack, vstack } = join;
const { chunk, split, tensorSplit, unbind } = cutting;
const { pad } = padding;
const { asStrided, flip, narrow, select, slice, unfold } = slicing;
const { affine, affineView } = affineViews;
const {
  broadcastTo,
  expand,
  flatten,
  movedim,
  permute,
  reshape,
  squeeze,
  transpose,
  unflatten,
  unsqueeze,
  view,
} = views;
const { foldWindows, windows } = window;

const viewAndReduceRules = [
  ...[arrange, diagonals, cutting, padding, slicing, affineViews, views, window].flatMap(
    (file) => file.rules,
  ),
  ...reduceRules.rules,
];

const table: Readonly<Record<string, Build>> = {
  reshape: ([x], { shape }) => reshape(x, shape),
  view: ([x], { shape }) => view(x, shape),
  flatten: ([x], a) => flatten(x, a.start_dim),
  transpose: ([x], { dim0, dim1 }) => transpose(x, dim0, dim1),
  permute: ([x], { dims }) => permute(x, dims),
  movedim: ([x], { source, destination }) => movedim(x, source, destination),
  unsqueeze: ([x], { dim }) => unsqueeze(x, dim),
  squeeze: ([x], { dim }) => squeeze(x, dim),
  expand: ([x], { size }) => expand(x, size),
  broadcast_to: ([x], { size }) => broadcastTo(x, size),
  flip: ([x], { dims }) => flip(x, dims),
  roll: ([x], { shifts, dims }) => roll(x, shifts, dims),
  rot90: ([x], { k, dims }) => rot90(x, k, dims),
  select: ([x], { dim, index: i }) => select(x, dim, i),
  narrow: ([x], { dim, start, length }) => narrow(x, dim, start, length),
  slice: ([x], { slices }) => index(x, ...(slices as (Range | null)[]).map((s): Range => s ?? [])),
  unfold: ([x], { dimension, size, step }) => unfold(x, dimension, size, step),
  repeat: ([x], { repeats }) => repeat(x, repeats),
  tile: ([x], { dims }) => tile(x, dims),
  repeat_interleave: ([x], { repeats, dim }) => repeatInterleave(x, repeats, dim),
  diagonal: ([x], a) => diagonal(x, a),
  diag: ([x]) => diag(x),
  diag_embed: ([x]) => diagEmbed(x),
  trace: ([x]) => trace(x),
  tril: ([x], a) => tril(x, a),
  triu: ([x], a) => triu(x, a),
  split: ([x], a) => split(x, a.split_size, a.dim),
  chunk: ([x], { chunks, dim }) => chunk(x, chunks, dim),
  unbind: ([x], { dim }) => unbind(x, dim),
  cat: (xs, { dim }) => cat(xs, dim),
  stack: (xs, { dim }) => stack(xs, dim),
  kron: ([a, b]) => kron(a, b),
  pad: ([x], { pad: widths, value }) => pad(x, widths, { value }),
  pad_reflect: ([x], { pad: widths }) => pad(x, widths, { mode: 'reflect' }),
  pad_replicate: ([x], { pad: widths }) => pad(x, widths, { mode: 'replicate' }),
  pad_circular: ([x], { pad: widths }) => pad(x, widths, { mode: 'circular' }),
};

for (const [title, c, build] of casesOf(table)) test(title, (t) => t.deepEqual(checkCase(c, build), []));

// --- what the affine form promises -----------------------------------------------------------------------------------------------

const float = (shape: Shape): Node => input({ shape, dtype: 'float64' });
const counting = (shape: Shape): number[] => Array.from({ length: numel(shape) }, (_, i) => i + 1);

/** The value of a function of one tensor that holds 1, 2, 3, ... */
const ofCounting = (shape: Shape, f: (x: Node) => Node): number[] => {
  const x = float(shape);
  return evaluate([x], [f(x)], [counting(shape)])[0];
};

test('the adjoint of any affine view adds up what was read from each element', (t) => {
  const random = makeRandom(7).next;
  const below = (n: number): number => Math.floor(random() * n);
  for (let round = 0; round < 300; round++) {
    const inShape = Array.from({ length: 1 + below(3) }, () => 1 + below(5));
    const outShape = Array.from({ length: 1 + below(4) }, () => 1 + below(4));
    const axes = inShape.map((): AxisMap => {
      const terms = outShape.flatMap((_, a) =>
        random() < 0.45 ? [[a, [1, 1, -1, 2, -2, 3][below(6)]] as const] : [],
      );
      const offset = below(7) - 3;
      return random() < 0.25 ? { offset, terms, div: 2 + below(2) } : { offset, terms };
    });
    const x = float(inShape);
    const y = affineView(affine, x, outShape, axes, 0);
    const g = float(outShape);
    const [dx] = differentiate([y], [g], [x], add);
    const values = counting(outShape).map((i) => 2 ** (i % 20) + i);
    const want = new Array<number>(numel(inShape)).fill(0);
    const strides = stridesOf(inShape);
    values.forEach((value, flat) => {
      const index = stridesOf(outShape).map((stride, a) => Math.floor(flat / stride) % outShape[a]);
      const place = readIndex({ tag: 'affine', axes, fill: 0 }, inShape, outShape, index);
      if (place) want[place.reduce((sum, i, k) => sum + i * strides[k], 0)] += value;
    });
    t.deepEqual(evaluate([g], [dx!], [values])[0], want, JSON.stringify({ inShape, outShape, axes }));
  }
});

test('windows read every window, and foldWindows is their adjoint', (t) => {
  for (const [shape, kernel, options] of [
    [[1, 5], [3], {}],
    [[2, 5, 6], [2, 3], { stride: [2, 1], padding: [1, 2] }],
    [[1, 1, 7, 7], [3, 3], { stride: 2, dilation: 2, padding: 2, fill: -1 }],
    [[6], [4], { stride: 3, padding: [[0, 4]] }],
    [[4, 4], [1, 1], { stride: 3 }],
    [[8], [2], { stride: 4 }],
  ] as [Shape, number[], WindowOptions][]) {
    const x = float(shape);
    const y = windows(x, kernel, options);
    const g = float(y.type.shape);
    const [dx] = differentiate([y], [g], [x], add);
    const folded = foldWindows(g, shape.slice(-kernel.length), kernel, options);
    const values = counting(y.type.shape);
    const [a, b] = evaluate([g], [dx!, folded], [values]);
    t.deepEqual(a, b);
    // <windows(x), g> without what is read outside = <x, fold(g)>
    const inside = evaluate([x], [windows(x, kernel, { ...options, fill: 0 })], [counting(shape)])[0];
    const dot = (p: readonly number[], q: readonly number[]): number =>
      p.reduce((sum, v, i) => sum + v * q[i], 0);
    t.is(dot(inside, values), dot(counting(shape), a));
  }
  t.deepEqual(
    ofCounting([5], (x) => windows(x, [3], { padding: 1, stride: 2, fill: 9 })),
    [9, 1, 2, 2, 3, 4, 4, 5, 9],
  );
});

const chains: Readonly<Record<string, readonly [Shape, (x: Node) => Node, views: number]>> = {
  'permute of permute': [[2, 3, 4], (x) => permute(permute(x, [2, 0, 1]), [1, 2, 0]), 0],
  'reshape of reshape': [[2, 6], (x) => reshape(reshape(x, [4, 3]), [3, 4]), 1],
  'reshape back': [[2, 6], (x) => reshape(reshape(x, [4, 3]), [2, 6]), 0],
  'reshape of squeeze': [[2, 1, 6], (x) => reshape(squeeze(x), [3, 4]), 1],
  'slice of pad': [[3, 4], (x) => slice(pad(x, [1, 1]), 1, 1, 5), 0],
  'pad of pad': [[3], (x) => pad(pad(x, [1, 1]), [2, 0]), 1],
  'pad of flip of transpose': [[2, 3], (x) => pad(flip(transpose(x, 0, 1), 0), [1, 1, 0, 2]), 1],
  'pad of a slice': [[6], (x) => pad(slice(x, 0, 2, 4), [1, 1]), 2],
  'pads of two fills': [[3], (x) => pad(pad(x, [1, 1], { value: 5 }), [1, 1]), 2],
  'slice of slice with steps': [[20], (x) => slice(slice(x, 0, 1, null, 2), 0, 0, null, 3), 1],
  'windows of pad': [[6], (x) => windows(pad(x, [2, 2]), [3], { stride: 2 }), 1],
  'select of expand of unsqueeze': [[3], (x) => select(expand(unsqueeze(x, 0), [4, 3]), 0, 2), 0],
  'diagonal of diagEmbed': [[4], (x) => diagonal(diagEmbed(x)), 0],
  'slice of a cat': [[4], (x) => slice(cat([flip(x, 0), x, x]), 0, 5, 7), 1],
  'select of a stack': [[4], (x) => select(stack([flip(x, 0), x], 1), 1, 1), 0],
  'slice across the parts of a cat': [[4], (x) => slice(cat([x, x]), 0, 3, 6), NaN],
};

for (const [name, [shape, f, views]] of Object.entries(chains))
  test(`${name} simplifies to ${Number.isNaN(views) ? 'the same values' : `${views} view(s)`}`, (t) => {
    const x = float(shape);
    const graph = makeGraph([x], [f(x)]);
    const simple = simplify(graph, {
      rules: viewAndReduceRules,
      makeConstant: (v, { dtype, shape: s }) => constant(v, dtype, s),
      makeExpand: expand,
    });
    t.deepEqual(Array.from(interpret(simple, [counting(shape)])[0]), ofCounting(shape, f));
    if (!Number.isNaN(views)) t.is(simple.nodes.length - 1, views, printGraph(simple));
  });

test('random chains of views keep their values when they are simplified', (t) => {
  const random = makeRandom(11).next;
  const below = (n: number): number => Math.floor(random() * n);
  const step = (x: Node): Node => {
    const { shape } = x.type;
    const d = below(shape.length);
    const kinds: (() => Node)[] = [
      () => transpose(x, d, below(shape.length)),
      () => flip(x, d),
      () => slice(x, d, below(shape[d]), shape[d] - below(2), 1 + below(2)),
      () => pad(x, [below(3), below(3)], { value: below(2) }),
      () => (shape.length < 4 ? unsqueeze(x, d) : x),
      () => (shape.length < 4 && shape[d] > 1 ? unfold(x, d, 2, 1 + below(2)) : x),
      () => reshape(x, [numel(shape)]),
      () => (numel(shape) % 2 === 0 ? reshape(x, [2, numel(shape) / 2]) : x),
      () =>
        shape[d] === 1
          ? expand(
              x,
              shape.map((s, i) => (i === d ? 3 : s)),
            )
          : x,
      () => (shape.length > 1 ? select(x, d, below(shape[d])) : x),
      () => cat([x, x], d),
      () => (shape.length > 1 ? diagonal(x) : diagEmbed(x)),
      () => roll(x, 1, d),
      () => windows(x, [Math.min(2, shape[shape.length - 1])], { stride: 1 + below(2), padding: below(2) }),
    ];
    const next = kinds[below(kinds.length)]();
    return numel(next.type.shape) > 200 || numel(next.type.shape) === 0 || next.type.shape.length > 5
      ? x
      : next;
  };
  for (let round = 0; round < 200; round++) {
    const x = float([2, 3]);
    let y = x;
    for (let i = 0; i < 6; i++) y = step(y);
    const g = float(y.type.shape);
    const [dx] = differentiate([y], [g], [x], add);
    const graph = makeGraph([x, g], [y, dx ?? x]);
    const simple = simplify(graph, {
      rules: viewAndReduceRules,
      makeConstant: (v, { dtype, shape: s }) => constant(v, dtype, s),
      makeExpand: expand,
    });
    const arrays = [counting([2, 3]), counting(y.type.shape)];
    t.deepEqual(
      interpret(simple, arrays),
      interpret(graph, arrays),
      `${round}\n${printGraph(graph)}\n${printGraph(simple)}`,
    );
  }
});

test('cat keeps -0, NaN and infinities as they are', (t) => {
  const parts = [[-0, NaN], [Infinity], [-Infinity, -0, 1e-320]];
  const xs = parts.map((p) => float([p.length]));
  t.deepEqual(evaluate(xs, [cat(xs)], parts)[0], parts.flat());
});

test('cat of many parts asks a number of questions that grows with the logarithm', (t) => {
  const xs = Array.from({ length: 64 }, () => float([1]));
  const graph = expandComposites(makeGraph(xs, [cat(xs)]));
  t.deepEqual(
    Array.from(
      interpret(
        graph,
        xs.map((_, i) => [i]),
      )[0],
    ),
    xs.map((_, i) => i),
  );
  const depth = new Map<Node, number>();
  for (const n of graph.nodes)
    depth.set(n, Math.max(0, ...n.inputs.map((i) => depth.get(i)!)) + (n.op.name === 'where' ? 1 : 0));
  t.is(depth.get(graph.outputs[0]), 6);
});

test('cat promotes dtypes and skips empty vectors', (t) => {
  const parts = [
    input({ shape: [1, 2], dtype: 'int32' }),
    float([0]),
    input({ shape: [1, 2], dtype: 'float32' }),
  ];
  const y = cat(parts, -1);
  t.deepEqual(y.type, { shape: [1, 4], dtype: 'float32' });
  t.deepEqual(evaluate(parts, [y], [[1, 2], [], [3.5, 4]])[0], [1, 2, 3.5, 4]);
});

const values: Readonly<Record<string, readonly [Shape, (x: Node) => Node, readonly number[]]>> = {
  'slice with negative bounds': [[6], (x) => slice(x, 0, -3, -1), [4, 5]],
  'slice with a step': [[7], (x) => slice(x, 0, 1, null, 3), [2, 5]],
  'slice out of range is empty': [[3], (x) => slice(x, 0, 5, 9), []],
  'tile of a vector': [[2], (x) => tile(x, [2, 2]), [1, 2, 1, 2, 1, 2, 1, 2]],
  'repeatInterleave of all': [[2, 2], (x) => repeatInterleave(x, 2), [1, 1, 2, 2, 3, 3, 4, 4]],
  'roll of everything': [[2, 2], (x) => roll(x, 1), [4, 1, 2, 3]],
  'rot90 twice': [[2, 2], (x) => rot90(x, 2), [4, 3, 2, 1]],
  'rot90 three times': [[2, 3], (x) => rot90(x, 3), [4, 1, 5, 2, 6, 3]],
  'rot90 backwards is rot90 three times': [[2, 3], (x) => rot90(x, -1), [4, 1, 5, 2, 6, 3]],
  'diag below': [[2], (x) => diag(x, -1), [0, 0, 0, 1, 0, 0, 0, 2, 0]],
  'diagonal above': [[2, 3], (x) => diagonal(x, 1), [2, 6]],
  'diagonal outside is empty': [[2, 2], (x) => diagonal(x, 5), []],
  'tril of a wide matrix': [[2, 3], (x) => tril(x, -1), [0, 0, 0, 4, 0, 0]],
  'triu of a batch': [[2, 2, 2], (x) => triu(x), [1, 2, 0, 4, 5, 6, 0, 8]],
  'trace of a tall matrix': [[3, 2], (x) => trace(x), [5]],
  'vstack of vectors': [[2], (x) => vstack([x, x]), [1, 2, 1, 2]],
  'hstack of matrices': [[2, 1], (x) => hstack([x, x]), [1, 1, 2, 2]],
  'columnStack of vectors': [[2], (x) => columnStack([x, x]), [1, 1, 2, 2]],
  'blockDiag of a matrix and a scalar': [
    [1, 2],
    (x) => blockDiag(x, reshape(slice(x, 1, 0, 1), [])),
    [1, 2, 0, 0, 0, 1],
  ],
  'meshgrid xy': [
    [2],
    (x) => stack(meshgrid([x, pad(x, [0, 1])], { indexing: 'xy' })),
    [1, 2, 1, 2, 1, 2, 1, 1, 2, 2, 0, 0],
  ],
  cartesianProd: [[2], (x) => cartesianProd(x, x), [1, 1, 1, 2, 2, 1, 2, 2]],
  'negative padding crops': [[5], (x) => pad(x, [-1, -2]), [2, 3]],
  'circular crop and pad': [[1, 4], (x) => pad(x, [-1, 2], { mode: 'circular' }), [2, 3, 4, 2, 3]],
  'reflect in two dimensions': [
    [1, 2, 2],
    (x) => pad(x, [1, 0, 0, 1], { mode: 'reflect' }),
    [2, 1, 2, 4, 3, 4, 2, 1, 2],
  ],
  'unflatten with -1': [[6], (x) => reshape(unflatten(x, 0, [2, -1]), [6]), [1, 2, 3, 4, 5, 6]],
  sliceScatter: [
    [4],
    (x) => sliceScatter(x, constant(9, 'float64', [2]), { start: 1, step: 2 }),
    [1, 9, 3, 9],
  ],
  selectScatter: [[2, 2], (x) => selectScatter(x, constant(9, 'float64', [2]), 1, -1), [1, 9, 3, 9]],
  diagonalScatter: [[2, 2], (x) => diagonalScatter(x, constant(9, 'float64', [2])), [9, 2, 3, 9]],
  'tensorSplit into uneven parts': [[5], (x) => tensorSplit(x, 3)[1], [3, 4]],
  'tensorSplit at indices': [[5], (x) => tensorSplit(x, [1, 3])[1], [2, 3]],
  'chunk gives smaller last parts': [[5], (x) => chunk(x, 3)[2], [5]],
  'unbind of the last dimension': [[2, 2], (x) => unbind(x, -1)[1], [2, 4]],
  'expand of a scalar': [[], (x) => expand(x, [2]), [1, 1]],
  'unfold of a scalar': [[], (x) => unfold(x, 0, 1, 1), [1]],
  'movedim of two': [[1, 2, 3], (x) => movedim(x, [0, 1], [2, 0]), [1, 2, 3, 4, 5, 6]],
};
for (const [name, [shape, f, want]] of Object.entries(values))
  test(name, (t) => t.deepEqual(ofCounting(shape, f), want));

test('writing through views of views changes the base where the last view reads', (t) => {
  const x = float([3, 4]);
  const v = slice(select(transpose(x, 0, 1), 1, 1), 0, 1, 3);
  const y = writeThrough(x, v, constant(0, 'float64'));
  t.deepEqual(evaluate([x], [y], [counting([3, 4])])[0], [1, 2, 3, 4, 5, 0, 0, 8, 9, 10, 11, 12]);
});

for (const [name, f, shapes] of [
  [
    'sliceScatter',
    ([x, y]) => sliceScatter(mul(x, x), mul(y, y), { dim: 1, start: 1 }),
    [
      [2, 3],
      [2, 2],
    ],
  ],
  ['writeThrough', ([x, y]) => writeThrough(mul(x, x), select(flip(mul(x, x), 0), 0, 0), y), [[3], []]],
  [
    'kron',
    ([x, y]) => kron(x, y),
    [
      [2, 2],
      [2, 3],
    ],
  ],
  [
    'blockDiag',
    ([x, y]) => mul(blockDiag(x, y), blockDiag(x, y)),
    [
      [2, 1],
      [1, 2],
    ],
  ],
  ['roll', ([x]) => mul(x, roll(x, [1, 2], [0, 1])), [[2, 3]]],
  ['unfold', ([x]) => mul(unfold(x, 0, 3, 2), unfold(x, 0, 3, 2)), [[7]]],
  ['asStrided', ([x]) => mul(asStrided(x, [3, 2], [1, 2], 1), 2), [[2, 3]]],
] as [string, (xs: readonly Node[]) => Node, Shape[]][])
  test(`derivatives of ${name} agree with differences`, (t) => {
    const own =
      name === 'writeThrough'
        ? ([x, y]: readonly Node[]) => {
            const b = mul(x, x);
            return writeThrough(b, select(flip(b, 0), 0, 0), y);
          }
        : f;
    t.deepEqual(
      derivativeFaults(
        own,
        shapes.map((shape) => ({ shape })),
      ),
      [],
    );
  });

const refusals: Readonly<Record<string, readonly [() => unknown, string]>> = {
  view_size: [() => view(float([3]), [4]), "shape '[4]' is invalid for input of size 3"],
  reshape_size: [() => reshape(float([3]), [2, -1]), "shape '[2, -1]' is invalid for input of size 3"],
  two_unknown: [() => view(float([4]), [-1, -1]), 'only one dimension can be inferred'],
  cat_sizes: [
    () => cat([float([2, 3]), float([2, 4])]),
    'Sizes of tensors must match except in dimension 0. Expected size 3 but got size 4 for tensor number 1 in the list.',
  ],
  cat_dims: [
    () => cat([float([2, 3]), float([2])]),
    'Tensors must have same number of dimensions: got 2 and 1',
  ],
  cat_empty: [() => cat([]), 'torch.cat(): expected a non-empty list of Tensors'],
  stack_sizes: [
    () => stack([float([2]), float([3])]),
    'stack expects each tensor to be equal size, but got [2] at entry 0 and [3] at entry 1',
  ],
  expand_size: [
    () => expand(float([3]), [4]),
    'The expanded size of the tensor (4) must match the existing size (3) at non-singleton dimension 0.  Target sizes: [4].  Tensor sizes: [3]',
  ],
  permute_dims: [
    () => permute(float([2, 3]), [0]),
    'permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired ordering of dimensions i.e. input.dim() = 2 is not equal to len(dims) = 1',
  ],
  transpose_range: [
    () => transpose(float([2, 3]), 0, 2),
    'Dimension out of range (expected to be in range of [-2, 1], but got 2)',
  ],
  squeeze_range: [
    () => squeeze(float([2]), 3),
    'Dimension out of range (expected to be in range of [-1, 0], but got 3)',
  ],
  split: [() => split(float([4]), [1, 2]), 'split_with_sizes expects split_sizes to sum exactly to 4'],
  narrow: [() => narrow(float([4]), 0, 1, 5), 'start (1) + length (5) exceeds dimension size (4).'],
};
for (const [name, [f, message]] of Object.entries(refusals))
  test(`${name} is refused in PyTorch's words`, (t) => {
    const error = t.throws(f, { any: true }) as Error;
    t.true(error.message.startsWith(message), error.message);
  });

for (const [name, f, shape] of [
  ['select', (x) => select(x, 1, 0), [0, 2]],
  ['slice', (x) => slice(x, 0, 0, 0), [3, 2]],
  ['expand', (x) => expand(x, [2, 0]), [1]],
  ['diagonal', (x) => diagonal(x), [0, 3]],
  ['pad', (x) => pad(x, [1, 1]), [0]],
  ['windows', (x) => windows(x, [2], { padding: 1 }), [0, 3]],
  ['cat', (x) => cat([x, x], 1), [2, 0]],
  ['split', (x) => split(x, 2)[0], [0, 2]],
  ['roll', (x) => roll(x, 1), [0]],
  ['repeat', (x) => repeat(x, [0, 2]), [2]],
] as [string, (x: Node) => Node, Shape][])
  test(`${name} of or to nothing has a gradient of zeros`, (t) => {
    const x = float(shape);
    const y = f(x);
    const [dx] = differentiate([y], [constant(1, 'float64', y.type.shape)], [x], add);
    const [value, gradient] = evaluate([x], [y, dx!], [counting(shape)]);
    t.is(value.length, numel(y.type.shape));
    t.is(gradient.length, numel(shape));
    t.true(name === 'pad' || gradient.every((g) => g === 0));
  });

test('border padding is named by the number of dimensions it was given', (t) => {
  t.is(gradNameOf(pad(float([1, 2, 3]), [1, 0, 0, 0], { mode: 'reflect' })), 'ReflectionPad2DBackward0');
  t.is(gradNameOf(pad(float([1, 3]), [0, 0], { mode: 'replicate' })), 'ReplicationPad1DBackward0');
});
