// Dropout and its kin. In: activations. Out: in training some of them zero, at random, the rest scaled up; in evaluation all of them.

import {
  atCaller,
  ValueError,
  alphaDropout,
  dropout,
  dropout1d,
  dropout2d,
  dropout3d,
} from '../runtime/public.ts';
import type { Tensor } from '../runtime/public.ts';
import { Module } from './module.ts';
import { withDefaults } from './options.ts';
import { float } from './python.ts';

/** What drops with a probability. */
class DropoutLayer extends Module {
  readonly p: number;
  readonly #drop: Drop;

  constructor(drop: Drop, p: number) {
    super();
    if (!(p >= 0 && p <= 1))
      throw atCaller(new ValueError(`dropout probability has to be between 0 and 1, but got ${p}`));
    this.p = p;
    this.#drop = drop;
  }
  forward(x: Tensor): Tensor {
    return this.#drop(x, this.p, this.training);
  }
  override extraRepr(): string {
    return `p=${float(this.p)}, inplace=False`;
  }
}

type Drop = (x: Tensor, p: number, training: boolean) => Tensor;

/** The probability, alone or as an option; 0.5 if it is not given. */
type Probability = number | { readonly p?: number };

const dropoutBy = (drop: Drop): new (p?: Probability) => DropoutLayer =>
  class extends DropoutLayer {
    constructor(given: Probability = {}) {
      const { name } = new.target;
      const { p } = withDefaults(name, { p: 0.5 }, typeof given === 'number' ? { p: given } : given);
      super(drop, p);
    }
  };

/** Each element by itself. */
export class Dropout extends dropoutBy(dropout) {}
/** Whole channels of [n, c, l]. */
export class Dropout1d extends dropoutBy(dropout1d) {}
/** Whole channels of [n, c, h, w]. */
export class Dropout2d extends dropoutBy(dropout2d) {}
/** Whole channels of [n, c, d, h, w]. */
export class Dropout3d extends dropoutBy(dropout3d) {}
/** For SELU: mean and variance stay. */
export class AlphaDropout extends dropoutBy(alphaDropout) {}
