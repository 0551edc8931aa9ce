// The rewrite rules of pointwise operators. In: the rules themselves; their patterns are turned into graphs. What is compared:
// the value before and after, bit for bit for `exact` ones at every odd number, closely for the others at ordinary ones.

import test from 'ava';
import type { DType } from '../compiler/dtype.ts';
import { makeGraph } from '../compiler/graph.ts';
import type { Node } from '../compiler/node.ts';
import { match } from '../compiler/rewrite.ts';
import type { Pattern, Rule } from '../compiler/rewrite.ts';
import { simplify } from '../compiler/simplify.ts';
import * as binary from '../ops/binary.ts';
import { rules as binaryRules } from '../ops/binary-rules.ts';
import { cast } from '../ops/cast.ts';
import * as compare from '../ops/compare.ts';
import { sum } from '../ops/reduce.ts';
import * as select from '../ops/select.ts';
import { rules as selectRules } from '../ops/select-rules.ts';
import { constant, input } from '../ops/source.ts';
import { erf } from '../ops/special.ts';
import * as unary from '../ops/unary.ts';
import { rules as unaryRules } from '../ops/unary-rules.ts';
import { expand } from '../ops/view.ts';
import { near, valueOf } from './helpers/evaluate.ts';

const functions: Readonly<Record<string, (...x: Node[]) => Node>> = {
  ...(unary as unknown as Record<string, (...x: Node[]) => Node>),
  ...(binary as unknown as Record<string, (...x: Node[]) => Node>),
  ...(compare as unknown as Record<string, (...x: Node[]) => Node>),
  where: select.where,
  maskedFill: (x, m) => select.maskedFill(x, m, 2.5),
  erf,
};

const odd = [0, -0, 1, -1, 0.1, -2.5, 3, 1e-40, -1e-40, 1e30, -1e30, NaN, Infinity, -Infinity];
const ordinary = [0.3, -0.7, 1.5, -2.5, 0.01, 4, -0.2, 2.2];
const positive = [0.3, 0.7, 1.5, 2.5, 0.01, 4];

interface Instance {
  readonly before: Node;
  readonly bindings: readonly (readonly [Node, readonly number[]])[];
}

/** A graph that a pattern matches: captures are inputs that run through all pairs of values, `c` and `d` numbers if so asked. */
function instance(
  pattern: Pattern,
  dtype: DType,
  values: readonly number[],
  numbers: boolean,
  apply = functions,
): Instance {
  const captures = new Map<string, Node>();
  const bindings: [Node, number[]][] = [];
  const size = values.length ** 2;
  const capture = (name: string): Node => {
    const known = captures.get(name);
    if (known) return known;
    const isCondition = !numbers && ['c', 'm'].includes(name);
    if (numbers && ['c', 'd'].includes(name)) captures.set(name, constant(name === 'c' ? -4 : 3, dtype));
    else {
      const n = input({ shape: [size], dtype: isCondition ? 'bool' : dtype }, name);
      const slow = captures.size % 2 === 0;
      const at = (i: number): number => (slow ? Math.floor(i / values.length) : i % values.length);
      bindings.push([n, Array.from({ length: size }, (_, i) => (isCondition ? i % 2 : values[at(i)]))]);
      captures.set(name, n);
    }
    return captures.get(name)!;
  };
  const logical = (name: string): boolean => name.startsWith('logical');
  const build = (p: Pattern, parent: string): Node => {
    if (typeof p === 'string') return capture(p);
    if (typeof p === 'number') return constant(p, logical(parent) ? 'bool' : dtype);
    return apply[p[0]](...p.slice(1).map((x) => build(x, p[0])));
  };
  return { before: build(pattern, ''), bindings };
}

const replaced = (r: Rule, before: Node): Node | null => {
  const captures = match(r.pattern, before);
  return captures && r.build(captures, before);
};

const sameBits = (a: readonly number[], b: readonly number[]): boolean =>
  a.every((x, i) => Object.is(x, b[i]));

const powers = (exponent: number): typeof functions => ({
  ...functions,
  powScalar: (x) => binary.pow(x, exponent),
});

