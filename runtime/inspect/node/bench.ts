// gradloom bench: each program once more, timed kernel by kernel.

import type { Options } from './cli.ts';
import type { Ran } from './script.ts';

export function bench({ made }: Ran, { runs = 100 }: Options): void {
  const tables = made.map(({ program, called }) =>
    called()
      ? `${program.name}: ${String(program.profile(undefined, { runs }))}\n`
      : `${program.name}: never called, so there is nothing to run it on\n`,
  );
  process.stdout.write(tables.join('\n'));
}
