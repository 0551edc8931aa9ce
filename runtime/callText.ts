// The text of a call, for errors. In: the name of an operation and the arguments that a user gave it, whatever they are. Out:
// `add(float32[2, 3], 1, {alpha: 2})`: tensors as dtype and shape, everything long cut short.

import { printType } from '../compiler/node.ts';
import { isTensor } from './core.ts';
import { describeValue, isPlainObject } from './describe.ts';

/** Items of one list or object that are written out, and characters of a string. */
const most = { items: 4, characters: 24 } as const;

/** `add(float32[2, 3], 1)`. Trailing arguments that were not given are left out. */
export function describeCall(op: string, args: readonly unknown[]): string {
  const last = args.findLastIndex((value) => value !== undefined);
  return `${op}(${args
    .slice(0, last + 1)
    .map((value) => describeArgument(value, 0))
    .join(', ')})`;
}

function describeArgument(value: unknown, depth: number): string {
  if (isTensor(value)) return printType(value.core.type);
  if (typeof value === 'string') return JSON.stringify(cut(value));
  if (typeof value === 'bigint') return `${value}n`;
  if (value === null || ['number', 'boolean', 'undefined'].includes(typeof value)) return String(value);
  if (depth < 2 && Array.isArray(value))
    return `[${listed(value.map((item) => () => describeArgument(item, depth + 1)))}]`;
  if (depth < 2 && isPlainObject(value))
    return `{${listed(Object.keys(value).map((key) => () => `${/^\w+$/.test(key) ? cut(key) : JSON.stringify(cut(key))}: ${describeArgument(value[key], depth + 1)}`))}}`;
  return describeValue(value);
}

const cut = (text: string): string =>
  text.length > most.characters ? `${text.slice(0, most.characters)}...` : text;

const listed = (items: readonly (() => string)[]): string =>
  [...items.slice(0, most.items).map((text) => text()), ...(items.length > most.items ? ['...'] : [])].join(
    ', ',
  );
