// Channels and pixels changing places: pixelShuffle, pixelUnshuffle, channelShuffle. In: [..., c, h, w] and a factor. Out: one node, made of
// views only.

import { ShapeError, ValueError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import { defineOp } from '../compiler/op.ts';
import { numel } from '../compiler/shape.ts';
import type { Shape } from '../compiler/shape.ts';
import { permute, reshape } from './view.ts';

interface BlockAttrs {
  readonly factor: number;
}

const blockOp = (
  name: string,
  shapeOf: (shape: Shape, r: number) => Shape,
  move: (x: Node, r: number, out: Shape) => Node,
) =>
  defineOp<BlockAttrs>({
    name,
    type: ([x], { factor }) => ({ shape: shapeOf(x.shape, factor), dtype: x.dtype }),
    meaning: ({ inputs: [x], attrs: { factor }, type }) => ({
      tag: 'composite',
      expand: () => move(x, factor, type.shape),
    }),
    saves: () => ({}),
  });

const shuffleOp = blockOp(
  'pixelShuffle',
  (shape, r) => [...shape.slice(0, -3), shape.at(-3)! / (r * r), shape.at(-2)! * r, shape.at(-1)! * r],
  (x, r, out) => {
    const [c, h, w] = x.type.shape.slice(-3);
    const blocks = reshape(x, [numel(x.type.shape.slice(0, -3)), c / (r * r), r, r, h, w]);
    return reshape(permute(blocks, [0, 1, 4, 2, 5, 3]), out);
  },
);

const unshuffleOp = blockOp(
  'pixelUnshuffle',
  (shape, r) => [...shape.slice(0, -3), shape.at(-3)! * r * r, shape.at(-2)! / r, shape.at(-1)! / r],
  (x, r, out) => {
    const [c, h, w] = x.type.shape.slice(-3);
    const blocks = reshape(x, [numel(x.type.shape.slice(0, -3)), c, h / r, r, w / r, r]);
    return reshape(permute(blocks, [0, 1, 3, 5, 2, 4]), out);
  },
);

function checkBlock(op: string, x: Node, factor: number): void {
  if (x.type.shape.length < 3)
    throw new ShapeError(
      `${op} expects input to have at least 3 dimensions, but got input with ${x.type.shape.length} dimension(s)`,
    );
  if (!(factor > 0)) throw new ValueError(`${op} expects a positive factor, but got ${factor}`);
}

/** Channels as blocks of pixels: [..., c * r * r, h, w] becomes [..., c, h * r, w * r]. */
export function pixelShuffle(x: Node, upscaleFactor: number): Node {
  checkBlock('pixel_shuffle', x, upscaleFactor);
  const channels = x.type.shape.at(-3)!;
  if (channels % (upscaleFactor * upscaleFactor) !== 0)
    throw new ShapeError(
      `pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, but input.size(-3)=${channels} is not divisible by ${upscaleFactor * upscaleFactor}`,
    );
  return node(shuffleOp, [x], { factor: upscaleFactor });
}

/** Blocks of pixels as channels: the inverse of pixelShuffle. */
export function pixelUnshuffle(x: Node, downscaleFactor: number): Node {
  checkBlock('pixel_unshuffle', x, downscaleFactor);
  (['height', 'width'] as const).forEach((name, i) => {
    const size = x.type.shape.at(i - 2)!;
    if (size % downscaleFactor !== 0)
      throw new ShapeError(
        `pixel_unshuffle expects ${name} to be divisible by downscale_factor, but input.size(${i - 2})=${size} is not divisible by ${downscaleFactor}`,
      );
  });
  return node(unshuffleOp, [x], { factor: downscaleFactor });
}

const channelShuffleOp = blockOp(
  'channelShuffle',
  (shape) => shape,
  (x, groups, out) => {
    const [n, c, ...rest] = out;
    const grouped = reshape(x, [n, groups, c / groups, ...rest]);
    return reshape(
      permute(
        grouped,
        grouped.type.shape.map((_, i) => (i === 1 ? 2 : i === 2 ? 1 : i)),
      ),
      out,
    );
  },
);

/** Channels (dimension 1) dealt out in turns from each of the groups. */
export function channelShuffle(x: Node, groups: number): Node {
  checkBlock('channel_shuffle', x, groups);
  if (x.type.shape[1] % groups !== 0)
    throw new ShapeError(
      'Number of channels must be divisible by groups. Got ' +
        `${x.type.shape[1]} channels and ${groups} groups.`,
    );
  return node(channelShuffleOp, [x], { factor: groups });
}
