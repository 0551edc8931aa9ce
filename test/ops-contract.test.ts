// Contractions, matrix products, einsum and convolutions: against real PyTorch, against plain loops, and against finite differences.

import test from 'ava';
import type { ExecutionContext } from 'ava';
import { differentiate } from '../compiler/differentiate.ts';
import type { DType } from '../compiler/dtype.ts';
import { makeGraph } from '../compiler/graph.ts';
import type { Node } from '../compiler/node.ts';
import type { Shape } from '../compiler/shape.ts';
import { numel } from '../compiler/shape.ts';
import { expandComposites, simplify } from '../compiler/simplify.ts';
import { addbmm, addmm, addmv, addr, baddbmm } from '../ops/addmm.ts';
import { add, mul } from '../ops/binary.ts';
import { contract } from '../ops/contract.ts';
import { conv1d, conv2d, conv3d, convTranspose1d, convTranspose2d, convTranspose3d } from '../ops/conv.ts';
import type { ConvOptions, ConvTransposeOptions } from '../ops/conv.ts';
import { einsum } from '../ops/einsum.ts';
import { fold, im2col } from '../ops/im2col.ts';
import { bmm, dot, linear, matmul, mm, mv } from '../ops/matmul.ts';
import { bilinear, cross, inner, multiDot, outer, tensordot } from '../ops/product.ts';
import { sum } from '../ops/reduce.ts';
import { constant, input } from '../ops/source.ts';
import { expand, permute, unsqueeze } from '../ops/view.ts';
import { compiledFault, numbers } from './helpers/agreement.ts';
import { countOps, difference, valueOf } from './helpers/evaluate.ts';
import { derivativeFaults } from './helpers/numeric.ts';
import { checkCase, gradNameOf, opCases } from './helpers/oracle.ts';
import type { Build } from './helpers/oracle.ts';
import { simplifyOptions } from './helpers/rules.ts';

const table: Readonly<Record<string, Build>> = {
  mm: ([x, y]) => mm(x, y),
  bmm: ([x, y]) => bmm(x, y),
  mv: ([x, y]) => mv(x, y),
  dot: ([x, y]) => dot(x, y),
  matmul: ([x, y]) => matmul(x, y),
  addmm: ([c, x, y], weights) => addmm(c, x, y, weights),
  addmv: ([c, x, y]) => addmv(c, x, y),
  baddbmm: ([c, x, y]) => baddbmm(c, x, y),
  linear: ([x, w, b]) => linear(x, w, b),
  bilinear: ([x, y, w, b]) => bilinear(x, y, w, b),
  outer: ([x, y]) => outer(x, y),
  cross: ([x, y]) => cross(x, y),
  einsum: (operands, { equation }) => einsum(equation, ...operands),
  tensordot: ([x, y], { dims }) => tensordot(x, y, dims),
  conv1d: ([x, w, b], options) => conv1d(x, w, b, options),
  conv2d: ([x, w, b], options) => conv2d(x, w, b, options),
  conv_transpose2d: ([x, w, b], { stride, padding, output_padding }) =>
    convTranspose2d(x, w, b, { stride, padding, outputPadding: output_padding }),
};

for (const [op, build] of Object.entries(table))
  opCases()
    .filter((c) => c.op === op)
    .forEach((c, i) =>
      test(`${op} ${i} answers as PyTorch does`, (t) => t.deepEqual(checkCase(c, build), [])),
    );

const of = (shape: Shape, dtype: DType = 'float64'): Node => input({ shape, dtype });

/** The value of a function of inputs of these shapes. */
function valueAt(f: (xs: readonly Node[]) => Node, shapes: readonly Shape[]): number[] {
  const xs = shapes.map((shape) => of(shape));
  return valueOf(
    f(xs),
    xs.map((x, i) => [x, numbers(shapes[i], i + 1)]),
  );
}

/** The graph of all gradients of a function, without composites. */
function gradientGraph(f: (xs: readonly Node[]) => Node, shapes: readonly Shape[]) {
  const xs = shapes.map((shape) => of(shape));
  const y = f(xs);
  const g = of(y.type.shape);
  const gradients = differentiate([y], [g], xs, add);
  return expandComposites(
    makeGraph(
      [...xs, g],
      gradients.map((n) => n!),
    ),
  );
}

// --- contract ---------------------------------------------------------------------------------------------------------------

test('the gradients of a matrix product are two contractions and nothing else', (t) => {
  t.deepEqual(
    countOps(
      gradientGraph(
        ([x, y]) => mm(x, y),
        [
          [2, 3],
          [3, 4],
        ],
      ),
    ),
    { input: 3, contract: 2 },
  );
});

