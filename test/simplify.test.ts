import test from 'ava';
import type { ExecutionContext } from 'ava';

import type { DType } from '../compiler/dtype.ts';
import { InternalError } from '../compiler/errors.ts';
import { makeGraph } from '../compiler/graph.ts';
import type { Graph } from '../compiler/graph.ts';
import { setOriginSource } from '../compiler/node.ts';
import type { Node } from '../compiler/node.ts';
import type { Meaning } from '../compiler/op.ts';
import { constantOf, rule } from '../compiler/rewrite.ts';
import type { Rule } from '../compiler/rewrite.ts';
import { arg, s } from '../compiler/scalar.ts';
import type { Shape } from '../compiler/shape.ts';
import { expandComposites, simplify } from '../compiler/simplify.ts';
import type { RewriteStep, SimplifyOptions } from '../compiler/simplify.ts';
import { add, mul, sub } from '../ops/binary.ts';
import { cast } from '../ops/cast.ts';
import { lt } from '../ops/compare.ts';
import { sum } from '../ops/reduce.ts';
import { where } from '../ops/select.ts';
import { constant, input, iota } from '../ops/source.ts';
import { exp, neg } from '../ops/unary.ts';
import { permute, reshape } from '../ops/view.ts';
import { simplifyChecked } from '../runtime/checked.ts';
import { countOps, raw, valuesOf } from './helpers/evaluate.ts';
import { gradientsOf } from './helpers/gradcheck.ts';
import { describe, randomGraph } from './helpers/randomGraph.ts';
import { simplifyOptions } from './helpers/rules.ts';

const x = (shape: Shape = [2, 3], dtype: DType = 'float64'): Node => input({ shape, dtype }, 'x');

const options = (rules: readonly Rule[] = [], more: Partial<SimplifyOptions> = {}): SimplifyOptions =>
  simplifyOptions({ rules, ...more });

/** One output simplified over the inputs that it has. */
const simple = (out: Node, rules?: readonly Rule[], more?: Partial<SimplifyOptions>): Node =>
  simplify(makeGraph(inputsOf(out), [out]), options(rules, more)).outputs[0];

const inputsOf = (out: Node): Node[] => makeGraph([], [out]).nodes.filter((n) => n.op.name === 'input');

const isConstant = (t: ExecutionContext, n: Node, value: number): void => {
  t.is(n.op.name, 'constant');
  t.is(constantOf(n), value);
};

const view = (from: Node, axes: [offset: number, axis: number | null][], shape: Shape, fill?: number): Node =>
  raw(
    {
      tag: 'view',
      view: {
        tag: 'affine',
        axes: axes.map(([offset, axis]) => ({ offset, terms: axis === null ? [] : [[axis, 1]] })),
        fill,
      },
    },
    { shape, dtype: from.type.dtype },
    from,
  );
const contract = (a: Node, b: Node, shape: Shape): Node =>
  raw({ tag: 'contract', a: [0, 1], b: [1, 2], out: [0, 2] }, { shape, dtype: a.type.dtype }, a, b);
const reduce = (from: Node, monoid: Extract<Meaning, { tag: 'reduce' }>['monoid']): Node =>
  raw({ tag: 'reduce', axes: [0, 1], monoid, keepdim: false }, { shape: [], dtype: from.type.dtype }, from);
const full = (value: number, shape: Shape = [2, 3], dtype: DType = 'float64'): Node =>
  constant(value, dtype, shape);

const folds: [what: string, make: () => Node, value: number][] = [
  ['a map of constants', () => add(mul(full(2), 3), full(-1)), 5],
  [
    'a map of constants rounds to its dtype',
    () => add(full(1, [2], 'float32'), full(1e-9, [2], 'float32')),
    1,
  ],
  ['a sum of zero gradients', () => add(full(0), full(0)), 0],
  ['a cast of a constant', () => cast(full(2.5), 'int32'), 2],
  ['a view of a constant', () => permute(reshape(full(7), [3, 2]), [1, 0]), 7],
  ['zeros padded with zeros', () => view(full(0), [[-1, 0], [-1, 1]], [4, 5], 0), 0], // prettier-ignore
  ['a view that reads nothing but its fill', () => view(x(), [[-9, 0], [0, 1]], [4, 3], 0), 0], // prettier-ignore
  ['a padded empty node', () => view(x([0]), [[-1, 0]], [2], 3), 3],
  ['the sum of a constant', () => reduce(full(0.1), 'sum'), 6 * 0.1],
  ['the sum of nothing', () => sum(x([0, 3]), 0), 0],
  ['the product of a constant', () => reduce(full(2), 'prod'), 64],
  ['the maximum of a constant', () => reduce(full(-3), 'max'), -3],
  ['the minimum of a constant', () => reduce(full(NaN), 'min'), NaN],
  ['any of false', () => reduce(full(0, [2, 3], 'bool'), 'any'), 0],
  ['all of true', () => reduce(full(1, [2, 3], 'bool'), 'all'), 1],
  ['a contraction over nothing', () => contract(x([2, 0]), x([0, 3]), [2, 3]), 0],
  ['a contraction of constants', () => contract(full(2, [2, 4]), full(3, [4, 3]), [2, 3]), 24],
  ['select with two equal constants', () => where(lt(x(), 0), full(4), full(4)), 4],
  ['a ramp of one step', () => iota([1, 3], 0, 'int32', 5), 5],
  ['a node without elements', () => exp(x([2, 0])), 0],
  ['a sum of int32, wrapped', () => reduce(full(2147483647, [2, 3], 'int32'), 'sum'), -6],
];
for (const [what, make, value] of folds)
  test(`folds ${what}`, (t) => {
    const out = make();
    const result = simple(out);
    isConstant(t, result, value);
    t.deepEqual(result.type, out.type);
  });

