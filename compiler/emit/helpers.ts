// Helper functions of generated sources. In: their names. Out: their texts, in dependency order, each with a comment. They are
// as accurate as their dtype: the ...32 forms are within about 1e-7 relative, handle the usual range by a polynomial
// or a table, and are exact at the odd points (huge, tiny, NaN, infinite), by a choice of numbers where that is possible: a call on
// a rare path costs a third in the loop around it (V8 keeps its registers free for the call). Small enough for V8 to inline. The `...Of` forms without a body here come from compiler/special.ts and are handed in.

import * as special from '../special.ts';

/** Functions handed to a program as they are. */
export const importedHelpers: Readonly<Record<string, (...args: number[]) => number>> = {
  exp2Of: special.exp2,
  hypotOf: special.hypot,
  powOf: special.pow,
  erfOf: special.erf,
  erfcOf: special.erfc,
  erfinvOf: special.erfinv,
  lgammaOf: special.lgamma,
  digammaOf: special.digamma,
  polygammaOf: special.polygamma,
  i0Of: special.i0,
  i1Of: special.i1,
  erfcxOf: special.erfcx,
  ndtriOf: special.ndtri,
};

interface HelperText {
  readonly needs?: readonly string[];
  readonly text: string;
}

const number = (x: number): string => String(x);
const { LN2, LOG2E } = Math;

