// Linear algebra: against real PyTorch where it was asked, else against finite differences and against what defines the results.

import test from 'ava';
import { differentiate } from '../compiler/differentiate.ts';
import { makeGraph } from '../compiler/graph.ts';
import type { Node } from '../compiler/node.ts';
import { add, mul } from '../ops/binary.ts';
import { diagEmbed, tril } from '../ops/diagonal.ts';
import { cholesky, choleskySolve, eigh, qr } from '../ops/linalg-factor.ts';
import { matrixRank, pinv, svd, svdvals } from '../ops/linalg-svd.ts';
import { matrixExp, matrixPower } from '../ops/linalg-function.ts';
import { det, logdet, slogdet } from '../ops/linalg-det.ts';
import { inv, solve, solveTriangular } from '../ops/linalg.ts';
import { matmul } from '../ops/matmul.ts';
import { sum } from '../ops/reduce.ts';
import { constant, input, iota } from '../ops/source.ts';
import { abs } from '../ops/unary.ts';
import { matrixTranspose, unsqueeze } from '../ops/view.ts';
import { linalg, tensor } from '../index.ts';
import { interpret } from '../runtime/interpret.ts';
import { difference } from './helpers/evaluate.ts';
import { derivativeFaults } from './helpers/numeric.ts';
import { checkCase, evaluate, opCases } from './helpers/oracle.ts';
import type { Build } from './helpers/oracle.ts';

/** Without the columns that complete a basis. */
const thin = (x: Node): [Node, Node, Node] => svd(x, { fullMatrices: false });

/** A symmetric matrix with a dominant diagonal, from any square one. */
const positive = (x: Node): Node =>
  add(matmul(x, matrixTranspose(x)), diagEmbed(constant(1, 'float64', [x.type.shape.at(-1)!])));

const table: Readonly<Record<string, Build>> = {
  det: ([x]) => det(x),
  logdet: ([x]) => logdet(x),
  'linalg.inv': ([x]) => inv(x),
  'linalg.solve': ([a, b]) => solve(a, b),
  'linalg.cholesky': ([x]) => cholesky(positive(x)),
  matrix_exp: ([x]) => matrixExp(x),
  'linalg.matrix_power': ([x], { n }) => matrixPower(x, n),
};

for (const [op, build] of Object.entries(table))
  opCases()
    .filter((c) => c.op === op)
    .forEach((c, i) =>
      test(`${op} ${i} answers as PyTorch does`, (t) => {
        t.deepEqual(checkCase(c, build, 1e-7), []);
      }),
    );

/** Well-conditioned matrices. */
const square = [2.1, 0.3, -0.7, 0.4, 1.6, 0.2, -0.5, 0.9, 1.8];
const tall = [1.2, 0.3, -0.7, 1.4, 0.2, 0.9, -1.1, 0.5];
const points = (shape: readonly number[], data: readonly number[]) => [{ shape, data }];

const cofactors = ([x]: readonly Node[]): Node => {
  const y = det(x);
  return y.op.vjp!(constant(1, 'float64'), y, [true])[0]!;
};

