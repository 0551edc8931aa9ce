// What the library asks of its surroundings, and what it does where they are missing: a browser has no environment variables, a
// sandbox no clock. In: nothing. Out: plain values. Nothing else touches `globalThis`.

interface Files {
  readFileSync(path: string, encoding: 'utf8'): string;
  writeFileSync(path: string, text: string): void;
  existsSync(path: string): boolean;
}

/** A tool that wants to hear of every program puts a function here before the library makes one. */
const programListener = Symbol.for('gradloom.programListener');

interface Surroundings {
  readonly [programListener]?: (made: unknown) => void;
  readonly process?: {
    readonly env?: Readonly<Record<string, string | undefined>>;
    readonly stderr?: { write?(text: string): unknown };
    readonly sourceMapsEnabled?: boolean;
    cwd?(): string;
    getBuiltinModule?(name: string): unknown;
  };
  readonly performance?: { now(): number };
  btoa?(text: string): string;
  readonly console?: { error(text: string): void; warn(text: string): void };
}

const surroundings = globalThis as Surroundings;

export const environmentVariable = (name: string): string => surroundings.process?.env?.[name] ?? '';

/** Milliseconds of a clock that only moves forward. */
export const now = (): number => surroundings.performance?.now() ?? Date.now();

/** Where the program was started, with a slash at the end; empty if nobody knows. */
export const workingDirectory = (): string => {
  const directory = surroundings.process?.cwd?.();
  return directory === undefined ? '' : `${directory}/`;
};

/** Whether stacks name the files that code was made from. */
export const mapsStacks = (): boolean => surroundings.process?.sourceMapsEnabled ?? false;

interface ModuleLoader {
  createRequire(from: string): (name: string) => unknown;
}

/**
 * A package, at once and only when it is needed, so that it is no part of what everybody loads and what browsers are sent. Null where
 * there is no Node or no such package.
 */
export function loadPackage(name: string): unknown {
  const { url = '' } = import.meta as { url?: string };
  const loader = surroundings.process?.getBuiltinModule?.('module') as ModuleLoader | undefined;
  if (loader === undefined || url === '') return null;
  try {
    return loader.createRequire(url)(name);
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'MODULE_NOT_FOUND') throw error;
    return null;
  }
}

/** A text in base 64; null if the surroundings cannot write it. What is not ASCII becomes an escape of JSON. */
export function base64(json: string): string | null {
  const ascii = json.replace(
    /[\u0080-\uffff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return surroundings.btoa?.(ascii) ?? null;
}

interface SourceMaps {
  findSourceMap(file: string): SourceMap | undefined;
}
interface SourceMap {
  findOrigin(
    line: number,
    column: number,
  ): { readonly fileName?: string; readonly lineNumber?: number; readonly columnNumber?: number };
}

/** A place of loaded code in the source that it was made from, as far as Node knows; lines and columns count from 1. */
export function findInSources(place: {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}): typeof place | null {
  const maps = surroundings.process?.getBuiltinModule?.('module') as SourceMaps | undefined;
  const origin = maps?.findSourceMap(place.file)?.findOrigin(place.line, place.column);
  const { fileName: file, lineNumber: line, columnNumber: column } = origin ?? {};
  return file === undefined || line === undefined || column === undefined ? null : { file, line, column };
}

/** Where there are files (Node, and what is like it), the functions for them. */
export const files = (): Files | undefined =>
  surroundings.process?.getBuiltinModule?.('fs') as Files | undefined;

/** Who wants to hear of programs, if anybody does. */
export const listener = (): Surroundings[typeof programListener] => surroundings[programListener];

/** A line for a person who debugs. */
export function writeError(text: string): void {
  const { process, console } = surroundings;
  if (process?.stderr?.write) process.stderr.write(`${text}\n`);
  else console?.error(text);
}

/** A warning, as PyTorch gives with `UserWarning`. */
export const warn = (text: string): void => surroundings.console?.warn(`UserWarning: ${text}`);
