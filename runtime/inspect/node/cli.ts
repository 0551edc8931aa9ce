#!/usr/bin/env node
// The command `gradloom`. In: arguments. Out: what a script's programs are and do, as a page, as files, or as tables. Texts go to stdout, and
// a failure is one line on stderr.

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { CommandError } from './failure.ts';
import { runScript } from './script.ts';
import type { Ran } from './script.ts';

const help = `Usage: gradloom <command> [options] <script> [-- arguments of the script]

Runs a script and shows the programs that gradloom made for it.

Commands:
  inspect <script>     write one page of HTML: graphs as pictures, kernels, a profile, memory
  kernels <script>     print each kernel, or write it as a file that runs by itself
  bench <script>       run each program again on the values of its last call, and time its kernels

Options:
  --out <dir>          inspect: the folder of the page (default: gradloom-report)
                       kernels: write <dir>/<program>.<kernel>.mjs instead of printing
  --open               inspect: open the page in a browser
  --runs <n>           inspect, bench: how often a program is run to time it (default: 10, 100)
  --eager              also programs of values that were read outside of compiled functions
  -h, --help           print this text
  -v, --version        print the version

A TypeScript script runs where Node strips types (from 22.18 on, or 22.6 by a flag that is set by itself), or
where tsx or tsimp is installed.

Exit codes:
  0  done
  1  the script failed or made no program, or something could not be written or opened
  2  the command line is wrong

Examples:
  gradloom inspect train.js --open
  gradloom kernels train.js --out kernels && node kernels/step.softmax.mjs
  gradloom bench train.ts -- --epochs 1
`;

export interface Options {
  readonly out?: string;
  readonly open: boolean;
  readonly runs?: number;
  readonly eager: boolean;
}

type Command = (ran: Ran, options: Options) => void;

interface Entry {
  /** Loaded before the script runs: what follows it is synchronous. */
  readonly load: () => Promise<Command>;
  /** The options that mean something to it. */
  readonly takes: readonly (keyof Options)[];
}

const commands: Readonly<Record<string, Entry>> = {
  inspect: {
    load: async () => (await import('./inspect.ts')).inspect,
    takes: ['out', 'open', 'runs', 'eager'],
  },
  kernels: { load: async () => (await import('./kernels.ts')).writeKernels, takes: ['out', 'eager'] },
  bench: { load: async () => (await import('./bench.ts')).bench, takes: ['runs', 'eager'] },
};

const version = (): string => {
  // this file lies in dist/ when it is compiled
  const up = import.meta.url.endsWith('.js') ? '../../../../' : '../../../';
  const manifest = readFileSync(new URL(`${up}package.json`, import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
};

function parse(args: readonly string[]): ReturnType<typeof parseStrictly> {
  try {
    return parseStrictly(args);
  } catch (error) {
    throw new CommandError(2, (error as Error).message.split('. ')[0]);
  }
}

const parseStrictly = (args: readonly string[]) =>
  parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      out: { type: 'string' },
      open: { type: 'boolean' },
      runs: { type: 'string' },
      eager: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
      version: { type: 'boolean', short: 'v' },
    },
  });

function readRuns(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d*$/.test(text))
    throw new CommandError(2, `--runs must be a whole number from 1 on, but got '${text}'`);
  return Number(text);
}

async function main(all: readonly string[]): Promise<void> {
  const end = all.indexOf('--');
  const [args, rest] = end < 0 ? [all, []] : [all.slice(0, end), all.slice(end + 1)];
  const { values, positionals } = parse(args);
  if (values.help) return void process.stdout.write(help);
  if (values.version) return void process.stdout.write(`${version()}\n`);
  const [name, script, ...more] = positionals;
  if (name === undefined)
    throw new CommandError(
      2,
      `no command: choose ${Object.keys(commands).join(', ')}, or see gradloom --help`,
    );
  if (!Object.hasOwn(commands, name))
    throw new CommandError(
      2,
      `unknown command '${name}': choose ${Object.keys(commands).join(', ')}, or see gradloom --help`,
    );
  const { load, takes } = commands[name];
  for (const option of ['out', 'open', 'runs', 'eager'] as const)
    if (values[option] !== undefined && !takes.includes(option))
      throw new CommandError(2, `${name} takes no --${option}`);
  if (script === undefined) throw new CommandError(2, `${name}: which script?`);
  if (more.length > 0)
    throw new CommandError(
      2,
      `${name}: one script at a time, but got also '${more[0]}' (arguments of the script come after --)`,
    );
  const options: Options = {
    out: values.out,
    open: values.open ?? false,
    runs: readRuns(values.runs),
    eager: values.eager ?? false,
  };
  const run = await load();
  await runScript(script, rest, options.eager, (ran) => run(ran, options));
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof CommandError)) throw error;
  process.stderr.write(`gradloom: ${error.message}\n`);
  process.exitCode = error.code;
}