// A kernel that the stride does not divide is filled up once more.
for (const [stride, padded] of [
  [1, 2],
  [2, 3],
  [3, 2],
] as const)
  test(`the gradients of a convolution of stride ${stride} are two contractions over views of what is padded once`, (t) => {
    const graph = gradientGraph(
      ([x, w]) => conv2d(x, w, null, { stride, padding: 1 }),
      [
        [2, 3, 5, 5],
        [4, 3, 3, 3],
      ],
    );
    const counts = countOps(graph);
    t.is(counts.contract, 2);
    t.is(counts.inMemory, padded);
    for (const n of graph.nodes.filter(({ op }) => op.name !== 'inMemory'))
      t.true(['input', 'contract', 'view'].includes(n.op.meaning(n).tag), n.op.name);
  });

// 4 taps and 4 channels; of 3 or more steps, a place is reached by fewer of the taps, or by none.
for (const [stride, terms] of [
  [1, 16],
  [2, 8],
  [3, 8],
  [4, 4],
  [7, 4],
] as const)
  test(`an element of a transposed convolution of stride ${stride} and 4 taps sums only the taps that reach it`, (t) => {
    const [y, w] = [of([2, 4, 9]), of([4, 3, 4])];
    const graph = expandComposites(makeGraph([y, w], [convTranspose1d(y, w, null, { stride })]));
    const [product] = graph.nodes.filter(({ op }) => op.name === 'contract');
    const meaning = product.op.meaning(product) as { a: readonly number[]; out: readonly number[] };
    const { shape } = product.inputs[0].type;
    const summed = meaning.a.map((label, i) => (meaning.out.includes(label) ? 1 : shape[i]));
    t.is(
      summed.reduce((n, size) => n * size, 1),
      terms,
    );
  });

test('equal contractions are one node whatever letters they were written with', (t) => {
  const [x, y] = [of([2, 3]), of([3, 4])];
  const outputs = [
    contract(x, y, { a: 'ik', b: 'kj', out: 'ij' }),
    contract(x, y, { a: [7, 0], b: [0, 5], out: [7, 5] }),
  ];
  t.is(makeGraph([x, y], outputs).nodes.length, 3);
});

test('labels that one operand alone carries are summed before', (t) => {
  const f = ([x, y]: readonly Node[]): Node => contract(x, y, { a: 'ikl', b: 'kjm', out: 'ij' });
  const shapes = [
    [2, 3, 2],
    [3, 2, 4],
  ];
  const [a, b] = shapes.map((shape, i) => numbers(shape, i + 1));
  const expected: number[] = [];
  for (let i = 0; i < 2; i++)
    for (let j = 0; j < 2; j++) {
      let total = 0;
      for (let k = 0; k < 3; k++)
        for (let l = 0; l < 2; l++)
          for (let m = 0; m < 4; m++) total += a[(i * 3 + k) * 2 + l] * b[(k * 2 + j) * 4 + m];
      expected.push(total);
    }
  t.is(difference(valueAt(f, shapes), expected, 1e-12), null);
  t.deepEqual(
    derivativeFaults(
      f,
      shapes.map((shape) => ({ shape })),
    ),
    [],
  );
});

test('a contraction that sums nothing is a product, with the zeros of a product', (t) => {
  const [x, y] = [of([2]), of([2])];
  const f = contract(x, y, { a: 'i', b: 'j', out: 'ij' });
  t.is(f.op.name, 'mul');
  t.deepEqual(
    valueOf(f, [
      [x, [0, 1]],
      [y, [-1, 2]],
    ]),
    [-0, 0, -1, 2],
  );
  t.is(contract(of([2, 1]), of([1, 3]), { a: 'ik', b: 'kj', out: 'ij' }).op.name, 'mul');
});

test('axes of size 1 broadcast against the other operand', (t) => {
  const f = ([x, y]: readonly Node[]): Node => contract(x, y, { a: 'bik', b: 'bkj', out: 'bij' });
  const shapes = [
    [1, 2, 3],
    [4, 1, 2],
  ];
  t.deepEqual(f(shapes.map((s) => of(s))).type.shape, [4, 2, 2]);
  t.deepEqual(
    derivativeFaults(
      f,
      shapes.map((shape) => ({ shape })),
    ),
    [],
  );
});

