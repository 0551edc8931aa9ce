// The text of generated programs: it contains nothing but loops over typed arrays, whatever users call their things; one nest where
// fusion promises one; literal bounds; no division in indices where axes only split and merge; no exponential that was not asked for.

import test from 'ava';
import type { ExecutionContext } from 'ava';

import { differentiate } from '../compiler/differentiate.ts';
import type { DType } from '../compiler/dtype.ts';
import { makeGraph } from '../compiler/graph.ts';
import type { Graph } from '../compiler/graph.ts';
import { setOriginSource } from '../compiler/node.ts';
import type { Node } from '../compiler/node.ts';
import type { Built } from '../compiler/pipeline.ts';
import type { Shape } from '../compiler/shape.ts';
import {
  add,
  amax,
  argmax,
  conv2d,
  cumsum,
  exp,
  gather,
  gt,
  layerNorm,
  logSoftmax,
  matmul,
  maxPool2d,
  mul,
  neg,
} from '../ops/index.ts';
import {
  pad,
  permute,
  relu,
  reshape,
  scatterAdd,
  sigmoid,
  sin,
  softmax,
  sort,
  sum,
  tanh,
  transpose,
  where,
} from '../ops/index.ts';
import { constant, input, iota, onesLike } from '../ops/source.ts';
import { compileGraph, compileNodes } from './helpers/compile.ts';
import { gradientsOf } from './helpers/gradcheck.ts';
import { kernelTexts } from './helpers/kernelText.ts';
import type { KernelText } from './helpers/kernelText.ts';
import { describe, randomGraph } from './helpers/randomGraph.ts';
import { sourceParser } from '../runtime/parser.ts';
import { sourceFaults as faultsIn } from '../runtime/sourceFaults.ts';

const sourceFaults = (source: string): string[] => faultsIn(source, sourceParser()!);

const x = (shape: Shape, dtype: DType = 'float32'): Node => input({ shape, dtype });

const gradients = (y: Node, wanted: readonly Node[], g: Node = onesLike(y)): Node[] =>
  differentiate([y], [g], wanted, add).filter((n) => n !== null);

const textsOf = (built: Built): KernelText[] => {
  const texts = kernelTexts(
    built.source,
    built.plan.kernels.map((k) => k.name),
  );
  if (texts.length !== built.plan.kernels.length) throw new Error('a kernel is missing in the source');
  return texts;
};

/** What is wrong with the source of a graph, whatever it computes. */
function faultsOf(built: Built): string[] {
  const { scripts, driver } = built.emitted;
  const faults = [...scripts.map((s) => s.text), driver.text, built.source].flatMap(sourceFaults);
  if (faults.length > 0) return faults;
  return textsOf(built).flatMap(({ name, comment, oddLoops }) => [
    ...oddLoops.map((loop) => `${name}: ${loop}`),
    ...(comment.length === 0 ? [`${name} has no comment above`] : []),
  ]);
}

// --- every source ------------------------------------------------------------------------------------------------------------------

function checkRandom(t: ExecutionContext, from: number, to: number, extents: readonly number[]): void {
  for (let seed = from; seed < to; seed++) {
    const g = randomGraph(seed, { size: 10, extents, floats: ['float32', 'float64'] });
    const all: Graph = gradientsOf(g, seed).graph;
    const { built } = compileGraph(makeGraph(all.inputs, [...g.outputs, ...all.outputs]));
    const faults = faultsOf(built);
    if (faults.length > 0) return t.fail(`${faults.join('\n')}\n${describe(g)}\n${built.source}`);
  }
  t.pass();
}

test('sources of random graphs contain nothing but loops over arrays', (t) => {
  checkRandom(t, 60_000, 60_080, [1, 2, 3, 4]);
  checkRandom(t, 61_000, 61_030, [1, 5, 8, 17]);
});

const matrix = x([64, 128]);
const [w, b] = [x([128, 32]), x([32])];
const image = x([2, 3, 12, 12]);

