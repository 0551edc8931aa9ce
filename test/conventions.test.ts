// Gradients at 0, at ties, at edges, at NaN and infinity: every case of test/fixtures/gradient-conventions.json, through public functions,
// in float32 and in float64, eagerly, by the interpreter and by generated code alone and within a larger graph.

import { readFileSync } from 'node:fs';
import test from 'ava';
import { autograd, compile, ones, tensor } from '../index.ts';
import type { DType, Tensor } from '../index.ts';
import { flatten } from './helpers/oracle.ts';
import type { Convention, Nested } from './helpers/oracle.ts';
import { pointOf } from './helpers/publicCases.ts';

const paths = ['eager', 'interpreter', 'compiled', 'fused'] as const;
type Path = (typeof paths)[number];
type Expected = Partial<Pick<Convention, 'y' | 'grad'>>;

/** Where newer releases answer otherwise than the one that made the fixture, and we follow them; where it was wrong; where it may be either. */
const newer: Readonly<Record<string, (c: Convention) => Expected>> = {
  atan2: ({ x }) => (flatten(x).every((v) => v === 0) ? { grad: [0, 0] } : {}),
  prelu: () => ({ grad: [1, 0.25] }),
  cosine_similarity0: () => ({ grad: [70710680, 70710680] }),
  // which of equal values is taken is unspecified: here the first
  'topk(2)': () => ({ grad: [0, 1, 1, 0] }),
  // the adjugate
  'det singular': ({ x }) =>
    flatten(x).includes(1)
      ? {
          grad: [
            [4, -2],
            [-2, 1],
          ],
        }
      : {},
};

/** What float64 gives where the fixture shows float32's own limits; null where the point is about float32 alone. */
const inDouble: Readonly<Record<string, (c: Convention) => Expected>> = {
  exp: ({ x }) => (x === 100 ? { y: Math.exp(100), grad: Math.exp(100) } : {}),
  nan_to_num: () => ({ y: [0, Number.MAX_VALUE, 1] }),
  sinc: () => ({ y: [1, 3.8981718325193755e-17, 0.6366197723675814] }),
};

const { cases } = JSON.parse(
  readFileSync(new URL('./fixtures/gradient-conventions.json', import.meta.url), 'utf8'),
) as { cases: Convention[] };

const shapeOf = (x: Nested): number[] =>
  Array.isArray(x) ? [x.length, ...(x.length > 0 ? shapeOf((x as readonly Nested[])[0]) : [])] : [];

const make = (x: Nested, dtype: DType): Tensor =>
  tensor(Float64Array.from(flatten(x)), { shape: shapeOf(x), dtype });

type Point = NonNullable<ReturnType<typeof pointOf>>;

interface Answer {
  readonly y: Tensor;
  readonly grads: readonly (Tensor | null)[];
  readonly more: readonly Tensor[];
}

function answer(point: Point, parts: readonly Tensor[], one: Tensor, fused: boolean): Answer {
  const leaves = parts.map((x) => x.detach().requiresGrad_());
  const around = (x: Tensor): Tensor => (fused ? x.mul(one) : x);
  const [a, b] = leaves.map(around);
  const y = around(point(a, b));
  const grads = y.requiresGrad
    ? autograd.grad(y, leaves, { gradOutputs: ones(y.shape, { dtype: y.dtype }), allowUnused: true })
    : leaves.map(() => null);
  return { y, grads, more: fused ? [y.tanh().sum(), a.mul(2).exp()] : [] };
}

function run(path: Path, point: Point, parts: readonly Tensor[], one: Tensor): Answer {
  if (path === 'eager') return answer(point, parts, one, false);
  const step = (xs: readonly Tensor[], unit: Tensor): Answer => answer(point, xs, unit, path === 'fused');
  return compile(step, { backend: path === 'interpreter' ? 'interpreter' : 'js' })(parts, one);
}

/** Functions of two scalars. */
const pairs = new Set(
  'pow(x,y) maximum minimum fmax fmin max(a,b) atan2 hypot div fmod remainder floor_divide div_trunc copysign xlogy logaddexp where(cond) lerp(.3) ldexp float_power'.split(
    ' ',
  ),
);

const near = (x: number, y: number): boolean =>
  Object.is(x, y) || x === y || Math.abs(x - y) <= 2e-7 + 2e-6 * Math.abs(y);

function faultsOf(c: Convention, dtype: DType, path: Path): string[] {
  const point = pointOf(c.op);
  if (point === null) return [`no public function for ${c.op}`];
  const parts = (pairs.has(c.op) ? (c.x as readonly Nested[]) : [c.x]).map((x) => make(x, dtype));
  const expected = { ...c, ...newer[c.op]?.(c), ...(dtype === 'float64' ? inDouble[c.op]?.(c) : {}) };
  const { y, grads } = run(path, point, parts, tensor(1, { dtype }));
  const faults: string[] = [];
  const compare = (what: string, got: readonly number[], want: readonly number[]): void => {
    if (got.length !== want.length || !got.every((x, i) => near(x, want[i])))
      faults.push(`${what}: ${got}, want ${want}`);
  };
  compare('value', Array.from(y.toTypedArray()), flatten(expected.y));
  if (expected.grad === null)
    return grads.some((g) => g !== null) ? [...faults, 'a gradient, want none'] : faults;
  if (grads.some((g) => g === null)) return [...faults, 'no gradient'];
  const values = grads.flatMap((g) => Array.from(g!.toTypedArray()));
  compare('gradient', values, flatten(expected.grad));
  return faults;
}

for (const dtype of ['float32', 'float64'] as const)
  for (const path of paths)
    cases.forEach((c, i) => {
      test(`${dtype}, ${path}: ${c.op} at ${JSON.stringify(c.x)} has PyTorch's value and gradient (${i})`, (t) => {
        t.deepEqual(faultsOf(c, dtype, path), []);
      });
    });
