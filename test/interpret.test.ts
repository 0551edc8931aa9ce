import test from 'ava';

import type { DType } from '../compiler/dtype.ts';
import { IndexError } from '../compiler/errors.ts';
import { makeGraph } from '../compiler/graph.ts';
import type { Node } from '../compiler/node.ts';
import type { Meaning, Monoid, ScatterMode } from '../compiler/op.ts';
import { arg, cast, s } from '../compiler/scalar.ts';
import type { Scalar } from '../compiler/scalar.ts';
import type { Shape } from '../compiler/shape.ts';
import { numel } from '../compiler/shape.ts';
import { readIndex } from '../compiler/view.ts';
import type { AxisMap, View } from '../compiler/view.ts';
import { input } from '../ops/source.ts';
import { evaluateNode, interpret } from '../runtime/interpret.ts';
import { raw, valueOf } from './helpers/evaluate.ts';

const x = (shape: Shape, dtype: DType = 'float64'): Node => input({ shape, dtype });
const count = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** A node of one meaning over inputs with values, evaluated. */
function run(meaning: Meaning, type: [Shape, DType], ...inputs: [Shape, DType, number[]][]): number[] {
  const nodes = inputs.map(([shape, dtype]) => x(shape, dtype));
  const out = raw(meaning, { shape: type[0], dtype: type[1] }, ...nodes);
  return valueOf(
    out,
    nodes.map((n, i) => [n, inputs[i][2]] as const),
  );
}

test('a constant is one number everywhere, rounded to its dtype', (t) => {
  t.deepEqual(run({ tag: 'constant', value: 0.1 }, [[2], 'float32']), [Math.fround(0.1), Math.fround(0.1)]);
  t.deepEqual(run({ tag: 'constant', value: 7 }, [[], 'bool']), [1]);
});

test('an iota counts along its axis', (t) => {
  t.deepEqual(run({ tag: 'iota', axis: 1, offset: 5, step: -2 }, [[2, 3], 'int32']), [5, 3, 1, 5, 3, 1]);
  t.deepEqual(run({ tag: 'iota', axis: 0, offset: 0, step: 1 }, [[2, 3], 'int32']), [0, 0, 0, 1, 1, 1]);
});

test('a map broadcasts its inputs from the last axis', (t) => {
  const expr = s.sub(s.mul(arg(0), 10), arg(1));
  t.deepEqual(
    run({ tag: 'map', expr }, [[2, 3], 'float64'], [[2, 1], 'float64', [1, 2]], [[3], 'float64', [1, 2, 3]]),
    [9, 8, 7, 19, 18, 17],
  );
  t.deepEqual(
    run({ tag: 'map', expr }, [[2], 'float64'], [[], 'float64', [1]], [[2], 'float64', [1, 2]]),
    [9, 8],
  );
});

const maps: [what: string, expr: Scalar, dtype: DType, from: number[], to: number[]][] = [
  ['float32 rounds', s.add(arg(0), 1e-9), 'float32', [1], [1]],
  ['int32 wraps', s.add(arg(0), 1), 'int32', [2147483647], [-2147483648]],
  ['uint8 wraps', s.sub(arg(0), 1), 'uint8', [0], [255]],
  ['bool is truth, and NaN is true', arg(0), 'bool', [0.5, NaN, 0, -0], [1, 1, 0, 0]],
  ['a cast rounds inside', s.sub(cast('int32', arg(0)), arg(0)), 'float64', [2.5, -2.5], [-0.5, 0.5]],
  ['min propagates NaN', s.min(arg(0), 1), 'float64', [NaN, 2], [NaN, 1]],
  ['max propagates NaN', s.max(1, arg(0)), 'float64', [NaN, 2], [NaN, 2]],
  [
    'select takes a branch',
    s.select(s.gt(arg(0), 0), s.log(arg(0)), -1),
    'float64',
    [1, -1, NaN],
    [0, -1, -1],
  ],
];
for (const [what, expr, dtype, from, to] of maps)
  test(`map: ${what}`, (t) => {
    const inDtype = dtype === 'bool' ? 'float64' : dtype;
    t.deepEqual(run({ tag: 'map', expr }, [[from.length], dtype], [[from.length], inDtype, from]), to);
  });

const reductions: [monoid: Monoid, axes: number[], out: number[]][] = [
  ['sum', [0], [5, 7, 9]],
  ['sum', [1], [6, 15]],
  ['sum', [0, 1], [21]],
  ['sum', [], [1, 2, 3, 4, 5, 6]],
  ['prod', [1], [6, 120]],
  ['max', [0], [4, 5, 6]],
  ['min', [1], [1, 4]],
  ['argmax', [1], [2, 2]],
  ['argmin', [0], [0, 0, 0]],
  ['argmax', [0, 1], [5]],
];
for (const [monoid, axes, out] of reductions)
  for (const keepdim of [false, true])
    test(`reduce: ${monoid} over [${axes.join(', ')}]${keepdim ? ', keepdim' : ''}`, (t) => {
      const shape = keepdim
        ? [2, 3].map((n, i) => (axes.includes(i) ? 1 : n))
        : [2, 3].filter((_, i) => !axes.includes(i));
      const dtype = monoid.startsWith('arg') ? 'int32' : 'float64';
      t.deepEqual(
        run(
          { tag: 'reduce', axes, monoid, keepdim },
          [shape, dtype],
          [[2, 3], 'float64', [1, 2, 3, 4, 5, 6]],
        ),
        out,
      );
    });

