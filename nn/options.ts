// Options of layers and optimizers. In: defaults, and what the user gave. Out: both together. A misspelt name must never be ignored: it is
// an error in PyTorch's words, and so is what is not a number in the place of one, which would be NaN later.

import { atCaller, Tensor, ValueError } from '../runtime/public.ts';

/** The options of a constructor: what was given, and defaults for the rest. */
export function withDefaults<O extends object>(name: string, defaults: O, given: Partial<O> = {}): O {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw atCaller(new ValueError(`${name}(): options must be an object, but got ${kindOf(given)}`));
  const options: Record<string, unknown> = { ...(defaults as Record<string, unknown>) };
  for (const [key, value] of Object.entries(given) as [string, unknown][]) {
    if (!(key in defaults))
      throw atCaller(
        new ValueError(
          `${name}${name.includes('.') ? '' : '.__init__'}() got an unexpected keyword argument '${key}'`,
        ),
      );
    if (value === undefined) continue;
    if (typeof options[key] === 'number' && !Array.isArray(value) && !takes[key]?.(value))
      checkNumbers(name, { [key]: value });
    options[key] = value;
  }
  return options as O;
}

/** What stands for a number in options that have one by default. */
const takes: Readonly<Record<string, (value: unknown) => boolean>> = {
  padding: (value) => typeof value === 'string',
  momentum: (value) => value === null,
};

/** Throws for what is no number; `values` by the names of the arguments. */
export function checkNumbers(name: string, values: Readonly<Record<string, unknown>>): void {
  for (const [key, value] of Object.entries(values))
    if (typeof value !== 'number')
      throw atCaller(new ValueError(`${name}(): argument '${key}' must be Number, not ${kindOf(value)}`));
}

/** Throws for what is neither a number nor a list; `values` by the names of the arguments. */
export function checkSizes(name: string, values: Readonly<Record<string, unknown>>): void {
  for (const [key, value] of Object.entries(values))
    if (typeof value !== 'number' && !Array.isArray(value))
      throw atCaller(
        new ValueError(`${name}(): argument '${key}' must be Number or a list of them, not ${kindOf(value)}`),
      );
}

/** What a value is, in a word, for messages. */
export const kindOf = (value: unknown): string => {
  if (value instanceof Tensor) return 'Tensor';
  if (Array.isArray(value)) return 'array';
  return value === null ? 'null' : typeof value;
};