/** Written into a source when something calls them. */
export const helperTexts: Readonly<Record<string, HelperText>> = {
  maxOf: { text: 'function maxOf(a, b) { return a > b || a !== a ? a : b; } // NaN wins' },
  minOf: { text: 'function minOf(a, b) { return a < b || a !== a ? a : b; } // NaN wins' },
  signOf: { text: 'function signOf(a) { return a > 0 ? 1 : a < 0 ? -1 : a; }' },
  signbitOf: { text: 'function signbitOf(a) { return a < 0 || Object.is(a, -0); }' },
  sigmoidOf: { text: 'function sigmoidOf(a) { return 1 / (1 + Math.exp(-a)); }' },
  roundHalfEven: {
    text: `function roundHalfEven(a) { // a sum this large has no digits after the point, and rounds as IEEE 754 does
  if (!(Math.abs(a) < 2251799813685248)) {
    const far = Math.round(a);
    return Math.abs(a % 1) === 0.5 && far % 2 !== 0 ? far - 1 : far;
  }
  const r = a + 6755399441055744 - 6755399441055744;
  return r === 0 ? a * 0 : r;
}`,
  },
  eighths: {
    text: `const eighths = new Float64Array(2568); // 2 ** (i / 8 - 160); 0 and Infinity beyond what float32 holds
for (let i = 80; i < 2568; i++) eighths[i] = i > 2304 ? Infinity : 2 ** (i / 8 - 160);`,
  },
  exp32: {
    needs: ['eighths'],
    text: `function exp32(x) { // x = k ln(2) / 8 + r, |r| <= ln(2) / 16: a table and a cubic, 3e-8
  const a = x < -103.98 ? -110 : x > 88.7229 ? 100 : x; // to where the table says 0 or Infinity; no branch, no call
  const k = (a * ${number(8 * LOG2E)} + 1280.5) | 0;
  const r = a - (k - 1280) * ${number(LN2 / 8)};
  return (1 + r + r * r * (0.5000647819513176 + r * 0.16666666666666666)) * eighths[k];
}`,
  },
  sigmoid32: {
    needs: ['exp32'],
    text: 'function sigmoid32(a) { return 1 / (1 + exp32(-a)); }',
  },
  tanh32: {
    text: `function tanh32(x) { // odd rational function 13/6 (the one Eigen uses), 1.8e-7; 1 from 8.3 on
  const a = x < -7.905 ? -7.905 : x > 7.905 ? 7.905 : x;
  const s = a * a;
  const p = ((((((-2.76076847742355e-16 * s + 2.00018790482477e-13) * s - 8.60467152213735e-11) * s + 5.12229709037114e-8) * s + 1.48572235717979e-5) * s + 6.37261928875436e-4) * s + 4.89352455891786e-3);
  const q = ((1.19825839466702e-6 * s + 1.18534705686654e-4) * s + 2.268434632439e-3) * s + 4.89352518554385e-3;
  return x > 8.3 ? 1 : x < -8.3 ? -1 : a * p / q;
}`,
  },
  bits: {
    text: `const float = new Float32Array(new ArrayBuffer(128), 0, 32); // bits of a float32, by writing and reading
const bits = new Int32Array(float.buffer, 0, 32);
const halves = new Float64Array(256); // 2 ** (127 - i)
for (let i = 0; i < 256; i++) halves[i] = 2 ** (127 - i);`,
  },
  log32: {
    needs: ['bits'],
    text: `function log32(a) { // a = m 2 ** e, m in [0.70, 1.41]; log m = 2 artanh((m - 1) / (m + 1)), 2e-8
  if (!(a > 1.2e-38 && a < 3.4e38)) return Math.log(a);
  float[0] = a;
  const e = (bits[0] + 4913933) >> 23; // 4913933: moves sqrt(1/2) to a power of two
  const m = a * halves[e];
  const s = (m - 1) / (m + 1);
  const t = s * s;
  return (e - 127) * ${number(LN2)} + s * (2 + t * (0.6666666666666666 + t * (0.4 + t * (0.2857142857142857 + t * 0.2222222222222222))));
}`,
  },
  log1p32: {
    needs: ['bits'],
    text: `function log1p32(x) { // log32 of 1 + x, which is only asked for its exponent: m - 1 = x h - (1 - h) loses nothing; -0 stays -0
  if (!(x > -1 && x < 3.4e38)) return Math.log1p(x);
  float[0] = 1 + x;
  const e = (bits[0] + 4913933) >> 23;
  const h = halves[e];
  const d = x * h - (1 - h);
  const s = d / (d + 2);
  const t = s * s;
  return s * (2 + t * (0.6666666666666666 + t * (0.4 + t * (0.2857142857142857 + t * 0.2222222222222222)))) - (127 - e) * ${number(LN2)};
}`,
  },
  expm132: {
    needs: ['eighths'],
    text: `function expm132(x) { // as exp32 with one degree more: t exp(r) - 1 = t (exp(r) - 1) - (1 - t), 3e-8; -0 stays -0
  const a = x < -103.98 ? -110 : x > 88.7229 ? 100 : x;
  const k = (a * ${number(8 * LOG2E)} + 1280.5) | 0;
  const r = a - (k - 1280) * ${number(LN2 / 8)};
  const t = eighths[k];
  return t * (r * (1 + r * (0.5 + r * (0.16666666666666666 + r * 0.041666666666666664)))) - (1 - t);
}`,
  },
  sin32: {
    text: `function sin32(a) { // a = k pi + r, |r| <= pi / 2: odd polynomial that is 1 at pi / 2, 4e-11; the first 36 bits of pi times k are exact
  if (!(a > -1e5 && a < 1e5)) return Math.sin(a);
  const k = Math.floor(a * ${number(1 / Math.PI)} + 0.5);
  const r = a - k * 3.1415926535846666 - k * 5.126688303189038e-12;
  const t = r * r;
  const s = r * (1 + t * (-0.16666666666666666 + t * (0.008333333333333333 + t * (-0.0001984126984126984 + t * (2.7557319223985893e-6 + t * (-2.505210838544172e-8 + t * 1.587205700397348e-10))))));
  return k & 1 ? -s : s;
}`,
  },
  cos32: {
    text: `function cos32(a) { // a = (k + 1/2) pi + r: the sine's polynomial, 4e-11
  if (!(a > -1e5 && a < 1e5)) return Math.cos(a);
  const k = Math.floor(a * ${number(1 / Math.PI)});
  const r = a - (k + 0.5) * 3.1415926535846666 - (k + 0.5) * 5.126688303189038e-12;
  const t = r * r;
  const s = r * (1 + t * (-0.16666666666666666 + t * (0.008333333333333333 + t * (-0.0001984126984126984 + t * (2.7557319223985893e-6 + t * (-2.505210838544172e-8 + t * 1.587205700397348e-10))))));
  return k & 1 ? s : -s;
}`,
  },
  erf32: {
    text: `function erf32(x) { // odd rational function 13/8 (the one XLA uses), 1.2e-7; 1 from 3.8 on
  const a = x < -3.8 ? -3.8 : x > 3.8 ? 3.8 : x;
  const s = a * a;
  const p = (((((-2.72614225801306e-10 * s + 2.77068142495902e-8) * s - 2.10102402082508e-6) * s - 5.69250639462346e-5) * s - 7.34990630326855e-4) * s - 2.954599808540250e-3) * s - 1.60960333262415e-2;
  const q = (((-1.45660718464996e-5 * s - 2.13374055278905e-4) * s - 1.68282697438203e-3) * s - 7.37332916720468e-3) * s - 1.42647390514189e-2;
  return x > 3.8 ? 1 : x < -3.8 ? -1 : a * p / q;
}`,
  },
};

/** Helpers and what they need, each after what it needs. */
export function closeHelpers(names: Iterable<string>): string[] {
  const order: string[] = [];
  const add = (name: string): void => {
    if (order.includes(name)) return;
    helperTexts[name]?.needs?.forEach(add);
    order.push(name);
  };
  for (const name of names) add(name);
  return order;
}
