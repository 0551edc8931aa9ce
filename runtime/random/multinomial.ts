// Choosing among categories of given weights, with or without putting the chosen one back: PyTorch's
// `multinomial`.
//
// In: a generator, one row of weights or several, how many to choose from each. Out: the numbers of the chosen
// categories, row by row.

import type { Generator } from '../generator.ts';
import { fillExponential } from './continuous.ts';
import type { FloatArray } from './uniform.ts';

/** What is to be chosen. */
export interface MultinomialRequest {
  /** The weights, row by row. A row need not sum to 1. */
  readonly weights: FloatArray;
  /** The length of a row; all weights are one row if it is not given. */
  readonly categories?: number;
  /** How many are chosen from each row. */
  readonly samples: number;
  /** Whether a category may be chosen again. */
  readonly replacement?: boolean;
}

/**
 * Chooses categories with probabilities proportional to their weights.
 *
 * @example
 * const weights = new Float32Array([0.1, 0.2, 0.3, 0.4]);
 * drawMultinomial(new Generator(0), { weights, samples: 4 }); // 3, 1, 2, 0: a random order
 * drawMultinomial(new Generator(0), { weights, samples: 8, replacement: true }); // 3, 3, 2, ...
 */
export function drawMultinomial(generator: Generator, request: MultinomialRequest): Int32Array {
  const { weights, samples, replacement = false } = request;
  const categories = request.categories ?? weights.length;
  if (!(samples > 0)) throw new RangeError('cannot sample n_sample <= 0 samples');
  if (!replacement && samples > categories) {
    throw new RangeError('cannot sample n_sample > prob_dist.size(-1) samples without replacement');
  }
  const rows = weights.length / categories;
  for (let row = 0; row < rows; row++) checkRow(weights, row * categories, categories);
  const chosen = new Int32Array(rows * samples);
  if (replacement) drawWithReplacement(generator, weights, categories, samples, chosen);
  else drawWithoutReplacement(generator, weights, categories, samples, chosen);
  return chosen;
}

function checkRow(weights: FloatArray, start: number, categories: number): void {
  let sum = 0;
  for (let j = start; j < start + categories; j++) {
    if (!(weights[j] >= 0 && weights[j] < Infinity)) {
      throw new RangeError('probability tensor contains either `inf`, `nan` or element < 0');
    }
    sum += weights[j];
  }
  if (!(sum > 0)) throw new RangeError('invalid multinomial distribution (sum of probabilities <= 0)');
}

/** An array of the same type as another. */
function arrayLike(model: FloatArray, length: number): FloatArray {
  return model instanceof Float32Array ? new Float32Array(length) : new Float64Array(length);
}

/**
 * By the cumulative distribution of each row: a uniform u chooses the first category whose cumulative
 * probability is at least u. The sums are in the type of the weights.
 */
function drawWithReplacement(
  generator: Generator,
  weights: FloatArray,
  categories: number,
  samples: number,
  chosen: Int32Array,
): void {
  const cumulative = arrayLike(weights, categories);
  for (let row = 0; row * categories < weights.length; row++) {
    let sum = 0;
    for (let j = 0; j < categories; j++) {
      cumulative[j] = sum + weights[row * categories + j];
      sum = cumulative[j];
    }
    for (let j = 0; j < categories; j++) cumulative[j] /= sum;
    cumulative[categories - 1] = 1;
    for (let k = 0; k < samples; k++) {
      chosen[row * samples + k] = firstAtLeast(cumulative, generator.uniform53());
    }
  }
}

/** The first position whose value is at least u, by bisection; the values rise to 1. */
function firstAtLeast(rising: FloatArray, u: number): number {
  let left = 0;
  let right = rising.length;
  while (left < right) {
    const mid = left + ((right - left) >> 1);
    if (rising[mid] < u) left = mid + 1;
    else right = mid;
  }
  return left;
}

/**
 * By a race: a category of weight w arrives after an exponential time e / w. That one arrives first has the
 * probability w / sum, and among those left it is the same again, so the first ones in order are the wanted
 * choice (PyTorch ranks the quotients w / e from the largest).
 */
function drawWithoutReplacement(
  generator: Generator,
  weights: FloatArray,
  categories: number,
  samples: number,
  chosen: Int32Array,
): void {
  const speeds = fillExponential(generator, arrayLike(weights, weights.length));
  for (let i = 0; i < speeds.length; i++) speeds[i] = weights[i] / speeds[i];
  for (let start = 0, row = 0; start < weights.length; start += categories, row++) {
    const ranking = Array.from({ length: categories }, (_, j) => j);
    ranking.sort((a, b) => speeds[start + b] - speeds[start + a]);
    chosen.set(ranking.slice(0, samples), row * samples);
  }
}
