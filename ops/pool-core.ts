// What poolings share: their options, where their windows lie, and how what belongs to windows is brought back to positions. In: a node
// [..., size] and options as PyTorch takes them. Out: a geometry (window.ts).

import { ShapeError, ValueError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import type { Shape } from '../compiler/shape.ts';
import type { PerAxis } from './conv.ts';
import { perAxis } from './conv.ts';
import { padBy } from './pad.ts';
import { permute, reshape } from './view.ts';
import type { Geometry } from './window.ts';
import { foldWindows } from './window-view.ts';

export interface PoolAttrs extends Geometry {
  readonly gradName: string;
}

/** Axes of the taps behind the windows of `ndim` dimensions. */
export const tapAxes = (x: Node, ndim: number): number[] =>
  Array.from({ length: ndim }, (_, i) => x.type.shape.length + i);

export const pooled = (shape: Shape, { size, count }: Geometry): Shape => [
  ...shape.slice(0, shape.length - size.length),
  ...count,
];

/** True if no position belongs to two windows and none lies between two. */
export const isDisjoint = ({ kernel, stride, dilation, padding }: Geometry): boolean =>
  kernel.every((k, i) => stride[i] === k && (dilation[i] === 1 || k === 1) && padding[i][0] === 0);

/** [..., windows, taps] -> [..., size]: what each window holds for each tap, summed where windows overlap. */
export function intoPlace(x: Node, geometry: Geometry): Node {
  const { size, kernel, count } = geometry;
  if (!isDisjoint(geometry)) return foldWindows(x, size, kernel, geometry);
  const lead = x.type.shape.slice(0, -2 * size.length);
  const at = (i: number): number[] => [lead.length + i, lead.length + size.length + i];
  const tiles = permute(x, [...lead.map((_, i) => i), ...size.flatMap((_, i) => at(i))]);
  const covered = count.map((c, i) => c * kernel[i]);
  const image = reshape(tiles, [...lead, ...covered]);
  const rest = size.map((n, i) => [0, n - covered[i]] as const);
  return rest.every(([, after]) => after === 0)
    ? image
    : padBy(image, [...lead.map(() => [0, 0] as const), ...rest], 0);
}

export interface PoolOptions {
  /** The kernel's size if absent. */
  readonly stride?: PerAxis | null;
  readonly padding?: PerAxis;
  /** Also windows that reach beyond the end. */
  readonly ceilMode?: boolean;
}

export interface MaxPoolOptions extends PoolOptions {
  readonly dilation?: PerAxis;
}

export function checkPool(
  op: string,
  ndim: number,
  x: Node,
  kernelSize: PerAxis,
  options: MaxPoolOptions,
): Geometry {
  const { shape } = x.type;
  if (shape.length !== ndim + 1 && shape.length !== ndim + 2)
    throw new ShapeError(
      `${op}() Expected ${ndim + 1}D or ${ndim + 2}D input tensor, but got [${shape.join(', ')}]`,
    );
  const kernel = perAxis(op, 'kernel_size', kernelSize, ndim);
  const stride = perAxis(op, 'stride', options.stride ?? kernel, ndim);
  const padding = perAxis(op, 'padding', options.padding ?? 0, ndim);
  const dilation = perAxis(op, 'dilation', options.dilation ?? 1, ndim);
  if (kernel.some((k) => k <= 0))
    throw new ValueError('kernel size should be greater than zero, but got ' + kernel.join(', '));
  if (stride.some((v) => v <= 0))
    throw new ValueError('stride should be greater than zero, but got ' + stride.join(', '));
  if (dilation.some((v) => v <= 0))
    throw new ValueError('dilation should be greater than zero, but got ' + dilation.join(', '));
  const size = shape.slice(-ndim);
  const count = size.map((n, i) => {
    const [k, s, p, d] = [kernel[i], stride[i], padding[i], dilation[i]];
    if (p < 0) throw new ValueError(`pad must be non-negative, but got pad: ${p}`);
    if (p > (d * (k - 1) + 1) / 2)
      throw new ValueError(
        `pad should be at most half of effective kernel size, but got pad=${p}, kernel_size=${k} and dilation=${d}`,
      );
    const free = n + 2 * p - d * (k - 1) - 1;
    const fits = Math.floor((free + (options.ceilMode ? s - 1 : 0)) / s) + 1;
    return options.ceilMode && (fits - 1) * s >= n + p ? fits - 1 : fits;
  });
  if (count.some((c) => c < 1)) {
    const show = (sizes: Shape): string => `(${[...shape.slice(-ndim - 1, -ndim), ...sizes].join('x')})`;
    throw new ShapeError(
      `Given input size: ${show(size)}. Calculated output size: ${show(count)}. Output size is too small`,
    );
  }
  return { size, kernel, count, stride, dilation, padding: padding.map((p) => [p, p]), groups: 1 };
}
