// Values of tensors in tests, through the public interface. In: what a function gave: tensors, or arrays and objects of them. Out: plain
// numbers to compare.

import * as g from '../../index.ts';
import type { Tensor } from '../../index.ts';

/** A float64 tensor. */
export const f64 = (data: g.TensorData): Tensor => g.tensor(data, { dtype: 'float64' });

/** The same nesting with arrays of numbers in the place of tensors. */
export function nested(x: unknown): unknown {
  if (g.isTensor(x)) return x.toArray();
  if (Array.isArray(x)) return x.map(nested);
  if (typeof x !== 'object' || x === null) return x;
  return Object.fromEntries(Object.entries(x).map(([key, value]) => [key, nested(value)]));
}

/** The elements one after the other. */
export const flat = (x: Tensor): number[] => Array.from(x.toTypedArray());
