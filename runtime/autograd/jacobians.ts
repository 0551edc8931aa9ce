// Jacobians and Hessians of functions. In: a function of nested arguments. Out: one that gives all its derivatives: for a value y and an
// argument x a tensor of shape [...y.shape, ...x.shape], in the nesting of the value and within that of the arguments. All rows (or
// columns) are one graph, evaluated once (rows.ts).

import { eye } from '../create.ts';
import { checkFunction, checkOptions } from '../options.ts';
import { publicCall } from '../origin.ts';
import { tensorsOnly, unflatten } from '../pytree.ts';
import type { Tensor } from '../tensor.ts';
import { inNesting, mustRecord, primalsOf, pull, withinTransform } from './primals.ts';
import type { Primals } from './primals.ts';
import { carryOn, linearization } from './forward.ts';
import { callOn } from './transforms.ts';
import type { DerivativeOf, Fn, TransformOptions } from './transforms.ts';

/** A derivative for each tensor of the value. */
export type JacobianOf<Y, X> = Y extends Tensor ? X : { [K in keyof Y]: JacobianOf<Y[K], X> };

/** All unit vectors in the shape of a tensor, along a new first dimension. */
export const unitsLike = (x: Tensor): Tensor =>
  eye(x.numel, { dtype: x.dtype }).reshape([x.numel, ...x.shape]);

/** For each value and each variable, its block. */
type Blocks = (
  values: readonly Tensor[],
  primals: Primals,
  record: boolean,
) => readonly (readonly Tensor[])[];

/** A transform that gives blocks in the nesting of value and arguments; `call` runs the function on its variables. */
const jacobianBy =
  (name: string, call: typeof callOn, blocksOf: Blocks) =>
  <A extends readonly unknown[], R, const O extends Pick<TransformOptions, 'argnums'> = object>(
    fn: Fn<A, R>,
    options: O = {} as O,
  ): Fn<A, JacobianOf<R, DerivativeOf<A, O>>> => {
    checkFunction(name, fn);
    checkOptions(name, options, ['argnums']);
    return (...args) =>
      publicCall(name, () =>
        withinTransform(() => {
          const primals = primalsOf(name, args, options.argnums ?? 0);
          const { tree, tensors } = tensorsOnly(`${name}: the value`, call(fn, primals));
          const blocks = blocksOf(tensors, primals, mustRecord(tensors, primals));
          return unflatten(
            tree,
            blocks.map((row) => inNesting(primals, row)),
          ) as JacobianOf<R, DerivativeOf<A, O>>;
        }),
      );
  };

/** A row at a time, by vjps: cheaper if there are fewer outputs than inputs. */
export const jacrev = jacobianBy('jacrev', callOn, (values, { variables }, createGraph) =>
  values.map((y) =>
    pull([y], variables, [unitsLike(y)], { createGraph, rows: y.numel }).map((rows, k) =>
      rows.reshape([...y.shape, ...variables[k].shape]),
    ),
  ),
);

/** A column at a time, by jvps: cheaper if there are fewer inputs than outputs. */
export const jacfwd = jacobianBy('jacfwd', carryOn, (values, { variables }, createGraph) => {
  const columns = variables.map((x) =>
    linearization(values, [x])([unitsLike(x)], { createGraph, rows: x.numel }),
  );
  return values.map((y, i) =>
    variables.map((x, k) => columns[k][i].movedim(0, -1).reshape([...y.shape, ...x.shape])),
  );
});

/** The Jacobian of a function. */
export const jacobian = jacrev;

/** All second derivatives: jacfwd of jacrev. */
export const hessian = <
  A extends readonly unknown[],
  R,
  const O extends Pick<TransformOptions, 'argnums'> = object,
>(
  fn: Fn<A, R>,
  options: O = {} as O,
): Fn<A, JacobianOf<JacobianOf<R, DerivativeOf<A, O>>, DerivativeOf<A, O>>> =>
  jacfwd(jacrev(fn, options), options);
