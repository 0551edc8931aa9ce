// Compiled programs compute what the interpreter computes. First on random graphs with their gradients, then on tables: every size
// around the tiles of contractions, convolutions, reductions along each axis, views, indices, integers, sizes of 0.

import test from 'ava';
import type { ExecutionContext } from 'ava';

import type { DType } from '../compiler/dtype.ts';
import { differentiate } from '../compiler/differentiate.ts';
import { isFloat } from '../compiler/dtype.ts';
import { makeGraph } from '../compiler/graph.ts';
import type { Node } from '../compiler/node.ts';
import type { Shape } from '../compiler/shape.ts';
import { contract } from '../ops/contract.ts';
import { cast } from '../ops/cast.ts';
import {
  add,
  all,
  amax,
  amin,
  any,
  argmax,
  argmin,
  avgPool2d,
  bitwiseAnd,
  bitwiseLeftShift,
  bitwiseNot,
  bitwiseOr,
  bitwiseRightShift,
  bitwiseXor,
  cat,
  conv1d,
  conv2d,
  convTranspose1d,
  convTranspose2d,
  diagonal,
  div,
  eq,
  exp,
  expand,
  flip,
  floor,
  gather,
  gelu,
  ge,
  gt,
  indexAdd,
  indexSelect,
  isinf,
  layerNorm,
  le,
  logSoftmax,
  logicalAnd,
  logicalNot,
  logicalOr,
  logicalXor,
  lt,
  matmul,
  maximum,
  mean,
  mul,
  narrow,
  ne,
  neg,
  pad,
  permute,
  prod,
  relu,
  remainder,
  reshape,
  round,
  scatter,
  scatterAdd,
  slice,
  softmax,
  sub,
  sum,
  take,
  transpose,
  where,
} from '../ops/index.ts';
import { constant, input, iota, onesLike } from '../ops/source.ts';
import { disagreement, nodesDisagree } from './helpers/agree.ts';
import { compileNodes } from './helpers/compile.ts';
import { gradientsOf } from './helpers/gradcheck.ts';
import { describe, randomGraph } from './helpers/randomGraph.ts';
import type { RandomGraphOptions } from './helpers/randomGraph.ts';

const x = (shape: Shape, dtype: DType = 'float64'): Node => input({ shape, dtype });

/** Outputs, and the gradients of the sum of all floating ones. */
function withGradients(inputs: readonly Node[], outputs: readonly Node[]): Node[] {
  const floats = outputs.filter((o) => isFloat(o.type.dtype));
  const found = differentiate(
    floats,
    floats.map(onesLike),
    inputs.filter((n) => isFloat(n.type.dtype)),
    add,
  );
  return [...outputs, ...found.filter((g) => g !== null)];
}

/** Fails with all that is wrong. */
function same(t: ExecutionContext, cases: Iterable<readonly [name: string, fault: string | null]>): void {
  const faults = [...cases].filter(([, fault]) => fault !== null).map(([name, fault]) => `${name}: ${fault}`);
  t.deepEqual(faults.slice(0, 5), []);
}

/** Cases of a function of inputs: its values and gradients, exactly (small whole numbers) or nearly. */
const check = (
  name: string,
  inputs: readonly Node[],
  outputs: readonly Node[],
  exact = false,
): [string, string | null] => [name, nodesDisagree(inputs, withGradients(inputs, outputs), exact)];

// --- random graphs -------------------------------------------------------------------------------------------------------------

function randomGraphs(t: ExecutionContext, from: number, to: number, options: RandomGraphOptions): void {
  for (let seed = from; seed < to; seed++) {
    const g = randomGraph(seed, options);
    const gradients = gradientsOf(g, seed).graph;
    const graph = makeGraph(gradients.inputs, [...g.outputs, ...gradients.outputs]);
    const fault = disagreement(graph, gradients.arrays);
    if (fault) return t.fail(`${fault}\n${JSON.stringify(options)} ${describe(g)}`);
  }
  t.pass();
}

test('random graphs and their gradients in float64', (t) => randomGraphs(t, 0, 400, { size: 8 }));
test('random graphs and their gradients in float32', (t) =>
  randomGraphs(t, 10_000, 10_250, { size: 8, floats: ['float32'] }));
