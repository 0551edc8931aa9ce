// Fourier transforms: against sums written out, at lengths of every kind; derivatives of every function against differences, to the second order;
// what defines inverses and halves; dtypes, batches, and PyTorch's errors. Values and gradients against PyTorch are in oracle.test.ts
// (fft-cases.json).

import test from 'ava';
import * as g from '../index.ts';
import { autograd, fft, grad, jvp, tensor, vmap } from '../index.ts';
import type { Tensor } from '../index.ts';
import { makeComplexes, tabulateRoots } from '../ops/fft/roots.ts';
import { planTransform } from '../ops/fft/transform.ts';

const names = Object.keys(fft) as (keyof typeof fft)[];
const transforms = names.filter((name) => !/freq|shift/.test(name)) as Exclude<
  keyof typeof fft,
  'fftfreq' | 'rfftfreq' | 'fftshift' | 'ifftshift'
>[];
const takesPairs = (name: string): boolean => !/^(rfft|ihfft)/.test(name);

/** Numbers without structure between -1 and 1. */
const noise = (...shape: number[]): Tensor => {
  const size = shape.reduce((a, b) => a * b, 1);
  const values = Float64Array.from(
    { length: size },
    (_, i) => (((i * 7 + 134) * 2654435761) % 2001) / 1000 - 1,
  );
  return tensor(values, { shape, dtype: 'float64' });
};
const double = (data: g.TensorData): Tensor => tensor(data, { dtype: 'float64' });

const distance = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce(
    (most, x, i) => Math.max(most, Math.abs(x - b[i])),
    a.length === b.length ? 0 : Infinity,
  );
const close = (a: Tensor, b: Tensor, atol = 1e-12): boolean =>
  a.shape.join() === b.shape.join() && distance(a.toTypedArray(), b.toTypedArray()) <= atol;

/** The sums that define a transform, with angles taken modulo a turn before they are rounded. */
function sums(x: ArrayLike<number>, sign: number): Float64Array {
  const n = x.length / 2;
  const out = new Float64Array(2 * n);
  for (let k = 0; k < n; k++)
    for (let j = 0; j < n; j++) {
      const angle = (sign * 2 * Math.PI * ((j * k) % n)) / n;
      out[2 * k] += x[2 * j] * Math.cos(angle) - x[2 * j + 1] * Math.sin(angle);
      out[2 * k + 1] += x[2 * j] * Math.sin(angle) + x[2 * j + 1] * Math.cos(angle);
    }
  return out;
}

// 1, powers of 2, 3 and 4 times them, odd and mixed factors, primes that are passes (up to 61) and that are chirps, products of large primes
const lengths = [
  1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 15, 16, 17, 25, 27, 30, 32, 49, 60, 61, 64, 67, 97, 100,
];
for (const n of [...lengths, 121, 128, 134, 210, 243, 251, 256, 360, 509, 512, 625, 1009, 1024, 67 * 71])
  test(`${n} numbers are transformed as their sums say, forwards and backwards`, (t) => {
    const x = noise(n, 2);
    const values = x.toTypedArray();
    const size = Math.sqrt(n);
    t.true(distance(fft.fft(x).toTypedArray(), sums(values, -1)) < 2e-13 * size + 1e-15 * n);
    t.true(
      distance(fft.ifft(x, { norm: 'forward' }).toTypedArray(), sums(values, 1)) < 2e-13 * size + 1e-15 * n,
    );
  });

for (const n of [1, 2, 3, 4, 6, 7, 10, 15, 16, 67, 134, 256, 1009])
  test(`${n} real numbers have the first half of the transform of pairs, and come back`, (t) => {
    const x = noise(n);
    const pairs = fft.fft(g.stack([x, g.zerosLike(x)], -1));
    const half = fft.rfft(x);
    t.true(close(half, pairs.narrow(0, 0, Math.floor(n / 2) + 1), 1e-13 * n));
    t.true(close(fft.irfft(half, { n }), x));
    t.true(close(fft.hfft(fft.ihfft(x), { n }), x));
    const one = tensor([1, -1], { dtype: 'float64' });
    t.true(close(fft.ihfft(x), half.mul(one).div(n), 1e-13));
    // what is its own conjugate has no imaginary part at all
    t.is(Math.abs(half.at(0).at(1).item() as number), 0);
    if (n % 2 === 0) t.is(Math.abs(half.at(-1).at(1).item() as number), 0);
  });