test('a scatter of zeros into zeros is zeros, and other scatters stay', (t) => {
  const scatter = (source: Node): Node =>
    raw(
      { tag: 'scatter', axes: [{ input: 2 }], mode: 'add' },
      full(0, [3]).type,
      full(0, [3]),
      source,
      x([2], 'int32'),
    );
  isConstant(t, simple(scatter(full(0, [2]))), 0);
  t.is(simple(scatter(full(1, [2]))).op.name, 'raw');
});

const selections: [what: string, make: (p: Node, q: Node) => Node][] = [
  ['where(true, x, y)', (p, q) => where(full(1, [2, 3], 'bool'), p, q)],
  ['where(false, y, x)', (p, q) => where(full(0, [2, 3], 'bool'), q, p)],
  ['where(c, x, x)', (p) => where(lt(p, 0), p, p)],
  ['a view that changes nothing', (p) => view(p, [[0, 0], [0, 1]], [2, 3])], // prettier-ignore
  ['a reshape to the same shape', (p) => raw({ tag: 'view', view: { tag: 'reshape' } }, p.type, p)],
  ['a map that returns its input', (p) => raw({ tag: 'map', expr: arg(0) }, p.type, p)],
];
for (const [what, make] of selections)
  test(`reduces ${what} to x`, (t) => {
    const p = x();
    t.is(simple(make(p, x())), p);
  });

test('a chosen branch is broadcast to the shape of the result', (t) => {
  const p = x([3]);
  const result = simple(where(full(1, [2, 3], 'bool'), p, x([2, 3])));
  t.deepEqual([result.op.name, result.type.shape, result.inputs[0] === p], ['expand', [2, 3], true]);
});

const kept: [what: string, make: () => Node][] = [
  ['0 * x, for x may be infinite', () => mul(x(), 0)],
  ['x - x, for x may be infinite', () => ((p) => sub(p, p))(x())],
  [
    'a contraction with zeros, for the other side may be infinite',
    () => contract(full(0, [2, 2]), x([2, 3]), [2, 3]),
  ],
  ['zeros padded with ones', () => view(full(0), [[-1, 0], [-1, 1]], [4, 5], 1)], // prettier-ignore
  ['negative zeros padded with zeros', () => view(full(-0), [[-1, 0], [-1, 1]], [4, 5], 0)], // prettier-ignore
  ['a product of int32 that a double does not hold', () => reduce(full(999999, [2, 3], 'int32'), 'prod')],
];
for (const [what, make] of kept)
  test(`keeps ${what}`, (t) => {
    const out = make();
    const result = simple(out);
    t.is(result.op.name, out.op.name);
  });

test('a contraction with zeros vanishes under fastMath', (t) => {
  const out = contract(full(0, [2, 2]), x([2, 3]), [2, 3]);
  isConstant(t, simple(out, [], { fastMath: true }), 0);
});

test('a gather of a constant still refuses an index out of range', (t) => {
  const out = raw(
    { tag: 'gather', axes: [{ input: 1 }] },
    { shape: [2], dtype: 'float64' },
    full(1, [3]),
    x([2], 'int32'),
  );
  t.is(simple(out).op.name, 'raw');
});

test('what is folded away is no longer in the graph', (t) => {
  const p = x();
  const masked = where(full(0, [2, 3], 'bool'), exp(p), 0);
  const graph = simplify(makeGraph([p], [add(p, masked)]), options());
  t.deepEqual(countOps(graph), { input: 1, constant: 1, add: 1 });
});

const timesOne = rule('x * 1 = x', 'exact', ['mul', 'x', 1], ({ x }, n) =>
  x.type.shape.join() === n.type.shape.join() ? x : null,
);
const negNeg = rule('neg neg x = x', 'exact', ['neg', ['neg', 'x']], ({ x }) => x);
const timesZero = rule('x * 0 = 0', 'fast', ['mul', 'x', 0], (_, n) =>
  constant(0, n.type.dtype, n.type.shape),
);

