// Functions with a derivative given by hand, in JAX's form. In: a function, a forward that also returns what the backward needs, and that
// backward. Out: a function with the value of the forward and the derivative of the backward.

import { ValueError } from '../../compiler/errors.ts';
import { checkFunction } from '../options.ts';
import { tensorsOnly, unflatten } from '../pytree.ts';
import type { Flat } from '../pytree.ts';
import type { Tensor } from '../tensor.ts';
import { edgeNow } from './accumulate.ts';
import { AutogradFunction } from './function.ts';
import type { Context } from './function.ts';

import type { Fn } from './transforms.ts';

/**
 * `forward` gives [value, residuals], `backward(residuals, cotangent)` one cotangent per argument, null for none. `fn` itself runs where
 * nothing is differentiated.
 */
export function customVjp<A extends readonly unknown[], R, S>(
  fn: Fn<A, R>,
  forward: Fn<A, [R, S]>,
  backward: (residuals: S, cotangent: R) => readonly unknown[],
): Fn<A, R> {
  for (const part of [fn, forward, backward]) checkFunction('customVjp', part);
  const name = fn.name || 'customVjp';
  return (...args) => {
    const flats = args.map((a) => tensorsOnly(`${name}: an argument`, a));
    if (!flats.some((f) => f.tensors.some((x) => edgeNow(x) !== null))) return fn(...args);
    let value: Flat | null = null;
    let residuals: S;
    class Custom extends AutogradFunction {
      static forward(_ctx: Context, ...tensors: Tensor[]): Tensor[] {
        const [y, kept] = forward(...(rebuilt(flats, tensors) as unknown as A));
        residuals = kept;
        value = tensorsOnly(`${name}: the value`, y);
        return [...value.tensors];
      }
      static backward(_ctx: Context, ...cotangents: Tensor[]): (Tensor | null)[] {
        const found = backward(residuals, unflatten(value!.tree, cotangents) as R);
        return flatCotangents(name, found, flats);
      }
    }
    Object.defineProperty(Custom, 'name', { value: name });
    const results = Custom.apply(...flats.flatMap((f) => f.tensors)) as Tensor[];
    return unflatten(value!.tree, results) as R;
  };
}

/** The arguments with other tensors. */
function rebuilt(flats: readonly Flat[], tensors: readonly Tensor[]): unknown[] {
  let start = 0;
  return flats.map((f) => unflatten(f.tree, tensors.slice(start, (start += f.tensors.length))));
}

/** One cotangent per tensor of the arguments. */
function flatCotangents(name: string, found: readonly unknown[], flats: readonly Flat[]): (Tensor | null)[] {
  if (!Array.isArray(found) || found.length !== flats.length)
    throw new ValueError(`${name}: backward must return one cotangent per argument (${flats.length})`);
  return found.flatMap((g: unknown, i): (Tensor | null)[] => {
    const { tensors } = flats[i];
    if (g === null || g === undefined) return tensors.map(() => null);
    const given = tensorsOnly(`${name}: a cotangent`, g).tensors;
    if (given.length !== tensors.length)
      throw new ValueError(`${name}: cotangent ${i} must have the structure of argument ${i}`);
    return [...given];
  });
}
