// Measuring a rule of the emitter. In: a function of tensors, and what becomes of its generated source where one rule is broken. Out: a line:
// how long the source takes as it is (kept), how long the other (broken), and how many times longer that is.
//
// What is timed is the text of a real program (`program.source`), over arrays that lie as its plan says. So nothing is copied in or out, both
// sides have memory of their own, and the two texts differ in the rule and in nothing else. Results are those of the compiled function, on both
// sides, or nothing is timed.

import { compile, tensor } from 'gradloom';
import type { Tensor } from 'gradloom';
import { noise } from './numbers.ts';
import { median, relativeDifference } from './measure.ts';
import type { TypedArray } from './hand.ts';
import type { Probe, Side } from './workload.ts';

export interface Rule {
  readonly name: string;
  /** The number or the table of the rule, and the rule in a few words. */
  readonly says: string;
  readonly fn: (...args: Tensor[]) => Tensor | readonly Tensor[];
  readonly args: () => readonly Tensor[];
  readonly broken: (source: string) => string;
  /** How many fresh copies of each text are measured and averaged, where V8 is fast with some and slow with others; 1 if absent. */
  readonly copies?: number;
  /** How far the results of the broken side may be off: float32 rounds at other places. */
  readonly tolerance?: number;
}

/** A program as gradloom emits it. */
export interface Emitted {
  readonly source: string;
  /** Runs a source over memory of its own; `place` may put an array elsewhere. */
  link(source: string, place?: (array: TypedArray) => TypedArray): Side;
}

/** Arrays for a rule: numbers that look random. */
export const given = (shape: readonly number[], seed = 1, scale = 1): Tensor =>
  tensor(
    noise(
      shape.reduce((a, b) => a * b, 1),
      scale,
      seed,
    ),
    { shape: [...shape] },
  );

const kinds: Readonly<Record<string, new (b: ArrayBuffer, at: number, n: number) => TypedArray>> = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
};
/** Compiles a function, and can link what came out. */
export function emit(fn: Rule['fn'], args: readonly Tensor[]): Emitted {
  const compiled = compile(fn);
  const program = compiled.lower(...args);
  const { slots, aliases, arenaBytes } = program.stages!.plan;
  const called = compiled(...args);
  const expected = ('dtype' in called ? [called] : called).map((x) => x.toTypedArray());
  const link: Emitted['link'] = (source, place = (array) => array) => {
    const region = new ArrayBuffer(arenaBytes);
    const buffers: Record<string, TypedArray> = {};
    for (const { buffer, dtype, offset, length } of slots)
      buffers[buffer] = place(new kinds[dtype](region, offset, length));
    for (const { buffer, of } of aliases) buffers[buffer] = buffers[of];
    args.forEach((x, i) => buffers[`in${i}`].set(x.toTypedArray() as TypedArray));
    const factory = new Function('buffers', 'helpers', 'routines', source) as (
      ...captured: readonly object[]
    ) => { readonly run: () => void };
    const { run } = factory(buffers, {}, {});
    return { run, results: () => expected.map((_, i) => buffers[`out${i}`].slice()) };
  };
  const own = link(unlike(program.source));
  own.run();
  check(own.results(), expected as readonly TypedArray[], 0, 'compiled, and linked here');
  return { source: program.source, link };
}

let texts = 0;
/** The same source as another text: V8 shares what it has learnt between equal ones. */
export const unlike = (source: string): string => `/* ${texts++} */ ${source}`;

type Results = ReturnType<Side['results']>;

function check(results: Results, others: Results, tolerance: number, what: string): void {
  const difference = Math.max(0, ...results.map((x, i) => relativeDifference(x, others[i])));
  // also where there are NaNs
  if (!(difference <= tolerance)) throw new Error(`${what}: the results differ by ${difference}`);
}

/** What was measured, in seconds of a call. */
export interface Pair {
  readonly kept: number;
  readonly broken: number;
  /** The median of the ratios of neighbouring rounds: what else the machine does meanwhile hits both. */
  readonly ratio: number;
}

