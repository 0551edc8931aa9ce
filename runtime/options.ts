// Options objects. In: what a user passed as the last argument, and the names that exist. Out: nothing, or the error that PyTorch gives for
// an unknown keyword: a misspelt option must never be ignored.

import { ValueError } from '../compiler/errors.ts';
import { isTensor } from './core.ts';

/** True for `{...}` as users write options, and for nothing else. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Throws for names that do not exist. */
export function checkOptions(name: string, options: unknown, known: readonly string[]): void {
  if (options === undefined) return;
  if (!isPlainObject(options))
    throw new ValueError(`${name}(): options must be an object, but got ${describeValue(options)}`);
  for (const key of Object.keys(options))
    if (!known.includes(key)) throw new ValueError(`${name}() got an unexpected keyword argument '${key}'`);
}

/** Throws for what cannot be called. */
export function checkFunction(name: string, fn: unknown): void {
  if (typeof fn !== 'function')
    throw new ValueError(`${name}(): expected a function, but got ${describeValue(fn)}`);
}

/** What a value is, in a word, for messages. */
export function describeValue(value: unknown): string {
  if (value === null) return 'null';
  if (isTensor(value)) return 'Tensor';
  if (Array.isArray(value)) return 'array';
  if (typeof value !== 'object') return typeof value;
  return isPlainObject(value) ? 'object' : (value.constructor?.name ?? 'object');
}
