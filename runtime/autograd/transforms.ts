// Function transforms in the style of torch.func and JAX: functions in, functions out. In: a function of nested arguments (arrays and plain
// objects of tensors). Out: one that gives its derivatives in the same nesting. They may be nested to any depth, run inside compiled
// functions, and differentiate through what the function closes over.

import { isFloat } from '../../compiler/dtype.ts';
import { DTypeError, ShapeError, ValueError } from '../../compiler/errors.ts';
import { sameShape, showShape } from '../../compiler/shape.ts';
import { tensor, zerosLike } from '../create.ts';
import { lift } from '../lift.ts';
import { stack } from '../operators.ts';
import { checkOptions, describeValue } from '../options.ts';
import { publicCall, userCode } from '../origin.ts';
import { mapTensors, tensorsOnly, unflatten } from '../pytree.ts';
import type { Flat } from '../pytree.ts';
import { isTensor } from '../tensor.ts';
import type { Tensor } from '../tensor.ts';
import { grad as gradients } from './backward.ts';
import { AutogradFunction } from './function.ts';
import type { Context } from './function.ts';
import { enableGrad } from './mode.ts';
import { alias } from './record.ts';

type Fn<A extends readonly unknown[], R> = (...args: A) => R;

export interface GradOptions {
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
/** A derivative for each tensor of the value. */
export type JacobianOf<Y, X> = Y extends Tensor ? X : { [K in keyof Y]: JacobianOf<Y[K], X> };

/** Transforms that are running around this point. */
let level = 0;

function within<T>(body: () => T): T {
  level++;
  try {
    return enableGrad(body);
  } finally {
    level--;
  }
}

const aliasOf = lift('alias', alias as never) as (x: Tensor) => Tensor;

/** A fresh variable with the value of `x`; connected to it if `x` is differentiated further out. */
function variable(x: Tensor): Tensor {
  if (!isFloat(x.dtype)) throw new DTypeError('only Tensors of floating point dtype can require gradients');
  return x.requiresGrad ? aliasOf(x) : x.detach().requiresGrad_();
}

interface Primals {
  /** The arguments, with variables in the place of what is differentiated. */
  readonly args: readonly unknown[];
  readonly variables: readonly Tensor[];
  /** Per chosen argument: its nesting, and where its variables begin. */
  readonly parts: readonly { readonly flat: Flat; readonly start: number }[];
  readonly single: boolean;
}

function primalsOf(name: string, args: readonly unknown[], argnums: GradOptions['argnums'] = 0): Primals {
  const chosen = typeof argnums === 'number' ? [argnums] : argnums;
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
function inNesting({ parts, single }: Primals, values: readonly unknown[]): unknown {
  const nested = parts.map(({ flat, start }) =>
    unflatten(flat.tree, values.slice(start, start + flat.tensors.length)),
  );
  return single ? nested[0] : nested;
}

/** True if the value depends on a tensor that is differentiated outside of this transform: then the derivative must be recorded. */
function reachesOthers(ys: readonly Tensor[], variables: readonly Tensor[]): boolean {
  const own = new Set(variables.map((x) => x.core.accumulator));
  const found = new Set(ys.map((y) => y.gradFn).filter((fn) => fn !== null));
  for (const fn of found) {
    if (fn.leaf !== null && !own.has(fn)) return true;
    for (const edge of fn.edges) if (edge !== null) found.add(edge.fn);
  }
  return false;
}

const recordsDerivative = (ys: readonly Tensor[], { variables }: Primals): boolean =>
  level > 1 || variables.some((x) => x.gradFn !== null) || reachesOthers(ys, variables);

/** Derivatives of `ys`, zeros where there is no dependence. */
function pull(
  ys: readonly Tensor[],
  primals: Primals,
  cotangents: readonly Tensor[] | null,
  createGraph: boolean,
): Tensor[] {
  const dependent = ys.map((_, i) => i).filter((i) => ys[i].requiresGrad);
  if (dependent.length === 0 || primals.variables.length === 0)
    return primals.variables.map((x) => zerosLike(x));
  return gradients(
    dependent.map((i) => ys[i]),
    primals.variables,
    {
      gradOutputs: cotangents && dependent.map((i) => cotangents[i]),
      materializeGrads: true,
      retainGraph: true,
      createGraph,
    },
  );
}

/** Values leave a transform without the history of its variables. */
const released = (y: Tensor, keep: boolean): Tensor => (keep ? y : y.detach());

/** A function that gives [value, derivative by the chosen arguments] of a function with one element. */
export function valueAndGrad<A extends readonly unknown[], R, const O extends GradOptions = object>(
  fn: Fn<A, R>,
  options: O = {} as O,
): Fn<A, [R, DerivativeOf<A, O>]> {
  checkOptions('grad', options, ['argnums', 'hasAux']);
  return (...args) =>
    publicCall('grad', () =>
      within(() => {
        const primals = primalsOf('grad', args, options.argnums);
        const returned: unknown = userCode(() => fn(...(primals.args as unknown as A)));
        if (options.hasAux === true && !(Array.isArray(returned) && returned.length === 2))
          throw new ValueError(
            'grad_and_value(f)(*args): output of function f should be a tuple: (output, aux) if has_aux is True',
          );
        const y: unknown = options.hasAux === true ? (returned as unknown[])[0] : returned;
        if (!isTensor(y))
          throw new DTypeError(
            `grad_and_value(f)(*args): Expected f(*args) to return a Tensor, got ${describeValue(y)}`,
          );
        if (y.ndim !== 0)
          throw new ShapeError(
            `grad_and_value(f)(*args): Expected f(*args) to return a scalar Tensor, got tensor with ${y.ndim} dims. Maybe you wanted to use the vjp or jacrev APIs instead?`,
          );
        const record = recordsDerivative([y], primals);
        const derivative = inNesting(primals, pull([y], primals, null, record)) as DerivativeOf<A, O>;
        const value = mapTensors(returned, (t) => released(t, record)) as R;
        return [value, derivative];
      }),
    );
}

/** A function that gives the derivative of a function with one element; with `hasAux` [derivative, aux]. */
export function grad<A extends readonly unknown[], R, const O extends GradOptions = object>(
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
  return publicCall('vjp', () =>
    within(() => {
      const primals = primalsOf(
        'vjp',
        args,
        args.map((_, i) => i),
      );
      const returned = userCode(() => fn(...(primals.args as unknown as A)));
      const { tree, tensors } = tensorsOnly('vjp: the value', returned);
      const record = recordsDerivative(tensors, primals);
      const back = (cotangent: R): A =>
        publicCall('vjp', () =>
          within(() => {
            const given = tensorsOnly('vjp: the cotangent', cotangent).tensors;
            if (given.length !== tensors.length)
              throw new ValueError(`vjp: expected ${tensors.length} cotangents, got ${given.length}`);
            return inNesting(
              primals,
              pull(tensors, primals, given, record || given.some((g) => g.requiresGrad)),
            ) as A;
          }),
        );
      return [
        unflatten(
          tree,
          tensors.map((y) => released(y, record)),
        ) as R,
        back,
      ];
    }),
  );
}

/** J t of some outputs: the vjp is linear in its cotangent, and the derivative of that in the direction t is the jvp. */
function push(
  ys: readonly Tensor[],
  primals: Primals,
  tangents: readonly Tensor[],
  record: boolean,
): Tensor[] {
  const dependent = ys.map((_, i) => i).filter((i) => ys[i].requiresGrad);
  const dummies = dependent.map((i) => zerosLike(ys[i], { requiresGrad: true }));
  const outputs = dependent.map((i) => ys[i]);
  const pulled = dependent.length === 0 ? [] : pull(outputs, primals, dummies, true);
  const used = pulled.map((_, k) => k).filter((k) => pulled[k].requiresGrad);
  const pushed =
    used.length === 0
      ? dummies.map((d) => zerosLike(d))
      : gradients(
          used.map((k) => pulled[k]),
          dummies,
          {
            gradOutputs: used.map((k) => tangents[k]),
            materializeGrads: true,
            retainGraph: true,
            createGraph: record,
          },
        );
  return ys.map((y, i) => (dependent.includes(i) ? pushed[dependent.indexOf(i)] : zerosLike(y)));
}

/** [value, its derivative in the direction of the tangents]: forward mode, as a vjp of a vjp. */
export function jvp<A extends readonly unknown[], R>(
  fn: Fn<A, R>,
  primals: A,
  tangents: readonly unknown[],
): [R, R] {
  return publicCall('jvp', () =>
    within(() => {
      const at = primalsOf(
        'jvp',
        primals,
        primals.map((_, i) => i),
      );
      const given = tensorsOnly('jvp: the tangents', tangents).tensors;
      if (given.length !== at.variables.length)
        throw new ValueError(
          `jvp: Expected primals and tangents to have the same structure, got ${at.variables.length} and ${given.length} tensors`,
        );
      given.forEach((t, i) => {
        if (!sameShape(t.shape, at.variables[i].shape))
          throw new ShapeError(
            `jvp: tangent ${i} has shape ${showShape(t.shape)}, but its primal ${showShape(at.variables[i].shape)}`,
          );
      });
      const returned = userCode(() => fn(...(at.args as unknown as A)));
      const { tree, tensors } = tensorsOnly('jvp: the value', returned);
      const record = recordsDerivative(tensors, at) || given.some((t) => t.requiresGrad);
      const pushed = push(tensors, at, given, record);
      return [
        unflatten(
          tree,
          tensors.map((y) => released(y, record)),
        ) as R,
        unflatten(tree, pushed) as R,
      ];
    }),
  );
}

function unit(shape: readonly number[], dtype: Tensor['dtype'], i: number): Tensor {
  const data = new Float64Array(shape.reduce((a, b) => a * b, 1));
  data[i] = 1;
  return tensor(data, { shape, dtype });
}

/** The value of a transformed function, for Jacobians: nested tensors. */
function evaluate<A extends readonly unknown[]>(name: string, fn: Fn<A, unknown>, primals: Primals): Flat {
  return tensorsOnly(
    `${name}: the value`,
    userCode(() => fn(...(primals.args as unknown as A))),
  );
}

/** All derivatives, a row at a time (by vjps): for output y and input x a tensor of shape [...y.shape, ...x.shape]. */
export function jacrev<A extends readonly unknown[], R, const O extends GradOptions = object>(
  fn: Fn<A, R>,
  options: O = {} as O,
): Fn<A, JacobianOf<R, DerivativeOf<A, O>>> {
  checkOptions('jacrev', options, ['argnums']);
  return (...args) =>
    publicCall('jacrev', () =>
      within(() => {
        const primals = primalsOf('jacrev', args, options.argnums);
        const { tree, tensors } = evaluate('jacrev', fn, primals);
        const record = recordsDerivative(tensors, primals);
        const blocks = tensors.map((y) => {
          const rows = Array.from({ length: y.numel }, (_, i) =>
            pull([y], primals, [unit(y.shape, y.dtype, i)], record),
          );
          return inNesting(
            primals,
            primals.variables.map((x, k) =>
              joined(
                rows.map((row) => row[k]),
                [...y.shape, ...x.shape],
                x,
              ),
            ),
          );
        });
        return unflatten(tree, blocks) as JacobianOf<R, DerivativeOf<A, O>>;
      }),
    );
}

/** All derivatives, a column at a time (by jvps); the same result as jacrev, cheaper if there are fewer inputs than outputs. */
export function jacfwd<A extends readonly unknown[], R, const O extends GradOptions = object>(
  fn: Fn<A, R>,
  options: O = {} as O,
): Fn<A, JacobianOf<R, DerivativeOf<A, O>>> {
  checkOptions('jacfwd', options, ['argnums']);
  return (...args) =>
    publicCall('jacfwd', () =>
      within(() => {
        const primals = primalsOf('jacfwd', args, options.argnums);
        const { tree, tensors } = evaluate('jacfwd', fn, primals);
        const record = recordsDerivative(tensors, primals);
        const { variables } = primals;
        const columns = variables.map((x, k) =>
          Array.from({ length: x.numel }, (_, i) =>
            push(
              tensors,
              primals,
              variables.map((v, j) => (j === k ? unit(x.shape, x.dtype, i) : zerosLike(v))),
              record,
            ),
          ),
        );
        const blocks = tensors.map((y, o) =>
          inNesting(
            primals,
            variables.map((x, k) => {
              const shape = [...y.shape, ...x.shape];
              if (columns[k].length === 0) return zerosLike(y).sum().mul(0).expand(shape);
              const last = stack(
                columns[k].map((column) => column[o]),
                -1,
              );
              return last.reshape(shape);
            }),
          ),
        );
        return unflatten(tree, blocks) as JacobianOf<R, DerivativeOf<A, O>>;
      }),
    );
}

/** Rows stacked; zeros of the right shape if there is none. */
function joined(rows: readonly Tensor[], shape: readonly number[], x: Tensor): Tensor {
  return rows.length === 0
    ? zerosLike(x)
        .sum()
        .mul(0)
        .expand([...shape])
    : stack([...rows]).reshape([...shape]);
}

/** All second derivatives: jacfwd of jacrev. */
export const hessian = <A extends readonly unknown[], R, const O extends GradOptions = object>(
  fn: Fn<A, R>,
  options: O = {} as O,
): Fn<A, JacobianOf<JacobianOf<R, DerivativeOf<A, O>>, DerivativeOf<A, O>>> =>
  jacfwd(jacrev(fn, options), options);

/** The Jacobian of a function. */
export const jacobian = jacrev;

/** The Hessian of a function with one element times a vector, in the nesting of the arguments. */
export function hvp<A extends readonly unknown[]>(fn: Fn<A, unknown>, primals: A, v: readonly unknown[]): A {
  const argnums = primals.map((_, i) => i);
  return jvp(grad(fn, { argnums }), primals, v)[1] as unknown as A;
}

/** The same value without history. */
export const stopGradient = <T>(x: T): T => mapTensors(x, (t) => t.detach());

/**
 * Calls `fn`. In PyTorch this drops what lies between arguments and result and computes it again in backward; here nothing is stored
 * before it is computed, so values, gradients and random numbers are the same with and without it.
 */
export const checkpoint = <A extends readonly unknown[], R>(fn: Fn<A, R>, ...args: A): R =>
  userCode(() => fn(...args));

/**
 * A function with a derivative of its own: `forward` gives [value, residuals], `backward(residuals, cotangent)` one cotangent per argument.
 */
export function customVjp<A extends readonly unknown[], R, S>(
  fn: Fn<A, R>,
  forward: Fn<A, [R, S]>,
  backward: (residuals: S, cotangent: R) => readonly unknown[],
): Fn<A, R> {
  return (...args) => {
    const flats = args.map((a) => tensorsOnly(`${fn.name || 'customVjp'}: an argument`, a));
    const starts = flats.map((_, i) => flats.slice(0, i).reduce((sum, f) => sum + f.tensors.length, 0));
    const rebuild = (tensors: readonly Tensor[]): A =>
      flats.map((f, i) =>
        unflatten(f.tree, tensors.slice(starts[i], starts[i] + f.tensors.length)),
      ) as unknown as A;
    let value: Flat | null = null;
    let residuals: S;
    class Custom extends AutogradFunction {
      static forward(_ctx: Context, ...tensors: Tensor[]): Tensor[] {
        const [y, kept] = forward(...rebuild(tensors));
        residuals = kept;
        value = tensorsOnly(`${fn.name || 'customVjp'}: the value`, y);
        return [...value.tensors];
      }
      static backward(_ctx: Context, ...cotangents: Tensor[]): (Tensor | null)[] {
        const found = backward(residuals, unflatten(value!.tree, cotangents) as R);
        if (!Array.isArray(found) || found.length !== args.length)
          throw new ValueError(`customVjp: backward must return one cotangent per argument (${args.length})`);
        return found.flatMap((g: unknown, i) =>
          g === null || g === undefined
            ? flats[i].tensors.map(() => null)
            : [...tensorsOnly('customVjp: a cotangent', g).tensors],
        );
      }
    }
    Object.defineProperty(Custom, 'name', { value: fn.name || 'customVjp' });
    const results = Custom.apply(...flats.flatMap((f) => f.tensors)) as Tensor[];
    return unflatten(value!.tree, results) as R;
  };
}
