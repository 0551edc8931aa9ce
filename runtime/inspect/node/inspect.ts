// gradloom inspect: one page about all programs of a script.

import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { reportPage } from '../page.ts';
import type { Options } from './cli.ts';
import { CommandError } from './failure.ts';
import { readText, writeText } from './files.ts';
import type { Ran } from './script.ts';

export function inspect(
  { script, name, made }: Ran,
  { out = 'gradloom-report', open, runs = 10 }: Options,
): void {
  const path = join(out, `${name}.html`);
  const reported = made.map(({ program, called }) => ({
    program,
    profile: called() ? program.profile(undefined, { runs }) : null,
  }));
  writeText(path, reportPage(reported, { title: script, readFile: readText }));
  for (const { program, profile } of reported) {
    const time = profile === null ? 'never called' : `${profile.time.toFixed(4)} ms per run`;
    process.stdout.write(`${program.name}: ${count(program.kernels.length, 'kernel')}, ${time}\n`);
  }
  process.stdout.write(`wrote ${path}\n`);
  if (open) openPage(path);
}

export const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

const openers: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  darwin: ['open'],
  win32: ['cmd', '/c', 'start', ''],
};

function openPage(path: string): void {
  const [command, ...args] = openers[process.platform] ?? ['xdg-open'];
  const child = spawn(command, [...args, resolve(path)], { detached: true, stdio: 'ignore' });
  child.on('error', () => undefined); // said below: a process that did not start has no number
  if (child.pid === undefined)
    throw new CommandError(1, `cannot open ${path}: the command ${command} is not there`);
  child.unref();
}
