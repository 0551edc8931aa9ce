// Nests: the verifier finds what is wrong with one, the printer shows it, and every pass over nests leaves what is computed as it was. For
// that, nests are run by an interpreter of their own (helpers/runNest.ts), before and after each pass.

import test from 'ava';
import type { ExecutionContext } from 'ava';

import { indexOf, ofVar, scale } from '../compiler/affine.ts';
import type { LoopVar } from '../compiler/affine.ts';
import { InternalError } from '../compiler/errors.ts';
import { makeGraph } from '../compiler/graph.ts';
import { invertDivisors } from '../compiler/invert.ts';
import { exprsOf, loadOf, local, mapExpr, mapStmt, num } from '../compiler/nest.ts';
import { printExpr, printKernel, printStmts } from '../compiler/printNest.ts';
import type { Buffer, Expr, Kernel, NestIndex, Stmt } from '../compiler/nest.ts';
import { visitStmts } from '../compiler/nest.ts';
import type { Built } from '../compiler/pipeline.ts';
import type { Primitive } from '../compiler/scalar.ts';
import { settleKnown } from '../compiler/settle.ts';
import { jamRows } from '../compiler/jam.ts';
import { everywhere, hoistBases, inlineOnce, joinLoops } from '../compiler/tidy.ts';
import { nameLoads } from '../compiler/loadsFirst.ts';
import { promoteScratch } from '../compiler/promote.ts';
import { splitSums, unrollShort } from '../compiler/unroll.ts';
import { verifyKernel } from '../compiler/verify.ts';
import { tile } from '../compiler/tile.ts';
import { matmul } from '../ops/index.ts';
import { input } from '../ops/source.ts';
import { allocate } from '../runtime/buffer.ts';
import type { TypedArray } from '../runtime/buffer.ts';
import { smallNumbers } from './helpers/agree.ts';
import { compileGraph, compileNodes } from './helpers/compile.ts';
import { near } from './helpers/evaluate.ts';
import { gradientsOf } from './helpers/gradcheck.ts';
import { describe, randomGraph } from './helpers/randomGraph.ts';
import { runStmts } from './helpers/runNest.ts';

const buffer = (name: string, length: number, role: Buffer['role'] = 'input'): Buffer => ({
  name,
  dtype: 'float64',
  length,
  role,
});
const [a, b, out] = [buffer('a', 12), buffer('b', 3), buffer('out', 12, 'output')];
const loop = (name: string, extent: number): LoopVar => ({ tag: 'var', name, extent });
const [i, j] = [loop('i', 4), loop('j', 3)];
const prim = (name: Primitive, ...args: Expr[]): Expr => ({
  tag: 'prim',
  prim: name,
  args,
  dtype: 'float64',
});
const over = (v: LoopVar, ...body: Stmt[]): Stmt => ({ tag: 'loop', loop: v, body });
const store = (index: NestIndex, value: Expr, to = out): Stmt => ({ tag: 'store', buffer: to, index, value });
const flat: NestIndex = {
  offset: 0,
  terms: [
    { atom: i, coef: 3 },
    { atom: j, coef: 1 },
  ],
};

const kernel = (...body: Stmt[]): Kernel => ({
  name: 'test',
  body,
  summary: '',
  origins: [],
  reads: [a, b],
  writes: [out],
  scratch: [],
  flops: 0,
  bytes: 0,
});

// --- the verifier ----------------------------------------------------------------------------------------------------------------------

test('a nest in which all is defined where it is used passes', (t) => {
  const body = over(
    i,
    over(
      j,
      { tag: 'let', name: 'x', value: loadOf(a, flat) },
      store(flat, prim('mul', local('x'), loadOf(b, ofVar(j)))),
    ),
  );
  t.notThrows(() => verifyKernel(kernel(body)));
});

