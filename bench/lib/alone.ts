// Every measurement runs in a process of its own: programs are compiled cold, and what V8 has learnt from another one is not in its way.

import { spawnSync } from 'node:child_process';

/** Runs a script of ours with other arguments; its line appears here. False if it failed, or printed nothing. */
export function runAlone(script: string, args: readonly string[]): boolean {
  const { status, stdout } = spawnSync(
    process.execPath,
    [...process.execArgv, '--expose-gc', script, '--alone', ...args],
    { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' },
  );
  process.stdout.write(stdout);
  return status === 0 && stdout !== '';
}

/** What the command line says: options begin with --, all else are names. */
export function readArguments() {
  const args = process.argv.slice(2);
  const options = args.filter((arg) => arg.startsWith('--'));
  const names = args.filter((arg) => !arg.startsWith('--'));
  /** True for names that begin with one of those given, if there are any. */
  const wanted = (name: string): boolean => names.length === 0 || names.some((n) => name.startsWith(n));
  return { options, names, wanted, alone: options.includes('--alone'), quick: options.includes('--quick') };
}