test('random graphs of mixed dtypes', (t) =>
  randomGraphs(t, 20_000, 20_100, { size: 10, floats: ['float32', 'float64'] }));
test('deep random graphs', (t) => randomGraphs(t, 30_000, 30_030, { size: 25 }));
test('random graphs with loops that are not unrolled', (t) => {
  randomGraphs(t, 40_000, 40_070, { size: 8, extents: [1, 3, 5, 9, 17] });
  randomGraphs(t, 50_000, 50_070, { size: 8, extents: [2, 4, 8, 12, 33], floats: ['float32'] });
});

// --- contractions --------------------------------------------------------------------------------------------------------------

const sizes = [0, 1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 33];
/** Sizes where tiles, rests of tiles and plain loops meet. */
const corners = [1, 3, 4, 5, 8, 17];

/** A matrix, or the transpose of one. */
function matrix(rows: number, columns: number, transposed: boolean): [Node, Node] {
  const stored = x(transposed ? [columns, rows] : [rows, columns]);
  return [stored, transposed ? transpose(stored, 0, 1) : stored];
}

test('matrix products of all sizes around the tiles', (t) =>
  same(
    t,
    sizes.flatMap((m) =>
      sizes.map((n): [string, string | null] => {
        // all inner sizes in one program
        const pairs = sizes.map((k) => [x([m, k]), x([k, n])]);
        const outputs = pairs.map(([a, b]) => matmul(a, b));
        return [`[${m}, k] by [k, ${n}]`, nodesDisagree(pairs.flat(), outputs, true)];
      }),
    ),
  ));

test('matrix products with transposed operands', (t) =>
  same(
    t,
    corners.flatMap((m) =>
      corners.map((n): [string, string | null] => {
        const products = corners.flatMap((k) =>
          [true, false].flatMap((ta) => [true, false].map((tb) => [matrix(m, k, ta), matrix(k, n, tb)])),
        );
        const inputs = products.flatMap(([[a], [b]]) => [a, b]);
        return [
          `[${m}, k] by [k, ${n}]`,
          nodesDisagree(
            inputs,
            products.map(([[, a], [, b]]) => matmul(a, b)),
            true,
          ),
        ];
      }),
    ),
  ));

test('gradients of matrix products', (t) =>
  same(
    t,
    corners.flatMap((m) =>
      corners.map((n) => {
        const pairs = corners.map((k) => [x([m, k]), x([k, n])]);
        return check(
          `[${m}, k] by [k, ${n}]`,
          pairs.flat(),
          pairs.map(([a, b]) => matmul(a, b)),
          true,
        );
      }),
    ),
  ));

const batches: readonly (readonly [Shape, Shape])[] = [
  [[3], [3]],
  [[3], []],
  [[], [3]],
  [[1], [4]],
  [[4], [1]],
  [
    [2, 3],
    [2, 3],
  ],
  [[2, 1], [3]],
  [[0], [1]],
];
test('batched matrix products and broadcast batches', (t) =>
  same(
    t,
    batches.flatMap(([left, right]) =>
      [
        [2, 3, 4],
        [5, 9, 8],
        [1, 17, 9],
        [8, 1, 16],
        [3, 0, 2],
      ].map(([m, k, n]) => {
        const [a, b] = [x([...left, m, k]), x([...right, k, n])];
        return check(`[${left}; ${m}, ${k}] by [${right}; ${k}, ${n}]`, [a, b], [matmul(a, b)], true);
      }),
    ),
  ));

test('products of vectors, and of vectors with matrices', (t) =>
  same(
    t,
    sizes.flatMap((k) => {
      const [v, w, a, b] = [x([k]), x([k]), x([9, k]), x([k, 9])];
      return [check(`size ${k}`, [v, w, a, b], [matmul(v, w), matmul(a, v), matmul(v, b)], true)];
    }),
  ));

