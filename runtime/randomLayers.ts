// Operators that are random while a network is trained: attention with dropout, rrelu, gumbelSoftmax. In: tensors and parameters. Out: the
// operator over a mask or noise that has been drawn, with PyTorch's numbers.

import { ValueError } from '../compiler/errors.ts';
import { broadcastShapes } from '../compiler/shape.ts';
import { leaf, zeros } from './create.ts';
import { functions } from './functions.ts';
import { fillBernoulli, fillExponential } from './generator.ts';
import type { FloatArray } from './generator.ts';
import { checkOptions } from './options.ts';
import { publicCall } from './origin.ts';
import { defaultGenerator, draw } from './random.ts';
import { elementsOf } from './read.ts';
import type { Tensor } from './tensor.ts';
import { refuseReading } from './trace.ts';

/** What scaledDotProductAttention takes beside query, key and value. */
export interface AttentionOptions {
  /** True where a query may look at a key, or numbers that are added to the scores; broadcasts to [..., l, s]. */
  readonly attnMask?: Tensor | null;
  /** The probability with which an attention weight is dropped. */
  readonly dropoutP?: number;
  /** Each query looks at the keys up to its own place only. */
  readonly isCausal?: boolean;
  /** 1 / sqrt(e) if absent. */
  readonly scale?: number | null;
  /** Groups of query heads (dimension -3) share a key and value head. */
  readonly enableGqa?: boolean;
}

const attentionOptions = ['attnMask', 'dropoutP', 'isCausal', 'scale', 'enableGqa'];

/** softmax(query @ key.mT * scale) @ value. A query that may look at nothing gets 0. */
export function scaledDotProductAttention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  options: AttentionOptions = {},
): Tensor {
  return publicCall('scaledDotProductAttention', () => {
    checkOptions('scaledDotProductAttention', options, attentionOptions);
    const { dropoutP: p = 0, ...rest } = options;
    const attend = functions.scaledDotProductAttention;
    if (p === 0) return attend(query, key, value, rest);
    if (!(p > 0 && p <= 1))
      throw new ValueError(`dropout probability has to be between 0 and 1, but got ${p}`);
    const lead = (x: Tensor): readonly number[] => x.shape.slice(0, -2);
    const heads = rest.enableGqa ? [query] : [query, key];
    const shape = [...broadcastShapes(...heads.map(lead)), query.size(-2), key.size(-2)];
    const type = { shape, dtype: query.dtype };
    const mask =
      p === 1
        ? zeros(shape, { dtype: query.dtype })
        : leaf(draw(type, (array) => fillBernoulli(defaultGenerator, array, 1 - p)));
    return attend(query, key, value, { ...rest, dropout: { mask, p } });
  });
}

/** What rrelu takes beside the tensor. */
export interface RreluOptions {
  readonly lower?: number;
  readonly upper?: number;
  readonly training?: boolean;
}

/**
 * Leaky relu whose slope is drawn for each element between lower and upper while training, and lies in the middle otherwise. One number is
 * drawn for each element that is not positive, so training reads `x`.
 */
export function rrelu(x: Tensor, options: RreluOptions = {}): Tensor {
  return publicCall('rrelu', () => {
    checkOptions('rrelu', options, ['lower', 'upper', 'training']);
    const { lower = 1 / 8, upper = 1 / 3, training = false } = options;
    if (!(lower <= upper))
      throw new ValueError('Lower bound should be less than or equal to the upper bound');
    if (!training) return functions.rrelu(x, { lower, upper });
    refuseReading('rrelu() in training');
    const elements = elementsOf(x);
    const fill = (array: FloatArray): void => {
      for (let i = 0; i < array.length; i++)
        array[i] = elements[i] <= 0 ? defaultGenerator.uniform53() * (upper - lower) + lower : 1;
    };
    const noise = leaf(draw({ shape: x.shape, dtype: x.dtype }, (array) => fill(array as FloatArray)));
    return functions.rrelu(x, { noise });
  });
}

/** What gumbelSoftmax takes beside the logits. */
export interface GumbelOptions {
  /** The temperature: small values come closer to a choice. */
  readonly tau?: number;
  /** Exactly one-hot, with the gradient of the soft choice. */
  readonly hard?: boolean;
  readonly dim?: number;
}

/** Samples from the categorical distribution of the logits, as a softmax that can be differentiated. */
export function gumbelSoftmax(logits: Tensor, options: GumbelOptions = {}): Tensor {
  return publicCall('gumbelSoftmax', () => {
    checkOptions('gumbelSoftmax', options, ['tau', 'hard', 'dim']);
    const { tau = 1, hard = false, dim = -1 } = options;
    const drawn = leaf(
      draw({ shape: logits.shape, dtype: logits.dtype }, (array) =>
        fillExponential(defaultGenerator, array as FloatArray),
      ),
    );
    const soft = logits.sub(drawn.log()).div(tau).softmax(dim);
    if (!hard) return soft;
    const chosen = soft.argmax(dim, true);
    const oneHot = soft.detach().mul(0).scatter(dim, chosen, 1);
    return oneHot.sub(soft.detach()).add(soft);
  });
}