test('a long transform is as exact as double precision allows', (t) => {
  // one exponential: all of it is in one number; the lengths are passes, and a chirp
  for (const n of [2 ** 16, 3 ** 10, 99991]) {
    const x = makeComplexes(n);
    for (let k = 0; k < n; k++) {
      const angle = (2 * Math.PI * ((7 * k) % n)) / n;
      x.re[k] = Math.cos(angle) / n;
      x.im[k] = Math.sin(angle) / n;
    }
    planTransform(n)(x);
    x.re[7] -= 1;
    const rest = makeComplexes(n);
    t.true(Math.max(distance(x.re, rest.re), distance(x.im, rest.im)) < 1e-15, String(n));
  }
});

test('roots that mirror each other are equal, and quarters of a turn exact', (t) => {
  for (const n of [1, 2, 3, 4, 7, 8, 12, 15, 16, 40]) {
    const { re, im } = tabulateRoots(n);
    for (let k = 1; k < n; k++) {
      t.is(re[k], re[n - k]);
      t.true(im[k] === -im[n - k]);
    }
    if (n % 4 === 0) {
      t.deepEqual([re[n / 4] + 0, im[n / 4], re[n / 2], im[n / 2] + 0], [0, -1, -1, 0]);
      for (let k = 0; k <= n / 4; k++) t.is(re[k], -im[n / 4 - k] + 0);
    }
  }
});

for (const name of transforms)
  test(`${name} has the derivatives that differences show, to the second order`, (t) => {
    const shape = /2|n$/.test(name) ? [2, 3, 4] : [2, 5];
    const x = noise(...shape, ...(takesPairs(name) ? [2] : [])).requiresGrad_();
    for (const norm of ['backward', 'ortho'] as const) {
      const call = (y: Tensor): Tensor => fft[name](y.square(), { norm });
      t.true(autograd.gradcheck(call, [x]));
      t.true(autograd.gradgradcheck(call, [x]));
    }
  });

test('fftshift and ifftshift have derivatives, and undo each other', (t) => {
  const x = noise(3, 4, 5).requiresGrad_();
  for (const call of [fft.fftshift, fft.ifftshift]) {
    t.true(autograd.gradcheck((y: Tensor) => call(y.square(), [0, 2]), [x]));
    t.true(autograd.gradgradcheck((y: Tensor) => call(y.square()), [x]));
  }
  t.deepEqual(fft.ifftshift(fft.fftshift(x)).toArray(), x.toArray());
  t.deepEqual(fft.fftshift(tensor([0, 1, 2, 3, 4])).toArray(), [3, 4, 0, 1, 2]);
  t.deepEqual(fft.ifftshift(tensor([0, 1, 2, 3, 4])).toArray(), [2, 3, 4, 0, 1]);
  t.deepEqual(fft.fftshift(fft.fftfreq(4)).toArray(), [-0.5, -0.25, 0, 0.25]);
  t.deepEqual(fft.fftshift(noise(3, 4), 1).toArray(), fft.fftshift(noise(3, 4), { dim: -1 }).toArray());
});

test('derivatives of order three go through a transform, forwards and backwards', (t) => {
  // the energy of a spectrum is n times that of its signal
  const energy = (x: Tensor): Tensor => fft.rfft(x.mul(x)).square().sum();
  const whole = (x: Tensor): Tensor =>
    fft
      .fft(g.stack([x.mul(x), g.zerosLike(x)], -1))
      .square()
      .sum();
  const x = noise(4);
  const third = grad((y: Tensor) => grad((z: Tensor) => grad(whole)(z).sum())(y).sum());
  t.true(close(third(x), x.mul(24 * 4), 1e-11));
  t.true(close(jvp(grad(whole), [x], [g.onesLike(x)])[1], x.square().mul(12 * 4), 1e-11));
  const v = noise(4).flip(0);
  t.true(close(jvp(energy, [x], [v])[1], grad(energy)(x).mul(v).sum()));
});

test('vmap is the transform of each example, also of its gradient, and compiled', (t) => {
  const z = noise(3, 4, 2);
  t.true(close(vmap((y: Tensor) => fft.fft(y))(z), fft.fft(z)));
  const spectra = vmap((y: Tensor) => fft.rfft(y, { norm: 'ortho' }), { inDims: 1 });
  t.true(close(spectra(noise(5, 3)), fft.rfft(noise(5, 3).t(), { norm: 'ortho' })));
  const power = (y: Tensor): Tensor => fft.irfft2(y).pow(3).sum();
  const batch = noise(3, 2, 3, 2);
  const each = vmap(grad(power));
  const sum = grad((y: Tensor) => fft.irfft2(y).pow(3).sum());
  t.true(close(each(batch), sum(batch)));
  t.true(close(g.compile(each)(batch), sum(batch)));
});

