// What the runtime keeps about a tensor: data only. Every file of runtime/ may read and change it; users never see it.

import type { Node, Origin, TensorType } from '../compiler/node.ts';
import type { Edge, GradFn } from './autograd/gradFn.ts';
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
