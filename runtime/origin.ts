// Where things come from: the user's file, line and column behind every public call. In: a call. Out: an `Origin` for the nodes made
// meanwhile, and for errors one more line that names it. Where a call was made, stack.ts tells.

import { GradloomError, InternalError, ValueError } from '../compiler/errors.ts';
import { setOriginSource } from '../compiler/node.ts';
import type { Origin } from '../compiler/node.ts';
import { describeCall } from './callText.ts';
import { warn } from './environment.ts';
import { Place } from './stack.ts';

/** An origin that looks at its place when it is first asked where it is. */
class LazyOrigin implements Origin {
  readonly op: string;
  readonly #place: Place;
  constructor(op: string, place: Place) {
    this.op = op;
    this.#place = place;
  }
  get file(): string {
    return this.#place.site.file;
  }
  get line(): number {
    return this.#place.site.line;
  }
  get column(): number {
    return this.#place.site.column;
  }
  /** The same place under another operation. */
  as(op: string): LazyOrigin {
    return new LazyOrigin(op, this.#place);
  }
}

let current: LazyOrigin | null = null;
/** One place for many calls, noted when the first of them needs it; null where each has its own. */
let shared: { place: Place | null } | null = null;
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

/** What was called, for a message: with its arguments where they are known, alone where the message does not say it. */
function calledText(message: string, op: string, args: readonly unknown[] | undefined): string {
  if (args !== undefined) return `, in ${describeCall(op, args)}`;
  return op === '' || (message.startsWith(op) && /^[(:' ]/.test(message.slice(op.length)))
    ? ''
    : `, in ${op}`;
}

/** Adds the user's line and the call to an error that has none yet; `details` says more about where the culprits were made. */
function locate(error: unknown, origin: Origin, args?: readonly unknown[]): unknown {
  if (!(error instanceof GradloomError) || withLine.has(error)) return error;
  withLine.add(error);
  const place = showOrigin(origin);
  const detail = details.get(error);
  const before = error.message;
  const called = calledText(before, origin.op, args);
  if (place === null && detail === undefined && called === '') return error;
  const where = place === null ? called.slice(2) : `at ${place}${called}`;
  const line = `\n ${where}${detail === undefined ? '' : ` (${detail})`}`;
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
 * belongs to the outer one: that is what the user wrote. `args` are what an error says of the call.
 */
export function publicCall<T>(op: string, body: () => T, args?: readonly unknown[]): T {
  if (current !== null) return body();
  const place = shared === null ? new Place() : (shared.place ??= new Place());
  const origin = (current = new LazyOrigin(op, place));
  try {
    return body();
  } catch (error) {
    throw locate(typed(op, error), origin, args);
  } finally {
    current = null;
  }
}

/** Errors that a function of the user's threw: they stay as they are. */
const foreign = new WeakSet<Error>();

/** What engines say where there is not so much memory, or not so long an array. */
const outOfMemory = /typed array length|allocation failed|out of memory/i;

/** A type error of JavaScript's in the library means that an argument was of a kind that the operation does not take. */
function typed(op: string, error: unknown): unknown {
  if (!(error instanceof Error) || foreign.has(error)) return error;
  if (error instanceof RangeError && outOfMemory.test(error.message))
    return new ValueError(`${op}(): not enough memory (${error.message})`, { cause: error });
  if (!(error instanceof TypeError)) return error;
  return new ValueError(`${op}() received an argument that it does not take (${error.message})`, {
    cause: error,
  });
}

/** A type error of JavaScript's that no argument explains, as what it is: a bug of ours. */
export const ownFault = (error: Error): InternalError =>
  Object.assign(new InternalError(error.message), { cause: error });

/** Runs work that no argument reaches unchecked, such as compiling and differentiating: a type error of JavaScript's in it is our own. */
export function internally<T>(body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw error instanceof TypeError && !foreign.has(error) ? ownFault(error) : error;
  }
}

let given = 0;

/** True while a public call runs a function that it was given: what that does is looked at, operation by operation. */
export const insideUserCode = (): boolean => given > 0;

/** Runs a function of the user's (a hook, a traced function) in the middle of a public call: its calls are public again. */
export function userCode<T>(body: () => T): T {
  const before = [current, shared] as const;
  current = shared = null;
  given++;
  try {
    return body();
  } catch (error) {
    if (error instanceof Error) foreign.add(error);
    throw error;
  } finally {
    given--;
    [current, shared] = before;
  }
}

/**
 * Runs a function that makes many public calls for one line of the user's, such as the step of an optimizer: they all have that line as
 * their origin, and the stack is noted once.
 */
export function onOneLine<T>(body: () => T): T {
  if (shared !== null) return body();
  shared = { place: null };
  try {
    return body();
  } finally {
    shared = null;
  }
}

/**
 * An error that ends with the user's line, for what is refused before any public call is made: a layer's size, an optimizer's option.
 * Within a public call the line is that of the call.
 */
export function atCaller<E extends GradloomError>(error: E): E {
  // the call adds its line itself, with its arguments
  if (current !== null) return error;
  locate(error, new LazyOrigin('', shared === null ? new Place() : (shared.place ??= new Place())));
  return error;
}

const warnedAt = new Set<string>();

/** A warning about what the user's line does, given once per line, as Python gives them. */
export function warnAtCaller(text: string): void {
  const origin = current ?? new LazyOrigin('', new Place());
  const line = `${origin.file}:${origin.line} ${text}`;
  if (warnedAt.has(line)) return;
  warnedAt.add(line);
  warn(text);
}

/** Runs `body` with the origin of an earlier call under another name: what a backward builds belongs to its forward's line. */
export function backwardOf<T>(origin: Origin | null, body: () => T): T {
  if (!(origin instanceof LazyOrigin)) return body();
  const before = current;
  current = origin.as(`${origin.op} backward`);
  try {
    return body();
  } finally {
    current = before;
  }
}
