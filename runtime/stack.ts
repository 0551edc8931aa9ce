// Where a call was made: the first frame of a stack that is the user's. In: nothing. Out: a `Place`, which has a file, a line and a column once
// somebody asks.
//
// V8 hands out the frames of a stack one by one, in a third of the time that their text takes; frames of the library itself are skipped by their
// address, so that the line is the user's whatever layers lie between. Where Node maps stacks to sources, the frame is mapped when its line is
// asked for. Where somebody else does (a `prepareStackTrace` of his own), and in other engines, the text of the stack is read.
//
// What it costs: about 0.4 us per frame that is noted; 3 us of the 8 that a call such as x.add(1) takes from a shallow script; a compiled
// function pays once, when it is traced. Measured by
//
//     node -e "Error.stackTraceLimit = 8; const t = performance.now(); for (let i = 0; i < 1e5; i++) new Error(); console.log((performance.now() - t) / 100, 'us')"

import { findInSources, mapsStacks, workingDirectory } from './environment.ts';

export interface Site {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

const withoutScheme = (address: string): string => address.replace(/^file:\/\/(?=\/)/, '');

// --- whose a file is -----------------------------------------------------------------------------------------------------------

/** This file in the library's folder; not so if the library has been bundled. */
const ownFile = /^(.*?)runtime\/stack\.[jt]s$/;

/**
 * What the addresses of the library's own files begin with, given that of this one. Bundled the library is one file; whoever shares it with
 * the library cannot be told from it.
 */
function foldersFrom(own: string): readonly string[] {
  const root = ownFile.exec(own);
  if (root === null) return own === '' ? [] : [own];
  return ['compiler/', 'ops/', 'runtime/', 'nn/'].map((folder) => root[1] + folder);
}

const isUsers = (file: string, ours: readonly string[]): boolean =>
  file !== '' && !ours.some((own) => file.startsWith(own)) && !/^node:/.test(file);

/** A file as users know it: seen from where the script was started. */
function shortened(address: string): string {
  const file = withoutScheme(address);
  const directory = workingDirectory();
  return directory !== '' && file.startsWith(directory) ? file.slice(directory.length) : file;
}

/** The URL of a file as places name it: what has been cut off is put back. */
export function addressOf(file: string): string {
  if (/^[a-z][a-z0-9+.-]+:/i.test(file)) return file;
  const text = file.replace(/\p{Surrogate}/gu, '\ufffd'); // halves of characters have no place in a URL
  const path = text.startsWith('/') ? text : workingDirectory() + text;
  return path.startsWith('/') ? `file://${path.split('/').map(encodeURIComponent).join('/')}` : path;
}

// --- the text of a stack -------------------------------------------------------------------------------------------------------

const framePattern = /(?:\(|@|at )((?:[^()\s@]|\([^)]*\))+?):(\d+):(\d+)\)?$/;

/** Where stacks are mapped to sources, this file is not where the module was loaded from. */
let foldersInText: readonly string[] | null = null;

function readFolders(): readonly string[] {
  const frame = (new Error().stack ?? '').split('\n').find((text) => framePattern.test(text));
  return foldersFrom(frame === undefined ? '' : withoutScheme(framePattern.exec(frame)![1]));
}

/** The user's frame in the text of a stack, or null if there is none (a bundle that holds everything). */
export function userFrame(stack: string): Site | null {
  const ours = (foldersInText ??= readFolders());
  for (const text of stack.split('\n')) {
    const found = framePattern.exec(text);
    if (found && isUsers(withoutScheme(found[1]), ours))
      return { file: shortened(found[1]), line: Number(found[2]), column: Number(found[3]) };
  }
  return null;
}

// --- frames --------------------------------------------------------------------------------------------------------------------

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

/** Lets V8 hand the frames of an Error to `read`, unless its stack has been asked for before. */
function readFrames(note: Error, read: (sites: readonly CallSite[]) => void): void {
  const before = StackError.prepareStackTrace;
  StackError.prepareStackTrace = (_, sites) => {
    read(sites);
    return '';
  };
  void note.stack;
  StackError.prepareStackTrace = before;
}

/** What the addresses of the library's own files begin with, as they were loaded; null where there are no frames. */
let folders: readonly string[] | null | undefined;
let bundled = false;

function loadedFolders(): readonly string[] | null {
  if (folders !== undefined) return folders;
  folders = null;
  readFrames(new Error(), ([top]) => {
    const own = top.getFileName() ?? '';
    folders = foldersFrom(own);
    bundled = !ownFile.test(own);
  });
  return folders;
}

/** Whether the user's frame can be told from frames. In a bundle that is mapped to its sources, only the text tells. */
function readsFrames(): boolean {
  const { prepareStackTrace: prepare } = StackError;
  // of the name that Node gives its own
  if (prepare !== undefined && prepare.name !== 'ErrorPrepareStackTrace') return false;
  return loadedFolders() !== null && !(bundled && mapsStacks());
}

/** Whether addresses that stacks have named are the user's. */
const known = new Map<string, boolean>();

function isUsersAddress(address: string): boolean {
  let answer = known.get(address);
  if (answer === undefined) known.set(address, (answer = isUsers(address, folders!)));
  return answer;
}

let found: Site | null = null;

function findUsers(sites: readonly CallSite[]): void {
  found = null;
  for (const site of sites) {
    const file = site.getFileName() ?? '';
    if (!isUsersAddress(file)) continue;
    found = { file, line: site.getLineNumber() ?? 0, column: site.getColumnNumber() ?? 0 };
    break;
  }
}

/** The user's frame as it was loaded. */
function userFrameOf(note: Error): Site | null {
  readFrames(note, findUsers);
  return found;
}

function inSources(site: Site): Site {
  const { file, line, column } = (mapsStacks() && findInSources(site)) || site;
  return { file: shortened(file), line, column };
}

// --- places --------------------------------------------------------------------------------------------------------------------

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
export class Place {
  /** As it was loaded, until somebody asks for the source. */
  #loaded: Site | null;
  #note: Error | null;
  #site: Site | null = null;
  constructor() {
    this.#loaded = readsFrames() ? userFrameOf(noteStack(near)) : null;
    this.#note = this.#loaded === null ? noteStack(deep) : null;
  }
  get site(): Site {
    return (this.#site ??= this.#find());
  }
  #find(): Site {
    const [loaded, note] = [this.#loaded, this.#note];
    this.#loaded = this.#note = null;
    if (loaded) return inSources(loaded);
    if (!readsFrames()) return userFrame(note!.stack ?? '') ?? nowhere;
    const far = userFrameOf(note!);
    return far ? inSources(far) : nowhere;
  }
}
