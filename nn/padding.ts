// Padding: ConstantPad, ZeroPad, ReflectionPad, ReplicationPad, CircularPad over one, two or three axes. In: [n, channels, ...] or [channels, ...].
// Out: the same with more at both ends of each axis.

import { atCaller, pad, ValueError } from '../runtime/public.ts';
import type { Tensor } from '../runtime/public.ts';
import { Module } from './module.ts';
import { checkNumbers, checkSizes } from './options.ts';
import { tuple } from './python.ts';

/** One width for all sides, or [last axis before, last axis after, second last before, ...]; a negative width crops. */
export type PadWidths = number | readonly number[];
type Mode = 'constant' | 'reflect' | 'replicate' | 'circular';

/** What pads `axes` axes in a mode; `forward` of [..., size] gives [..., before + size + after]. */
abstract class Padding extends Module {
  readonly padding: readonly number[];

  constructor(name: string, axes: number, padding: PadWidths) {
    super();
    checkSizes(name, { padding });
    const widths = typeof padding === 'number' ? new Array<number>(2 * axes).fill(padding) : padding;
    if (widths.length !== 2 * axes)
      throw atCaller(
        new ValueError(
          `${name}(): expected ${2 * axes} widths, 2 for each axis, but got [${widths.join(', ')}]`,
        ),
      );
    this.padding = widths;
  }
}

type PadClass = new (padding: PadWidths) => Padding & { forward(x: Tensor): Tensor };
type ConstantPadClass = new (
  padding: PadWidths,
  value: number,
) => Padding & { readonly value: number; forward(x: Tensor): Tensor };

const padBy = (axes: number, mode: Mode): PadClass =>
  class extends Padding {
    constructor(padding: PadWidths) {
      super(new.target.name, axes, padding);
    }
    forward(x: Tensor): Tensor {
      return pad(x, this.padding, { mode });
    }
    override extraRepr(): string {
      return tuple(this.padding);
    }
  };

const constantBy = (axes: number): ConstantPadClass =>
  class extends Padding {
    readonly value: number;

    constructor(padding: PadWidths, value: number) {
      super(new.target.name, axes, padding);
      checkNumbers(new.target.name, { value });
      this.value = value;
    }
    forward(x: Tensor): Tensor {
      return pad(x, this.padding, { value: this.value });
    }
    override extraRepr(): string {
      return `padding=${tuple(this.padding)}, value=${this.value}`;
    }
  };

/** A value beyond both ends of the last axis: [..., w] to [..., before + w + after]. */
export class ConstantPad1d extends constantBy(1) {}
/** A value beyond both ends of the last two axes. */
export class ConstantPad2d extends constantBy(2) {}
/** A value beyond both ends of the last three axes. */
export class ConstantPad3d extends constantBy(3) {}
/** Zeros beyond both ends of the last axis. */
export class ZeroPad1d extends padBy(1, 'constant') {}
/** Zeros beyond both ends of the last two axes. */
export class ZeroPad2d extends padBy(2, 'constant') {}
/** Zeros beyond both ends of the last three axes. */
export class ZeroPad3d extends padBy(3, 'constant') {}
/** The last axis mirrored at both ends, which are not repeated. */
export class ReflectionPad1d extends padBy(1, 'reflect') {}
/** The last two axes mirrored at their ends. */
export class ReflectionPad2d extends padBy(2, 'reflect') {}
/** The last three axes mirrored at their ends. */
export class ReflectionPad3d extends padBy(3, 'reflect') {}
/** The first and the last element of the last axis again and again. */
export class ReplicationPad1d extends padBy(1, 'replicate') {}
/** The edges of the last two axes again and again. */
export class ReplicationPad2d extends padBy(2, 'replicate') {}
/** The faces of the last three axes again and again. */
export class ReplicationPad3d extends padBy(3, 'replicate') {}
/** The last axis goes on at its other end. */
export class CircularPad1d extends padBy(1, 'circular') {}
/** The last two axes go on at their other ends. */
export class CircularPad2d extends padBy(2, 'circular') {}
/** The last three axes go on at their other ends. */
export class CircularPad3d extends padBy(3, 'circular') {}
