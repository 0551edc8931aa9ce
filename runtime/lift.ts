// Lifting: an operator on nodes becomes a function on tensors. In: a function of ops/, under its public name. Out: the same function with
// Tensor wherever it says Node, in arguments, arrays and options, and in results. A call builds nodes and leaves a backward node on
// its results if one of its arguments requires grad; nothing is computed.

import type { Node } from '../compiler/node.ts';
import { GradloomError, ValueError } from '../compiler/errors.ts';
import { isFloat } from '../compiler/dtype.ts';
import { edgeNow } from './autograd/accumulate.ts';
import { watchForward } from './autograd/anomaly.ts';
import { isGradEnabled, isRecording } from './autograd/mode.ts';
import { alias, attach, record } from './autograd/record.ts';
import type { Source } from './autograd/record.ts';
import { makeCell } from './cell.ts';
import { isTensor, nodeOfTensor } from './core.ts';
import { describeValue, isPlainObject } from './describe.ts';
import { layoutThrough } from './layout.ts';
import type { Layout } from './layout.ts';
import { checkKinds } from './optionKinds.ts';
import { checkOptions } from './options.ts';
import { internally, ownFault, publicCall } from './origin.ts';
import { limitDepth } from './realize.ts';
import { namedResult } from './results.ts';
import type { NamedResults } from './results.ts';
import { Tensor } from './tensor.ts';
import { activeTrace } from './trace.ts';
import { makeView } from './views.ts';

/** A type with Tensor wherever it said Node. */
export type Lift<T> = T extends Node
  ? Tensor
  : T extends readonly unknown[]
    ? { [K in keyof T]: Lift<T[K]> }
    : T extends (...args: never) => unknown
      ? T
      : T extends object
        ? { [K in keyof T]: Lift<T[K]> }
        : T;

/** A node-level function as a function of tensors; `Name` gives several results their names. */
export type Lifted<F, Name = ''> = F extends (...args: infer A) => infer R
  ? (...args: Extract<{ [K in keyof A]: Lift<A[K]> }, readonly unknown[]>) => NamedResults<Name, Lift<R>>
  : never;

export type NodeFunction = (...args: never) => unknown;

/** What is special about a function. */
export interface LiftTraits {
  /** Names of its options; none if absent. */
  readonly options?: readonly string[];
  /** Its results share memory with its first argument: one, one if that is contiguous, or several. */
  readonly view?: 'view' | 'reshape' | 'multiple';
  /** How many arguments it needs; 1 if absent. */
  readonly required?: number;
  /** It is a method too: a tensor alone is an argument that it takes. */
  readonly method?: boolean;
  /** Strings may stand among the positional arguments. */
  readonly strings?: boolean;
  /** The name of its backward function, if it is not that of the node it returns; it may depend on the arguments. */
  readonly gradName?: string | ((args: readonly unknown[]) => string);
  /** What it demands of the values of its arguments. */
  readonly checkValues?: ((args: readonly unknown[]) => void) | null;
}

/** The function of tensors. */
export function lift(
  name: string,
  fn: NodeFunction,
  traits: LiftTraits = {},
): (...args: unknown[]) => unknown {
  const call = fn as (...args: unknown[]) => unknown;
  return (...args) =>
    publicCall(
      name,
      () => {
        checkArguments(name, args, traits);
        const operands = new Operands();
        const given = args.map((a) => operands.nodesIn(a));
        const parts = withUserErrors(name, args, traits, () => partsOf(call(...given)));
        traits.checkValues?.(args);
        return internally(() => wrapResult(name, call, parts, operands, given, traits));
      },
      args,
    );
}

/** Refuses what no operator takes: missing arguments, misspelt options, text where numbers are meant. */
function checkArguments(name: string, args: readonly unknown[], traits: LiftTraits): void {
  const { required = 1 } = traits;
  for (let i = 0; i < Math.max(required, args.length); i++) {
    const value = args[i];
    if (value === undefined && i < required)
      throw new ValueError(`${name}() missing a required argument (position ${i + 1})`);
    if (isPlainObject(value)) {
      checkOptions(name, value, traits.options ?? []);
      checkKinds(name, value);
    } else if (value !== null && isForeign(value, traits.strings === true))
      throw new ValueError(
        `${name}(): argument (position ${i + 1}) must be Tensor, not ${describeValue(value)}`,
      );
  }
}

/** True for what is neither a tensor, number, boolean, array nor nothing. */
function isForeign(value: unknown, strings: boolean): boolean {
  switch (typeof value) {
    case 'number':
    case 'boolean':
    case 'undefined':
      return false;
    case 'string':
      return !strings;
    case 'object':
      return !isTensor(value) && !Array.isArray(value);
    default:
      return true;
  }
}

/**
 * A type error of JavaScript's inside an operator, or a length that is none, means that an argument was of a kind that it does not take. In a
 * method that was given nothing but its tensor it is a bug of ours.
 */