test('a sum over no products is 0', (t) => {
  t.deepEqual(
    valueAt(
      ([x, y]) => mm(x, y),
      [
        [2, 0],
        [0, 2],
      ],
    ),
    [0, 0, 0, 0],
  );
  t.deepEqual(
    valueAt(
      ([x, y]) => mm(x, y),
      [
        [0, 2],
        [2, 3],
      ],
    ),
    [],
  );
});

test('whole numbers are multiplied exactly and wrap', (t) => {
  const [x, y] = [of([1, 2], 'int32'), of([2, 1], 'int32')];
  t.deepEqual(
    valueOf(mm(x, y), [
      [x, [65537, 3]],
      [y, [65537, 5]],
    ]),
    [Math.imul(65537, 65537) + 15],
  );
  const [a, b] = [of([2], 'uint8'), of([2], 'uint8')];
  t.deepEqual(
    valueOf(dot(a, b), [
      [a, [16, 1]],
      [b, [16, 2]],
    ]),
    [2],
  );
});

// --- rules ------------------------------------------------------------------------------------------------------------------

/** The same values before and after simplification, and what is left. */
function simplified(t: ExecutionContext, inputs: readonly Node[], output: Node) {
  const before = makeGraph(inputs, [output]);
  const after = simplify(before, simplifyOptions());
  const bindings = inputs.map((x, i) => [x, numbers(x.type.shape, i + 1)] as const);
  t.is(difference(valueOf(after.outputs[0], bindings), valueOf(output, bindings)), null);
  return countOps(after);
}

test('a contraction with ones becomes a sum', (t) => {
  const [x, w] = [of([3, 4]), of([4, 2])];
  const one = constant(1, 'float64');
  const [gx, gw] = differentiate([sum(mm(x, w))], [one], [x, w], add);
  t.false('contract' in simplified(t, [x, w], gx!));
  t.false('contract' in simplified(t, [x, w], gw!));
});

test('a contraction reads what an operand repeats once', (t) => {
  const [x, y] = [of([2, 3]), of([3, 4])];
  const batch = expand(unsqueeze(x, 0), [5, 2, 3]);
  const repeated = matmul(batch, expand(unsqueeze(y, 0), [5, 3, 4]));
  const after = simplify(makeGraph([x, y], [repeated]), simplifyOptions());
  const [product] = after.nodes.filter((n) => n.op.name === 'contract');
  t.deepEqual(product.type.shape, [2, 4]);
  simplified(t, [x, y], repeated);
});

// --- products ---------------------------------------------------------------------------------------------------------------

/** The matrix product by its definition. */
function matmulReference(a: Shape, b: Shape): { readonly shape: Shape; readonly values: number[] } {
  const [x, y] = [numbers(a, 1), numbers(b, 2)];
  const left = a.length === 1 ? [1, ...a] : a;
  const right = b.length === 1 ? [...b, 1] : b;
  const [n, k] = left.slice(-2);
  const m = right[right.length - 1];
  const rank = Math.max(left.length, right.length) - 2;
  const lead = (shape: Shape): number[] => [
    ...new Array<number>(rank - shape.length + 2).fill(1),
    ...shape.slice(0, -2),
  ];
  const [p, q] = [lead(left), lead(right)];
  const batch = p.map((size, i) => Math.max(size, q[i]));
  const values: number[] = [];
  for (let flat = 0; flat < numel(batch); flat++) {
    const place = (sizes: readonly number[]): number => {
      let [rest, at, step] = [flat, 0, 1];
      for (let i = rank - 1; i >= 0; i--) {
        const digit = rest % batch[i];
        rest = Math.floor(rest / batch[i]);
        at += (sizes[i] === 1 ? 0 : digit) * step;
        step *= sizes[i];
      }
      return at;
    };
    for (let i = 0; i < n; i++)
      for (let j = 0; j < m; j++) {
        let total = 0;
        for (let l = 0; l < k; l++) total += x[(place(p) * n + i) * k + l] * y[(place(q) * k + l) * m + j];
        values.push(total);
      }
  }
  return { shape: [...batch, ...(a.length === 1 ? [] : [n]), ...(b.length === 1 ? [] : [m])], values };
}

const rankPairs: readonly (readonly [Shape, Shape])[] = [
  [[3], [3]],
  [[2, 3], [3]],
  [[3], [3, 2]],
  [
    [2, 3],
    [3, 4],
  ],
  [[2, 2, 3], [3]],
  [
    [2, 2, 3],
    [3, 4],
  ],
  [[3], [2, 3, 4]],
  [
    [2, 3],
    [2, 3, 4],
  ],
  [
    [2, 2, 3],
    [2, 3, 2],
  ],
  [
    [2, 1, 2, 3],
    [3, 3, 2],
  ],
  [
    [1, 2, 3],
    [4, 1, 3, 2],
  ],
];

