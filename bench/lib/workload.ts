// What a benchmark is: one piece of work, done by gradloom and by hand, whose results can be compared.

import { compile, zeros } from 'gradloom';
import type { Program, Tensor } from 'gradloom';

/** One way of doing the work. */
export interface Side {
  /** Does it once. */
  run(): void;
  /** Copies of all that it computed, in the same order and layout on both sides. */
  results(): readonly ArrayLike<number>[];
}

export interface GradloomSide extends Side {
  /** The compiled program; traces and compiles if that has not happened. */
  program(): Program;
}

export interface Workload {
  readonly name: string;
  /** Floating-point operations of one run, where GFLOP/s say more than a time. */
  readonly flops?: number;
  gradloom(): GradloomSide;
  /** The best JavaScript that we can write for it; large models have none. */
  hand?(): Side;
}

/** Something that is not a time: it finds one line of text by itself. */
export interface Probe {
  readonly name: string;
  probe(): string | Promise<string>;
  /** Probes that give the same word here run in one process. */
  readonly together?: string;
}

/** What each file in bench/workloads/ exports as `workloads`. */
export type Entry = Workload | Probe;

/** gradloom's side: `fn`, compiled, always with the same arguments. Its results are what it returns, and the tensors of `state`. */
export function gradloomSide<A extends unknown[]>(
  fn: (...args: A) => readonly Tensor[],
  args: A,
  state: readonly Tensor[] = [],
): GradloomSide {
  const compiled = compile(fn);
  let returned: readonly Tensor[] = [];
  return {
    run: () => {
      returned = compiled(...args);
    },
    results: () => [...returned, ...state].map((x) => x.toTypedArray()),
    program: () => compiled.lower(...args),
  };
}

/**
 * gradloom's side where both write into arrays that they already have: the results of `fn` are copied into tensors of the given
 * shapes, which are its results. A large result that is returned is new memory at each call, and that alone costs more than a
 * nanosecond an element.
 */
export function gradloomInto<A extends unknown[]>(
  fn: (...args: A) => readonly Tensor[],
  args: A,
  shapes: readonly (readonly number[])[],
  dtype: 'float32' | 'float64' = 'float32',
): GradloomSide {
  const results = shapes.map((shape) => zeros([...shape], { dtype }));
  const store = (...given: A): readonly Tensor[] => {
    fn(...given).forEach((x, i) => results[i].copy_(x));
    return [];
  };
  return gradloomSide(store, args, results);
}
