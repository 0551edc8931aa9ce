// All rules of the emitter that concern the speed of its code, each with a measurement of what it is worth. Those of a file run in one process:
// to start one takes as long as to measure.

import { probeOf } from '../lib/rule.ts';
import type { Probe } from '../lib/workload.ts';
import { arrays } from './arrays.ts';
import { choices } from './choices.ts';
import { loops } from './loops.ts';
import { matmul } from './matmul.ts';
import { rows } from './rows.ts';
import { scalars } from './scalars.ts';
import { sums } from './sums.ts';

export const rules: readonly Probe[] = [
  ...arrays,
  ...Object.entries({ loops, sums, rows, scalars, choices, matmul }).flatMap(([together, group]) =>
    group.map((rule): Probe => ({ ...probeOf(rule), together })),
  ),
];
