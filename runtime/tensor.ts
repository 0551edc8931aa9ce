// The tensor a user holds: a light handle on a cell, with what autograd knows about it. In: a cell, or a path of views through one.
// Out: the properties of API.md. Everything that computes is a lifted operator (`functions.ts`) or a function of its own file; this
// class only names them.

import type { DType } from '../compiler/dtype.ts';
import { AutogradError, IndexError } from '../compiler/errors.ts';
import type { TensorType } from '../compiler/node.ts';
import { checkDim, numel } from '../compiler/shape.ts';
import type { Shape } from '../compiler/shape.ts';
import { input } from '../ops/source.ts';
import { copyOf } from './buffer.ts';
import type { TypedArray } from './buffer.ts';
import type { GradFn } from './autograd/gradFn.ts';
import { assignGrad, gradOf } from './autograd/accumulate.ts';
import { registerTensorHook, registerPostAccumulateHook, retainGrad } from './autograd/hooks.ts';
import type { HookHandle, PostAccumulateHook, TensorHook } from './autograd/hooks.ts';
import { inInferenceMode } from './autograd/mode.ts';
import type { Cell } from './cell.ts';
import { makeCell } from './cell.ts';
import { Core } from './core.ts';
import type { Path } from './core.ts';
import { detachInPlace, setData, setRequiresGrad } from './inplace.ts';
import { currentOrigin, publicCall } from './origin.ts';
import { printTensor, printTensorGraph } from './print.ts';
import { nested, onlyElement, readElements } from './read.ts';
import { activeTrace } from './trace.ts';
import { refreshView } from './views.ts';
import type { Methods } from './methods.ts';

export type { Core, Path } from './core.ts';

/** What every function that creates a tensor takes. */
export interface TensorOptions {
  readonly dtype?: DType;
  readonly requiresGrad?: boolean;
}

/** A multi-dimensional array of one dtype, computed when its value is asked for. */
export class Tensor {
  readonly #core: Core;
  /** What the runtime keeps; not part of the interface. */
  get core(): Core {
    return this.#core;
  }

  /** Use `tensor`, `zeros`, ... instead. */
  constructor(cell: Cell, path: Path | null = null, type: TensorType = cell.type) {
    this.#core = new Core(cell, type, path, inInferenceMode(), activeTrace(), currentOrigin());
  }

  get shape(): Shape {
    return this.core.type.shape;
  }
  get dtype(): DType {
    return this.core.type.dtype;
  }
  get ndim(): number {
    return this.core.type.shape.length;
  }
  get numel(): number {
    return numel(this.core.type.shape);
  }
  /** The length of one dimension. */
  size(dim: number): number {
    const { shape } = this;
    return (
      shape[dim < 0 ? dim + shape.length : dim] ??
      publicCall('size', () => shape[checkDim(dim, shape.length)])
    );
  }

  /** True if operations on it are recorded: a leaf that asked for it, or a result of such a recording. */
  get requiresGrad(): boolean {
    return this.core.wantsGrad || this.gradFn !== null;
  }
  set requiresGrad(flag: boolean) {
    setRequiresGrad(this, flag, 'only Tensors of floating point and complex dtype can require gradients');
  }
  /** Changes the flag and returns the tensor. */
  requiresGrad_(flag = true): this {
    setRequiresGrad(this, flag, 'only Tensors of floating point dtype can require gradients');
    return this;
  }
  /** True if no recorded operation made it. */
  get isLeaf(): boolean {
    return this.gradFn === null;
  }
  /** The operation that made it, if it was recorded. */
  get gradFn(): GradFn | null {
    refreshView(this);
    return this.core.gradFn;
  }
  /** The gradient that backward passes have added up, or null. */
  get grad(): Tensor | null {
    return gradOf(this);
  }
  set grad(value: Tensor | null) {
    assignGrad(this, value);
  }
  get retainsGrad(): boolean {
    return this.core.retainsGrad;
  }
  /** How often its storage was written in place. */
  get version(): number {
    if (this.core.inference) throw new AutogradError('Inference tensors do not track version counter.');
    return this.core.cell.version;
  }

