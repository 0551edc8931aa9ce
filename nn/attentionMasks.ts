// The masks of MultiheadAttention. In: a mask over keys and one over pairs of queries and keys, boolean or to be added. Out: their checks, and
// both as one.

import { atCaller, DTypeError, ShapeError, logicalOr, maskedFill, pad, zeros } from '../runtime/public.ts';
import type { Tensor } from '../runtime/public.ts';

export interface AttentionMasks {
  /** [batch, keys]: true where a key is only padding, or what to add to its scores. */
  readonly keyPaddingMask?: Tensor | null;
  /** [queries, keys] or [batch * heads, queries, keys]: true where a key is hidden, or what to add to scores. */
  readonly attnMask?: Tensor | null;
  /** Whether the weights are wanted (true). */
  readonly needWeights?: boolean;
  /** Their average over the heads, or all of them. */
  readonly averageAttnWeights?: boolean;
}
export const maskDefaults: Required<AttentionMasks> = {
  keyPaddingMask: null,
  attnMask: null,
  needWeights: true,
  averageAttnWeights: true,
};

/** Throws unless the ranks of inputs and masks fit together. */
export function checkRanks(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  masks: Required<AttentionMasks>,
  numHeads: number,
): void {
  const n = query.ndim;
  if (n !== 2 && n !== 3)
    throw atCaller(
      new ShapeError(`query should be unbatched 2D or batched 3D tensor but received ${n}-D query tensor`),
    );
  const kind = n === 3 ? 'For batched (3-D) `query`' : 'For unbatched (2-D) `query`';
  if (key.ndim !== n || value.ndim !== n)
    throw atCaller(
      new ShapeError(
        `${kind}, expected \`key\` and \`value\` to be ${n}-D but found ${key.ndim}-D and ${value.ndim}-D tensors respectively`,
      ),
    );
  const { keyPaddingMask, attnMask } = masks;
  if (keyPaddingMask !== null && keyPaddingMask.ndim !== n - 1)
    throw atCaller(
      new ShapeError(
        `${kind}, expected \`key_padding_mask\` to be \`None\` or ${n - 1}-D but found ${keyPaddingMask.ndim}-D tensor instead`,
      ),
    );
  if (attnMask !== null && attnMask.ndim !== 2 && attnMask.ndim !== 3)
    throw atCaller(
      new ShapeError(
        `${kind}, expected \`attn_mask\` to be \`None\`, 2-D or 3-D but found ${attnMask.ndim}-D tensor instead`,
      ),
    );
  if (attnMask?.ndim === 3 && n === 2 && attnMask.shape[0] !== numHeads)
    throw atCaller(
      new ShapeError(
        `Expected \`attn_mask\` shape to be [${numHeads}, ${query.shape[0]}, ${key.shape[0]}] but got [${attnMask.shape.join(', ')}]`,
      ),
    );
  for (const [name, mask] of [
    ['key_padding_mask', keyPaddingMask],
    ['attn_mask', attnMask],
  ] as const)
    if (mask !== null && mask.dtype === 'int32')
      throw atCaller(new DTypeError(`only bool and floating types of ${name} are supported`));
}

interface MaskSizes {
  readonly length: number;
  readonly keys: number;
  /** How many keys were added at the end; they are seen. */
  readonly extra: number;
  readonly batch: number;
  readonly numHeads: number;
}

/** Both masks as one for [batch * heads, queries, keys]; boolean if both are. */
export function mergeMasks(
  attnMask: Tensor | null,
  padding: Tensor | null,
  { length, keys, extra, batch, numHeads }: MaskSizes,
): Tensor | null {
  const widened = (mask: Tensor): Tensor => (extra > 0 ? pad(asMask(mask), [0, extra]) : asMask(mask));
  let mask: Tensor | null = null;
  if (attnMask !== null) {
    const expected = [...(attnMask.ndim === 3 ? [batch * numHeads] : []), length, keys - extra];
    if (attnMask.shape.some((size, i) => size !== expected[i]))
      throw atCaller(
        new ShapeError(
          `The shape of the ${attnMask.ndim}D attn_mask is [${attnMask.shape.join(', ')}], but should be [${expected.join(', ')}].`,
        ),
      );
    const wide = widened(attnMask);
    mask = wide.ndim === 2 ? wide.unsqueeze(0) : wide;
  }
  if (padding === null) return mask;
  if (padding.shape[0] !== batch || padding.shape[1] !== keys - extra)
    throw atCaller(
      new ShapeError(
        `expecting key_padding_mask shape of [${batch}, ${keys - extra}], but got [${padding.shape.join(', ')}]`,
      ),
    );
  const hidden = widened(padding)
    .reshape([batch, 1, 1, keys])
    .expand([batch, numHeads, 1, keys])
    .reshape([batch * numHeads, 1, keys]);
  if (mask === null) return hidden;
  if (mask.dtype === 'bool' && hidden.dtype === 'bool') return logicalOr(mask, hidden);
  return asAddend(mask, hidden).add(asAddend(hidden, mask));
}

/** Bytes stand for booleans. */
const asMask = (mask: Tensor): Tensor => (mask.dtype === 'uint8' ? mask.to('bool') : mask);

/** -Infinity where a boolean mask hides, in the dtype of the other mask. */
const asAddend = (mask: Tensor, other: Tensor): Tensor =>
  mask.dtype === 'bool' ? maskedFill(zeros(mask.shape, { dtype: other.dtype }), mask, -Infinity) : mask;
