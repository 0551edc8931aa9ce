// CSV files of numbers. In: where the file is. Out: its lines as arrays.

import { readFileSync } from 'node:fs';

export const readCsv = (file: URL): number[][] =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(',').map(Number));