const guarded = (index: NestIndex, lo: number, hi: number): Expr => ({
  tag: 'guarded',
  guards: [{ index, lo, hi, divides: 1 }],
  value: loadOf(a, index),
  otherwise: 0,
});
const before: NestIndex = { offset: -1, terms: [{ atom: i, coef: 1 }] };
const letX: Stmt = { tag: 'let', name: 'x', value: num(1) };

const faulty: Readonly<Record<string, readonly [body: readonly Stmt[], message: RegExp]>> = {
  'a local that is not defined': [[store(indexOf(0), local('x'))], /x is not in scope/],
  'a local of another loop': [[over(i, letX), over(i, store(ofVar(i), local('x')))], /x is not in scope/],
  'a local before its definition': [[store(indexOf(0), local('x')), letX], /x is not in scope/],
  'a loop variable outside its loop': [[over(i), store(ofVar(i), num(0))], /loop variable i is not in scope/],
  'a loop variable inside a floor': [
    [store({ offset: 0, terms: [{ atom: { tag: 'floor', of: ofVar(i), by: 2 }, coef: 1 }] }, num(0))],
    /loop variable i is not in scope/,
  ],
  'a read behind the end': [[over(i, store(ofVar(i), loadOf(b, ofVar(i))))], /can read \[0, 3\] of 3/],
  'a read before the start': [[over(i, store(ofVar(i), loadOf(a, before)))], /can read \[-1, 2\] of 12/],
  'a store behind the end': [[over(i, store(scale(ofVar(i), 4), num(0)))], /can leave its 12 elements/],
  'a name that is defined twice': [[letX, letX], /x is defined twice/],
  'a name that hides an outer one': [[letX, over(i, letX)], /x is defined twice/],
  'an assignment to what is not open': [
    [{ tag: 'assign', name: 'x', value: num(1) }],
    /x is assigned but not in scope/,
  ],
  'a buffer that the kernel does not list': [
    [store(indexOf(0), loadOf(buffer('c', 3), indexOf(0)))],
    /c is read but not declared/,
  ],
  'a store to a buffer that it does not list': [
    [store(indexOf(0), num(0), buffer('c', 3))],
    /c is written but not declared/,
  ],
};
for (const [what, [body, message]] of Object.entries(faulty))
  test(`the verifier finds ${what}, and prints the nest`, (t) => {
    const error = t.throws(() => verifyKernel(kernel(...body)), { instanceOf: InternalError, message });
    t.true(error?.message.includes('kernel test'));
  });

test('a guarded read may leave its buffer where the guard fails', (t) =>
  t.notThrows(() => verifyKernel(kernel(over(i, store(ofVar(i), guarded(before, 0, 12)))))));

// --- walking and printing ----------------------------------------------------------------------------------------------------------------

const sample: readonly Stmt[] = [
  { tag: 'comment', text: 'a comment' },
  { tag: 'var', name: 'sum', value: num(-0) },
  over(i, over(j, { tag: 'assign', name: 'sum', value: prim('add', local('sum'), guarded(flat, 2, 12)) }), {
    tag: 'if',
    condition: prim('lt', local('sum'), num(3)),
    body: [store(before, { tag: 'cast', dtype: 'int32', arg: local('sum') })],
  }),
  {
    tag: 'contraction',
    m: [i],
    n: [],
    k: [j],
    a: loadOf(a, flat),
    b: loadOf(b, ofVar(j)),
    acc: 'acc',
    dtype: 'float64',
    epilogue: [store(ofVar(i), local('acc'))],
  },
];

test('a nest prints one line per statement, indented', (t) =>
  t.is(
    printStmts(sample),
    [
      '// a comment',
      'var sum = -0',
      'for i < 4',
      '  for j < 3',
      '    sum := add(sum, (2 <= 3*i + j < 12 ? a[3*i + j] : 0))',
      '  if lt(sum, 3)',
      '    out[i - 1] := int32(sum)',
      'contract m: i<4 n: 1 k: j<3: acc = sum a[3*i + j] * b[j]',
      '  out[i] := acc',
    ].join('\n'),
  ));

