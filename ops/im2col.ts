// Windows as columns: PyTorch's nn.functional.unfold (`im2col` here, because Tensor.unfold is another operator) and its adjoint, fold. In:
// [n, c, h, w] or [c, h, w]. Out: [n, c * taps, windows], each window as a column; and back, where windows that overlap are summed.

import { ShapeError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import { defineOp } from '../compiler/op.ts';
import type { Op } from '../compiler/op.ts';
import { numel, showShape } from '../compiler/shape.ts';
import type { Shape } from '../compiler/shape.ts';
import type { PerAxis } from './conv.ts';
import { perAxis } from './conv.ts';
import { checkFloats } from './operand.ts';
import { permute, reshape } from './view.ts';
import type { Geometry } from './window.ts';
import { foldWindows, windows } from './window-view.ts';

export interface ColumnOptions {
  readonly dilation?: PerAxis;
  readonly padding?: PerAxis;
  readonly stride?: PerAxis;
}

/** [..., c, h, w] -> [..., c * taps, windows]. */
const im2colOp: Op<Geometry> = defineOp<Geometry>({
  name: 'im2col',
  type: ([x], { kernel, count }) => ({
    shape: [...x.shape.slice(0, -3), x.shape.at(-3)! * numel(kernel), numel(count)],
    dtype: x.dtype,
  }),
  meaning: ({ inputs: [x], attrs, type }) => ({
    tag: 'composite',
    expand() {
      const n = x.type.shape.length - 2;
      const lead = x.type.shape.slice(0, -2).map((_, i) => i);
      return reshape(permute(windows(x, attrs.kernel, attrs), [...lead, n + 2, n + 3, n, n + 1]), type.shape);
    },
  }),
  vjp: (g, { attrs }) => [node(col2imOp, [g], attrs)],
  gradName: () => 'Im2ColBackward0',
  saves: () => ({}),
});

/** [..., c * taps, windows] -> [..., c, h, w]. */
const col2imOp: Op<Geometry> = defineOp<Geometry>({
  name: 'col2im',
  type: ([x], { kernel, size }) => ({
    shape: [...x.shape.slice(0, -2), x.shape.at(-2)! / numel(kernel), ...size],
    dtype: x.dtype,
  }),
  meaning: ({ inputs: [x], attrs, type }) => ({
    tag: 'composite',
    expand() {
      const n = type.shape.length - 2;
      const lead = type.shape.slice(0, -2).map((_, i) => i);
      const split = reshape(x, [...type.shape.slice(0, -2), ...attrs.kernel, ...attrs.count]);
      return foldWindows(permute(split, [...lead, n + 2, n + 3, n, n + 1]), attrs.size, attrs.kernel, attrs);
    },
  }),
  vjp: (g, { attrs }) => [node(im2colOp, [g], attrs)],
  gradName: () => 'Col2ImBackward0',
  saves: () => ({}),
});

function geometryOf(op: string, size: Shape, kernelSize: PerAxis, options: ColumnOptions): Geometry {
  const kernel = perAxis(op, 'kernel_size', kernelSize, 2);
  const stride = perAxis(op, 'stride', options.stride ?? 1, 2);
  const dilation = perAxis(op, 'dilation', options.dilation ?? 1, 2);
  const padding = perAxis(op, 'padding', options.padding ?? 0, 2);
  const count = size.map(
    (n, i) => Math.floor((n + 2 * padding[i] - dilation[i] * (kernel[i] - 1) - 1) / stride[i]) + 1,
  );
  const show = (values: readonly number[]): string => `(${values.join(', ')})`;
  if (count.some((c) => c < 1))
    throw new ShapeError(
      `Given input with spatial size ${show(size)}, kernel_size=${show(kernel)}, dilation=${show(dilation)}, padding=${show(padding)}, calculated shape of the array of sliding blocks as ${show(count)}, but its components must be at least one.`,
    );
  return { size, kernel, count, stride, dilation, padding: padding.map((p) => [p, p]), groups: 1 };
}

/** Each window of the last two dimensions as a column. */
export function im2col(x: Node, kernelSize: PerAxis, options: ColumnOptions = {}): Node {
  const { shape } = x.type;
  if (shape.length !== 3 && shape.length !== 4)
    throw new ShapeError(
      `Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for input, but got: ${showShape(shape)}`,
    );
  return node(im2colOp, [x], geometryOf('im2col', shape.slice(-2), kernelSize, options));
}

/** Columns put back as windows of an image of `outputSize`; where windows overlap, they are summed. */
export function fold(x: Node, outputSize: PerAxis, kernelSize: PerAxis, options: ColumnOptions = {}): Node {
  checkFloats('col2im_out_cpu', x);
  const { shape } = x.type;
  if (shape.length !== 2 && shape.length !== 3)
    throw new ShapeError(
      `Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and non-zero dimensions for input, but got: ${showShape(shape)}`,
    );
  const attrs = geometryOf('fold', perAxis('fold', 'output_size', outputSize, 2), kernelSize, options);
  const [rows, columns] = shape.slice(-2);
  if (rows % numel(attrs.kernel) !== 0)
    throw new ShapeError(
      `Expected size of input's dimension 1 to be divisible by the product of kernel_size, but got input.size(1)=${rows} and kernel_size=(${attrs.kernel.join(', ')}).`,
    );
  if (columns !== numel(attrs.count))
    throw new ShapeError(
      `Given output_size=(${attrs.size.join(', ')}), expected size of input's dimension 2 to match the calculated number of sliding blocks ${attrs.count.join(' * ')} = ${numel(attrs.count)}, but got input.size(2)=${columns}.`,
    );
  return node(col2imOp, [x], attrs);
}