const oddReductions: [what: string, monoid: Monoid, dtype: DType, from: number[], to: number][] = [
  ['a sum over nothing is 0', 'sum', 'float64', [], 0],
  ['a product over nothing is 1', 'prod', 'float64', [], 1],
  ['the maximum of nothing is -Infinity', 'max', 'float64', [], -Infinity],
  ['max propagates NaN', 'max', 'float64', [1, NaN, 2], NaN],
  ['min propagates NaN', 'min', 'float64', [NaN, 1], NaN],
  ['the first of equals is the argmax', 'argmax', 'float64', [1, 3, 3], 1],
  ['the first of equals is the argmin', 'argmin', 'float64', [3, 1, 1], 1],
  ['the first NaN is the argmax', 'argmax', 'float64', [5, NaN, NaN, 9], 1],
  ['the first NaN is the argmin', 'argmin', 'float64', [0, NaN], 1],
  ['-Infinity is an argmax', 'argmax', 'float64', [-Infinity, -Infinity], 0],
  ['float32 adds up in double', 'sum', 'float32', [16777216, 1, 1], 16777218],
  ['a sum of int32 wraps', 'sum', 'int32', [2147483647, 2], -2147483647],
  ['a product of int32 wraps', 'prod', 'int32', [2147483647, 2147483647, 3], 3],
  ['any', 'any', 'bool', [0, 1], 1],
  ['all', 'all', 'bool', [0, 1], 0],
  ['all of nothing', 'all', 'bool', [], 1],
];
for (const [what, monoid, dtype, from, to] of oddReductions)
  test(`reduce: ${what}`, (t) => {
    const out: DType = monoid.startsWith('arg') ? 'int32' : dtype;
    t.deepEqual(
      run({ tag: 'reduce', axes: [0], monoid, keepdim: false }, [[], out], [[from.length], dtype, from]),
      [to],
    );
  });

/** What a view reads, by its definition. */
function readAll(view: View, from: Shape, to: Shape, values: readonly number[]): number[] {
  return count(numel(to)).map((flat) => {
    const index: number[] = [];
    for (let axis = to.length - 1, rest = flat; axis >= 0; axis--) {
      index.unshift(rest % to[axis]);
      rest = Math.floor(rest / to[axis]);
    }
    const read = readIndex(view, from, to, index);
    if (!read) return view.tag === 'affine' ? view.fill! : NaN;
    return values[read.reduce((sum, i, axis) => sum * from[axis] + i, 0)];
  });
}

const affine = (axes: AxisMap[], fill?: number): View => ({ tag: 'affine', axes, fill });
const views: [what: string, view: View, from: Shape, to: Shape][] = [
  [
    'transpose',
    affine([
      { offset: 0, terms: [[1, 1]] },
      { offset: 0, terms: [[0, 1]] },
    ]),
    [2, 3],
    [3, 2],
  ],
  [
    'expand',
    affine([
      { offset: 0, terms: [] },
      { offset: 0, terms: [[2, 1]] },
    ]),
    [1, 3],
    [2, 2, 3],
  ],
  ['flip and step', affine([{ offset: 4, terms: [[0, -2]] }]), [5], [3]],
  [
    'pad',
    affine(
      [
        { offset: -1, terms: [[0, 1]] },
        { offset: -2, terms: [[1, 1]] },
      ],
      9,
    ),
    [2, 2],
    [4, 5],
  ],
  [
    'diagonal',
    affine([
      { offset: 0, terms: [[0, 1]] },
      { offset: 1, terms: [[0, 1]] },
    ]),
    [3, 3],
    [2],
  ],
  ['windows', affine([{ offset: -1, terms: [[0, 2], [1, 1]] }], 0), [5], [3, 3]], // prettier-ignore
  ['upsampled grid', affine([{ offset: -1, terms: [[0, 1]], div: 3 }], 0), [2], [6]],
  ['reshape', { tag: 'reshape' }, [2, 3], [3, 1, 2]],
  ['empty', affine([{ offset: 0, terms: [[0, 1]] }]), [3], [0]],
  ['all fill', affine([{ offset: 0, terms: [[0, 1]] }], 1), [0], [2]],
];
for (const [what, view, from, to] of views)
  test(`view: ${what} reads what readIndex says`, (t) => {
    const values = count(numel(from)).map((i) => i + 1);
    t.deepEqual(
      run({ tag: 'view', view }, [to, 'float64'], [from, 'float64', values]),
      readAll(view, from, to, values),
    );
  });