test('a convolution theorem: products of spectra are circular convolutions', (t) => {
  const [a, b] = [noise(7), noise(7).flip(0)];
  const [x, y] = [fft.rfft(a), fft.rfft(b)];
  const [xr, xi, yr, yi] = [x.select(1, 0), x.select(1, 1), y.select(1, 0), y.select(1, 1)];
  const product = g.stack([xr.mul(yr).sub(xi.mul(yi)), xr.mul(yi).add(xi.mul(yr))], -1);
  const convolved = g.stack(Array.from({ length: 7 }, (_, k) => a.mul(b.flip(0).roll(k + 1, 0)).sum()));
  t.true(close(fft.irfft(product, { n: 7 }), convolved));
});

test('several dimensions are one after the other', (t) => {
  const z = noise(3, 4, 5, 2);
  const one = fft.fft(fft.fft(fft.fft(z, { dim: 0 }), { dim: 1 }), { dim: 2 });
  t.true(close(fft.fftn(z), one, 1e-11));
  t.true(close(fft.fft2(z), fft.fft(fft.fft(z, { dim: -1 }), { dim: -2 }), 1e-11));
  t.true(close(fft.ifftn(fft.fftn(z)), z));
  t.true(close(fft.irfftn(fft.rfftn(noise(2, 3, 5)), { s: [2, 3, 5] }), noise(2, 3, 5)));
  t.true(close(fft.hfft2(fft.ihfft2(noise(3, 4))), noise(3, 4)));
  t.true(close(fft.fftn(z, { s: 3 }), fft.fft(z, 3)));
  t.true(close(fft.rfft2(noise(3, 4), [2, 5]), fft.rfft2(noise(3, 4), { s: [2, 5] })));
  t.true(close(fft.fftn(z, { dim: 0 }), fft.fft(z, { dim: 0 })));
  t.deepEqual(fft.fftn(z, { dim: [] }).toArray(), z.toArray());
});

test('results have the dtype of the input; integers and booleans become float32', (t) => {
  t.is(fft.fft(noise(3, 2)).dtype, 'float64');
  t.is(fft.rfft(tensor([1, 2, 3])).dtype, 'float32');
  for (const dtype of ['int32', 'uint8', 'bool'] as const) {
    const x = tensor([1, 0, 1, 1], { dtype });
    t.deepEqual([fft.rfft(x).dtype, fft.ihfft(x).dtype], ['float32', 'float32']);
    t.deepEqual(fft.rfft(x).toArray(), [
      [3, 0],
      [0, 1],
      [1, 0],
    ]);
    t.is(fft.irfft(x.reshape([2, 2])).dtype, 'float32');
    t.is(fft.fftn(x.reshape([2, 2])).dtype, 'float32');
  }
  // float32 is summed in double precision: what is left is one rounding of each result
  const x = noise(1000, 2).to('float32');
  const exact = fft.fft(x.to('float64')).toTypedArray();
  t.true(
    fft
      .fft(x)
      .toTypedArray()
      .every((v, i) => v === Math.fround(exact[i])),
  );
});

test('batches of nothing are nothing', (t) => {
  t.deepEqual(fft.fft(g.zeros([0, 3, 2])).shape, [0, 3, 2]);
  t.deepEqual(fft.rfft(g.zeros([0, 3])).shape, [0, 2, 2]);
  t.deepEqual(fft.irfft(g.zeros([3, 0, 2]), { dim: 0 }).shape, [4, 0]);
  t.is(
    fft
      .rfft(g.zeros([0, 3]))
      .sum()
      .item(),
    0,
  );
});

test('frequencies', (t) => {
  const near = (x: Tensor, want: readonly number[]): boolean =>
    t.true(close(x.to('float64'), double([...want]), 1e-7));
  near(fft.fftfreq(5), [0, 0.2, 0.4, -0.4, -0.2]);
  near(fft.fftfreq(4, { d: 0.5 }), [0, 0.5, -1, -0.5]);
  near(fft.rfftfreq(5), [0, 0.2, 0.4]);
  near(fft.rfftfreq(4, 2), [0, 0.125, 0.25]);
  near(fft.rfftfreq(1), [0]);
  t.deepEqual(fft.fftfreq(0).shape, [0]);
  t.deepEqual([fft.fftfreq(3).dtype, fft.rfftfreq(3, { dtype: 'float64' }).dtype], ['float32', 'float64']);
  t.true(fft.fftfreq(3, { requiresGrad: true }).requiresGrad);
  t.throws(() => fft.fftfreq(-1), { message: /^Trying to create tensor with negative dimension -1: \[-1\]/ });
  t.throws(() => fft.fftfreq(2.5), { message: /^fftfreq\(\): argument 'n' must be int/ });
  t.throws(() => fft.rfftfreq(5, { dtype: 'int32' }), {
    message: /^rfftfreq requires a floating point or complex dtype/,
  });
});

