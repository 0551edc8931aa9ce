// compile: a function becomes programs, one per signature. In: a function of tensors in PyTorch's style. Out: a function that traces it at
// the first call of each signature and from then on only runs generated code.
//
// Tensors that the function reaches without being given them are its state. Programs read and write state in place, in the homes of its
// cells; arguments are copied in and results copied out, so that nothing a user holds is ever overwritten by a later run.

import { ValueError } from '../compiler/errors.ts';
import { bind } from './binding.ts';
import type { Binding } from './binding.ts';
import { debugging, say, sayProgram } from './debug.ts';
import { now } from './environment.ts';
import { limits } from './limits.ts';
import { checkOptions, describeValue } from './options.ts';
import { publicCall } from './origin.ts';
import { measure } from './profile.ts';
import type { Program } from './program.ts';
import { flatten, unflatten } from './pytree.ts';
import { defaultGenerator } from './random.ts';
import { differences, fits, signatureOf } from './signature.ts';
import type { Signature } from './signature.ts';
import { backends } from './target.ts';
import type { Backend } from './target.ts';
import type { Tensor } from './tensor.ts';
import { activeTrace, refuseReading } from './trace.ts';
import type { Guard } from './trace.ts';
import { traceCall } from './traced.ts';

export interface CompileOptions {
  /** The name in messages, sources and profiles; that of the function if absent. */
  readonly name?: string;
  readonly backend?: Backend;
  /** Hold every rewrite and every kernel against the interpreter. Slow. */
  readonly checked?: boolean;
  /** Allow what is equal in real arithmetic only. */
  readonly fastMath?: boolean;
}

export type AnyFunction = (...args: never[]) => unknown;

/** A compiled function. Its results have no history: what is to be differentiated is differentiated inside. */
export interface Compiled<F extends AnyFunction> {
  (...args: Parameters<F>): ReturnType<F>;
  /** The programs made so far, newest last. */
  readonly programs: readonly Program[];
  /** The program for these arguments, without running it. */
  lower(...args: Parameters<F>): Program;
  /** For each program after the first: what of the call differed from the one before. */
  explainRecompiles(): string[];
}

interface Entry {
  readonly signature: Signature;
  readonly guards: readonly Guard[];
  readonly binding: Binding;
  readonly program: Program;
  /** The tensors of the call that runs. */
  readonly current: { tensors: readonly Tensor[] };
  readonly reason: string;
}

/** Makes a function that runs `fn` as generated code. */
export function compile<F extends AnyFunction>(fn: F, options: CompileOptions = {}): Compiled<F> {
  return publicCall('compile', () => {
    checkOptions('compile', options, ['name', 'backend', 'checked', 'fastMath']);
    if (typeof fn !== 'function')
      throw new ValueError(`compile(): expected a function, but got ${describeValue(fn)}`);
    if (options.backend !== undefined && !backends.includes(options.backend))
      throw new ValueError(
        `compile(): unknown backend '${String(options.backend)}': choose ${backends.join(' or ')}`,
      );
    return makeCompiled(fn, options);
  });
}

function makeCompiled<F extends AnyFunction>(fn: F, options: CompileOptions): Compiled<F> {
  const name = options.name ?? (fn.name || 'program');
  const body = fn as unknown as (...args: unknown[]) => unknown;
  /** Most recently used first. */
  const entries: Entry[] = [];
  const history: Entry[] = [];

  const entryFor = (args: readonly unknown[]): Entry => {
    for (let k = 0; k < entries.length; k++) {
      const entry = entries[k];
      const tensors: Tensor[] = [];
      if (!fits(entry.signature, args, tensors)) continue;
      entry.current.tensors = tensors;
      if (!entry.guards.every((g) => Object.is(g.read(), g.value))) continue; // reasonFor reads them once more
      if (k > 0) {
        entries.splice(k, 1);
        entries.unshift(entry);
      }
      return entry;
    }
    const entry = makeEntry(name, body, args, options, history);
    entries.unshift(entry);
    history.push(entry);
    if (entries.length > limits.compiledPrograms) entries.pop();
    return entry;
  };

  const call = (...args: unknown[]): unknown => {
    // within a trace it is one more function
    if (activeTrace() !== null) return body(...args);
    return publicCall(name, () => {
      const entry = entryFor(args);
      try {
        return entry.binding.call(entry.current.tensors);
      } finally {
        entry.current.tensors = [];
      }
    });
  };
  const lower = (...args: unknown[]): Program =>
    publicCall(name, () => {
      refuseReading('lower()');
      return entryFor(args).program;
    });
  Object.defineProperty(call, 'name', { value: name });
  return Object.defineProperties(call, {
    programs: { get: () => history.map((e) => e.program), enumerable: true },
    lower: { value: lower },
    explainRecompiles: { value: () => history.slice(1).map((e) => e.reason) },
  }) as unknown as Compiled<F>;
}

function makeEntry(
  name: string,
  body: (...args: unknown[]) => unknown,
  args: readonly unknown[],
  options: CompileOptions,
  history: readonly Entry[],
): Entry {
  const start = now();
  const tensors: Tensor[] = [];
  const signature = signatureOf(args, tensors);
  const current: Entry['current'] = { tensors };
  const { tree } = flatten([...args]);
  const traced = traceCall(
    name,
    body,
    tensors,
    (stands) => unflatten(tree, stands) as unknown[],
    (i) => current.tensors[i],
  );
  const binding = bind(traced, {
    ...options,
    name: history.length === 0 ? name : `${name}_${history.length}`,
  });
  const { report } = binding.executable;
  const before = history[history.length - 1];
  const reason = before === undefined ? '' : reasonFor(before, signature, traced.guards);
  const program: Program = {
    ...report,
    profile: (profiled, { runs = 10 } = {}) => profileOf(binding, signature, profiled, runs),
  };
  if (reason !== '') say('recompile', `${name}: ${reason}`);
  sayProgram(report);
  if (debugging('time')) say('time', `${name}: traced and compiled in ${(now() - start).toFixed(2)} ms`);
  return { signature, guards: traced.guards, binding, program, current, reason };
}

/** Why the last program was not good for this call. */
function reasonFor(before: Entry, signature: Signature, guards: readonly Guard[]): string {
  const found = differences(before.signature, signature);
  if (found.length === 0) {
    for (const { what, value, read } of before.guards) {
      const now = read();
      if (!Object.is(now, value)) found.push(`${what}: ${String(value)} -> ${String(now)}`);
    }
  }
  if (found.length === 0 && guards.length !== before.guards.length) found.push('other outside state is read');
  return found.join('; ');
}

function profileOf(
  binding: Binding,
  signature: Signature,
  args: readonly unknown[],
  runs: number,
): ReturnType<Program['profile']> {
  return publicCall('profile', () => {
    const tensors: Tensor[] = [];
    if (!fits(signature, args, tensors))
      throw new ValueError('profile(): these arguments do not fit this program');
    const stream = defaultGenerator.getState();
    try {
      binding.fill(tensors);
      return measure(binding.executable, binding.written, runs);
    } finally {
      defaultGenerator.setState(stream);
    }
  });
}
