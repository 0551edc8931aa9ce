// The logarithm of the gamma function, its derivatives and the Hurwitz zeta function, on plain numbers:
// float64 in and out. Sources: Abramowitz & Stegun chapter 6 for the series and reflections, Cephes for zeta.
// Edge values are PyTorch's unless noted.

const EULER = 0.5772156649015329;
const LOG_SQRT_2PI = 0.9189385332046728;

/** zeta(k) - 1 for k = 2, 3, ... */
const ZETA_MINUS_1 = [
  0.64493406684822644, 0.20205690315959429, 0.082323233711138192, 0.036927755143369926, 0.01734306198444914,
  0.0083492773819228268, 0.0040773561979443394, 0.0020083928260822144, 9.9457512781808534e-4,
  4.9418860411946456e-4, 2.460865533080483e-4, 1.2271334757848915e-4, 6.1248135058704829e-5,
  3.0588236307020494e-5, 1.5282259408651872e-5, 7.6371976378997623e-6, 3.8172932649998399e-6,
  1.9082127165539389e-6, 9.5396203387279611e-7, 4.7693298678780646e-7, 2.3845050272773299e-7,
  1.1921992596531107e-7, 5.960818905125948e-8, 2.980350351465228e-8, 1.4901554828365041e-8,
  7.4507117898354295e-9, 3.7253340247884571e-9,
];

/** log gamma(2 + z) for |z| <= 0.5: z (1 - Euler) + sum of (-z)^k (zeta(k) - 1) / k (A&S 6.1.33). */
function logGammaAt2(z: number): number {
  let sum = 0;
  for (let k = ZETA_MINUS_1.length - 1; k >= 0; k--) sum = ZETA_MINUS_1[k] / (k + 2) - z * sum;
  return z * (1 - EULER + z * sum);
}

/** B(2k) / (2k (2k - 1)), k = 9 down to 1. */
const STIRLING = [
  0.17964437236883057, -0.029550653594771242, 0.00641025641025641, -0.0019175269175269176,
  8.4175084175084175e-4, -5.952380952380952e-4, 7.9365079365079365e-4, -0.002777777777777778,
  0.08333333333333333,
];

/**
 * log gamma(x) for x > 0: the series at 1 and 2, the recurrence down to it, Stirling's series from 10 (A&S
 * 6.1.41).
 */
function logGammaPositive(x: number): number {
  if (x < 0.5) return logGammaAt2(x) - Math.log1p(x) - Math.log(x);
  if (x <= 1.5) return logGammaAt2(x - 1) - Math.log1p(x - 1);
  if (x < 10) {
    let product = 1;
    let y = x;
    while (y > 2.5) product *= --y;
    return logGammaAt2(y - 2) + Math.log(product);
  }
  if (x > 1e17) return x * (Math.log(x) - 1);
  const t = 1 / (x * x);
  let series = 0;
  for (const c of STIRLING) series = c + t * series;
  return (x - 0.5) * Math.log(x) - x + LOG_SQRT_2PI + series / x;
}

/**
 * Zeros of log|gamma| below -2, nearest integer first and then the distance from it as a sum of two doubles.
 */
