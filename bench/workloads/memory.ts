// How memory grows over 10,000 steps of training lib/tinyMlp.ts, compiled and step by step. Nobody disposes of anything.

import { compile } from 'gradloom';
import { training } from '../lib/tinyMlp.ts';
import type { Probe } from '../lib/workload.ts';

const steps = 10_000;

/** Of the process, after everything unreachable has been collected. */
function used(): NodeJS.MemoryUsage {
  if (globalThis.gc === undefined) throw new Error('run node with --expose-gc');
  globalThis.gc();
  return process.memoryUsage();
}

function growth(compiled: boolean): string {
  const { step, args } = training();
  const run = compiled ? compile(step) : step;
  for (let i = 0; i < steps / 10; i++) run(...args);
  const before = used();
  for (let i = 0; i < steps; i++) run(...args);
  const after = used();
  const of = (kind: 'heapUsed' | 'arrayBuffers' | 'rss'): string => {
    const change = (after[kind] - before[kind]) / 2 ** 20;
    return `${change < 0 ? '' : '+'}${change.toFixed(2)} MiB`;
  };
  return `${steps} steps: heap ${of('heapUsed')}, array buffers ${of('arrayBuffers')}, resident ${of('rss')} of ${(after.rss / 2 ** 20).toFixed(0)} MiB`;
}

export const workloads: readonly Probe[] = [
  { name: 'memory-compiled', probe: () => growth(true) },
  { name: 'memory-lazy', probe: () => growth(false) },
];
