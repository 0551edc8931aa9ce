// Attention. In: queries [..., l, e], keys [..., s, e], values [..., s, v], a mask. Out: [..., l, v], each query's average of the values,
// weighted by the softmax of its products with the keys. The keys are never transposed: both products are contractions.

import { DTypeError, ShapeError, ValueError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import { defineOp } from '../compiler/op.ts';
import { broadcastShapes, showShape } from '../compiler/shape.ts';
import { applyDropout } from './activation.ts';
import { add, mul } from './binary.ts';
import { le } from './compare.ts';
import { contract, sameNumbers } from './contract.ts';
import { where } from './select.ts';
import { safeSoftmax, softmax } from './softmax.ts';
import { iota } from './source.ts';
import { expand, reshape, unsqueeze } from './view.ts';

interface AttentionAttrs {
  readonly scale: number;
  readonly causal: boolean;
  /** What stands behind q, k and v. */
  readonly mask: boolean;
  /** The probability under which the dropout mask was drawn, or null without one. */
  readonly dropout: number | null;
}

const attentionOp = defineOp<AttentionAttrs>({
  name: 'scaledDotProductAttention',
  type([q, k, v]) {
    sameNumbers(q, k);
    sameNumbers(q, v);
    const batch = broadcastShapes(q.shape.slice(0, -2), k.shape.slice(0, -2), v.shape.slice(0, -2));
    return { shape: [...batch, q.shape.at(-2)!, v.shape.at(-1)!], dtype: q.dtype };
  },
  meaning: (n) => ({ tag: 'composite', expand: () => attend(n) }),
  gradName: ({ inputs: [q], attrs }) =>
    q.type.shape.length === 4 && attrs.dropout === null
      ? 'ScaledDotProductFlashAttentionForCpuBackward0'
      : 'UnsafeViewBackward0',
  saves: () => ({ query: 0, key: 1, value: 2 }),
});

/** Scores of pairs that may not look at each other are -Infinity; numbers in a mask are added. */
function masked(scores: Node, causal: boolean, mask: Node | null): Node {
  const plane = scores.type.shape.slice(-2);
  if (causal) return where(le(iota(plane, 1, 'int32'), iota(plane, 0, 'int32')), scores, -Infinity);
  if (!mask) return scores;
  return mask.type.dtype === 'bool' ? where(mask, scores, -Infinity) : add(scores, mask);
}

function attend({ inputs: [q, k, v, ...rest], attrs }: Node<AttentionAttrs>): Node {
  const { scale, causal, mask, dropout } = attrs;
  const lead = Math.max(...[q, k, v].map((x) => x.type.shape.length)) - 2;
  const batch = (x: Node): number[] => {
    const count = x.type.shape.length - 2;
    return Array.from({ length: count }, (_, i) => lead - count + i);
  };
  const all = Array.from({ length: lead }, (_, i) => i);
  const both = all.slice(lead - Math.max(batch(q).length, batch(k).length));
  const [l, s, e, o] = [lead, lead + 1, lead + 2, lead + 3];
  const products = contract(q, k, { a: [...batch(q), l, e], b: [...batch(k), s, e], out: [...both, l, s] });
  const scores = mul(products, scale);
  const seen = masked(scores, causal, mask ? rest[0] : null);
  const weights = mask ? safeSoftmax(seen) : softmax(seen, -1);
  const kept = dropout === null ? weights : applyDropout(weights, rest[rest.length - 1], dropout);
  const rank = kept.type.shape.length - 2;
  return contract(kept, v, {
    a: [...all.slice(lead - rank), l, s],
    b: [...batch(v), s, o],
    out: [...all, l, o],
  });
}

export interface AttentionOptions {
  /** True where a query may look at a key, or numbers that are added to the scores; broadcasts to [..., l, s]. */
  readonly attnMask?: Node | null;
  /** Each query looks at the keys up to its own place only. */
  readonly isCausal?: boolean;
  /** 1 / sqrt(e) if absent. */
  readonly scale?: number | null;
  /** Groups of query heads (dimension -3) share a key and value head. */
  readonly enableGqa?: boolean;
  /** Drops attention weights: a mask of weights to keep, and the probability of dropping under which it was drawn. */
  readonly dropout?: { readonly mask: Node; readonly p: number } | null;
}

/** Key or value heads repeated for the query heads that share them. */
function repeatHeads(x: Node, heads: number): Node {
  const { shape } = x.type;
  const own = shape[shape.length - 3];
  if (heads === own) return x;
  if (heads % own !== 0)
    throw new ShapeError(
      `Number of heads in key and value must divide the number of heads in query: ${heads} and ${own}`,
    );
  const [batch, rest] = [shape.slice(0, -3), shape.slice(-2)];
  return reshape(expand(unsqueeze(x, -3), [...batch, own, heads / own, ...rest]), [...batch, heads, ...rest]);
}

/** softmax(query @ key.mT * scale) @ value. A query that may look at nothing gets 0. */
export function scaledDotProductAttention(
  query: Node,
  key: Node,
  value: Node,
  {
    attnMask = null,
    isCausal = false,
    scale = null,
    enableGqa = false,
    dropout = null,
  }: AttentionOptions = {},
): Node {
  const [q, k, v] = [query, key, value].map((x) => x.type.shape);
  if (attnMask && isCausal)
    throw new ValueError(
      '_scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True',
    );
  if (q.length < 2 || k.length < 2 || v.length < 2)
    throw new ShapeError(
      `scaled_dot_product_attention: Expected query, key, and value to all be  at least 2 dimensional, but got Query dim: ${q.length}, Key dim: ${k.length} and Value dim: ${v.length} instead.`,
    );
  if (q.at(-1) !== k.at(-1) || k.at(-2) !== v.at(-2))
    throw new ShapeError(
      `scaled_dot_product_attention: sizes of query ${showShape(q)}, key ${showShape(k)} and value ${showShape(v)} do not fit`,
    );
  const shared =
    enableGqa && q.length > 2 ? [key, value].map((x) => repeatHeads(x, q[q.length - 3])) : [key, value];
  if (attnMask && attnMask.type.dtype !== 'bool' && attnMask.type.dtype !== query.type.dtype)
    throw new DTypeError(
      `Expected attn_mask dtype to be bool or to match query dtype, but got attn_mask.dtype: ${attnMask.type.dtype} and  query.dtype: ${query.type.dtype} instead.`,
    );
  const attrs = {
    scale: scale ?? 1 / Math.sqrt(q[q.length - 1]),
    causal: isCausal,
    mask: attnMask !== null,
    dropout: dropout?.p ?? null,
  };
  return node(
    attentionOp,
    [query, ...shared, ...(attnMask ? [attnMask] : []), ...(dropout ? [dropout.mask] : [])],
    attrs,
  );
}
