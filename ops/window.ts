// What convolutions are made of. In: a batch x [n, c, ...size], a weight w [o, c / groups, ...kernel], a result y [n, o, ...count] (two
// of the three) and where the windows lie. Out: the third. conv.ts has the functions that users call.
//
// A convolution is trilinear: s(x, w, y) = sum of y[n, o, q] * w[o, c, k] * x[n, c, stride * q + dilation * k - padding]. The three
// operators here are its derivatives by y, by x and by w: the convolution itself, its transpose and the weight's gradient. Each
// one's gradients are the other two, to any order, and each is one contraction over a view: windows of x, or y spread out (read
// where the division by the stride leaves no remainder). Windows are never unrolled into memory; but what lies beyond the edges is: x
// with its padding, and y spread out along its last axis, are written once, so that no tap asks where it is. Along the other axes of a
// spread y most places are 0 (of stride 2 a half, of a kernel as wide as y nearly all): there a loop asks once for a whole row. Along the
// last axis steps of more than one place become steps of one, for each place of a step (window-phases.ts).

import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import type { Op } from '../compiler/op.ts';
import { defineOp } from '../compiler/op.ts';
import type { Shape } from '../compiler/shape.ts';
import type { AxisMap } from '../compiler/view.ts';
import { along } from '../compiler/view.ts';
import { add } from './binary.ts';
import { contract } from './contract.ts';
import { inMemory } from './in-memory.ts';
import { padBy } from './pad.ts';
import { sum } from './reduce-sum.ts';
import { affine, affineView } from './view-affine.ts';
import { movedim, reshape } from './view.ts';
import { phasesOf } from './window-phases.ts';
import { windows } from './window-view.ts';

/** Where the windows of a convolution lie; one number per spatial axis. */
export interface Geometry {
  /** Sizes of x, of the kernel and of y. */
  readonly size: Shape;
  readonly kernel: Shape;
  readonly count: Shape;
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly padding: readonly (readonly [before: number, after: number])[];
  readonly groups: number;
}

/** y[..., q] spread over positions and kernel: [..., p, k], the q that reads p through tap k; `fill` where there is none. */
export function spreadWindows(
  y: Node,
  { size, kernel, stride, dilation, padding }: Geometry,
  fill = 0,
): Node {
  const lead = y.type.shape.length - size.length;
  const axes = y.type.shape.map((_, i): AxisMap => {
    if (i < lead) return along(i);
    const terms = [
      [i, 1],
      [i + size.length, -dilation[i - lead]],
    ] as const;
    const offset = padding[i - lead][0];
    return stride[i - lead] === 1 ? { offset, terms } : { offset, terms, div: stride[i - lead] };
  });
  return affineView(affine, y, [...y.type.shape.slice(0, lead), ...size, ...kernel], axes, fill);
}

function windowsOf(x: Node, geometry: Geometry): Node {
  const { kernel, stride, dilation, count, padding } = geometry;
  if (padding.every(([before, after]) => before === 0 && after === 0)) return windows(x, kernel, geometry);
  const lead = x.type.shape.slice(0, -padding.length).map(() => [0, 0] as const);
  const padded = inMemory(padBy(x, [...lead, ...padding], 0));
  return windows(padded, kernel, { stride, dilation, count });
}

/**
 * `spreadWindows` of a copy in which y is spread out along the last axis already, with all that the kernel reaches beyond. A test along the
 * others is one for a whole pass along the last.
 */
function spreadOf(y: Node, geometry: Geometry): Node {
  const { size, kernel, dilation, padding, stride } = geometry;
  const last = size.length - 1;
  const lead = y.type.shape.length - size.length;
  const reach = dilation[last] * (kernel[last] - 1);
  const length = size[last] + reach;
  const positions = y.type.shape.map((_, i): AxisMap => {
    if (i < lead + last) return along(i);
    const offset = padding[last][0] - reach;
    const terms = [[i, 1]] as const;
    return stride[last] === 1 ? { offset, terms } : { offset, terms, div: stride[last] };
  });
  const spread = inMemory(affineView(affine, y, [...y.type.shape.slice(0, -1), length], positions, 0));
  return spreadWindows(spread, {
    ...geometry,
    stride: atLast(stride, 1),
    padding: atLast(padding, [reach, reach]),
  });
}

/** A list with another last value. */
const atLast = <T>(list: readonly T[], value: T): readonly T[] => [...list.slice(0, -1), value];

/** Channels of axis `axis` split into groups, if there are several. */
function grouped(x: Node, groups: number, axis: number): Node {
  if (groups === 1) return x;
  const { shape } = x.type;
  return reshape(x, [...shape.slice(0, axis), groups, shape[axis] / groups, ...shape.slice(axis + 1)]);
}

/** Labels of the operands: batch, group, channels of x, channels of y, places within a step, then positions and taps. */
function labelsOf({ size, groups }: Geometry) {
  const spatial = (start: number): number[] => size.map((_, i) => start + i * 3);
  const batch = groups === 1 ? [0] : [0, 1];
  const [c, o, phase] = [2, 3, 4];
  return {
    batch,
    group: batch.slice(1),
    c,
    o,
    phase,
    position: spatial(5),
    tap: spatial(6),
    spot: spatial(7),
  };
}

