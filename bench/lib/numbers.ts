// Inputs that are the same in every run and on both sides.

/** Numbers between -scale and scale that look random. */
export function noise(length: number, scale = 1, seed = 1): Float32Array {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return ((state / 0x7fffffff) * 2 - 1) * scale;
  });
}

/** Classes that look random. */
export const classes = (length: number, count: number): Int32Array =>
  Int32Array.from(noise(length, count / 2), (v) => Math.min(count - 1, Math.floor(v + count / 2)));

/** A matrix [rows, columns] as [columns, rows]. */
export const transposed = (x: ArrayLike<number>, rows: number, columns: number): Float64Array =>
  Float64Array.from({ length: rows * columns }, (_, i) => x[(i % rows) * columns + Math.floor(i / rows)]);
