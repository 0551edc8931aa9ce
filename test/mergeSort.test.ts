// The order of a sort, against sorting positions by what PyTorch says of two numbers: NaN is the largest, equal numbers keep their order.

import test from 'ava';

import { sortedPositions } from '../ops/merge-sort.ts';

/** True if `a` is less than `b`. */
const less = (a: number, b: number): boolean => a < b || (Number.isNaN(b) && !Number.isNaN(a));

/** Few different numbers, so that many are equal. */
function numbers(length: number): number[] {
  const some = [NaN, 0, -0, 1, -1, Infinity, -Infinity, 0.5, 0.25];
  let state = length + 1;
  return Array.from({ length }, () => some[(state = (state * 48271) % 0x7fffffff) % some.length]);
}

for (const descending of [false, true])
  test(`sorting ${descending ? 'down' : 'up'} is stable and knows where NaN stands`, (t) => {
    for (const length of [0, 1, 2, 7, 8, 9, 16, 17, 63, 64, 65, 200]) {
      const keys = numbers(length);
      const compare = (i: number, j: number): number => {
        const [a, b] = descending ? [keys[j], keys[i]] : [keys[i], keys[j]];
        return less(a, b) ? -1 : less(b, a) ? 1 : i - j;
      };
      const expected = keys.map((_, i) => i).sort(compare);
      t.deepEqual([...sortedPositions(Float64Array.from(keys), descending)], expected, `${length} numbers`);
    }
  });
