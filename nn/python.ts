// Values as Python prints them, for the texts of modules and optimizers. In: numbers, booleans, lists. Out: `1e-05`, `True`, `(3, 3)`.

/** A float: `0.1`, `1.0`, `1e-05`. */
export function float(x: number): string {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? 'nan' : x > 0 ? 'inf' : '-inf';
  const [digits, power] = x.toExponential().split('e');
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 16)
    return `${digits}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  return Number.isInteger(x) ? `${x}.0` : String(x);
}

/** A tuple: `(3, 3)`, `(3,)`. */
export const tuple = (list: readonly number[]): string =>
  list.length === 1 ? `(${list[0]},)` : `(${list.join(', ')})`;

export const bool = (x: boolean): string => (x ? 'True' : 'False');

/** A whole number or a list of them, as the user gave it. */
export const sizes = (x: number | readonly (number | null)[] | null): string =>
  Array.isArray(x)
    ? `(${x.map((v) => v ?? 'None').join(', ')}${x.length === 1 ? ',' : ''})`
    : String(x ?? 'None');
