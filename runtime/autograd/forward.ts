// Forward mode: derivatives in directions. In: a function of nested arguments, where to differentiate it, and tangents in the same nesting.
// Out: tangents in the nesting of its value. There is no second set of rules for it: a vjp is linear in its cotangent, and the derivative of
// that in a direction is the jvp. What the function does under `noGrad` is recorded for this alone (mode.ts).

import { ShapeError, ValueError } from '../../compiler/errors.ts';
import { sameShape, showShape } from '../../compiler/shape.ts';
import { zerosLike } from '../create.ts';
import { describeValue } from '../describe.ts';
import { checkFunction } from '../options.ts';
import { atCaller, publicCall } from '../origin.ts';
import { flatten, tensorsOnly, unflatten } from '../pytree.ts';
import type { Tensor } from '../tensor.ts';
import { edgeNow } from './accumulate.ts';
import { nextSequence } from './gradFn.ts';
import { tangentsSince, withTangents } from './mode.ts';
import { mustRecord, primalsOf, pull, released, withinTransform } from './primals.ts';
import type { Primals, PullOptions } from './primals.ts';
import { callOn, grad } from './transforms.ts';
import type { Fn } from './transforms.ts';

/** From now on, or from where a jvp around this one began. */
const sinceNow = (): number => Math.min(tangentsSince(), nextSequence());

/** Calls the function on variables whose tangents are asked for. */
export const carryOn = <A extends readonly unknown[], R>(fn: Fn<A, R>, primals: Primals): R =>
  withTangents(sinceNow(), false, () => {
    const value = callOn(fn, primals);
    // views of what was written renew their history, which is not that of a tangent later
    flatten(value).tensors.forEach(edgeNow);
    return value;
  });

/** The tangents of values, given those of variables; with `rows` the first dimension of these counts several. */
type Linear = (tangents: readonly Tensor[], options: PullOptions) => Tensor[];

/** J of some values by some variables, as a function of tangents that can be called again and again. */
export function linearization(ys: readonly Tensor[], xs: readonly Tensor[]): Linear {
  const [linear, dummies, pulled] = withTangents(sinceNow(), true, () => {
    const recorded = ys.map((_, i) => i).filter((i) => edgeNow(ys[i]) !== null);
    const cotangents = ys.map((y, i) => zerosLike(y, { requiresGrad: recorded.includes(i) }));
    return [recorded, cotangents, pull(ys, xs, cotangents, { createGraph: true })];
  });
  return (tangents, { createGraph, rows }) => {
    const pushed = withTangents(tangentsSince(), true, () =>
      pull(
        pulled,
        linear.map((i) => dummies[i]),
        tangents,
        { createGraph, rows },
      ),
    );
    return ys.map((y, i) =>
      linear.includes(i)
        ? pushed[linear.indexOf(i)]
        : rows === undefined
          ? zerosLike(y)
          : zerosLike(y).expand([rows, ...y.shape]),
    );
  };
}

/** [value, its derivative in the direction of the tangents]: forward mode, as a vjp of a vjp. */
export function jvp<A extends readonly unknown[], R>(
  fn: Fn<A, R>,
  primals: A,
  tangents: readonly unknown[],
): [R, R] {
  checkFunction('jvp', fn);
  checkList('jvp: primals', primals);
  checkList('jvp: tangents', tangents);
  return publicCall('jvp', () =>
    withinTransform(() => {
      const at = primalsOf('jvp', primals);
      const given = tensorsOnly('jvp: the tangents', tangents).tensors;
      checkTangents('jvp', given, at.variables);
      const { tree, tensors } = tensorsOnly('jvp: the value', carryOn(fn, at));
      const record = mustRecord(tensors, at) || given.some((t) => t.requiresGrad);
      const pushed = linearization(tensors, at.variables)(given, { createGraph: record });
      const values = tensors.map((y) => released(y, record));
      return [unflatten(tree, values) as R, unflatten(tree, pushed) as R];
    }),
  );
}

/**
 * `[value, tangentOf]`: calls `fn` once; `tangentOf(...tangents)` then gives the derivative of the value in the direction of tangents, which
 * come one per argument in its nesting, shapes and floating dtypes, and may be called any number of times. Results have the nesting of
 * the value.
 *
 * Throws a DTypeError for arguments that are not floating, a ValueError or ShapeError for tangents that do not fit their arguments. See
 * torch.func.linearize and jax.linearize.
 *
 * @example
 * const [y, tangentOf] = linearize((x) => x.pow(3), tensor([1, 2]));
 * tangentOf(tensor([1, 0])); // [3, 0]
 */
export function linearize<A extends readonly unknown[], R>(fn: Fn<A, R>, ...primals: A): [R, Fn<A, R>] {
  checkFunction('linearize', fn);
  return publicCall('linearize', () =>
    withinTransform(() => {
      const at = primalsOf('linearize', primals);
      const { tree, tensors } = tensorsOnly('linearize: the value', carryOn(fn, at));
      const record = mustRecord(tensors, at);
      const linear = linearization(tensors, at.variables);
      const tangentOf = (...tangents: A): R =>
        publicCall('linearize', () =>
          withinTransform(() => {
            const given = tensorsOnly('linearize: the tangents', tangents).tensors;
            checkTangents('linearize', given, at.variables);
            const createGraph = record || given.some((t) => t.requiresGrad);
            return unflatten(tree, linear(given, { createGraph })) as R;
          }),
        );
      const values = tensors.map((y) => released(y, record));
      return [unflatten(tree, values) as R, tangentOf];
    }),
  );
}

/** Primals and tangents come one per argument. */
function checkList(what: string, values: unknown): void {
  if (!Array.isArray(values))
    throw atCaller(
      new ValueError(`${what} must be a list with one entry per argument, but got ${describeValue(values)}`),
    );
}

function checkTangents(name: string, tangents: readonly Tensor[], variables: readonly Tensor[]): void {
  if (tangents.length !== variables.length)
    throw new ValueError(
      `${name}: Expected primals and tangents to have the same structure, got ${variables.length} and ${tangents.length} tensors`,
    );
  tangents.forEach((t, i) => {
    if (!sameShape(t.shape, variables[i].shape))
      throw new ShapeError(
        `${name}: tangent ${i} has shape ${showShape(t.shape)}, but its primal ${showShape(variables[i].shape)}`,
      );
  });
}

/** The Hessian of a function with one element times a vector, in the nesting of the arguments. */
export function hvp<A extends readonly unknown[]>(fn: Fn<A, unknown>, primals: A, v: readonly unknown[]): A {
  checkFunction('hvp', fn);
  checkList('hvp: primals', primals);
  checkList('hvp: v', v);
  const argnums = primals.map((_, i) => i);
  return jvp(grad(fn, { argnums }), primals, v)[1] as unknown as A;
}
