// compile: a function becomes programs, one per signature. In: a function of tensors in PyTorch's style. Out: a function that traces it at
// the first call of each signature and from then on only runs generated code.
//
// Tensors that the function reaches without being given them are its state. Programs read and write state in place, in the homes of its
// cells; arguments are copied in and results copied out, so that nothing a user holds is ever overwritten by a later run.

import { TraceError, ValueError } from '../compiler/errors.ts';
import { printGraph } from '../compiler/graph.ts';
import type { Graph } from '../compiler/graph.ts';
import { bind } from './binding.ts';
import type { Binding } from './binding.ts';
import { debugging, say, sayProgram } from './debug.ts';
import { describeValue } from './describe.ts';
import { now } from './environment.ts';
import { announce, makeProgram } from './inspect/program.ts';
import { limits } from './limits.ts';
import { checkFunction, checkOptions } from './options.ts';
import { insideUserCode, publicCall } from './origin.ts';
import { measure } from './profile.ts';
import type { Profile, Program } from './program.ts';
import { defaultGenerator } from './random.ts';
import { parameterNames } from './parameterNames.ts';
import { brokenGuards, describeChanges, differences, standingChange, warnOfMany } from './recompile.ts';
import type { Change } from './recompile.ts';
import { anyOf, fits, sharesAlike, signatureOf, standingOf } from './signature.ts';
import type { Signature } from './signature.ts';
import { backends } from './target.ts';
import type { Backend } from './target.ts';
import type { Tensor } from './tensor.ts';
import { activeTrace, refuseReading } from './trace.ts';
import { traceCall } from './traced.ts';
import type { Traced } from './traced.ts';

/** What compile takes beside the function. */
export interface CompileOptions {
  /** The name in messages, sources and profiles; that of the function if absent. */
  readonly name?: string;
  /** Generated JavaScript (`js`), or the `interpreter` that defines what is right. */
  readonly backend?: Backend;
  /** Hold every rewrite and every kernel against the interpreter, and trace twice to see that both are the same. Slow. */
  readonly checked?: boolean;
  /** Allow what is equal in real arithmetic only. */
  readonly fastMath?: boolean;
}

export type AnyFunction = (...args: never[]) => unknown;

/**
 * A compiled function. Its results are new tensors without history at each call: what is to be differentiated is differentiated inside.
 * Within another compiled function, a transform (`grad`, `jvp`, `vmap`), a checkpoint or a hook it is the function that it was made from.
 */
export interface Compiled<F extends AnyFunction> {
  (...args: Parameters<F>): ReturnType<F>;
  /** The programs that are kept, newest last. */
  readonly programs: readonly Program[];
  /** The program for these arguments, without running it. */
  lower(...args: Parameters<F>): Program;
  /** For each program after the first: what of the call differed from the one before. */
  explainRecompiles(): string[];
}

/** A program and for which calls it is good. */
interface Entry {
  readonly signature: Signature;
  readonly traced: Traced;
  readonly binding: Binding;
  readonly program: Program;
  /** The tensors of the call that runs. */
  readonly tensors: Tensor[];
}

type Body = (...args: unknown[]) => unknown;

/** Makes a function that runs `fn` as generated code. */
export function compile<F extends AnyFunction>(fn: F, options: CompileOptions = {}): Compiled<F> {
  return publicCall('compile', () => {
    checkOptions('compile', options, ['name', 'backend', 'checked', 'fastMath']);
    checkFunction('compile', fn);
    if (options.name !== undefined && typeof options.name !== 'string')
      throw new ValueError(`compile(): name must be a string, not ${describeValue(options.name)}`);
    if (options.backend !== undefined && !backends.includes(options.backend))
      throw new ValueError(
        `compile(): unknown backend '${String(options.backend)}': choose ${backends.join(' or ')}`,
      );
    return makeCompiled(fn, options);
  });
}

function makeCompiled<F extends AnyFunction>(fn: F, options: CompileOptions): Compiled<F> {
  const name = options.name ?? (fn.name || 'compiled');
  const body = fn as unknown as Body;
  /** The most recently used first. */
  const entries: Entry[] = [];
  /** The most recently made last. */
  const inOrder: Entry[] = [];
  const changes: (readonly Change[])[] = [];
  const nameOf = parameterNames(fn);
  let made = 0;

  const addEntry = (args: readonly unknown[]): Entry => {
    const start = now();
    const entry = makeEntry(name, made, body, args, options);
    if (++made > 1) {
      changes.push(changesFor(args, entry, entries));
      if (changes.length > limits.compiledPrograms) changes.shift();
      if (debugging('recompile')) say('recompile', `${name}: ${describeChanges(changes.at(-1)!, nameOf)}`);
      if (made === limits.manyPrograms) warnOfMany(name, made, changes.flat(), nameOf);
    }
    sayProgram(entry.program);
    announce(() => ({ program: entry.program, compiled: true, called: entry.binding.called }));
    if (debugging('time'))
      say('time', `${entry.program.name}: traced and compiled in ${(now() - start).toFixed(2)} ms`);
    entries.unshift(entry);
    inOrder.push(entry);
    if (entries.length > limits.compiledPrograms) inOrder.splice(inOrder.indexOf(entries.pop()!), 1);
    return entry;
  };
  const entryFor = (args: readonly unknown[]): Entry => {
    for (let k = 0; k < entries.length; k++) {
      const entry = entries[k];
      if (!suits(entry, args)) {
        release(entry);
        continue;
      }
      if (k > 0) {
        entries.splice(k, 1);
        entries.unshift(entry);
      }
      return entry;
    }
    // origins keep the functions that were on the stack, and those would keep the arguments
    const given = [args];
    try {
      return publicCall(name, () => addEntry(given[0]));
    } finally {
      given.length = 0;
    }
  };

  const call = (...args: unknown[]): unknown => {
    // within a trace it is one more function, and where it is differentiated, or run for a batch
    if (activeTrace() !== null || insideUserCode()) return body(...args);
    const entry = entryFor(args);
    try {
      return entry.binding.call(entry.tensors);
    } finally {
      release(entry);
    }
  };
  const lower = (...args: unknown[]): Program => {
    refuseReading('lower()');
    const entry = entryFor(args);
    release(entry);
    return entry.program;
  };
  Object.defineProperty(call, 'name', { value: name });
  return Object.defineProperties(call, {
    programs: { get: () => inOrder.map((e) => e.program), enumerable: true },
    lower: { value: lower },
    explainRecompiles: { value: () => changes.map((list) => describeChanges(list, nameOf)) },
  }) as unknown as Compiled<F>;
}

