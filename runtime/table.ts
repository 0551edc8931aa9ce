// What is special about operators as functions of tensors: their options, who returns views, who needs how many arguments, which are
// methods and which have an in-place form. Plain data; `methods.ts` and `functions.ts` are made from it. TypeScript checks the lists of
// options against the operators.

import type { Node } from '../compiler/node.ts';
import type * as ops from '../ops/index.ts';

export type Ops = typeof ops;
export type OpName = keyof Ops;

/** The keys of the objects among a function's parameters. */
type OptionKey<F> = F extends (...args: infer A) => unknown ? KeysOf<Exclude<A[number], undefined | null>> : never;
type KeysOf<T> = T extends Node
  ? never
  : T extends readonly unknown[]
    ? never
    : T extends object
      ? Extract<keyof T, string>
      : never;
type WithOptions = { [K in OpName]: [OptionKey<Ops[K]>] extends [never] ? never : K }[OpName];

const affine = { weight: true, bias: true, eps: true } as const;
const convolution = { stride: true, padding: true, dilation: true, groups: true } as const;
const transposed = { ...convolution, outputPadding: true } as const;
const maxPooling = { stride: true, padding: true, ceilMode: true, dilation: true } as const;
const avgPooling = { stride: true, padding: true, ceilMode: true, countIncludePad: true, divisorOverride: true } as const;
const reduction = { reduction: true } as const;
const bce = { weight: true, reduction: true } as const;
const weights = { beta: true, alpha: true } as const;
const softmaxes = { dtype: true } as const;
const dim = { dim: true } as const;
const moments = { keepdim: true, correction: true, unbiased: true } as const;
const triangle = { diagonal: true } as const;
const norms = { p: true, dim: true, keepdim: true } as const;
const margin = { margin: true, reduction: true } as const;

/** The options of every operator that has some. */
export const optionTable: { readonly [K in WithOptions]: Readonly<Record<OptionKey<Ops[K]>, true>> } = {
  add: { alpha: true },
  sub: { alpha: true },
  subtract: { alpha: true },
  rsub: { alpha: true },
} as never;
void [affine, convolution, transposed, maxPooling, avgPooling, reduction, bce, weights, softmaxes, dim, moments, triangle, norms, margin];
