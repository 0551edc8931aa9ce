// Targets of compilation: generated JavaScript, or the interpreter. In: a graph and a target's name. Out: an executable.

import type { Graph } from '../compiler/graph.ts';
import { prepare } from './executable.ts';
import type { Executable, ExecutableOptions } from './executable.ts';
import { interpreted } from './interpreted.ts';
import { internally } from './origin.ts';

/** What runs a program: generated code, or the interpreter that defines what is right. */
export type Backend = 'js' | 'interpreter';
export const backends: readonly Backend[] = ['js', 'interpreter'];

export interface TargetOptions {
  readonly name: string;
  readonly backend?: Backend;
  readonly fastMath?: boolean;
  readonly checked?: boolean;
}

export const prepareWith = (
  graph: Graph,
  { backend = 'js', ...options }: TargetOptions & ExecutableOptions,
): Executable =>
  internally(() => (backend === 'interpreter' ? interpreted(graph, options) : prepare(graph, options)));
