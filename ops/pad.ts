// Padding. In: a node and the widths as PyTorch orders them, [last before, last after, second last before, ...]; a negative width
// crops. Out: for a constant an affine view that reads its fill outside; for reflect, replicate and circular a choice, by the
// index along the axis, among views of the input.

import { ShapeError, ValueError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import { defineOp } from '../compiler/op.ts';
import type { Shape } from '../compiler/shape.ts';
import type { AxisMap } from '../compiler/view.ts';
import { along } from '../compiler/view.ts';
import { lt } from './compare.ts';
import { where } from './select.ts';
import { iota } from './source.ts';
import { affine, affineOp, affineView } from './view-affine.ts';
import { viewRules } from './view-rules.ts';

export type PadMode = 'constant' | 'reflect' | 'replicate' | 'circular';

const constantPad = affineOp('constantPad', 'ConstantPadNdBackward0');

/** Widths by dimension, first to last, from PyTorch's list. */
function widths(pad: readonly number[], shape: Shape): (readonly [before: number, after: number])[] {
  if (pad.length % 2 !== 0) throw new ValueError('Padding length must be divisible by 2');
  if (pad.length / 2 > shape.length)
    throw new ShapeError('Padding length should be less than or equal to two times the input dimension');
  if (!pad.every(Number.isInteger))
    throw new ValueError(`pad(): widths must be whole numbers, but got [${pad.join(', ')}]`);
  return shape.map((_, i) => {
    const k = 2 * (shape.length - 1 - i);
    return k < pad.length ? [pad[k], pad[k + 1]] : [0, 0];
  });
}

function paddedShape(shape: Shape, by: readonly (readonly [number, number])[]): number[] {
  return shape.map((size, i) => {
    const [before, after] = by[i];
    const padded = size + before + after;
    if (padded < 0)
      throw new ShapeError(
        `The input size ${size}, plus negative padding ${before} and ${after}, resulted in a negative output size, which is invalid. Check dimension ${i} of your input.`,
      );
    return padded;
  });
}

/** Constant padding by width of each dimension, first to last: `padBy(x, [[1, 2], [0, 0]], 0)`. */
export const padBy = (
  x: Node,
  by: readonly (readonly [before: number, after: number])[],
  fill: number,
): Node =>
  affineView(
    constantPad,
    x,
    paddedShape(x.type.shape, by),
    by.map(([before], i) => along(i, 1, -before)),
    fill,
  );

interface BorderAttrs {
  readonly mode: Exclude<PadMode, 'constant'>;
  readonly by: readonly (readonly [number, number])[];
  /** How many dimensions were given widths. */
  readonly spatial: number;
}

const gradNames = { reflect: 'ReflectionPad', replicate: 'ReplicationPad' } as const;

const borderPad = defineOp<BorderAttrs>({
  name: 'borderPad',
  type: ([x], { by }) => ({ shape: paddedShape(x.shape, by), dtype: x.dtype }),
  meaning: ({ inputs: [x], attrs: { by, mode } }) => ({
    tag: 'composite',
    expand: () => by.reduce((padded, [before, after], axis) => padAxis(padded, axis, before, after, mode), x),
  }),
  gradName: ({ attrs: { mode, spatial } }) =>
    mode === 'circular' ? 'torch::autograd::CopySlices' : `${gradNames[mode]}${spatial}DBackward0`,
  saves: ({ attrs: { mode } }): Readonly<Record<string, number>> => (mode === 'circular' ? {} : { self: 0 }),
});

/** One axis of a border padding: index o - before, answered from inside where it falls outside; negative widths leave out. */
function padAxis(x: Node, axis: number, before: number, after: number, mode: BorderAttrs['mode']): Node {
  if (before === 0 && after === 0) return x;
  const { shape } = x.type;
  const size = shape[axis];
  const out = shape.map((s, i) => (i === axis ? s + before + after : s));
  const read = (map: AxisMap): Node =>
    affineView(
      affine,
      x,
      out,
      shape.map((_, i) => (i === axis ? map : along(i))),
      0,
    );
  const outside: Readonly<Record<BorderAttrs['mode'], readonly [low: AxisMap, high: AxisMap]>> = {
    reflect: [along(axis, -1, before), along(axis, -1, before + 2 * (size - 1))],
    replicate: [
      { offset: 0, terms: [] },
      { offset: size - 1, terms: [] },
    ],
    circular: [along(axis, 1, size - before), along(axis, 1, -before - size)],
  };
  const [low, high] = outside[mode].map(read);
  const index = iota(out, axis, 'int32');
  return where(lt(index, before), low, where(lt(index, before + size), read(along(axis, 1, -before)), high));
}

/**
 * Pads the last dimensions. `reflect`, `replicate` and `circular` pad the last 1, 2 or 3 dimensions behind batch and channel;
 * reflect needs widths below the size, circular at most the size.
 */
export function pad(
  x: Node,
  pad: readonly number[],
  options: { readonly mode?: PadMode; readonly value?: number | null } = {},
): Node {
  const { mode = 'constant', value } = options;
  const { shape } = x.type;
  const by = widths(pad, shape);
  if (mode === 'constant') return padBy(x, by, value ?? 0);
  if (!['reflect', 'replicate', 'circular'].includes(mode))
    throw new ValueError(`Unrecognised padding mode ${mode}`);
  if (value !== undefined && value !== null && value !== 0)
    throw new ValueError(`Padding mode "${mode}" doesn't take in value argument`);
  const spatial = pad.length / 2;
  if (spatial < 1 || spatial > 3 || (shape.length !== spatial + 1 && shape.length !== spatial + 2))
    throw new ShapeError('Only 2D, 3D, 4D, 5D padding with non-constant padding are supported for now');
  paddedShape(shape, by);
  by.forEach(([before, after], i) => {
    const widest = Math.max(before, after);
    if (mode === 'reflect' && widest >= shape[i] && widest > 0)
      throw new ShapeError(
        `Padding size should be less than the corresponding input dimension, but got: padding (${before}, ${after}) at dimension ${i} of input ${JSON.stringify(shape)}`,
      );
    if (mode === 'circular' && widest > shape[i])
      throw new ShapeError('Padding value causes wrapping around more than once.');
  });
  const whole = by.every(([before, after]) => before >= 0 && after >= 0);
  // what a negative width cuts off is no longer there to be repeated, but a reflection still sees it
  if (mode === 'reflect' || whole) return node(borderPad, [x], { mode, by, spatial });
  const grown = by.map(([before, after]) => [Math.max(before, 0), Math.max(after, 0)] as const);
  const cropped = by.map(([before, after]) => [Math.min(before, 0), Math.min(after, 0)] as const);
  return node(borderPad, [padBy(x, cropped, 0)], { mode, by: grown, spatial });
}

export const rules = viewRules([constantPad]);
