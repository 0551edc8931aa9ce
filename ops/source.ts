// Where values come from: inputs, constants and index ramps. In: types and numbers. Out: nodes without inputs. A constant is one
// number everywhere and takes no memory: kernels write it into their text.

import type { DType } from '../compiler/dtype.ts';
import { node } from '../compiler/node.ts';
import type { Node, TensorType } from '../compiler/node.ts';
import { defineOp } from '../compiler/op.ts';
import { castNumber } from '../compiler/scalar.ts';
import type { Shape } from '../compiler/shape.ts';

interface InputAttrs extends TensorType {
  readonly name: string | null;
  /** Keeps two inputs of one type apart. */
  readonly serial: number;
}

const inputOp = defineOp<InputAttrs>({
  name: 'input',
  type: (_, { shape, dtype }) => ({ shape, dtype }),
  meaning: () => ({ tag: 'input' }),
});

let inputCount = 0;

/** A fresh place that is bound when a program runs; no two are the same node. */
export const input = ({ shape, dtype }: TensorType, name: string | null = null): Node =>
  node(inputOp, [], { shape, dtype, name, serial: inputCount++ });

interface ConstantAttrs extends TensorType {
  readonly value: number;
}

const constantOp = defineOp<ConstantAttrs>({
  name: 'constant',
  type: (_, { shape, dtype }) => ({ shape, dtype }),
  meaning: ({ attrs }) => ({ tag: 'constant', value: attrs.value }),
});

/** One number everywhere, rounded to the dtype. */
export const constant = (value: number, dtype: DType, shape: Shape = []): Node =>
  node(constantOp, [], { value: castNumber(dtype, value), dtype, shape });

/** 0 everywhere. */
export const zeros = (shape: Shape, dtype: DType): Node => constant(0, dtype, shape);
/** 1 everywhere. */
export const ones = (shape: Shape, dtype: DType): Node => constant(1, dtype, shape);
/** One number in the shape and dtype of another node. */
export const fullLike = (x: Node, value: number): Node => constant(value, x.type.dtype, x.type.shape);
/** 0 in the shape and dtype of another node. */
export const zerosLike = (x: Node): Node => fullLike(x, 0);
/** 1 in the shape and dtype of another node. */
export const onesLike = (x: Node): Node => fullLike(x, 1);

interface IotaAttrs extends TensorType {
  readonly axis: number;
  readonly offset: number;
  readonly step: number;
}

const iotaOp = defineOp<IotaAttrs>({
  name: 'iota',
  type: (_, { shape, dtype }) => ({ shape, dtype }),
  meaning: ({ attrs: { axis, offset, step } }) => ({ tag: 'iota', axis, offset, step }),
});

/** offset + step * (index along an axis of `shape`). */
export const iota = (shape: Shape, axis: number, dtype: DType, offset = 0, step = 1): Node =>
  node(iotaOp, [], { shape, dtype, axis, offset, step });
