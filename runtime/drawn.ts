// Random numbers drawn once and used again: what is recomputed must meet the same ones. In: a function that draws. Out: its result with what it
// drew; and the same function run once more, to which those are dealt again in order.

import { InternalError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';

type Mode =
  { readonly tag: 'record'; readonly drawn: Node[] } | { readonly tag: 'replay'; readonly left: Node[] };

let mode: Mode | null = null;

function inMode<T>(next: Mode, body: () => T): T {
  const before = mode;
  mode = next;
  try {
    return body();
  } finally {
    mode = before;
  }
}

/** Runs `body` and lists what it draws. */
export function recordingDraws<T>(body: () => T): { readonly result: T; readonly drawn: readonly Node[] } {
  const drawn: Node[] = [];
  return { result: inMode({ tag: 'record', drawn }, body), drawn };
}

/** Runs `body`, which gets these numbers instead of new ones. */
export const replayingDraws = <T>(drawn: readonly Node[], body: () => T): T =>
  inMode({ tag: 'replay', left: [...drawn] }, body);

/** What a draw gives: `fresh()`, or what it gave the first time. */
export function drawn(fresh: () => Node): Node {
  if (mode?.tag === 'replay') {
    const again = mode.left.shift();
    if (again === undefined)
      throw new InternalError('a function that is recomputed draws more random numbers than the first time');
    return again;
  }
  const value = fresh();
  mode?.drawn.push(value);
  return value;
}

/** True while draws are recorded or dealt again. */
export const isMindingDraws = (): boolean => mode !== null;