function withUserErrors<T>(
  name: string,
  args: readonly unknown[],
  { method = false }: LiftTraits,
  body: () => T,
): T {
  try {
    return body();
  } catch (error) {
    const ofKind =
      error instanceof TypeError || (error instanceof RangeError && /array length/.test(error.message));
    if (error instanceof GradloomError || !ofKind) throw error;
    if (method && args.length === 1 && isTensor(args[0])) throw ownFault(error);
    const kinds = args.map(describeValue).join(', ');
    throw new ValueError(`${name}() received an invalid combination of arguments - got (${kinds})`, {
      cause: error,
    });
  }
}

/** The tensors among the arguments of a call, with the nodes that stand for them. */
class Operands {
  readonly tensors: Tensor[] = [];
  readonly nodes: Node[] = [];

  /** An argument with nodes in the place of tensors. */
  nodesIn(value: unknown): unknown {
    if (isTensor(value)) return this.nodeFor(value);
    if (Array.isArray(value)) return value.map((item) => this.nodesIn(item));
    if (!isPlainObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.nodesIn(item)]));
  }

  /** Each operand of one value is a node of its own if autograd must keep them apart, also if it is the same tensor twice. */
  private nodeFor(x: Tensor): Node {
    activeTrace()?.captured.add(x);
    let n = nodeOfTensor(x);
    if (isRecording() && this.nodes.includes(n) && (x.requiresGrad || !this.tensors.includes(x)))
      n = alias(n);
    this.tensors.push(x);
    this.nodes.push(n);
    return n;
  }

  get depth(): number {
    return this.tensors.reduce((most, x) => Math.max(most, x.core.cell.depth), 0);
  }

  sources(): Source[] {
    return this.tensors.map((x, i) => ({
      node: this.nodes[i],
      edge: edgeNow(x),
      inference: x.core.inference,
      depth: x.core.cell.depth,
    }));
  }
}

type Call = (...args: unknown[]) => unknown;

/** Tensors in the place of the nodes of a result. */
function wrapResult(
  name: string,
  fn: Call,
  { names, nodes, single }: Parts,
  operands: Operands,
  given: unknown[],
  traits: LiftTraits,
): unknown {
  const tensors = wrapNodes(nodes, operands, (k) => viewOfCall(fn, given, traits, single ? null : k), {
    kind: traits.view,
    gradName: typeof traits.gradName === 'function' ? traits.gradName(given) : traits.gradName,
  });
  watchForward(name, tensors, operands.tensors);
  if (single) return tensors[0];
  if (names !== null) return Object.fromEntries(names.map((key, k) => [key, tensors[k]]));
  return namedResult(name, tensors);
}

interface Parts {
  readonly nodes: readonly Node[];
  readonly names: readonly string[] | null;
  readonly single: boolean;
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'op' in value && 'inputs' in value;

/** The nodes of what an operator gave; a TypeError if it passed on something else. */
function partsOf(result: unknown): Parts {
  if (isNode(result)) return { nodes: [result], names: null, single: true };
  const names = Array.isArray(result) ? null : Object.keys(result as object);
  const nodes = Object.values(result as object) as unknown[];
  if (!nodes.every(isNode)) throw new TypeError('the result is no tensor');
  return { nodes, names, single: false };
}

/** The same call on another node in the place of the first argument: how a view reads its base. */
const viewOfCall = (
  fn: Call,
  given: readonly unknown[],
  { view }: LiftTraits,
  part: number | null,
): ((x: Node) => Node) | null =>
  view === undefined
    ? null
    : (x) => {
        const result = fn(x, ...given.slice(1));
        return (part === null ? result : (result as readonly Node[])[part]) as Node;
      };

/** Nodes of one call as tensors with one backward node. */
function wrapNodes(
  nodes: readonly Node[],
  operands: Operands,
  view: (k: number) => ((x: Node) => Node) | null,
  { kind, gradName }: { readonly kind: LiftTraits['view']; readonly gradName: string | undefined },
): Tensor[] {
  const depth = operands.depth + 1;
  const recording =
    operands.tensors.some((x) => edgeNow(x) !== null) && nodes.some((n) => isFloat(n.type.dtype))
      ? record(nodes, operands.sources(), { name: gradName, tangentOnly: !isGradEnabled() })
      : null;
  const [first] = operands.tensors;
  const layoutOf = (n: Node): Layout =>
    kind === 'reshape' && first.core.layout === 'dense'
      ? 'dense'
      : layoutThrough(n, operands.nodes[0], first.core);
  return nodes.map((n, k) => {
    const same = operands.nodes.indexOf(n);
    if (same >= 0) return operands.tensors[same];
    const multiple = kind === 'multiple' && recording !== null ? `Output ${k} of ${recording.fn.name}` : null;
    const layout = kind === undefined || first === undefined ? 'unknown' : layoutOf(n);
    const isView = kind !== undefined && first !== undefined && (kind !== 'reshape' || layout !== 'unknown');
    const x = isView ? makeView(first, view(k)!, n, { layout, multiple }) : new Tensor(makeCell(n, depth));
    if (recording !== null && recording.recorded[k]) attach(x, { fn: recording.fn, index: k });
    if (!isView) limitDepth(x.core.cell);
    return x;
  });
}
