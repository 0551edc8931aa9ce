// Sorting with positions. In: numbers. Out: the order that sorts them, stable; NaN counts as the largest. A bottom-up merge sort that
// moves keys and positions together: twice as fast as sorting positions by a comparison function, because it reads in order. Which of two
// runs the next key comes from nobody can foresee, so a merge computes the place to read from instead of jumping.

/** Runs of this length are sorted by insertion. */
const shortest = 8;

/** The positions of `keys` in ascending or descending order; equal keys keep their order. `keys` is overwritten. */
export function sortedPositions(keys: Float64Array, descending: boolean): Int32Array {
  const order = new Int32Array(keys.length);
  const result = new Int32Array(keys.length);
  // NaN stands apart: what is left can be compared by <.
  let n = 0;
  let nans = 0;
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i];
    if (Number.isNaN(key)) result[nans++] = i;
    else {
      order[n] = i;
      keys[n++] = descending ? -key : key;
    }
  }
  sortRuns(keys, order, n);
  const sorted = mergeRuns(keys, order, n).subarray(0, n);
  if (nans === 0) return sorted;
  if (!descending) result.copyWithin(n, 0, nans);
  result.set(sorted, descending ? nans : 0);
  return result;
}

function sortRuns(keys: Float64Array, order: Int32Array, n: number): void {
  for (let start = 0; start < n; start += shortest) {
    const end = Math.min(start + shortest, n);
    for (let i = start + 1; i < end; i++) {
      const [key, position] = [keys[i], order[i]];
      let j = i - 1;
      for (; j >= start && key < keys[j]; j--) {
        keys[j + 1] = keys[j];
        order[j + 1] = order[j];
      }
      keys[j + 1] = key;
      order[j + 1] = position;
    }
  }
}

/** The order after all runs are one. */
function mergeRuns(keys: Float64Array, order: Int32Array, n: number): Int32Array {
  let [from, to]: [Float64Array, Float64Array] = [keys, new Float64Array(n)];
  let [source, target]: [Int32Array, Int32Array] = [order, new Int32Array(n)];
  for (let width = shortest; width < n; width *= 2) {
    for (let start = 0; start < n; start += 2 * width) {
      const middle = Math.min(start + width, n);
      const end = Math.min(start + 2 * width, n);
      let [i, j, k] = [start, middle, start];
      while (i < middle && j < end) {
        const right = +(from[j] < from[i]);
        const at = i + ((j - i) & -right);
        to[k] = from[at];
        target[k++] = source[at];
        i += 1 - right;
        j += right;
      }
      for (; i < middle; i++, k++) {
        to[k] = from[i];
        target[k] = source[i];
      }
      for (; j < end; j++, k++) {
        to[k] = from[j];
        target[k] = source[j];
      }
    }
    [from, to] = [to, from];
    [source, target] = [target, source];
  }
  return source;
}