const layouts = ['ij', 'ji'];
test('contractions over several axes in every order of the operands', (t) => {
  const size: Readonly<Record<string, number>> = { i: 5, j: 9, k: 3, l: 4, m: 8 };
  const shape = (labels: string): number[] => Array.from(labels, (c) => size[c]);
  const specs = ['ikl', 'kil', 'lki'].flatMap((a) =>
    ['klj', 'jkl', 'ljk', 'ljmk'].flatMap((b) =>
      layouts.map((out) => ({ a, b, out: b.includes('m') ? `${out}m` : out })),
    ),
  );
  same(
    t,
    specs.map((spec) => {
      const [a, b] = [x(shape(spec.a)), x(shape(spec.b))];
      return check(`${spec.a},${spec.b}->${spec.out}`, [a, b], [contract(a, b, spec)], true);
    }),
  );
});

test('contractions of operands that are seen through slices, flips and broadcasts', (t) => {
  const [a, b, v] = [x([12, 18]), x([18, 20]), x([18])];
  same(t, [
    check('slices', [a, b], [matmul(slice(a, 0, 1, 12, 2), slice(b, 1, 3, 19))], true),
    check('flips', [a, b], [matmul(flip(a, 1), flip(b, [0, 1]))], true),
    check('a broadcast', [a, v], [matmul(a, expand(reshape(v, [18, 1]), [18, 9]))], true),
    check('a padded operand', [a, b], [matmul(pad(a, [0, 0, 1, 2]), pad(b, [2, 1]))], true),
    check('itself', [a], [matmul(a, transpose(a, 0, 1))], true),
    check('reshaped heads', [a, b], [matmul(permute(reshape(a, [3, 4, 18]), [1, 0, 2]), b)], true),
  ]);
});

test('what follows a contraction sees its rows and columns', (t) => {
  same(
    t,
    [
      [5, 3, 9],
      [4, 4, 8],
      [3, 7, 2],
      [17, 5, 33],
    ].flatMap(([m, k, n]) => {
      const [a, b, bias, rows, other] = [x([m, k]), x([k, n]), x([n]), x([m, 1]), x([m, n])];
      const y = matmul(a, b);
      return [
        check('bias and relu', [a, b, bias], [relu(add(y, bias))], true),
        check('rows and a residual', [a, b, rows, other], [add(mul(y, rows), other)], true),
        check(
          'a mask of positions',
          [a, b],
          [where(ge(iota([m, 1], 0, 'int32'), iota([n], 0, 'int32')), y, 0)],
          true,
        ),
        check('a transposed reader', [a, b], [mul(transpose(y, 0, 1), 2)], true),
        check('sums of rows and columns', [a, b], [sum(relu(y), 0), sum(relu(y), 1), sum(y)], true),
        check('two readers', [a, b, bias], [add(y, bias), mul(y, 2), y], true),
      ];
    }),
  );
});

// --- convolutions and pools ----------------------------------------------------------------------------------------------------

test('convolutions of all strides, paddings, dilations and groups', (t) => {
  const cases: [string, string | null][] = [];
  for (const stride of [1, 2])
    for (const padding of [0, 1, 2])
      for (const dilation of [1, 2])
        for (const groups of [1, 2]) {
          const options = { stride, padding, dilation, groups };
          const [image, w2, bias] = [x([2, 4, 9, 8]), x([6, 4 / groups, 3, 2]), x([6])];
          const [line, w1] = [x([3, 4, 11]), x([2, 4 / groups, 3])];
          const name = JSON.stringify(options);
          cases.push(check(`conv2d ${name}`, [image, w2, bias], [conv2d(image, w2, bias, options)], true));
          cases.push(check(`conv1d ${name}`, [line, w1], [conv1d(line, w1, null, options)], true));
        }
  same(t, cases);
});

test('transposed convolutions, pools and windows that share elements', (t) => {
  const [image, w2, line, w1] = [x([2, 4, 5, 6]), x([4, 3, 3, 2]), x([2, 4, 7]), x([4, 2, 3])];
  same(t, [
    check(
      'convTranspose2d',
      [image, w2],
      [convTranspose2d(image, w2, null, { stride: 2, padding: 1 })],
      true,
    ),
    check('convTranspose1d', [line, w1], [convTranspose1d(line, w1, null, { stride: 3, groups: 2 })], true),
    check('avgPool2d', [image], [avgPool2d(image, 2)], true),
    check('avgPool2d with overlaps', [image], [avgPool2d(image, 3, { stride: 2, padding: 1 })]),
  ]);
});