const smooth: Readonly<Record<string, readonly [(xs: readonly Node[]) => Node, ReturnType<typeof points>]>> =
  {
    det: [([x]) => det(x), points([3, 3], square)],
    'cofactors, whose second derivative is the third of det': [cofactors, points([3, 3], square)],
    slogdet: [([x]) => slogdet(x)[1], points([3, 3], square)],
    inv: [([x]) => inv(x), points([3, 3], square)],
    'inv of a batch': [([x]) => inv(x), points([2, 2, 2], [2, 1, 0.5, 1.5, 1, 0.3, -0.4, 2])],
    solve: [([a, b]) => solve(a, b), [...points([3, 3], square), ...points([3, 2], square.slice(0, 6))]],
    'solve of a vector': [([a, b]) => solve(a, b), [...points([3, 3], square), ...points([3], [1, 2, 3])]],
    'solve from the right': [
      ([a, b]) => solve(a, b, { left: false }),
      [...points([3, 3], square), ...points([2, 3], square.slice(0, 6))],
    ],
    'solve with a batch on one side': [
      ([a, b]) => solve(a, b),
      [...points([2, 2], [2, 1, 0.5, 1.5]), ...points([2, 2, 1], [1, 2, 3, 4])],
    ],
    'solveTriangular, upper': [
      ([a, b]) => solveTriangular(a, b, { upper: true }),
      [...points([3, 3], square), ...points([3, 2], square.slice(0, 6))],
    ],
    'solveTriangular, lower, unit, right': [
      ([a, b]) => solveTriangular(a, b, { upper: false, unitriangular: true, left: false }),
      [...points([3, 3], square), ...points([2, 3], square.slice(0, 6))],
    ],
    cholesky: [([x]) => cholesky(positive(x)), points([3, 3], square)],
    'cholesky, upper': [([x]) => cholesky(positive(x), { upper: true }), points([2, 2], [2, 1, 0.5, 1.5])],
    choleskySolve: [
      ([x, b]) => choleskySolve(b, cholesky(positive(x))),
      [...points([2, 2], [2, 1, 0.5, 1.5]), ...points([2, 1], [1, 2])],
    ],
    'q of qr': [([x]) => qr(x)[0], points([4, 2], tall)],
    'r of qr': [([x]) => qr(x)[1], points([4, 2], tall)],
    eigenvalues: [([x]) => eigh(positive(x))[0], points([3, 3], square)],
    eigenvectors: [([x]) => mul(eigh(positive(x))[1], eigh(positive(x))[1]), points([3, 3], square)],
    'singular values': [([x]) => svdvals(x), points([4, 2], tall)],
    'r of qr of a wide matrix': [([x]) => qr(x)[1], points([2, 4], tall)],
    'u of svd': [([x]) => mul(thin(x)[0], thin(x)[0]), points([4, 2], tall)],
    'vh of svd': [([x]) => mul(thin(x)[2], thin(x)[2]), points([2, 4], tall)],
    pinv: [([x]) => pinv(x), points([4, 2], tall)],
    matrixExp: [([x]) => matrixExp(x), points([2, 2], [0.3, 1.1, -0.6, 0.4])],
    matrixPower: [([x]) => matrixPower(x, -2), points([3, 3], square)],
  };

for (const [name, [f, at]] of Object.entries(smooth))
  test(`the derivatives of ${name} are those of finite differences`, (t) => {
    t.deepEqual(derivativeFaults(f, at), []);
  });

const value = (f: (x: Node) => Node, shape: readonly number[], data: readonly number[]): number[] => {
  const x = input({ shape, dtype: 'float64' });
  return evaluate([x], [f(x)], [data])[0];
};

test('the gradient of a singular determinant is the matrix of cofactors', (t) => {
  const gradient = (x: Node): Node => cofactors([x]);
  t.is(difference(value(gradient, [2, 2], [1, 2, 2, 4]), [4, -2, -2, 1], 1e-12), null);
  t.is(difference(value(gradient, [2, 2], [0, 0, 0, 0]), [0, 0, 0, 0]), null);
  // rank 2 of 3: by the definition, from minors
  const a = [1, 2, 3, 4, 5, 6, 7, 8, 9];
  t.is(difference(value(gradient, [3, 3], a), [-3, 6, -3, 6, -12, 6, -3, 6, -3], 1e-9), null);
  t.is(difference(value(gradient, [3, 3], [1, 2, 3, 2, 4, 6, 3, 6, 9]), new Array<number>(9).fill(0)), null);
  t.is(difference(value(gradient, [1, 1], [0]), [1]), null);
});