const ZEROS: readonly (readonly [number, number, number])[] = [
  [-2, -0.45702473822080064, 1.843554041574456e-17],
  [-3, 0.2523173532725874, -2.04688991691325e-17],
  [-3, -0.14358088834998006, 3.862806401714152e-18],
  [-4, 0.04470571514140207, 8.223977942582053e-19],
  [-4, -0.03936183974053688, 3.2731379225891636e-18],
  [-5, 0.008455359439952277, 8.231751957350036e-19],
  [-5, -0.008218168322593521, -5.582665915956405e-19],
  [-6, 0.0013925199191243706, -7.090441230646531e-20],
  [-6, -0.0013852944531550972, -2.6295731811446077e-20],
  [-7, 0.0001984921093623021, 6.263909978492175e-21],
  [-7, -0.00019833340732475162, 1.1820573401560963e-20],
  [-8, 2.4802904179335845e-5, 3.15397713595963e-22],
  [-8, -2.48002706819597e-5, 1.0083974251164085e-21],
  [-9, 2.7557490225318057e-6, -6.500300408654724e-23],
  [-9, -2.7557148226503463e-6, -5.624459871432079e-23],
  [-10, 2.7557337083353163e-7, 1.4502658434955713e-23],
  [-10, -2.755730136466002e-7, -2.4472526783403563e-23],
  [-11, 2.5052109918476226e-8, -6.807394864189793e-25],
  [-11, -2.5052106852407546e-8, 1.2924868620853802e-24],
  [-12, 2.087675709796081e-9, -8.658839215884982e-26],
  [-12, -2.087675687777539e-9, -4.849684877236172e-26],
  [-13, 1.6059043843534355e-10, 6.465141936497467e-27],
  [-13, -1.6059043830108875e-10, 7.046449983196074e-27],
  [-14, 1.147074559808161e-11, -7.830340218001236e-28],
  [-14, -1.147074559737784e-11, 4.194056116105366e-28],
  [-15, 7.647163731835846e-13, -3.8035184915187745e-29],
  [-15, -7.647163731803788e-13, 4.886154187641447e-29],
  [-16, 4.779477332388026e-14, -9.319923331229129e-31],
  [-16, -4.779477332386745e-14, -1.811833433216651e-30],
];

/**
 * log|gamma(d + zero)| for small d: with y = 1 - zero, the reflection formula gives the logarithm of sin(pi
 * zero) / sin(pi (zero + d)) less that of gamma(y - d) / gamma(y), both of which keep the relative precision
 * of d.
 */
function logGammaNearZero(integer: number, fraction: number, d: number): number {
  const s = Math.sin((Math.PI * d) / 2);
  const sine = Math.log1p(Math.sin(Math.PI * d) / Math.tan(Math.PI * fraction) - 2 * s * s);
  const y = 1 - integer - fraction;
  let sum = 0;
  for (let k = 10; k >= 2; k--) sum = zeta(k, y) / k + d * sum;
  return d * (digamma(y) - d * sum) - sine;
}

/**
 * The logarithm of |gamma(x)|: Infinity at 0, at the negative integers and at both infinities, as C's lgamma.
 * Negative x by reflection (A&S 6.1.17), with care for its zeros, where two large terms cancel.
 */
export function lgamma(x: number): number {
  if (x > 0) return logGammaPositive(x);
  const nearest = Math.round(x);
  const e = x - nearest;
  if (e === 0 || x === -Infinity) return Infinity;
  if (x > -0.5) return logGammaAt2(x) - Math.log1p(x) - Math.log(-x);
  if (x < -2 && x > -17) {
    for (const [integer, high, low] of ZEROS) {
      const d = x - integer - high - low;
      if (Math.abs(d) < Math.min(0.1, 0.9 * Math.abs(high))) return logGammaNearZero(integer, high, d);
    }
  }
  return Math.log(Math.PI / Math.abs(x * Math.sin(Math.PI * e))) - logGammaPositive(-x);
}

/** The positive zero of digamma, as a sum of two doubles, and the Taylor coefficients there. */
const ROOT = 1.4616321449683622;
const ROOT_LOW = 9.549995429965697e-17;
const AT_ROOT = [
  0.96767224544762117, -0.44276316898359211, 0.25849976095565101, -0.16394270544240653, 0.10782405069126237,
  -0.072199561256454711, 0.048804288164143107, -0.033161126474847359, 0.022597648232218105,
  -0.015424765904948959, 0.010538791616612175, -0.0072045343863568682, 0.0049267813957298534,
  -0.0033698016554393281, 0.0023051263267349278, -0.0015769367714301973, 0.0010788252019162966,
  -7.3807093899600513e-4, 5.0495326583460204e-4, -3.454680251063077e-4, 2.3635601564027053e-4,
  -1.6170622091974803e-4, 1.1063372768747411e-4,
];

/** B(2k) / 2k, k = 8 down to 1. */
const PSI_SERIES = [
  -0.4432598039215686, 0.08333333333333333, -0.021092796092796094, 0.007575757575757576,
  -0.004166666666666667, 0.003968253968253968, -0.008333333333333333, 0.08333333333333333,
];

