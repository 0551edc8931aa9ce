// Functions that must not write to what was there before them: the two branches of a choice that a program makes by computing both. In: a
// function. Out: its result, or an error at the first write to a tensor that it did not make itself.

import { TraceError } from '../compiler/errors.ts';

interface Pure {
  /** What the error says. */
  readonly what: string;
  /** Cells that the function made: these are its own. */
  readonly made: WeakSet<object>;
  readonly outer: Pure | null;
}

let current: Pure | null = null;

/** Runs `body`, which may write only to what it makes. */
export function withoutEffects<T>(what: string, body: () => T): T {
  current = { what, made: new WeakSet(), outer: current };
  try {
    return body();
  } finally {
    current = current.outer;
  }
}

/** Says that a cell is new. */
export function noteMade(cell: object): void {
  for (let pure = current; pure !== null; pure = pure.outer) pure.made.add(cell);
}

/** To be called before a cell, or the gradient of a tensor that it belongs to, is written. */
export function refuseEffect(cell: object): void {
  if (current === null || current.made.has(cell)) return;
  throw new TraceError(
    `${current.what} must not write to a tensor from outside of it, because both branches are computed: ` +
      'return the new value, and write it after the choice (x.copy_(y)).',
  );
}
