// Statistics of several variables, and membership. In: matrices whose rows are variables and whose columns are observations; or elements and a
// set. Out: compositions of products, sums and comparisons.

import { isFloat } from '../compiler/dtype.ts';
import { ShapeError, ValueError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { div, mul, sub } from './binary.ts';
import { eq, logicalNot } from './compare.ts';
import { diagonal } from './diagonal.ts';
import { mm } from './matmul.ts';
import type { Operand } from './operand.ts';
import { isNode } from './operand.ts';
import { any, sum } from './reduce.ts';
import { clamp } from './select-clamp.ts';
import { cast } from './cast.ts';
import { sqrt } from './unary.ts';
import { reshape, squeeze, t, unsqueeze } from './view.ts';

export interface CovarianceOptions {
  /** Taken from the number of observations: 1 for the unbiased estimate. */
  readonly correction?: number;
  /** How often each observation counts. */
  readonly fweights?: Node | null;
  /** How important each observation is. */
  readonly aweights?: Node | null;
}

/** The covariances of the rows; a scalar for a single variable. */
export function cov(
  x: Node,
  { correction = 1, fweights = null, aweights = null }: CovarianceOptions = {},
): Node {
  const { shape, dtype } = x.type;
  if (shape.length > 2)
    throw new ShapeError(
      `cov(): expected input to have two or fewer dimensions but got an input with ${shape.length} dimensions`,
    );
  const observations = shape.length === 0 ? 1 : shape[shape.length - 1];
  const data = reshape(isFloat(dtype) ? x : cast(x, 'float32'), [
    shape.length < 2 ? 1 : shape[0],
    observations,
  ]);
  for (const w of [fweights, aweights])
    if (w && (w.type.shape.length > 1 || (w.type.shape[0] ?? 1) !== observations))
      throw new ShapeError('cov(): expected weights to have one entry per observation');
  const weights = fweights && aweights ? mul(fweights, aweights) : (fweights ?? aweights);
  const weighted = (v: Node): Node => (weights ? mul(v, weights) : v);
  const total: Operand = weights ? sum(weights) : observations;
  const centred = sub(data, div(sum(weighted(data), 1, true), total));
  const lost: Operand =
    aweights && weights ? div(mul(sum(mul(weights, aweights)), correction), total) : correction;
  const divisor = isNode(total) || isNode(lost) ? sub(total, lost) : Math.max(0, total - lost);
  return squeeze(div(mm(centred, t(weighted(centred))), divisor));
}

/** Pearson's correlations of the rows, between -1 and 1. */
export function corrcoef(x: Node): Node {
  if (x.type.shape.length > 2)
    throw new ShapeError(
      `corrcoef(): expected input to have two or fewer dimensions but got an input with ${x.type.shape.length} dimensions`,
    );
  const c = cov(x);
  if (c.type.shape.length === 0) return div(c, c);
  const deviation = sqrt(diagonal(c));
  return clamp(div(div(c, unsqueeze(deviation, 1)), unsqueeze(deviation, 0)), { min: -1, max: 1 });
}

/** For each element whether it is one of the second argument's. */
export function isin(
  elements: Node,
  test: Node,
  { invert = false }: { readonly invert?: boolean } = {},
): Node {
  if (!isNode(elements) || !isNode(test)) throw new ValueError('isin(): both arguments must be tensors');
  const found = any(eq(unsqueeze(elements, -1), reshape(test, [-1])), -1);
  return invert ? logicalNot(found) : found;
}