// --- reductions ----------------------------------------------------------------------------------------------------------------

test('reductions over each set of axes', (t) => {
  const axes = [[0], [1], [2], [0, 1], [1, 2], [0, 2], [0, 1, 2]];
  same(
    t,
    [
      [3, 4, 5],
      [9, 1, 33],
      [2, 40, 7],
    ].flatMap((shape) =>
      axes.flatMap((dims) =>
        [false, true].flatMap((keep) => {
          const y = x(shape);
          const name = `[${shape}] over ${dims}`;
          return [
            check(`sum ${name}`, [y], [sum(y, dims, keep)], true),
            check(`extremes ${name}`, [y], [amax(y, dims, keep), amin(y, dims, keep)], true),
            check(`mean and product ${name}`, [y], [mean(y, dims, keep), prod(y, dims, keep)]),
          ];
        }),
      ),
    ),
  );
});

test('softmax and its relatives along each axis', (t) =>
  same(
    t,
    [0, 1, 2].flatMap((dim) =>
      [
        [3, 4, 5],
        [2, 33, 9],
      ].map((shape) => {
        const y = x(shape);
        const weights = x(shape);
        const outputs = [softmax(y, dim), mul(logSoftmax(y, dim), weights)];
        return check(`[${shape}] along ${dim}`, [y, weights], outputs);
      }),
    ),
  ));

test('the place of an extreme is that of the first, and NaN is above all', (t) => {
  const values = [1, 5, 5, -1, NaN, 7, NaN, 2, -3, -3, 0, -0, Infinity, 2, Infinity, -Infinity, 4, 4];
  same(
    t,
    [[18], [3, 6], [6, 3], [2, 3, 3]].flatMap((shape) => {
      const y = x(shape);
      const dims = [null, ...shape.map((_, i) => i)];
      return dims.map((dim): [string, string | null] => [
        `[${shape}] along ${dim}`,
        disagreement(makeGraph([y], [argmax(y, dim), argmin(y, dim), argmax(neg(y), dim)]), [values], {
          exact: true,
        }),
      ]);
    }),
  );
});

test('column sums, row sums and a total of one matrix', (t) =>
  same(
    t,
    [
      [1, 1],
      [5, 3],
      [40, 33],
      [3, 300],
      [300, 3],
    ].map(([n, m]) => {
      const y = x([n, m]);
      return check(`[${n}, ${m}]`, [y], [sum(y, 0), sum(y, 1), sum(y), amax(y), mul(y, 2)], true);
    }),
  ));

test('layerNorm with all gradients', (t) =>
  same(
    t,
    [
      [2, 3],
      [7, 33],
      [1, 8],
    ].map(([n, m]) => {
      const [y, weight, bias, g] = [x([n, m]), x([m]), x([m]), x([n, m])];
      return check(`[${n}, ${m}]`, [y, weight, bias, g], [mul(layerNorm(y, [m], { weight, bias }), g)]);
    }),
  ));

// --- sizes of 0, scalars ---------------------------------------------------------------------------------------------------------

test('sizes of 0 and scalars', (t) => {
  const [none, rows, columns, scalar, one] = [x([0]), x([3, 0]), x([0, 3]), x([]), x([1, 1])];
  same(t, [
    check('elementwise', [none, scalar, one], [exp(none), mul(none, scalar), exp(scalar), mul(one, scalar)]),
    check(
      'sums',
      [none, rows, columns, scalar],
      [sum(none), sum(rows, 0), sum(rows, 1), sum(columns, 0), sum(scalar), prod(none)],
      true,
    ),
    check('extremes of empty lanes', [rows], [amax(rows, 0), argmax(rows, 0)], true),
    check(
      'softmax',
      [rows, columns, one],
      [softmax(rows, 0), softmax(rows, 1), softmax(columns, 0), softmax(columns, 1), softmax(one, 0)],
    ),
    check(
      'joined',
      [rows, columns],
      [cat([rows, x([3, 0])].slice(0, 1), 1), cat([columns, columns], 0), reshape(rows, [0, 7])],
    ),
    check(
      'products',
      [rows, columns, scalar],
      [matmul(rows, columns), matmul(columns, rows), mul(matmul(rows, columns), scalar)],
      true,
    ),
    check('truth', [none], [any(gt(none, 0)), all(gt(none, 0))], true),
    check('padded from nothing', [none], [pad(none, [2, 1], { value: 3 })], true),
  ]);
});