for (const [a, b] of rankPairs)
  test(`matmul of [${a}] and [${b}] is the product by definition, to the second derivative`, (t) => {
    const f = ([x, y]: readonly Node[]): Node => matmul(x, y);
    const { shape, values } = matmulReference(a, b);
    t.deepEqual(f([of(a), of(b)]).type.shape, shape);
    t.is(difference(valueAt(f, [a, b]), values, 1e-12), null);
    t.deepEqual(derivativeFaults(f, [{ shape: a }, { shape: b }]), []);
  });

test('one node used twice in a product gets both gradients', (t) => {
  t.deepEqual(
    derivativeFaults(([x]) => mm(x, x), [{ shape: [3, 3] }]),
    [],
  );
  t.deepEqual(
    derivativeFaults(([x]) => einsum('ij,ij->', x, x), [{ shape: [2, 3] }]),
    [],
  );
});

test('products that are added to something agree with their parts', (t) => {
  const weights = { beta: 0.5, alpha: -2 };
  const scaled = (c: Node, product: Node): Node => add(mul(c, 0.5), mul(product, -2));
  const cases: readonly (readonly [readonly Shape[], Build, Build])[] = [
    [[[4], [2, 3], [3, 4]], ([c, x, y]) => addmm(c, x, y, weights), ([c, x, y]) => scaled(c, mm(x, y))],
    [[[2], [2, 3], [3]], ([c, x, y]) => addmv(c, x, y, weights), ([c, x, y]) => scaled(c, mv(x, y))],
    [[[2, 3], [2], [3]], ([c, x, y]) => addr(c, x, y, weights), ([c, x, y]) => scaled(c, outer(x, y))],
    [
      [
        [1, 2, 2],
        [3, 2, 3],
        [3, 3, 2],
      ],
      ([c, x, y]) => baddbmm(c, x, y, weights),
      ([c, x, y]) => scaled(c, bmm(x, y)),
    ],
    [
      [
        [2, 2],
        [3, 2, 3],
        [3, 3, 2],
      ],
      ([c, x, y]) => addbmm(c, x, y, weights),
      ([c, x, y]) => scaled(c, sum(bmm(x, y), 0)),
    ],
  ];
  for (const [shapes, f, parts] of cases) {
    const [a, b] = [f, parts].map((g) => valueAt((xs) => g(xs, {}, {}) as Node, shapes));
    t.is(difference(a, b, 1e-12), null);
    t.deepEqual(
      derivativeFaults(
        (xs) => f(xs, {}, {}) as Node,
        shapes.map((shape) => ({ shape })),
      ),
      [],
    );
  }
});

test('beta 0 leaves the input out, NaN and all, and its gradient is zeros', (t) => {
  const [c, x, y] = [of([1, 1]), of([1, 1]), of([1, 1])];
  const z = addmm(c, x, y, { beta: 0 });
  const bindings = [
    [c, [NaN]],
    [x, [2]],
    [y, [3]],
  ] as const;
  t.deepEqual(valueOf(z, bindings), [6]);
  const [gradient] = differentiate([z], [constant(1, 'float64', [1, 1])], [c], add);
  t.deepEqual(valueOf(gradient!, bindings), [0]);
});

test('linear takes any number of leading dimensions', (t) => {
  for (const shape of [[3], [2, 3], [2, 2, 3], [2, 1, 2, 3]]) {
    const f = ([x, w, b]: readonly Node[]): Node => linear(x, w, b);
    t.deepEqual(f([of(shape), of([4, 3]), of([4])]).type.shape, [...shape.slice(0, -1), 4]);
    t.deepEqual(
      derivativeFaults(
        f,
        [shape, [4, 3], [4]].map((s) => ({ shape: s })),
      ),
      [],
    );
  }
});

test('tensordot and inner count dimensions from either end', (t) => {
  const shapes = [
    [2, 3, 4],
    [3, 4, 2],
  ];
  const counted = valueAt(([x, y]) => tensordot(x, y, 2), shapes);
  t.deepEqual(
    valueAt(
      ([x, y]) =>
        tensordot(x, y, [
          [-2, -1],
          [0, 1],
        ]),
      shapes,
    ),
    counted,
  );
  t.deepEqual(
    valueAt(([x, y]) => tensordot(x, y, { dims: 2 }), shapes),
    counted,
  );
  const f = ([x, y]: readonly Node[]): Node => inner(x, y);
  t.is(
    difference(
      valueAt(f, [
        [2, 3],
        [4, 3],
      ]),
      valueAt(
        ([x, y]) => matmul(x, permute(y, [1, 0])),
        [
          [2, 3],
          [4, 3],
        ],
      ),
      1e-12,
    ),
    null,
  );
});

