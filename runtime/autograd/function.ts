// Custom functions: a forward and a backward written by the user. In: a class with static methods. Out: `apply`, which runs the forward
// without recording it and leaves one backward node that runs the backward.

import { isFloat } from '../../compiler/dtype.ts';
import { AutogradError, DTypeError } from '../../compiler/errors.ts';
import type { TensorType } from '../../compiler/node.ts';
import { zeros } from '../../ops/source.ts';
import { makeCell } from '../cell.ts';
import { isTensor, nodeOfTensor } from '../core.ts';
import { describeValue } from '../describe.ts';
import { publicCall, userCode } from '../origin.ts';
import { Tensor } from '../tensor.ts';
import { checkWritable, keepHistory } from '../views.ts';
import { edgeNow } from './accumulate.ts';
import { GradFn } from './gradFn.ts';
import type { Edge, Forward, Gradients, Rule } from './gradFn.ts';
import { isGradEnabled, unrecorded } from './mode.ts';
import { attach } from './record.ts';
import { save } from './saved.ts';

/** What forward and backward of one call share. Anything else may be kept on it too. */
export class Context {
  /** Which arguments require grad. */
  readonly needsInputGrad: readonly boolean[];
  /** For the steps after the forward; not for users. */
  readonly notes: Notes = {
    toSave: [],
    saved: [],
    nonDifferentiable: new Set(),
    dirty: new Set(),
    materialize: true,
  };
  [name: string]: unknown;

  constructor(needsInputGrad: readonly boolean[]) {
    this.needsInputGrad = needsInputGrad;
    Object.defineProperty(this, 'notes', { enumerable: false });
  }
  /** Keeps tensors (or null) for the backward; they are freed with the graph. */
  saveForBackward(...tensors: readonly (Tensor | null)[]): void {
    tensors.forEach((x, i) => {
      if (x !== null && !isTensor(x))
        throw new DTypeError(
          `save_for_backward can only save variables, but argument ${i} is of type ${describeValue(x)}`,
        );
    });
    this.notes.toSave = tensors;
  }
  /** What was kept, in the same order; an error once the graph has been freed. */
  get savedTensors(): readonly Tensor[] {
    const { saved, fn } = this.notes;
    fn?.checkKept();
    // null comes back only where null was saved
    return saved.map((unpack) => unpack?.() ?? null) as readonly Tensor[];
  }
  /** Says of results that they carry no gradient. */
  markNonDifferentiable(...tensors: readonly Tensor[]): void {
    for (const x of tensors) this.notes.nonDifferentiable.add(x);
  }
  /** Says of arguments that they were changed in place; they must be returned. */
  markDirty(...tensors: readonly Tensor[]): void {
    for (const x of tensors) this.notes.dirty.add(x);
  }
  /** With false, gradients that nobody gave arrive as null instead of zeros. */
  setMaterializeGrads(flag: boolean): void {
    this.notes.materialize = flag;
  }
}

interface Notes {
  toSave: readonly (Tensor | null)[];
  saved: readonly ((() => Tensor) | null)[];
  readonly nonDifferentiable: Set<Tensor>;
  readonly dirty: Set<Tensor>;
  materialize: boolean;
  fn?: GradFn;
  forward?: Forward;
}

type Method = (...args: never) => unknown;
/** The arguments of `apply`: those of `forward` after the context, or all of them if there is a `setupContext`. */
type ArgsOf<C> = C extends { setupContext: Method; forward: (...args: infer A) => unknown }
  ? A
  : C extends { forward: (ctx: Context, ...args: infer A) => unknown }
    ? A
    : never;
type ResultOf<C> = C extends { forward: (...args: never) => infer R } ? R : never;

/**
 * Base class of custom functions. Give it static methods `forward(ctx, ...args)` and `backward(ctx, ...gradients)`; or `forward(...args)`,
 * `setupContext(ctx, args, output)` and `backward`.
 */
export class AutogradFunction {
  /** Calls the function. */
  static apply<C extends { forward: Method }>(this: C, ...args: ArgsOf<C>): ResultOf<C> {
    const custom = this as unknown as Custom;
    return publicCall(custom.name || 'apply', () => applyCustom(custom, args)) as ResultOf<C>;
  }
}

interface Custom {
  readonly name: string;
  forward(...args: readonly unknown[]): unknown;
  setupContext?(ctx: Context, args: readonly unknown[], output: unknown): void;
  backward?(ctx: Context, ...gradients: Gradients): unknown;
  vjp?(ctx: Context, ...gradients: Gradients): unknown;
}

function applyCustom(custom: Custom, args: readonly unknown[]): unknown {
  const operands = args.filter(isTensor);
  const edges = operands.map(edgeNow);
  const ctx = new Context(args.map((a) => isTensor(a) && (a.requiresGrad || edgeNow(a) !== null)));
  const before = operands.map(nodeOfTensor);
  const returned = unrecorded(() => userCode(() => runForward(custom, ctx, args)));
  const list: readonly unknown[] = Array.isArray(returned) ? (returned as unknown[]) : [returned];
  for (const x of ctx.notes.dirty)
    if (!list.includes(x))
      throw new AutogradError(
        'Some elements marked as dirty during the forward method were not returned as output. The inputs that are modified inplace ' +
          'must all be outputs of the Function.',
      );
  const recorded = edges.some((e) => e !== null);
  const fn = recorded ? recordCall(custom, ctx, args, edges, list) : null;
  const results = list.map((x, index) => (isTensor(x) ? resultOf(x, operands, ctx, fn && { fn, index }) : x));
  if (fn !== null) {
    ctx.notes.saved = ctx.notes.toSave.map((x) => {
      if (x === null) return null;
      const at = list.indexOf(x);
      return save(at >= 0 && !operands.includes(x) ? (results[at] as Tensor) : x);
    });
    ctx.notes.forward = { operands: before, outputs: results.filter(isTensor).map(nodeOfTensor) };
  }
  ctx.notes.toSave = [];
  return Array.isArray(returned) ? results : results[0];
}