for (const a of [
  [1, 2, 2, 4],
  [0, 0, 0, 0],
  [1, 2, 3, 2, 4, 6, 1, 0, 1],
  [1, 2, 3, 2, 4, 6, 3, 6, 9],
])
  test(`the derivatives of a determinant that is 0 are those of finite differences, of ${a.join(' ')}`, (t) => {
    const n = Math.sqrt(a.length);
    t.deepEqual(
      derivativeFaults(([x]) => det(x), points([n, n], a)),
      [],
    );
  });

test('the sign of a determinant has a derivative, which is 0', (t) => {
  const x = tensor([[1, 2], [2, 5]], { requiresGrad: true }); // prettier-ignore
  const { sign } = linalg.slogdet(x);
  t.is(sign.gradFn!.name, 'LinalgSlogdetBackward0');
  sign.backward();
  t.deepEqual(x.grad!.toArray(), [[0, 0], [0, 0]]); // prettier-ignore
});

test('factors multiply to what was factored', (t) => {
  const check = (f: (x: Node) => Node, shape: readonly number[], data: readonly number[]): boolean =>
    t.is(difference(value(f, shape, data), data, 1e-12), null);
  const reconstruct = (x: Node): Node => {
    const [u, s, vh] = thin(x);
    return matmul(mul(u, unsqueeze(s, -2)), vh);
  };
  check((x) => matmul(...qr(x)), [4, 2], tall);
  check((x) => matmul(...qr(x)), [2, 4], tall);
  check((x) => matmul(...qr(x, { mode: 'complete' })), [4, 2], tall);
  check(reconstruct, [4, 2], tall);
  check(reconstruct, [2, 4], tall);
  check(reconstruct, [3, 3], [1, 2, 3, 2, 4, 6, 3, 6, 9]);
  check(reconstruct, [2, 2, 2], tall);
});

test('U and Vh of a matrix that is not square are completed to orthonormal bases', (t) => {
  const identity = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
  const gram = (k: 0 | 2): ((x: Node) => Node) => {
    return (x) => matmul(matrixTranspose(svd(x)[k]), svd(x)[k]);
  };
  t.is(difference(value(gram(0), [4, 2], tall), identity, 1e-12), null);
  t.is(difference(value(gram(2), [2, 4], tall), identity, 1e-12), null);
  t.is(difference(value(gram(0), [4, 0], []), identity, 1e-12), null);
});

test('the gradient of eigenvectors is symmetric', (t) => {
  const gradient = (x: Node): Node => {
    const y = abs(eigh(x)[1]);
    const [g] = differentiate([y], [iota([2, 2], 1, 'float64')], [x], add);
    return g!;
  };
  const [, right, below] = value(gradient, [2, 2], [2, 1, 1, 3]);
  t.true(Math.abs(right - below) < 1e-12 && right !== 0);
});

test('the columns of U are orthonormal even for a matrix of zeros', (t) => {
  const gram = value(
    (x) => matmul(matrixTranspose(thin(x)[0]), thin(x)[0]),
    [3, 2],
    new Array<number>(6).fill(0),
  );
  t.is(difference(gram, [1, 0, 0, 1], 1e-12), null);
});

test('eigenvalues ascend, singular values descend, ranks are counted', (t) => {
  t.is(
    difference(
      value((x) => eigh(x)[0], [2, 2], [2, 1, 1, 2]),
      [1, 3],
      1e-12,
    ),
    null,
  );
  t.is(
    difference(
      value((x) => svdvals(x), [2, 2], [3, 0, 0, -5]),
      [5, 3],
      1e-12,
    ),
    null,
  );
  t.deepEqual(value(matrixRank, [3, 3], [1, 2, 3, 2, 4, 6, 1, 0, 1]), [2]);
});

test('only the lower triangle counts for cholesky and eigh', (t) => {
  const whole = [4, 2, 2, 3];
  const lower = [4, 99, 2, 3];
  t.deepEqual(value(cholesky, [2, 2], lower), value(cholesky, [2, 2], whole));
  t.deepEqual(
    value((x) => eigh(x)[0], [2, 2], lower),
    value((x) => eigh(x)[0], [2, 2], whole),
  );
});