test('the gradient of a half counts as PyTorch counts it', (t) => {
  // irfft reads what is between the ends twice, and no imaginary part of the ends
  const z = g.ones([3, 2], { dtype: 'float64' }).requiresGrad_();
  const [first] = autograd.grad(
    fft
      .irfft(z)
      .mul(double([1, 2, 3, 5]))
      .sum(),
    [z],
  );
  t.deepEqual(first!.toArray(), [
    [2.75, 0],
    [-1, 1.5],
    [-0.75, 0],
  ]);
  const x = g.ones([4], { dtype: 'float64' }).requiresGrad_();
  const [second] = autograd.grad(fft.rfft(x).sum(), [x]);
  t.deepEqual(second!.toArray(), [3, -1, 1, 1]);
});

const z = (...shape: number[]): Tensor => g.zeros([...shape, 2]);
const mistakes: readonly (readonly [what: string, run: () => unknown, message: RegExp])[] = [
  [
    'no pairs',
    () => fft.fft(g.zeros([4, 3])),
    /^fft\.fft: .*last dimension of size 2.*view_as_real.*\[4, 3\]/,
  ],
  ['no pairs, of several', () => fft.irfft2(g.zeros([4, 3])), /^fft\.irfft2: .*view_as_real.*\[4, 3\]/],
  ['a scalar', () => fft.ifft(g.tensor(1)), /^fft\.ifft: .*last dimension of size 2.*\[\]/],
  ['no points', () => fft.fft(z(3, 0)), /^Invalid number of data points \(0\) specified/],
  ['a pair alone', () => fft.fft(z()), /^Invalid number of data points \(0\) specified/],
  ['a real scalar', () => fft.rfft(g.tensor(1)), /^Invalid number of data points \(0\) specified/],
  ['a half of no points', () => fft.irfft(z(3, 0)), /^Invalid number of data points \(-2\) specified/],
  ['a half of one point', () => fft.irfft(z(3, 1)), /^Invalid number of data points \(0\) specified/],
  ['halves of one point', () => fft.irfft2(z(3, 1)), /^Invalid number of data points \(0\) specified/],
  ['n of 0', () => fft.rfft(g.ones([3]), { n: 0 }), /^Invalid number of data points \(0\) specified/],
  ['n below 0', () => fft.hfft(z(3), { n: -1 }), /^Invalid number of data points \(-1\) specified/],
  ['n with a fraction', () => fft.fft(z(3), { n: 1.5 }), /^The number of data points must be a whole number/],
  ['s of 0', () => fft.fftn(z(3, 4), { s: [0, 2] }), /^Invalid number of data points \(0\) specified/],
  [
    's below -1',
    () => fft.irfftn(z(3, 4), { s: [-2, 2] }),
    /^Invalid number of data points \(-2\) specified/,
  ],
  [
    'a dim out of range',
    () => fft.fft(z(3, 4), { dim: 2 }),
    /^Dimension out of range \(expected to be in range of \[-2, 1\], but got 2\)/,
  ],
  [
    'fft2 of a vector',
    () => fft.fft2(z(3)),
    /^Dimension out of range \(expected to be in range of \[-1, 0\], but got -2\)/,
  ],
  ['a shift out of range', () => fft.fftshift(g.ones([3]), 1), /^Dimension out of range/],
  ['a dim twice', () => fft.rfft2(g.ones([3, 4]), { dim: [0, -2] }), /^FFT dims must be unique/],
  [
    's and dim',
    () => fft.fftn(z(3, 4), { s: [2], dim: [0, 1] }),
    /^When given, dim and shape arguments must have the same length/,
  ],
  [
    's too long',
    () => fft.rfftn(g.ones([3]), { s: [2, 2] }),
    /^Got shape with 2 values but input tensor only has 1 dimensions\./,
  ],
  ['no dim', () => fft.rfft2(g.ones([3, 4]), { dim: [] }), /^rfftn must transform at least one axis/],
  ['no dim of a half', () => fft.hfftn(z(3, 4), { dim: [] }), /^hfftn must transform at least one axis/],
  ['a norm', () => fft.fft(z(3), { norm: 'Ortho' as 'ortho' }), /^Invalid normalization mode: "Ortho"/],
  [
    'a norm, of several',
    () => fft.irfftn(z(3, 3), { norm: 'x' as 'ortho' }),
    /^Invalid normalization mode: "x"/,
  ],
  ['an option', () => fft.fft(z(3), { dims: 1 } as object), /dims/],
];
for (const [what, run, message] of mistakes)
  test(`refused: ${what}`, (t) => {
    const error = t.throws(run, { message });
    t.true(error instanceof g.GradloomError);
  });