function runForward(custom: Custom, ctx: Context, args: readonly unknown[]): unknown {
  if (custom.setupContext === undefined) return custom.forward(ctx, ...args);
  const output = custom.forward(...args);
  custom.setupContext(ctx, args, output);
  return output;
}

/** A result as `apply` returns it: on its edge, and never an argument itself unless that was changed in place. */
function resultOf(x: Tensor, operands: readonly Tensor[], ctx: Context, edge: Edge | null): Tensor {
  const { dirty, nonDifferentiable } = ctx.notes;
  const differentiable = edge !== null && isFloat(x.dtype) && !nonDifferentiable.has(x);
  if (operands.includes(x) && dirty.has(x)) {
    if (!differentiable) return x;
    checkWritable(x, true, false);
    keepHistory(x);
    attach(x, edge);
    return x;
  }
  const own = operands.includes(x) || x.requiresGrad ? x.detach() : x;
  if (differentiable) attach(own, edge);
  return own;
}

/** The place of a result that is no tensor: no gradient ever comes there. */
const noTensor: TensorType = { shape: [0], dtype: 'float32' };

function recordCall(
  custom: Custom,
  ctx: Context,
  args: readonly unknown[],
  edges: readonly (Edge | null)[],
  list: readonly unknown[],
): GradFn {
  const name = `${custom.name}Backward`;
  const types = list.map((x) => (isTensor(x) ? x.core.type : null));
  const rule: Rule = {
    pull(gradients) {
      const { backward, vjp } = custom;
      if (backward !== undefined && vjp !== undefined)
        throw new AutogradError(
          "Implementing both 'backward' and 'vjp' for a custom Function is not allowed. You should only implement one of them.",
        );
      const method = backward ?? vjp;
      if (method === undefined)
        throw new AutogradError(
          'You must implement either the backward or vjp method for your custom autograd.Function to use it with backward mode AD.',
        );
      const given = ctx.notes.materialize ? gradients.map((g, i) => g ?? zerosOf(types[i])) : gradients;
      return gradientsOf(
        name,
        args,
        userCode(() => method.call(custom, ctx, ...given)),
      );
    },
    saved: () => Object.fromEntries(ctx.savedTensors.map((x, i) => [String(i), x])),
    needsSaved: false,
    free() {
      // their number stays, so that asking for them is an error
      ctx.notes.saved = ctx.notes.saved.map(() => null);
    },
    forward: () => ctx.notes.forward ?? { operands: [], outputs: [] },
  };
  return (ctx.notes.fn = new GradFn(
    name,
    edges,
    types.map((t) => t ?? noTensor),
    rule,
    null,
    !isGradEnabled(),
  ));
}

const zerosOf = (type: TensorType | null): Tensor | null =>
  type && new Tensor(makeCell(zeros(type.shape, type.dtype)));

/** What a backward returned, one gradient per argument that is a tensor. The engine makes them fit. */
function gradientsOf(name: string, args: readonly unknown[], returned: unknown): Gradients {
  const list: readonly unknown[] = Array.isArray(returned) ? (returned as unknown[]) : [returned];
  const absent = (g: unknown): boolean => g === null || g === undefined;
  if (list.length < args.length || !list.slice(args.length).every(absent))
    throw new AutogradError(
      `function ${name} returned an incorrect number of gradients (expected ${args.length}, got ${list.length})`,
    );
  return args.flatMap((a, i): (Tensor | null)[] => {
    const g = list[i];
    if (!isTensor(a)) {
      if (absent(g)) return [];
      throw new AutogradError(
        `function ${name} returned a gradient different from None at position ${i + 1}, but the corresponding forward input was not a Variable`,
      );
    }
    if (absent(g)) return [null];
    if (!isTensor(g)) throw new DTypeError(`expected Variable or None (got ${describeValue(g)})`);
    return [g];
  });
}

type Backward<G extends readonly never[]> = (ctx: Context, ...gradients: G) => unknown;

/**
 * A backward that is not recorded: `static backward = onceDifferentiable((ctx, g) => ...)`. Differentiating what it returned is an error.
 */
export function onceDifferentiable<G extends readonly never[]>(backward: Backward<G>): Backward<G> {
  return function (this: unknown, ctx: Context, ...gradients: G): unknown {
    const returned = unrecorded(() => backward.call(this, ctx, ...gradients));
    const given: readonly unknown[] = gradients;
    if (!isGradEnabled() || !given.some((g) => isTensor(g) && g.requiresGrad)) return returned;
    return Array.isArray(returned) ? returned.map(refusingSecond) : refusingSecond(returned);
  };
}

/** A gradient whose own gradient is an error. */
function refusingSecond(g: unknown): unknown {
  if (!isTensor(g)) return g;
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