test('rebuilding with nothing changed gives the same nest', (t) =>
  t.deepEqual(
    sample.map((s) => mapStmt(s, (e) => e)),
    sample,
  ));

test('every expression is visited, indices of stores and values at run time included', (t) => {
  const seen: string[] = [];
  const at: NestIndex = {
    offset: 0,
    terms: [{ atom: { tag: 'value', expr: loadOf(b, ofVar(j)), extent: 12 }, coef: 1 }],
  };
  visitStmts([over(j, store(at, loadOf(a, at)))], (s) =>
    exprsOf(s).forEach((e) => mapExpr(e, (x) => (seen.push(printExpr(x)), x))),
  );
  t.deepEqual(seen, ['b[j]', '({b[j]})', 'b[j]', 'a[{b[j]}]']);
});

// --- passes --------------------------------------------------------------------------------------------------------------------------------

interface Pass {
  readonly name: string;
  readonly apply: (
    body: readonly Stmt[],
    fresh: (base: string) => string,
    scratch: Buffer[],
  ) => readonly Stmt[];
}

/** In the order of compiler/schedule.ts. */
const passes: readonly Pass[] = [
  {
    name: 'tile',
    apply: (body, fresh, scratch) =>
      everywhere(body, (stmts) =>
        stmts.flatMap((s) =>
          s.tag === 'contraction'
            ? tile(s, {
                fresh,
                scratch(base, dtype, length) {
                  const made: Buffer = { name: fresh(base), dtype, length, role: 'scratch' };
                  scratch.push(made);
                  return made;
                },
              })
            : [s],
        ),
      ),
  },
  { name: 'inlineOnce', apply: inlineOnce },
  { name: 'invertDivisors', apply: invertDivisors },
  { name: 'joinLoops', apply: joinLoops },
  { name: 'jamRows', apply: jamRows },
  { name: 'unrollShort', apply: (body) => unrollShort(body) },
  {
    name: 'promoteScratch',
    apply: (body, fresh, scratch) => promoteScratch(body, scratch, fresh).body,
  },
  { name: 'nameLoads', apply: nameLoads },
  { name: 'inlineOnce again', apply: inlineOnce },
  { name: 'splitSums', apply: splitSums },
  { name: 'settleKnown', apply: settleKnown },
  { name: 'hoistBases', apply: hoistBases },
];

function allocateFrom({ dtype, length }: Buffer, values: ArrayLike<number>): TypedArray {
  const array = allocate(dtype, length);
  array.set(Array.from(values));
  return array;
}

/** The first pass after which a kernel of a program stores something else, in words, or null. */
function passFault(built: Built, arrays: readonly ArrayLike<number>[], tolerance: number): string | null {
  const memory = new Map<Buffer, TypedArray>();
  const reserve = (list: readonly Buffer[]): void =>
    list.forEach((x) => memory.has(x) || memory.set(x, allocate(x.dtype, x.length)));
  built.inputs.forEach((x, n) => memory.set(x, allocateFrom(x, arrays[n])));
  for (const lowered of built.nests) {
    if (lowered.body.some((s) => s.tag === 'routine')) return null;
    reserve([...lowered.reads, ...lowered.writes, ...lowered.scratch]);
    const start = new Map([...memory].map(([x, values]) => [x, values.slice()]));
    runStmts(lowered.body, memory);
    let body: readonly Stmt[] = lowered.body;
    const scratch = [...lowered.scratch];
    let count = 0;
    for (const { name, apply } of passes) {
      body = apply(body, (base) => `${base}__${count++}`, scratch);
      const after = { ...lowered, body, scratch };
      verifyKernel(after);
      const mine = new Map<Buffer, TypedArray>([...start].map(([x, values]) => [x, values.slice()]));
      scratch.forEach((x) => mine.has(x) || mine.set(x, allocate(x.dtype, x.length).fill(NaN)));
      runStmts(body, mine);
      for (const x of lowered.writes) {
        const [actual, expected] = [mine.get(x)!, memory.get(x)!];
        const scaleOf = Math.max(1, ...Array.from(expected, (v) => (Number.isFinite(v) ? Math.abs(v) : 0)));
        const at = expected.findIndex((v, n) => !near(actual[n], v, tolerance * scaleOf));
        if (at >= 0)
          return `${name}: ${x.name}[${at}] is ${actual[at]} instead of ${expected[at]}\n${printKernel(lowered)}\n${printKernel(after)}`;
      }
    }
  }
  return null;
}

