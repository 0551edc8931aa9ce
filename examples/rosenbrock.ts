// Finds the bottom of Rosenbrock's valley with Newton's method. The Hessian comes from differentiating the gradient again.
//
//     node --conditions=gradloom-source --import=./test/tsimp/run.js examples/rosenbrock.ts

import { autograd, linalg, noGrad, stack, tensor } from 'gradloom';
import type { Tensor } from 'gradloom';
import { isMain } from './lib/main.ts';

/** (1 - x)^2 + 100 (y - x^2)^2: a curved valley, with its lowest point at (1, 1). */
export const rosenbrock = (p: Tensor): Tensor => {
  const [x, y] = p;
  return x.rsub(1).square().add(y.sub(x.square()).square().mul(100));
};

/** One step of Newton's method: to where the gradient would vanish if the function were a parabola. */
export function newtonStep(f: (p: Tensor) => Tensor, p: Tensor): number {
  const value = f(p);
  const [gradient] = autograd.grad(value, p, { createGraph: true });
  const rows = [...gradient].map((slope) => autograd.grad(slope, p, { retainGraph: true })[0]);
  noGrad(() => p.sub_(linalg.solve(stack(rows), gradient)));
  return Number(value.item());
}

function main(): void {
  const p = tensor([-1.2, 1], { dtype: 'float64', requiresGrad: true });
  for (let i = 0; i < 7; i++) {
    const point = String(p.detach());
    console.log(`step ${i}  ${newtonStep(rosenbrock, p).toExponential(3).padEnd(10)}  at ${point}`);
  }
  console.log(`arrived at ${String(p.detach())}`);
}

if (isMain(import.meta.url)) main();
