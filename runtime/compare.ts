// Questions about whole tensors that are answered with a boolean. In: two tensors, which are read. Out: true or false.

import { DTypeError } from '../compiler/errors.ts';
import { sameShape } from '../compiler/shape.ts';
import { isTensor } from './core.ts';
import { describeValue } from './describe.ts';
import { functions } from './functions.ts';
import { checkOptions } from './options.ts';
import { publicCall } from './origin.ts';
import { elementsOf } from './read.ts';
import type { Tensor } from './tensor.ts';
import { refuseReading } from './trace.ts';

export interface CloseOptions {
  /** The allowed difference, relative to the second tensor. */
  readonly rtol?: number;
  readonly atol?: number;
  /** NaN counts as equal to NaN. */
  readonly equalNan?: boolean;
}

function checkTensors(name: string, x: Tensor, y: Tensor): void {
  [x, y].forEach((given, i) => {
    if (!isTensor(given))
      throw new DTypeError(
        `${name}(): argument (position ${i + 1}) must be Tensor, not ${describeValue(given)}`,
      );
  });
}

/** True if shapes and all elements are equal. */
export const equal = (x: Tensor, y: Tensor): boolean =>
  publicCall('equal', () => {
    refuseReading('equal()');
    checkTensors('equal', x, y);
    if (!sameShape(x.shape, y.shape)) return false;
    const [a, b] = [elementsOf(x), elementsOf(y)];
    return a.every((value, i) => value === b[i]);
  });

/** True if all elements are close: |x - y| <= atol + rtol * |y|. */
export const allclose = (x: Tensor, y: Tensor, options: CloseOptions = {}): boolean =>
  publicCall('allclose', () => {
    refuseReading('allclose()');
    checkTensors('allclose', x, y);
    checkOptions('allclose', options, ['rtol', 'atol', 'equalNan']);
    if (x.dtype !== y.dtype) throw new DTypeError(`${x.dtype} did not match ${y.dtype}`);
    return elementsOf(functions.isclose(x, y, options)).every((value) => value !== 0);
  });
