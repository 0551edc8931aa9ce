// How the hand-written sides get the most out of V8. In: typed arrays by name, functions as texts. Out: one function that runs them.
//
// - The arrays are captured, not passed: V8 then knows where they lie and how long they are. Each function copies those it uses into
//   locals first.
// - Sizes stand as literals in the texts, which is why these are texts.
// - A comment makes every source unique: V8 shares the profile of equal texts, and what it has learnt elsewhere may be wrong here.
// - One long nest of loops per function: otherwise V8 may stay in code that it had to replace in the middle of a loop.

export type TypedArray = Float32Array | Float64Array | Int32Array;
export type Arrays = Readonly<Record<string, TypedArray>>;

/** Inline forms of Math.exp and Math.tanh, accurate to float32's last bit or two: three to four times as fast. */
const prelude = `
  // 2 ** (k / 8) from a table, times a cubic for the rest, which is below log(2) / 16
  function exp(x) {
    const z = x < -104 ? -104 : x > 89 ? 89 : x;
    const k = (z * ${8 * Math.LOG2E} + 1280.5) | 0;
    const r = z - (k - 1280) * ${Math.LN2 / 8};
    return (1 + r + r * r * (0.50000706 + r * 0.16667)) * eighths[k];
  }
  // a rational function, odd, of degree 13 over 6
  function tanh(x) {
    const a = x < -7.905 ? -7.905 : x > 7.905 ? 7.905 : x, s = a * a;
    const p = (((((-2.76076847742355e-16 * s + 2.00018790482477e-13) * s - 8.60467152213735e-11) * s
      + 5.12229709037114e-8) * s + 1.48572235717979e-5) * s + 6.37261928875436e-4) * s + 4.89352455891786e-3;
    const q = ((1.19825839466702e-6 * s + 1.18534705686654e-4) * s + 2.268434632439e-3) * s + 4.89352518554385e-3;
    return a * p / q;
  }`;
const eighths = Float64Array.from({ length: 8 * 320 }, (_, k) => 2 ** (k / 8 - 160));

let sources = 0;

/**
 * A function that runs `main`, by default all `functions` in their order. These are bodies by signature: `{ 'row(r)': '...' }`; they may
 * call each other, `exp` and `tanh`.
 */
export function program(
  arrays: Arrays,
  functions: Readonly<Record<string, string>>,
  main = Object.keys(functions)
    .map((f) => `${f};`)
    .join(' '),
): () => void {
  const captured: Arrays = { ...arrays, eighths };
  const names = Object.keys(captured);
  const withLocals = (body: string): string =>
    names
      .filter((name) => new RegExp(`\\b${name}\\[`).test(body))
      .map((name) => `const ${name} = $${name}; `)
      .join('') + body;
  const source = [
    `/* ${sources++} */`,
    `const eighths = $eighths; ${prelude}`,
    ...Object.entries(functions).map(([signature, body]) => `function ${signature} { ${withLocals(body)} }`),
    `return function () { ${withLocals(main)} }`,
  ].join('\n');
  const parameters = names.map((name) => `$${name}`);
  return new Function(...parameters, source)(...Object.values(captured)) as () => void;
}

/** 0, 1, ... count - 1: for unrolling. */
export const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** A text for each of 0 .. count - 1, one after the other. */
export const each = (count: number, text: (i: number) => string, between = ' '): string =>
  range(count).map(text).join(between);
