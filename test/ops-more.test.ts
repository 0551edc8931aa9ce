// Operators beyond op-cases.json: derivatives against finite differences to the second order (values and first derivatives against PyTorch are
// in oracle.test.ts, from more-cases.json), what defines their results, and their errors.

import test from 'ava';
import * as g from '../index.ts';
import type { Node } from '../compiler/node.ts';
import * as ops from '../ops/index.ts';
import { constant } from '../ops/source.ts';
import { derivativeFaults } from './helpers/numeric.ts';
import type { Point } from './helpers/numeric.ts';

const square = [2.1, 0.3, -0.7, 0.4, 1.6, 0.2, -0.5, 0.9, 1.8];
const tall = [1.2, 0.3, -0.7, 1.4, 0.2, 0.9, -1.1, 0.5];
const grid = [-0.63, 0.21, 0.44, -0.87, 0.93, 0.35, -0.15, -0.42];
const whole = (values: readonly number[], shape: readonly number[] = [values.length]): Node =>
  ops.reshape(ops.stack(values.map((v) => constant(v, 'int32'))), shape);

const smooth: Readonly<Record<string, readonly [(xs: readonly Node[]) => Node, readonly Point[]]>> = {
  'luFactor, square': [([x]) => ops.luFactor(x)[0], [{ shape: [3, 3], data: square }]],
  'luFactor, wide': [([x]) => ops.luFactor(x)[0], [{ shape: [2, 4], data: tall }]],
  'luFactor, tall': [([x]) => ops.luFactor(x)[0], [{ shape: [4, 2], data: tall }]],
  'l of lu': [([x]) => ops.lu(x)[1], [{ shape: [4, 2], data: tall }]],
  'u of lu': [([x]) => ops.lu(x)[2], [{ shape: [2, 4], data: tall }]],
  luSolve: [
    ([a, b]) => ops.luSolve(ops.luFactor(a)[0], whole([1, 2, 3]), b),
    [
      { shape: [3, 3], data: square },
      { shape: [3, 1], data: [1, 2, 3] },
    ],
  ],
  'lstsq, tall': [
    ([a, b]) => ops.lstsq(a, b)[0],
    [
      { shape: [4, 2], data: tall },
      { shape: [4], data: [1, -1, 2, 0.5] },
    ],
  ],
  'residuals of lstsq': [
    ([a, b]) => ops.lstsq(a, b, { driver: 'gels' })[1],
    [
      { shape: [4, 2], data: tall },
      { shape: [4, 1], data: [1, -1, 2, 0.5] },
    ],
  ],
  ...Object.fromEntries(
    (['bilinear', 'bicubic'] as const).flatMap((mode) =>
      (['zeros', 'border', 'reflection'] as const).map((paddingMode) => [
        `gridSample, ${mode}, ${paddingMode}`,
        [
          ([x, at]: readonly Node[]) => ops.gridSample(x, at, { mode, paddingMode }),
          [{ shape: [1, 2, 3, 4] }, { shape: [1, 2, 2, 2], data: grid }],
        ] as const,
      ]),
    ),
  ),
  'gridSample, nearest': [
    ([x, at]) => ops.gridSample(x, at, { mode: 'nearest' }),
    [{ shape: [1, 1, 3, 4] }, { shape: [1, 2, 2, 2], data: grid }],
  ],
  'gridSample of a volume': [
    ([x, at]) => ops.gridSample(x, at),
    [{ shape: [1, 1, 2, 3, 2] }, { shape: [1, 1, 1, 2, 3], data: grid.slice(0, 6) }],
  ],
  affineGrid: [([theta]) => ops.affineGrid(theta, [1, 1, 2, 3]), [{ shape: [1, 2, 3] }]],
  ...Object.fromEntries(
    (['sum', 'mean', 'max'] as const).map((mode) => [
      `embeddingBag, ${mode}`,
      [
        ([w]: readonly Node[]) =>
          ops.embeddingBag(whole([0, 2, 2, 4, 1]), w, { offsets: whole([0, 2, 2]), mode, paddingIdx: 1 }),
        [{ shape: [5, 2] }],
      ] as const,
    ]),
  ),
  'embeddingBag with weights': [
    ([w, s]) => ops.embeddingBag(whole([0, 2, 2, 1], [2, 2]), w, { mode: 'sum', perSampleWeights: s }),
    [{ shape: [3, 2] }, { shape: [2, 2] }],
  ],
  // through a softmax, as PyTorch's gradient wants it
  ctcLoss: [
    ([x]) => ops.ctcLoss(ops.logSoftmax(x, -1), whole([1, 2, 1, 1], [2, 2]), [4, 3], [2, 2]),
    [{ shape: [4, 2, 3] }],
  ],
  'ctcLoss of one sequence': [
    ([x]) => ops.ctcLoss(ops.logSoftmax(x, -1), whole([1, 2]), 3, 2, { reduction: 'sum', blank: 0 }),
    [{ shape: [4, 3] }],
  ],
  asStrided: [
    ([x]) => ops.mul(ops.asStrided(x, [2, 2], [1, 2]), ops.asStrided(x, [2, 2], [2, 1])),
    [{ shape: [6] }],
  ],
  combinations: [([x]) => ops.prod(ops.combinations(x, 2), 1), [{ shape: [4] }]],
  vander: [([x]) => ops.vander(x, { n: 4 }), [{ shape: [3] }]],
  i0e: [([x]) => ops.i0e(x), [{ shape: [4], data: [-2.5, 0.3, 12, 45] }]],
  i1e: [([x]) => ops.i1e(x), [{ shape: [4], data: [-2.5, 0.3, 12, 45] }]],
  'cdist by the largest difference': [
    ([x, y]) => ops.square(ops.cdist(x, y, { p: Infinity })),
    [{ shape: [2, 3] }, { shape: [2, 3], data: [0.1, 2, 4, 3, -1, 0.5] }],
  ],
  'pdist by the largest difference': [
    ([x]) => ops.square(ops.pdist(x, { p: Infinity })),
    [{ shape: [3, 2], data: [0.1, 2, 4, 3, -1, 0.5] }],
  ],
  mvlgamma: [([x]) => ops.mvlgamma(x, 2), [{ shape: [2], data: [1.7, 3.2] }]],
};

