// Proof before a source runs: it holds nothing but what the emitter may write. In: the scripts of a program. Out: nothing, or an
// InternalError that names each fault with its line. Done in checked mode and under GRADLOOM_DEBUG, `verify` for the tests; not by
// default, since parsing alone costs 4 to 27 % of the time in which the first programs of a process are compiled, besides the loading of the parser.

import type { ProgramSource } from '../compiler/emit/driver.ts';
import { InternalError } from '../compiler/errors.ts';
import { sourceParser } from './parser.ts';
import { sourceFaults } from './sourceFaults.ts';

/** Throws if a program holds what it must not. */
export function verifyScripts({ scripts, driver }: ProgramSource): void {
  for (const { text } of [...scripts, driver]) verifySource(text);
}

/** Throws if a source holds what it must not. Where there is no parser nothing can be said. */
export function verifySource(source: string): void {
  const parse = sourceParser();
  if (parse === null) return;
  const faults = sourceFaults(source, parse);
  if (faults.length > 0)
    throw new InternalError(`a generated source holds what it must not:\n${faults.join('\n')}\n${source}`);
}
