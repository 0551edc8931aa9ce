// How one element is written, decided once for all elements of a tensor so that the columns line up.
//
// In: the dtype's name and the elements that will be shown. Out: the common width and a function from element
// to text. PyTorch's rules (the class `_Formatter` of `torch/_tensor_str.py`):
//
// - Integers and booleans are as wide as the longest of them.
// - Floats are looked at without zeros, nan and infinities. They are in *int mode* if each is a whole number:
//   written `3.`, with the point as the sign of a float. They are *scientific* if they span too much for
//   aligned columns: largest / smallest > 1000, or largest > 1e8, or, not in int mode, smallest < 1e-4.
// - The width is that of the longest of the values looked at, as written so. A `-inf` or `-0.` may be wider
//   and then sticks out: nothing is padded for it.
// - The option `sciMode` overrides the choice of notation, but not the width that was computed before, and not
//   if there is no finite non-zero value at all.

import { formatFixed, formatNonFinite, formatScientific } from './decimal.ts';
import type { PrintOptions } from './options.ts';

/** The way in which all elements of one tensor are written. */
export interface ElementFormat {
  /** Texts are padded on the left to this many characters. */
  readonly width: number;
  /** The padded text of one element. */
  readonly write: (value: number | bigint) => string;
}

/** How a float is spelled: `3.`, `3.0000` or `3.0000e+00`. */
type Notation = 'whole' | 'fixed' | 'scientific';

function spell(value: number, notation: Notation, precision: number): string {
  switch (notation) {
    case 'whole':
      return formatNonFinite(value) ?? `${formatFixed(value, 0)}.`;
    case 'fixed':
      return formatFixed(value, precision);
    case 'scientific':
      return formatScientific(value, precision);
  }
}

/** Whether the values span too much to be written without exponents. The bounds themselves do not count. */
function needsScientific(values: readonly number[], wholeNumbers: boolean): boolean {
  let smallest = Infinity;
  let largest = 0;
  for (const value of values) {
    smallest = Math.min(smallest, Math.abs(value));
    largest = Math.max(largest, Math.abs(value));
  }
  return largest / smallest > 1000 || largest > 1e8 || (!wholeNumbers && smallest < 1e-4);
}

function padded(width: number, spelling: (value: number | bigint) => string): ElementFormat {
  return { width, write: (value) => spelling(value).padStart(width) };
}

function chooseFloatFormat(shown: readonly number[], options: PrintOptions): ElementFormat {
  const { precision, sciMode } = options;
  const telling = shown.filter((value) => Number.isFinite(value) && value !== 0);
  if (telling.length === 0) return padded(1, (value) => spell(Number(value), 'whole', precision));

  const wholeNumbers = telling.every(Number.isInteger);
  const plain: Notation = wholeNumbers ? 'whole' : 'fixed';
  const fitting: Notation = needsScientific(telling, wholeNumbers) ? 'scientific' : plain;
  const width = longest(telling, (value) => spell(value, fitting, precision));

  const chosen = sciMode === null ? fitting : sciMode ? 'scientific' : plain;
  return padded(width, (value) => spell(Number(value), chosen, precision));
}

function longest<Value>(values: readonly Value[], spelling: (value: Value) => string): number {
  return values.reduce((width, value) => Math.max(width, spelling(value).length), 1);
}

/**
 * Chooses how the elements of a tensor are written. The dtype decides by its name: `bool`, those that begin
 * with `float`, and integers (all others).
 */
export function chooseElementFormat(
  dtype: string,
  shown: readonly (number | bigint)[],
  options: PrintOptions,
): ElementFormat {
  if (dtype.startsWith('float')) return chooseFloatFormat(shown.map(Number), options);
  const spelling =
    dtype === 'bool'
      ? (value: number | bigint) => (value ? 'True' : 'False')
      : (value: number | bigint) => `${value}`;
  return padded(longest(shown, spelling), spelling);
}
