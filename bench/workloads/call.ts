// What a call of a compiled function costs when there is nothing to do: without arguments, and with one number in and out.

import { tensor } from 'gradloom';
import type { Tensor } from 'gradloom';
import { gradloomSide } from '../lib/workload.ts';
import type { Workload } from '../lib/workload.ts';

export const workloads: readonly Workload[] = [
  { name: 'call-nothing', gradloom: () => gradloomSide(() => [], []) },
  { name: 'call-one-number', gradloom: () => gradloomSide((x: Tensor) => [x.add(1)], [tensor(1)]) },
];