  /** The same storage without history: what is written to it is seen by both. */
  get data(): Tensor {
    return this.detach();
  }
  set data(value: Tensor) {
    setData(this, value);
  }
  /** The same storage without history. */
  detach(): Tensor {
    const { cell, path, type, layout } = this.core;
    const result = new Tensor(cell, path, type);
    result.core.layout = layout;
    return result;
  }
  /** Cuts the tensor off from its history; not for views. */
  detach_(): this {
    detachInPlace(this);
    return this;
  }

  /** Keeps the gradient of a tensor that is not a leaf in `.grad` as well. */
  retainGrad(): void {
    retainGrad(this);
  }
  /** Calls `hook` with the gradient of this tensor once it is complete; what it returns, if anything, takes its place. */
  registerHook(hook: TensorHook): HookHandle {
    return registerTensorHook(this, hook);
  }
  /** Calls `hook` with this leaf after its `.grad` has been updated. */
  registerPostAccumulateGradHook(hook: PostAccumulateHook): HookHandle {
    return registerPostAccumulateHook(this, hook);
  }

  /** The value of a tensor of one element. */
  item(): number | boolean {
    return onlyElement(this);
  }
  /** Nested arrays; a plain value for a scalar. */
  toArray(): NestedArray {
    return nested(this);
  }
  /** A row-major copy of the elements; booleans are 0 and 1. */
  toTypedArray(): TypedArray {
    return copyOf(readElements(this, 'toTypedArray'));
  }
  /** PyTorch's text. */
  toString(): string {
    return printTensor(this);
  }
  /** The lazy graph below this tensor as text; what has been computed already appears as an input. */
  graph(): string {
    return printTensorGraph(this);
  }

  get T(): Tensor {
    return this.permute(this.shape.map((_, i) => this.ndim - 1 - i));
  }
  get mT(): Tensor {
    if (this.ndim < 2)
      throw new IndexError(
        `tensor.mT is only supported on matrices or batches of matrices. Got ${this.ndim}-D tensor.`,
      );
    return this.transpose(-2, -1);
  }
  /** The conjugate transpose of a matrix; of real numbers, the transpose. */
  get H(): Tensor {
    const advice = this.ndim > 2 ? ' For batches of matrices, consider using tensor.mH' : '';
    if (this.ndim !== 2 && this.ndim !== 0)
      throw new IndexError(
        `tensor.H is only supported on matrices (2-D tensors). Got ${this.ndim}-D tensor.${advice}`,
      );
    return this.ndim === 0 ? this : this.transpose(0, 1);
  }
  /** The conjugate transpose of matrices; of real numbers, the transpose. */
  get mH(): Tensor {
    if (this.ndim < 2)
      throw new IndexError(
        `tensor.mH is only supported on matrices or batches of matrices. Got ${this.ndim}-D tensor.`,
      );
    return this.mT;
  }

  /** The slices along the first dimension. */
  *[Symbol.iterator](): Generator<Tensor, void, undefined> {
    if (this.ndim === 0) throw new IndexError('iteration over a 0-d tensor');
    yield* this.unbind(0);
  }
  /** Lets `a < b` and `${a}` work on tensors of one element, by their value. */
  [Symbol.toPrimitive](hint: string): number | string {
    return hint === 'number' ? Number(onlyElement(this)) : printTensor(this);
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return printTensor(this);
  }
}

// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- the methods of all operators, see methods.ts
export interface Tensor extends Methods {}

/** What toArray gives: a number or boolean for a scalar, otherwise arrays of arrays. */
export type NestedArray = number | boolean | readonly NestedArray[];

/** In a trace: a tensor that stands for one whose value is known when the program runs. */
export function placeholderOf(type: TensorType): Tensor {
  const node = input(type);
  const x = new Tensor(makeCell(node));
  activeTrace()?.beginnings.set(x, node);
  return x;
}

/** A leaf that belongs to a module and is trained: prints as a Parameter, requires grad unless told otherwise. */
export class Parameter extends Tensor {
  constructor(data: Tensor, requiresGrad = true) {
    const { cell, path, type } = data.core;
    super(cell, path, type);
    this.core.isParameter = true;
    if (requiresGrad) this.requiresGrad = true;
  }
}
