// Parameters in lists and by name. In: parameters, or tensors that become some. Out: a module that owns them, so that its owner finds them.

import { atCaller, IndexError, Parameter } from '../runtime/public.ts';
import type { Tensor } from '../runtime/public.ts';
import type { Named } from './module.ts';
import { Container } from './sequential.ts';

const asParameter = (x: Tensor): Parameter => (x instanceof Parameter ? x : new Parameter(x));
/** PyTorch's lines, in which a list names the dtype and a dictionary the old type. */
const described = (parameters: Named<Parameter>, typeOf: (dtype: string) => string): string =>
  parameters
    .map(
      ([name, { dtype, shape }]) =>
        `  (${name}): Parameter containing: [torch.${typeOf(dtype)} of size ${shape.join('x')}]`,
    )
    .join('\n');
const oldType = (dtype: string): string => (dtype === 'float64' ? 'DoubleTensor' : 'FloatTensor');

/** Parameters in an array; their names are 0, 1, ... */
export class ParameterList extends Container {
  constructor(values: Iterable<Tensor> = []) {
    super();
    this.extend(values);
  }
  override get length(): number {
    return this.parameters({ recurse: false }).length;
  }
  [Symbol.iterator](): Iterator<Parameter> {
    return this.parameters({ recurse: false })[Symbol.iterator]();
  }
  /** The parameter at a place; negative ones count from the end. */
  at(index: number): Parameter {
    const found = this.parameters({ recurse: false }).at(index);
    if (!found || !Number.isInteger(index)) throw atCaller(new IndexError(`index ${index} is out of range`));
    return found;
  }
  append(value: Tensor): this {
    this.registerParameter(String(this.length), asParameter(value));
    return this;
  }
  extend(values: Iterable<Tensor>): this {
    for (const value of values) this.append(value);
    return this;
  }
  override extraRepr(): string {
    return described(this.namedParameters(), (dtype) => dtype);
  }
}

/** Parameters by name. */
export class ParameterDict<T extends Readonly<Record<string, Tensor>>> extends Container {
  constructor(values: T) {
    super();
    for (const [name, value] of Object.entries(values)) this.registerParameter(name, asParameter(value));
  }
  get(name: keyof T & string): Parameter {
    const found = this.namedParameters({ recurse: false }).find(([key]) => key === name)?.[1];
    if (!found) throw atCaller(new IndexError(`'${name}' is no parameter of this ParameterDict`));
    return found;
  }
  override extraRepr(): string {
    return described(this.namedParameters(), oldType);
  }
}