test('a chain of matrices is multiplied in the cheapest order', (t) => {
  const shapes = [
    [10, 2],
    [2, 10],
    [10, 1],
  ];
  const chain = multiDot(shapes.map((s) => of(s)));
  t.deepEqual(
    chain.inputs.map((n) => n.type.shape),
    [
      [10, 2],
      [2, 1],
    ],
  );
  const f = (xs: readonly Node[]): Node => multiDot(xs);
  t.deepEqual(f([of([2]), of([2, 3]), of([3])]).type.shape, []);
  t.deepEqual(
    derivativeFaults(
      f,
      [[2], [2, 3], [3]].map((shape) => ({ shape })),
    ),
    [],
  );
});

// --- einsum -----------------------------------------------------------------------------------------------------------------

const equations: readonly (readonly [string, readonly Shape[], Shape])[] = [
  ['ij->ji', [[2, 3]], [3, 2]],
  ['ij', [[2, 3]], [2, 3]],
  ['ba', [[2, 3]], [3, 2]],
  ['ij->', [[2, 3]], []],
  ['ii', [[3, 3]], []],
  ['ii->i', [[3, 3]], [3]],
  ['iij->j', [[2, 2, 3]], [3]],
  [
    'ij,jk',
    [
      [2, 3],
      [3, 2],
    ],
    [2, 2],
  ],
  ['i,j->ij', [[2], [3]], [2, 3]],
  [
    'ij,kj->ik',
    [
      [2, 3],
      [4, 3],
    ],
    [2, 4],
  ],
  [
    '...ij,...jk->...ik',
    [
      [2, 2, 3],
      [3, 2],
    ],
    [2, 2, 2],
  ],
  [
    '...ij,...jk',
    [
      [2, 1, 2, 3],
      [3, 3, 2],
    ],
    [2, 3, 2, 2],
  ],
  [
    'b...,b...->b',
    [
      [2, 2, 3],
      [2, 2, 3],
    ],
    [2],
  ],
  [
    'ij,jk,kl->il',
    [
      [2, 3],
      [3, 2],
      [2, 2],
    ],
    [2, 2],
  ],
  [
    'ij,ij,ij->i',
    [
      [2, 3],
      [2, 3],
      [1, 3],
    ],
    [2],
  ],
  [
    'bn,anm,bm->ba',
    [
      [2, 2],
      [3, 2, 2],
      [2, 2],
    ],
    [2, 3],
  ],
  [
    'ik,kj->j',
    [
      [2, 3],
      [3, 2],
    ],
    [2],
  ],
  ['i,->i', [[2], []], [2]],
];

for (const [equation, shapes, out] of equations)
  test(`einsum '${equation}' has the shape and the derivatives of its sum`, (t) => {
    const f = (xs: readonly Node[]): Node => einsum(equation, ...xs);
    t.deepEqual(f(shapes.map((s) => of(s))).type.shape, out);
    t.deepEqual(
      derivativeFaults(
        f,
        shapes.map((shape) => ({ shape })),
      ),
      [],
    );
  });

test('einsum agrees with the operators it stands for', (t) => {
  const pairs: readonly (readonly [string, Build, readonly Shape[]])[] = [
    [
      'ik,kj->ij',
      ([x, y]) => mm(x, y),
      [
        [2, 3],
        [3, 4],
      ],
    ],
    [
      '...ik,...kj->...ij',
      ([x, y]) => matmul(x, y),
      [
        [2, 1, 2, 3],
        [3, 3, 4],
      ],
    ],
    ['ij->i', ([x]) => sum(x, 1), [[2, 3]]],
    ['i,j->ij', ([x, y]) => outer(x, y), [[2], [3]]],
  ];
  for (const [equation, f, shapes] of pairs)
    t.is(
      difference(
        valueAt((xs) => einsum(equation, ...xs), shapes),
        valueAt((xs) => f(xs, {}, {}) as Node, shapes),
        1e-12,
      ),
      null,
    );
});

// --- convolutions -----------------------------------------------------------------------------------------------------------

interface ConvCase {
  readonly x: Shape;
  readonly w: Shape;
  readonly options: ConvOptions;
}