const named: Readonly<Record<string, () => Graph>> = {
  'a chain': () => makeGraph([matrix], [sin(exp(add(matrix, 1)))]),
  softmax: () => makeGraph([matrix], [softmax(matrix, 1)]),
  'softmax over columns': () => makeGraph([matrix], [softmax(matrix, 0)]),
  'a layer': () => makeGraph([matrix, w, b], [relu(add(matmul(matrix, w), b))]),
  'a layer with gradients': () => {
    const y = relu(add(matmul(matrix, w), b));
    return makeGraph([matrix, w, b], [y, ...gradients(y, [matrix, w, b])]);
  },
  'a convolution with gradients': () => {
    const [kernel, bias] = [x([4, 3, 3, 3]), x([4])];
    const y = maxPool2d(relu(conv2d(image, kernel, bias, { padding: 1, stride: 2 })), 2) as Node;
    return makeGraph([image, kernel, bias], [y, ...gradients(y, [image, kernel, bias])]);
  },
  'layerNorm with gradients': () => {
    const [weight, bias] = [x([128]), x([128])];
    const y = layerNorm(matrix, [128], { weight, bias });
    return makeGraph([matrix, weight, bias], [y, ...gradients(y, [matrix, weight, bias])]);
  },
  'host routines': () => makeGraph([matrix], [...sort(matrix), cumsum(matrix, 1)]),
  'gathers and scatters': () => {
    const index = x([5, 128], 'int32');
    return makeGraph(
      [matrix, index],
      [gather(matrix, 0, index), scatterAdd(matrix, 0, index, gather(matrix, 0, index))],
    );
  },
  'special numbers': () =>
    makeGraph(
      [matrix],
      [NaN, Infinity, -Infinity, -0, 1e-320, -1.5, 1e300].map((v) =>
        where(gt(matrix, 1), constant(v, 'float64'), mul(neg(matrix), v)),
      ),
    ),
  'no work at all': () => makeGraph([matrix], [matrix, constant(-1, 'float32'), iota([3], 0, 'int32')]),
  nothing: () => makeGraph([x([0])], [exp(x([0]))].slice(1)),
};

for (const [name, graph] of Object.entries(named))
  test(`the source of ${name} contains nothing but loops over arrays`, (t) => {
    const { built } = compileGraph(graph());
    t.deepEqual(faultsOf(built), [], built.source);
  });

test('the checker of sources refuses what does not belong there', (t) => {
  const end = '\n//# sourceURL=gradloom/test-0.js\n';
  const refused = [
    'return process;',
    'const a = globalThis;',
    'const a = this;',
    'const a = eval;',
    'const f = Function;',
    "const a = 'text';",
    'const a = `text`;',
    'const a = buffers.in0; a.constructor.constructor(1);',
    'const a = buffers.in0; const c = a.constructor;',
    'const a = buffers.in0; const c = a[0][1];',
    'const a = buffers.in0.constructor;',
    'const a = helpers.f.subarray(1);',
    'const a = Math.random();',
    'const a = Math.constructor;',
    'const a = helpers.f;\nimport("x");',
    'const f = () => 1;',
    'const f = function () { return 1; };',
    'function f() { return g(); }',
    'for (const a of buffers.in0) f(a);',
    'while (1) { }',
    'let a = 1; a = 2, 3;',
    'const Math = 1;',
    'const buffers = 1;',
    'const { constructor: c } = helpers;',
    'const { a } = buffers;',
    'const a = new Array(3);',
    'const a = /x/;',
    'const a = 1n;',
    'label: for (let i = 0; i < 1; i++) { break label; }',
    'undeclared = 1;',
    'const a = 1; const a = 2;',
    'if (1) { const a = 1; }\nconst b = a;',
    'try { } catch { }',
    'debugger;',
    'delete buffers.in0;',
  ];
  for (const text of refused) t.not(sourceFaults(`'use strict';\n${text}${end}`).length, 0, text);
  t.deepEqual(sourceFaults(`'use strict';\nconst a = buffers.in0.subarray(8);${end}`), []);
  t.deepEqual(sourceFaults(`'use strict';\nconst a = buffers.in0;\na[1] = Math.exp(a[0]);${end}`), []);
  t.is(sourceFaults('const a = 1;\n').length, 2);
});

// --- what users call their things ------------------------------------------------------------------------------------------------------

const hostile = [
  'a\nprocess.exit(1)',
  'a\r\nthrow 1',
  'a\u2028throw 1',
  'a\u2029throw 1',
  'a\u0085throw 1',
  '*/ throw 1 /*',
  '\\u000athrow 1',
  '`${process.exit(1)}`',
  '"); process.exit(1); ("',
  "'; throw 1; '",
  '</script><script>alert(1)</script>',
  '<!-- x',
  '--> x',
  '//# sourceURL=other.js',
  '\u0000\u001b[31m',
  '__proto__',
  'constructor',
  '',
  'é 漢字 🙂 \ud800',
  '../../etc/passwd',
];

