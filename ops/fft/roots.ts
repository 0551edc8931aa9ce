// The roots of unity that a transform turns by. In: a length. Out: a table of e^(-2 pi i k / n). Each is computed from an angle of at most an
// eighth of a turn and then mirrored, so that roots that mirror each other are exactly equal and 1, -1, i and -i are exact.

/** Complex numbers, the real parts beside the imaginary ones. */
export interface Complexes {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/** `length` zeros. */
export const makeComplexes = (length: number): Complexes => ({
  re: new Float64Array(length),
  im: new Float64Array(length),
});

/** e^(-2 pi i k / n) for k = 0, ..., n - 1. */
export function tabulateRoots(n: number): Complexes {
  const table = makeComplexes(n);
  for (let k = 0; k < n; k++) {
    // the angle is x / n eighths of a turn; whole numbers, so that nothing is lost by mirroring
    let x = 8 * k;
    const below = x > 4 * n;
    if (below) x = 8 * n - x;
    const left = x > 2 * n;
    if (left) x = 4 * n - x;
    const steep = x > n;
    if (steep) x = 2 * n - x;
    const angle = (Math.PI * x) / (4 * n);
    const near = x === n ? Math.SQRT1_2 : Math.cos(angle);
    const far = x === n ? Math.SQRT1_2 : Math.sin(angle);
    const cos = steep ? far : near;
    const sin = steep ? near : far;
    table.re[k] = left ? -cos : cos;
    table.im[k] = below ? sin : -sin;
  }
  return table;
}