test('a graph that only returns what it is given', (t) => {
  const [a, b] = [x([3]), x([2], 'int32')];
  same(t, [
    ['inputs', nodesDisagree([a, b], [b, a], true)],
    ['one twice', nodesDisagree([a], [a, a, add(a, 0)], true)],
    [
      'constants',
      nodesDisagree([a], [constant(3, 'float64', [2, 2]), iota([2, 3], 1, 'int32', 5, -2)], true),
    ],
    ['unread inputs', nodesDisagree([a, b], [constant(1, 'bool')], true)],
  ]);
});

// --- views -----------------------------------------------------------------------------------------------------------------------

test('slices, flips, pads and reshapes of computed values', (t) => {
  const y = x([6, 10]);
  const z = exp(mul(y, 0.5));
  const views: readonly (readonly [string, (v: Node) => Node])[] = [
    ['a strided slice', (v) => slice(v, 1, 1, 10, 3)],
    ['a slice of a slice', (v) => slice(slice(v, 0, 1, 6), 0, 0, 5, 2)],
    ['a flip', (v) => flip(v, [0, 1])],
    ['a flipped slice', (v) => flip(slice(v, 1, 0, 10, 2), 1)],
    ['a pad', (v) => pad(v, [1, 2, 3, 0], { value: 7 })],
    ['a cropping pad', (v) => pad(v, [-1, 2, 1, -2])],
    ['a pad of a pad', (v) => pad(pad(v, [1, 1], { value: 2 }), [0, 1, 1, 0], { value: 3 })],
    ['a reflecting pad', (v) => pad(v, [2, 3], { mode: 'reflect' })],
    ['a reshape that mixes axes', (v) => reshape(v, [4, 15])],
    ['a reshape of a transpose', (v) => reshape(transpose(v, 0, 1), [3, 20])],
    ['a split axis', (v) => sum(reshape(v, [6, 2, 5]), 1)],
    ['a merged axis', (v) => softmax(reshape(permute(reshape(v, [3, 2, 10]), [1, 0, 2]), [6, 10]), 1)],
    ['a diagonal', (v) => diagonal(v)],
    ['a broadcast', (v) => add(expand(reshape(slice(v, 0, 0, 1), [10, 1]), [10, 4]), 1)],
    ['parts joined', (v) => cat([narrow(v, 1, 2, 3), v, flip(v, 1)], 1)],
    ['shifted differences', (v) => sub(narrow(v, 1, 1, 9), narrow(v, 1, 0, 9))],
  ];
  const v = x([16]);
  const outer = mul(reshape(v, [16, 1]), v);
  same(t, [
    check('a padded outer product, computed where it is read', [v], [add(gelu(pad(outer, [2, 0])), 1)]),
    ...views.map(([name, view]) => check(name, [y], [view(y)])),
    ...views.map(([name, view]) => check(`${name} of a computed value`, [y], [mul(view(z), 2), z])),
  ]);
});

// --- indices -----------------------------------------------------------------------------------------------------------------------

