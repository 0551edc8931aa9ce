// Operator notation in templates: the same graphs as calls give.

import test from 'ava';
import { add, div, exp, expr, matmul, mul, neg, pow, softmax, tensor, where } from '../index.ts';
import type { Tensor } from '../index.ts';

const x = tensor([1, 2, 3], { requiresGrad: true });
const y = tensor([0.5, 1, -1]);
const m = tensor([
  [1, 2],
  [3, 4],
]);

/** The graph without where it was written. */
const graphOf = (z: Tensor): string => z.graph().replace(/ *\/\/.*/g, '');

const same: readonly (readonly [string, () => Tensor, () => Tensor])[] = [
  ['arithmetic', () => expr`${x} ** 2 / (1 + exp(-${y}))`, () => div(pow(x, 2), add(1, exp(neg(y))))],
  ['precedence', () => expr`${x} + ${y} * 2`, () => add(x, mul(y, 2))],
  ['numbers on the left', () => expr`2 ** ${x} - 1`, () => pow(2, x).sub(1)],
  ['the remainder of PyTorch', () => expr`${y} % 2`, () => y.remainder(2)],
  [
    'a choice',
    () => expr`${x} > ${y} && ${y} > 0 ? ${x} : 0`,
    () => where(x.gt(y).logicalAnd(y.gt(0)), x, 0),
  ],
  [
    'functions with options',
    () => expr`softmax(${m}, -1) + matmul(${m}, ${m}.T)`,
    () => softmax(m, -1).add(matmul(m, m.T)),
  ],
  ['methods', () => expr`${m}.sum([0], true) * pi`, () => m.sum([0], true).mul(Math.PI)],
  ['plain numbers in the gaps', () => expr`${x} * ${2} * (3 - 1)`, () => x.mul(2).mul(2)],
];
for (const [name, notation, calls] of same)
  test(`notation: ${name}`, (t) => {
    t.is(graphOf(notation()), graphOf(calls()));
    t.deepEqual(notation().toArray(), calls().toArray());
  });

test('the notation is differentiable', (t) => {
  const z = tensor([1, 2], { requiresGrad: true });
  expr`sum(${z} ** 3)`.backward();
  t.deepEqual(z.grad?.toArray(), [3, 12]);
});

test('an expression of numbers is a scalar tensor', (t) => {
  t.is(expr`1 + 2 * 3`.item(), 7);
  t.is(expr`sqrt(16)`.item(), 4);
});

const refused: readonly (readonly [() => unknown, RegExp])[] = [
  [() => expr`${x} +`, /expr: Unexpected token/],
  [() => expr`${x} ${y}`, /expr: unexpected '\$1'/],
  [() => expr`process`, /name 'process' is not defined/],
  [() => expr`system(${x})`, /there is no operator 'system'/],
  [() => expr`${x}.constructor(1)`, /tensors have no method 'constructor'/],
  [() => expr`${x}.core`, /is not part of the notation/],
  [() => expr`${x} = 2`, /AssignmentExpression/],
  [() => expr`(() => 1)()`, /is not part of the notation/],
  [() => expr`[1, 2]`, /the result is no tensor, but array/],
];
test('what is not part of the notation is refused', (t) => {
  for (const [call, message] of refused) t.throws(call, { message });
});

test('an error names the line of the template', (t) => {
  const error = t.throws(() => expr`${x} + ${tensor([1, 2])}`);
  t.regex(error.message, /The size of tensor a \(3\) must match .*\n at test\/expr\.test\.ts:\d+:\d+/);
});