for (const [name, [f, at]] of Object.entries(smooth))
  test(`the derivatives of ${name} are those of finite differences`, (t) => {
    t.deepEqual(derivativeFaults(f, at), []);
  });

test('lu multiplies to what was factored', (t) => {
  for (const shape of [
    [3, 3],
    [2, 4],
    [4, 2],
    [2, 2, 2],
  ]) {
    const x = g.tensor(
      Float64Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => square[i]),
      { shape },
    );
    const { P, L, U } = g.linalg.lu(x);
    t.true(g.allclose(P.matmul(L).matmul(U), x, { atol: 1e-12 }));
  }
});

test('lstsq finds what its driver finds in PyTorch', (t) => {
  const a = g.tensor([
    [1, 0],
    [1, 1],
    [1, 2],
  ]);
  const b = g.tensor([1, 2, 4]);
  const shapes = (driver: 'gelsy' | 'gels' | 'gelsd'): unknown =>
    [...g.linalg.lstsq(a, b, { driver })].map((x) => x.shape);
  t.deepEqual(shapes('gelsy'), [[2], [0], [], [0]]);
  t.deepEqual(shapes('gels'), [[2], [1], [0], [0]]);
  t.deepEqual(shapes('gelsd'), [[2], [1], [], [2]]);
});

test('a bag without indices is 0, and the largest of equals that comes first takes the gradient', (t) => {
  const w = g.tensor([[1], [1]], { requiresGrad: true });
  const int = (data: number[]): g.Tensor => g.tensor(data, { dtype: 'int32' });
  const y = g.embeddingBag(int([1, 0]), w, { offsets: int([0, 2]), mode: 'max' });
  t.deepEqual(y.toArray(), [[1], [0]]);
  y.sum().backward();
  t.deepEqual(w.grad!.toArray(), [[0], [1]]);
});

