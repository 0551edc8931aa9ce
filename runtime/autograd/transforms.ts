// Function transforms in the style of torch.func and JAX: functions in, functions out. In: a function of nested arguments (arrays and plain
// objects of tensors). Out: one that gives its derivatives in the same nesting. They may be nested to any depth, run inside compiled
// functions, and differentiate through what the function closes over.

import { DTypeError, ShapeError, ValueError } from '../../compiler/errors.ts';
import { isTensor } from '../core.ts';
import { describeValue } from '../describe.ts';
import { checkFunction, checkOptions } from '../options.ts';
import { publicCall, userCode } from '../origin.ts';
import { mapTensors, tensorsOnly, unflatten } from '../pytree.ts';
import type { Tensor } from '../tensor.ts';
import { inNesting, mustRecord, primalsOf, pull, released, withinTransform } from './primals.ts';
import type { Primals } from './primals.ts';

export type Fn<A extends readonly unknown[], R> = (...args: A) => R;

export interface TransformOptions {
  /** Which arguments to differentiate by; a list gives a list. The first by default. */
  readonly argnums?: number | readonly number[];
  /** The function returns [value, something else], which is passed on. */
  readonly hasAux?: boolean;
}

/** The nesting of a derivative: that of the argument chosen, or a list of those. */
export type DerivativeOf<A extends readonly unknown[], O> = O extends { readonly argnums: readonly number[] }
  ? A[number][]
  : O extends { readonly argnums: infer N extends number }
    ? `${N}` extends `-${string}`
      ? A[number]
      : A[N]
    : A[0];
/** With `hasAux` the auxiliary part of the value comes along. */
type GradResult<A extends readonly unknown[], R, O> = O extends { readonly hasAux: true }
  ? [DerivativeOf<A, O>, R extends readonly [unknown, infer Aux] ? Aux : unknown]
  : DerivativeOf<A, O>;

/** Calls the function on variables. */
export const callOn = <A extends readonly unknown[], R>(fn: Fn<A, R>, { args }: Primals): R =>
  userCode(() => fn(...(args as unknown as A)));

/** A function that gives [value, derivative by the chosen arguments] of a function with one element. */
export function valueAndGrad<A extends readonly unknown[], R, const O extends TransformOptions = object>(
  fn: Fn<A, R>,
  options: O = {} as O,
): Fn<A, [R, DerivativeOf<A, O>]> {
  checkFunction('grad', fn);
  checkOptions('grad', options, ['argnums', 'hasAux']);
  return (...args) =>
    publicCall('grad', () =>
      withinTransform(() => {
        const primals = primalsOf('grad', args, options.argnums ?? 0);
        const returned: unknown = callOn(fn, primals);
        const y = scalarOf(returned, options.hasAux === true);
        const record = mustRecord([y], primals);
        const gradients = pull([y], primals.variables, null, { createGraph: record });
        const value = mapTensors(returned, (t) => released(t, record)) as R;
        return [value, inNesting(primals, gradients) as DerivativeOf<A, O>];
      }),
    );
}

/** The value to be differentiated, which must have one element and no dimensions. */
function scalarOf(returned: unknown, hasAux: boolean): Tensor {
  if (hasAux && !(Array.isArray(returned) && returned.length === 2))
    throw new ValueError(
      'grad_and_value(f)(*args): output of function f should be a tuple: (output, aux) if has_aux is True',
    );
  const y: unknown = hasAux ? (returned as unknown[])[0] : returned;
  if (!isTensor(y))
    throw new DTypeError(
      `grad_and_value(f)(*args): Expected f(*args) to return a Tensor, got ${describeValue(y)}`,
    );
  if (y.ndim !== 0)
    throw new ShapeError(
      `grad_and_value(f)(*args): Expected f(*args) to return a scalar Tensor, got tensor with ${y.ndim} dims. Maybe you wanted to use the vjp or jacrev APIs instead?`,
    );
  return y;
}

/** A function that gives the derivative of a function with one element; with `hasAux` [derivative, aux]. */
export function grad<A extends readonly unknown[], R, const O extends TransformOptions = object>(
  fn: Fn<A, R>,
  options: O = {} as O,
): Fn<A, GradResult<A, R, O>> {
  const both = valueAndGrad(fn, options);
  return (...args) => {
    const [value, derivative] = both(...args);
    const result = options.hasAux === true ? [derivative, (value as unknown[])[1]] : derivative;
    return result as GradResult<A, R, O>;
  };
}

/** [value, a function that takes a cotangent in the nesting of the value and gives one cotangent per argument]. */
export function vjp<A extends readonly unknown[], R>(fn: Fn<A, R>, ...args: A): [R, (cotangent: R) => A] {
  checkFunction('vjp', fn);
  return publicCall('vjp', () =>
    withinTransform(() => {
      const primals = primalsOf('vjp', args);
      const { tree, tensors } = tensorsOnly('vjp: the value', callOn(fn, primals));
      const record = mustRecord(tensors, primals);
      const back = (cotangent: R): A =>
        publicCall('vjp', () =>
          withinTransform(() => {
            const given = tensorsOnly('vjp: the cotangent', cotangent).tensors;
            if (given.length !== tensors.length)
              throw new ValueError(`vjp: expected ${tensors.length} cotangents, got ${given.length}`);
            const createGraph = record || given.some((g) => g.requiresGrad);
            return inNesting(primals, pull(tensors, primals.variables, given, { createGraph })) as A;
          }),
        );
      const values = tensors.map((y) => released(y, record));
      return [unflatten(tree, values) as R, back];
    }),
  );
}

/** The same value without history. */
export const stopGradient = <T>(x: T): T => mapTensors(x, (t) => t.detach());