test('rules apply to what other rules leave', (t) => {
  const p = x();
  t.is(simple(neg(mul(neg(mul(p, 1)), 1)), [timesOne, negNeg]), p);
});

test('rules are applied to what they build', (t) => {
  const p = x();
  const twice = rule('exp x = neg neg (x * 1)', 'exact', ['exp', 'x'], ({ x }) => neg(neg(mul(x, 1))));
  t.is(simple(exp(exp(p)), [twice, negNeg, timesOne]), p);
});

test('a rule marked fast applies under fastMath only', (t) => {
  const out = mul(x(), 0);
  t.is(simple(out, [timesZero]).op.name, 'mul');
  isConstant(t, simple(out, [timesZero], { fastMath: true }), 0);
});

test('each step is reported with its rule and both sides', (t) => {
  const steps: RewriteStep[] = [];
  const p = x();
  simple(neg(neg(add(mul(p, 1), add(full(1), full(1))))), [timesOne, negNeg], {
    trace: (step) => steps.push(step),
  });
  t.deepEqual(
    steps.map(({ rule: name, kind, before, after }) => [name, kind, before.op.name, after.op.name]),
    [
      ['x * 1 = x', 'exact', 'mul', 'input'],
      ['map of constants', 'exact', 'add', 'constant'],
      ['neg neg x = x', 'exact', 'neg', 'add'],
    ],
  );
});

test('a rule that changes the type is an error that names it', (t) => {
  const bad = rule('bad', 'exact', ['exp', 'x'], ({ x }) => sum(x));
  t.throws(() => simple(exp(x()), [bad]), {
    instanceOf: InternalError,
    message: 'internal: simplify: "bad" turns float64[2, 3] into float64[]',
  });
});

test('rules that go round in circles are named', (t) => {
  const there = rule('there', 'exact', ['exp', 'x'], ({ x }) => neg(x));
  const back = rule('back', 'exact', ['neg', 'x'], ({ x }) => exp(x));
  t.throws(() => simple(exp(x()), [there, back]), {
    instanceOf: InternalError,
    message: 'internal: simplify: rules go round in circles: "there", "back"',
  });
});

test('a rule that grows without end is named', (t) => {
  const grow = rule('grow', 'exact', ['exp', 'x'], ({ x }) => exp(exp(x)));
  const count = rule('count', 'exact', ['add', 'x', 'c'], ({ x, c }) => add(x, add(c, 1)));
  t.throws(() => simple(exp(x()), [grow]), { message: /circles: "grow"/ });
  t.throws(() => simple(add(x(), 1), [count]), { message: /circles: "count"/ });
});

const composite = (name: (n: Node) => Node, from: Node): Node =>
  raw({ tag: 'composite', expand: () => name(from) }, from.type, from);

test('composites are expanded, those inside composites as well', (t) => {
  const p = x();
  const out = composite((n) => composite((m) => exp(m), neg(n)), p);
  t.deepEqual(countOps(expandComposites(makeGraph([p], [out]))), { input: 1, neg: 1, exp: 1 });
  t.deepEqual(countOps(simplify(makeGraph([p], [out]), options())), { input: 1, neg: 1, exp: 1 });
});

test('rules see composites before they are expanded, at every level', (t) => {
  const p = x();
  const soft = (n: Node): Node => composite((m) => exp(m), n);
  const outer = (n: Node): Node => composite((m) => neg(soft(m)), n);
  const recognised = rule('neg raw = x', 'exact', ['neg', ['raw', 'x']], ({ x }) => x);
  t.is(simple(neg(soft(p)), [recognised]), p);
  t.is(simple(outer(p), [recognised]), p);
});

test('what a rewrite builds comes from the line of what it replaces', (t) => {
  const origin = { op: 'exp', file: 'model.ts', line: 3, column: 1 };
  const p = x();
  const before = setOriginSource(() => origin);
  const out = exp(p);
  setOriginSource(before);
  const result = simple(out, [rule('e', 'exact', ['exp', 'x'], ({ x }) => neg(x))]);
  t.is(result.origin, origin);
});

test('equal structure is one node afterwards', (t) => {
  const p = x();
  const graph = simplify(makeGraph([p], [exp(mul(p, 1)), exp(p)]), options([timesOne]));
  t.is(graph.outputs[0], graph.outputs[1]);
});

test('inputs of nodes have smaller ids than their readers', (t) => {
  const p = x();
  const late = rule('late', 'exact', ['exp', 'x'], ({ x }) => neg(x));
  const { nodes } = simplify(makeGraph([p], [add(exp(p), mul(exp(p), 2))]), options([late]));
  t.true(nodes.every((n) => n.inputs.every((i) => i.id < n.id)));
});

