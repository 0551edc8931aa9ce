// The error function, its relatives and their inverses, on plain numbers: float64 in, float64 out.

const SQRT_PI_INVERSE = 0.5641895835477563;
const SQRT_PI_HALF = 0.886226925452758;

/** p[0] x^n + ... + p[n], by Horner. */
function polynomial(p: readonly number[], x: number): number {
  let sum = 0;
  for (const c of p) sum = sum * x + c;
  return sum;
}

// W. J. Cody, Rational Chebyshev approximations for the error function, Math. Comp. 23 (1969): erf(x) / x in
// x^2 up to 0.46875,
const ERF_P = [
  1.85777706184603153e-1, 3.1611237438705656, 1.13864154151050156e2, 3.77485237685302021e2,
  3.20937758913846947e3,
];
const ERF_Q = [1, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3];
// erfcx(x) in x from there to 4,
const MIDDLE_P = [
  2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594, 6.61191906371416295e1,
  2.98635138197400131e2, 8.8195222124176909e2, 1.71204761263407058e3, 2.05107837782607147e3,
  1.23033935479799725e3,
];
const MIDDLE_Q = [
  1, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3,
  3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3,
];
// and (1 / sqrt(pi) - x erfcx(x)) x^2 in 1 / x^2 beyond.
const TAIL_P = [
  1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1,
  1.60837851487422766e-2, 6.58749161529837803e-4,
];
const TAIL_Q = [
  1, 2.56852019228982242, 1.87295284992346725, 5.27905102951428412e-1, 6.05183413124413191e-2,
  2.33520497626869185e-3,
];

function erfSmall(x: number): number {
  const t = x * x;
  return (x * polynomial(ERF_P, t)) / polynomial(ERF_Q, t);
}

/** erfcx for x > 0.46875. */
function scaledTail(x: number): number {
  if (x <= 4) return polynomial(MIDDLE_P, x) / polynomial(MIDDLE_Q, x);
  const t = 1 / (x * x);
  return (SQRT_PI_INVERSE - (t * polynomial(TAIL_P, t)) / polynomial(TAIL_Q, t)) / x;
}

/** scale * exp(sign * x^2), x^2 taken in two parts so that its rounding is not magnified (Cody). */
function timesExpSquare(scale: number, x: number, sign: 1 | -1): number {
  if (Math.abs(x) > 30) return sign > 0 ? scale * Infinity : 0;
  const head = Math.trunc(x * 16) / 16;
  const rest = (x - head) * (x + head);
  return Math.exp(sign * head * head) * (Math.exp(sign * rest) * scale);
}

/** The error function 2 / sqrt(pi) * integral of exp(-t^2) from 0 to x. Cody 1969. */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (!(a > 0.46875)) return erfSmall(x);
  const value = a > 6 ? 1 : 0.5 - timesExpSquare(scaledTail(a), a, -1) + 0.5;
  return x < 0 ? -value : value;
}

/** 1 - erf(x) without cancellation. Cody 1969. */
export function erfc(x: number): number {
  const a = Math.abs(x);
  if (!(a > 0.46875)) return 1 - erfSmall(x);
  if (x < -6) return 2;
  const tail = timesExpSquare(scaledTail(a), a, -1);
  return x < 0 ? 2 - tail : tail;
}

/** exp(x^2) erfc(x); Infinity from about -26.7 down. Cody 1969. */
export function erfcx(x: number): number {
  const a = Math.abs(x);
  if (!(a > 0.46875)) return Math.exp(x * x) * (1 - erfSmall(x));
  if (x > 0) return scaledTail(a);
  return timesExpSquare(2, a, 1) - scaledTail(a);
}

/**
 * x with erfc(x) = q, for 0 < q <= 0.5: Newton on the logarithm, which stays well scaled down to the smallest
 * q.
 */
function erfcInverse(q: number): number {
  const logq = Math.log(q);
  const t = Math.sqrt(Math.log(2) - logq);
  let x =
    (((1.641345311 * t + 3.429567803) * t - 1.624906493) * t - 1.970840454) /
    ((1.6370678 * t + 3.5438892) * t + 1);
  for (let i = 0; i < 3; i++) {
    const scaled = scaledTail(x);
    x += (Math.log(scaled) - x * x - logq) * scaled * SQRT_PI_HALF;
  }
  return x;
}

/** x with erf(x) = y for |y| <= 0.5, by a rational starting value and Newton steps on erf. */
function erfInverseCentral(y: number): number {
  const t = y * y;
  let x =
    (y * (((-0.140543331 * t + 0.914624893) * t - 1.645349621) * t + 0.886226899)) /
    ((((0.012229801 * t - 0.329097515) * t + 1.442710462) * t - 2.118377725) * t + 1);
  for (let i = 0; i < 2; i++) x -= (erf(x) - y) * SQRT_PI_HALF * Math.exp(x * x);
  return x;
}

/**
 * Inverse of erf: +-Infinity at +-1, NaN outside. The starting values are those of PyTorch (and of MATLAB's
 * old erfinv).
 */
export function erfinv(y: number): number {
  const a = Math.abs(y);
  if (!(a <= 1)) return NaN;
  if (a <= 0.5) return erfInverseCentral(y);
  const x = a === 1 ? Infinity : erfcInverse(1 - a);
  return y < 0 ? -x : x;
}

/**
 * Inverse of the standard normal distribution function, by the inverses of erf and erfc: -Infinity at 0,
 * Infinity at 1, NaN outside. Named as in Cephes.
 */
export function ndtri(p: number): number {
  if (!(p >= 0 && p <= 1)) return NaN;
  if (p === 0 || p === 1) return p === 0 ? -Infinity : Infinity;
  if (p < 0.25) return -Math.SQRT2 * erfcInverse(2 * p);
  if (p > 0.75) return Math.SQRT2 * erfcInverse(2 * (1 - p));
  return Math.SQRT2 * erfInverseCentral(2 * (p - 0.5));
}
