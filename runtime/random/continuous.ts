// The exponential, Cauchy, log-normal and geometric distributions.
//
// In: a generator, an array to fill, the parameters. Out: the array filled, the generator moved on.
//
// All but the log-normal invert the distribution function F at a uniform u: F^-1(u) has the distribution F. They
// are computed in double precision and rounded when stored.

import type { Generator } from '../generator.ts';
import { fusedMultiplyAdd64 } from './fused.ts';
import type { FloatArray, FillableArray } from './uniform.ts';

/**
 * Fills with exponential numbers of rate lambda, PyTorch's `exponential_`: F(x) = 1 - exp(-lambda x), hence
 * x = -ln(1 - u) / lambda.
 *
 * @example
 * fillExponential(new Generator(0), new Float32Array(1), 1.5); // a waiting time of mean 2/3
 */
export function fillExponential<Target extends FloatArray>(
  generator: Generator,
  out: Target,
  lambda = 1,
): Target {
  if (!(lambda >= 0)) throw new RangeError(`exponential_ expects lambda >= 0.0, but found lambda=${lambda}`);
  const factor = -1 / lambda;
  for (let i = 0; i < out.length; i++) out[i] = factor * Math.log(1 - generator.uniform53());
  return out;
}

/**
 * Fills with Cauchy numbers, PyTorch's `cauchy_`: F(x) = 1/2 + arctan((x - median) / sigma) / pi, hence
 * x = median + sigma tan(pi (u - 1/2)).
 *
 * @example
 * fillCauchy(new Generator(0), new Float32Array(4), 0, 1);
 */
export function fillCauchy<Target extends FloatArray>(
  generator: Generator,
  out: Target,
  median = 0,
  sigma = 1,
): Target {
  if (!(sigma > 0)) throw new RangeError(`cauchy_ expects sigma > 0.0, but found sigma=${sigma}`);
  for (let i = 0; i < out.length; i++) {
    out[i] = fusedMultiplyAdd64(sigma, Math.tan(Math.PI * (generator.uniform53() - 0.5)), median);
  }
  return out;
}

/**
 * Fills with numbers whose logarithm is normal, PyTorch's `log_normal_`. The normal numbers come one by one,
 * from `Generator.normal`, however many there are.
 *
 * @example
 * fillLogNormal(new Generator(0), new Float32Array(4)); // PyTorch's defaults are mean 1, std 2
 */
export function fillLogNormal<Target extends FloatArray>(
  generator: Generator,
  out: Target,
  mean = 1,
  std = 2,
): Target {
  if (!(std > 0)) throw new RangeError(`log_normal_ expects std > 0.0, but found std=${std}`);
  for (let i = 0; i < out.length; i++) {
    out[i] = Math.exp(fusedMultiplyAdd64(generator.normal(), std, mean));
  }
  return out;
}

/**
 * Fills with the number of tosses up to the first success of probability p, PyTorch's `geometric_`: the chance
 * of more than k tosses is (1 - p)^k, hence k = ceil(ln u / ln(1 - p)).
 *
 * @example
 * fillGeometric(new Generator(0), new Int32Array(4), 0.3); // 1, 2, 3, ...
 */
export function fillGeometric<Target extends FillableArray>(
  generator: Generator,
  out: Target,
  p: number,
): Target {
  if (!(p > 0 && p < 1)) throw new RangeError(`geometric_ expects p to be in (0, 1), but got p=${p}`);
  const divisor = Math.log(1 - p);
  for (let i = 0; i < out.length; i++) out[i] = Math.ceil(Math.log(generator.uniform53()) / divisor);
  return out;
}