/** A convolution of any number of spatial dimensions, by its definition. */
function convReference({ x: xs, w: ws, options }: ConvCase): number[] {
  const ndim = xs.length - 2;
  const each = (v: number | readonly number[] | undefined, or: number): readonly number[] =>
    typeof v === 'object' ? v : new Array<number>(ndim).fill(v ?? or);
  const [stride, dilation] = [each(options.stride, 1), each(options.dilation, 1)];
  const padding = each(options.padding as number, 0);
  const groups = options.groups ?? 1;
  const [x, w] = [numbers(xs, 1), numbers(ws, 2)];
  const kernel = ws.slice(2);
  const count = kernel.map(
    (k, i) => Math.floor((xs[i + 2] + 2 * padding[i] - dilation[i] * (k - 1) - 1) / stride[i]) + 1,
  );
  const digits = (flat: number, sizes: Shape): number[] => {
    const out = new Array<number>(sizes.length);
    for (let i = sizes.length - 1; i >= 0; i--) {
      out[i] = flat % sizes[i];
      flat = Math.floor(flat / sizes[i]);
    }
    return out;
  };
  const values: number[] = [];
  for (let n = 0; n < xs[0]; n++)
    for (let o = 0; o < ws[0]; o++)
      for (let q = 0; q < numel(count); q++) {
        const at = digits(q, count);
        let total = 0;
        for (let c = 0; c < ws[1]; c++)
          for (let k = 0; k < numel(kernel); k++) {
            const tap = digits(k, kernel);
            const p = at.map((v, i) => v * stride[i] + tap[i] * dilation[i] - padding[i]);
            if (p.some((v, i) => v < 0 || v >= xs[i + 2])) continue;
            const channel = Math.floor(o / (ws[0] / groups)) * ws[1] + c;
            let flat = n * xs[1] + channel;
            for (let i = 0; i < ndim; i++) flat = flat * xs[i + 2] + p[i];
            total += x[flat] * w[(o * ws[1] + c) * numel(kernel) + k];
          }
        values.push(total);
      }
  return values;
}

const convCases: readonly ConvCase[] = [
  { x: [2, 3, 7], w: [4, 3, 3], options: {} },
  { x: [1, 2, 8], w: [4, 1, 3], options: { stride: 3, padding: 2, dilation: 2, groups: 2 } },
  { x: [1, 3, 5], w: [3, 1, 2], options: { groups: 3 } },
  { x: [2, 2, 4, 5], w: [3, 2, 2, 3], options: { stride: [2, 1], padding: [1, 0] } },
  { x: [1, 2, 5, 5], w: [2, 2, 1, 1], options: {} },
  { x: [1, 1, 4, 4], w: [1, 1, 4, 4], options: {} },
  { x: [1, 2, 6, 5], w: [2, 1, 2, 2], options: { stride: 2, padding: 1, dilation: [2, 1], groups: 2 } },
  { x: [1, 2, 3, 3, 2], w: [2, 2, 2, 2, 1], options: { padding: [1, 0, 0], stride: 2 } },
];

const convs = [conv1d, conv2d, conv3d];
const transposed = [convTranspose1d, convTranspose2d, convTranspose3d];

for (const c of convCases)
  test(`a convolution of [${c.x}] with [${c.w}] ${JSON.stringify(c.options)} is that of its definition`, (t) => {
    const f = ([x, w]: readonly Node[]): Node => convs[c.x.length - 3](x, w, null, c.options);
    t.is(difference(valueAt(f, [c.x, c.w]), convReference(c), 1e-12), null);
    const withBias = ([x, w, b]: readonly Node[]): Node => convs[c.x.length - 3](x, w, b, c.options);
    t.deepEqual(
      derivativeFaults(
        withBias,
        [c.x, c.w, [c.w[0]]].map((shape) => ({ shape })),
      ),
      [],
    );
  });

for (const c of convCases)
  test(`the transpose of that of [${c.x}] with [${c.w}] ${JSON.stringify(c.options)} is its adjoint`, (t) => {
    const ndim = c.x.length - 2;
    const y = convs[ndim - 1](of(c.x), of(c.w), null, c.options).type.shape;
    const plain = transposed[ndim - 1](of(y), of(c.w), null, c.options as ConvTransposeOptions).type.shape;
    const outputPadding = c.x.slice(2).map((size, i) => size - plain[i + 2]);
    const options = { ...c.options, outputPadding } as ConvTransposeOptions;
    const f = ([g, w]: readonly Node[]): Node => transposed[ndim - 1](g, w, null, options);
    // <conv(x, w), g> = <x, transposed(g, w)>
    const adjoint = ([x, w, g]: readonly Node[]): Node =>
      add(sum(mul(convs[ndim - 1](x, w, null, c.options), g)), mul(sum(mul(x, f([g, w]))), -1));
    t.is(difference(valueAt(adjoint, [c.x, c.w, y]), [0], 1e-10), null);
    const withBias = ([g, w, b]: readonly Node[]): Node => transposed[ndim - 1](g, w, b, options);
    const channels = c.w[1] * (c.options.groups ?? 1);
    t.deepEqual(
      derivativeFaults(
        withBias,
        [y, c.w, [channels]].map((shape) => ({ shape })),
      ),
      [],
    );
  });