for (const [file, rules] of Object.entries({ binaryRules, selectRules, unaryRules }))
  for (const r of rules) {
    if (r.pattern[0] === 'to') continue; // below
    const apply =
      r.pattern[0] === 'powScalar'
        ? (r.kind === 'fast' ? [4, 7, 16] : [0, 1, 2, 0.5, -0.5, -1]).map(powers)
        : [functions];
    // a where that is bounded, and a node that is never -0, are made below
    const values = r.kind === 'exact' ? odd : /log/.test(r.name) ? positive : ordinary;
    for (const dtype of ['float64', 'float32'] as const)
      test(`${file}: ${r.name} (${r.kind}) in ${dtype}`, (t) => {
        for (const functionsOf of apply) {
          const { before, bindings } = instance(
            r.pattern,
            dtype,
            values,
            file === 'binaryRules',
            functionsOf,
          );
          const after = replaced(r, before);
          if (!after) return void t.is(r.name, 'x + 0 = x if x is never -0');
          t.deepEqual(after.type, before.type);
          const [old, now] = [before, after].map((n) => valueOf(n, bindings));
          if (r.kind === 'exact') t.true(sameBits(old, now), `${old} became ${now}`);
          else
            old.forEach((x, i) =>
              t.true(near(x, now[i], dtype === 'float64' ? 1e-9 : 1e-5), `${x} became ${now[i]}`),
            );
        }
      });
  }

const options = {
  rules: [...binaryRules, ...unaryRules, ...selectRules],
  makeConstant: (value: number, { shape, dtype }: Node['type']): Node => constant(value, dtype, shape),
  makeExpand: expand,
};
const simple = (n: Node, inputs: readonly Node[]): Node =>
  simplify(makeGraph(inputs, [n]), options).outputs[0];
const vector = (dtype: DType = 'float64'): Node => input({ shape: [3], dtype });

const names: readonly [string, (x: Node) => Node, string][] = [
  ['0 added to a sum', (x) => binary.add(sum(x), 0), 'sum'],
  ['0 added to x', (x) => binary.add(x, 0), 'add'],
  ['x * 1 of a wider 1', (x) => binary.mul(sum(x), constant(1, 'float64', [3])), 'expand'],
  ['x / 3', (x) => binary.div(x, 3), 'div'],
  ['2 * x negated', (x) => unary.neg(binary.mul(2, x)), 'mul'],
  ['log of 1 + exp(x)', (x) => unary.log(binary.add(unary.exp(x), 1)), 'add'],
  ['log1p of a bounded exp', (x) => unary.log1p(unary.exp(unary.neg(unary.abs(x)))), 'log1p'],
  ['1 - sigmoid(x)', (x) => binary.sub(1, unary.sigmoid(x)), 'sub'],
  ['0 * x', (x) => binary.mul(x, 0), 'mul'],
  ['x - x', (x) => binary.sub(x, x), 'sub'],
];
for (const [name, f, expected] of names)
  test(`${name} becomes ${expected}`, (t) => {
    const x = vector();
    t.is(simple(f(x), [x]).op.name, expected);
  });

test('stable forms keep the value where the naive one overflows', (t) => {
  const x = vector();
  const at = [[x, [1000, -1000, 0.5]]] as const;
  t.deepEqual(valueOf(simple(unary.log(binary.add(1, unary.exp(x))), [x]), at), [
    1000,
    0,
    Math.log1p(Math.exp(-0.5)) + 0.5,
  ]);
  t.deepEqual(valueOf(simple(unary.log(unary.sigmoid(x)), [x]), at).slice(0, 2), [-0, -1000]);
  t.deepEqual(valueOf(simple(unary.log(unary.exp(x)), [x]), at), [1000, -1000, 0.5]);
  t.deepEqual(
    valueOf(simple(unary.sqrt(binary.mul(x, x)), [x]), [[x, [1e200, -1e200, 3]]]),
    [1e200, 1e200, 3],
  );
});

const chains: readonly [DType, DType, DType, boolean][] = [
  ['float32', 'float64', 'float32', true],
  ['float64', 'float32', 'float64', false],
  ['bool', 'uint8', 'float32', true],
  ['int32', 'float32', 'int32', false],
  ['int32', 'float64', 'uint8', true],
  ['int32', 'uint8', 'float64', false],
];
for (const [from, by, to, goes] of chains)
  test(`the cast of ${from} by way of ${by} to ${to} is ${goes ? 'shortened' : 'kept'}`, (t) => {
    const x = vector(from);
    const y = cast(cast(x, by), to);
    const values = from === 'bool' ? [1, 0, 1] : [16777217, -3, 300];
    const after = simple(y, [x]);
    t.is(makeGraph([x], [after]).nodes.length < 3, goes);
    t.deepEqual(valueOf(after, [[x, values]]), valueOf(y, [[x, values]]));
  });
