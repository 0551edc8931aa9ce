// Resizing. In: a batch [n, c, ...size] and the size asked for. Out: one node.
//
// Every mode is separable: along one axis after another (the last first) each result is a weighted sum of a few elements, whose places
// and weights are computed from the result's index. An upsampling by whole numbers to the nearest element is a view.

import { isFloat } from '../compiler/dtype.ts';
import { DTypeError, ShapeError, ValueError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import { defineOp } from '../compiler/op.ts';
import { arg, cast as castScalar, s } from '../compiler/scalar.ts';
import type { Scalar } from '../compiler/scalar.ts';
import { showShape } from '../compiler/shape.ts';
import type { Shape } from '../compiler/shape.ts';
import { add, mul } from './binary.ts';
import { cast } from './cast.ts';
import type { PerAxis } from './conv.ts';
import { indexSelect } from './index-gather.ts';
import { pointwise } from './pointwise.ts';
import { adaptiveAvgPool1d, adaptiveAvgPool2d, adaptiveAvgPool3d } from './pool-adaptive.ts';
import { iota } from './source.ts';
import { expand, reshape, unsqueeze } from './view.ts';

export type InterpolationMode =
  'nearest' | 'nearest-exact' | 'linear' | 'bilinear' | 'trilinear' | 'bicubic' | 'area';

/** How a mode samples one axis. */
type Kernel = 'nearest' | 'nearest-exact' | 'linear' | 'cubic';

interface AxisAttrs {
  readonly kernel: Kernel;
  /** Elements per result. */
  readonly scale: number;
  readonly align: boolean;
  readonly size: number;
}

/** Where a result lies among the elements. */
function place({ kernel, scale, align }: AxisAttrs, o: Scalar): Scalar {
  if (kernel === 'nearest') return castScalar('float32', s.mul(o, Math.fround(scale)));
  if (kernel === 'nearest-exact') return castScalar('float32', s.mul(s.add(o, 0.5), Math.fround(scale)));
  if (align) return s.mul(o, scale);
  const centre = s.sub(s.mul(s.add(o, 0.5), scale), 0.5);
  return kernel === 'cubic' ? centre : s.max(centre, 0);
}

const within = (x: Scalar, size: number): Scalar => s.min(s.max(x, 0), size - 1);

/** The number of the element that a tap reads. */
const tapIndex = pointwise<AxisAttrs & { readonly tap: number }>('tapIndex', {
  expr: (attrs) => within(s.add(s.floor(place(attrs, arg(0))), attrs.tap), attrs.size),
});

/** Keys' cubic convolution with a = -0.75, near (|x| <= 1) and far (1 < |x| < 2). */
const a = -0.75;
const near = (x: Scalar): Scalar => s.add(s.mul(s.mul(s.sub(s.mul(a + 2, x), a + 3), x), x), 1);
const far = (x: Scalar): Scalar => s.sub(s.mul(s.add(s.mul(s.sub(s.mul(a, x), 5 * a), x), 8 * a), x), 4 * a);

function weightExpr(kernel: Kernel, tap: number, t: Scalar): Scalar {
  if (kernel === 'linear') return tap === 0 ? s.sub(1, t) : t;
  if (tap === -1) return far(s.add(t, 1));
  if (tap === 2) return far(s.sub(2, t));
  return near(tap === 0 ? t : s.sub(1, t));
}

/** How much of a tap a result takes. */
const tapWeight = pointwise<AxisAttrs & { readonly tap: number }>('tapWeight', {
  expr(attrs) {
    const at = place(attrs, arg(0));
    return weightExpr(attrs.kernel, attrs.tap, s.sub(at, s.floor(at)));
  },
});

const tapsOf: Readonly<Record<Kernel, readonly number[]>> = {
  nearest: [0],
  'nearest-exact': [0],
  linear: [0, 1],
  cubic: [-1, 0, 1, 2],
};

function resizeAxis(x: Node, axis: number, count: number, attrs: AxisAttrs): Node {
  const { shape, dtype } = x.type;
  const repeat = count / attrs.size;
  if (attrs.kernel === 'nearest' && Number.isInteger(repeat) && attrs.scale === 1 / repeat) {
    const copies = [...shape.slice(0, axis + 1), repeat, ...shape.slice(axis + 1)];
    return reshape(expand(unsqueeze(x, axis + 1), copies), [
      ...shape.slice(0, axis),
      count,
      ...shape.slice(axis + 1),
    ]);
  }
  const o = iota([count], 0, 'float64');
  const taps = tapsOf[attrs.kernel].map((tap) => {
    const part = indexSelect(x, axis, cast(node(tapIndex, [o], { ...attrs, tap }), 'int32'));
    if (attrs.kernel !== 'linear' && attrs.kernel !== 'cubic') return part;
    const weight = cast(node(tapWeight, [o], { ...attrs, tap }), dtype);
    return mul(part, reshape(weight, [count, ...shape.slice(axis + 1).map(() => 1)]));
  });
  return taps.reduce((sum, part) => add(sum, part));
}

interface ResizeAttrs {
  readonly mode: InterpolationMode;
  readonly out: Shape;
  readonly axes: readonly AxisAttrs[];
}

const modeNames: Readonly<Record<Exclude<InterpolationMode, 'area'>, string>> = {
  nearest: 'Nearest',
  'nearest-exact': 'NearestExact',
  linear: 'Linear',
  bilinear: 'Bilinear',
  trilinear: 'Trilinear',
  bicubic: 'Bicubic',
};

const interpolateOp = defineOp<ResizeAttrs>({
  name: 'interpolate',
  type: ([x], { out }) => ({ shape: [...x.shape.slice(0, 2), ...out], dtype: x.dtype }),
  meaning: ({ inputs: [x], attrs: { out, axes } }) => ({
    tag: 'composite',
    expand: () => axes.reduceRight((y, attrs, i) => resizeAxis(y, i + 2, out[i], attrs), x),
  }),
  gradName: ({ attrs: { mode, out } }) =>
    `Upsample${modeNames[mode as keyof typeof modeNames]}${out.length}DBackward1`,
  saves: () => ({}),
});

export interface InterpolateOptions {
  readonly size?: PerAxis | null;
  readonly scaleFactor?: PerAxis | null;
  readonly mode?: InterpolationMode;
  /** The first and last elements stay where they are; for linear and cubic modes. */
  readonly alignCorners?: boolean | null;
  /** Compute the scale anew from the sizes instead of taking scaleFactor. */
  readonly recomputeScaleFactor?: boolean | null;
}

const kernels: Readonly<
  Record<InterpolationMode, { readonly kernel: Kernel | null; readonly ndim: number | null }>
> = {
  nearest: { kernel: 'nearest', ndim: null },
  'nearest-exact': { kernel: 'nearest-exact', ndim: null },
  area: { kernel: null, ndim: null },
  linear: { kernel: 'linear', ndim: 1 },
  bilinear: { kernel: 'linear', ndim: 2 },
  trilinear: { kernel: 'linear', ndim: 3 },
  bicubic: { kernel: 'cubic', ndim: 2 },
};

const areas = [adaptiveAvgPool1d, adaptiveAvgPool2d, adaptiveAvgPool3d];

/** Resized to `size`, or by `scaleFactor`; x is [n, c, l], [n, c, h, w] or [n, c, d, h, w]. */
export function interpolate(
  x: Node,
  {
    size = null,
    scaleFactor = null,
    mode = 'nearest',
    alignCorners = null,
    recomputeScaleFactor = null,
  }: InterpolateOptions = {},
): Node {
  const { shape, dtype } = x.type;
  const ndim = shape.length - 2;
  const known = kernels[mode];
  if (!known || ndim < 1 || ndim > 3 || (known.ndim !== null && known.ndim !== ndim))
    throw new ShapeError(
      `Input Error: Only 3D, 4D and 5D input Tensors supported (got ${shape.length}D) for the modes: nearest | linear | bilinear | bicubic | trilinear | area | nearest-exact (got ${mode})`,
    );
  if (!isFloat(dtype)) throw new DTypeError(`"upsample" not implemented for '${dtype}'`);
  if (alignCorners !== null && (mode === 'area' || mode.startsWith('nearest')))
    throw new ValueError(
      'align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic | trilinear',
    );
  if (size !== null && scaleFactor !== null)
    throw new ValueError('only one of size or scale_factor should be defined');
  if (size === null && scaleFactor === null)
    throw new ValueError('either size or scale_factor should be defined');
  const list = (value: PerAxis, name: string): readonly number[] => {
    const values = typeof value === 'number' ? new Array<number>(ndim).fill(value) : value;
    if (values.length !== ndim)
      throw new ValueError(
        `Input and ${name} must have the same number of spatial dimensions, but got input with spatial dimensions of ${showShape(shape.slice(2))} and ${name} of ${showShape(values)}.`,
      );
    return values;
  };
  const factors = scaleFactor === null ? null : list(scaleFactor, 'scale_factor');
  const out =
    size === null ? factors!.map((f, i) => Math.floor(shape[i + 2] * f)) : list(size, 'output size');
  if (out.some((n) => !(n > 0)) || shape.slice(2).some((n) => n === 0))
    throw new ShapeError(
      `Input and output sizes should be greater than 0, but got input (${showShape(shape.slice(2))}) output (${showShape(out)})`,
    );
  if (known.kernel === null) return areas[ndim - 1](x, out);
  const align = alignCorners ?? false;
  const axes = out.map((count, i): AxisAttrs => {
    const n = shape[i + 2];
    const given = factors && !recomputeScaleFactor ? 1 / factors[i] : n / count;
    return {
      kernel: known.kernel!,
      scale: align ? (count > 1 ? (n - 1) / (count - 1) : 0) : given,
      align,
      size: n,
    };
  });
  return node(interpolateOp, [x], { mode, out, axes });
}