test('a third derivative of ctcLoss is refused', (t) => {
  const x = g.randn([3, 1, 2], { requiresGrad: true });
  let y = g.ctcLoss(x.logSoftmax(-1), g.tensor([[1]], { dtype: 'int32' }), [3], [1]);
  for (let order = 0; order < 2; order++) y = g.autograd.grad(y, x, { createGraph: true })[0]!.square().sum();
  t.throws(() => g.autograd.grad(y, x), { message: /third derivative of ctcLoss is not implemented/ });
});

const int = (...data: number[]): g.Tensor => g.tensor(data, { dtype: 'int32' });
const refused: Readonly<Record<string, readonly [() => unknown, RegExp]>> = {
  'gridSample of another batch': [
    () => g.gridSample(g.ones([1, 1, 2, 2]), g.zeros([2, 1, 1, 2])),
    /^grid_sampler\(\): expected grid and input to have same batch size/,
  ],
  'gridSample in an unknown mode': [
    () => g.gridSample(g.ones([1, 1, 2, 2]), g.zeros([1, 1, 1, 2]), { mode: 'x' as never }),
    /^nn.functional.grid_sample\(\): expected mode to be/,
  ],
  'affineGrid of a flat size': [
    () => g.affineGrid(g.ones([1, 2, 3]), [1, 2, 3]),
    /^affine_grid only supports 4D and 5D sizes/,
  ],
  'embeddingBag without offsets': [
    () => g.embeddingBag(int(0), g.ones([2, 2])),
    /^offsets has to be a 1D Tensor/,
  ],
  'embeddingBag in an unknown mode': [
    () => g.embeddingBag(int(0), g.ones([2, 2]), { offsets: int(0), mode: 'x' as never }),
    /^mode has to be one of sum, mean or max/,
  ],
  'ctcLoss of too few lengths': [
    () => g.ctcLoss(g.ones([3, 2, 2]), g.ones([2, 1], { dtype: 'int32' }), [3], [1, 1]),
    /^input_lengths must be of size batch_size/,
  ],
  'ctcLoss of too many steps': [
    () => g.ctcLoss(g.ones([3, 1, 2]), g.ones([1, 1], { dtype: 'int32' }), [4], [1]).item(),
    /^Expected input_lengths to have value at most 3, but got value 4/,
  ],
  'histc without bins': [() => g.histc(g.ones([2]), { bins: 0 }), /^torch.histc: bins must be > 0/],
  'histc of NaN': [() => g.histc(g.tensor([NaN])).toArray(), /^torch.histc: range of/],
  'luSolve of another size': [
    () => g.linalg.luSolve(g.ones([2, 2]), int(1, 2), g.ones([3, 1])),
    /^linalg.lu_solve: Incompatible shapes/,
  ],
  'lstsq of another size': [
    () => g.linalg.lstsq(g.ones([2, 2]), g.ones([3, 1])),
    /^torch.linalg.lstsq: input.size\(-2\) should match/,
  ],
};
for (const [name, [call, message]] of Object.entries(refused))
  test(`${name} is refused in PyTorch's words`, (t) => {
    t.throws(call, { instanceOf: g.GradloomError, message });
  });

test('unique finds values, where each element stands and how often it occurs', (t) => {
  const x = g.tensor([
    [3, 1],
    [2, 1],
  ]);
  t.deepEqual(x.unique().toArray(), [1, 2, 3]);
  const all = x.unique({ returnInverse: true, returnCounts: true }) as g.Tensor[];
  t.deepEqual(
    all.map((y) => y.toArray()),
    [
      [1, 2, 3],
      [
        [2, 0],
        [1, 0],
      ],
      [2, 1, 1],
    ],
  );
  const runs = g.uniqueConsecutive(int(3, 1, 1, 3), {
    returnInverse: true,
    returnCounts: true,
  }) as g.Tensor[];
  t.deepEqual(
    runs.map((y) => y.toArray()),
    [
      [3, 1, 3],
      [0, 1, 1, 2],
      [1, 2, 1],
    ],
  );
});

