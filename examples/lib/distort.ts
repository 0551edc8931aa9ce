// Distorted copies of small pictures: each is rotated, moved, stretched and sheared a little, by chance, and read with bilinear
// interpolation. A network that has seen them reads the handwriting of people it does not know.

import { rand, tensor } from 'gradloom';
import type { Tensor } from 'gradloom';

export interface Distortion {
  /** Degrees, at most, in either direction. */
  readonly rotation: number;
  /** Parts of half a side. */
  readonly shift: number;
  /** Parts of 1, for each axis. */
  readonly stretch: number;
}

/** Pictures [n, side * side] with a distortion of its own for each. */
export function distort(pictures: Tensor, { rotation, shift, stretch }: Distortion): Tensor {
  const [n, size] = pictures.shape;
  const side = Math.sqrt(size);
  const middle = (side - 1) / 2;
  const from = pictures.toTypedArray();
  const chance = rand([n, 5]).mul(2).sub(1).toTypedArray();
  const to = new Float32Array(n * size);
  for (let p = 0; p < n; p++) {
    const [turn, grow, shear, right, down] = chance.subarray(p * 5, p * 5 + 5);
    const angle = (turn * rotation * Math.PI) / 180;
    const [c, s] = [Math.cos(angle) * (1 + grow * stretch), Math.sin(angle) * (1 + grow * stretch)];
    const pixel = (y: number, x: number): number =>
      y < 0 || y >= side || x < 0 || x >= side ? 0 : from[p * size + y * side + x];
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++) {
        const [v, u] = [y - middle, x - middle];
        const atX = middle + c * u + (shear * stretch - s) * v + right * shift * (side / 2);
        const atY = middle + s * u + c * v + down * shift * (side / 2);
        const [x0, y0] = [Math.floor(atX), Math.floor(atY)];
        const [fx, fy] = [atX - x0, atY - y0];
        const top = pixel(y0, x0) * (1 - fx) + pixel(y0, x0 + 1) * fx;
        const bottom = pixel(y0 + 1, x0) * (1 - fx) + pixel(y0 + 1, x0 + 1) * fx;
        to[p * size + y * side + x] = top * (1 - fy) + bottom * fy;
      }
  }
  return tensor(to, { shape: [n, size] });
}
