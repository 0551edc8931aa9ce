// This machine's roof: how fast plain JavaScript loops move memory and multiply here, at best. In: nothing. Out: numbers, measured once per
// process when somebody asks (about 0.3 s), and again if a kernel was faster. After Williams, Waterman, Patterson, "Roofline: an insightful visual performance model", 2009:
// a kernel takes at least as long as its memory takes to move, and as its arithmetic takes to do.

import { now } from './environment.ts';
import { limits } from './limits.ts';

/** Bytes per second that the better of two loops moves: a[i] = b[i] + s * c[i] (the triad of STREAM), or a sum. */
export interface Bandwidth {
  /** If all of it stays in a cache. */
  readonly cache: number;
  readonly memory: number;
}

/** What this machine can do at most. */
export interface Roof {
  /** Multiplications and additions per second, together. */
  readonly flops: number;
  readonly float32: Bandwidth;
  readonly float64: Bandwidth;
}

/** Seconds that one call takes, the best of several batches. */
function fastest(batches: number, calls: number, call: () => void): number {
  let best = Infinity;
  for (let batch = 0; batch < batches; batch++) {
    const start = now();
    for (let i = 0; i < calls; i++) call();
    best = Math.min(best, (now() - start) / calls);
  }
  return best / 1000;
}

const triad = (n: number): string => `for (let i = 0; i < ${n}; i++) a[i] = b[i] + 3 * c[i];`;
/** Reads all three; four accumulators each hide the latency of additions. */
const sum = (n: number): string => `
  let p = 0, q = 0, r = 0, s = 0;
  ${['a', 'b', 'c']
    .map(
      (x) => `for (let i = 0; i < ${n}; i += 4) {
    p += ${x}[i]; q += ${x}[i + 1]; r += ${x}[i + 2]; s += ${x}[i + 3];
  }`,
    )
    .join('\n  ')}
  return p + q + r + s;`;

/** Loops as kernels have them: over arrays that are captured, to a bound that is written out. Each is a text of its own. */
function measureBandwidth(Array: typeof Float32Array | typeof Float64Array): Bandwidth {
  const rate = (elements: number, batches: number, calls: number): number => {
    const arrays = [1, 2, 3].map((value) => new Array(elements).fill(value));
    const times = [triad, sum].map((loop) => {
      const text = `return function () { const a = $a, b = $b, c = $c; ${loop(elements)} }; // ${Array.name}`;
      const call = new Function('$a', '$b', '$c', text)(...arrays) as () => void;
      return fastest(batches, calls, call);
    });
    return (3 * arrays[0].byteLength) / Math.min(...times);
  };
  const { BYTES_PER_ELEMENT: size } = Array;
  return { cache: rate(32768 / size, 12, 200), memory: rate((16 << 20) / size, 5, 1) };
}

/** Twelve chains of multiply-adds: as many as are needed to hide the latency of each, and as fit in registers. */
function chains(steps: number): number {
  let [a, b, c, d, e, f] = [1, 1.1, 1.2, 1.3, 1.4, 1.5];
  let [g, h, i, j, k, l] = [1.6, 1.7, 1.8, 1.9, 2, 2.1];
  const x = 0.999999;
  const y = 1e-7;
  for (let n = 0; n < steps; n++) {
    a = a * x + y;
    b = b * x + y;
    c = c * x + y;
    d = d * x + y;
    e = e * x + y;
    f = f * x + y;
    g = g * x + y;
    h = h * x + y;
    i = i * x + y;
    j = j * x + y;
    k = k * x + y;
    l = l * x + y;
  }
  return a + b + c + d + e + f + g + h + i + j + k + l;
}

function measureRoof(): Roof {
  const steps = 50_000;
  return {
    flops: (24 * steps) / fastest(20, 1, () => chains(steps)),
    float32: measureBandwidth(Float32Array),
    float64: measureBandwidth(Float64Array),
  };
}

let measured: Roof | null = null;

/** The roof of this machine. */
export const roof = (): Roof => (measured ??= measureRoof());

const better = (a: Bandwidth, b: Bandwidth): Bandwidth => ({
  cache: Math.max(a.cache, b.cache),
  memory: Math.max(a.memory, b.memory),
});

/** The roof, measured once more: whoever found something faster than it knows that the machine was busy with other things then. */
export function raisedRoof(): Roof {
  const [a, b] = [roof(), measureRoof()];
  measured = {
    flops: Math.max(a.flops, b.flops),
    float32: better(a.float32, b.float32),
    float64: better(a.float64, b.float64),
  };
  return measured;
}

export interface Work {
  readonly bytes: number;
  /** Those of `bytes` that are of float64 values. */
  readonly wideBytes: number;
  readonly flops: number;
}

export interface Least {
  readonly time: number;
  readonly bound: 'memory' | 'arithmetic';
}

/** Milliseconds that a kernel needs at least, and what for. */
export function leastTime({ flops, float32, float64 }: Roof, work: Work): Least {
  const level = work.bytes <= limits.nearBytes ? 'cache' : 'memory';
  const moving = (work.bytes - work.wideBytes) / float32[level] + work.wideBytes / float64[level];
  const computing = work.flops / flops;
  return { time: 1000 * Math.max(moving, computing), bound: moving >= computing ? 'memory' : 'arithmetic' };
}
