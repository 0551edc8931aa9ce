// Grad mode: whether operations are recorded. In: a function to run under another mode. Out: its result; the mode before is restored
// when it returns, throws, or, if it gives a promise, when that settles (between the two, other code sees the changed mode).
//
// Tangents are carried whatever the grad mode is. As forward mode is a backward of a backward here, what happens within `noGrad` inside of
// a jvp is recorded too, but only for tangents: by functions that no backward enters except that of the jvp itself.

import { ValueError } from '../../compiler/errors.ts';
import { atCaller } from '../origin.ts';

let enabled = true;
let inference = false;
/** Inside of a jvp, where what is not recorded otherwise is recorded for tangents: the first number of a backward function made there. */
let since = Infinity;
/** In the backward of a jvp itself: it goes where only tangents go, too. */
let following = false;

/** True if operations on tensors that require grad are recorded now. */
export const isGradEnabled = (): boolean => enabled;
export const inInferenceMode = (): boolean => inference;
/** Backward functions made before this do not count as ways to a tangent: they belong to a jvp that is over. */
export const tangentsSince = (): number => since;
export const followsTangents = (): boolean => following;
/** True if operations are recorded at all, be it only for tangents. */
export const isRecording = (): boolean => enabled || since < Infinity;

/** Runs `body` with tangents carried from a moment on (Infinity: not at all), and followed or not. */
export function withTangents<T>(from: number, follow: boolean, body: () => T): T {
  const before = [since, following] as const;
  [since, following] = [from, follow];
  try {
    return body();
  } finally {
    [since, following] = before;
  }
}

/** Runs `body` without recording anything, not even for tangents: what it gives has a derivative of its own. */
export const unrecorded = <T>(body: () => T): T =>
  withTangents(Infinity, false, () => withMode(false, inference, body));

/** Runs `body` with the given modes. */
export function withMode<T>(grad: boolean, infer: boolean, body: () => T): T {
  const before = [enabled, inference] as const;
  const restore = (): void => {
    [enabled, inference] = before;
  };
  enabled = grad;
  inference = infer;
  let pending = false;
  try {
    const result = body();
    if (result instanceof Promise) {
      pending = true;
      return result.finally(restore) as T;
    }
    return result;
  } finally {
    if (!pending) restore();
  }
}

const asked = <T>(name: string, grad: boolean, infer: boolean, body: () => T): T => {
  if (typeof body !== 'function')
    throw atCaller(new ValueError(`${name}(): expected a function to run, but got ${String(body)}`));
  return withMode(grad, infer, body);
};

/** Runs `body` without recording; within a jvp, tangents are carried all the same. */
export const noGrad = <T>(body: () => T): T => asked('noGrad', false, inference, body);
/** Runs `body` with recording, also within `noGrad`. */
export const enableGrad = <T>(body: () => T): T => asked('enableGrad', true, inference, body);
/** Runs `body` with recording on or off. */
export const setGradEnabled = <T>(flag: boolean, body: () => T): T =>
  asked('setGradEnabled', flag, inference, body);
/** Runs `body` without recording; what it makes can never be recorded, not even later. */
export const inferenceMode = <T>(body: () => T): T =>
  withTangents(Infinity, following, () => asked('inferenceMode', false, true, body));