/** A long graph with something to do at every node. */
function long(length: number): Graph {
  const p = x([4]);
  let y: Node = p;
  for (let i = 0; i < length / 5; i++) y = neg(neg(mul(add(y, p), mul(constant(2, 'float64'), 0.5))));
  return makeGraph([p], [y]);
}

test('the work grows with the graph and no faster: every rewrite happens once', (t) => {
  const rewrites = [1000, 10_000].map((length) => {
    let count = 0;
    const result = simplify(long(length), {
      ...options([timesOne, negNeg]),
      trace: () => count++,
    });
    t.deepEqual(countOps(result), { input: 1, add: length / 5 });
    return count;
  });
  // two in each round, and one of the constant that all rounds share
  t.deepEqual(rewrites, [401, 4001]);
});

test('checked mode accepts rules that are true', (t) => {
  const p = x();
  const out = neg(neg(mul(add(p, sum(full(0.1))), 1)));
  const graph = makeGraph([p], [out]);
  const result = simplifyChecked(graph, [[1, -0, NaN, Infinity, 5, 6]], options([timesOne, negNeg]));
  t.deepEqual(countOps(result), { input: 1, constant: 1, add: 1 });
  t.deepEqual(
    valuesOf(result.outputs, [[p, [1, 2, 3, 4, 5, 6]]]),
    valuesOf([out], [[p, [1, 2, 3, 4, 5, 6]]]),
  );
});

test('checked mode names a rule that is wrong, with both values and a small graph', (t) => {
  const p = x([2]);
  const wrong = rule('exp x = x + x', 'exact', ['exp', 'x'], ({ x }) => add(x, x));
  const graph = makeGraph([p], [sum(exp(neg(p)))]);
  const { message } = t.throws(() => simplifyChecked(graph, [[-1, -2]], options([wrong])), {
    instanceOf: InternalError,
  });
  t.deepEqual(message.split('\n'), [
    'internal: rule "exp x = x + x" (exact) changes element 0 of float64[2]: 2.718281828459045 becomes 2',
    'before: [2.718281828459045, 7.38905609893065]',
    'after:  [2, 4]',
    'to see it again:',
    "import { compile, exp, tensor } from 'gradloom';",
    '',
    'const f = compile((a) => {',
    '  const b = exp(a);',
    '  return [b];',
    '}, { checked: true });',
    'console.log(f(',
    "  tensor([1, 2], { dtype: 'float64' }),",
    '));',
  ]);
});

test('checked mode catches a rule called exact that loses NaN or the sign of zero', (t) => {
  const p = x([2]);
  const zero = rule('x * 0 = 0', 'exact', ['mul', 'x', 0], (_, n) => constant(0, n.type.dtype, n.type.shape));
  const graph = makeGraph([p], [mul(p, 0)]);
  t.throws(() => simplifyChecked(graph, [[1, Infinity]], options([zero])), {
    message: /element 1 .*: NaN becomes 0/,
  });
  t.throws(() => simplifyChecked(graph, [[1, -1]], options([zero])), {
    message: /element 1 .*: -0 becomes 0/,
  });
  t.notThrows(() => simplifyChecked(graph, [[1, Infinity]], options([timesZero], { fastMath: true })));
});

test('checked mode accepts a stabilising rule where the value was not finite, and only there', (t) => {
  const p = x([2]);
  const better = rule('exp x = x', 'stabilising', ['exp', 'x'], ({ x }) => x);
  const graph = makeGraph([p], [exp(p)]);
  t.notThrows(() => simplifyChecked(graph, [[800, 900]], options([better])));
  t.throws(() => simplifyChecked(graph, [[800, 1]], options([better])), { message: /element 1/ });
});

test('select evaluates only what it chooses, in a fold as well', (t) => {
  const expr = s.select(arg(0), arg(1), s.div(1, arg(1)));
  const out = raw(
    { tag: 'map', expr },
    { shape: [], dtype: 'float64' },
    constant(1, 'bool'),
    constant(0, 'float64'),
  );
  isConstant(t, simple(out), 0);
});

for (const fastMath of [false, true])
  test(`random graphs keep their values, and so do their gradients${fastMath ? ', under fastMath' : ''}`, (t) => {
    for (let seed = 0; seed < 300; seed++) {
      const g = randomGraph(seed, { floats: seed % 2 ? ['float64'] : ['float64', 'float32'] });
      try {
        simplifyChecked(g, g.arrays, simplifyOptions({ fastMath }));
        const { graph } = gradientsOf(g, seed);
        simplifyChecked(graph, graph.arrays, simplifyOptions({ fastMath }));
      } catch (error) {
        t.fail(`${describe(g)}\n${String(error)}`);
        return;
      }
    }
    t.pass();
  });
