// Conversions under the names that methods have: `x.to('float64')`, `x.double()`, `x.contiguous()`. In: a node. Out: the node in another
// dtype, or itself.

import type { DType } from '../compiler/dtype.ts';
import { isDType } from '../compiler/dtype.ts';
import { DTypeError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { cast } from './cast.ts';

/** The same values in another dtype; `x` itself if it has it already. DTypeError for names that are no dtype. */
export function to(x: Node, dtype: DType): Node {
  if (!isDType(dtype)) throw new DTypeError(`to(): '${String(dtype)}' is not a dtype`);
  return cast(x, dtype);
}

/** In the dtype of another node. */
export const typeAs = (x: Node, other: Node): Node => cast(x, other.type.dtype);
/** As float32. */
export const float = (x: Node): Node => cast(x, 'float32');
/** As float64. */
export const double = (x: Node): Node => cast(x, 'float64');
/** As int32, cut towards 0. */
export const int = (x: Node): Node => cast(x, 'int32');
/** As uint8, wrapping. */
export const byte = (x: Node): Node => cast(x, 'uint8');
/** True where it is not 0. */
export const bool = (x: Node): Node => cast(x, 'bool');
/** Itself: every value is contiguous when it is computed. */
export const contiguous = (x: Node): Node => x;