function checkRandom(
  t: ExecutionContext,
  from: number,
  to: number,
  extents: readonly number[],
  dtype: 'float32' | 'float64',
): void {
  for (let seed = from; seed < to; seed++) {
    const g = randomGraph(seed, { size: 8, extents, floats: [dtype] });
    const all = gradientsOf(g, seed).graph;
    const { built } = compileGraph(makeGraph(all.inputs, [...g.outputs, ...all.outputs]));
    const fault = passFault(built, all.arrays, dtype === 'float64' ? 1e-9 : 1e-5);
    if (fault) return t.fail(`${fault}\n${describe(g)}`);
  }
  t.pass();
}
test('each pass leaves the results of random kernels alone', (t) => {
  checkRandom(t, 80_000, 80_050, [1, 2, 3, 4], 'float64');
  checkRandom(t, 81_000, 81_020, [2, 5, 8, 12], 'float64');
  checkRandom(t, 82_000, 82_015, [3, 9, 33], 'float32');
});

test('each pass leaves the results of contractions alone', (t) => {
  for (const [m, k, n] of [
    [1, 1, 1],
    [3, 5, 9],
    [4, 4, 8],
    [5, 17, 16],
    [17, 3, 2],
    [2, 40, 9],
    [9, 0, 8],
  ]) {
    const inputs = [input({ shape: [m, k], dtype: 'float64' }), input({ shape: [k, n], dtype: 'float64' })];
    const { built } = compileNodes(inputs, [matmul(inputs[0], inputs[1])]);
    t.is(passFault(built, inputs.map(smallNumbers), 0), null);
  }
});

const print = (stmts: readonly Stmt[]): string => printStmts(stmts);
const name = (base: string): string => base;

test('a value that is used once is written where it is used', (t) => {
  const body = [
    { tag: 'let', name: 'x', value: loadOf(a, ofVar(i)) } as const,
    store(ofVar(i), prim('exp', local('x'))),
  ];
  t.is(print(inlineOnce([over(i, ...body)])), 'for i < 4\n  out[i] := exp(a[i])');
});

test('a value that is loaded before a store to its buffer is not read after it', (t) => {
  const body: Stmt[] = [
    { tag: 'let', name: 'x', value: loadOf(out, indexOf(0)) },
    store(indexOf(0), num(5)),
    store(indexOf(1), local('x')),
  ];
  t.is(print(inlineOnce(body)), 'x = out[0]\nout[0] := 5\nout[1] := x');
});

test('a value that reads an accumulator is not moved behind its next step', (t) => {
  const body: Stmt[] = [
    { tag: 'var', name: 'sum', value: num(0) },
    { tag: 'let', name: 'x', value: prim('neg', local('sum')) },
    { tag: 'assign', name: 'sum', value: num(1) },
    store(indexOf(0), prim('add', local('x'), local('sum'))),
  ];
  t.is(print(inlineOnce(body)), 'var sum = 0\nx = neg(sum)\nsum := 1\nout[0] := add(x, sum)');
});

test('what nobody reads is dropped', (t) =>
  t.is(print(inlineOnce([letX, store(indexOf(0), num(2))])), 'out[0] := 2'));

test('loops that walk memory evenly are joined; others are not', (t) => {
  t.is(print(joinLoops([over(i, over(j, store(flat, loadOf(a, flat))))])), 'for j < 12\n  out[j] := a[j]');
  const mixed = over(i, over(j, store(flat, loadOf(b, ofVar(j)))));
  t.is(print(joinLoops([mixed])), print([mixed]));
});