/**
 * Derivative of log gamma, by the recurrence up to 10 and the asymptotic series (A&S 6.3.5, 6.3.18), the
 * Taylor series around the positive zero, and reflection (6.3.7). -Infinity at 0, Infinity at -0, NaN at the
 * negative integers, as in PyTorch. Near its negative zeros the error is small beside pi, not beside the
 * result.
 */
export function digamma(x: number): number {
  if (x === 0) return Object.is(x, -0) ? Infinity : -Infinity;
  if (x < 0) {
    const e = x - Math.round(x);
    return e === 0 || x === -Infinity ? NaN : digamma(1 - x) - Math.PI / Math.tan(Math.PI * e);
  }
  const d = x - ROOT - ROOT_LOW;
  if (Math.abs(d) < 0.3) {
    let sum = 0;
    for (let k = AT_ROOT.length - 1; k >= 0; k--) sum = AT_ROOT[k] + d * sum;
    return d * sum;
  }
  let y = x;
  let shift = 0;
  for (; y < 10; y++) shift += 1 / y;
  const t = 1 / (y * y);
  let series = 0;
  for (const c of PSI_SERIES) series = c + t * series;
  return Math.log(y) - 0.5 / y - t * series - shift;
}

/** (2k)! / B(2k), k = 1, 2, ... */
const EULER_MACLAURIN = [
  12, -720, 30240, -1209600, 47900160, -1892437580.3183792, 74724249600, -2950130727918.164,
  116467828143500.67, -4597978722407472.6, 181521054019435460, -7166165256175667000,
];

/** zeta(x, q) for x > 1 and q > 0: a sum, then Euler-Maclaurin (Cephes: zeta). */
function zetaPositive(x: number, q: number): number {
  if (q === Infinity || x === Infinity) return q > 1 ? 0 : q === 1 ? 1 : Infinity;
  let sum = Math.pow(q, -x);
  let a = q;
  let term = 0;
  for (let i = 0; i < 9 || a <= 9; i++) {
    a++;
    term = Math.pow(a, -x);
    sum += term;
    if (term < 1.1e-16 * sum) return sum;
  }
  sum += (term * a) / (x - 1) - term / 2;
  let factor = 1;
  let k = 0;
  for (const c of EULER_MACLAURIN) {
    factor *= x + k++;
    term /= a;
    const t = (factor * term) / c;
    sum += t;
    if (Math.abs(t) < 1.1e-16 * sum) break;
    factor *= x + k++;
    term /= a;
  }
  return sum;
}

/**
 * The Hurwitz zeta function, sum of (q + k)^-x over k >= 0. Infinity at x = 1 and at q = 0, -1, ...; NaN for
 * x < 1, and for q < 0 unless x is an integer. It then is the sum over all integers k, which has period 1 in
 * q, less the part over k < 0. At infinite q it is 0, where PyTorch has NaN for want of a limit.
 */
export function zeta(x: number, q: number): number {
  if (x === 1) return Infinity;
  if (!(x > 1)) return NaN;
  if (q > 0) return zetaPositive(x, q);
  const nearest = Math.round(q);
  const e = q - nearest;
  if (e === 0 || q === -Infinity) return Infinity;
  if (x !== Math.floor(x)) return NaN;
  const sign = x % 2 === 0 ? 1 : -1;
  const both = Math.pow(e, -x) + zetaPositive(x, 1 + e) + sign * zetaPositive(x, 1 - e);
  return both - sign * zetaPositive(x, 1 - q);
}

/**
 * The n-th derivative of digamma, n a non-negative integer: (-1)^(n+1) n! zeta(n + 1, x) (A&S 6.4.10). For
 * n = 1 PyTorch cuts an asymptotic series short, off by up to 5e-10 of the value, and reflects without
 * reducing pi x, so that the poles at negative integers come out finite; this does neither.
 */
export function polygamma(n: number, x: number): number {
  if (n === 0) return digamma(x);
  let factorial = 1;
  for (let k = 2; k <= n; k++) factorial *= k;
  return (n % 2 === 0 ? -factorial : factorial) * zeta(n + 1, x);
}
