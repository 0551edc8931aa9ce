// Control flow with JAX's meaning (jax.lax): choices and loops as functions of nested tensors. In: functions, and the values they pass on. Out:
// what a JavaScript `if` or `for` would give, because that is what they are: a choice reads its predicate, a loop calls its body again
// and again, and derivatives of any order follow from what was called. Where nothing can be read, inside of `compile` and `vmap`, a choice
// is made in the graph between the results of both branches, and loops are unrolled, so their bounds must be plain numbers.

import { isFloat } from '../compiler/dtype.ts';
import { DTypeError, IndexError, ShapeError, TraceError, ValueError } from '../compiler/errors.ts';
import { printType, reachable } from '../compiler/node.ts';
import { checkAlike, flattenLike } from './alike.ts';
import { insideBatch } from './batching.ts';
import { bufferOf } from './cell.ts';
import { isTensor, nodeOfTensor } from './core.ts';
import { zeros } from './create.ts';
import { unrecorded } from './autograd/mode.ts';
import { describeValue } from './describe.ts';
import { stack, where } from './operators.ts';
import { checkFunction, checkOptions } from './options.ts';
import { publicCall, userCode } from './origin.ts';
import { withoutEffects } from './pure.ts';
import { flatten, mapTensors, unflatten } from './pytree.ts';
import type { Flat, Tree } from './pytree.ts';
import type { Tensor } from './tensor.ts';
import { activeTrace } from './trace.ts';

/** What decides: a plain value, or a tensor of one element, which counts as true if it is not 0. */
export type Predicate = boolean | number | Tensor;

/** What scan takes beside its carry and its inputs. */
export interface ScanOptions {
  /** How many steps; needed only if there is nothing to scan over. */
  readonly length?: number;
  /** Go from the last element to the first; outputs keep the places of their elements. */
  readonly reverse?: boolean;
}

/**
 * `pred ? thenFn(...operands) : elseFn(...operands)`, as a part of the graph if need be.
 *
 * A plain predicate, or one whose value can be read, picks a branch, and only that one is called. Inside `compile` and for an example
 * of `vmap` a tensor's value is not known: then both are called, must give the same nesting, shapes and dtypes, and each result is
 * `where(pred, a, b)`. Gradients that come to `operands` by the branch not taken are exact zeros, also where that branch divides by
 * zero; tensors that a branch closes over have no such protection, as in `where`. Neither branch may then write to a tensor from
 * outside of it. Random numbers are drawn for both.
 *
 * Throws a ShapeError if `pred` has not exactly one element, and a ShapeError, DTypeError or ValueError if the branches' results do not
 * fit each other. See jax.lax.cond.
 *
 * @example
 * const safeLog = compile((x) => cond(x.sum().gt(0), (y) => y.log(), (y) => y.mul(0), x));
 */
export const cond = <A extends readonly unknown[], R>(
  pred: Predicate,
  thenFn: (...operands: A) => R,
  elseFn: (...operands: A) => R,
  ...operands: A
): R =>
  publicCall('cond', () => {
    checkFunction('cond', thenFn);
    checkFunction('cond', elseFn);
    const known = truth('cond', pred);
    if (known !== null) return userCode(() => (known ? thenFn : elseFn)(...operands));
    const chosen = (pred as Tensor).reshape([]).ne(0);
    // x either way, but no gradient of the branch not taken comes through: 0 times infinity would be NaN
    const guarded = (then: boolean): A =>
      mapTensors(operands, (x) => {
        if (!x.requiresGrad) return x;
        return then ? where(chosen, x, x.detach()) : where(chosen, x.detach(), x);
      });
    const run = (what: string, fn: (...given: A) => R, then: boolean): R => {
      const given = guarded(then);
      return withoutEffects(`cond: ${what}`, () => userCode(() => fn(...given)));
    };
    return select(chosen, run('thenFn', thenFn, true), run('elseFn', elseFn, false));
  });

/**
 * `branches[index](...operands)`, as a part of the graph if need be. An index below the first branch takes the first, one above the last
 * takes the last. `index` is a whole number, or an integer tensor with exactly one element.
 *
 * It is `cond` over and over: of a plain index, or one that can be read, only that branch is called; inside `compile` and `vmap` all are,
 * must give the same nesting, shapes and dtypes, and gradients come only from the branch that counts.
 *
 * Throws a ValueError without branches or for an index that is not whole, a DTypeError for a tensor of floats, a ShapeError for one
 * with several elements, and what `cond` throws if results do not fit each other. See jax.lax.switch.
 *
 * @example
 * const apply = compile((i, x) => switchCase(i, [(y) => y.relu(), (y) => y.tanh(), (y) => y.sigmoid()], x));
 */
export const switchCase = <A extends readonly unknown[], R>(
  index: number | Tensor,
  branches: readonly ((...operands: A) => R)[],
  ...operands: A
): R =>
  publicCall('switchCase', () => {
    if (!Array.isArray(branches) || branches.length === 0)
      throw new ValueError('switchCase: expected a list with at least one branch');
    branches.forEach((branch) => checkFunction('switchCase', branch));
    checkIndex(index);
    const last = branches.length - 1;
    const from = (k: number, ...given: A): R => {
      if (k === last) return userCode(() => branches[last](...given));
      const here = isTensor(index) ? index.le(k) : index <= k;
      return cond(here, branches[k], (...others: A) => from(k + 1, ...others), ...given);
    };
    return from(0, ...operands);
  });

