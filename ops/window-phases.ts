// The places between the steps of a transposed convolution. In: its weight [..., k], and where windows lie along that last axis, which move
// by s > 1. Out: the weight [..., m, r] of a transposed convolution whose windows move by 1, and how its results become that of the other.
//
// x[p] sums y[q] w[k] over p + padding = s q + k. With k = s m + r and p + padding = s t + r that is, for each r < s by itself,
//     x[s t + r - padding] = sum over m of y[t - m] w[s m + r]
// so no product meets one of the s - 1 zeros that lie between two elements of a y that is spread out (the sub-pixel convolution of Shi et
// al., 2016, read backwards). A weight that s does not divide is filled up with zeros; where it is shorter than s, some r have no term.

import type { Node } from '../compiler/node.ts';
import { inMemory } from './in-memory.ts';
import { padBy } from './pad.ts';
import { narrow } from './slice.ts';
import { reshape } from './view.ts';

/** One axis of a convolution: sizes of x and of the kernel, and what lies before x. */
interface Along {
  readonly size: number;
  readonly kernel: number;
  readonly before: number;
}

interface Phases {
  /** The weight [..., m, r]. */
  readonly weight: Node;
  /** The axis of the convolution by steps of 1. */
  readonly axis: Along;
  /** The places [..., t, r] side by side, as [..., p]. */
  readonly joined: (x: Node) => Node;
}

export function phasesOf(weight: Node, { size, kernel, before }: Along, stride: number): Phases {
  const phases = Math.min(stride, kernel);
  const taps = Math.ceil(kernel / phases);
  const skipped = Math.floor(before / stride);
  const from = before % stride;
  const rounds = Math.ceil((from + size) / stride);
  const filled = taps * phases === kernel ? weight : inMemory(padLast(weight, taps * phases - kernel));
  return {
    weight: reshape(filled, [...weight.type.shape.slice(0, -1), taps, phases]),
    axis: { size: rounds, kernel: taps, before: skipped },
    joined(x) {
      const lead = x.type.shape.slice(0, -2);
      const all = phases === stride ? x : padLast(x, stride - phases);
      return narrow(reshape(all, [...lead, rounds * stride]), lead.length, from, size);
    },
  };
}

/** Zeros at the end of the last axis. */
const padLast = (x: Node, count: number): Node =>
  padBy(
    x,
    x.type.shape.map((_, i, { length }) => [0, i === length - 1 ? count : 0]),
    0,
  );
