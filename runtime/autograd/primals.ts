// The variables of a function transform. In: arguments in any nesting, and which of them are differentiated. Out: the same arguments with fresh
// variables in their place, and a way back from one value per variable to the nesting of the arguments.

import { isFloat } from '../../compiler/dtype.ts';
import { DTypeError, ValueError } from '../../compiler/errors.ts';
import { zerosLike } from '../create.ts';
import { lift } from '../lift.ts';
import { tensorsOnly, unflatten } from '../pytree.ts';
import type { Flat } from '../pytree.ts';
import type { Tensor } from '../tensor.ts';
import { edgeNow } from './accumulate.ts';
import { grad } from './backward.ts';
import type { GradientEdge } from './backward.ts';
import { enableGrad, followsTangents } from './mode.ts';
import { alias } from './record.ts';

/** Transforms that are running around this point. */
let level = 0;

/** Runs a transform: with recording, and aware of the transforms around it. */
export function withinTransform<T>(body: () => T): T {
  level++;
  try {
    return enableGrad(body);
  } finally {
    level--;
  }
}

const aliasOf = lift('alias', alias as never) as (x: Tensor) => Tensor;

/** A fresh variable with the value of `x`; connected to it if `x` is differentiated further out. */
export function variable(x: Tensor): Tensor {
  if (!isFloat(x.dtype)) throw new DTypeError('only Tensors of floating point dtype can require gradients');
  return x.requiresGrad ? aliasOf(x) : x.detach().requiresGrad_();
}

export interface Primals {
  /** The arguments, with variables in the place of what is differentiated. */
  readonly args: readonly unknown[];
  readonly variables: readonly Tensor[];
  /** Per chosen argument: its nesting, and where its variables begin. */
  readonly parts: readonly { readonly flat: Flat; readonly start: number }[];
  readonly single: boolean;
}

/** Variables for the chosen arguments, by default for all. */
export function primalsOf(
  name: string,
  args: readonly unknown[],
  argnums?: number | readonly number[],
): Primals {
  const chosen = typeof argnums === 'number' ? [argnums] : (argnums ?? args.map((_, i) => i));
  const result = [...args];
  const variables: Tensor[] = [];
  const parts = chosen.map((n) => {
    const at = n < 0 ? n + args.length : n;
    if (!Number.isInteger(n) || at < 0 || at >= args.length)
      throw new ValueError(`${name}: Got argnum=${n}, but only ${args.length} positional inputs`);
    const flat = tensorsOnly(`${name}: argument ${at}`, args[at]);
    const start = variables.length;
    variables.push(...flat.tensors.map(variable));
    result[at] = unflatten(flat.tree, variables.slice(start));
    return { flat, start };
  });
  return { args: result, variables, parts, single: typeof argnums === 'number' };
}

/** Values per variable in the nesting of the arguments. */
export function inNesting({ parts, single }: Primals, values: readonly unknown[]): unknown {
  const nested = parts.map(({ flat, start }) =>
    unflatten(flat.tree, values.slice(start, start + flat.tensors.length)),
  );
  return single ? nested[0] : nested;
}

/** True if a value depends on a tensor that is differentiated outside of this transform: then the derivative must be recorded. */
export function mustRecord(ys: readonly Tensor[], { variables }: Primals): boolean {
  if (level > 1 || variables.some((x) => x.gradFn !== null)) return true;
  const own = new Set(variables.map((x) => x.core.accumulator));
  const found = new Set(ys.map((y) => y.gradFn).filter((fn) => fn !== null));
  for (const fn of found) {
    if (fn.leaf !== null && !own.has(fn)) return true;
    for (const edge of fn.edges) if (edge !== null) found.add(edge.fn);
  }
  return false;
}

/** Values leave a transform without the history of its variables, unless somebody further out needs it. */
export const released = (y: Tensor, record: boolean): Tensor => (record ? y : y.detach());

export interface PullOptions {
  readonly createGraph: boolean;
  /** The first dimension of the cotangents, and of the result, counts several of them. */
  readonly rows?: number;
}

/** A value, or where its tangent comes from if that is asked for, or all that is recorded of it. */
function placeNow(y: Tensor): Tensor | GradientEdge {
  if (y.core.tangentEdge === null || (y.requiresGrad && !followsTangents())) return y;
  const { fn, index } = edgeNow(y)!;
  return { node: fn, outputNr: index };
}

/** The gradients of some values by others, given their cotangents (1 if null): zeros where there is no dependence. */
export function pull(
  ys: readonly Tensor[],
  xs: readonly Tensor[],
  cotangents: readonly Tensor[] | null,
  { createGraph, rows }: PullOptions,
): Tensor[] {
  const dependent = ys.map((_, i) => i).filter((i) => edgeNow(ys[i]) !== null);
  if (dependent.length === 0 || xs.length === 0 || rows === 0)
    return xs.map((x) => (rows === undefined ? zerosLike(x) : zerosLike(x).expand([rows, ...x.shape])));
  return grad(
    dependent.map((i) => placeNow(ys[i])),
    xs,
    {
      gradOutputs: cotangents && dependent.map((i) => cotangents[i]),
      materializeGrads: true,
      retainGraph: true,
      createGraph,
      isGradsBatched: rows !== undefined,
    },
  );
}