test('gathers and scatters', (t) => {
  const [data, source, columns] = [x([5, 4]), x([3, 4]), x([5, 3])];
  const [lanes, rows, flat] = [x([3, 4], 'int32'), x([6], 'int32'), x([2, 3], 'int32')];
  const inputs = [data, source, columns, lanes, rows, flat];
  const arrays = [
    Array.from({ length: 20 }, (_, i) => i - 7.5),
    Array.from({ length: 12 }, (_, i) => 0.5 * i),
    Array.from({ length: 15 }, (_, i) => 3 - i),
    [0, 1, 4, 2, 3, 3, 0, 0, 4, 1, 1, 2],
    [4, 0, 0, 3, 4, 4],
    [19, 0, 7, 7, 3, 11],
  ];
  const nought = cast(mul(exp(source), 0), 'int32');
  const outputs: Readonly<Record<string, Node>> = {
    gather: gather(data, 0, lanes),
    'gather of a computed value': mul(gather(exp(mul(data, 0.1)), 0, lanes), source),
    'gather at computed places': gather(data, 0, add(lanes, nought)),
    indexSelect: indexSelect(data, 0, rows),
    take: take(data, flat),
    scatter: scatter(data, 0, iota([3, 4], 0, 'int32'), source),
    'scatterAdd with repeats': scatterAdd(data, 0, lanes, source),
    'scatterAdd to a computed value': mul(scatterAdd(mul(data, 2), 0, lanes, exp(source)), 3),
    'indexAdd with repeats': indexAdd(data, 1, cast(gt(narrow(rows, 0, 0, 3), 0), 'int32'), columns),
  };
  same(
    t,
    Object.entries(outputs).map(([name, y]): [string, string | null] => [
      name,
      disagreement(makeGraph(inputs, withGradients(inputs, [y])), arrays),
    ]),
  );
});

// --- integers and truth --------------------------------------------------------------------------------------------------------------

test('integers wrap as they do in C', (t) => {
  const [i, j, u, v] = [x([24], 'int32'), x([24], 'int32'), x([24], 'uint8'), x([24], 'uint8')];
  const extremes = [2147483647, -2147483648, -1, 0, 1, 65537, 46341, -46341, 123456789, -987654321, 3, 7];
  const arrays = [
    [...extremes, ...extremes],
    [...extremes].reverse().concat(extremes),
    Array.from({ length: 24 }, (_, k) => (k * 37) % 256),
    Array.from({ length: 24 }, (_, k) => (k * 91 + 200) % 256),
  ];
  const outputs: Readonly<Record<string, readonly Node[]>> = {
    'int32 arithmetic': [add(i, j), sub(i, j), mul(i, j), neg(i), mul(mul(i, j), i)],
    'uint8 arithmetic': [add(u, v), sub(u, v), mul(u, v), mul(add(u, v), v), add(add(u, v), v)],
    'mixed arithmetic': [add(i, u), mul(u, -1), add(u, 300)],
    'sums and products': [
      sum(i),
      prod(narrow(i, 0, 2, 4)),
      sum(u),
      sum(cast(u, 'int32')),
      mul(sum(i), sum(j)),
    ],
    extremes: [amax(i), amin(i), amax(u), amin(u), argmax(i), argmin(u), maximum(i, j)],
    'bits of int32': [bitwiseAnd(i, j), bitwiseOr(i, j), bitwiseXor(i, j), bitwiseNot(i)],
    'bits of uint8': [bitwiseAnd(u, v), bitwiseOr(u, v), bitwiseXor(u, v), bitwiseNot(u)],
    shifts: [
      bitwiseLeftShift(i, 3),
      bitwiseRightShift(i, 5),
      bitwiseLeftShift(u, 2),
      bitwiseRightShift(u, 1),
    ],
    'comparisons after wrapping': [lt(add(i, j), i), eq(add(u, 200), v), gt(mul(i, j), 0), ne(neg(i), i)],
    'comparisons of sums': [
      lt(sum(i), 0),
      gt(reshape(i, [4, 6]), sum(reshape(j, [4, 6]), 1, true)),
      lt(matmul(i, j), 0),
    ],
    conversions: [
      cast(i, 'uint8'),
      cast(i, 'float32'),
      cast(u, 'float64'),
      cast(i, 'bool'),
      cast(cast(i, 'uint8'), 'int32'),
    ],
    quotients: [
      div(i, j),
      div(u, add(v, 1), { roundingMode: 'floor' }),
      div(i, 7, { roundingMode: 'trunc' }),
    ],
    'contractions of integers': [
      matmul(reshape(i, [4, 6]), reshape(j, [6, 4])),
      matmul(reshape(u, [4, 6]), reshape(v, [6, 4])),
    ],
  };
  same(
    t,
    Object.entries(outputs).map(([name, list]): [string, string | null] => [
      name,
      disagreement(makeGraph([i, j, u, v], list), arrays, { exact: true }),
    ]),
  );
});

