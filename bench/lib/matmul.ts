// A matrix product as good as JavaScript can do it: a block of 4x4 elements of A waits in local variables while a loop over the columns adds
// its products with 4 rows of B to 4 rows of double sums, four columns in an iteration. B is packed first: panels of 64 columns, as doubles. What
// happens to a finished sum (`store`: bias, activation, an optimizer) happens while the sums are still in the cache.

import { range } from './hand.ts';
import type { Arrays } from './hand.ts';

export interface Product {
  /** A prefix for its arrays and functions. */
  readonly name: string;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Expressions for an element of each factor. */
  readonly a: (i: string, k: string) => string;
  readonly b: (k: string, j: string) => string;
  /** Statements for an element of the result, whose value is the expression `sum`. */
  readonly store: (i: string, j: string, sum: string) => string;
  /** Rows of A at once, which divide m; products at once, which divide k; columns of a panel, which divide n. */
  readonly rows?: number;
  readonly steps?: number;
  readonly panel?: number;
}

export interface Part {
  readonly arrays: Arrays;
  readonly functions: Readonly<Record<string, string>>;
}

/** The scratch arrays and functions of a product: `<name>Pack()` and then `<name>()`. */
export function matmul({ name, m, n, k, a, b, store, rows = 4, steps = 4, panel = 64 }: Product): Part {
  if (m % rows || k % steps || n % panel) throw new Error(`${name}: the tile does not divide the matrices`);
  const packed = `${name}Packed`;
  const sums = `${name}Sums`;
  const plus = (text: string, offset: number): string => (offset ? `${text} + ${offset}` : text);
  const row = (r: number): string => plus('i', r);
  const block = range(rows).flatMap((r) =>
    range(steps).map((s) => `const a${r}_${s} = ${a(`(${row(r)})`, `(${plus('k', s)})`)};`),
  );
  const wide = [4, 2, 1].find((count) => panel % count === 0)!;
  const columns = range(wide).map((c) => {
    const rowsOfB = range(steps).map((s) => `const b${s} = ${packed}[${plus('p + j', s * panel + c)}];`);
    const add = range(rows).map((r) => {
      const products = range(steps).map((s) => `a${r}_${s} * b${s}`);
      return `${sums}[${plus('j', r * panel + c)}] += ${products.join(' + ')};`;
    });
    return `{ ${[...rowsOfB, ...add].join(' ')} }`;
  });
  const finish = range(rows).map((r) => store(`(${row(r)})`, '(j0 + j)', `${sums}[${plus('j', r * panel)}]`));
  return {
    arrays: { [packed]: new Float64Array(k * n), [sums]: new Float64Array(rows * panel) },
    functions: {
      [`${name}Pack()`]: `
        for (let j0 = 0; j0 < ${n}; j0 += ${panel})
          for (let k = 0; k < ${k}; k++) {
            const p = j0 * ${k} + k * ${panel};
            for (let j = 0; j < ${panel}; j++) ${packed}[p + j] = ${b('k', '(j0 + j)')};
          }`,
      [`${name}()`]: `
        for (let j0 = 0; j0 < ${n}; j0 += ${panel})
          for (let i = 0; i < ${m}; i += ${rows}) {
            for (let j = 0; j < ${rows * panel}; j++) ${sums}[j] = 0;
            for (let k = 0; k < ${k}; k += ${steps}) {
              const p = j0 * ${k} + k * ${panel};
              ${block.join(' ')}
              for (let j = 0; j < ${panel}; j += ${wide}) { ${columns.join(' ')} }
            }
            for (let j = 0; j < ${panel}; j++) { ${finish.join(' ')} }
          }`,
    },
  };
}
