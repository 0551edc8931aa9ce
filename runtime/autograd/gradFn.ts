// A node of the backward graph: what a recorded operation leaves on its results. In: its name, where its inputs come from, and a rule
// that turns gradients of its outputs into gradients of its inputs. Out: what the engine runs and a user may look at.

import { AutogradError } from '../../compiler/errors.ts';
import type { Node, Origin, TensorType } from '../../compiler/node.ts';
import { currentOrigin, describeOrigin, withDetail } from '../origin.ts';
import type { Tensor } from '../tensor.ts';
import { activeTrace } from '../trace.ts';
import type { Trace } from '../trace.ts';
import { hooksOf, listHandle } from './hooks.ts';
import type { HookHandle, Hooks, NodeHook, NodePrehook } from './hooks.ts';

/** Output `index` of `fn`. */
export interface Edge {
  readonly fn: GradFn;
  readonly index: number;
}

/** Gradients in the order of what they belong to; null where there is none. */
export type Gradients = readonly (Tensor | null)[];

export interface Rule {
  /** The gradients of the inputs; only those in `wants` are needed. Null is "no gradient". */
  pull(gradients: Gradients, wants: readonly boolean[]): Gradients;
  /** What is kept for backward, by PyTorch's names; empty if nothing is. */
  saved(): Readonly<Record<string, Tensor>>;
  /** True if `pull` can run no more once `free` was called. */
  readonly needsSaved: boolean;
  /** Drops what is kept. */
  free(): void;
  /** The values of the forward call, as long as they are kept: for messages. */
  forward?(): Forward;
}

export interface Forward {
  readonly operands: readonly Node[];
  readonly outputs: readonly Node[];
}

const secondTime =
  'Trying to backward through the graph a second time (or directly access saved tensors after they have already been freed). ' +
  'Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). Specify retainGraph: true if ' +
  'you need to backward through the graph a second time or if you need to access saved tensors after calling backward.';

let count = 0;

/** The number that the next function will get. */
export const nextSequence = (): number => count;

/** A node of the backward graph: who made a tensor, and of what. */
export class GradFn {
  /** PyTorch's name: `MulBackward0`. */
  readonly name: string;
  readonly edges: readonly (Edge | null)[];
  /** Types of its outputs. */
  readonly outputs: readonly TensorType[];
  /** Grows with creation; the engine runs the youngest first. */
  readonly sequence: number;
  readonly origin: Origin | null;
  readonly trace: Trace | null;
  /** The leaf whose gradient it adds up, if that is what it does. */
  readonly leaf: Tensor | null;
  /** Recorded for tangents only: no backward enters it but that of a jvp. */
  readonly tangentOnly: boolean;
  /** Null as long as there are none. */
  hooks: Hooks | null = null;
  private data: Record<string, unknown> | null = null;
  private readonly rule: Rule;
  private readonly serial = count++;
  private freedBy: Origin | null | undefined = undefined;

  constructor(
    name: string,
    edges: readonly (Edge | null)[],
    outputs: readonly TensorType[],
    rule: Rule,
    leaf: Tensor | null = null,
    tangentOnly = false,
  ) {
    this.name = name;
    this.edges = edges;
    this.outputs = outputs;
    this.rule = rule;
    this.leaf = leaf;
    const sources = edges.filter((edge) => edge !== null);
    this.tangentOnly = tangentOnly || (sources.length > 0 && sources.every(({ fn }) => fn.tangentOnly));
    this.sequence = leaf === null ? this.serial : Infinity;
    this.origin = currentOrigin();
    this.trace = activeTrace();
  }

  /** The user's own data. */
  get metadata(): Record<string, unknown> {
    return (this.data ??= {});
  }

  /** The functions that its gradients go on to, with the number of their output; null where nothing requires grad. */
  get nextFunctions(): readonly (readonly [GradFn | null, number])[] {
    return this.edges.map((e) => [e?.fn ?? null, e?.index ?? 0]);
  }

  /** What it keeps for backward, by PyTorch's names (`self`, `other`, `result`); an error once that has been freed. */
  get saved(): Readonly<Record<string, Tensor>> {
    if (this.rule.needsSaved) this.checkKept();
    return this.rule.saved();
  }

  /** Calls `hook` with the gradients of inputs and outputs after it has run; may return other gradients of the inputs. */
  registerHook(hook: NodeHook): HookHandle {
    return listHandle(hooksOf(this).after, hook);
  }
  /** Calls `hook` with the gradients of the outputs before it runs; may return others. */
  registerPrehook(hook: NodePrehook): HookHandle {
    return listHandle(hooksOf(this).before, hook);
  }

  /** Runs the rule. */
  pull(gradients: Gradients, wants: readonly boolean[]): Gradients {
    if (this.rule.needsSaved) this.checkKept();
    return this.rule.pull(gradients, wants);
  }

  /** The values of the forward call, as long as they are kept. */
  forward(): Forward {
    return this.rule.forward?.() ?? { operands: [], outputs: [] };
  }

  /** Drops what was kept. */
  free(): void {
    if (this.freedBy !== undefined) return;
    this.freedBy = currentOrigin();
    this.rule.free();
  }

  /** Throws if what was kept has been dropped. */
  checkKept(): void {
    if (this.freedBy === undefined) return;
    const made = `${this.name} of ${describeOrigin(this.origin)}, freed by ${describeOrigin(this.freedBy)}`;
    throw withDetail(new AutogradError(secondTime), made);
  }

  /** PyTorch's text; the address is a made-up number that repeats from run to run. */
  toString(): string {
    return `<${this.name} object at 0x${(0x7f5a00000000 + this.serial * 48).toString(16)}>`;
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}
