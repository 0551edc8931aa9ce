// Grad mode: whether operations are recorded. In: a function to run under another mode. Out: its result; the mode before is restored
// when it returns, throws, or, if it gives a promise, when that settles (between the two, other code sees the changed mode).

import { ValueError } from '../../compiler/errors.ts';

let enabled = true;
let inference = false;

/** True if operations on tensors that require grad are recorded now. */
export const isGradEnabled = (): boolean => enabled;
export const inInferenceMode = (): boolean => inference;

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
    throw new ValueError(`${name}(): expected a function to run, but got ${String(body)}`);
  return withMode(grad, infer, body);
};

/** Runs `body` without recording. */
export const noGrad = <T>(body: () => T): T => asked('noGrad', false, inference, body);
/** Runs `body` with recording, also within `noGrad`. */
export const enableGrad = <T>(body: () => T): T => asked('enableGrad', true, inference, body);
/** Runs `body` with recording on or off. */
export const setGradEnabled = <T>(flag: boolean, body: () => T): T =>
  asked('setGradEnabled', flag, inference, body);
/** Runs `body` without recording; what it makes can never be recorded, not even later. */
export const inferenceMode = <T>(body: () => T): T => asked('inferenceMode', false, true, body);
