// State dicts: tensors by name. In: the state to load and the module's own. Out: which names meet, what does not fit, and PyTorch's message
// about it.

import { Tensor } from '../runtime/public.ts';

/** Tensors by name: `0.weight`. */
export type StateDict = Record<string, Tensor>;

/** The names that a state dict had too few or too many. */
export interface LoadResult {
  readonly missingKeys: readonly string[];
  readonly unexpectedKeys: readonly string[];
}

const camelCase = (key: string): string => key.replace(/_([a-z0-9])/g, (_, c: string) => c.toUpperCase());

/** The name of a tensor in a module; PyTorch spells it `running_mean`. */
export const keyIn = (targets: Readonly<StateDict>, key: string): string =>
  key in targets ? key : camelCase(key);

const showShape = (x: Tensor): string => `[${x.shape.join(', ')}]`;

/** What is wrong with a value for a parameter, if anything. */
export function checkFits(key: string, value: unknown, target: Tensor): string | null {
  if (!(value instanceof Tensor))
    return `While copying the parameter named "${key}", expected a Tensor, but got ${typeof value}.`;
  if (value.shape.length === target.shape.length && value.shape.every((n, i) => n === target.shape[i]))
    return null;
  return (
    `size mismatch for ${key}: copying a param with shape ${showShape(value)} from checkpoint, ` +
    `the shape in current model is ${showShape(target)}.`
  );
}

const quoted = (keys: readonly string[]): string => `${keys.map((key) => `"${key}"`).join(', ')}. `;

/** PyTorch's message, or null if all is well; names do not matter if they are null. */
export function loadingError(
  name: string,
  names: LoadResult | null,
  misfits: readonly string[],
): string | null {
  const problems = [...misfits];
  if (names?.unexpectedKeys.length)
    problems.unshift(`Unexpected key(s) in state_dict: ${quoted(names.unexpectedKeys)}`);
  if (names?.missingKeys.length)
    problems.unshift(`Missing key(s) in state_dict: ${quoted(names.missingKeys)}`);
  return problems.length === 0
    ? null
    : `Error(s) in loading state_dict for ${name}:\n\t${problems.join('\n\t')}`;
}
