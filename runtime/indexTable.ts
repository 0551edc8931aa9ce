// Index arithmetic of whole arrays. In: shapes, strides, views, the axes of a gather. Out: tables of flat indices, one entry per
// element. The interpreter makes them once per node; what remains per run are plain loops over them.

import { IndexError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import type { GatherAxis } from '../compiler/op.ts';
import { numel, stridesOf } from '../compiler/shape.ts';
import type { Shape } from '../compiler/shape.ts';
import { broadcastView } from '../compiler/view.ts';
import type { View } from '../compiler/view.ts';
import type { TypedArray } from './buffer.ts';

/** offset + sum of strides[axis] * index[axis], for every index of a shape in row-major order. */
export function indexTable(shape: Shape, strides: readonly number[], offset = 0): Int32Array {
  const table = new Int32Array(numel(shape));
  if (table.length === 0) return table;
  table[0] = offset;
  let filled = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    for (let k = 1; k < shape[axis]; k++)
      for (let i = 0; i < filled; i++) table[k * filled + i] = table[i] + k * strides[axis];
    filled *= shape[axis];
  }
  return table;
}

/** The index along one axis, for every element of a shape. */
export const axisTable = (shape: Shape, axis: number): Int32Array =>
  indexTable(
    shape,
    shape.map((_, i) => (i === axis ? 1 : 0)),
  );

/** For every output index the flat input index that a view reads, or -1 for its fill: `readIndex` of a whole shape. */
export function viewTable(view: View, input: Shape, output: Shape): Int32Array {
  if (view.tag === 'reshape') return indexTable([numel(output)], [1]);
  const strides = stridesOf(input);
  const flat = new Int32Array(numel(output));
  view.axes.forEach((map, i) => {
    const coefs = new Array<number>(output.length).fill(0);
    for (const [axis, coef] of map.terms) coefs[axis] = coef;
    const values = indexTable(output, coefs, map.offset);
    const div = map.div ?? 1;
    for (let o = 0; o < flat.length; o++) {
      const value = values[o] / div;
      if (flat[o] >= 0)
        flat[o] =
          value >= 0 && value < input[i] && Number.isInteger(value) ? flat[o] + value * strides[i] : -1;
    }
  });
  return flat;
}

/**
 * Flat places in an array of `shape` for every index of `over`, as a gather or scatter finds them from its inputs' values.
 * IndexError, in PyTorch's words, for an index outside.
 */
export function preparePlaces(
  n: Node,
  axes: readonly GatherAxis[],
  shape: Shape,
  over: Shape,
): (inputs: readonly TypedArray[]) => Int32Array {
  const strides = stridesOf(shape);
  const perAxis = new Array<number>(over.length).fill(0);
  axes.forEach((from, i) => {
    if ('axis' in from) perAxis[from.axis] += strides[i];
  });
  const base = indexTable(over, perAxis);
  const dynamic = axes.flatMap((from, i) => {
    if ('axis' in from) return [];
    const indexShape = n.inputs[from.input].type.shape;
    return [
      { axis: i, input: from.input, table: viewTable(broadcastView(indexShape, over), indexShape, over) },
    ];
  });
  return (inputs) => {
    const places = base.slice();
    for (const { axis, input, table } of dynamic) {
      const index = inputs[input];
      for (let o = 0; o < places.length; o++) {
        const value = index[table[o]];
        if (!(value >= 0 && value < shape[axis]))
          throw new IndexError(
            `index ${value} is out of bounds for dimension ${axis} with size ${shape[axis]}`,
          );
        places[o] += value * strides[axis];
      }
    }
    return places;
  };
}
