// Where things come from: the user's file, line and column behind every public call. In: a call. Out: an `Origin` for the nodes made
// meanwhile, and for errors one more line that names it.
//
// An Error object notes the stack cheaply when it is made; its text is asked for, and parsed, only when somebody reads the origin.
// Frames of the library itself are skipped by their address, so that the line is the user's whatever layers lie between.

import { GradloomError } from '../compiler/errors.ts';
import { setOriginSource } from '../compiler/node.ts';
import type { Origin } from '../compiler/node.ts';
import { workingDirectory } from './environment.ts';

interface Site {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

const withoutScheme = (address: string): string => address.replace(/^file:\/\/(?=\/)/, '');

/** The library's own folder: this file is `<root>runtime/origin.ts`. */
const root = withoutScheme((import.meta as { url?: string }).url ?? '').replace(/runtime\/[^/]*$/, '');
const ours = ['compiler/', 'ops/', 'runtime/', 'nn/'].map((folder) => root + folder);
const isOurs = (file: string): boolean => file === '' || ours.some((folder) => file.startsWith(folder));

const framePattern = /(?:\(|@|at )((?:[^()\s@]|\([^)]*\))+?):(\d+):(\d+)\)?$/;

/** The user's frame in the text of a stack, or null if there is none (a bundle that holds everything). */
export function userFrame(stack: string): Site | null {
  const directory = workingDirectory();
  for (const text of stack.split('\n')) {
    const found = framePattern.exec(text);
    if (!found) continue;
    const file = withoutScheme(found[1]);
    if (isOurs(file) || /^node:/.test(file)) continue;
    const short = directory !== '' && file.startsWith(directory) ? file.slice(directory.length) : file;
    return { file: short, line: Number(found[2]), column: Number(found[3]) };
  }
  return null;
}

const nowhere: Site = { file: '', line: 0, column: 0 };

const deep = 40;
const ErrorWithLimit = Error as { stackTraceLimit?: number };

/** An error that notes the stack: deep enough to reach the user below the layers of a model. */
function noteStack(): Error {
  const limit = ErrorWithLimit.stackTraceLimit;
  ErrorWithLimit.stackTraceLimit = deep;
  const note = new Error();
  ErrorWithLimit.stackTraceLimit = limit;
  return note;
}

/** An origin that looks at its stack when it is first asked where it is. */
class LazyOrigin implements Origin {
  private site: Site | null = null;
  private readonly note: Error;
  readonly op: string;
  constructor(op: string, note: Error) {
    this.op = op;
    this.note = note;
  }
  private get found(): Site {
    return (this.site ??= userFrame(this.note.stack ?? '') ?? nowhere);
  }
  get file(): string {
    return this.found.file;
  }
  get line(): number {
    return this.found.line;
  }
  get column(): number {
    return this.found.column;
  }
  /** The same place under another operation. */
  as(op: string): Origin {
    return new LazyOrigin(op, this.note);
  }
}

let current: LazyOrigin | null = null;
setOriginSource(() => current);

/** The origin of what is being made now; null outside of public calls. */
export const currentOrigin = (): Origin | null => current;

/** `train.ts:12:5`, or null if the place is not known. */
export const showOrigin = (origin: Origin | null): string | null =>
  origin === null || origin.file === '' ? null : `${origin.file}:${origin.line}:${origin.column}`;

/** `exp at train.ts:12:5`, as far as it is known. */
export function describeOrigin(origin: Origin | null): string {
  const place = showOrigin(origin);
  return origin === null ? 'somewhere' : place === null ? origin.op : `${origin.op} at ${place}`;
}

const withLine = new WeakSet<Error>();

/** Adds the user's line to an error that has none yet; `details` says more about where the culprits were made. */
function locate(error: unknown, origin: Origin): unknown {
  if (!(error instanceof GradloomError) || withLine.has(error)) return error;
  withLine.add(error);
  const place = showOrigin(origin);
  const detail = details.get(error);
  if (place === null && detail === undefined) return error;
  const line = `\n ${place === null ? '' : `at ${place}`}${detail === undefined ? '' : ` (${detail})`}`;
  const before = error.message;
  error.message += line;
  // where stacks are mapped to sources, their text is only made now, and has the new message
  if (error.stack && !error.stack.includes(error.message))
    error.stack = error.stack.replace(before, () => error.message);
  return error;
}

const details = new WeakMap<Error, string>();

/** Notes what else the line added to this error should say. */
export function withDetail<E extends GradloomError>(error: E, detail: string): E {
  if (!details.has(error)) details.set(error, detail);
  return error;
}

/** Runs `body`; what it throws ends with the line of an earlier call. */
export function located(origin: Origin, body: () => void): void {
  try {
    body();
  } catch (error) {
    throw locate(error, origin);
  }
}

/**
 * Runs a public call. What it makes has the user's line as its origin, and what it throws ends with that line. A call within a call
 * belongs to the outer one: that is what the user wrote.
 */
export function publicCall<T>(op: string, body: () => T): T {
  if (current !== null) return body();
  const origin = (current = new LazyOrigin(op, noteStack()));
  try {
    return body();
  } catch (error) {
    throw locate(error, origin);
  } finally {
    current = null;
  }
}

/** Runs a function of the user's (a hook, a traced function) in the middle of a public call: its calls are public again. */
export function userCode<T>(body: () => T): T {
  const before = current;
  current = null;
  try {
    return body();
  } finally {
    current = before;
  }
}

/** Runs `body` with the origin of an earlier call under another name: what a backward builds belongs to its forward's line. */
export function backwardOf<T>(origin: Origin | null, body: () => T): T {
  if (!(origin instanceof LazyOrigin)) return body();
  const before = current;
  current = origin.as(`${origin.op} backward`) as LazyOrigin;
  try {
    return body();
  } finally {
    current = before;
  }
}
