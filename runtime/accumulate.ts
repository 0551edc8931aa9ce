// The part of the interpreter in which several values meet in one place: reductions, contractions and scatters. In: a node. Out: a
// step that fills an array from the inputs' arrays. Everything adds up in double and is rounded to the node's dtype once, at
// the end; products of integers wrap exactly.

import { isInteger } from '../compiler/dtype.ts';
import type { Node } from '../compiler/node.ts';
import { identityOf } from '../compiler/op.ts';
import type { GatherAxis, Meaning, Monoid, ScatterMode } from '../compiler/op.ts';
import { castNumber, primitives } from '../compiler/scalar.ts';
import { numel, stridesOf } from '../compiler/shape.ts';
import type { Shape } from '../compiler/shape.ts';
import type { TypedArray } from './buffer.ts';
import { indexTable, preparePlaces } from './indexTable.ts';

/** Fills `out` from the inputs' values; made once per node. */
export type Step = (inputs: readonly TypedArray[], out: TypedArray) => void;

export function prepareReduce(n: Node, axes: readonly number[], monoid: Monoid): Step {
  const { shape, dtype } = n.inputs[0].type;
  const kept = shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const reduced = shape.map((size, axis) => (axes.includes(axis) ? size : 1));
  const hide = (strides: readonly number[], sizes: Shape): number[] =>
    strides.map((stride, i) => (sizes[i] === 1 ? 0 : stride));
  const target = indexTable(shape, hide(stridesOf(kept), kept));
  const start = identityOf(monoid, dtype);
  const elements = numel(n.type.shape);
  if (monoid === 'argmax' || monoid === 'argmin') {
    const place = indexTable(shape, hide(stridesOf(reduced), reduced));
    const beats = monoid === 'argmax' ? (a: number, b: number) => a > b : (a: number, b: number) => a < b;
    return ([x], out) => {
      const best = new Float64Array(elements);
      const seen = new Uint8Array(elements);
      for (let i = 0; i < x.length; i++) {
        const o = target[i];
        if (seen[o] && (Number.isNaN(best[o]) || !(Number.isNaN(x[i]) || beats(x[i], best[o])))) continue;
        seen[o] = 1;
        best[o] = x[i];
        out[o] = place[i];
      }
    };
  }
  const combine = monoids(isInteger(n.type.dtype))[monoid];
  return ([x], out) => {
    const sum = new Float64Array(elements).fill(start);
    for (let i = 0; i < x.length; i++) sum[target[i]] = combine(sum[target[i]], x[i]);
    store(n, sum, out);
  };
}

type Combine = (a: number, b: number) => number;

const monoids = (integer: boolean): Readonly<Record<Exclude<Monoid, 'argmax' | 'argmin'>, Combine>> => ({
  sum: (a, b) => a + b,
  prod: integer ? Math.imul : (a, b) => a * b,
  max: primitives.max.meaning,
  min: primitives.min.meaning,
  any: (a, b) => (a !== 0 || b !== 0 ? 1 : 0),
  all: (a, b) => (a !== 0 && b !== 0 ? 1 : 0),
});

/** Double accumulators into the node's dtype. */
function store(n: Node, from: Float64Array, out: TypedArray): void {
  for (let o = 0; o < out.length; o++) out[o] = castNumber(n.type.dtype, from[o]);
}

export function prepareContract(n: Node, { a, b, out: labels }: Extract<Meaning, { tag: 'contract' }>): Step {
  const [aShape, bShape] = n.inputs.map((i) => i.type.shape);
  const sizes = new Map([
    ...a.map((label, i) => [label, aShape[i]] as const),
    ...b.map((label, i) => [label, bShape[i]] as const),
  ]);
  const summed = [...sizes.keys()].filter((label) => !labels.includes(label));
  const tableOf = (operand: readonly number[], shape: Shape, over: readonly number[]): Int32Array => {
    const strides = stridesOf(shape);
    const at = over.map((label) => (operand.includes(label) ? strides[operand.indexOf(label)] : 0));
    return indexTable(
      over.map((label) => sizes.get(label)!),
      at,
    );
  };
  const aOut = tableOf(a, aShape, labels);
  const bOut = tableOf(b, bShape, labels);
  const aSum = tableOf(a, aShape, summed);
  const bSum = tableOf(b, bShape, summed);
  const times = isInteger(n.type.dtype) ? Math.imul : null;
  return ([x, y], out) => {
    for (let o = 0; o < out.length; o++) {
      let sum = 0;
      const p = aOut[o];
      const q = bOut[o];
      if (times) for (let k = 0; k < aSum.length; k++) sum += times(x[p + aSum[k]], y[q + bSum[k]]);
      else for (let k = 0; k < aSum.length; k++) sum += x[p + aSum[k]] * y[q + bSum[k]];
      out[o] = castNumber(n.type.dtype, sum);
    }
  };
}

export function prepareScatter(n: Node, axes: readonly GatherAxis[], mode: ScatterMode): Step {
  const placesOf = preparePlaces(n, axes, n.type.shape, n.inputs[1].type.shape);
  const combine = combineScatter(mode, isInteger(n.type.dtype));
  return (inputs, out) => {
    const places = placesOf(inputs);
    const sum = Float64Array.from(inputs[0]);
    for (let k = 0; k < places.length; k++) sum[places[k]] = combine(sum[places[k]], inputs[1][k]);
    store(n, sum, out);
  };
}

function combineScatter(mode: ScatterMode, integer: boolean): Combine {
  const table = monoids(integer);
  return {
    set: (_: number, b: number) => b,
    add: table.sum,
    mul: table.prod,
    max: table.max,
    min: table.min,
  }[mode];
}