test('floats become integers by truncation, after rounding to their own dtype', (t) => {
  const y = x([12], 'float32');
  const values = [0.7, -0.7, 2.5, -2.5, 3.9999999, 255.9, 300.2, -1.5, 1e9, 0, -0, 0.1];
  const outputs = [cast(y, 'int32'), cast(mul(y, 10), 'int32'), cast(mul(y, 10), 'uint8'), cast(y, 'bool')];
  same(t, [['casts', disagreement(makeGraph([y], outputs), [values], { exact: true })]]);
});

test('truth values combine, count and select', (t) => {
  const [a, b, y] = [x([5, 9], 'bool'), x([9], 'bool'), x([5, 9])];
  same(t, [
    check('logic', [a, b], [logicalAnd(a, b), logicalOr(a, b), logicalXor(a, b), logicalNot(a)], true),
    check('arithmetic', [a, b], [add(a, b), mul(a, b), add(cast(a, 'int32'), b)], true),
    check(
      'counts',
      [a],
      [sum(a), sum(a, 0), any(a, 1), all(a, 0), amax(a, 0), argmax(cast(a, 'int32'), 1)],
      true,
    ),
    check('selection', [a, b, y], [where(logicalAnd(a, b), y, 0), where(a, b, false), mul(y, a)], true),
    check(
      'chained tests',
      [y, a],
      [logicalAnd(lt(y, 1), le(y, 0)), eq(gt(y, 0), a), logicalNot(logicalNot(gt(y, 0)))],
      true,
    ),
  ]);
});

// --- rounding ------------------------------------------------------------------------------------------------------------------------

test('an element that is its row maximum stays equal to it, however it is computed', (t) => {
  const y = x([7, 33], 'float32');
  const z = exp(mul(y, 0.37));
  const isMax = eq(z, amax(z, 1, true));
  const w = x([7, 33], 'float32');
  const product = mul(z, add(w, 0.3));
  same(t, [
    check('equal in another pass', [y], [isMax, sum(isMax, 1)], true),
    check('the gradient of a maximum', [y], [amax(z, 1), amin(z, 0)]),
    check('stored meanwhile', [y], [z, sum(isMax), mul(z, 2)]),
    check('computed from what was stored', [y, w], [z, eq(product, amax(product, 1, true))]),
  ]);
});

test('steps of float32 values lie where float32 puts them', (t) => {
  const y = x([24], 'float32');
  const values = Array.from({ length: 24 }, (_, k) => k / 10);
  const tenfold = mul(y, 10);
  const outputs = [
    floor(tenfold),
    round(mul(tenfold, 0.5)),
    eq(tenfold, floor(add(tenfold, 0.5))),
    lt(tenfold, 7),
    cast(tenfold, 'int32'),
    isinf(mul(mul(y, 3e38), 2)),
    argmax(where(gt(tenfold, 5), mul(tenfold, 0.3333), 0)),
  ];
  const { built } = compileNodes([y], outputs);
  t.is(built.plan.kernels.length, 1);
  same(t, [['steps', disagreement(makeGraph([y], outputs), [values], { exact: true })]]);
});

test('a quotient by one number for all is whole where it should be', (t) => {
  const [y, divisor] = [x([64], 'float32'), x([], 'float32')];
  const outputs = [
    div(y, divisor, { roundingMode: 'trunc' }),
    div(y, divisor, { roundingMode: 'floor' }),
    floor(div(y, divisor)),
    eq(div(y, divisor), 1),
    remainder(y, divisor),
  ];
  const graph = makeGraph([y, divisor], outputs);
  same(
    t,
    [3, 7, 41, 49, 0.1, -3, 0, Infinity].map((d): [string, string | null] => {
      const values = Array.from({ length: 64 }, (_, n) => (n - 20) * (Number.isFinite(d) ? d : 1));
      return [`by ${d}`, disagreement(graph, [values, [d]], { exact: true })];
    }),
  );
});