test('a contraction sums the labels that its output lacks', (t) => {
  const a: [Shape, DType, number[]] = [[2, 2], 'float64', [1, 2, 3, 4]];
  const b: [Shape, DType, number[]] = [[2, 2], 'float64', [5, 6, 7, 8]];
  const product = (labels: [number[], number[], number[]], shape: Shape): number[] =>
    run({ tag: 'contract', a: labels[0], b: labels[1], out: labels[2] }, [shape, 'float64'], a, b);
  t.deepEqual(product([[0, 1], [1, 2], [0, 2]], [2, 2]), [19, 22, 43, 50]); // prettier-ignore
  t.deepEqual(product([[0, 1], [1, 2], [2, 0]], [2, 2]), [19, 43, 22, 50]); // prettier-ignore
  t.deepEqual(product([[0, 1], [0, 1], [0]], [2]), [17, 53]); // prettier-ignore
  t.deepEqual(product([[0, 1], [2, 3], []], []), [260]); // prettier-ignore
});

test('a contraction over nothing is 0, and int32 wraps exactly', (t) => {
  const meaning: Meaning = { tag: 'contract', a: [0], b: [0], out: [] };
  t.deepEqual(run(meaning, [[], 'float64'], [[0], 'float64', []], [[0], 'float64', []]), [0]);
  t.deepEqual(run(meaning, [[], 'int32'], [[1], 'int32', [2147483647]], [[1], 'int32', [2147483647]]), [1]);
});

test('a gather reads at the values of its index inputs', (t) => {
  const data: [Shape, DType, number[]] = [[2, 3], 'float64', [0, 1, 2, 10, 11, 12]];
  const index: [Shape, DType, number[]] = [[2], 'int32', [2, 0]];
  t.deepEqual(
    run({ tag: 'gather', axes: [{ axis: 0 }, { input: 1 }] }, [[2, 2], 'float64'], data, index),
    [2, 0, 12, 10],
  );
  t.deepEqual(
    run({ tag: 'gather', axes: [{ axis: 0 }, { input: 1 }] }, [[2], 'float64'], data, index),
    [2, 10],
  );
});

test('a gather outside throws an IndexError in the words of PyTorch', (t) => {
  const gather = (i: number): number[] =>
    run(
      { tag: 'gather', axes: [{ input: 1 }] },
      [[1], 'float64'],
      [[2], 'float64', [1, 2]],
      [[1], 'int32', [i]],
    );
  const message = 'index 2 is out of bounds for dimension 0 with size 2';
  t.throws(() => gather(2), { instanceOf: IndexError, message });
  t.throws(() => gather(-1), { instanceOf: IndexError });
});

const scatters: [mode: ScatterMode, out: number[]][] = [
  ['set', [3, 1, 4]],
  ['add', [6, 1, 5]],
  ['mul', [6, 1, 4]],
  ['max', [3, 1, 4]],
  ['min', [1, 1, 1]],
];
for (const [mode, out] of scatters)
  test(`a scatter writes in order: ${mode}`, (t) => {
    const result = run(
      { tag: 'scatter', axes: [{ input: 2 }], mode },
      [[3], 'float64'],
      [[3], 'float64', [1, 1, 1]],
      [[3], 'float64', [2, 3, 4]],
      [[3], 'int32', [0, 0, 2]],
    );
    t.deepEqual(result, out);
  });

test('a composite is what it expands to, and a routine is called', (t) => {
  const p = x([2]);
  const twice = (n: Node): Node => raw({ tag: 'map', expr: s.add(arg(0), arg(0)) }, n.type, n);
  const four = raw({ tag: 'composite', expand: () => twice(twice(p)) }, p.type, p);
  t.deepEqual(valueOf(four, [[p, [1, 2]]]), [4, 8]);
  const reverse = raw(
    {
      tag: 'routine',
      run: ([v], out) => Array.from(v).forEach((value, i) => (out[v.length - 1 - i] = value)),
    },
    p.type,
    p,
  );
  t.deepEqual(valueOf(reverse, [[p, [1, 2]]]), [2, 1]);
});

test('inputs are converted to their dtype, and results never alias them', (t) => {
  const p = x([2], 'float32');
  const graph = makeGraph([p], [p]);
  const given = new Float32Array([1, 2]);
  const [result] = interpret(graph, [given]);
  given[0] = 9;
  t.deepEqual(result, new Float32Array([1, 2]));
  t.deepEqual(interpret(graph, [[0.1, 1e-50]])[0], new Float32Array([0.1, 0]));
});

test('evaluateNode evaluates one node', (t) => {
  const p = x([2]);
  const n = raw({ tag: 'map', expr: s.neg(arg(0)) }, p.type, p);
  t.deepEqual(evaluateNode(n, [new Float64Array([1, 2])]), new Float64Array([-1, -2]));
});

test('a missing array and a wrong length are errors of ours', (t) => {
  const p = x([2]);
  const graph = makeGraph([p], [p]);
  t.throws(() => interpret(graph, []), { message: 'internal: interpret: 0 arrays for 1 inputs' });
  t.throws(() => interpret(graph, [[1]]), {
    message: 'internal: interpret: 1 elements for input 0 of float64[2]',
  });
});