function forward(x: Node, w: Node, geometry: Geometry): Node {
  const { batch, group, c, o, position, tap } = labelsOf(geometry);
  return contract(windowsOf(grouped(x, geometry.groups, 1), geometry), grouped(w, geometry.groups, 0), {
    a: [...batch, c, ...position, ...tap],
    b: [...group, o, c, ...tap],
    out: [...batch, o, ...position],
  });
}

function backward(y: Node, w: Node, geometry: Geometry): Node {
  const { groups, size, kernel, stride, dilation, padding } = geometry;
  const { batch, group, c, o, spot, tap, phase } = labelsOf(geometry);
  const last = size.length - 1;
  const from = grouped(y, groups, 1);
  const weight = grouped(w, groups, 0);
  if (stride[last] === 1 || dilation[last] !== 1)
    return contract(spreadOf(from, geometry), weight, {
      a: [...batch, o, ...spot, ...tap],
      b: [...group, o, c, ...tap],
      out: [...batch, c, ...spot],
    });
  const along = { size: size[last], kernel: kernel[last], before: padding[last][0] };
  const { weight: byPhase, axis, joined } = phasesOf(weight, along, stride[last]);
  const even: Geometry = {
    ...geometry,
    size: atLast(size, axis.size),
    kernel: atLast(kernel, axis.kernel),
    stride: atLast(stride, 1),
    padding: atLast(padding, [axis.before, axis.before]),
  };
  // a phase is a plane of its own: its places lie side by side
  const planes = contract(spreadOf(from, even), byPhase, {
    a: [...batch, o, ...spot, ...tap],
    b: [...group, o, c, ...tap, phase],
    out: [...batch, c, phase, ...spot],
  });
  return joined(movedim(planes, batch.length + 1, -1));
}

function weightwise(y: Node, x: Node, geometry: Geometry): Node {
  const { batch, group, c, o, position, tap } = labelsOf(geometry);
  return contract(grouped(y, geometry.groups, 1), windowsOf(grouped(x, geometry.groups, 1), geometry), {
    a: [...batch, o, ...position],
    b: [...batch, c, ...position, ...tap],
    out: [...group, o, c, ...tap],
  });
}

/** Joins groups again and adds the bias. */
function finish(result: Node, shape: Shape, bias: Node | undefined): Node {
  const whole = reshape(result, shape);
  return bias ? add(whole, reshape(bias, [-1, ...shape.slice(2).map(() => 1)])) : whole;
}

const perChannel = (g: Node): Node => sum(g, [0, ...g.type.shape.map((_, i) => i).slice(2)]);

const saves: Op<Geometry>['saves'] = (_, [x, w]) => ({
  ...(w ? { input: 0 } : {}),
  ...(x ? { weight: 1 } : {}),
});

/** (x, w, bias?) -> y. */
export const convolutionOp: Op<Geometry> = defineOp<Geometry>({
  name: 'convolution',
  type: ([x, w], { count }) => ({ shape: [x.shape[0], w.shape[0], ...count], dtype: x.dtype }),
  meaning: ({ inputs: [x, w, bias], attrs, type }) => ({
    tag: 'composite',
    expand: () => finish(forward(x, w, attrs), type.shape, bias),
  }),
  vjp: (g, { inputs: [x, w], attrs }, wants) => [
    wants[0] ? node(transposedOp, [g, w], attrs) : null,
    wants[1] ? node(weightOp, [g, x], attrs) : null,
    wants[2] ? perChannel(g) : null,
  ],
  saves,
});

/** (y, w, bias?) -> x. */
export const transposedOp: Op<Geometry> = defineOp<Geometry>({
  name: 'convolutionTransposed',
  type: ([y, w], { size, groups }) => ({ shape: [y.shape[0], w.shape[1] * groups, ...size], dtype: y.dtype }),
  meaning: ({ inputs: [y, w, bias], attrs, type }) => ({
    tag: 'composite',
    expand: () => finish(backward(y, w, attrs), type.shape, bias),
  }),
  vjp: (g, { inputs: [y, w], attrs }, wants) => [
    wants[0] ? node(convolutionOp, [g, w], attrs) : null,
    wants[1] ? node(weightOp, [y, g], attrs) : null,
    wants[2] ? perChannel(g) : null,
  ],
  gradName: () => 'ConvolutionBackward0',
  saves,
});

/** (y, x) -> w. */
const weightOp: Op<Geometry> = defineOp<Geometry>({
  name: 'convolutionWeight',
  type: ([y, x], { kernel, groups }) => ({
    shape: [y.shape[1], x.shape[1] / groups, ...kernel],
    dtype: x.dtype,
  }),
  meaning: ({ inputs: [y, x], attrs, type }) => ({
    tag: 'composite',
    expand: () => reshape(weightwise(y, x, attrs), type.shape),
  }),
  vjp: (g, { inputs: [y, x], attrs }, wants) => [
    wants[0] ? node(convolutionOp, [x, g], attrs) : null,
    wants[1] ? node(transposedOp, [y, g], attrs) : null,
  ],
  saves: (_, [y, x]) => ({ ...(x ? { gradOutput: 0 } : {}), ...(y ? { input: 1 } : {}) }),
});
