// Examples are programs, and modules that tests import. In: `import.meta.url` of a file. Out: true if that file is the program.

import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const isMain = (url: string): boolean =>
  process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(url);
