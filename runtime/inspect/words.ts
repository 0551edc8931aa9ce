// Amounts in words.

import type { KernelCounts } from '../kernelCounts.ts';

/** `1.5 MiB` */
export function showBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const units = ['KiB', 'MiB', 'GiB'];
  let [size, unit] = [bytes / 1024, 0];
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${size < 10 ? size.toFixed(1) : size.toFixed(0)} ${units[unit]}`;
}

/** `12 loads, 4 stores, 8 flops, 1 loop` */
export function describeCounts({ loads, stores, flops, calls, loops }: KernelCounts): string {
  const of = (n: number, what: string): string => `${n.toLocaleString('en')} ${what}${n === 1 ? '' : 's'}`;
  const called = calls > 0 ? [of(calls, 'call')] : [];
  return [of(loads, 'load'), of(stores, 'store'), of(flops, 'flop'), ...called, of(loops, 'loop')].join(', ');
}