const warmCalls = 60;
/** Of both sides together. */
const warmSeconds = 0.3;
const roundSeconds = 0.004;
const measuredSeconds = 0.5;
const leastRounds = 15;

function seconds(run: () => void, calls: number): number {
  const start = performance.now();
  for (let i = 0; i < calls; i++) run();
  return (performance.now() - start) / calls / 1e3;
}

/** Both sides in turns, in rounds that are as short as the clock allows. */
export function measurePair(kept: Side, broken: Side, tolerance = 1e-6): Pair {
  kept.run();
  broken.run();
  check(broken.results(), kept.results(), tolerance, 'kept and broken');
  warm(kept);
  warm(broken);
  const calls = [kept, broken].map((side) => Math.ceil(roundSeconds / seconds(side.run, 3)));
  const rounds: (readonly [number, number])[] = [];
  const end = performance.now() + measuredSeconds * 1e3;
  while (rounds.length < leastRounds || performance.now() < end) {
    // who goes first alternates
    const first = rounds.length % 2;
    const times: [number, number] = [0, 0];
    for (const i of [first, 1 - first]) times[i] = seconds([kept, broken][i].run, calls[i]);
    rounds.push(times);
  }
  check(broken.results(), kept.results(), tolerance, 'kept and broken, when warm');
  return {
    kept: median(rounds.map(([k]) => k)),
    broken: median(rounds.map(([, b]) => b)),
    ratio: median(rounds.map(([k, b]) => b / k)),
  };
}

export function warm({ run }: Side): void {
  const end = performance.now() + (warmSeconds / 2) * 1e3;
  for (let calls = 0; calls < warmCalls || performance.now() < end; calls++) run();
}

/** Microseconds in four digits. */
const micros = (seconds: number): string =>
  Number((seconds * 1e6).toPrecision(4))
    .toString()
    .padStart(7);

/** `kept 52.1  broken 98.3  ratio 1.89  1: capture, do not pass`: microseconds of a call. */
export const line = (name: string, { kept, broken, ratio }: Pair, says: string): string =>
  // some names are longer than those of workloads
  ''.padEnd(Math.min(7, 26 - name.length)) +
  `kept ${micros(kept)}  broken ${micros(broken)}  ratio ${ratio.toFixed(2).padStart(5)}  ${says}`;

export const probeOf = ({ name, says, fn, args, broken, copies = 1, tolerance }: Rule): Probe => ({
  name,
  probe() {
    const { source, link } = emit(fn, args());
    const pairs = Array.from({ length: copies }, () =>
      measurePair(link(unlike(source)), link(unlike(broken(source))), tolerance),
    );
    const mean = (of: (p: Pair) => number): number => pairs.reduce((sum, p) => sum + of(p), 0) / copies;
    const pair = { kept: mean((p) => p.kept), broken: mean((p) => p.broken), ratio: mean((p) => p.ratio) };
    return line(name, pair, says);
  },
});

/** Rewrites a source. An edit that finds nothing is an error: the emitter writes something else by now. */
export function edit(source: string, ...changes: readonly (readonly [RegExp, string])[]): string {
  return changes.reduce((text, [what, by]) => {
    const next = text.replace(what, by);
    if (next === text) throw new Error(`the source has no ${what}:\n${source}`);
    return next;
  }, source);
}

/** The names of the buffers that a source captures. */
export const captured = (source: string): readonly string[] =>
  [...source.matchAll(/^const \$(\w+) = buffers\.\1;$/gm)].map(([, name]) => name);

/** A source that runs `body` instead of its kernels: a function over the same buffers and helpers; `before` stands outside of it. */
export function byHand(source: string, body: string, before = ''): string {
  const locals = captured(source).map((name) => `${name} = $${name}`);
  const text = `${before}\nfunction hand() {\n  const ${locals.join(', ')};\n  ${body}\n}\nfunction run() {\n  hand();\n}`;
  const at = source.search(/^function run\(\) \{$/m);
  const end = source.indexOf('\n}', at) + 2;
  return source.slice(0, at) + text + source.slice(end);
}
