// Maximum pooling undone: maxUnpool1d, maxUnpool2d, maxUnpool3d. In: values [..., count], and for each its place in a plane, as `maxPool` with
// `returnIndices` gives them. Out: planes [..., size] that hold the values at their places and 0 elsewhere. Of values with one place the last
// stays, and each gets the gradient of the place, as in PyTorch.

import { dtypes } from '../compiler/dtype.ts';
import { DTypeError, ShapeError, ValueError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import { defineOp } from '../compiler/op.ts';
import { numel } from '../compiler/shape.ts';
import type { Shape } from '../compiler/shape.ts';
import type { PerAxis } from './conv.ts';
import { perAxis } from './conv.ts';
import { axesAlong, gatherFrom, indexNode, scatterOn } from './index-core.ts';
import { checkFloats } from './operand.ts';
import { zeros } from './source.ts';
import { reshape } from './view.ts';

export interface UnpoolOptions {
  /** The kernel's size if absent. */
  readonly stride?: PerAxis | null;
  readonly padding?: PerAxis;
  /** The size of the planes, or the shape of the whole; if absent, the smallest that pooling could have come from. */
  readonly outputSize?: readonly number[] | null;
}

/** The size of the planes that values of a shape are put into. */
export function unpooledSize(
  op: string,
  ndim: number,
  shape: Shape,
  kernelSize: PerAxis,
  options: UnpoolOptions,
): Shape {
  const kernel = perAxis(op, 'kernel_size', kernelSize, ndim);
  const stride = perAxis(op, 'stride', options.stride ?? kernel, ndim);
  const padding = perAxis(op, 'padding', options.padding ?? 0, ndim);
  if (stride.some((step) => step <= 0))
    throw new ValueError(`strides should be greater than zero, but got stride: [${stride.join(', ')}]`);
  const usual = shape.slice(-ndim).map((n, i) => (n - 1) * stride[i] + kernel[i] - 2 * padding[i]);
  const given = options.outputSize ?? usual;
  const size = given.length === ndim + 2 ? given.slice(2) : given;
  if (size.length !== ndim)
    throw new ValueError(
      `output_size should be a sequence containing ${ndim} or ${ndim + 2} elements, but it has a length of '${size.length}'`,
    );
  size.forEach((n, i) => {
    const [least, most] = [usual[i] - stride[i], usual[i] + stride[i]];
    if (!(least < n && n < most))
      throw new ValueError(
        `invalid output_size "[${size.join(', ')}]" (dim ${i} must be between ${least} and ${most})`,
      );
  });
  return size;
}

interface UnpoolAttrs {
  readonly size: Shape;
  readonly gradName: string;
}

/** One axis in place of the last ones, as many as a size has. */
const flatPlane = (x: Node, { length }: Shape): Node =>
  reshape(x, [...x.type.shape.slice(0, -length), numel(x.type.shape.slice(-length))]);

const maxUnpoolOp = defineOp<UnpoolAttrs>({
  name: 'maxUnpool',
  type: ([x], { size }) => ({ shape: [...x.shape.slice(0, -size.length), ...size], dtype: x.dtype }),
  meaning: ({ inputs, attrs: { size }, type }) => ({
    tag: 'composite',
    expand() {
      const [x, places] = inputs.map((n) => flatPlane(n, size));
      const lead = x.type.shape.slice(0, -1);
      const planes = zeros([...lead, numel(size)], x.type.dtype);
      return reshape(
        scatterOn(planes, x, [places], axesAlong(lead.length + 1, lead.length), 'set'),
        type.shape,
      );
    },
  }),
  vjp: (g, { inputs: [x, indices], attrs: { size } }) => {
    const [planes, places] = [g, indices].map((n) => flatPlane(n, size));
    const { shape } = places.type;
    const found = gatherFrom(planes, [places], axesAlong(shape.length, shape.length - 1), shape);
    return [reshape(found, x.type.shape), null];
  },
  gradName: ({ attrs }) => attrs.gradName,
  saves: () => ({ indices: 1 }),
});

type MaxUnpool = (x: Node, indices: Node, kernelSize: PerAxis, options?: UnpoolOptions) => Node;
const maxUnpool =
  (ndim: number, gradName: string): MaxUnpool =>
  (x, indices, kernelSize, options = {}) => {
    const op = `max_unpool${ndim}d`;
    checkFloats(op, x);
    const { shape } = x.type;
    if (shape.length !== ndim + 1 && shape.length !== ndim + 2)
      throw new ShapeError(
        `Input to max_unpooling${ndim}d should be a ${ndim + 1}d or ${ndim + 2}d Tensor, but got a tensor with ${shape.length} dimensions.`,
      );
    if (dtypes[indices.type.dtype].category !== 'int')
      throw new DTypeError(
        `elements in indices should be type int64 but got: ${dtypes[indices.type.dtype].torchName}`,
      );
    if (indices.type.shape.join() !== shape.join())
      throw new ShapeError(
        `Expected shape of indices to be same as that of the input tensor ([${shape.join(', ')}]) but got indices tensor with shape: [${indices.type.shape.join(', ')}]`,
      );
    const size = unpooledSize(op, ndim, shape, kernelSize, options);
    return node(maxUnpoolOp, [x, indexNode(op, indices)], { size, gradName });
  };

/** Values [n, c, l] or [c, l] put back to where `maxPool1d` found them in planes of one dimension; 0 elsewhere. */
export const maxUnpool1d = maxUnpool(1, 'SqueezeBackward1');
/** Values [n, c, h, w] or [c, h, w] put back to where `maxPool2d` found them; 0 elsewhere. */
export const maxUnpool2d = maxUnpool(2, 'MaxUnpool2DBackward0');
/** Values [n, c, d, h, w] or [c, d, h, w] put back to where `maxPool3d` found them; 0 elsewhere. */
export const maxUnpool3d = maxUnpool(3, 'MaxUnpool3DBackward0');
