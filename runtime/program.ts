// What a program says about itself: its source, its kernels, the text of each stage, its memory. Types that the compiler's backend fills
// and users read.

import type { Explanation, Stage } from '../compiler/explain.ts';
import type { Origin } from '../compiler/node.ts';
import type { KernelCounts } from './kernelCounts.ts';
import type { Roof } from './roof.ts';

export type { Explanation, KernelCounts, Roof, Stage };

/** One loop nest of a program: its source, what it reads, writes and costs, and whose lines it computes. */
export interface Kernel {
  readonly name: string;
  readonly source: string;
  /** Buffers, by the names that the source and the plan have for them. */
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  /** Arithmetic operations of one run, as the operations mean it: an exponential is one. */
  readonly flops: number;
  /** Memory that it has to touch in one run, each element of its buffers once. */
  readonly bytes: number;
  /** Those of `bytes` that are of float64 values. */
  readonly float64Bytes: number;
  /** The user's operations and lines that it computes. */
  readonly origins: readonly Origin[];
  /** What its text does, read off it when it is asked for; null where there is no parser (in a browser). */
  readonly counts: KernelCounts | null;
  /** Reads whose steps along an innermost loop are longer than a line of the cache: buffer, elements per step, reads in one run. */
  readonly strided: readonly { readonly buffer: string; readonly stride: number; readonly count: number }[];
}

/** How many bytes a program holds. */
export interface ProgramMemory {
  readonly arenaBytes: number;
  readonly inputBytes: number;
  readonly outputBytes: number;
}

export interface ProgramReport {
  readonly name: string;
  /** The generated JavaScript. */
  readonly source: string;
  readonly kernels: readonly Kernel[];
  /**
   * The text of one stage, or of all: the `graph` as traced, each rewrite and what they led to (`optimized`), who shares a loop and why
   * others do not (`groups`), `nests`, and the `plan` with the lifetimes of all memory. Values keep their letters from stage to stage, and
   * the same program gives the same text.
   */
  explain(stage?: Stage): string;
  /** The same as data; null where the interpreter works. Made when it is asked for. */
  readonly stages: Explanation | null;
  readonly memory: ProgramMemory;
}

/** How long one kernel takes in one run of the program: the median. */
export interface KernelProfile {
  readonly name: string;
  /** In milliseconds. */
  readonly time: number;
  readonly bytes: number;
  readonly flops: number;
  /** Its part of the whole, between 0 and 1. */
  readonly share: number;
  /** Milliseconds that this machine needs at least for its memory and its arithmetic, whichever is longer (`bound`); never more than `time`. */
  readonly leastTime: number;
  readonly bound: 'memory' | 'arithmetic';
  /** The least time as a part of the time: 1 is as fast as loops get here. */
  readonly ofRoof: number;
  /** The user's operations and lines that it computes. */
  readonly origins: readonly Origin[];
}

/** What to try next. */
export interface Advice {
  readonly kind: 'fusion' | 'dtype' | 'layout';
  readonly kernel: string;
  readonly text: string;
}

/** What profile measured. */
export interface Profile {
  readonly runs: number;
  /** Of a whole run, in milliseconds; the median. */
  readonly time: number;
  /** In the order of a run. */
  readonly kernels: readonly KernelProfile[];
  /** How fast loops are here at best; null where nothing was measured. */
  readonly machine: Roof | null;
  /** The dearest first; may be empty. */
  readonly advice: readonly Advice[];
  /** A table: a row per kernel, the slowest first, the roof, and the advice. */
  toString(): string;
}

/** A traced and compiled function for one signature. */
export interface Program extends ProgramReport {
  /** Runs it several times on these arguments and measures each kernel; results and writes are thrown away. */
  profile(args?: readonly unknown[], options?: { readonly runs?: number }): Profile;
  /**
   * One page of HTML that needs nothing else: both graphs as pictures, kernels, a profile of the last call, memory. Returns its text, and
   * writes it if a file is named; a ValueError where there are no files.
   *
   * @example
   * await step.programs[0].report('step.html');
   */
  report(file?: string): Promise<string>;
}
