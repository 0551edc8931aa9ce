// What it costs to return a result, by its size: y = 2 x, in one kernel. By hand: the same loop, and a copy in memory of its own, as `slice`
// makes one. Below 1 where gradloom cuts results from slabs (`limits.slabs` in runtime/limits.ts).
//
// The other lines are why large results are memory of their own: copies of 4 MiB in a loop that awaits after each, as the allocator is by itself
// (`memory-freed`) and after gradloom has returned large results, from which on it keeps what is freed (`memory-kept`); and then from a pool that
// hands on the memory of results which the garbage collector has found dead, and may hold 256 MiB (`memory-dead`).

import { compile, ones, tensor } from 'gradloom';
import type { Tensor } from 'gradloom';
import { program } from '../lib/hand.ts';
import { noise } from '../lib/numbers.ts';
import { gradloomSide } from '../lib/workload.ts';
import type { Entry, Probe, Workload } from '../lib/workload.ts';

const bytesOf = { '128': 128, '1k': 1024, '4k': 4096, '32k': 32_768, '64k': 65_536, '4m': 4_194_304 };

const returning = ([name, bytes]: readonly [string, number]): Workload => {
  const n = bytes / 4;
  const x = noise(n, 1, 2);
  return {
    name: `returned-${name}`,
    gradloom() {
      // a tensor from outside: arguments of a compiled function would be copied in first
      const given = tensor(x);
      return gradloomSide((): Tensor[] => [given.mul(2)], []);
    },
    hand() {
      const y = new Float32Array(n);
      const double = program({ x, y }, {}, `for (let i = 0; i < ${n}; i++) y[i] = 2 * x[i];`);
      let result = y;
      return {
        run: () => {
          double();
          result = new Float32Array(y);
        },
        results: () => [result],
      };
    },
  };
};

/** Results of `elements` numbers, each held until the next one is there. */
interface Results {
  next(): { readonly array: Float32Array };
}

const elements = 1 << 20;
const results = 300;
const kept = 256 * 2 ** 20;

function fresh(from: Float32Array): Results {
  return { next: () => ({ array: new Float32Array(from) }) };
}

function reused(from: Float32Array): Results {
  const free: Float32Array[] = [];
  let bytes = 0;
  const dead = new FinalizationRegistry<Float32Array>((array) => free.push(array));
  return {
    next() {
      const known = free.pop();
      known?.set(from);
      const result = { array: known ?? new Float32Array(from) };
      if (known === undefined && bytes + from.byteLength > kept) return result;
      if (known === undefined) bytes += from.byteLength;
      dead.register(result, result.array);
      return result;
    },
  };
}

/** Microseconds of a result. */
async function time({ next }: Results): Promise<number> {
  let [inside, sum] = [0, 0];
  for (let i = -results / 3; i < results; i++) {
    const start = performance.now();
    sum += next().array[0];
    if (i >= 0) inside += performance.now() - start;
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (Number.isNaN(sum)) throw new Error('NaN in a result');
  return (inside / results) * 1e3;
}

/** gradloom returns large results: `limits.freedAt` of them and more. */
function returnLarge(): void {
  const f = compile((x: Tensor) => x.add(1));
  const x = ones([elements]);
  for (let i = 0; i < 60; i++) f(x);
}

const probe = (name: string, before: () => void, results: (from: Float32Array) => Results): Probe => ({
  name,
  async probe() {
    before();
    return `a result of 4 MiB: ${(await time(results(noise(elements, 1, 2)))).toFixed(0)} us`;
  },
});
const nothing = (): void => undefined;

export const workloads: readonly Entry[] = [
  ...Object.entries(bytesOf).map(returning),
  probe('memory-freed', nothing, fresh),
  probe('memory-kept', returnLarge, fresh),
  probe('memory-dead', returnLarge, reused),
];
