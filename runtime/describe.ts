// What a value is that a user gave, for checks and messages. In: anything. Out: whether it is an object as options are written, and its kind in a word.

import { isTensor } from './core.ts';

/** True for `{...}` as users write options, and for nothing else. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** What a value is, in a word, for messages. */
export function describeValue(value: unknown): string {
  if (value === null) return 'null';
  if (isTensor(value)) return 'Tensor';
  if (Array.isArray(value)) return 'array';
  if (typeof value !== 'object') return typeof value;
  return isPlainObject(value) ? 'object' : (value.constructor?.name ?? 'object');
}
