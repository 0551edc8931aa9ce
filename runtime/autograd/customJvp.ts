// Functions with a tangent given by hand, in JAX's form. In: a function, and a rule that gives its value and tangent from primals and tangents.
// Out: a function with that derivative in forward mode and, because a tangent is linear in the tangents that it is made of, in backward:
// the cotangents of the arguments are the transpose of the rule, which is its vjp.

import { isFloat } from '../../compiler/dtype.ts';
import { ValueError } from '../../compiler/errors.ts';
import { zerosLike } from '../create.ts';
import { checkFunction } from '../options.ts';
import { flatten, mapTensors, unflatten } from '../pytree.ts';
import type { Tensor } from '../tensor.ts';
import { customVjp } from './customVjp.ts';
import { isRecording } from './mode.ts';
import { stopGradient, vjp } from './transforms.ts';
import type { Fn } from './transforms.ts';

/** The value at some primals, and its tangent, which must be linear in the tangents. */
type Rule<A, R> = (primals: A, tangents: A) => readonly [value: R, tangent: R];

/**
 * `fn` with the derivative of `rule(primals, tangents)`, which gives `[value, tangent]` for primals and tangents in the nesting of the
 * arguments. The tangent must be linear in the tangents and made of differentiable operations; it has the shapes and dtypes of the value.
 * Tangents of integer tensors are zeros. Derivatives of higher order are those of the rule. `fn` itself runs where nothing is
 * differentiated. All arguments are nested tensors.
 *
 * Throws a ValueError if the rule gives no pair. See jax.custom_jvp.
 *
 * @example
 * const softplus = customJvp(
 *   (x: Tensor) => x.exp().log1p(),
 *   ([x], [t]) => [x.exp().log1p(), t.mul(x.sigmoid())],
 * );
 * grad(softplus)(tensor(100)); // 1, where exp(100) / (1 + exp(100)) is NaN
 */
export function customJvp<A extends readonly unknown[], R>(fn: Fn<A, R>, rule: Rule<A, R>): Fn<A, R> {
  checkFunction('customJvp', fn);
  checkFunction('customJvp', rule);
  const name = fn.name || 'customJvp';
  const pair = (primals: A, tangents: A): readonly [R, R] => {
    const given: unknown = rule(primals, tangents);
    if (!Array.isArray(given) || given.length !== 2)
      throw new ValueError(`${name}: the rule of customJvp must return [value, tangent]`);
    return given as unknown as [R, R];
  };
  return customVjp(
    fn,
    (...args: A): [R, A] => [
      pair(
        args,
        mapTensors(args, (x) => zerosLike(x)),
      )[0],
      args,
    ],
    (args, cotangent) => transposed(pair, isRecording() ? args : stopGradient(args), cotangent),
  );
}

/** The cotangents of the arguments, one per argument: zeros for integers. */
function transposed<A extends readonly unknown[], R>(
  rule: Rule<A, R>,
  args: A,
  cotangent: R,
): readonly unknown[] {
  const { tree, tensors } = flatten(args);
  const zeros = tensors.map((x) => zerosLike(x));
  const floats = tensors.map((_, i) => i).filter((i) => isFloat(tensors[i].dtype));
  const within = <T>(values: readonly T[]): A =>
    unflatten(
      tree,
      zeros.map((zero, i) => (floats.includes(i) ? values[floats.indexOf(i)] : zero)),
    ) as A;
  const tangent = (...tangents: Tensor[]): R => rule(args, within(tangents))[1];
  const [, back] = vjp(tangent, ...floats.map((i) => zeros[i]));
  return within(back(cotangent));
}
