// Sampling at positions that are data: gridSample, and affineGrid that makes positions. In: an image [n, c, ...size] and a grid [n, ...out, d] of
// coordinates from -1 to 1, the last of them of the first dimension (x, y, z). Out: [n, c, ...out]. A sample is a sum of gathers (two or four
// per dimension) times weights; both are maps of the grid, so that all of it fuses and is differentiated as it stands.

import { isFloat } from '../compiler/dtype.ts';
import { DTypeError, ShapeError, ValueError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import type { GatherAxis } from '../compiler/op.ts';
import type { Shape } from '../compiler/shape.ts';
import { showShape } from '../compiler/shape.ts';
import { add, mul, sub } from './binary.ts';
import { cast } from './cast.ts';
import { eq, ge, gt, le, logicalAnd, lt } from './compare.ts';
import { sameNumbers } from './contract.ts';
import { gatherFrom } from './index-core.ts';
import { stack } from './join.ts';
import { matmul } from './matmul.ts';
import { named } from './named.ts';
import { fmod } from './binary-divide.ts';
import { checkFloats } from './operand.ts';
import { select } from './slice.ts';
import { where } from './select.ts';
import { iota, onesLike } from './source.ts';
import { abs, floor, round } from './unary.ts';
import { matrixTranspose, reshape, spread, unsqueeze } from './view.ts';

export type GridMode = 'bilinear' | 'nearest' | 'bicubic';
export type GridPadding = 'zeros' | 'border' | 'reflection';

interface GridAttrs {
  readonly mode: GridMode;
  readonly padding: GridPadding;
  /** -1 and 1 are the centres of the outermost elements, not their outer edges. */
  readonly align: boolean;
}

/** Held between 0 and size - 1; the gradient is 0 at the ends, too. */
function clipped(x: Node, size: number): Node {
  const inside = logicalAnd(gt(x, 0), lt(x, size - 1));
  return where(inside, x, where(gt(x, 0), size - 1, 0));
}

/** Reflected at both ends until it lies within. */
function reflected(x: Node, size: number, align: boolean): Node {
  const [low, span] = align ? [0, size - 1] : [-0.5, size];
  if (span === 0) return mul(x, 0);
  const away = abs(sub(x, low));
  const rest = fmod(away, span);
  // an even number of turns keeps the direction
  const turns = round(mul(sub(away, rest), 1 / span));
  const even = eq(fmod(turns, 2), 0);
  return add(where(even, rest, sub(span, rest)), low);
}

function padded(x: Node, size: number, { padding, align }: GridAttrs): Node {
  if (padding === 'zeros') return x;
  return clipped(padding === 'border' ? x : reflected(x, size, align), size);
}

/** From -1 ... 1 to numbers of elements. */
const toElements = (x: Node, size: number, align: boolean): Node =>
  align ? mul(add(x, 1), (size - 1) / 2) : mul(sub(mul(add(x, 1), size), 1), 0.5);

/** An element along one dimension that takes part in a sample, and with which weight. */
interface Tap {
  /** A whole number, as a float. */
  readonly at: Node;
  readonly weight: Node;
}

/** Keys' cubic convolution with a = -0.75, near (distance up to 1) and far (up to 2). */
const a = -0.75;
const near = (x: Node): Node => add(mul(mul(sub(mul(x, a + 2), a + 3), x), x), 1);
const far = (x: Node): Node => sub(mul(add(mul(sub(mul(x, a), 5 * a), x), 8 * a), x), 4 * a);

function tapsAlong(x: Node, size: number, attrs: GridAttrs): Tap[] {
  const place = toElements(x, size, attrs.align);
  if (attrs.mode === 'bicubic') {
    const first = floor(place);
    const t = sub(place, first);
    const weights = [far(add(t, 1)), near(t), near(sub(1, t)), far(sub(2, t))];
    return weights.map((weight, k) => ({ at: padded(add(first, k - 1), size, attrs), weight }));
  }
  const inside = padded(place, size, attrs);
  if (attrs.mode === 'nearest') {
    const at = round(inside);
    // the position has a gradient, which is 0
    return [{ at, weight: where(eq(at, at), 1, at) }];
  }
  const first = floor(inside);
  const t = sub(inside, first);
  return [
    { at: first, weight: sub(1, t) },
    { at: add(first, 1), weight: t },
  ];
}

/** What a combination of taps reads, 0 where it lies outside. */
function readTaps(x: Node, taps: readonly Tap[], out: Shape): Node {
  const size = x.type.shape.slice(2);
  const beside = (n: Node): Node => unsqueeze(n, 1);
  const inside = taps
    .map(({ at }, i) => logicalAnd(ge(at, 0), le(at, size[i] - 1)))
    .reduce((p, q) => logicalAnd(p, q));
  const indices = taps.map(({ at }) => beside(cast(where(inside, at, 0), 'int32')));
  const axes: GatherAxis[] = [{ axis: 0 }, { axis: 1 }, ...size.map((_, i) => ({ input: i + 1 }))];
  const found = gatherFrom(x, indices, axes, [...x.type.shape.slice(0, 2), ...out]);
  const weight = taps.map((tap) => tap.weight).reduce((p, q) => mul(p, q));
  return mul(found, beside(where(inside, weight, 0)));
}

/** Every way to take one of each list. */
const choices = <T>(lists: readonly (readonly T[])[]): T[][] =>
  lists.reduce<T[][]>((all, list) => all.flatMap((some) => list.map((one) => [...some, one])), [[]]);

const gridSampleNode = named<GridAttrs>(
  'gridSample',
  ([x, grid], attrs) => {
    const size = x.type.shape.slice(2);
    const out = grid.type.shape.slice(1, -1);
    const taps = size.map((n, i) => tapsAlong(select(grid, -1, size.length - 1 - i), n, attrs));
    return choices(taps)
      .map((chosen) => readTaps(x, chosen, out))
      .reduce((p, q) => add(p, q));
  },
  {
    gradName: ({ inputs: [x] }) => `GridSampler${x.type.shape.length - 2}DBackward0`,
    saves: () => ({ input: 0, grid: 1 }),
  },
);

export interface GridSampleOptions {
  readonly mode?: GridMode;
  /** What lies outside: zeros, the nearest element, or the reflection. */
  readonly paddingMode?: GridPadding;
  /** -1 and 1 are the centres of the outermost elements, not their outer edges (false). */
  readonly alignCorners?: boolean | null;
}

/**
 * The elements of `x` [n, c, h, w] (or [n, c, d, h, w]) at the positions of `grid` [n, ..., 2] (or 3): (x, y) from -1 to 1. Out: [n, c, ...].
 * Between elements the mode interpolates; `bicubic` is for two dimensions.
 */
export function gridSample(
  x: Node,
  grid: Node,
  { mode = 'bilinear', paddingMode = 'zeros', alignCorners = false }: GridSampleOptions = {},
): Node {
  if (!['bilinear', 'nearest', 'bicubic'].includes(mode))
    throw new ValueError(
      `nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', but got: '${mode}'`,
    );
  if (!['zeros', 'border', 'reflection'].includes(paddingMode))
    throw new ValueError(
      `nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or 'reflection', but got: '${paddingMode}'`,
    );
  const [shape, given] = [x.type.shape, grid.type.shape];
  const sizes = `input with sizes ${showShape(shape)} and grid with sizes ${showShape(given)}`;
  if (shape[0] !== given[0])
    throw new ShapeError(`grid_sampler(): expected grid and input to have same batch size, but got ${sizes}`);
  if ((shape.length !== 4 && shape.length !== 5) || given.length !== shape.length)
    throw new ShapeError(
      `grid_sampler(): expected 4D or 5D input and grid with same number of dimensions, but got ${sizes}`,
    );
  const ndim = shape.length - 2;
  if (given.at(-1) !== ndim)
    throw new ShapeError(
      `grid_sampler(): expected grid to have size ${ndim} in last dimension, but got grid with sizes ${showShape(given)}`,
    );
  const empty = shape.findIndex((size, i) => i > 1 && size === 0);
  if (empty >= 0)
    throw new ShapeError(
      `grid_sampler(): expected input to have non-empty spatial dimensions, but input has sizes ${showShape(shape)} with dimension ${empty} being empty`,
    );
  if (mode === 'bicubic' && ndim !== 2)
    throw new ShapeError('grid_sampler(): bicubic interpolation only supports 4D input');
  checkFloats('grid_sampler_2d_cpu', x);
  sameNumbers(x.type, grid.type);
  return gridSampleNode([x, grid], { mode, padding: paddingMode, align: alignCorners ?? false });
}

const affineGridNode = named<{ readonly out: Shape; readonly align: boolean }>(
  'affineGrid',
  ([theta], { out, align }) => {
    const { dtype } = theta.type;
    const steps = out.map((n, i) => {
      const along = iota([n], 0, dtype);
      const places = n === 1 ? mul(along, 0) : sub(mul(along, 2 / (n - 1)), 1);
      const centred = align ? places : mul(places, (n - 1) / n);
      return spread(reshape(centred, [n, ...out.slice(i + 1).map(() => 1)]), out);
    });
    const base = stack([...steps.reverse(), onesLike(steps[0])], -1);
    const flat = reshape(base, [1, -1, out.length + 1]);
    const points = matmul(flat, matrixTranspose(theta));
    return reshape(points, [theta.type.shape[0], ...out, out.length]);
  },
  { gradName: () => 'AffineGridGeneratorBackward0' },
);

export interface AffineGridOptions {
  readonly alignCorners?: boolean | null;
}

/** The grid for `gridSample` that affine maps [n, 2, 3] (or [n, 3, 4]) make of an output of `size` [n, c, h, w] (or [n, c, d, h, w]). */
export function affineGrid(theta: Node, size: Shape, { alignCorners = false }: AffineGridOptions = {}): Node {
  if (!isFloat(theta.type.dtype))
    throw new DTypeError(`Expected theta to have floating point type, but got torch.${theta.type.dtype}`);
  if (size.length !== 4 && size.length !== 5)
    throw new ShapeError(
      `affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, respectively. Got size ${showShape(size)}.`,
    );
  const ndim = size.length - 2;
  const { shape } = theta.type;
  if (shape.length !== 3 || shape[1] !== ndim || shape[2] !== ndim + 1)
    throw new ShapeError(
      `Expected a batch of ${ndim}D affine matrices of shape Nx${ndim}x${ndim + 1} for size ${showShape(size)}. Got ${showShape(shape)}.`,
    );
  if (size.some((n) => !(n > 0)))
    throw new ShapeError(`Expected non-zero, positive output size. Got ${showShape(size)}`);
  return affineGridNode([theta], { out: size.slice(2), align: alignCorners ?? false });
}
