// Index arithmetic: whatever is simplified, the number that comes out is the same for every value of the loop variables.

import test from 'ava';

import type { Atom, Guard, Index, LoopVar, Place } from '../compiler/affine.ts';
import {
  add,
  flatten,
  floorDiv,
  indexOf,
  modulo,
  ofAtom,
  ofVar,
  place,
  rangeOf,
  readThrough,
  sameIndex,
  scale,
} from '../compiler/affine.ts';
import { strideIn, substitute, unflatten, variablesOf } from '../compiler/affine.ts';
import { printIndex } from '../compiler/printNest.ts';
import type { NestIndex } from '../compiler/nest.ts';
import type { Shape } from '../compiler/shape.ts';
import { numel } from '../compiler/shape.ts';
import type { View } from '../compiler/view.ts';
import { along, at, readIndex, viewFault } from '../compiler/view.ts';
import { makeRandom } from './helpers/randomGraph.ts';
import type { Random } from './helpers/randomGraph.ts';
import { evaluateIndex } from './helpers/runNest.ts';

const loop = (name: string, extent: number, step?: number): LoopVar => ({ tag: 'var', name, extent, step });
const [i, j, k] = [loop('i', 4), loop('j', 6), loop('k', 5)];
const vars = [i, j, k];
const print = (index: Index): string => printIndex(index as NestIndex);

/** All values of some loop variables. */
function* points(loops: readonly LoopVar[]): Generator<ReadonlyMap<string, number>> {
  if (loops.length === 0) return void (yield new Map());
  const [first, ...rest] = loops;
  for (let v = 0; v < first.extent; v += first.step ?? 1)
    for (const point of points(rest)) yield new Map([...point, [first.name, v]]);
}
const valueAt = (index: Index, point: ReadonlyMap<string, number>): number =>
  evaluateIndex(index, point, () => {
    throw new Error('no values at run time here');
  });

/** A sum of some variables, and of floors and remainders of others; never negative if `positive`. */
function randomIndex(random: Random, positive: boolean, depth = 1): Index {
  let index: Index = indexOf(random.int(positive ? 0 : -9, 9));
  for (const v of vars)
    if (random.chance(0.7)) index = add(index, scale(ofVar(v), random.int(positive ? 1 : -8, 8)));
  if (depth > 0 && random.chance(0.5)) {
    const inner = randomIndex(random, true, depth - 1);
    const by = random.int(2, 7);
    const part = random.chance(0.5) ? floorDiv(inner, by) : modulo(inner, by);
    index = add(index, scale(part, random.int(1, 4)));
  }
  return index;
}

test('sums, multiples, quotients and remainders have the values they should', (t) => {
  const random = makeRandom(1);
  for (let n = 0; n < 400; n++) {
    const [a, b] = [randomIndex(random, false), randomIndex(random, true)];
    const [by, times] = [random.int(1, 12), random.int(-3, 3)];
    const made = {
      sum: add(a, b),
      multiple: scale(a, times),
      quotient: floorDiv(a, by),
      rest: modulo(b, by),
    };
    for (const point of points(vars)) {
      const [x, y] = [valueAt(a, point), valueAt(b, point)];
      const expected = { sum: x + y, multiple: x * times, quotient: Math.floor(x / by), rest: y % by };
      for (const what of ['sum', 'multiple', 'quotient', 'rest'] as const)
        if (valueAt(made[what], point) !== expected[what])
          return t.fail(
            `${what} of ${print(a)}, ${print(b)}, by ${by}, times ${times}: ${print(made[what])}`,
          );
    }
  }
  t.pass();
});

test('ranges hold every value, and are tight for sums of variables', (t) => {
  const random = makeRandom(2);
  for (let n = 0; n < 300; n++) {
    const index = randomIndex(random, false, n % 2);
    const values = [...points(vars)].map((point) => valueAt(index, point));
    const [min, max] = [Math.min(...values), Math.max(...values)];
    const range = rangeOf(index);
    t.true(range.min <= min && range.max >= max, print(index));
    if (index.terms.every((term) => term.atom.tag === 'var')) t.deepEqual(range, { min, max }, print(index));
  }
});

test('a loop in steps ends before its extent', (t) => {
  t.deepEqual(rangeOf(ofVar(loop('i', 12, 4))), { min: 0, max: 8 });
  t.deepEqual(rangeOf(ofVar(loop('i', 0))), { min: 0, max: 0 });
});