test('unique along a dimension compares slices, by their first elements that differ', (t) => {
  const rows = g.tensor([
    [1, 2],
    [-1, 5],
    [1, 0],
    [1, 2],
  ]);
  const options = { returnInverse: true, returnCounts: true };
  const arrays = (found: g.Tensor | g.Tensor[]): unknown => (found as g.Tensor[]).map((y) => y.toArray());
  t.deepEqual(arrays(g.unique(rows, { dim: 0, ...options })), [
    [
      [-1, 5],
      [1, 0],
      [1, 2],
    ],
    [2, 0, 1, 2],
    [1, 1, 2],
  ]);
  t.deepEqual(arrays(g.unique(rows.mT, { dim: -1, ...options })), [
    [
      [-1, 1, 1],
      [5, 0, 2],
    ],
    [2, 0, 1, 2],
    [1, 1, 2],
  ]);
  t.deepEqual(arrays(g.uniqueConsecutive(rows.index(int(0, 3, 1)), { dim: 0, ...options })), [
    [
      [1, 2],
      [-1, 5],
    ],
    [0, 0, 1],
    [2, 1],
  ]);
  // NaN is like nothing, not even itself
  const shapeOf = (x: g.Tensor): unknown => (g.unique(x, { dim: 0 }) as g.Tensor).shape;
  t.deepEqual(shapeOf(g.tensor([[NaN], [NaN]])), [2, 1]);
  t.deepEqual(shapeOf(g.ones([0, 3])), [0, 3]);
  t.throws(() => g.unique(rows, { dim: 2 }), { message: /^Dimension out of range/ });
  t.throws(() => g.unique(g.tensor(1), { dim: 0 }), {
    message: /^Dimension specified as 0 but tensor has no dimensions/,
  });
  t.throws(() => g.unique(g.ones([0, 3]), { dim: 1 }), {
    message: /^There are 0 sized dimensions, and they aren't selected, so unique cannot be applied/,
  });
});

test('what unique returns names its backward as PyTorch does', (t) => {
  const x = g.ones([2, 2], { requiresGrad: true });
  const names = [
    x.unique(),
    g.unique(x, { dim: 0 }) as g.Tensor,
    x.uniqueConsecutive(),
    g.uniqueConsecutive(x, { dim: 1 }) as g.Tensor,
  ].map((y) => y.gradFn?.name);
  t.deepEqual(names, [
    'Unique2Backward0',
    'UniqueDimBackward0',
    'UniqueConsecutiveBackward0',
    'UniqueDimConsecutiveBackward0',
  ]);
});

// what PyTorch 1.13 answers
const chosen: readonly (readonly [
  what: string,
  data: number[],
  shape: number[],
  out: number[],
  want: number[],
])[] = [
  ['the last NaN of each window', [1, NaN, NaN, 2, NaN], [1, 5], [3], [0, 1, 1, 0, 1]],
  ['the last NaN, row by row', [NaN, 1, 2, 3, NaN, NaN], [1, 2, 3], [1, 2], [0, 0, 0, 0, 1, 1]],
  ['the first of equals', [3, 3, 1, 1, 3, 3], [1, 2, 3], [1, 2], [1, 1, 0, 0, 0, 0]],
  [
    'the first of the window where all is -Infinity',
    Array<number>(5).fill(-Infinity),
    [1, 5],
    [3],
    [1, 1, 0, 1, 0],
  ],
];
for (const [what, data, shape, out, want] of chosen)
  test(`adaptive maximum pooling sends the gradient to ${what}`, (t) => {
    const x = g.tensor(Float32Array.from(data), { shape, requiresGrad: true });
    const y = out.length === 1 ? g.adaptiveMaxPool1d(x, out) : g.adaptiveMaxPool2d(x, out);
    y.sum().backward();
    t.deepEqual(Array.from(x.grad!.toTypedArray()), want);
  });

test('bincount adds up weights, and counts at least so many', (t) => {
  t.deepEqual(g.bincount(int(1, 2, 2)).toArray(), [0, 1, 2]);
  const weights = g.tensor([0.5, 1, 2]);
  t.deepEqual(g.bincount(int(1, 2, 2), { weights, minlength: 5 }).toArray(), [0, 0.5, 3, 0, 0]);
  t.throws(() => g.bincount(int(-1)), {
    message: /^bincount only supports 1-d non-negative integral inputs/,
  });
});
