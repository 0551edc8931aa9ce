// Anomaly mode: finds the operation whose backward made the first NaN. In: a function to run under it. Out: an AutogradError with
// PyTorch's words that also names the user's line of the forward operation. Every gradient is computed at once, so it is slow.

import { isFloat } from '../../compiler/dtype.ts';
import { AutogradError } from '../../compiler/errors.ts';
import { describeOrigin, withDetail } from '../origin.ts';
import { elementsOf } from '../read.ts';
import { activeTrace } from '../trace.ts';
import type { Gradients, GradFn } from './gradFn.ts';

let enabled = false;
let checksNan = true;

/** Runs `body` with the search for NaN switched on. */
export function detectAnomaly<T>(
  body: () => T,
  { checkNan = true }: { readonly checkNan?: boolean } = {},
): T {
  const before = [enabled, checksNan] as const;
  const restore = (): void => {
    [enabled, checksNan] = before;
  };
  enabled = true;
  checksNan = checkNan;
  let pending = false;
  try {
    const result = body();
    if (!(result instanceof Promise)) return result;
    pending = true;
    return result.finally(restore) as T;
  } finally {
    if (!pending) restore();
  }
}

export const isAnomalyEnabled = (): boolean => enabled;

/** Throws if a function returned a gradient that contains NaN. */
export function checkAnomaly(fn: GradFn, results: Gradients): void {
  if (!enabled || !checksNan || activeTrace() !== null) return;
  results.forEach((g, i) => {
    if (g === null || !isFloat(g.dtype)) return;
    const elements = elementsOf(g);
    for (let k = 0; k < elements.length; k++) {
      if (!Number.isNaN(elements[k])) continue;
      const shown = `element ${k} of ${g.dtype}[${g.shape.join(', ')}]; forward: ${describeOrigin(fn.origin)}`;
      throw withDetail(
        new AutogradError(`Function '${fn.name}' returned nan values in its ${i}th output.`),
        shown,
      );
    }
  });
}