const simple: readonly (readonly [what: string, index: Index, text: string])[] = [
  ['(6i + j) / 6 = i', floorDiv(add(scale(ofVar(i), 6), ofVar(j)), 6), 'i'],
  ['(6i + j) % 6 = j', modulo(add(scale(ofVar(i), 6), ofVar(j)), 6), 'j'],
  [
    '(12i + 2j) / 4 keeps what does not divide',
    floorDiv(add(scale(ofVar(i), 12), scale(ofVar(j), 2)), 4),
    '3*i + (2*j / 4)',
  ],
  ['j / 7 = 0', floorDiv(ofVar(j), 7), '0'],
  ['j % 7 = j', modulo(ofVar(j), 7), 'j'],
  ['(j + 8) % 4 drops the multiple', modulo(add(ofVar(j), indexOf(8)), 4), '(j % 4)'],
  ['(4i - 1) / 4 rounds down', floorDiv(add(scale(ofVar(i), 4), indexOf(-1)), 4), 'i - 1'],
  ['i - i = 0', add(ofVar(i), scale(ofVar(i), -1)), '0'],
  ['0 * i = 0', scale(ofVar(i), 0), '0'],
  ['a loop that runs once is 0', ofVar(loop('once', 1)), '0'],
  ['equal floors are one term', add(floorDiv(ofVar(j), 4), floorDiv(ofVar(j), 4)), '2*(j / 4)'],
];
for (const [what, index, text] of simple) test(`simplified: ${what}`, (t) => t.is(print(index), text));

test('substitution replaces variables everywhere, and simplifies what becomes known', (t) => {
  const mixed = add(floorDiv(ofVar(j), 4), scale(modulo(add(ofVar(i), ofVar(j)), 3), 2));
  for (const by of [indexOf(5), ofVar(k), add(scale(ofVar(k), 2), indexOf(1))]) {
    const replaced = substitute(mixed, (v) => (v.name === 'j' ? by : null));
    t.false(variablesOf(replaced).has('j'));
    for (const point of points([i, k])) {
      const value = valueAt(by, point);
      t.is(valueAt(replaced, point), valueAt(mixed, new Map([...point, ['j', value]])));
    }
  }
  t.is(print(substitute(floorDiv(ofVar(j), 4), () => indexOf(5))), '1');
});

test('strides are known where an index is affine in a variable', (t) => {
  const index = add(add(scale(ofVar(i), 6), ofVar(j)), modulo(ofVar(k), 3));
  t.is(strideIn(index, 'i'), 6);
  t.is(strideIn(index, 'j'), 1);
  t.is(strideIn(index, 'x'), 0);
  t.is(strideIn(index, 'k'), null);
});

test('the order of terms does not matter for equality', (t) => {
  const [a, b] = [add(ofVar(i), scale(ofVar(j), 2)), add(scale(ofVar(j), 2), ofVar(i))];
  t.true(sameIndex(a, b));
  t.false(sameIndex(a, add(b, indexOf(1))));
  t.false(sameIndex(a, ofVar(i)));
  const atom = (by: number): Atom => ({ tag: 'floor', of: ofVar(j), by });
  t.true(sameIndex(ofAtom(atom(4)), ofAtom(atom(4))));
  t.false(sameIndex(ofAtom(atom(4)), ofAtom(atom(3))));
});

test('a flat index splits into one index per axis and back', (t) => {
  for (const shape of [[4, 6], [2, 12], [24], [3, 8], [2, 2, 6], [1, 24, 1], [8, 3]]) {
    const flat = add(scale(ofVar(i), 6), ofVar(j));
    const split = unflatten({ shape, at: null, flat });
    for (const point of points([i, j])) {
      const index = readIndex({ tag: 'reshape' }, shape, [24], [valueAt(flat, point)]);
      t.deepEqual(
        split.map((s) => valueAt(s, point)),
        index,
      );
      t.is(valueAt(flatten(place(shape, split)), point), valueAt(flat, point));
    }
  }
});

// --- views -----------------------------------------------------------------------------------------------------------------------------

