// Options of layers and optimizers. In: defaults, and what the user gave. Out: both together. A misspelt name must never be ignored: it is
// an error in PyTorch's words.

import { atCaller, ValueError } from '../runtime/public.ts';

/** The options of a constructor: what was given, and defaults for the rest. */
export function withDefaults<O extends object>(name: string, defaults: O, given: Partial<O> = {}): O {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw atCaller(
      new ValueError(
        `${name}(): options must be an object, but got ${given === null ? 'null' : typeof given}`,
      ),
    );
  const options: Record<string, unknown> = { ...(defaults as Record<string, unknown>) };
  for (const [key, value] of Object.entries(given) as [string, unknown][]) {
    if (!(key in defaults))
      throw atCaller(new ValueError(`${name}.__init__() got an unexpected keyword argument '${key}'`));
    if (value !== undefined) options[key] = value;
  }
  return options as O;
}