function checkIndex(index: unknown): void {
  if (isTensor(index)) {
    if (isFloat(index.dtype) || index.dtype === 'bool')
      throw new DTypeError(`switchCase: Index type must be an integer, got ${printType(index.core.type)}`);
    if (index.numel !== 1)
      throw new ShapeError(
        `switchCase: index must have exactly one element, but got ${printType(index.core.type)}`,
      );
  } else if (!Number.isInteger(index))
    throw new ValueError(`switchCase: index must be a whole number, but got ${String(index)}`);
}

/**
 * Calls `[carry, y] = fn(carry, x)` for each `x` along the first dimension of the tensors in `xs`; returns the last carry and the `y`
 * stacked along a new first dimension. `carry`, `xs` and `y` are nested arrays and objects of tensors; `xs` may be null with a `length`.
 * The carry keeps its nesting, shapes and dtypes; a plain number in it stays one, and may change. Without any step, `fn` is called
 * once on zeros, for the shapes.
 *
 * Throws a ShapeError or ValueError if the sizes of `xs` differ from each other or from `length`, and if the carry changes its type.
 * See jax.lax.scan.
 *
 * @example
 * const [total, running] = scan((sum, x) => [sum.add(x), sum.add(x)], tensor(0), tensor([1, 2, 3])); // 6, [1, 3, 6]
 */
export const scan = <C, X, Y>(
  fn: (carry: C, x: X) => readonly [C, Y],
  init: C,
  xs: X,
  options: ScanOptions = {},
): [C, Y] =>
  publicCall('scan', () => {
    checkFunction('scan', fn);
    checkOptions('scan', options, ['length', 'reverse']);
    const { tree, tensors } = flatten(xs ?? null);
    const length = lengthOf(tensors, options.length);
    const step = (carry: C, x: X): readonly [C, Y] => {
      const pair: unknown = userCode(() => fn(carry, x));
      if (!Array.isArray(pair) || pair.length !== 2)
        throw new ValueError(`scan: fn must return [carry, y], but got ${describeValue(pair)}`);
      const [next, y] = pair as [C, Y];
      checkCarry('scan', carry, next);
      return [next, y];
    };
    if (length === 0) {
      const first = tensors.map((x) => zeros(x.shape.slice(1), { dtype: x.dtype }));
      const [, y] = unrecorded(() => step(init, unflatten(tree, first) as X));
      return [init, mapTensors(y, (part) => zeros([0, ...part.shape], { dtype: part.dtype }))];
    }
    const slices = tensors.map((x) => x.unbind(0));
    const outputs: Flat[] = [];
    let last: Flat | null = null;
    let carry = init;
    for (let k = 0; k < length; k++) {
      const i = options.reverse === true ? length - 1 - k : k;
      const x = unflatten(
        tree,
        slices.map((parts) => parts[i]),
      );
      const [next, y] = step(carry, x as X);
      carry = next;
      outputs[i] = last === null ? flatten(y) : flattenLike('scan: the outputs of two steps', y, last);
      last = outputs[i];
    }
    const [first] = outputs;
    const stacked = first.tensors.map((_, t) => stack(outputs.map((o) => o.tensors[t])));
    return [carry, unflatten(first.tree, stacked) as Y];
  });

/**
 * `for (let i = lo; i < hi; i++) value = body(i, value)`, beginning with `init`; returns the last value. `i` is a plain number. The value
 * keeps its nesting, shapes and dtypes; a plain number in it stays one, and may change. The bounds are whole numbers, or tensors that
 * hold one, but not inside `compile` and `vmap`, where the loop is unrolled.
 *
 * Throws a ValueError for other bounds, a TraceError for those that cannot be read, and what `scan` throws if the value changes its
 * type. See jax.lax.fori_loop.
 *
 * @example
 * foriLoop(0, 3, (i, x) => x.mul(2).add(i), tensor(1)); // ((1 * 2 + 0) * 2 + 1) * 2 + 2 = 12
 */
export const foriLoop = <T>(
  lo: number | Tensor,
  hi: number | Tensor,
  body: (i: number, value: T) => T,
  init: T,
): T =>
  publicCall('foriLoop', () => {
    checkFunction('foriLoop', body);
    const end = bound('hi', hi);
    let value = init;
    for (let i = bound('lo', lo); i < end; i++) {
      const before = value;
      value = userCode(() => body(i, before));
      checkCarry('foriLoop', before, value);
    }
    return value;
  });

/**
 * `while (condition(value)) value = body(value)`, beginning with `init`; returns the last value, and can be differentiated as the steps
 * that were taken. The value keeps its nesting, shapes and dtypes; a plain number in it stays one, and may change. A condition of plain
 * numbers works anywhere; a tensor's must be read, so not inside `compile` and `vmap`.
 *
 * Throws a TraceError where the condition cannot be read, a ShapeError if it has not exactly one element, and what `scan` throws if the
 * value changes its type. See jax.lax.while_loop.
 *
 * @example
 * whileLoop((x) => x.lt(100), (x) => x.mul(2), tensor(1)); // 128
 */
