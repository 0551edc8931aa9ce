// Nodes of the lazy graph: typed SSA. In: an operator, its inputs and attributes. Out: an immutable node whose type has been
// checked. Users' calls make nodes freely; `graph.ts` interns them when a program is built, so that equal structure becomes
// one object. An id grows with creation, hence inputs always have smaller ids than their readers: sorting by id is a
// topological order.

import type { DType } from './dtype.ts';
import { ShapeError } from './errors.ts';
import type { Op } from './op.ts';
import type { Shape } from './shape.ts';
import { showShape } from './shape.ts';

export interface TensorType {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** Where a node comes from: the public operation and the user's line. Not part of a node's identity. */
export interface Origin {
  /** The public operation, such as `softmax`, or `softmax backward` for what differentiation adds. */
  readonly op: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface Node<A = unknown> {
  readonly id: number;
  readonly op: Op<A>;
  readonly inputs: readonly Node[];
  readonly attrs: A;
  readonly type: TensorType;
  readonly origin: Origin | null;
}

let nextId = 0;
let originSource: () => Origin | null = () => null;

/** The runtime says where nodes made from now on come from. Returns the source it replaces. */
export function setOriginSource(source: () => Origin | null): () => Origin | null {
  const before = originSource;
  originSource = source;
  return before;
}

/**
 * A node of an operator; its type rule runs here, so a wrong shape is reported at the call that made it. So is what a type rule does not look
 * at: an input that is no node, a size that is no number.
 */
export function node<A>(op: Op<A>, inputs: readonly Node[], attrs: A): Node<A> {
  const types = inputs.map((i) => i.type);
  if (types.includes(undefined!)) throw new TypeError(`${op.name}: an input is no node`);
  const type = op.type(types, attrs);
  for (const size of type.shape)
    if (!Number.isSafeInteger(size) || size < 0)
      throw new ShapeError(`${op.name}: the result would have the shape ${showShape(type.shape)}`);
  return { id: nextId++, op, inputs, attrs, type, origin: originSource() };
}

/** The same node over other inputs. */
export const withInputs = <A>(n: Node<A>, inputs: readonly Node[]): Node<A> => ({
  ...n,
  id: nextId++,
  inputs,
});

/** The nodes that outputs need, in the order of a depth-first walk (inputs before readers). Iterative: depth is no limit. */
export function reachable(outputs: readonly Node[], stop?: (n: Node) => boolean): Node[] {
  const order: Node[] = [];
  const state = new Set<Node>();
  const stack: { readonly node: Node; next: number }[] = [];
  const enter = (n: Node): void => {
    if (state.has(n)) return;
    state.add(n);
    stack.push({ node: n, next: stop?.(n) ? n.inputs.length : 0 });
  };
  for (const output of outputs) {
    enter(output);
    while (stack.length > 0) {
      const top = stack[stack.length - 1];
      if (top.next < top.node.inputs.length) enter(top.node.inputs[top.next++]);
      else {
        order.push(top.node);
        stack.pop();
      }
    }
  }
  return order;
}
export const printType = (t: TensorType): string => `${t.dtype}${showShape(t.shape)}`;
