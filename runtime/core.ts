// What the runtime keeps about a tensor: data only. Every file of runtime/ may read and change it; users never see it.

import type { Node, Origin, TensorType } from '../compiler/node.ts';
import type { GradFn } from './autograd/gradFn.ts';
import type { Cell } from './cell.ts';
import type { Tensor } from './tensor.ts';
import type { Trace } from './trace.ts';
import type { ViewOf } from './views.ts';

/** How a view reads its cell: view operators applied to the node of the whole. */
export type Path = (whole: Node) => Node;

/** What the runtime keeps about a tensor. Not for users. */
export interface Core {
  readonly cell: Cell;
  readonly type: TensorType;
  readonly path: Path | null;
  /** The node of the path over the cell's node, as it was last built. */
  seen: { readonly whole: Node; readonly node: Node } | null;
  /** True as long as its elements lie in row-major order without gaps; decides whether `reshape` is a view. */
  contiguous: boolean;
  /** The flag of a leaf. */
  wantsGrad: boolean;
  gradFn: GradFn | null;
  /** Which output of `gradFn` it is. */
  outputIndex: number;
  grad: Tensor | null;
  retainsGrad: boolean;
  /** Adds up the gradient of a leaf. */
  accumulator: GradFn | null;
  /** For a view that autograd follows: of what. */
  viewOf: ViewOf | null;
  readonly inference: boolean;
  isParameter: boolean;
  /** For what stands for an argument of a compiled function: the tensor of the present call. */
  standsFor: (() => Tensor) | null;
  readonly trace: Trace | null;
  readonly origin: Origin | null;
}
