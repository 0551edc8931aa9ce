// The public surface: that nothing is missing, and the functions that are not operators of one node. In: the exports. Out: every operator can be
// reached, in-place forms and methods do what the functions do; small tables of values worked out by hand.

import test from 'ava';
import * as g from '../index.ts';
import { autograd, fft, linalg, ones, special, tensor, zeros } from '../index.ts';
import type { Tensor } from '../index.ts';
import { functions } from '../runtime/functions.ts';
import { inplaceNames, methodNames } from '../runtime/table.ts';

const close = (x: Tensor, want: readonly number[]): boolean =>
  [...x.toTypedArray()].every((v, i) => Math.abs(v - want[i]) < 1e-5) && x.numel === want.length;

const double = (data: Parameters<typeof tensor>[0]): Tensor =>
  tensor(data, { dtype: 'float64', requiresGrad: true });

test('every operator is exported, at the top, in a namespace or as a method', (t) => {
  const exported: Readonly<Record<string, unknown>> = { ...g };
  const reached = new Set<unknown>([
    ...Object.values(exported),
    ...Object.values(linalg),
    ...Object.values(special),
    ...Object.values(fft),
  ]);
  const methods: readonly string[] = methodNames;
  const missing = Object.entries(functions).filter(
    ([name, f]) => !reached.has(f) && !(name in exported) && !methods.includes(name),
  );
  t.deepEqual(missing, []);
});

/** The names of what nobody could use from TypeScript. */
type Unusable<T> = { [K in keyof T]: [T[K]] extends [never] ? K : never }[keyof T];

test('everything exported has a type with which it can be used', (t) => {
  const unusable: readonly (
    | Unusable<typeof g>
    | Unusable<typeof linalg>
    | Unusable<typeof special>
    | Unusable<typeof fft>
    | Unusable<Tensor>
  )[] = [];
  // with a name in it this does not compile
  const none: readonly never[] = unusable;
  t.deepEqual(none, []);
});

test('every method and in-place form is there under its own name', (t) => {
  const prototype = g.Tensor.prototype as unknown as Readonly<Record<string, { readonly name: string }>>;
  for (const name of [...methodNames, ...inplaceNames.map((n) => `${n}_`)]) t.is(prototype[name].name, name);
});

test('in-place forms write what the functions return', (t) => {
  const x = (): Tensor => tensor([0.25, 0.5, 0.75]);
  const y = tensor([2, 3, 4]);
  const prepared: Readonly<Partial<Record<string, readonly unknown[]>>> = {
    lerp: [y, 0.5],
    addcmul: [y, y],
    addcdiv: [y, y],
    maskedFill: [tensor([true, false, true]), 9],
    clamp: [{ min: 0.3 }],
    clip: [{ max: 0.6 }],
    copysign: [tensor([-1, 1, -1])],
    heaviside: [y],
    cumsum: [0],
    cumprod: [0],
  };
  const unary =
    'neg abs exp log sqrt rsqrt reciprocal square floor ceil trunc sign sin cos tan tanh sigmoid relu erf lgamma';
  const binary = 'add sub mul div pow maximum floorDivide remainder fmod atan2 hypot xlogy ldexp eq lt';
  const functionsOf = functions as unknown as Readonly<Record<string, (...args: unknown[]) => Tensor>>;
  const names = [...unary.split(' '), ...binary.split(' '), ...Object.keys(prepared)];
  for (const name of names.filter((n) => (inplaceNames as readonly string[]).includes(n))) {
    const rest = prepared[name] ?? (unary.split(' ').includes(name) ? [] : [y]);
    const z = x();
    const methods = z as unknown as Readonly<Record<string, (...args: unknown[]) => Tensor>>;
    t.is(methods[`${name}_`](...rest), z, name);
    t.deepEqual(
      z.toArray(),
      functionsOf[name](x(), ...rest)
        .to('float32')
        .toArray(),
      name,
    );
  }
});

