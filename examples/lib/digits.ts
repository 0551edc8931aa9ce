// The digits: 1,797 scans of handwritten digits, 8 x 8 pixels each (examples/data/README.md names the source). In: nothing. Out: pixels
// between 0 and 1 and the digit, the first 1,437 to train on and 360 held back.

import { readFileSync } from 'node:fs';

export interface Digits {
  /** Row-major pixels, 64 per scan. */
  readonly pixels: Float32Array;
  readonly labels: Int32Array;
}

const trained = 1437;

export function loadDigits(): { readonly train: Digits; readonly test: Digits } {
  const text = readFileSync(new URL('../data/digits.csv', import.meta.url), 'utf8');
  const rows = text
    .trim()
    .split('\n')
    .map((line) => line.split(',').map(Number));
  const pack = (part: readonly number[][]): Digits => ({
    pixels: Float32Array.from(part.flatMap((row) => row.slice(0, 64).map((v) => v / 16))),
    labels: Int32Array.from(part.map((row) => row[64])),
  });
  return { train: pack(rows.slice(0, trained)), test: pack(rows.slice(trained)) };
}

/** The scans at some places, as arrays ready for tensors. */
export function takeDigits({ pixels, labels }: Digits, places: ArrayLike<number>): Digits {
  const taken = { pixels: new Float32Array(places.length * 64), labels: new Int32Array(places.length) };
  for (let i = 0; i < places.length; i++) {
    taken.pixels.set(pixels.subarray(places[i] * 64, places[i] * 64 + 64), i * 64);
    taken.labels[i] = labels[places[i]];
  }
  return taken;
}
