// Axes of a group: dimensions that must run together are refined into the same atomic axes, or found not to fit.

import test from 'ava';

import { Axes } from '../compiler/axes.ts';
import type { Axis, Dim } from '../compiler/axes.ts';
import { makeRandom } from './helpers/randomGraph.ts';

const extents = (axes: readonly Axis[]): number[] => axes.map((a) => a.extent);
const dimOf = (axes: Axes, ...sizes: number[]): Dim => sizes.flatMap((size) => axes.dim(size));

test('a dimension of size 1 has no axis, one of size 0 has one', (t) => {
  const axes = new Axes();
  t.deepEqual(axes.dim(1), []);
  t.deepEqual(extents(axes.resolve(axes.dim(0))), [0]);
});

test('equal dimensions become one axis', (t) => {
  const axes = new Axes();
  const [a, b] = [axes.dim(6), axes.dim(6)];
  t.true(axes.unify(a, b));
  t.deepEqual(axes.resolve(a), axes.resolve(b));
  t.is(axes.resolve(a).length, 1);
});

test('a dimension that others split has their axes, slow before fast', (t) => {
  const axes = new Axes();
  const [whole, parts] = [axes.dim(24), dimOf(axes, 2, 3, 4)];
  t.true(axes.unify(whole, parts));
  t.deepEqual(extents(axes.resolve(whole)), [2, 3, 4]);
  t.deepEqual(axes.resolve(whole), axes.resolve(parts));
});

test('two splits of one dimension refine each other where one divides the other', (t) => {
  const axes = new Axes();
  const whole = axes.dim(24);
  const [first, second] = [dimOf(axes, 2, 12), dimOf(axes, 6, 4)];
  t.true(axes.unify(whole, first));
  t.true(axes.unify(whole, second));
  t.deepEqual(extents(axes.resolve(whole)), [2, 3, 4]);
  t.deepEqual(axes.resolve(first), axes.resolve(second));
});

test('splits that cut through each other do not fit', (t) => {
  const axes = new Axes();
  t.false(axes.unify(dimOf(axes, 4, 6), dimOf(axes, 6, 4)));
  t.false(axes.unify(dimOf(axes, 5), dimOf(axes, 6)));
  t.false(axes.unify(dimOf(axes, 2, 3), dimOf(axes, 3)));
  t.false(axes.unify(dimOf(axes, 0), dimOf(axes, 3)));
});

test('what is known of an axis is known of all that it was unified with', (t) => {
  const axes = new Axes();
  const [a, b, c] = [axes.dim(12), axes.dim(12), dimOf(axes, 3, 4)];
  t.true(axes.unify(a, b));
  t.true(axes.unify(b, c));
  t.deepEqual(axes.resolve(a), axes.resolve(c));
  t.deepEqual(extents(axes.resolve(a)), [3, 4]);
});

test('a product is cut into other sizes, if these do not cut through an axis', (t) => {
  const axes = new Axes();
  const dims = axes.repartition(dimOf(axes, 4, 6), [2, 2, 6]);
  t.deepEqual(
    dims?.map((d) => extents(axes.resolve(d))),
    [[2], [2], [6]],
  );
  t.deepEqual(
    axes.repartition(dimOf(axes, 4, 6), [24])?.map((d) => extents(axes.resolve(d))),
    [[4, 6]],
  );
  t.deepEqual(
    axes.repartition(dimOf(axes, 4, 6), [1, 4, 1, 6])?.map((d) => extents(axes.resolve(d))),
    [[], [4], [], [6]],
  );
  t.is(axes.repartition(dimOf(axes, 4, 6), [6, 4]), null);
  t.is(axes.repartition(dimOf(axes, 4, 6), [4, 5]), null);
  t.is(axes.repartition(dimOf(axes, 4, 6), [4]), null);
  t.is(axes.repartition(dimOf(axes, 0), [0, 3]), null);
});

test('whatever is unified, sizes stay and both sides have the same axes', (t) => {
  const random = makeRandom(1);
  /** Factors of 48 in random order and grouping. */
  const split = (): number[] => {
    const sizes = [1];
    for (const f of [2, 2, 2, 2, 3].sort(() => random.next() - 0.5))
      if (random.chance(0.5)) sizes.push(f);
      else sizes[sizes.length - 1] *= f;
    return sizes;
  };
  let fitting = 0;
  for (let n = 0; n < 500; n++) {
    const axes = new Axes();
    const dims = Array.from({ length: 4 }, () => dimOf(axes, ...split()));
    const fits = dims.slice(1).every((d) => axes.unify(dims[0], d));
    for (const d of dims)
      t.is(
        extents(axes.resolve(d)).reduce((p, e) => p * e, 1),
        48,
      );
    if (!fits) continue;
    fitting++;
    for (const d of dims) t.deepEqual(axes.resolve(d), axes.resolve(dims[0]));
    t.is(new Set(axes.resolve(dims[0])).size, axes.resolve(dims[0]).length);
  }
  t.true(fitting > 50);
});
