// The handwritten digits of examples/data: 1,797 scans of 8x8 pixels. In: the CSV file. Out: tensors, the first lines for training and the
// last 360 to be held back.

import { tensor } from 'gradloom';
import type { Tensor } from 'gradloom';
import { readCsv } from './csv.ts';

/** Pixels between 0 and 1, one row of 64 per scan, and the digits. */
export type Digits = readonly [pixels: Tensor, digits: Tensor];

export function loadDigits(heldBack = 360): { readonly training: Digits; readonly test: Digits } {
  const rows = readCsv(new URL('../data/digits.csv', import.meta.url));
  const part = (lines: readonly (readonly number[])[]): Digits => [
    tensor(new Float32Array(lines.flatMap((line) => line.slice(0, 64).map((pixel) => pixel / 16))), {
      shape: [lines.length, 64],
    }),
    tensor(new Int32Array(lines.map((line) => line[64]))),
  ];
  return { training: part(rows.slice(0, -heldBack)), test: part(rows.slice(-heldBack)) };
}
