// What the runtime keeps about a tensor: data, which every file of runtime/ may read and change and users never see. In: a tensor. Out: whether
// it is one, and the node of its value. Files that make no tensors need no more than this, and stay out of the circle of those that do.

import type { Node, Origin, TensorType } from '../compiler/node.ts';
import type { Edge, GradFn } from './autograd/gradFn.ts';
import { nodeOf } from './cell.ts';
import type { Cell } from './cell.ts';
import type { Layout } from './layout.ts';
import type { Tensor } from './tensor.ts';
import type { Trace } from './trace.ts';
import type { ViewOf } from './views.ts';

/** How a view reads its cell: view operators applied to the node of the whole. */
export type Path = (whole: Node) => Node;

/**
 * What the runtime keeps about a tensor. Not for users.
 *
 * Cores, cells and buffers are objects of classes and not literals: V8 takes note of literals whose objects live long, and tracing makes
 * many. From then on it would make every result of every call among the long-lived as well (2.5 us instead of 0.2 for the smallest call).
 */
export class Core {
  /** The node of the path over the cell's node, as it was last built. */
  seen: { readonly whole: Node; readonly node: Node } | null = null;
  /** Where its elements lie; decides whether `reshape` is a view. */
  layout: Layout = 'dense';
  /** The flag of a leaf. */
  wantsGrad = false;
  gradFn: GradFn | null = null;
  /** Which output of `gradFn` it is. */
  outputIndex = 0;
  /** Made within a jvp where nothing else is recorded: where its tangent comes from. */
  tangentEdge: Edge | null = null;
  grad: Tensor | null = null;
  retainsGrad = false;
  /** Adds up the gradient of a leaf. */
  accumulator: GradFn | null = null;
  /** For a view that autograd follows: of what. */
  viewOf: ViewOf | null = null;
  isParameter = false;
  /** For what stands for an argument of a compiled function: the tensor of the present call. */
  standsFor: (() => Tensor) | null = null;

  constructor(
    readonly cell: Cell,
    readonly type: TensorType,
    readonly path: Path | null,
    readonly inference: boolean,
    readonly trace: Trace | null,
    readonly origin: Origin | null,
  ) {}
}

/** True for tensors, parameters among them. */
export const isTensor = (value: unknown): value is Tensor =>
  typeof value === 'object' && value !== null && 'core' in value && value.core instanceof Core;

/** The node of a tensor's present value. */
export function nodeOfTensor({ core }: Tensor): Node {
  const whole = nodeOf(core.cell);
  if (core.path === null) return whole;
  if (core.seen?.whole !== whole) core.seen = { whole, node: core.path(whole) };
  return core.seen!.node;
}
