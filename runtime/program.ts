// What a program says about itself: its source, its kernels, the text of each stage, its memory. Types that the compiler's backend fills
// and users read.

import type { Explanation, Stage } from '../compiler/explain.ts';
import type { Origin } from '../compiler/node.ts';
import type { KernelCounts } from './kernelCounts.ts';

export type { Explanation, Stage, KernelCounts };

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
  /** The user's operations and lines that it computes. */
  readonly origins: readonly Origin[];
  /** What its text does, read off it when it is asked for; null where there is no parser (in a browser). */
  readonly counts: KernelCounts | null;
}

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

/** How long one kernel took in one run of the program, on average. */
export interface KernelProfile {
  readonly name: string;
  /** In milliseconds. */
  readonly time: number;
  readonly bytes: number;
  readonly flops: number;
  /** Its part of the whole, between 0 and 1. */
  readonly share: number;
}

export interface Profile {
  readonly runs: number;
  /** Of a whole run, in milliseconds. */
  readonly time: number;
  readonly kernels: readonly KernelProfile[];
}

/** A traced and compiled function for one signature. */
export interface Program extends ProgramReport {
  /** Runs it several times on these arguments and measures each kernel; results and writes are thrown away. */
  profile(args: readonly unknown[], options?: { readonly runs?: number }): Profile;
}
