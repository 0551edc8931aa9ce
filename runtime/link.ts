// Linking: a built program becomes a function. In: what the pipeline made, and the arrays that the caller brings. Out: typed
// arrays to fill and to read, and `run`. Each kernel is compiled as a script of its own, over views at fixed places of one region, so that
// stack traces, profilers and debuggers show it under its name; the driver is one more, `run.js`.

import type { Built } from '../compiler/pipeline.ts';
import type { Buffer } from '../compiler/nest.ts';
import { InternalError } from '../compiler/errors.ts';
import { tableNames } from '../compiler/emit/driver.ts';
import type { Script } from '../compiler/emit/driver.ts';
import { helperTexts, importedHelpers } from '../compiler/emit/helpers.ts';
import { sourceMap } from '../compiler/emit/sourceMap.ts';
import type { TypedArray } from './buffer.ts';
import { releaseWith, reserve, viewOf } from './arena.ts';
import { base64 } from './environment.ts';
import { addressOf } from './stack.ts';

export interface Linked {
  readonly inputs: readonly TypedArray[];
  readonly outputs: readonly TypedArray[];
  readonly run: () => void;
  /** Each kernel by name, for profiles and checks. */
  readonly kernels: Readonly<Record<string, () => void>>;
  /** The array of any buffer of the plan. */
  readonly arrayOf: (b: Buffer) => TypedArray;
}

type Kernels = Linked['kernels'];
type Arrays = Readonly<Record<string, TypedArray>>;
type Routines = Readonly<Record<string, (inputs: readonly TypedArray[], output: TypedArray) => void>>;
type KernelFactory = (buffers: Arrays, helpers: Helpers, routines: Routines) => () => void;
type DriverFactory = (buffers: Arrays, kernels: Kernels) => () => void;

let allowed: boolean | null = null;

/** Whether this environment compiles text at all; asked once. A Content-Security-Policy may forbid it. */
export function canCompile(): boolean {
  if (allowed !== null) return allowed;
  try {
    allowed = new Function('return 1')() === 1;
  } catch (error) {
    if (!(error instanceof EvalError)) throw error;
    allowed = false;
  }
  return allowed;
}

type Helpers = Readonly<Record<string, ((...args: number[]) => number) | TypedArray>>;

/** What kernels share: special functions, and the tables of helpers, each made when it is first used and then for all programs. */
const helpers: Helpers = Object.defineProperties(
  { ...importedHelpers },
  Object.fromEntries(Object.keys(helperTexts).flatMap(tablesOf)),
);

function tablesOf(helper: string): [name: string, PropertyDescriptor][] {
  const names = tableNames(helper);
  let made: Arrays | null = null;
  const make = (): Arrays =>
    (made ??= new Function(
      `${helperTexts[helper].text}\nreturn { ${names.join(', ')} };\n//# sourceURL=gradloom/${helper}.js\n`,
    )() as Arrays);
  return names.map((name) => [name, { get: () => make()[name] }]);
}

/** `new Function` writes two lines before the text of a body. */
const linesBefore = [null, null];

/** A comment that ties the lines of a source to the user's; empty where there is nothing to tie, or no way to write it. */
function mapComment(origins: Script['origins']): string {
  const known = mapComments.get(origins);
  if (known !== undefined) return known;
  const map = sourceMap([...linesBefore, ...origins], addressOf);
  const text = map === null ? null : base64(map);
  const comment = text === null ? '' : `//# sourceMappingURL=data:application/json;base64,${text}\n`;
  mapComments.set(origins, comment);
  return comment;
}
/** Kernels that are alike have the same lines. */
const mapComments = new WeakMap<Script['origins'], string>();

const compileScript = ({ text, origins }: Script, ...parameters: readonly string[]): unknown =>
  new Function(...parameters, text + mapComment(origins));

export function link(built: Built, homes: readonly (TypedArray | null)[]): Linked {
  const { plan, emitted } = built;
  const region = reserve(plan.arenaBytes);
  const arrays = new Map<Buffer, TypedArray>();
  built.inputs.forEach((b, i) => {
    const home = homes[i];
    if (home) arrays.set(b, home);
  });
  for (const slot of plan.slots)
    arrays.set(slot.buffer, viewOf(region, slot.buffer.dtype, slot.buffer.length, slot.offset));
  const arrayOf = (b: Buffer): TypedArray => {
    const array = arrays.get(plan.aliases.get(b) ?? b);
    if (!array) throw new InternalError(`link: ${b.name} has no place`);
    return array;
  };
  const buffers: Record<string, TypedArray> = {};
  for (const b of [...built.inputs, ...built.outputs]) buffers[b.name] = arrayOf(b);
  for (const k of plan.kernels) {
    for (const b of [...k.reads, ...k.writes]) buffers[b.name] = arrayOf(b);
    // Scratch names are only unique within their kernel; the emitter has prefixed them.
    for (const b of k.scratch) buffers[b.name] = arrayOf(b);
  }
  const routines: Record<string, Routines[string]> = {};
  for (const r of built.routines)
    routines[`run${r.slot}`] = (inputs, output) => r.run(inputs, output, r.types);
  const kernels: Record<string, () => void> = {};
  plan.kernels.forEach(({ name }, i) => {
    const factory = compileScript(emitted.scripts[i], 'buffers', 'helpers', 'routines') as KernelFactory;
    kernels[name] = factory(buffers, helpers, routines);
  });
  const run = (compileScript(emitted.driver, 'buffers', 'kernels') as DriverFactory)(buffers, kernels);
  releaseWith(run, region);
  const copied = new Map(plan.copies.map((c) => [c.from, c.to]));
  return {
    inputs: built.inputs.map(arrayOf),
    outputs: built.outputs.map((b) => arrayOf(copied.get(b) ?? b)),
    run,
    kernels,
    arrayOf,
  };
}
