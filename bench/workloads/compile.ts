// What a graph costs before it runs: a long expression of small tensors, in a fresh process and once more with other shapes, when V8 has optimised
// the compiler; and then the same expression again without `compile`, whose program is found by its structure.

import { compile, tensor } from 'gradloom';
import type { Tensor } from 'gradloom';
import { noise } from '../lib/numbers.ts';
import type { Probe } from '../lib/workload.ts';

/** About `nodes` operations: four per layer, of which two share an operand. */
function expression(x: Tensor, nodes: number): Tensor {
  let y = x;
  for (let i = 0; i < nodes / 4; i++)
    y = y
      .mul(1.01)
      .add(y.tanh())
      .sub(0.1 + i / nodes);
  return y.sum();
}

function milliseconds(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

const of = (nodes: number): Probe => ({
  name: `compile-${nodes}`,
  probe() {
    const input = (size: number): Tensor => tensor(noise(size), { shape: [size] });
    const lower = (size: number): number =>
      milliseconds(() => compile((x: Tensor) => expression(x, nodes)).lower(input(size)));
    const [cold, ...again] = [20, 21, 22, 23].map(lower);
    const x = input(24);
    const once = (): [build: number, read: number] => {
      let y = x;
      const build = milliseconds(() => (y = expression(x, nodes)));
      return [build, milliseconds(() => y.item())];
    };
    once();
    const found = Array.from({ length: 20 }, once);
    const [build, read] = [0, 1].map((part) => (Math.min(...found.map((f) => f[part])) * 1e3) / nodes);
    return `cold ${cold.toFixed(0)} ms, again ${Math.min(...again).toFixed(0)} ms; uncompiled, us a node: calls ${build.toFixed(2)}, found and run ${read.toFixed(2)}`;
  },
});

export const workloads = [of(1000), of(10_000)];
