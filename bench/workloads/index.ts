// All workloads, in the order in which they are printed.

import type { Entry } from '../lib/workload.ts';
import { rules } from '../rules/index.ts';
import { workloads as call } from './call.ts';
import { workloads as compile } from './compile.ts';
import { workloads as crossEntropy } from './crossEntropy.ts';
import { workloads as digits } from './digits.ts';
import { workloads as gelu } from './gelu.ts';
import { workloads as layerNorm } from './layerNorm.ts';
import { workloads as lenet } from './lenet.ts';
import { workloads as matmul } from './matmul.ts';
import { workloads as memory } from './memory.ts';
import { workloads as mlpAdam } from './mlpAdam.ts';
import { workloads as mlpTiny } from './mlpTiny.ts';
import { workloads as returned } from './returned.ts';
import { workloads as rnn } from './rnn.ts';
import { workloads as rosenbrock } from './rosenbrock.ts';
import { workloads as scalar } from './scalar.ts';
import { workloads as transformer } from './transformer.ts';

export const entries: readonly Entry[] = [
  ...gelu,
  ...crossEntropy,
  ...layerNorm,
  ...matmul,
  ...mlpAdam,
  ...mlpTiny,
  ...digits,
  ...lenet,
  ...transformer,
  ...rnn,
  ...rosenbrock,
  ...scalar,
  ...call,
  ...returned,
  ...memory,
  ...compile,
  ...rules,
];
