// npm run bench [-- [--quick] [name...]]: gradloom against hand-written JavaScript. Runs all workloads whose name begins with one of the
// given names.

import { fileURLToPath } from 'node:url';
import { readArguments, runAlone } from './lib/alone.ts';
import { full, measure, quick } from './lib/measure.ts';
import { header, note, row } from './lib/table.ts';
import { entries } from './workloads/index.ts';

const given = readArguments();

if (given.alone) {
  const entry = entries.find((e) => e.name === given.names[0])!;
  const effort = given.quick ? quick : full;
  console.log('probe' in entry ? note(entry.name, entry.probe()) : row(measure(entry, effort)));
} else {
  const chosen = entries.filter((e) => given.wanted(e.name));
  if (chosen.length === 0)
    console.error(`no such workload; there are: ${entries.map((e) => e.name).join(', ')}`);
  console.log(header('hand'));
  const self = fileURLToPath(import.meta.url);
  const failed = chosen.filter((e) => !runAlone(self, [...given.options, e.name]));
  if (failed.length > 0) console.error(`failed: ${failed.map((e) => e.name).join(', ')}`);
  process.exitCode = failed.length > 0 || chosen.length === 0 ? 1 : 0;
}
