// Runs a user's script and hears of the programs that gradloom makes for it. In: a file and its arguments. Out: when the script has ended, by
// itself or by process.exit(), its programs are handed on.
//
// The script runs in this process, with the gradloom that it imports itself: that one finds a function under a global symbol
// (runtime/environment.ts) and calls it. Everything that follows is synchronous, because it happens when the process exits.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename, extname, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Made } from '../program.ts';
import { CommandError, oneLine } from './failure.ts';
import { typescriptFlags } from './typescript.ts';

export interface Ran {
  /** As it was named on the command line. */
  readonly script: string;
  /** Its name without folder and extension. */
  readonly name: string;
  readonly made: readonly Made[];
}

/** Programs are announced to whoever stands here. */
const programListener = Symbol.for('gradloom.programListener');

/** Runs `script`, then `then`; ends this process. */
export async function runScript(
  script: string,
  args: readonly string[],
  eager: boolean,
  then: (ran: Ran) => void,
): Promise<void> {
  const path = resolve(script);
  if (!existsSync(path)) throw new CommandError(2, `there is no file '${script}'`);
  const flags = /^\.[mc]?tsx?$/.test(extname(path)) ? typescriptFlags(script) : [];
  if (flags.length > 0) return again(flags);

  const made: Made[] = [];
  Object.assign(globalThis, { [programListener]: (one: Made) => void made.push(one) });
  process.argv = [process.argv[0], path, ...args];
  process.once('exit', (code) => {
    try {
      if (code !== 0) throw new CommandError(1, `${script} ended with exit code ${code}`);
      then({ script, name: basename(path, extname(path)), made: wanted(made, eager, script) });
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      fail(error);
    }
  });
  try {
    await import(pathToFileURL(path).href);
  } catch (error) {
    process.removeAllListeners('exit');
    fail(new CommandError(1, `${script} failed: ${oneLine(error)}`));
    process.exit();
  }
}

function fail({ message, code }: CommandError): void {
  process.stderr.write(`gradloom: ${message}\n`);
  process.exitCode = code;
}

function wanted(made: readonly Made[], eager: boolean, script: string): Made[] {
  const some = made.filter(({ compiled }) => compiled || eager);
  if (some.length > 0) return some;
  throw new CommandError(
    1,
    made.length > 0
      ? `${script} called no compiled function: wrap the work in compile(), or give --eager for the programs of values that were read`
      : `${script} made no program: it must import gradloom and compute something`,
  );
}

/** The same command in a Node with more flags. */
function again(flags: readonly string[]): void {
  const { status } = spawnSync(
    process.execPath,
    [
      ...process.execArgv,
      ...flags,
      fileURLToPath(new URL(import.meta.url)).replace(/script(\.[jt]s)$/, 'cli$1'),
      ...process.argv.slice(2),
    ],
    { stdio: 'inherit', env: { TSIMP_DIAG: 'ignore', ...process.env } },
  );
  process.exitCode = status ?? 1;
}
