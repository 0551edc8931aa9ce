// Choices that data decide are reads from a pair of numbers, not jumps: the text of such a loop has no condition, the numbers are those of the
// interpreter to the sign of zero, and what is dear or nearly always the same is still jumped over.

import test from 'ava';
import type { AnyNode } from 'acorn';

import * as g from '../index.ts';
import type { Tensor } from '../index.ts';
import { sourceParser } from '../runtime/parser.ts';
import { sourceFaults } from '../runtime/sourceFaults.ts';

const { functional } = g.nn;
const signs = [1, -1, 0, -0, NaN, Infinity, -Infinity, 0.25, -0.25, 3, -3, 1e-40, -1e38];
/** All pairs of the numbers above. */
const first = g.tensor(Float32Array.from(signs.flatMap((a) => signs.map(() => a))));
const second = g.tensor(Float32Array.from(signs.flatMap(() => signs)));

type Pairwise = (x: Tensor, y: Tensor) => Tensor;
const sourceOf = (fn: Pairwise): string => g.compile(fn).lower(first, second).source;

/** Conditions within the loops of a source's kernels. */
function conditions(source: string): number {
  let found = 0;
  const visit = (n: AnyNode, inLoop: boolean): void => {
    if (inLoop && ['ConditionalExpression', 'LogicalExpression', 'IfStatement'].includes(n.type)) found++;
    for (const child of Object.values(n).flat() as unknown[])
      if (typeof child === 'object' && child !== null && 'type' in child)
        visit(child as AnyNode, inLoop || n.type === 'ForStatement');
  };
  visit(sourceParser()!(source), false);
  return found;
}

const sumOfGradient = (fn: (x: Tensor) => Tensor): Pairwise => {
  const weighted: Pairwise = (x, y) => fn(x).mul(y).sum();
  return (x, y) => g.grad(weighted)(x, y) as Tensor;
};

const choices: Readonly<Record<string, Pairwise>> = {
  relu: (x) => x.relu(),
  'the gradient of relu': sumOfGradient((x) => x.relu()),
  'leaky relu': (x) => functional.leakyRelu(x),
  clamp: (x) => x.clamp(-0.5, 0.5),
  'the gradient of clamp': sumOfGradient((x) => x.clamp(-0.5, 0.5)),
  maximum: (x, y) => g.maximum(x, y),
  minimum: (x, y) => g.minimum(x, y),
  'where of a comparison': (x, y) => g.where(x.gt(y), x, y),
  'where of two comparisons': (x, y) => g.where(x.gt(0).logicalAnd(y.lt(0)), y, x),
  sign: (x) => x.sign(),
  comparison: (x, y) => x.lt(y),
  huber: (x, y) => functional.smoothL1Loss(x, y, { reduction: 'none' }),
  'the maximum of a short row': (x) => x.reshape([-1, 13]).slice(1, 2, 6).amax(1),
};
for (const [name, fn] of Object.entries(choices)) {
  test(`${name}: its loop has no condition`, (t) => {
    const source = sourceOf(fn);
    t.is(conditions(source), 0, source);
    t.deepEqual(sourceFaults(source, sourceParser()!), []);
  });
  test(`${name}: zeros with a sign, infinities and NaN are those of the interpreter`, (t) => {
    const [compiled, interpreted] = [g.compile(fn), g.compile(fn, { backend: 'interpreter' })];
    const [got, want] = [compiled, interpreted].map((f) => [...f(first, second).toTypedArray()]);
    t.deepEqual(got, want);
  });
}

test('where and how large the maximum of a short row is are chosen without a condition', (t) => {
  const best = (x: Tensor): [Tensor, Tensor] => {
    const { values, indices } = x.reshape([-1, 13]).slice(1, 7, 12).max(1);
    return [values, indices];
  };
  const { source } = g.compile(best).lower(first);
  // of the first element, which is nearly always better than nothing, it is known
  t.true(conditions(source) <= 2, source);
  const [got, want] = [g.compile(best), g.compile(best, { backend: 'interpreter' })].map((f) =>
    f(first).map((y) => [...y.toTypedArray()]),
  );
  t.deepEqual(got, want);
});

test('a branch that is dear is computed only where it is chosen', (t) => {
  t.is(conditions(sourceOf((x) => g.where(x.gt(0), x.tan(), x))), 1);
});

test('a test for NaN, which nearly always says no, stays a jump', (t) => {
  t.is(conditions(sourceOf((x) => g.where(x.isnan(), 0, x))), 1);
});

test('the maximum so far of many is compared and jumped over', (t) => {
  const long = g.zeros([64, 200]);
  const { source } = g.compile((x: Tensor) => x.amax(1)).lower(long);
  t.true(source.includes('maxOf('), source);
});

test('a mask of positions is a test of positions', (t) => {
  const square = g.zeros([64, 64]);
  const masked = (x: Tensor): Tensor => g.where(g.arange(64).unsqueeze(1).lt(g.arange(64)), 0, x);
  t.false(g.compile(masked).lower(square).source.includes('pair'));
});

test('the largest of a short row begins with its first number', (t) => {
  const source = sourceOf((x) => x.reshape([-1, 13]).slice(1, 2, 4).amax(1));
  t.regex(source, /let amax = in0\[/);
  t.false(source.includes('-Infinity'));
});