export const whileLoop = <T>(condition: (value: T) => Predicate, body: (value: T) => T, init: T): T =>
  publicCall('whileLoop', () => {
    checkFunction('whileLoop', condition);
    checkFunction('whileLoop', body);
    let value = init;
    for (;;) {
      const before = value;
      const more = truth(
        'whileLoop',
        userCode(() => condition(before)),
      );
      if (more === null)
        throw new TraceError(
          `whileLoop: the condition depends on values that are not known ${place()}, so neither is the number of steps. Use foriLoop ` +
            'or scan with a fixed number of steps, whose body keeps a finished value with where(done, x, next), or call whileLoop outside.',
        );
      if (!more) return value;
      value = userCode(() => body(before));
      checkCarry('whileLoop', before, value);
    }
  });

const place = (): string => {
  const trace = activeTrace();
  return trace === null ? 'inside vmap' : `inside the compiled function '${trace.name}' while it is traced`;
};

/** False for what is only known when a program runs, or differs between the examples of a batch. */
const isReadable = (x: Tensor): boolean =>
  activeTrace() === null &&
  (!insideBatch() ||
    reachable([nodeOfTensor(x)], (n) => bufferOf(n) !== undefined).every(
      (n) => n.inputs.length > 0 || bufferOf(n) !== undefined || n.op.meaning(n).tag !== 'input',
    ));

/** The truth of a predicate; null if it cannot be read here. */
function truth(name: string, pred: unknown): boolean | null {
  if (typeof pred === 'boolean') return pred;
  if (typeof pred === 'number') return pred !== 0;
  if (!isTensor(pred))
    throw new ValueError(
      `${name}(): a predicate must be a boolean or a tensor, but got ${describeValue(pred)}`,
    );
  if (pred.numel !== 1)
    throw new ShapeError(
      `${name}(): a predicate must have exactly one element, but got ${printType(pred.core.type)}: reduce it with all() or any()`,
    );
  return isReadable(pred) ? Number(pred.item()) !== 0 : null;
}

/** A bound of a loop as a number. */
function bound(role: string, value: number | Tensor): number {
  if (isTensor(value) && !isReadable(value))
    throw new TraceError(
      `foriLoop: ${role} is a tensor whose value is not known ${place()}, so neither is the number of steps. Pass a plain number; ` +
        'steps beyond a limit that is a tensor can keep the value with where(limit.gt(i), next, x).',
    );
  const plain = isTensor(value) ? value.item() : value;
  if (!Number.isInteger(plain))
    throw new ValueError(`foriLoop(): ${role} must be a whole number, but got ${String(value)}`);
  return plain as number;
}

/** How many steps a scan has. */
function lengthOf(tensors: readonly Tensor[], length: number | undefined): number {
  if (length !== undefined && !(Number.isInteger(length) && length >= 0))
    throw new ValueError(`scan(): length must be a whole number, but got ${String(length)}`);
  for (const x of tensors)
    if (x.ndim === 0)
      throw new IndexError(
        `scan got value with no leading axis to scan over: ${printType(x.core.type)} in xs`,
      );
  const sizes = [...new Set(tensors.map((x) => x.shape[0]))];
  if (sizes.length > 1)
    throw new ShapeError(`scan got values with different leading axis sizes: ${sizes.join(', ')}`);
  if (length === undefined && sizes.length === 0)
    throw new ValueError('scan got no values to scan over and `length` not provided');
  if (length !== undefined && sizes.length === 1 && sizes[0] !== length)
    throw new ShapeError(
      `scan got \`length\` argument of ${length} which disagrees with leading axis sizes [${sizes[0]}]`,
    );
  return length ?? sizes[0];
}

function checkCarry(name: string, before: unknown, after: unknown): void {
  if (before === after) return;
  checkAlike(
    `${name}: the value that goes into the body and the one that comes out`,
    flatten(before),
    flatten(after),
  );
}

/** The results of two branches as one. */
function select<R>(chosen: Tensor, a: R, b: R): R {
  const then = flatten(a);
  const other = flattenLike('cond: the results of thenFn and elseFn', b, then);
  checkPlain(then.tree, other.tree);
  return unflatten(
    then.tree,
    then.tensors.map((x, i) => (x === other.tensors[i] ? x : where(chosen, x, other.tensors[i]))),
  ) as R;
}

/** A plain value cannot depend on a predicate that is not known. */
function checkPlain(a: Tree, b: Tree): void {
  if (a.tag === 'static' && b.tag === 'static' && !Object.is(a.value, b.value))
    throw new ValueError(
      `cond: thenFn and elseFn return the plain values ${String(a.value)} and ${String(b.value)}, between which a program cannot choose: ` +
        'return tensors.',
    );
  if (a.tag === 'array' || a.tag === 'object')
    a.items.forEach((item, i) => checkPlain(item, (b as typeof a).items[i]));
}