test('compiled convolutions and their gradients are what the interpreter says', (t) => {
  for (const { x, w, options } of convCases)
    t.is(
      compiledFault(([a, b]) => convs[x.length - 3](a, b, null, options), [x, w]),
      null,
      JSON.stringify({ x, w, options }),
    );
});

test('compiled products and their gradients are what the interpreter says', (t) => {
  for (const [a, b] of rankPairs)
    t.is(
      compiledFault(([x, y]) => matmul(x, y), [a, b]),
      null,
      `${a} and ${b}`,
    );
  for (const [equation, shapes] of equations)
    t.is(
      compiledFault((xs) => einsum(equation, ...xs), shapes),
      null,
      equation,
    );
});

test("padding 'same' keeps sizes, with the odd zero at the end", (t) => {
  const f = ([x, w]: readonly Node[]): Node => conv1d(x, w, null, { padding: 'same' });
  t.deepEqual(f([of([1, 1, 5]), of([1, 1, 4])]).type.shape, [1, 1, 5]);
  const [x, w] = [of([1, 1, 3]), of([1, 1, 2])];
  t.deepEqual(
    valueOf(conv1d(x, w, null, { padding: 'same' }), [
      [x, [1, 2, 3]],
      [w, [1, 10]],
    ]),
    [21, 32, 3],
  );
  t.throws(() => conv1d(x, w, null, { padding: 'same', stride: 2 }), {
    message: "padding='same' is not supported for strided convolutions",
  });
});

test('without a batch the convolution has none either', (t) => {
  const y = conv2d(of([2, 4, 4]), of([3, 2, 3, 3]));
  t.deepEqual(y.type.shape, [3, 2, 2]);
  t.is(gradNameOf(y), 'SqueezeBackward1');
});

test('windows as columns, and fold puts them back: each the adjoint of the other', (t) => {
  const options = { stride: [2, 1], padding: 1, dilation: [1, 2] };
  const x: Shape = [2, 2, 4, 5];
  const columns = im2col(of(x), [2, 3], options).type.shape;
  const adjoint = ([a, b]: readonly Node[]): Node =>
    add(sum(mul(im2col(a, [2, 3], options), b)), mul(sum(mul(a, fold(b, [4, 5], [2, 3], options))), -1));
  t.is(difference(valueAt(adjoint, [x, columns]), [0], 1e-10), null);
  t.deepEqual(
    derivativeFaults(([a]) => fold(im2col(a, [2, 3], options), [4, 5], [2, 3], options), [{ shape: x }]),
    [],
  );
  t.deepEqual(
    valueAt(([a]) => im2col(a, 2), [[1, 2, 2]]),
    numbers([1, 2, 2]),
  );
});

// --- refusals ---------------------------------------------------------------------------------------------------------------

