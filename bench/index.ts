// npm run bench [-- [--quick] [name...]]: gradloom against hand-written JavaScript. Runs all workloads whose name begins with one of the
// given names.

import { fileURLToPath } from 'node:url';
import { readArguments, runAlone } from './lib/alone.ts';
import { full, measure, quick } from './lib/measure.ts';
import { header, note, row } from './lib/table.ts';
import type { Entry } from './lib/workload.ts';
import { entries } from './workloads/index.ts';

const given = readArguments();

if (given.alone) {
  const effort = given.quick ? quick : full;
  for (const name of given.names) {
    const entry = entries.find((e) => e.name === name)!;
    console.log('probe' in entry ? note(entry.name, await entry.probe()) : row(measure(entry, effort)));
  }
} else {
  const chosen = entries.filter((e) => given.wanted(e.name));
  if (chosen.length === 0)
    console.error(`no such workload; there are: ${entries.map((e) => e.name).join(', ')}`);
  if (!chosen.every((e) => 'probe' in e)) console.log(header('hand'));
  const self = fileURLToPath(import.meta.url);
  const failed = processes(chosen).filter((names) => !runAlone(self, [...given.options, ...names]));
  if (failed.length > 0) console.error(`failed: ${failed.flat().join(', ')}`);
  process.exitCode = failed.length > 0 || chosen.length === 0 ? 1 : 0;
}

/** The names for each process: most have one of their own. */
function processes(chosen: readonly Entry[]): readonly (readonly string[])[] {
  const groups = new Map<string, string[]>();
  for (const e of chosen) {
    const key = ('probe' in e && e.together) || e.name;
    const group = groups.get(key);
    if (group) group.push(e.name);
    else groups.set(key, [e.name]);
  }
  return [...groups.values()];
}
