// npm run bench [-- [--quick] [name...]]: gradloom against hand-written JavaScript. Runs all workloads whose name begins with one of the
// given names. Each gets a process of its own: its programs are compiled cold, and what V8 has learnt from another one is not in its way.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { full, measure, quick } from './lib/measure.ts';
import { header, note, row } from './lib/table.ts';
import { entries } from './workloads/index.ts';

/** Runs one workload in a process of its own, which prints its line; false if it failed. */
function runAlone(name: string, options: readonly string[]): boolean {
  const self = fileURLToPath(import.meta.url);
  const args = [...process.execArgv, '--expose-gc', self, '--alone', ...options, name];
  return spawnSync(process.execPath, args, { stdio: 'inherit' }).status === 0;
}

const args = process.argv.slice(2);
const options = args.filter((arg) => arg.startsWith('--'));
const names = args.filter((arg) => !arg.startsWith('--'));

if (options.includes('--alone')) {
  const entry = entries.find((e) => e.name === names[0])!;
  const effort = options.includes('--quick') ? quick : full;
  console.log('probe' in entry ? note(entry.name, entry.probe()) : row(measure(entry, effort)));
} else {
  const chosen = entries.filter((e) => names.length === 0 || names.some((name) => e.name.startsWith(name)));
  if (chosen.length === 0) console.error(`no such workload; there are: ${entries.map((e) => e.name).join(', ')}`);
  console.log(header());
  const failed = chosen.filter((e) => !runAlone(e.name, options));
  if (failed.length > 0) console.error(`failed: ${failed.map((e) => e.name).join(', ')}`);
  process.exitCode = failed.length > 0 || chosen.length === 0 ? 1 : 0;
}
