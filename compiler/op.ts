// What an operator is: one literal that holds everything there is to know about it. In: nothing but data and pure functions.
// Out: for the passes, a `Meaning` in a handful of forms; no pass asks for an operator by name.

import type { DType } from './dtype.ts';
import type { Node, TensorType } from './node.ts';
import type { Rule } from './rewrite.ts';
import type { Scalar } from './scalar.ts';
import type { View } from './view.ts';

/** How a reduction combines. `argmax` and `argmin` carry a value with its index; the first of equals wins, NaN beats all. */
export type Monoid = 'sum' | 'prod' | 'max' | 'min' | 'any' | 'all' | 'argmax' | 'argmin';

/** How several writes to one place combine. */
export type ScatterMode = 'set' | 'add' | 'mul' | 'max' | 'min';

/** A host function on whole row-major arrays: one array per input, and the output to fill. */
export type RoutineRun = (
  inputs: readonly ArrayLike<number>[],
  output: NumberArray,
  types: readonly TensorType[],
) => void;
export interface NumberArray {
  readonly length: number;
  [index: number]: number;
}

export type Meaning =
  /** Bound from outside: a buffer, an argument, random numbers drawn by the runtime. */
  | { readonly tag: 'input' }
  /** One number everywhere. */
  | { readonly tag: 'constant'; readonly value: number }
  /** offset + step * (index along an axis). */
  | { readonly tag: 'iota'; readonly axis: number; readonly offset: number; readonly step: number }
  /**
   * Elementwise; inputs are broadcast to the output's shape (view.ts: broadcastView). `own`: one that only returns its input is there so
   * that the value lies in memory.
   */
  | { readonly tag: 'map'; readonly expr: Scalar; readonly own?: true }
  /** Over sorted axes of its one input; the output drops them, or keeps them as size 1. */
  | {
      readonly tag: 'reduce';
      readonly axes: readonly number[];
      readonly monoid: Monoid;
      readonly keepdim: boolean;
    }
  | { readonly tag: 'view'; readonly view: View }
  /**
   * Einstein sum of two inputs: each axis carries a label, an operand no label twice; labels absent from `out` are summed.
   * Every label of `out` stands in an operand.
   */
  | {
      readonly tag: 'contract';
      readonly a: readonly number[];
      readonly b: readonly number[];
      readonly out: readonly number[];
    }
  /**
   * out[o] = data[...], one entry per axis of the data (input 0): an axis of the output, or the value of index input
   * `input` (>= 1), which is broadcast to the output's shape. Indices are in range and not negative.
   */
  | { readonly tag: 'gather'; readonly axes: readonly GatherAxis[] }
  /**
   * A copy of input 0 into which input 1 (the source) is written in row-major order: out[...] (mode)= source[s]. One entry per
   * axis of the output: an axis of the source, or the value of index input `input` (>= 2), broadcast to the source's shape.
   */
  | { readonly tag: 'scatter'; readonly axes: readonly GatherAxis[]; readonly mode: ScatterMode }
  /** Named in prints and in gradFn, then replaced by what `expand` builds. */
  | { readonly tag: 'composite'; readonly expand: () => Node }
  /** Opaque: sort, cholesky, ... never fused. */
  | { readonly tag: 'routine'; readonly run: RoutineRun };

export type GatherAxis = { readonly axis: number } | { readonly input: number };

export interface Op<A = unknown> {
  readonly name: string;
  /** The type of the result; throws ShapeError or DTypeError in PyTorch's words. */
  type(inputs: readonly TensorType[], attrs: A): TensorType;
  meaning(node: Node<A>): Meaning;
  /**
   * The pullback: for each input its gradient, given the gradient `g` of the output, as new nodes of exactly that input's
   * shape and dtype. null means "no gradient" (undefined, not zeros). Only inputs with `wants[i]` are looked at. An operator
   * whose meaning is composite may leave it out: its expansion is differentiated. One that has neither is not differentiable.
   */
  vjp?(g: Node, node: Node<A>, wants: readonly boolean[]): readonly (Node | null)[];
  /** True if results never carry a gradient (comparisons, argmax, sign-like integers). */
  readonly nondifferentiable?: boolean;
  /** PyTorch's name of the backward node, if it is not the operator's name in CamelCase + `Backward0`. */
  gradName?(node: Node<A>): string;
  /**
   * What PyTorch keeps for backward under which name: an input's number or the output. Decides when a second backward fails;
   * empty for those that save nothing. `wants[i]`: input i requires a gradient.
   */
  saves?(node: Node<A>, wants: readonly boolean[]): Readonly<Record<string, number | 'output'>>;
  readonly rules?: readonly Rule[];
}

/** Declares an operator; only gives inference. */
export const defineOp = <A>(op: Op<A>): Op<A> => op;

/** The neutral start of a reduction. */
export function identityOf(monoid: Monoid, dtype: DType): number {
  switch (monoid) {
    case 'sum':
    case 'any':
      return 0;
    case 'prod':
    case 'all':
      return 1;
    case 'max':
    case 'argmax':
      return dtype === 'int32' ? -2147483648 : dtype === 'uint8' || dtype === 'bool' ? 0 : -Infinity;
    case 'min':
    case 'argmin':
      return dtype === 'int32' ? 2147483647 : dtype === 'uint8' ? 255 : dtype === 'bool' ? 1 : Infinity;
  }
}
