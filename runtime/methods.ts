// Methods: `x.relu()` for `relu(x)`, and in-place forms `x.relu_()`. In: the tables of names. Out: methods on Tensor, which TypeScript knows
// from the same tables.

import type { Node } from '../compiler/node.ts';
import { cast } from '../ops/cast.ts';
import * as ops from '../ops/index.ts';
import { asNode } from '../ops/operand.ts';
import { fullLike } from '../ops/source.ts';
import { expand } from '../ops/view.ts';
import { backward } from './autograd/backward.ts';
import type { BackwardOptions } from './autograd/backward.ts';
import { isTensor } from './core.ts';
import { functions } from './functions.ts';
import type { Extreme, Functions, Middle } from './functions.ts';
import { atIndex, indexTensor, setIndex } from './indexing.ts';
import type { IndexPart } from './indexing.ts';
import { inPlace, viewInPlace } from './inplace.ts';
import { lift } from './lift.ts';
import { maskedSelect, nonzero } from './masks.ts';
import { moreMethods } from './more.ts';
import type { MoreMethods } from './more.ts';
import { publicCall } from './origin.ts';
import { randomMethods } from './randomFill.ts';
import type { RandomMethods } from './randomFill.ts';
import { inplaceNames, inplaceViewGradName, inplaceViewNames, methodNames, traitsOf } from './table.ts';
import { Tensor } from './tensor.ts';

type MethodName = (typeof methodNames)[number];
type InplaceName = (typeof inplaceNames)[number] | (typeof inplaceViewNames)[number];

/** A function without its first parameter, which becomes `this`. */
type MethodOf<F> = F extends (x: Tensor, ...rest: infer R) => infer T ? (...rest: R) => T : never;

interface SpecialMethods {
  max: Extreme<[]>;
  min: Extreme<[]>;
  median: Middle<[]>;
  nanmedian: Middle<[]>;
}

type OperatorMethods = {
  [K in MethodName]: K extends keyof SpecialMethods ? SpecialMethods[K] : MethodOf<Functions[K]>;
};
type InplaceMethods = { [K in InplaceName as `${K}_`]: MethodOf<Functions[K]> };

interface OwnMethods {
  /**
   * Adds the gradient of this tensor to `.grad` of the leaves it was computed from. `gradient` is needed unless there is just one
   * element.
   */
  backward(gradient?: Tensor | null, options?: BackwardOptions): void;
  /** The slice at these indices of the first dimensions: `x.at(-1)` is the last row. */
  at(...indices: readonly number[]): Tensor;
  /** x[parts]: numbers, ranges [start, end, step?], null (a new dimension), '...', integer and boolean tensors. */
  index(...parts: readonly IndexPart[]): Tensor;
  /** x[parts] = value, in place. */
  set(parts: readonly IndexPart[], value: Tensor | number | boolean): Tensor;
  /** Writes the values of another tensor (broadcast, converted) into this one. */
  copy_(source: Tensor): Tensor;
  fill_(value: Tensor | number | boolean): Tensor;
  zero_(): Tensor;
  /** The elements where the mask holds, as a vector. Reads the mask. */
  maskedSelect(mask: Tensor): Tensor;
  /** The indices of the elements that are not 0, one row each. Reads the tensor. */
  nonzero(): Tensor;
}

export interface Methods extends OperatorMethods, InplaceMethods, OwnMethods, RandomMethods, MoreMethods {}

/** PyTorch's names of the backward of what overwrites a tensor, after the form that was called. */
const overwriting: Readonly<Partial<Record<string, (value: unknown) => string>>> = {
  copy_: () => 'CopyBackwards',
  fill_: (value) => (isTensor(value) ? 'FillBackward3' : 'FillBackward2'),
  zero_: () => 'ZeroBackward0',
};

const copyInto = lift(
  'copy_',
  ((x: Node, source: Node) => expand(cast(source, x.type.dtype), x.type.shape)) as never,
  {
    required: 2,
  },
);
const fillWith = lift(
  'fill_',
  ((x: Node, value: Node | number) =>
    typeof value === 'object'
      ? expand(asNode(value, x.type.dtype), x.type.shape)
      : fullLike(x, Number(value))) as never,
  {
    required: 2,
  },
);

const own = {
  backward,
  at: atIndex,
  index: indexTensor,
  set: setIndex,
  copy_: (x: Tensor, source: Tensor) => writing('copy_', x, [source], copyInto),
  fill_: (x: Tensor, value: Tensor | number | boolean) => writing('fill_', x, [value], fillWith),
  zero_: (x: Tensor) => writing('zero_', x, [0], fillWith),
  maskedSelect,
  nonzero,
};

/** What writes one value everywhere. */
const uniform = ['fill_', 'zero_'];

/** The in-place form of a function: its result is written into the first argument. */
function writing(
  name: string,
  x: Tensor,
  rest: readonly unknown[],
  call: (...args: unknown[]) => unknown,
): Tensor {
  const compute = (): Tensor => call(x, ...rest) as Tensor;
  return publicCall(
    name,
    () => inPlace(x, rest, compute, overwriting[name]?.(rest[0]), uniform.includes(name)),
    [x, ...rest],
  );
}

function install(name: string, call: (x: Tensor, ...rest: never[]) => unknown): void {
  const method = function (this: Tensor, ...rest: unknown[]): unknown {
    return (call as (...args: unknown[]) => unknown)(this, ...rest);
  };
  Object.defineProperty(method, 'name', { value: name });
  Object.defineProperty(Tensor.prototype, name, { value: method, configurable: true, writable: true });
}

/** The views of the forms in place: PyTorch numbers their backward functions on their own. */
const inplaceViews = Object.fromEntries(
  inplaceViewNames.map((name) => {
    const gradName = (args: readonly unknown[]): string => inplaceViewGradName(name, args);
    return [name, lift(name, ops[name], { ...traitsOf(name), gradName })];
  }),
) as Readonly<Record<(typeof inplaceViewNames)[number], (...args: unknown[]) => Tensor>>;

const table = functions as unknown as Readonly<Record<string, (...args: unknown[]) => unknown>>;
for (const name of methodNames) install(name, table[name] as never);
for (const name of inplaceNames)
  install(`${name}_`, ((x: Tensor, ...rest: unknown[]) =>
    writing(`${name}_`, x, rest, table[name])) as never);
for (const name of inplaceViewNames)
  install(`${name}_`, ((x: Tensor, ...rest: unknown[]) =>
    publicCall(`${name}_`, () => viewInPlace(x, () => inplaceViews[name](x, ...rest)), [
      x,
      ...rest,
    ])) as never);
for (const [name, call] of Object.entries({ ...own, ...randomMethods, ...moreMethods }))
  install(name, call as never);

export { Tensor };