test('results of several parts have names as well as places', (t) => {
  const a = tensor([
    [4, 1],
    [1, 3],
  ]);
  const { sign, logabsdet } = linalg.slogdet(a);
  t.is(sign.item(), 1);
  t.true(close(logabsdet, [Math.log(11)]));
  const { Q, R } = a.qr();
  t.true(close(Q.matmul(R).reshape([-1]), [4, 1, 1, 3]));
  const { eigenvalues, eigenvectors: v } = linalg.eigh(a);
  t.true(close(v.matmul(eigenvalues.unsqueeze(1).mul(v.mT)).reshape([-1]), [4, 1, 1, 3]));
  const { U, S, Vh } = linalg.svd(a);
  t.true(close(U.mul(S).matmul(Vh).reshape([-1]), [4, 1, 1, 3]));
  t.regex(String(linalg.svd(a)), /^torch\.return_types\.linalg_svd\(\nU=tensor\(/);
});

test('norms of vectors and matrices', (t) => {
  const m = tensor([
    [3, 0],
    [4, 5],
  ]);
  const singular = [Math.sqrt(45), Math.sqrt(5)];
  const rows: readonly (readonly [Tensor, readonly number[]])[] = [
    [linalg.norm(m), [Math.sqrt(50)]],
    [linalg.norm(tensor([3, -4]), 1), [7]],
    [linalg.norm(m, 1), [7]],
    [linalg.norm(m, 'inf'), [9]],
    [linalg.norm(m, null, 0), [5, 5]],
    [linalg.norm(m, 2, 1), [3, Math.sqrt(41)]],
    [linalg.matrixNorm(m), [Math.sqrt(50)]],
    [linalg.matrixNorm(m, 'nuc'), [singular[0] + singular[1]]],
    [linalg.matrixNorm(m, 2), [singular[0]]],
    [linalg.matrixNorm(m, -2), [singular[1]]],
    [linalg.matrixNorm(m, -1), [5]],
    [linalg.matrixNorm(m, -Infinity), [3]],
    [linalg.cond(m), [3]],
    [linalg.cond(m, 1), [7 * (9 / 15)]],
    [
      linalg.vecdot(
        tensor([
          [1, 2],
          [3, 4],
        ]),
        tensor([1, 10]),
      ),
      [21, 43],
    ],
    [linalg.cross(tensor([1, 0, 0]), tensor([0, 1, 0])), [0, 0, 1]],
    [linalg.diagonal(ones([2, 3, 3]).mul(2)), [2, 2, 2, 2, 2, 2]],
  ];
  rows.forEach(([got, want], i) => t.true(close(got.reshape([-1]), want), `row ${i}: ${String(got)}`));
  t.deepEqual(linalg.matrixNorm(ones([2, 3, 4]), 2, [0, 2], true).shape, [1, 3, 1]);
  t.deepEqual(linalg.matrixNorm(ones([2, 3, 4]), 1, [0, 2]).shape, [3]);
  t.throws(() => linalg.norm(ones([1, 2, 3]), 2), {
    message: /^linalg\.norm: If dim is not specified but ord is/,
  });
  t.throws(() => linalg.matrixNorm(m, 3), { message: /^linalg\.matrix_norm: Order 3 not supported/ });
});

test('gradients of the norms are right', (t) => {
  const m = double([
    [3, 0.5],
    [-4, 5],
  ]);
  for (const order of ['fro', 'nuc', 2, -2, 1, -1, Infinity, -Infinity] as const)
    t.true(
      autograd.gradcheck((x: Tensor) => linalg.matrixNorm(x, order), [m]),
      String(order),
    );
  t.true(autograd.gradcheck((x: Tensor) => linalg.cond(x, 1), [m]));
});

test('covariances and correlations of rows', (t) => {
  const x = tensor([
    [0, 1, 2],
    [2, 1, 0],
  ]);
  t.deepEqual(g.cov(x).toArray(), [
    [1, -1],
    [-1, 1],
  ]);
  t.deepEqual(g.cov(tensor([1, 2, 3, 4]), { correction: 0 }).toArray(), 1.25);
  const w = tensor([1, 2, 1]);
  t.true(
    close(g.cov(x, { fweights: tensor([1, 2, 1], { dtype: 'int32' }) }).reshape([-1]), [
      2 / 3,
      -2 / 3,
      -2 / 3,
      2 / 3,
    ]),
  );
  t.true(close(g.cov(x, { aweights: w }).reshape([-1]), [0.8, -0.8, -0.8, 0.8]));
  t.true(close(g.corrcoef(x).reshape([-1]), [1, -1, -1, 1]));
  t.throws(() => g.cov(zeros([1, 1, 1])), {
    message: /^cov\(\): expected input to have two or fewer dimensions/,
  });
  t.true(
    autograd.gradcheck(
      (v: Tensor) => g.corrcoef(v),
      [
        double([
          [0.5, 1.5, 2],
          [2, 1, 0.25],
        ]),
      ],
    ),
  );
});

test('facts about dtypes and shapes', (t) => {
  t.is(g.promoteTypes('uint8', 'int32'), 'int32');
  t.is(g.resultType(ones([2], { dtype: 'int32' }), 2.5), 'float32');
  t.true(g.canCast('int32', 'float32'));
  t.false(g.canCast('float32', 'int32'));
  t.true(g.isFloatingPoint(ones([1])));
  t.throws(() => g.promoteTypes('float16' as never, 'int32'), { message: /'float16' is not a dtype/ });
  const [a, b] = g.broadcastTensors(tensor([[1], [2]]), tensor([10, 20]));
  t.deepEqual(
    [a.toArray(), b.toArray()],
    [
      [
        [1, 1],
        [2, 2],
      ],
      [
        [10, 20],
        [10, 20],
      ],
    ],
  );
});

test('membership, indices of triangles and of what is not 0', (t) => {
  t.deepEqual(
    g
      .isin(
        tensor([
          [1, 2],
          [3, 4],
        ]),
        tensor([2, 3]),
      )
      .toArray(),
    [
      [false, true],
      [true, false],
    ],
  );
  t.deepEqual(g.isin(tensor([1, 2]), tensor([2]), { invert: true }).toArray(), [true, false]);
  t.deepEqual(g.trilIndices(3, 2).toArray(), [
    [0, 1, 1, 2, 2],
    [0, 0, 1, 0, 1],
  ]);
  t.deepEqual(g.triuIndices(2, 3, { offset: 1 }).toArray(), [
    [0, 0, 1],
    [1, 2, 2],
  ]);
  t.deepEqual(
    g
      .argwhere(
        tensor([
          [0, 1],
          [1, 0],
        ]),
      )
      .toArray(),
    [
      [0, 1],
      [1, 0],
    ],
  );
});

test('questions about whole tensors', (t) => {
  t.true(g.equal(tensor([1, 2]), tensor([1, 2])));
  t.false(g.equal(tensor([1, 2]), tensor([[1, 2]])));
  t.false(g.equal(tensor([NaN]), tensor([NaN])));
  t.true(g.allclose(tensor([1, 2]), tensor([1.000001, 2])));
  t.false(tensor([1]).allclose(tensor([1.1])));
  t.true(g.allclose(tensor([NaN]), tensor([NaN]), { equalNan: true }));
  t.throws(() => g.equal(tensor([1]), 1 as never), {
    message: /^equal\(\): argument \(position 2\) must be Tensor, not number/,
  });
});

test('methods that take their arguments in another order, and constructors after a model', (t) => {
  const x = tensor([1, -2]);
  t.deepEqual(x.where(x.gt(0), 0).toArray(), [1, 0]);
  t.true(close(tensor([1]).polygamma(1), [Math.PI ** 2 / 6]));
  t.deepEqual(ones([2, 3]).sumToSize([1, 3]).toArray(), [[2, 2, 2]]);
  t.throws(() => ones([2, 3]).sumToSize([2]), {
    message: /^size \{\[2\]\} is not expandable to size \{\[2, 3\]\}\./,
  });
  t.is(x.dim(), 1);
  const model = tensor([1], { dtype: 'int32' });
  t.deepEqual(
    [model.newZeros([2]), model.newFull([], 7), model.newTensor([1, 2])].map((y) => y.dtype),
    ['int32', 'int32', 'int32'],
  );
  t.is(model.newOnes([1], { dtype: 'float64' }).dtype, 'float64');
});

test('indexPut writes at indices, in place or not, and can add up', (t) => {
  const at = [tensor([0, 0, 2], { dtype: 'int32' })];
  const x = zeros([3]);
  t.deepEqual(x.indexPut(at, tensor([1, 2, 3]), { accumulate: true }).toArray(), [3, 0, 3]);
  t.deepEqual(x.toArray(), [0, 0, 0]);
  t.is(x.indexPut_(at, tensor([1, 1, 1])), x);
  t.deepEqual(x.toArray(), [1, 0, 1]);
});

test('attention, interpolation and shuffles are there for tensors', (t) => {
  const x = g.arange(16).reshape([1, 4, 2, 2]);
  t.deepEqual(g.pixelShuffle(x, 2).shape, [1, 1, 4, 4]);
  t.deepEqual(g.pixelUnshuffle(g.pixelShuffle(x, 2), 2).toArray(), x.toArray());
  t.deepEqual(g.interpolate(ones([1, 1, 2, 2]), { scaleFactor: 2 }).shape, [1, 1, 4, 4]);
  const q = ones([1, 2, 3]);
  t.deepEqual(g.scaledDotProductAttention(q, q, q, { isCausal: true }).toArray(), q.toArray());
  t.deepEqual(g.fold(g.im2col(x, 2), [2, 2], 2).toArray(), x.toArray());
});

test('convolutions take their options also in the place of a bias that is left out', (t) => {
  const [x, w] = [ones([1, 1, 4]), ones([1, 1, 2])];
  const options = { stride: 2 };
  t.deepEqual(g.conv1d(x, w, options).toArray(), g.conv1d(x, w, null, options).toArray());
  t.deepEqual(g.convTranspose1d(x, w, options).toArray(), g.convTranspose1d(x, w, null, options).toArray());
  t.deepEqual(g.nn.functional.conv2d(x.unsqueeze(0), w.unsqueeze(0), options).shape, [1, 1, 1, 2]);
  t.throws(() => g.conv2d(ones([1, 1, 4, 4]), ones([1, 1, 2, 2]), { strides: 2 } as object), {
    message: /^conv2d\(\) got an unexpected keyword argument 'strides'/,
  });
});
