// Box & Muller's transform in float32, bit for bit as PyTorch's AVX2 kernel does it.
//
// In: a block of 16 uniform numbers. Out: 16 normal numbers in their place.
//
// The kernel's log, sin and cos are those of Moshier's Cephes library (`logf.c`, `sinf.c`), polynomials in
// float32. Where the compiler contracted a product and a sum to a fused multiply-add we do the same: without
// that one number in a hundred has another last bit. Every other operation is rounded to float32 by `Math.fround`.

import { fusedMultiplyAdd32 as fma } from './fused.ts';

const round = Math.fround;

const sqrtHalf = round(0.707106781186547524);

const log0 = round(7.0376836292e-2);
const log1 = round(-1.151461031e-1);
const log2 = round(1.167699874e-1);
const log3 = round(-1.2420140846e-1);
const log4 = round(1.4249322787e-1);
const log5 = round(-1.6668057665e-1);
const log6 = round(2.0000714765e-1);
const log7 = round(-2.4999993993e-1);
const log8 = round(3.3333331174e-1);
/** ln 2 in two parts, the second with few bits so that its multiples are exact. */
const ln2Low = round(-2.1219444e-4);
const ln2High = round(0.693359375);

const fourOverPi = round(1.27323954473516);
/** -pi/4 in three parts, to take away multiples of it with no loss of bits (Cody & Waite). */
const minusQuarterPi1 = round(-0.78515625);
const minusQuarterPi2 = round(-2.4187564849853515625e-4);
const minusQuarterPi3 = round(-3.77489497744594108e-8);

const cos0 = round(2.443315711809948e-5);
const cos1 = round(-1.388731625493765e-3);
const cos2 = round(4.166664568298827e-2);
const sin0 = round(-1.9515295891e-4);
const sin1 = round(8.3321608736e-3);
const sin2 = round(-1.6666654611e-1);

const twoPi = round(2 * Math.PI);

const single = new Float32Array(1);
const singleBits = new Uint32Array(single.buffer);

/**
 * The natural logarithm of a normal float32 above zero. With x = 2^e m and m in [sqrt(1/2), sqrt(2)),
 * ln x = e ln 2 + ln(1 + f) for f = m - 1, and ln(1 + f) = f - f^2/2 + f^3 P(f).
 */
function log(x: number): number {
  single[0] = x;
  const pattern = singleBits[0];
  let exponent = (pattern >>> 23) - 126;
  singleBits[0] = (pattern & 0x7fffff) | (126 << 23);
  const mantissa = single[0]; // in [1/2, 1)
  let f = round(mantissa - 1);
  if (mantissa < sqrtHalf) {
    exponent--;
    f = round(f + mantissa);
  }
  const square = round(f * f);
  let y = log0;
  y = fma(y, f, log1);
  y = fma(y, f, log2);
  y = fma(y, f, log3);
  y = fma(y, f, log4);
  y = fma(y, f, log5);
  y = fma(y, f, log6);
  y = fma(y, f, log7);
  y = fma(y, f, log8);
  y = round(y * f);
  y = fma(y, square, round(exponent * ln2Low));
  y = round(y - square * 0.5);
  return fma(exponent, ln2High, round(f + y));
}

/**
 * Transforms the 16 numbers at `start`: u1 = 1 - data[j] and u2 = data[j + 8] give data[j] = r cos t * std + mean
 * and data[j + 8] = r sin t * std + mean.
 *
 * For t >= 0 let j be the even number nearest above t / (pi/4) and x = t - j pi/4, in [-pi/4, pi/4]. Then sin t
 * and cos t are, up to their signs, sin x and cos x if j is a multiple of 4, and cos x and sin x if not.
 */
export function transformBlock32(data: Float32Array, start: number, mean: number, std: number): void {
  const mean32 = round(mean);
  const std32 = round(std);
  for (let i = start; i < start + 8; i++) {
    const radius = round(Math.sqrt(round(-2 * log(round(1 - data[i])))));
    const angle = round(twoPi * data[i + 8]);

    const octant = (Math.trunc(round(angle * fourOverPi)) + 1) & ~1;
    let x = fma(octant, minusQuarterPi1, angle);
    x = fma(octant, minusQuarterPi2, x);
    x = fma(octant, minusQuarterPi3, x);
    const square = round(x * x);

    let c = fma(cos0, square, cos1);
    c = fma(c, square, cos2);
    c = round(c * square);
    c = round(c * square - round(square * 0.5));
    c = round(c + 1);

    let s = fma(sin0, square, sin1);
    s = fma(s, square, sin2);
    s = round(s * square);
    s = fma(s, x, x);

    const swapped = (octant & 2) !== 0;
    const sine = (octant & 4) !== 0 ? -(swapped ? c : s) : swapped ? c : s;
    const cosine = (~(octant - 2) & 4) !== 0 ? -(swapped ? s : c) : swapped ? s : c;

    data[i] = fma(round(radius * cosine), std32, mean32);
    data[i + 8] = fma(round(radius * sine), std32, mean32);
  }
}
