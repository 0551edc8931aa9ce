// Functions as modules. In: a function of tensors and options. Out: a class whose instances keep the options and apply the function. A layer
// without parameters is then one line.

import { Tensor } from '../runtime/public.ts';
import { Module } from './module.ts';
import { withDefaults } from './options.ts';

type Applied<I extends readonly Tensor[], O> = (...args: [...I, options: O]) => Tensor;

/** A function with fixed options. */
export class FunctionLayer<I extends readonly Tensor[], O> extends Module {
  readonly options: O;
  readonly #apply: Applied<I, O>;
  readonly #text: (options: O) => string;

  constructor(apply: Applied<I, O>, options: O, text: (options: O) => string) {
    super();
    this.options = options;
    this.#apply = apply;
    this.#text = text;
    // tensors among the options, such as the weights of classes, are buffers
    for (const [name, value] of Object.entries(options as object))
      if (value instanceof Tensor) this.registerBuffer(name, value);
  }
  forward(...inputs: I): Tensor {
    const buffers = this.namedBuffers();
    const options = buffers.length === 0 ? this.options : { ...this.options, ...Object.fromEntries(buffers) };
    return this.#apply(...inputs, options);
  }
  override extraRepr(): string {
    return this.#text(this.options);
  }
}

export type FunctionClass<I extends readonly Tensor[], O> = new (options?: Partial<O>) => FunctionLayer<I, O>;

/** The class for a function with options; what extends it gives the name. `text` prints the options as PyTorch does. */
export const layerOf = <I extends readonly Tensor[], O extends object>(
  apply: Applied<I, O>,
  defaults: O,
  text: (options: O) => string = () => '',
): FunctionClass<I, O> =>
  class extends FunctionLayer<I, O> {
    constructor(options?: Partial<O>) {
      super(apply, withDefaults(new.target.name, defaults, options), text);
    }
  };

/** The class for a function of one tensor and one argument that must be given, such as a dimension. */
export const layerWith = <A>(
  apply: (x: Tensor, argument: A) => Tensor,
  text: (argument: A) => string,
): new (argument: A) => FunctionLayer<[x: Tensor], A> =>
  class extends FunctionLayer<[x: Tensor], A> {
    constructor(argument: A) {
      super(apply, argument, text);
    }
  };
