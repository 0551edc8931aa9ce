// The table that the benchmarks print. In: what was measured. Out: lines of equal columns.

import type { Measured } from './measure.ts';

interface Column {
  readonly title: string;
  readonly width: number;
  readonly cell: (m: Measured) => string;
}

const none = '-';
const micros = (seconds: number): string => {
  const t = seconds * 1e6;
  return t < 10 ? t.toFixed(3) : t < 1000 ? t.toFixed(1) : t.toFixed(0);
};
const gigaflops = (flops: number | null, seconds: number | null): string =>
  flops && seconds ? (flops / seconds / 1e9).toFixed(1) : none;

/** `@` stands for the name of the other side. */
const columns: readonly Column[] = [
  { title: 'gradloom us', width: 12, cell: (m) => micros(m.gradloom) },
  { title: '@ us', width: 10, cell: (m) => (m.hand === null ? none : micros(m.hand)) },
  { title: 'ratio', width: 7, cell: (m) => m.ratio?.toFixed(2) ?? none },
  { title: 'GFLOP/s', width: 8, cell: (m) => gigaflops(m.flops, m.gradloom) },
  { title: '(@)', width: 8, cell: (m) => gigaflops(m.flops, m.hand) },
  { title: 'kernels', width: 8, cell: (m) => String(m.kernels) },
  { title: 'cold ms', width: 8, cell: (m) => m.cold.toFixed(0) },
  { title: 'difference', width: 11, cell: (m) => m.difference?.toExponential(1) ?? none },
];
const nameWidth = 19;

const line = (name: string, cells: readonly string[]): string =>
  name.padEnd(nameWidth) + cells.map((cell, i) => cell.padStart(columns[i].width)).join('');

export const header = (other: string): string =>
  line(
    'workload',
    columns.map((c) => c.title.replace('@', other)),
  );
export const row = (m: Measured): string =>
  line(
    m.name,
    columns.map((c) => c.cell(m)),
  );
export const note = (name: string, text: string): string => `${name.padEnd(nameWidth)}  ${text}`;
