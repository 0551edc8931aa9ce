// gradloom kernels: the kernels of a script's programs, printed, or each as a file that runs by itself.

import { join } from 'node:path';
import { sourceParser } from '../../parser.ts';
import { standalone } from '../standalone.ts';
import { describeCounts } from '../words.ts';
import type { Options } from './cli.ts';
import { CommandError } from './failure.ts';
import { writeText } from './files.ts';
import type { Ran } from './script.ts';
import { specialText } from './special.ts';

export function writeKernels({ made }: Ran, { out }: Options): void {
  const parse = sourceParser();
  if (parse === null) throw new CommandError(1, 'kernels: the package acorn is not installed');
  const texts = made.flatMap(({ program }) => {
    return program.kernels.map((kernel) => {
      const counts = kernel.counts!;
      if (out === undefined)
        return `// ${program.name}, in one run: ${describeCounts(counts)}\n${kernel.source}`;
      const path = join(out, `${program.name}.${kernel.name}.mjs`.replace(/[^\w.-]/g, '_'));
      writeText(path, standalone(program, kernel, { counts, parse, special: specialText }));
      return `${path}: ${describeCounts(counts)}\n`;
    });
  });
  process.stdout.write(texts.join(out === undefined ? '\n' : ''));
}
