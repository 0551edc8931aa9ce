// Sliding windows over the last dimensions, as one affine view: x[..., H, W] is read as [..., oH, oW, kH, kW], and nothing is copied.
// A convolution is then a contraction and a pooling a reduction over the kernel's axes. The adjoint (`foldWindows`) sums every
// window back into place: a view that divides by the stride, and a sum over the kernel's axes.

import { ShapeError, ValueError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import type { Shape } from '../compiler/shape.ts';
import { showShape } from '../compiler/shape.ts';
import type { AxisMap } from '../compiler/view.ts';
import { along } from '../compiler/view.ts';
import type { AffineAttrs } from './view-affine.ts';
import { affineOp, affineView, viewAdjoint } from './view-affine.ts';
import { viewRules } from './view-rules.ts';

export interface WindowOptions {
  /** One number for all axes, or one per axis; 1 if absent. */
  readonly stride?: number | readonly number[];
  readonly dilation?: number | readonly number[];
  /** Per axis one width for both ends, or [before, after]; 0 if absent. */
  readonly padding?: number | readonly (number | readonly [before: number, after: number])[];
  /** What is read outside; 0 if absent. */
  readonly fill?: number;
  /** Number of windows per axis, if it is not what fits into the padded size; more are allowed. */
  readonly count?: readonly number[];
}

const windowsOp = affineOp('windows');

interface WindowAxis {
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
  readonly count: number;
}

function windowAxes(size: Shape, kernel: readonly number[], options: WindowOptions): WindowAxis[] {
  const { stride = 1, dilation = 1, padding = 0, count } = options;
  const each = (given: number | readonly number[], k: number): number =>
    typeof given === 'number' ? given : given[k];
  return kernel.map((taps, k) => {
    const width = typeof padding === 'number' ? padding : padding[k];
    const [before, after] = typeof width === 'number' ? [width, width] : width;
    const [s, d] = [each(stride, k), each(dilation, k)];
    if (!(s > 0)) throw new ValueError('non-positive stride is not supported');
    if (!(d > 0)) throw new ValueError('dilation should be greater than zero');
    const fits = Math.floor((size[k] + before + after - d * (taps - 1) - 1) / s) + 1;
    return { kernel: taps, stride: s, dilation: d, before, count: count ? count[k] : fits };
  });
}

function windowAttrs(shape: Shape, kernel: readonly number[], options: WindowOptions): AffineAttrs {
  const lead = shape.length - kernel.length;
  if (lead < 0)
    throw new ShapeError(`windows of ${showShape(kernel)} over a tensor of shape ${showShape(shape)}`);
  const windows = windowAxes(shape.slice(lead), kernel, options);
  const short = windows.findIndex((w) => w.count < 0 || (w.count === 0 && options.count === undefined));
  if (short >= 0)
    throw new ShapeError(
      `Calculated padded input size per channel is smaller than the kernel: ${showShape(shape.slice(lead))} for a kernel of ${showShape(kernel)}`,
    );
  const axes = shape.map((_, i): AxisMap => {
    if (i < lead) return along(i);
    const { stride, dilation, before } = windows[i - lead];
    const terms = [
      [i, stride],
      [i + kernel.length, dilation],
    ] as const;
    return { offset: -before, terms };
  });
  const out = [...shape.slice(0, lead), ...windows.map((w) => w.count), ...windows.map((w) => w.kernel)];
  return { shape: out, axes, fill: options.fill ?? 0 };
}

/** All windows of a kernel over the last `kernel.length` dimensions: [..., windows per axis, kernel]. */
export function windows(x: Node, kernel: readonly number[], options: WindowOptions = {}): Node {
  const { shape, axes, fill } = windowAttrs(x.type.shape, kernel, options);
  return affineView(windowsOp, x, shape, axes, fill);
}

/** The adjoint of `windows` over a tensor whose last dimensions have `size`: what windows share is summed. */
export function foldWindows(
  g: Node,
  size: Shape,
  kernel: readonly number[],
  options: WindowOptions = {},
): Node {
  const lead = g.type.shape.slice(0, g.type.shape.length - 2 * kernel.length);
  const input = [...lead, ...size];
  return viewAdjoint(
    g,
    windowAttrs(input, kernel, { ...options, count: g.type.shape.slice(lead.length, -kernel.length) }),
    input,
  );
}

export const rules = viewRules([windowsOp]);