test('short inner loops are unrolled, with names of their own', (t) => {
  const body = over(
    j,
    { tag: 'let', name: 'x', value: loadOf(b, ofVar(j)) },
    store(ofVar(j), prim('mul', local('x'), local('x'))),
  );
  t.is(
    print(unrollShort([body])),
    [0, 1, 2].flatMap((n) => [`x_${n} = b[${n}]`, `out[${n}] := mul(x_${n}, x_${n})`]).join('\n'),
  );
});

test('a lone sum gets several accumulators, and its rest', (t) => {
  const v = loop('v', 38);
  const big = buffer('big', 38);
  const body: Stmt[] = [
    { tag: 'var', name: 'sum', value: num(0) },
    over(v, { tag: 'assign', name: 'sum', value: prim('add', local('sum'), loadOf(big, ofVar(v))) }),
    store(indexOf(0), local('sum')),
  ];
  const split = splitSums(body);
  const memory = new Map([
    [big, Float64Array.from({ length: 38 }, (_, n) => n)],
    [out, new Float64Array(12)],
  ]);
  runStmts(split, memory);
  t.is(memory.get(out)![0], (37 * 38) / 2);
  t.regex(print(split), /for v < 36 by 4/);
});

test('several steps of one accumulator in a loop share its lanes', (t) => {
  const v = loop('v', 40);
  const big = buffer('big', 80);
  const step = (offset: number): Stmt => ({
    tag: 'assign',
    name: 'sum',
    value: prim('add', local('sum'), loadOf(big, { offset, terms: [{ atom: v, coef: 2 }] })),
  });
  const body = splitSums([
    { tag: 'var', name: 'sum', value: num(0) },
    over(v, step(0), step(1)),
    store(indexOf(0), local('sum')),
  ]);
  const memory = new Map([
    [big, new Float64Array(80).fill(1)],
    [out, new Float64Array(12)],
  ]);
  runStmts(body, memory);
  t.is(memory.get(out)![0], 80);
});

test('guards that always or never hold are settled, and numbers computed', (t) => {
  t.is(
    print(settleKnown([over(i, store(ofVar(i), guarded(ofVar(i), 0, 4)))])),
    'for i < 4\n  out[i] := a[i]',
  );
  t.is(print(settleKnown([over(i, store(ofVar(i), guarded(ofVar(i), 7, 9)))])), 'for i < 4\n  out[i] := 0');
  t.is(
    print(settleKnown([store(indexOf(0), prim('add', num(2), prim('mul', num(3), num(4))))])),
    'out[0] := 14',
  );
  const held = over(i, store(ofVar(i), guarded(before, 0, 12)));
  t.is(print(settleKnown([held])), print([held]));
});

test('what a loop does not change in an index is named before it', (t) => {
  const body = over(i, over(j, store(flat, loadOf(a, flat))));
  t.is(
    print(hoistBases([body], name)),
    'for i < 4\n  base = (3*i)\n  for j < 3\n    out[base + j] := a[base + j]',
  );
});

test('a test of statements whose answer is known is no statement', (t) => {
  const only = (lo: number): Stmt => ({
    tag: 'if',
    condition: { ...guarded(ofVar(i), lo, lo + 4), value: num(1) } as Expr,
    body: [store(ofVar(i), num(2))],
  });
  t.is(print(settleKnown([over(i, only(0))])), 'for i < 4\n  out[i] := 2');
  t.is(print(settleKnown([over(i, only(7))])), 'for i < 4');
});

test('a part of an index that may be negative keeps its range, so that no guard is lost', (t) => {
  const shifted: NestIndex = {
    offset: 0,
    terms: [
      { atom: i, coef: -2 },
      { atom: j, coef: 1 },
    ],
  };
  const body = over(
    i,
    over(j, store(flat, { ...guarded(shifted, 0, 1), value: loadOf(a, ofVar(j)) } as Expr)),
  );
  t.regex(print(hoistBases([body], name)), /0 <= base \+ j - 6 < 1/);
});
