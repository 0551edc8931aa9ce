// What every node-level function of ops/ shares. In: nodes or plain numbers, as a formula is written. Out: nodes of one dtype.
// Shapes broadcast inside a map, so nothing is expanded here.

import { dtypeOfNumber, dtypes, isFloat, resultType } from '../compiler/dtype.ts';
import type { DType } from '../compiler/dtype.ts';
import { DTypeError } from '../compiler/errors.ts';
import type { Node, TensorType } from '../compiler/node.ts';
import { broadcastShapes } from '../compiler/shape.ts';
import type { Shape } from '../compiler/shape.ts';
import { cast } from './cast.ts';
import { constant } from './source.ts';

/** A node, or a number that is weak in promotion. */
export type Operand = Node | number | boolean;

export const isNode = (x: Operand): x is Node => typeof x === 'object';

/** The dtype in which operands compute together (PyTorch's promotion). */
export const commonType = (...operands: readonly Operand[]): DType =>
  resultType(
    operands.map((x) =>
      isNode(x)
        ? { dtype: x.type.dtype, standing: x.type.shape.length === 0 ? 'zeroDim' : 'dimensioned' }
        : { dtype: dtypeOfNumber(x), standing: 'number' },
    ),
  );

/** An operand as a node of a dtype: numbers become 0-d constants, others are cast if they must be. */
export function asNode(x: Operand, dtype: DType): Node {
  if (isNode(x)) return cast(x, dtype);
  if (typeof x !== 'number' && typeof x !== 'boolean') throw new TypeError('neither a node nor a number');
  return constant(Number(x), dtype);
}

/** Operands as nodes of their common dtype. */
export function together(...operands: readonly Operand[]): Node[] {
  const dtype = commonType(...operands);
  return operands.map((x) => asNode(x, dtype));
}

/** Throws for what is not float, as PyTorch does where its `kernel` is missing. */
export function checkFloats(kernel: string, x: Node): void {
  if (!isFloat(x.type.dtype))
    throw new DTypeError(`"${kernel}" not implemented for '${dtypes[x.type.dtype].torchName}'`);
}

/** The type of an elementwise result: broadcast shape, the dtype given or that of the first input. */
export const mapType = (inputs: readonly TensorType[], dtype: DType = inputs[0].dtype): TensorType => ({
  shape: broadcastShapes(...inputs.map((i) => i.shape)),
  dtype,
});

export type { Shape };

/** True for an operand that was given as a plain number. */
export const isNumber = (x: Node): boolean => x.op.name === 'constant' && x.type.shape.length === 0;

/** PyTorch's name of a backward that has one overload for two tensors, one for a number before a tensor, and one for a number after it. */
export const overloadedByNumber =
  (name: string) =>
  ({ inputs: [x, y] }: Node<unknown>): string =>
    `${name}Backward${isNumber(x) ? 1 : isNumber(y) ? 2 : 0}`;