test('names of programs and of places in users’ code never become code', (t) => {
  for (const text of hostile) {
    const before = setOriginSource(() => ({ op: text, file: text, line: 3, column: 1 }));
    try {
      const y = softmax(add(x([4, 9]), 1), 1);
      const { built, run } = compileNodes([y.inputs[0].inputs[0]], [y, sum(y)], { name: text });
      t.deepEqual(faultsOf(built), [], JSON.stringify(text));
      t.is(run([new Float32Array(36)])[1][0], 4);
      for (const source of [built.source, built.emitted.driver.text, built.emitted.scripts[0].text]) {
        t.is(source.split('\n').filter((line) => line.startsWith('//# ')).length, 1);
        t.false(/[\0-\t\v-\x1f\x7f\x85\u2028\u2029]/.test(source), JSON.stringify(text));
      }
    } finally {
      setOriginSource(before);
    }
  }
});

test('the comment above a kernel names the operations and the lines that they come from', (t) => {
  const a = x([4, 9]);
  const lines = ['model.ts:12', 'model.ts:14'];
  let at = 12;
  const before = setOriginSource(() => ({
    op: at === 12 ? 'exp' : 'mul',
    file: 'model.ts',
    line: at,
    column: 5,
  }));
  let y: Node;
  try {
    y = exp(a);
    at = 14;
    y = mul(y, a);
  } finally {
    setOriginSource(before);
  }
  const [kernel] = textsOf(compileNodes([a], [y]).built);
  for (const line of lines)
    t.true(
      kernel.comment.some((text) => text.includes(line)),
      kernel.comment.join('\n'),
    );
  t.true(kernel.comment.some((text) => /exp/.test(text)));
  t.regex(kernel.comment[0], /for /);
});

