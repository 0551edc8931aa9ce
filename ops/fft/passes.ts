// One pass of a mixed-radix transform (Stockham's order: the result of the last pass needs no reordering). In: n complex numbers, a factor p of
// n, and how the factors before it have split them. Out: as many, of which each p have been combined by a transform of length p and turned
// by the roots that join them with the others.
//
// With `done` the product of the factors of earlier passes and `rest` = n / (done p), number j of a combination (k, i) is read at
// i + rest (j + p k) and written at i + rest (k + done j), turned by root number i j done.

import type { Complexes } from './roots.ts';

/** Where a pass stands: the factors before it have the product `done`, those after it `rest`. */
export interface Stage {
  readonly radix: number;
  readonly done: number;
  readonly rest: number;
}

/** Combines numbers of `x` into `y`; `roots` are all of the whole length. */
export function runPass(stage: Stage, x: Complexes, y: Complexes, roots: Complexes): void {
  if (stage.radix === 4) combineFour(stage, x, y, roots);
  else if (stage.radix === 2) combineTwo(stage, x, y, roots);
  else if (stage.radix === 3) combineThree(stage, x, y, roots);
  else combineMany(stage, x, y, roots);
}

function combineTwo(
  { done, rest }: Stage,
  { re: xr, im: xi }: Complexes,
  { re: yr, im: yi }: Complexes,
  { re: wr, im: wi }: Complexes,
): void {
  for (let k = 0; k < done; k++)
    for (let i = 0; i < rest; i++) {
      const a = i + rest * 2 * k;
      const b = a + rest;
      const to = i + rest * k;
      const other = to + rest * done;
      const w = i * done;
      const dr = xr[a] - xr[b];
      const di = xi[a] - xi[b];
      yr[to] = xr[a] + xr[b];
      yi[to] = xi[a] + xi[b];
      yr[other] = dr * wr[w] - di * wi[w];
      yi[other] = dr * wi[w] + di * wr[w];
    }
}

function combineThree(
  { done, rest }: Stage,
  { re: xr, im: xi }: Complexes,
  { re: yr, im: yi }: Complexes,
  { re: wr, im: wi }: Complexes,
): void {
  const height = Math.sqrt(0.75);
  const apart = rest * done;
  for (let k = 0; k < done; k++)
    for (let i = 0; i < rest; i++) {
      const a = i + rest * 3 * k;
      const b = a + rest;
      const c = b + rest;
      const to = i + rest * k;
      const w = i * done;
      const sr = xr[b] + xr[c];
      const si = xi[b] + xi[c];
      const mr = xr[a] - 0.5 * sr;
      const mi = xi[a] - 0.5 * si;
      // -i height (b - c)
      const dr = height * (xi[b] - xi[c]);
      const di = height * (xr[c] - xr[b]);
      yr[to] = xr[a] + sr;
      yi[to] = xi[a] + si;
      yr[to + apart] = (mr + dr) * wr[w] - (mi + di) * wi[w];
      yi[to + apart] = (mr + dr) * wi[w] + (mi + di) * wr[w];
      yr[to + 2 * apart] = (mr - dr) * wr[2 * w] - (mi - di) * wi[2 * w];
      yi[to + 2 * apart] = (mr - dr) * wi[2 * w] + (mi - di) * wr[2 * w];
    }
}

function combineFour(
  { done, rest }: Stage,
  { re: xr, im: xi }: Complexes,
  { re: yr, im: yi }: Complexes,
  { re: wr, im: wi }: Complexes,
): void {
  const apart = rest * done;
  for (let k = 0; k < done; k++)
    for (let i = 0; i < rest; i++) {
      const a = i + rest * 4 * k;
      const b = a + rest;
      const c = b + rest;
      const d = c + rest;
      const to = i + rest * k;
      const w = i * done;
      const evenR = xr[a] + xr[c];
      const evenI = xi[a] + xi[c];
      const evenDR = xr[a] - xr[c];
      const evenDI = xi[a] - xi[c];
      const oddR = xr[b] + xr[d];
      const oddI = xi[b] + xi[d];
      // -i (b - d)
      const oddDR = xi[b] - xi[d];
      const oddDI = xr[d] - xr[b];
      yr[to] = evenR + oddR;
      yi[to] = evenI + oddI;
      yr[to + apart] = (evenDR + oddDR) * wr[w] - (evenDI + oddDI) * wi[w];
      yi[to + apart] = (evenDR + oddDR) * wi[w] + (evenDI + oddDI) * wr[w];
      yr[to + 2 * apart] = (evenR - oddR) * wr[2 * w] - (evenI - oddI) * wi[2 * w];
      yi[to + 2 * apart] = (evenR - oddR) * wi[2 * w] + (evenI - oddI) * wr[2 * w];
      yr[to + 3 * apart] = (evenDR - oddDR) * wr[3 * w] - (evenDI - oddDI) * wi[3 * w];
      yi[to + 3 * apart] = (evenDR - oddDR) * wi[3 * w] + (evenDI - oddDI) * wr[3 * w];
    }
}

/** Any odd factor: results j and p - j are made of the same sums and differences of numbers q and p - q. */
function combineMany(
  { radix: p, done, rest }: Stage,
  { re: xr, im: xi }: Complexes,
  { re: yr, im: yi }: Complexes,
  { re: wr, im: wi }: Complexes,
): void {
  const apart = rest * done;
  const half = (p - 1) / 2;
  const sums = [new Float64Array(half), new Float64Array(half)] as const;
  const gaps = [new Float64Array(half), new Float64Array(half)] as const;
  for (let k = 0; k < done; k++)
    for (let i = 0; i < rest; i++) {
      const from = i + rest * p * k;
      const to = i + rest * k;
      let totalR = xr[from];
      let totalI = xi[from];
      for (let q = 0; q < half; q++) {
        const a = from + rest * (q + 1);
        const b = from + rest * (p - 1 - q);
        totalR += sums[0][q] = xr[a] + xr[b];
        totalI += sums[1][q] = xi[a] + xi[b];
        gaps[0][q] = xr[a] - xr[b];
        gaps[1][q] = xi[a] - xi[b];
      }
      yr[to] = totalR;
      yi[to] = totalI;
      for (let j = 1; j <= half; j++) {
        let evenR = xr[from];
        let evenI = xi[from];
        let oddR = 0;
        let oddI = 0;
        for (let q = 0, turn = j; q < half; q++) {
          // root j (q + 1) of length p; apart = n / p
          const cos = wr[turn * apart];
          const sin = wi[turn * apart];
          evenR += cos * sums[0][q];
          evenI += cos * sums[1][q];
          oddR -= sin * gaps[1][q];
          oddI += sin * gaps[0][q];
          turn += j;
          if (turn >= p) turn -= p;
        }
        const first = i * j * done;
        const second = i * (p - j) * done;
        const low = to + j * apart;
        const high = to + (p - j) * apart;
        yr[low] = (evenR + oddR) * wr[first] - (evenI + oddI) * wi[first];
        yi[low] = (evenR + oddR) * wi[first] + (evenI + oddI) * wr[first];
        yr[high] = (evenR - oddR) * wr[second] - (evenI - oddI) * wi[second];
        yi[high] = (evenR - oddR) * wi[second] + (evenI - oddI) * wr[second];
      }
    }
}
