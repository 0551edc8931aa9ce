// Options objects. In: what a user passed as the last argument, and the names that exist. Out: nothing, or the error that PyTorch gives for
// an unknown keyword: a misspelt option must never be ignored.

import { ValueError } from '../compiler/errors.ts';
import { describeValue, isPlainObject } from './describe.ts';
import { atCaller } from './origin.ts';

/** Throws for names that do not exist. */
export function checkOptions(name: string, options: unknown, known: readonly string[]): void {
  if (options === undefined) return;
  if (!isPlainObject(options))
    throw atCaller(new ValueError(`${name}(): options must be an object, but got ${describeValue(options)}`));
  for (const key of Object.keys(options))
    if (!known.includes(key))
      throw atCaller(new ValueError(`${name}() got an unexpected keyword argument '${key}'`));
}

/** Throws for what cannot be called. */
export function checkFunction(name: string, fn: unknown): void {
  if (typeof fn !== 'function')
    throw atCaller(new ValueError(`${name}(): expected a function, but got ${describeValue(fn)}`));
}
