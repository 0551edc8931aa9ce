// How a TypeScript script can run here. In: a script, and what this Node and this folder have. Out: the flags that Node needs for it.

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { CommandError } from './failure.ts';

export interface Surroundings {
  /** The flags that this Node was started with. */
  readonly given: string;
  /** Whether a package can be imported from the present folder. */
  readonly installed: (name: string) => boolean;
  /** Whether this Node strips types already. */
  readonly strips: boolean;
  readonly version: string;
}

export function surroundings(): Surroundings {
  const require = createRequire(join(process.cwd(), 'package.json'));
  return {
    given: [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' '),
    installed: (name) =>
      (require.resolve.paths(name) ?? []).some((folder) => existsSync(join(folder, name, 'package.json'))),
    strips: Boolean((process.features as { readonly typescript?: unknown }).typescript),
    version: process.versions.node,
  };
}

/** What Node needs to run TypeScript; nothing if it does already. */
export function typescriptFlags(
  script: string,
  { given, installed, strips, version }: Surroundings = surroundings(),
): string[] {
  if (/\btsx\b|\btsimp\b|ts-node|strip-types|transform-types/.test(given)) return [];
  const loader = ['tsx', 'tsimp'].find(installed);
  if (loader !== undefined) return [`--import=${loader}`];
  if (strips) return [];
  const [major, minor] = version.split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 6)) return ['--experimental-strip-types'];
  throw new CommandError(
    1,
    `${script}: Node ${version} runs no TypeScript: npm install --save-dev tsx, or take Node 22.18 or later`,
  );
}