test('a program is named in its first lines and by its sourceURL, and no two are alike', (t) => {
  const make = (): string => compileNodes([matrix], [exp(matrix)], { name: 'train step' }).built.source;
  const [first, second] = [make(), make()];
  t.regex(first.split('\n')[1], /train step/);
  t.regex(first, /\n\/\/# sourceURL=gradloom\/train_step-\d+\.js\n$/);
  t.not(first, second);
});

// --- loops -------------------------------------------------------------------------------------------------------------------------------

const one: Readonly<Record<string, readonly [inputs: readonly Node[], outputs: readonly Node[]]>> = {
  'a chain': [[matrix], [sin(exp(add(matrix, 1)))]],
  softmax: [[matrix], [softmax(matrix, 1)]],
  logSoftmax: [[matrix], [logSoftmax(matrix, 1)]],
  'row sums and row maxima': [[matrix], [sum(matrix, 1), amax(matrix, 1), argmax(matrix, 1)]],
  'two results': [[matrix], [exp(matrix), sin(matrix)]],
  'a transposed copy': [[matrix], [mul(transpose(matrix, 0, 1), 2)]],
};
for (const [name, [inputs, outputs]] of Object.entries(one))
  test(`${name}: one kernel, one outermost loop`, (t) => {
    const texts = textsOf(compileNodes(inputs, outputs).built);
    t.deepEqual(
      texts.map((k) => k.outermost),
      [1],
    );
  });

test('the sum of a long term has four accumulators', (t) => {
  const v = x([1000]);
  const cubic = add(mul(add(mul(add(mul(v, 0.3), 1), v), 2), v), 3);
  const { source } = compileNodes([v], [sum(mul(cubic, cubic), 0)]).built;
  t.deepEqual(new Set(source.match(/sum(_\d)?(?= \+= )/g)), new Set(['sum', 'sum_1', 'sum_2', 'sum_3']));
});

test('a column sum has a loop before for its start and one after for its result', (t) => {
  const [kernel] = textsOf(compileNodes([matrix], [sum(mul(matrix, matrix), 0)]).built);
  t.true(kernel.outermost <= 3);
});

test('elementwise loops over contiguous memory are one loop', (t) => {
  const deep = x([3, 5, 7, 11]);
  const [kernel] = textsOf(compileNodes([deep], [exp(mul(deep, 2))]).built);
  t.is(kernel.loops, 1);
  t.true(kernel.indexOperators.size === 0);
});

test('a tile takes four columns in an iteration, and those that are left after the loop', (t) => {
  const [a, b] = [x([8, 16]), x([16, 10])];
  const { source } = compileNodes([a, b], [matmul(a, b)]).built;
  t.regex(source, /for \(let j = 0; j < 8; j \+= 4\) \{/);
  for (const c of [' + 1', ' + 2', ' + 3']) t.true(source.includes(`sums[j${c}] += `), `j${c}`);
  for (const c of [8, 9]) t.true(source.includes(`sums[${c}] += `), `${c}`);
});

test('a pass over the columns that is cut into pieces defines no name twice', (t) => {
  const [pixels, kernel] = [x([1, 2, 8, 2]), x([1, 2, 4, 1])];
  const y = conv2d(pixels, kernel, { padding: [2, 0] });
  const slope = x(y.type.shape);
  t.notThrows(() => compileNodes([slope, kernel], gradients(y, [pixels], slope)));
});

// --- indices -------------------------------------------------------------------------------------------------------------------------------

const plainViews: Readonly<Record<string, (v: Node) => Node>> = {
  'a split axis': (v) => sum(reshape(v, [64, 8, 16]), 2),
  'merged axes': (v) => add(reshape(v, [8192]), 1),
  'split and merged': (v) => reshape(permute(reshape(v, [8, 8, 16, 8]), [0, 2, 1, 3]), [128, 64]),
  heads: (v) => softmax(permute(reshape(v, [64, 4, 32]), [1, 0, 2]), 2),
  'a transpose': (v) => transpose(v, 0, 1),
  'axes of size 1': (v) => mul(reshape(v, [1, 64, 1, 128]), 2),
  'a pad': (v) => pad(v, [1, 2]),
};
for (const [name, view] of Object.entries(plainViews))
  test(`${name}: indices without division or remainder`, (t) => {
    for (const { name: kernel, indexOperators } of textsOf(
      compileNodes([matrix], [exp(view(matrix))]).built,
    )) {
      t.false(indexOperators.has('%'), kernel);
      t.false(indexOperators.has('/'), kernel);
    }
  });

test('a reshape that cuts through axes needs division, and says so', (t) => {
  const odd = x([9, 10]);
  const [kernel] = textsOf(compileNodes([odd], [exp(reshape(transpose(odd, 0, 1), [6, 15]))]).built);
  t.true(kernel.indexOperators.has('%') || kernel.indexOperators.has('/'));
});

test('convolutions read their windows without division', (t) => {
  const kernel = x([4, 3, 3, 3]);
  for (const { indexOperators } of textsOf(compileNodes([image, kernel], [conv2d(image, kernel)]).built)) {
    t.false(indexOperators.has('%'));
    t.false(indexOperators.has('/'));
  }
});

for (const [stride, asks] of [
  [1, />= 0 && \w+ - \w+ < 14\) \{/],
  [2, /% 2 === 0\) \{/],
] as const)
  test(`the gradient of a convolution of stride ${stride} by its input asks once per row whether a window reaches it`, (t) => {
    const [pixels, kernel] = [x([2, 3, 16, 32]), x([4, 3, 3, 3])];
    const y = conv2d(pixels, kernel, { stride });
    const slope = x(y.type.shape);
    const { source } = compileNodes([slope, kernel], gradients(y, [pixels], slope)).built;
    t.regex(source, asks);
    t.notRegex(source, /sums\[.* \? /);
  });

// --- what a backward computes -----------------------------------------------------------------------------------------------------------

/** Calls of exponentials and the like in all kernels. */
const transcendentals = (built: Built): string[] =>
  textsOf(built).flatMap(({ calls }) =>
    Object.keys(calls).filter((name) => /^(Math\.)?(exp|log|tanh|sin|cos|sigmoid|pow|erf)/.test(name)),
  );

const saved: Readonly<Record<string, (v: Node) => Node>> = {
  exp,
  tanh,
  sigmoid,
  softmax: (v) => softmax(v, 1),
};
for (const [name, f] of Object.entries(saved))
  test(`the gradient of ${name} from its result calls no function`, (t) => {
    const y = f(matrix);
    const g = x([64, 128]);
    const [gradient] = gradients(y, [matrix], g);
    const result = x([64, 128]);
    const swap = (n: Node): Node =>
      n === y ? result : n.inputs.length === 0 ? n : { ...n, inputs: n.inputs.map(swap) };
    t.deepEqual(transcendentals(compileNodes([g, result], [swap(gradient)]).built), []);
  });
