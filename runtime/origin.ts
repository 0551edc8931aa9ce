// Where things come from: the user's file, line and column behind every public call. In: a call. Out: an `Origin` for the nodes made
// meanwhile, and for errors one more line that names it.
//
// An Error object notes the stack cheaply when it is made; its text is asked for, and parsed, only when somebody reads the origin.
// Frames of the library itself are skipped by their address, so that the line is the user's whatever layers lie between.
//
// What it costs: about 0.4 us per frame that is noted, 4 us of the 9 that a call such as x.add(1) takes from a shallow script; a compiled
// function pays once, when it is traced. Measured by
//
//     node -e "Error.stackTraceLimit = 40; const t = performance.now(); for (let i = 0; i < 1e5; i++) new Error(); console.log((performance.now() - t) / 100, 'us')"

import { GradloomError, InternalError, ValueError } from '../compiler/errors.ts';
import { setOriginSource } from '../compiler/node.ts';
import type { Origin } from '../compiler/node.ts';
import { describeCall } from './callText.ts';
import { mapsStacks, warn, workingDirectory } from './environment.ts';

interface Site {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

const withoutScheme = (address: string): string => address.replace(/^file:\/\/(?=\/)/, '');

const framePattern = /(?:\(|@|at )((?:[^()\s@]|\([^)]*\))+?):(\d+):(\d+)\)?$/;

let ours: readonly string[] | null = null;

/**
 * What the addresses of the library's own files begin with. This file is `<root>runtime/origin.ts`, as stacks name it: where they are
 * mapped to sources, that is not where the module was loaded from. Bundled without a map the library is one file; whoever shares it
 * with the library cannot be told from it.
 */
function ourFiles(): readonly string[] {
  if (ours !== null) return ours;
  const frame = (new Error().stack ?? '').split('\n').find((text) => framePattern.test(text));
  const own = frame === undefined ? '' : withoutScheme(framePattern.exec(frame)![1]);
  const root = /^(.*?)runtime\/origin\.[jt]s$/.exec(own);
  ours = root === null ? [own] : ['compiler/', 'ops/', 'runtime/', 'nn/'].map((folder) => root[1] + folder);
  return ours;
}

const isOurs = (file: string): boolean =>
  file === '' || ourFiles().some((own) => own !== '' && file.startsWith(own));

const isNodes = (file: string): boolean => /^node:/.test(file);

/** A file as users know it: seen from where the script was started. */
function shortened(file: string): string {
  const directory = workingDirectory();
  return directory !== '' && file.startsWith(directory) ? file.slice(directory.length) : file;
}

/** The user's frame in the text of a stack, or null if there is none (a bundle that holds everything). */
export function userFrame(stack: string): Site | null {
  for (const text of stack.split('\n')) {
    const found = framePattern.exec(text);
    if (!found) continue;
    const file = withoutScheme(found[1]);
    if (isOurs(file) || isNodes(file)) continue;
    return { file: shortened(file), line: Number(found[2]), column: Number(found[3]) };
  }
  return null;
}

interface CallSite {
  getFileName(): string | null;
  getLineNumber(): number | null;
  getColumnNumber(): number | null;
}
interface StackErrors {
  stackTraceLimit?: number;
  prepareStackTrace?: (error: Error, sites: CallSite[]) => unknown;
}
const StackError: StackErrors = Error as object;

/** Whether stacks come as they are, so that V8 hands out their frames one by one; where somebody maps them to sources, only text is mapped. */
function isPlain(): boolean {
  const { prepareStackTrace: prepare } = StackError;
  // of the name that Node gives its own, which prints stacks as they are
  return (prepare === undefined || prepare.name === 'ErrorPrepareStackTrace') && !mapsStacks();
}

let handsOut: boolean | null = null;

/** Whether the engine is V8, which asks how a stack is to be printed. */
function handsOutFrames(): boolean {
  if (handsOut !== null) return handsOut;
  const before = StackError.prepareStackTrace;
  StackError.prepareStackTrace = () => '';
  handsOut = new Error().stack === '';
  StackError.prepareStackTrace = before;
  return handsOut;
}

/** For each address that stacks have named, the file as users know it; null if it is not theirs. */
const files = new Map<string, string | null>();

function userFile(address: string): string | null {
  let file = files.get(address);
  if (file === undefined) {
    const whole = withoutScheme(address);
    file = isOurs(whole) || isNodes(whole) ? null : shortened(whole);
    files.set(address, file);
  }
  return file;
}

let found: Site | null = null;

function pickUser(_: Error, sites: CallSite[]): string {
  found = null;
  for (const site of sites) {
    const file = userFile(site.getFileName() ?? '');
    if (file === null) continue;
    found = { file, line: site.getLineNumber() ?? 0, column: site.getColumnNumber() ?? 0 };
    break;
  }
  return '';
}

/** The user's frame of an Error whose stack nobody has asked for yet: its frames take a third of the time of its text. */
function frameOf(note: Error): Site | null {
  if (!isPlain() || !handsOutFrames()) return userFrame(note.stack ?? '');
  ourFiles(); // reads a stack as well
  const before = StackError.prepareStackTrace;
  StackError.prepareStackTrace = pickUser;
  void note.stack;
  StackError.prepareStackTrace = before;
  return found;
}

/** The URL of a file as origins name it: what `userFrame` has cut off is put back. */
export function addressOf(file: string): string {
  if (/^[a-z][a-z0-9+.-]+:/i.test(file)) return file;
  const text = file.replace(/\p{Surrogate}/gu, '\ufffd'); // halves of characters have no place in a URL
  const path = text.startsWith('/') ? text : workingDirectory() + text;
  return path.startsWith('/') ? `file://${path.split('/').map(encodeURIComponent).join('/')}` : path;
}

const nowhere: Site = { file: '', line: 0, column: 0 };

/** Frames that reach the user from an operation; and from within the layers of a model. */
const near = 8;
const deep = 40;

function noteStack(frames: number): Error {
  const limit = StackError.stackTraceLimit;
  StackError.stackTraceLimit = frames;
  const note = new Error();
  StackError.stackTraceLimit = limit;
  return note;
}

/** Where a call was made. The few frames that mostly suffice are read at once, which is cheaper than to keep many; more when somebody asks. */
class Place {
  #site: Site | null;
  #note: Error | null;
  constructor() {
    this.#site = isPlain() && handsOutFrames() ? frameOf(noteStack(near)) : null;
    this.#note = this.#site === null ? noteStack(deep) : null;
  }
  get site(): Site {
    if (this.#site === null) {
      this.#site = (this.#note && frameOf(this.#note)) ?? nowhere;
      this.#note = null;
    }
    return this.#site;
  }
}

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
  const place = shared === null ? new Place() : (shared.place ??= new Place());
  locate(error, current ?? new LazyOrigin('', place));
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
