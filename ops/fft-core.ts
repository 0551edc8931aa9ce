// The operators behind all Fourier transforms: routines along one axis, of pairs to pairs, of real numbers to pairs, and back. In: a node of real
// numbers, or of complex numbers as pairs [real, imaginary] along a last axis. Out: another, computed in double and stored in its dtype.
//
// They are linear, and the adjoint of each is one of them with the sign of the exponent turned. For real numbers: of x[j] -> sum over j of
// x[j] e^(-i t j k) for the first half of all k it is y[k] -> real part of the sum over that half of y[k] e^(i t j k). An inverse of real
// results sums over all k, so numbers that stand for their conjugates as well count twice; `mirrored` says whether they do. Their
// gradients are PyTorch's: what belongs to an imaginary part that is not looked at is 0.

import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import { defineOp } from '../compiler/op.ts';
import type { NumberArray, Op } from '../compiler/op.ts';
import { numel } from '../compiler/shape.ts';
import type { Shape } from '../compiler/shape.ts';
import { halfOf, planInverseReal, planRealTransform } from './fft/real.ts';
import { makeComplexes } from './fft/roots.ts';
import type { Complexes } from './fft/roots.ts';
import { invert, planTransform } from './fft/transform.ts';
import type { Values } from './lanes.ts';

export interface FourierAttrs {
  readonly axis: number;
  /** The sign of the exponent: that of `ifft` if true. */
  readonly inverse: boolean;
  /** What every result is multiplied by. */
  readonly scale: number;
}

export interface RealAttrs extends FourierAttrs {
  /** How many real numbers there are along the axis; of pairs there are n / 2 + 1. */
  readonly n: number;
  /** Pairs that have a conjugate beyond the half count for it too. */
  readonly mirrored: boolean;
}

const withSize = (shape: Shape, axis: number, size: number): number[] =>
  shape.map((s, i) => (i === axis ? size : s));

const turned = <A extends FourierAttrs>(attrs: A): A => ({ ...attrs, inverse: !attrs.inverse });

/** Makes a thing when it is first asked for: a plan belongs to the node that runs it. */
function onDemand<T>(make: () => T): () => T {
  let made: T | null = null;
  return () => (made ??= make());
}

/** A transform between n real numbers and half of their spectrum, with room for both. */
const planLine = <T>(n: number, plan: (n: number) => T) =>
  onDemand(() => ({ transform: plan(n), line: new Float64Array(n), half: makeComplexes(halfOf(n)) }));

/** Calls `f` for each line along an axis: where it begins among `from` numbers per line, where among `to`, and the step in both. */
function forEachLine(
  shape: Shape,
  axis: number,
  [from, to]: readonly [from: number, to: number],
  f: (start: number, target: number, step: number) => void,
): void {
  const step = numel(shape.slice(axis + 1));
  const blocks = numel(shape.slice(0, axis));
  for (let b = 0; b < blocks; b++)
    for (let i = 0; i < step; i++) f(b * from * step + i, b * to * step + i, step);
}

function readPairs(x: Values, start: number, step: number, line: Complexes): void {
  for (let k = 0; k < line.re.length; k++) {
    line.re[k] = x[2 * (start + k * step)];
    line.im[k] = x[2 * (start + k * step) + 1];
  }
}

function writePairs(line: Complexes, out: NumberArray, start: number, step: number): void {
  for (let k = 0; k < line.re.length; k++) {
    out[2 * (start + k * step)] = line.re[k];
    out[2 * (start + k * step) + 1] = line.im[k];
  }
}

/** Multiplies the numbers of a half that have a conjugate beyond it. */
function scaleMirrored({ re, im }: Complexes, n: number, by: number): void {
  for (let k = 1; 2 * k < n; k++) {
    re[k] *= by;
    im[k] *= by;
  }
}

function scaleLine({ re, im }: Complexes, by: number, imaginary: number): void {
  for (let k = 0; k < re.length; k++) {
    re[k] *= by;
    im[k] *= imaginary;
  }
}

