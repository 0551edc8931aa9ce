// Reverse-mode differentiation as a graph transformation. In: outputs with their cotangents, and the inputs wanted. Out: one
// gradient node per wanted input, or null where there is no path (a symbolic zero that costs nothing). Only nodes on a path
// from a wanted input get a cotangent, so what nobody asked for is never built. Applying it to its own result gives any order.

import { AutogradError, InternalError } from './errors.ts';
import { reachable } from './graph.ts';
import type { Node } from './node.ts';
import { isFloat } from './dtype.ts';
import { sameShape } from './shape.ts';

/** How gradients of several paths are summed; given by ops/ so that this pass names no operator. */
export type AddNodes = (a: Node, b: Node) => Node;

/** The gradients of one node's inputs, given that of its output. */
export function pullback(
  g: Node,
  n: Node,
  wants: readonly boolean[],
  add: AddNodes,
): readonly (Node | null)[] {
  if (n.op.nondifferentiable) return n.inputs.map(() => null);
  if (n.op.vjp) {
    const gradients = n.op.vjp(g, n, wants);
    gradients.forEach((gradient, i) => {
      const input = n.inputs[i];
      if (!gradient || !wants[i] || !input) return;
      if (!sameShape(gradient.type.shape, input.type.shape) || gradient.type.dtype !== input.type.dtype)
        throw new InternalError(
          `${n.op.name}: vjp gives ${gradient.type.dtype}[${gradient.type.shape}] for input ${i} of ${input.type.dtype}[${input.type.shape}]`,
        );
    });
    return n.inputs.map((_, i) => (wants[i] ? (gradients[i] ?? null) : null));
  }
  const meaning = n.op.meaning(n);
  if (meaning.tag === 'composite') {
    // An operator may read one node twice; each operand gets the part that comes through its own uses only if they differ,
    // so equal operands share the gradient: it is given to the first.
    const distinct = [...new Set(n.inputs)];
    const wanted = distinct.filter((input) => n.inputs.some((x, i) => x === input && wants[i]));
    const gradients = differentiate([meaning.expand()], [g], wanted, add, new Set(n.inputs));
    return n.inputs.map((input, i) => {
      const at = wanted.indexOf(input);
      return wants[i] && at >= 0 && n.inputs.indexOf(input) === i ? gradients[at] : null;
    });
  }
  throw new AutogradError(`the derivative for '${n.op.name}' is not implemented.`);
}

/**
 * The gradients of `sum of <outputs[i], cotangents[i]>` with respect to each of `inputs`. A path goes on behind a wanted input
 * if others lie there, but not behind a node of `stops`: these count as independent.
 */
export function differentiate(
  outputs: readonly Node[],
  cotangents: readonly (Node | null)[],
  inputs: readonly Node[],
  add: AddNodes,
  stops?: ReadonlySet<Node>,
): (Node | null)[] {
  const wanted = new Set(inputs);
  const nodes = reachable(outputs, stops && ((n) => stops.has(n)));
  const onPath = new Set<Node>();
  for (const n of nodes)
    if (!isFloat(n.type.dtype)) continue;
    else if (wanted.has(n)) onPath.add(n);
    else if (!n.op.nondifferentiable && !stops?.has(n) && n.inputs.some((i) => onPath.has(i))) onPath.add(n);
  const gradient = new Map<Node, Node>();
  const accumulate = (n: Node, g: Node | null): void => {
    if (!g || !onPath.has(n)) return;
    const sum = gradient.get(n);
    gradient.set(n, sum ? add(sum, g) : g);
  };
  outputs.forEach((o, i) => accumulate(o, cotangents[i] ?? null));
  for (let k = nodes.length - 1; k >= 0; k--) {
    const n = nodes[k];
    const g = gradient.get(n);
    if (!g || n.inputs.length === 0 || stops?.has(n)) continue;
    const wants = n.inputs.map((i) => onPath.has(i));
    if (!wants.includes(true)) continue;
    pullback(g, n, wants, add).forEach((gi, i) => accumulate(n.inputs[i], gi));
  }
  return inputs.map((i) => gradient.get(i) ?? null);
}
