// Custom functions: a forward and a backward written by the user. In: a class with two static methods. Out: `apply`, which runs the forward
// without recording it and leaves one backward node that runs the backward.

import { AutogradError, DTypeError, ShapeError, ValueError } from '../../compiler/errors.ts';
import { isFloat } from '../../compiler/dtype.ts';
import { sameShape, showShape } from '../../compiler/shape.ts';
import { sumTo } from '../../ops/reduce-sum.ts';
import { zeros } from '../../ops/source.ts';
import type { Node } from '../../compiler/node.ts';
import { makeCell } from '../cell.ts';
import { lift } from '../lift.ts';
import { describeValue } from '../options.ts';
import { publicCall, userCode } from '../origin.ts';
import { Tensor, isTensor } from '../tensor.ts';
import { edgeOf } from './accumulate.ts';
import { GradFn } from './gradFn.ts';
import type { Gradients, Rule } from './gradFn.ts';
import { isGradEnabled, noGrad } from './mode.ts';
import { attach } from './record.ts';

/** What forward and backward of one call share. */
export class Context {
  /** Which arguments require grad. */
  readonly needsInputGrad: readonly boolean[];
  private kept: readonly (Tensor | null)[] = [];
  /** What later steps need to know; not for users. */
  readonly marks = { nonDifferentiable: new Set<Tensor>(), dirty: new Set<Tensor>(), materialize: true };
  [name: string]: unknown;

  constructor(needsInputGrad: readonly boolean[]) {
    this.needsInputGrad = needsInputGrad;
  }
  /** Keeps tensors for the backward; they are freed with the graph. */
  saveForBackward(...tensors: readonly (Tensor | null)[]): void {
    tensors.forEach((x, i) => {
      if (x !== null && !isTensor(x))
        throw new DTypeError(
          `save_for_backward can only save variables, but argument ${i} is of type ${describeValue(x)}`,
        );
    });
    this.kept = tensors;
  }
  get savedTensors(): readonly (Tensor | null)[] {
    return this.kept;
  }
  /** Says of results that they carry no gradient. */
  markNonDifferentiable(...tensors: readonly Tensor[]): void {
    for (const x of tensors) this.marks.nonDifferentiable.add(x);
  }
  /** Says that arguments were changed in place (and are returned). */
  markDirty(...tensors: readonly Tensor[]): void {
    for (const x of tensors) this.marks.dirty.add(x);
  }
  /** With false, gradients that nobody gave arrive as null instead of zeros. */
  setMaterializeGrads(flag: boolean): void {
    this.marks.materialize = flag;
  }
}

type Args = readonly never[];
type ForwardClass = { forward(ctx: Context, ...args: Args): unknown };
type ArgsOf<C> = C extends { forward(ctx: Context, ...args: infer A): unknown } ? A : never;
type ResultOf<C> = C extends { forward(ctx: Context, ...args: Args): infer R } ? R : never;

/** Base class of custom functions: give it static `forward(ctx, ...args)` and `backward(ctx, ...gradients)`. */
export class AutogradFunction {
  /** The gradients of the arguments, given those of the results; null where there is none. */
  static backward(_ctx: Context, ..._gradients: never[]): unknown {
    throw new AutogradError(
      'You must implement either the backward or vjp method for your custom autograd.Function to use it with backward mode AD.',
    );
  }

  /** Calls the function. */
  static apply<C extends ForwardClass>(this: C, ...args: ArgsOf<C>): ResultOf<C> {
    const custom = this as unknown as Custom;
    return publicCall(custom.name || 'apply', () => applyCustom(custom, args)) as ResultOf<C>;
  }
}

interface Custom {
  readonly name: string;
  forward(ctx: Context, ...args: readonly unknown[]): unknown;
  backward(ctx: Context, ...gradients: Gradients): unknown;
  readonly onceDifferentiable?: boolean;
}

