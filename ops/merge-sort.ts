// Sorting with positions. In: numbers. Out: the order that sorts them, stable; NaN counts as the largest. A bottom-up merge sort that
// moves keys and positions together: twice as fast as sorting positions by a comparison function, because it reads in order.

/** Runs of this length are sorted by insertion. */
const shortest = 8;

/** The positions of `keys` in ascending or descending order; equal keys keep their order. `keys` is overwritten. */
export function sortedPositions(keys: Float64Array, descending: boolean): Int32Array {
  const n = keys.length;
  if (descending) for (let i = 0; i < n; i++) keys[i] = -keys[i];
  /** True if b must stand before a, which comes first now. */
  const swaps = descending
    ? (a: number, b: number): boolean => b < a || (Number.isNaN(b) && !Number.isNaN(a))
    : (a: number, b: number): boolean => b < a || (Number.isNaN(a) && !Number.isNaN(b));

  let [from, order]: [Float64Array, Int32Array] = [keys, Int32Array.from({ length: n }, (_, i) => i)];
  for (let start = 0; start < n; start += shortest)
    for (let i = start + 1; i < Math.min(start + shortest, n); i++) {
      const [key, position] = [from[i], order[i]];
      let j = i - 1;
      for (; j >= start && swaps(from[j], key); j--) {
        from[j + 1] = from[j];
        order[j + 1] = order[j];
      }
      from[j + 1] = key;
      order[j + 1] = position;
    }

  let [to, target]: [Float64Array, Int32Array] = [new Float64Array(n), new Int32Array(n)];
  for (let width = shortest; width < n; width *= 2) {
    for (let start = 0; start < n; start += 2 * width) {
      const middle = Math.min(start + width, n);
      const end = Math.min(start + 2 * width, n);
      let [i, j] = [start, middle];
      for (let k = start; k < end; k++) {
        const right = i >= middle || (j < end && swaps(from[i], from[j]));
        const source = right ? j++ : i++;
        to[k] = from[source];
        target[k] = order[source];
      }
    }
    [from, to] = [to, from];
    [order, target] = [target, order];
  }
  return order;
}