test('large and small matrices have an exponential', (t) => {
  t.is(
    difference(
      value(matrixExp, [2, 2], [0, -20, 20, 0]),
      [Math.cos(20), -Math.sin(20), Math.sin(20), Math.cos(20)],
      1e-10,
    ),
    null,
  );
  t.is(difference(value(matrixExp, [1, 1], [-700]), [Math.exp(-700)], 1e-300), null);
  t.deepEqual(value(matrixExp, [2, 2], [0, 0, 0, 0]), [1, 0, 0, 1]);
});

test('powers of matrices: the zeroth is the identity, negative ones invert', (t) => {
  t.deepEqual(
    value((x) => matrixPower(x, 0), [2, 2], [5, 6, 7, 8]),
    [1, 0, 0, 1],
  );
  t.is(
    difference(
      value((x) => matmul(matrixPower(x, -3), matrixPower(x, 3)), [2, 2], [2, 1, 1, 1]),
      [1, 0, 0, 1],
      1e-9,
    ),
    null,
  );
  t.deepEqual(
    value((x) => matrixPower(x, 5), [1, 1], [2]),
    [32],
  );
});

test('what is singular or not positive is refused when it is computed, with the batch that is', (t) => {
  const run = (f: (x: Node) => Node, shape: readonly number[], data: readonly number[]) => (): unknown => {
    const x = input({ shape, dtype: 'float64' });
    return interpret(makeGraph([x], [f(x)]), [data]);
  };
  t.throws(run(inv, [2, 2], [1, 2, 2, 4]), {
    message:
      'linalg.inv: The diagonal element 2 is zero, the inversion could not be completed because the input matrix is singular.',
  });
  t.throws(run(inv, [2, 1, 1], [1, 0]), {
    message: /^linalg.inv: \(Batch element 1\): The diagonal element 1 is zero/,
  });
  t.throws(
    run((x) => solve(x, constant(1, 'float64', [2])), [2, 2], [0, 0, 0, 0]),
    {
      message: 'linalg.solve: The solver failed because the input matrix is singular.',
    },
  );
  t.throws(run(cholesky, [2, 2], [1, 2, 2, 1]), {
    message:
      'linalg.cholesky: The factorization could not be completed because the input is not positive-definite (the leading minor of order 2 is not positive-definite).',
  });
});

test('shapes and dtypes that do not fit are refused when the call is made', (t) => {
  const x = (shape: readonly number[]): Node => input({ shape, dtype: 'float32' });
  t.throws(() => inv(x([2, 3])), {
    message: 'linalg.inv: A must be batches of square matrices, but they are 2 by 3 matrices',
  });
  t.throws(() => det(x([3])), { message: 'linalg.det: The input tensor A must have at least 2 dimensions.' });
  t.throws(() => solve(x([2, 2]), x([3, 1])), { message: /^linalg.solve: Incompatible shapes of A and B/ });
  t.throws(() => inv(input({ shape: [2, 2], dtype: 'int32' })), {
    message: 'linalg.inv: Expected a floating point or complex tensor as input. Got Int',
  });
});

test('the triangle that solveTriangular does not look at gets no gradient', (t) => {
  const x = input({ shape: [2, 2], dtype: 'float64' });
  const y = sum(solveTriangular(x, constant(1, 'float64', [2, 1]), { upper: false }));
  t.is(y.type.shape.length, 0);
  const direct = solveTriangular(x, constant(1, 'float64', [2, 1]), { upper: false });
  const [gradient] = direct.op.vjp!(constant(1, 'float64', [2, 1]), direct, [true, false]);
  const [values, lower] = evaluate([x], [gradient!, tril(gradient!)], [[2, 9, 1, 3]]);
  t.deepEqual(values, lower);
});