/** True if the program of an entry is good for a call; notes the tensors of the call. */
function suits({ signature, traced, tensors }: Entry, args: readonly unknown[]): boolean {
  if (!fits(signature, args, tensors)) return false;
  const { guards, standings, reserved, minds } = traced;
  for (let i = 0; i < standings.length; i++)
    if (standingOf(standings[i].tensor) !== standings[i].standing) return false;
  if (reserved.size > 0 && anyOf(reserved, tensors)) return false;
  if (minds && !sharesAlike(signature, tensors)) return false;
  for (let i = 0; i < guards.length; i++) if (!Object.is(guards[i].read(), guards[i].value)) return false;
  return true;
}

/** Forgets the tensors of a call. */
const release = ({ tensors }: Entry): void => void tensors.fill(undefined as never);

function makeEntry(
  name: string,
  number: number,
  body: Body,
  args: readonly unknown[],
  options: CompileOptions,
): Entry {
  const fixed = new Set<Tensor>();
  for (;;) {
    const tensors: Tensor[] = [];
    const signature = signatureOf(args, tensors, fixed);
    const trace = (): ReturnType<typeof traceCall> =>
      traceCall(name, body, signature, tensors, (slot) => tensors[slot]);
    const traced = trace();
    if (!('graph' in traced)) {
      traced.forEach((x) => fixed.add(x));
      continue;
    }
    if (options.checked) compareTraces(name, traced, trace());
    const binding = bind(traced, { ...options, name: number === 0 ? name : `${name}_${number}` });
    const program = makeProgram(
      binding.executable.report,
      (given, runs) => profile(binding, signature, given, runs),
      binding.called,
    );
    return { signature, traced, binding, program, tensors };
  }
}

/** A function that gives another graph when it is traced again depends on something that a program would freeze. */
function compareTraces(name: string, first: Traced, second: ReturnType<typeof traceCall>): void {
  const lines = (graph: Graph): string[] => printGraph(graph).split('\n');
  const before = lines(first.graph);
  const after = 'graph' in second ? lines(second.graph) : [];
  const at = after.findIndex((line, i) => line !== before[i]);
  if (at < 0 && after.length === before.length) return;
  throw new TraceError(
    `the compiled function '${name}' is not the same when it is traced again: it depends on something outside that is no tensor and changes, ` +
      `such as a counter. First:\n${before[Math.max(0, at)]}\nthen:\n${after[Math.max(0, at)] ?? ''}`,
  );
}

/** What of a call differs from those that there are programs for: from the one that is most like it. */
function changesFor(args: readonly unknown[], entry: Entry, others: readonly Entry[]): readonly Change[] {
  let fewest: readonly Change[] = [];
  for (const other of others) {
    let found: readonly Change[] = differences(other.signature, entry.signature);
    if (found.length === 0 && fits(other.signature, args, other.tensors)) found = outsideChanges(other);
    release(other);
    if (found.length > 0 && (fewest.length === 0 || found.length < fewest.length)) fewest = found;
  }
  return fewest;
}

/** What has changed outside of a function since it was traced. */
function outsideChanges({ signature, traced, tensors }: Entry): Change[] {
  const remedy = 'see to it that it is the same at each call';
  const found = brokenGuards(traced.guards);
  for (const { tensor, standing } of traced.standings)
    if (standingOf(tensor) !== standing)
      found.push(standingChange(signature, tensor, standing, standingOf(tensor)));
  if (anyOf(traced.reserved, tensors))
    found.push({
      what: 'an argument',
      before: 'a tensor of its own',
      after: 'also used from outside',
      remedy,
    });
  return found;
}

function profile(
  binding: Binding,
  signature: Signature,
  args: readonly unknown[] | undefined,
  runs: number,
): Profile {
  return publicCall('profile', () => {
    refuseReading('profile()');
    if (args === undefined && !binding.called())
      throw new ValueError('profile(): this program has not been called yet: pass the arguments of a call');
    const tensors: Tensor[] | null = args === undefined ? null : [];
    if (args !== undefined && !fits(signature, args, tensors!))
      throw new ValueError('profile(): these arguments do not fit this program');
    const stream = defaultGenerator.getState();
    try {
      return binding.rehearse(tensors, () => measure(binding.executable, runs));
    } finally {
      defaultGenerator.setState(stream);
    }
  });
}