const views: readonly (readonly [what: string, view: View, input: Shape, output: Shape])[] = [
  ['a permutation', { tag: 'affine', axes: [along(1), along(0)] }, [6, 4], [4, 6]],
  ['a slice', { tag: 'affine', axes: [along(0, 2, 1), along(1)] }, [9, 6], [4, 6]],
  ['a flip', { tag: 'affine', axes: [along(0, -1, 3), along(1)] }, [4, 6], [4, 6]],
  ['a pad', { tag: 'affine', axes: [along(0, 1, -1), along(1, 1, -2)], fill: 7 }, [2, 3], [4, 6]],
  ['a broadcast', { tag: 'affine', axes: [at(0), along(1)] }, [1, 6], [4, 6]],
  ['a diagonal', { tag: 'affine', axes: [along(0), along(0)] }, [4, 4], [4]],
  [
    'windows',
    {
      tag: 'affine',
      axes: [
        {
          offset: -1,
          terms: [
            [0, 2],
            [1, 1],
          ],
        },
      ],
      fill: 0,
    },
    [8],
    [4, 6],
  ],
  [
    'every second place',
    { tag: 'affine', axes: [{ offset: 1, terms: [[0, 1]], div: 2 }, along(1)], fill: 0 },
    [3, 6],
    [4, 6],
  ],
  ['nothing but fill', { tag: 'affine', axes: [along(0, 1, 9), along(1)], fill: 3 }, [4, 6], [4, 6]],
  ['a reshape', { tag: 'reshape' }, [3, 8], [4, 6]],
  ['a reshape of a scalar', { tag: 'reshape' }, [], [1, 1]],
];

/** The flat place that a guarded index reads, or null where a guard does not hold. */
function placeAt(
  p: Place,
  guards: readonly Guard[],
  never: boolean,
  point: ReadonlyMap<string, number>,
): number | null {
  const holds = guards.every((g) => {
    const value = valueAt(g.index, point);
    return value >= g.lo && value < g.hi && value % g.divides === 0;
  });
  return never || !holds ? null : valueAt(flatten(p), point);
}

for (const [what, view, shape, output] of views)
  test(`reading through a view is what the view says: ${what}`, (t) => {
    t.is(viewFault(view, shape, output), null);
    const loops = output.map((size, n) => loop(`v${n}`, size));
    const read = readThrough(view, shape, place(output, loops.map(ofVar)));
    for (const point of points(loops)) {
      const index = readIndex(
        view,
        shape,
        output,
        loops.map((v) => point.get(v.name)!),
      );
      const expected = index && index.reduce((flat, n, axis) => flat * shape[axis] + n, 0);
      t.is(placeAt(read.place, read.guards, read.never, point), expected);
    }
    if (what !== 'a pad' && what !== 'windows' && what !== 'every second place')
      t.deepEqual(read.guards.length > 0 && !read.never, false);
  });

/** A view of random kind from some input to this output. */
function randomView(random: Random, output: Shape): readonly [View, Shape] {
  if (random.chance(0.3)) {
    const total = numel(output);
    const divisor = random.pick([1, 2, 3, 4, 6].filter((d) => total % d === 0));
    return [{ tag: 'reshape' }, random.chance(0.5) ? [divisor, total / divisor] : [total]];
  }
  const axes = output
    .map((_, n) => n)
    .sort(() => random.next() - 0.5)
    .map((n) => along(n, random.pick([1, 1, 1, 2, -1]), random.int(-2, 3)));
  const shape = axes.map(() => random.int(1, 7));
  return [{ tag: 'affine', axes, fill: 0 }, shape];
}

test('chains of random views read what one view after the other reads', (t) => {
  const random = makeRandom(3);
  for (let n = 0; n < 300; n++) {
    const output = [random.int(1, 4), random.int(1, 6)];
    const loops = output.map((size, axis) => loop(`v${axis}`, size));
    const steps: { readonly view: View; readonly input: Shape; readonly output: Shape }[] = [];
    let shape: Shape = output;
    for (let depth = random.int(1, 3); depth > 0; depth--) {
      const [view, from] = randomView(random, shape);
      steps.push({ view, input: from, output: shape });
      shape = from;
    }
    let here: Place = place(output, loops.map(ofVar));
    const reads = steps.map(({ view, input }) => {
      const read = readThrough(view, input, here);
      here = read.place;
      return read;
    });
    for (const point of points(loops)) {
      let index: readonly number[] | null = loops.map((v) => point.get(v.name)!);
      for (const step of steps) index = index && readIndex(step.view, step.input, step.output, index);
      const expected = index && index.reduce((flat, value, axis) => flat * shape[axis] + value, 0);
      // the guards of outer views are asked first; inside them the others are in range
      const failed = reads.findIndex((r) => placeAt(r.place, r.guards, r.never, point) === null);
      const actual = failed >= 0 ? null : valueAt(flatten(here), point);
      if (actual !== expected)
        return t.fail(`${JSON.stringify(steps)} at ${[...point.values()]}: ${actual}, not ${expected}`);
    }
  }
  t.pass();
});
