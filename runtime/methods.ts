// Methods: `x.relu()` for `relu(x)`, and in-place forms `x.relu_()`. In: the table of names. Out: methods on Tensor, which TypeScript knows
// from the same table.

import { zeros } from '../ops/source.ts';
import { constant } from '../ops/source.ts';
import { functions } from './functions.ts';
import type { Functions, Special } from './functions.ts';
import { inPlace } from './inplace.ts';
import { lift } from './lift.ts';
import { publicCall } from './origin.ts';
import type { Picked } from './results.ts';
import { inplaceNames, methodNames } from './table.ts';
import { Tensor } from './tensor.ts';

type MethodName = (typeof methodNames)[number];
type InplaceName = (typeof inplaceNames)[number];

interface SpecialMethods {
  max: Extreme;
  min: Extreme;
  median: Middle;
  nanmedian: Middle;
}
interface Extreme {
  (): Tensor;
  (other: Tensor): Tensor;
  (dim: number, keepdim?: boolean): Picked;
}
interface Middle {
  (): Tensor;
  (dim: number, keepdim?: boolean): Picked;
}

type MethodOf<F> = F extends (x: Tensor, ...rest: infer R) => infer T ? (...rest: R) => T : never;

type OperatorMethods = {
  [K in MethodName]: K extends keyof SpecialMethods ? SpecialMethods[K] : MethodOf<Functions[K]>;
};
type InplaceMethods = {
  [K in InplaceName as `${K}_`]: MethodOf<Functions[K]>;
};

export interface Methods extends OperatorMethods, InplaceMethods {}
void zeros; void constant; void lift; void publicCall;
export type { Special };
void inPlace; void functions; void Tensor;
