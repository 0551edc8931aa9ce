// Scripts in a process of their own. In: the text of a module that imports './index.ts', flags of node, variables of the environment. Out: what
// it printed, and its exit status.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

export function runScript(
  script: string,
  flags: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
) {
  const options = [
    '--conditions=gradloom-source',
    '--import=./test/tsimp/register.js',
    '--input-type=module',
    ...flags,
  ];
  return spawnSync(process.execPath, [...options, '--eval', script], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, TSIMP_DIAG: 'ignore', ...environment },
  });
}
