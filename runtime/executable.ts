// From a graph to something that runs. In: a graph, and for each of its inputs and outputs where it lives. Out: an executable, with
// arrays to fill before it runs and arrays to read afterwards. Normally that is generated code; where the environment forbids to
// compile text (a Content-Security-Policy), the interpreter does the same work, and says so once.

import type { Graph } from '../compiler/graph.ts';
import { build } from '../compiler/pipeline.ts';
import type { BuildOptions, Built } from '../compiler/pipeline.ts';
import { constant } from '../ops/source.ts';
import { expand } from '../ops/view.ts';
import { rules } from '../ops/rules.ts';
import type { TypedArray } from './buffer.ts';
import { checkRun } from './checkedRun.ts';
import { warn } from './environment.ts';
import { verifying } from './debug.ts';
import { interpreted } from './interpreted.ts';
import { canCompile, link } from './link.ts';
import type { ProgramReport } from './program.ts';
import { reportOf } from './report.ts';
import { verifyScripts } from './verify.ts';

export interface ExecutableOptions {
  readonly name: string;
  readonly fastMath?: boolean;
  /** Every rewrite and every kernel is held against the interpreter. */
  readonly checked?: boolean;
  /** For each graph input: a stable array to capture (a home), or null: the executable brings a staging array. */
  readonly homes: readonly (TypedArray | null)[];
  /** For each graph output: the number of the input whose storage it must end in, or null. */
  readonly writeBack: readonly (number | null)[];
}

export interface Executable {
  /** Filled by the caller before run(), in the order of graph.inputs. */
  readonly inputs: readonly TypedArray[];
  /** Read by the caller after run(), in the order of graph.outputs; overwritten by the next run. With writeBack[o] = i it is inputs[i]. */
  readonly outputs: readonly TypedArray[];
  run(): void;
  /** Each kernel by name, in the order of a run; empty where the interpreter works. */
  readonly kernels: Readonly<Record<string, () => void>>;
  readonly report: ProgramReport;
}

let serial = 0;
let warned = false;

/** Makes a graph ready to run. */
export function prepare(graph: Graph, options: ExecutableOptions): Executable {
  const buildOptions: BuildOptions = {
    name: options.name,
    serial: serial++,
    rules,
    fastMath: options.fastMath,
    verify: verifying || options.checked === true,
    external: new Set(options.homes.flatMap((home, i) => (home ? [i] : []))),
    writeBack: options.writeBack,
    makeConstant: (value, { shape, dtype }) => constant(value, dtype, shape),
    makeExpand: expand,
  };
  if (!canCompile()) {
    if (!warned) warn('this environment forbids generated code; gradloom interprets, which is much slower');
    warned = true;
    return interpreted(graph, options);
  }
  const built: Built = build(graph, buildOptions);
  if (buildOptions.verify) verifyScripts(built.emitted);
  const linked = link(built, options.homes);
  return {
    inputs: linked.inputs,
    outputs: linked.outputs,
    run: options.checked ? () => checkRun(graph, built, linked, buildOptions) : linked.run,
    kernels: linked.kernels,
    report: reportOf(options.name, built, linked),
  };
}
