// What a program says about itself: its source, its kernels, the text of each stage, its memory. Types that the compiler's backend fills
// and users read.

import type { Origin } from '../compiler/node.ts';

export interface Kernel {
  readonly name: string;
  readonly source: string;
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  readonly flops: number;
  readonly bytes: number;
  /** The user's operations and lines that it computes. */
  readonly origins: readonly Origin[];
}

export interface ProgramMemory {
  readonly arenaBytes: number;
  readonly inputBytes: number;
  readonly outputBytes: number;
}

export type Stage = 'graph' | 'optimized' | 'groups' | 'nests' | 'plan';

export interface ProgramReport {
  readonly name: string;
  /** The generated JavaScript. */
  readonly source: string;
  readonly kernels: readonly Kernel[];
  /** The text of one stage, or of all. */
  explain(stage?: Stage): string;
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
