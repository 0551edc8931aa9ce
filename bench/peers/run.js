// npm run bench:peers [-- [--quick] [name...]]: installs the peers in this folder (the library itself needs none of them), bundles index.ts
// into their node_modules, where their names resolve, and runs it.

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const bundle = here('node_modules/.bench/index.mjs');

execFileSync('npm', ['install', '--no-package-lock', '--no-audit', '--no-fund', '--loglevel=error'], {
  cwd: here('.'),
  stdio: 'inherit',
});
await build({
  entryPoints: [here('index.ts')],
  outfile: bundle,
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
  alias: { gradloom: here('../../index.ts') },
  logLevel: 'warning',
});
try {
  execFileSync(process.execPath, [bundle, ...process.argv.slice(2)], { stdio: 'inherit' });
} catch ({ status }) {
  process.exitCode = status ?? 1;
}
