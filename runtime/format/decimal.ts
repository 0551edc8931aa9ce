// Decimal text of a binary floating-point number, rounded once from its exact value, ties to even: what C's
// `printf` and Python's `format` print for `%.4f` and `%.4e`.
//
// In: a number and a count of digits after the point. Out: the text.
//
// JavaScript's own `toFixed` and `toExponential` will not do: they round ties up (0.03125 gives 0.0313 where C
// gives 0.0312), they lose the sign of -0, and `toFixed` turns to exponents at 1e21. A double is an integer
// times a power of two, so its exact value is a fraction of two integers, and BigInt makes the rounding exact.

/** A non-negative rational number. */
interface Fraction {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

const bits = new DataView(new ArrayBuffer(8));

/** The exact value of |value|, for a finite value: mantissa * 2^exponent. */
function magnitudeOf(value: number): Fraction {
  bits.setFloat64(0, value);
  const word = bits.getBigUint64(0);
  const biased = Number((word >> 52n) & 0x7ffn);
  const stored = word & 0xfffffffffffffn;
  // normal numbers have a hidden leading one; subnormal ones (biased = 0) share the exponent of biased = 1
  const mantissa = biased === 0 ? stored : stored | (1n << 52n);
  const exponent = Math.max(biased, 1) - 1075;
  return exponent >= 0
    ? { numerator: mantissa << BigInt(exponent), denominator: 1n }
    : { numerator: mantissa, denominator: 1n << BigInt(-exponent) };
}

/** The integer nearest to a fraction; halfway between two integers, the even one. */
function roundHalfEven({ numerator, denominator }: Fraction): bigint {
  const quotient = numerator / denominator;
  const twice = 2n * (numerator % denominator);
  const up = twice > denominator || (twice === denominator && (quotient & 1n) === 1n);
  return up ? quotient + 1n : quotient;
}

function scaleByPowerOfTen({ numerator, denominator }: Fraction, power: number): Fraction {
  const factor = 10n ** BigInt(Math.abs(power));
  return power >= 0
    ? { numerator: numerator * factor, denominator }
    : { numerator, denominator: denominator * factor };
}

/** The k with 10^k <= value < 10^(k+1), for a value above zero; `guess` is at most a few off. */
function decimalExponentOf(value: Fraction, guess: number): number {
  const atLeast = (k: number) => {
    const scaled = scaleByPowerOfTen(value, -k);
    return scaled.numerator >= scaled.denominator;
  };
  let exponent = guess;
  while (!atLeast(exponent)) exponent--;
  while (atLeast(exponent + 1)) exponent++;
  return exponent;
}

/** `'-'` for negative numbers, -0 among them, else nothing. */
function signOf(value: number): string {
  return value < 0 || Object.is(value, -0) ? '-' : '';
}

/** Puts the decimal point `digits` places before the end. */
function withPoint(integer: string, digits: number): string {
  if (digits === 0) return integer;
  const padded = integer.padStart(digits + 1, '0');
  return `${padded.slice(0, -digits)}.${padded.slice(-digits)}`;
}

/** `nan`, `inf` or `-inf`, as C writes them; nothing for a finite number. */
export function formatNonFinite(value: number): string | undefined {
  if (Number.isNaN(value)) return 'nan';
  if (value === Infinity) return 'inf';
  return value === -Infinity ? '-inf' : undefined;
}

/**
 * The number with `digits` digits after the point, C's `%.{digits}f`.
 *
 * @example
 * formatFixed(0.03125, 4); // '0.0312': an exact tie goes to the even digit
 * formatFixed(-0, 2); // '-0.00'
 */
export function formatFixed(value: number, digits: number): string {
  const special = formatNonFinite(value);
  if (special !== undefined) return special;
  const scaled = scaleByPowerOfTen(magnitudeOf(value), digits);
  return signOf(value) + withPoint(roundHalfEven(scaled).toString(), digits);
}

/**
 * The number in scientific notation with `digits` digits after the point, C's `%.{digits}e`: one digit before
 * the point, an exponent of at least two digits.
 *
 * @example
 * formatScientific(10000.5, 4); // '1.0000e+04'
 * formatScientific(5e-324, 4); // '4.9407e-324'
 */
export function formatScientific(value: number, digits: number): string {
  const special = formatNonFinite(value);
  if (special !== undefined) return special;
  let exponent = 0;
  let text = '0'.repeat(digits + 1);
  if (value !== 0) {
    const magnitude = magnitudeOf(value);
    exponent = decimalExponentOf(magnitude, Math.floor(Math.log10(Math.abs(value))));
    text = roundHalfEven(scaleByPowerOfTen(magnitude, digits - exponent)).toString();
    if (text.length > digits + 1) {
      // 9.99996 rounded up to 10.0000: the same digits, one power of ten further
      text = text.slice(0, -1);
      exponent++;
    }
  }
  const power = Math.abs(exponent).toString().padStart(2, '0');
  return `${signOf(value)}${withPoint(text, digits)}e${exponent < 0 ? '-' : '+'}${power}`;
}