const complexOp: Op<FourierAttrs> = defineOp<FourierAttrs>({
  name: 'fftC2C',
  type: ([x]) => x,
  meaning({ type: { shape }, attrs: { axis, inverse, scale } }) {
    const n = shape[axis];
    const planned = onDemand(() => {
      const transform = planTransform(n);
      return { transform: inverse ? invert(transform) : transform, line: makeComplexes(n) };
    });
    return {
      tag: 'routine',
      run([x], out) {
        const { transform, line } = planned();
        forEachLine(shape.slice(0, -1), axis, [n, n], (start, target, step) => {
          readPairs(x, start, step, line);
          transform(line);
          scaleLine(line, scale, scale);
          writePairs(line, out, target, step);
        });
      },
    };
  },
  vjp: (g, { attrs }) => [node(complexOp, [g], turned(attrs))],
  gradName: () => 'FftC2CBackward0',
  saves: () => ({}),
});

const toComplexOp: Op<RealAttrs> = defineOp<RealAttrs>({
  name: 'fftR2C',
  type: ([x], { axis, n }) => ({ shape: [...withSize(x.shape, axis, halfOf(n)), 2], dtype: x.dtype }),
  meaning({ inputs: [real], attrs: { axis, n, inverse, scale, mirrored } }) {
    const planned = planLine(n, planRealTransform);
    return {
      tag: 'routine',
      run([x], out) {
        const { transform, line, half } = planned();
        forEachLine(real.type.shape, axis, [n, halfOf(n)], (start, target, step) => {
          for (let k = 0; k < n; k++) line[k] = x[start + k * step];
          transform(line, half);
          if (mirrored) scaleMirrored(half, n, 2);
          scaleLine(half, scale, inverse ? -scale : scale);
          writePairs(half, out, target, step);
        });
      },
    };
  },
  vjp: (g, { attrs }) => [node(toRealOp, [g], turned(attrs))],
  gradName: ({ attrs: { inverse } }) => (inverse ? 'ConjBackward0' : 'FftR2CBackward0'),
  saves: () => ({}),
});

const toRealOp: Op<RealAttrs> = defineOp<RealAttrs>({
  name: 'fftC2R',
  type: ([x], { axis, n }) => ({ shape: withSize(x.shape.slice(0, -1), axis, n), dtype: x.dtype }),
  meaning({ type: { shape }, attrs: { axis, n, inverse, scale, mirrored } }) {
    const planned = planLine(n, planInverseReal);
    return {
      tag: 'routine',
      run([x], out) {
        const { transform, line, half } = planned();
        forEachLine(shape, axis, [halfOf(n), n], (start, target, step) => {
          readPairs(x, start, step, half);
          scaleLine(half, scale, inverse ? scale : -scale);
          if (!mirrored) scaleMirrored(half, n, 0.5);
          transform(half, line);
          for (let k = 0; k < n; k++) out[target + k * step] = line[k];
        });
      },
    };
  },
  vjp: (g, { attrs }) => [node(toComplexOp, [g], turned(attrs))],
  gradName: () => 'FftC2RBackward0',
  saves: () => ({}),
});

/** Pairs [..., n, ..., 2] to pairs of the same shape. */
export const complexToComplex = (x: Node, attrs: FourierAttrs): Node => node(complexOp, [x], attrs);

/** Real numbers [..., n, ...] to the pairs of the first half [..., n / 2 + 1, ..., 2]. */
export const realToComplex = (x: Node, attrs: FourierAttrs): Node =>
  node(toComplexOp, [x], { ...attrs, n: x.type.shape[attrs.axis], mirrored: false });

/** The pairs of the first half [..., n / 2 + 1, ..., 2] to real numbers [..., n, ...]. */
export const complexToReal = (x: Node, n: number, attrs: FourierAttrs): Node =>
  node(toRealOp, [x], { ...attrs, n, mirrored: true });