const f32 = (...shape: number[]): Node => of(shape, 'float32');
const refusals: readonly (readonly [name: string, call: () => Node, message: string | RegExp])[] = [
  ['mm of shapes', () => mm(f32(2, 3), f32(2, 3)), 'mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)'],
  [
    'matmul of shapes',
    () => matmul(f32(2, 3), f32(2, 3)),
    'mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)',
  ],
  [
    'matmul of folded shapes',
    () => matmul(f32(2, 2, 3), f32(2, 3)),
    'mat1 and mat2 shapes cannot be multiplied (4x3 and 2x3)',
  ],
  ['mm of a vector', () => mm(f32(2), f32(2)), 'self must be a matrix'],
  ['mm with a vector', () => mm(f32(2, 2), f32(2)), 'mat2 must be a matrix'],
  [
    'bmm of shapes',
    () => bmm(f32(2, 3, 4), f32(3, 4, 5)),
    'Expected size for first two dimensions of batch2 tensor to be: [2, 4] but got: [3, 4].',
  ],
  ['mv of shapes', () => mv(f32(2, 3), f32(2)), 'size mismatch, got 2, 2x3,2'],
  [
    'dot of sizes',
    () => dot(f32(2), f32(3)),
    'inconsistent tensor size, expected tensor [2] and src [3] to have the same number of elements, but got 2 and 3 elements respectively',
  ],
  [
    'matmul of a scalar',
    () => matmul(f32(), f32(2)),
    'both arguments to matmul need to be at least 1D, but they are 0D and 1D',
  ],
  ['matmul of dtypes', () => matmul(f32(2, 2), of([2, 2])), 'expected scalar type Float but found Double'],
  [
    'mm of booleans',
    () => mm(of([2, 2], 'bool'), of([2, 2], 'bool')),
    `"addmm_impl_cpu_" not implemented for 'Bool'`,
  ],
  [
    'einsum sizes',
    () => einsum('ij,jk->ik', f32(2, 3), f32(2, 3)),
    'einsum(): subscript j has size 2 for operand 1 which does not broadcast with previously seen size 3',
  ],
  [
    'einsum output',
    () => einsum('ij->ik', f32(2, 3)),
    'einsum(): output subscript k does not appear in the equation for any input operand',
  ],
  [
    'einsum twice',
    () => einsum('ij->ii', f32(2, 3)),
    'einsum(): output subscript i appears more than once in the output',
  ],
  [
    'einsum rank',
    () => einsum('ijk', f32(2, 3)),
    'einsum(): the number of subscripts in the equation (3) does not match the number of dimensions (2) for operand 0 and no ellipsis was given',
  ],
  [
    'einsum operands',
    () => einsum('ij,jk', f32(2, 3)),
    'einsum(): fewer operands were provided than specified in the equation',
  ],
  [
    'einsum diagonal',
    () => einsum('ii', f32(2, 3)),
    "einsum(): subscript i is repeated for operand 0 but the sizes don't match, 3 != 2",
  ],
  [
    'einsum letters',
    () => einsum('i1', f32(2, 3)),
    'einsum(): invalid subscript given at index 1 in the equation string, subscripts must be in [a-zA-Z]',
  ],
  [
    'conv channels',
    () => conv2d(f32(1, 3, 4, 4), f32(1, 2, 3, 3)),
    'Given groups=1, weight of size [1, 2, 3, 3], expected input[1, 3, 4, 4] to have 2 channels, but got 3 channels instead',
  ],
  [
    'conv kernel',
    () => conv2d(f32(1, 1, 2, 2), f32(1, 1, 3, 3)),
    "Calculated padded input size per channel: (2 x 2). Kernel size: (3 x 3). Kernel size can't be greater than actual input size",
  ],
  [
    'conv rank',
    () => conv2d(f32(2, 2), f32(1, 1, 3, 3)),
    'Expected 3D (unbatched) or 4D (batched) input to conv2d, but got input of size: [2, 2]',
  ],
  [
    'conv bias',
    () => conv1d(f32(1, 1, 3), f32(2, 1, 2), f32(3)),
    'Given weight of size [2, 1, 2], expected bias to be 1-dimensional with 2 elements, but got bias of size [3] instead',
  ],
  [
    'conv dtype',
    () => conv1d(f32(1, 1, 3), of([2, 1, 2])),
    'Input type (float) and weight type (double) should be the same',
  ],
  [
    'conv stride',
    () => conv1d(f32(1, 1, 3), f32(2, 1, 2), null, { stride: 0 }),
    'non-positive stride is not supported',
  ],
  [
    'transposed channels',
    () => convTranspose1d(f32(1, 3, 2), f32(2, 1, 3)),
    'Given transposed=1, weight of size [2, 1, 3], expected input[1, 3, 2] to have 2 channels, but got 3 channels instead',
  ],
  ['outer of a matrix', () => outer(f32(2, 2), f32(2)), 'outer: Expected 1-D argument self, but got 2-D'],
  [
    'tensordot sizes',
    () => tensordot(f32(2, 3), f32(2, 3), 1),
    'contracted dimensions need to match, but first has size 3 in dim 1 and second has size 2 in dim 0',
  ],
  [
    'addmm input',
    () => addmm(f32(3), f32(2, 2), f32(2, 2)),
    /^The expanded size of the tensor \(2\) must match the existing size \(3\)/,
  ],
  ['cross sizes', () => cross(f32(2, 2), f32(2, 2)), 'no dimension of size 3 in input'],
];

for (const [name, call, message] of refusals)
  test(`${name}: refused in PyTorch's words`, (t) => {
    t.throws(call, { message });
  });
