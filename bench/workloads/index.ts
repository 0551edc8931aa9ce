// All workloads, in the order in which they are printed.

import type { Entry } from '../lib/workload.ts';
import { workloads as crossEntropy } from './crossEntropy.ts';
import { workloads as gelu } from './gelu.ts';
import { workloads as layerNorm } from './layerNorm.ts';
import { workloads as matmul } from './matmul.ts';

export const entries: readonly Entry[] = [...gelu, ...crossEntropy, ...layerNorm, ...matmul];