function applyCustom(custom: Custom, args: readonly unknown[]): unknown {
  const edges = args.map((a) => (isTensor(a) && isGradEnabled() ? edgeOf(a) : null));
  const ctx = new Context(edges.map((e) => e !== null));
  const returned = noGrad(() => userCode(() => custom.forward(ctx, ...args)));
  if (edges.every((e) => e === null)) return returned;
  const list: readonly unknown[] = Array.isArray(returned) ? (returned as unknown[]) : [returned];
  const results = list.map((r) => (isTensor(r) ? resultOf(r, args, ctx) : r));
  const tensors = results.filter(isTensor);
  const types = tensors.map((x) => x.core.type);
  const fn = new GradFn(`${custom.name}Backward`, edges, types, ruleOf(custom, ctx, args, types));
  let index = 0;
  for (const [i, x] of results.entries()) {
    if (!isTensor(x)) continue;
    if (isFloat(x.dtype) && !ctx.marks.nonDifferentiable.has(list[i] as Tensor)) attach(x, { fn, index });
    index++;
  }
  return Array.isArray(returned) ? results : results[0];
}

/** An argument that is returned becomes a tensor of its own, unless it was changed in place. */
const resultOf = (x: Tensor, args: readonly unknown[], ctx: Context): Tensor =>
  args.includes(x) && !ctx.marks.dirty.has(x) ? x.detach() : x;

function ruleOf(
  custom: Custom,
  ctx: Context,
  args: readonly unknown[],
  types: readonly Tensor['core']['type'][],
): Rule {
  const name = `${custom.name}Backward`;
  return {
    pull(gradients) {
      const given = ctx.marks.materialize
        ? gradients.map((g, i) => g ?? new Tensor(makeCell(zeros(types[i].shape, types[i].dtype))))
        : gradients;
      const run = (): unknown => userCode(() => custom.backward(ctx, ...given));
      const once = custom.onceDifferentiable === true && isGradEnabled();
      const returned = once ? noGrad(run) : run();
      const list = Array.isArray(returned) ? (returned as unknown[]) : [returned];
      const extra = list.slice(args.length).some((g) => g !== null && g !== undefined);
      if (list.length < args.length || extra)
        throw new AutogradError(
          `function ${name} returned an incorrect number of gradients (expected ${args.length}, got ${list.length})`,
        );
      const results = args.map((a, i) => fitting(name, list[i], a, i));
      return once && given.some((g) => g?.requiresGrad) ? results.map(refusingSecond) : results;
    },
    saved: () => Object.fromEntries(ctx.savedTensors.flatMap((x, i) => (x === null ? [] : [[String(i), x]]))),
    needsSaved: false,
    free() {
      ctx.saveForBackward();
    },
  };
}

const sumToShape = lift('sumToSize', ((g: Node, shape: readonly number[]) => sumTo(g, shape)) as never) as (
  g: Tensor,
  shape: readonly number[],
) => Tensor;

/** A gradient that a backward returned, in the shape and dtype of its argument. */
function fitting(name: string, g: unknown, argument: unknown, i: number): Tensor | null {
  if (g === null || g === undefined) return null;
  if (!isTensor(g)) throw new DTypeError(`expected Variable or None (got ${describeValue(g)})`);
  if (!isTensor(argument))
    throw new AutogradError(
      `function ${name} returned a gradient different from None at position ${i + 1}, but the corresponding forward input was not a Variable`,
    );
  const { shape, dtype } = argument;
  const lead = g.ndim - shape.length;
  const expandable = lead >= 0 && shape.every((size, k) => size === g.shape[lead + k] || size === 1);
  if (!expandable)
    throw new ShapeError(
      `Function ${name} returned an invalid gradient at index ${i} - got ${showShape(g.shape)} but expected shape compatible with ${showShape(shape)}`,
    );
  const summed = sameShape(g.shape, shape) ? g : sumToShape(g, shape);
  return summed.dtype === dtype ? summed : summed.to(dtype);
}

/** A gradient whose own gradient is an error. */
function refusingSecond(g: Tensor | null): Tensor | null {
  if (g === null) return null;
  const x = g.detach();
  const refuse = (): never => {
    throw new AutogradError(
      'trying to differentiate twice a function that was marked with @once_differentiable',
    );
  };
  const rule: Rule = { pull: refuse, saved: () => ({}), needsSaved: false, free() {} };
  attach(x, { fn: new GradFn('Error', [], [x.core.type], rule), index: 0 });
  return x;
}

/** Marks the class of a custom function: its backward is not recorded, and a second derivative is an error. */
export function onceDifferentiable<C extends ForwardClass>(custom: C): C {
  if (typeof custom !== 'function')
    throw new ValueError('onceDifferentiable(): expected a subclass of autograd.Function');
  return Object.assign(custom, { onceDifferentiable: true });
}
