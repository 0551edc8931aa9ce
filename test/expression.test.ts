// `expr`, operator notation for tensors. In: templates. Out: the same values, names of backward nodes and gradients as the calls give.

import test from 'ava';
import { expr, ones, tensor, where } from '../index.ts';
import type { Tensor } from '../index.ts';

const x = tensor([1, -2, 3]);
const y = tensor([4, 5, 6]);
const n = tensor([5, 6, 7], { dtype: 'int32' });
const b = tensor([true, false, true]);
const m = tensor([
  [1, 2],
  [3, 4],
]);

const rows: readonly (readonly [string, () => Tensor, () => Tensor])[] = [
  ['sums', () => expr`${x} + ${y} - 1`, () => x.add(y).sub(1)],
  ['products before sums', () => expr`${x} + ${y} * 2`, () => x.add(y.mul(2))],
  ['quotients from the left', () => expr`${x} / ${y} / 2`, () => x.div(y).div(2)],
  ['powers from the right', () => expr`${x} ** 2 ** 3`, () => x.pow(8)],
  ['a sign belongs to the whole power', () => expr`-${x} ** 2`, () => x.pow(2).neg()],
  ['a negative exponent', () => expr`${x} ** -1`, () => x.pow(-1)],
  ['two signs', () => expr`- -${x}`, () => x.neg().neg()],
  ['parentheses', () => expr`(${x} + ${y}) * 2`, () => x.add(y).mul(2)],
  ['calls', () => expr`${x} ** 2 / (1 + exp(-${y}))`, () => x.pow(2).div(y.neg().exp().add(1))],
  [
    'calls with more arguments',
    () => expr`softmax(${x}, -1) + maximum(${x}, ${y})`,
    () => x.softmax(-1).add(x.maximum(y)),
  ],
  [
    'calls behind a value',
    () => expr`${m}.sum([0, 1], true) + ${m}.T.sum(0)`,
    () => m.sum([0, 1], true).add(m.T.sum(0)),
  ],
  ['matrix products', () => expr`${m} @ ${m}.T * 2`, () => m.matmul(m.T).mul(2)],
  [
    'floor division and remainder, as PyTorch has them',
    () => expr`${x} // 2 + ${x} % 2`,
    () => x.floorDivide(2).add(x.remainder(2)),
  ],
  ['comparisons before and', () => expr`${x} > 0 && ${y} < 6`, () => x.gt(0).logicalAnd(y.lt(6))],
  ['a number on the left of a comparison', () => expr`0 < ${x}`, () => x.gt(0)],
  [
    'bits',
    () => expr`${n} & 3 | ${n} << 1 ^ ~${n}`,
    () => n.bitwiseAnd(3).bitwiseOr(n.bitwiseLeftShift(1).bitwiseXor(n.bitwiseNot())),
  ],
  ['truth', () => expr`!${b} || ${x} == 1`, () => b.logicalNot().logicalOr(x.eq(1))],
  ['choices', () => expr`${x} > 0 ? ${x} : ${y} * 2`, () => where(x.gt(0), x, y.mul(2))],
  ['constants', () => expr`${x} * pi + e`, () => x.mul(Math.PI).add(Math.E)],
  ['numbers in all spellings', () => expr`${x} * 1.5e-3 + .5`, () => x.mul(1.5e-3).add(0.5)],
  ['plain numbers compute at once', () => expr`${x} * (2 * ${3} + 10 // 3 - 7 % 4)`, () => x.mul(6)],
  ['functions of plain numbers', () => expr`${x} + exp(1)`, () => x.add(tensor(1).exp())],
  ['lists', () => expr`cat([${x}, ${y}], 0)`, () => tensor([1, -2, 3, 4, 5, 6])],
  ['an expression without tensors', () => expr`1 + 2`, () => tensor(3)],
];

for (const [what, written, called] of rows)
  test(`expr: ${what}`, (t) => {
    const [got, want] = [written(), called()];
    t.deepEqual(got.toArray(), want.toArray());
    t.is(got.dtype, want.dtype);
  });

test('the history is that of the calls', (t) => {
  const w = ones([3], { requiresGrad: true });
  const z = expr`(${w} * ${x}) ** 2`;
  t.is(z.gradFn!.name, 'PowBackward0');
  t.is(z.gradFn!.nextFunctions[0][0]!.name, 'MulBackward0');
  z.sum().backward();
  t.deepEqual(w.grad!.toArray(), [2, 8, 18]);
});

test('the kinds of mistakes are named, with the text', (t) => {
  const mistakes: readonly (readonly [() => unknown, RegExp])[] = [
    [() => expr`${x} + `, /^expr: expected a value but found the end\n {2}\$\{1\} \+\n {8}\^\n/],
    [() => expr`(${x} + 1`, /^expr: expected '\)' but found the end/],
    [() => expr`${x} ${y}`, /^expr: expected an operator but found \$\{2\}\n {2}\$\{1\} \$\{2\}\n {7}\^\n/],
    [
      () => expr`
      ${x} +
        * 2`,
      /^expr: expected a value but found \*\n {2}\* 2\n {2}\^\n/,
    ],
    [() => expr`${x} # 2`, /^expr: cannot read '#'\n {2}\$\{1\} # 2\n {7}\^\n/],
    [() => expr`x + 1`, /^expr: 'x' is neither a function nor a constant; write \$\{x\} for a variable/],
    [
      () => expr`1 + nonsense(${x})`,
      /^expr: there is no function 'nonsense'\n {2}1 \+ nonsense\(\$\{1\}\)\n {6}\^\n/,
    ],
    [() => expr`constructor(${x})`, /^expr: there is no function 'constructor'/],
    [() => expr`[${x}]`, /^expr: the expression is a list/],
    [() => expr`${'1' as never} + 1`, /^expr: value 1 must be a Tensor or a number, not string/],
    [
      () => expr`${x} + ${tensor([1, 2])}`,
      /^The size of tensor a \(3\) must match the size of tensor b \(2\)/,
    ],
  ];
  for (const [run, message] of mistakes) t.throws(run, { message });
});

test('errors and nodes carry the line of the template', (t) => {
  t.throws(() => expr`${x} +`, { message: /\n at test\/expression\.test\.ts:\d+:\d+$/ });
  t.regex(expr`exp(${x})`.graph(), /exp test\/expression\.test\.ts:\d+/);
});

test('a template is read once, and its values may differ from call to call', (t) => {
  const double = (v: Tensor | number): Tensor => expr`${v} * 2`;
  t.deepEqual([double(x).toArray(), double(4).toArray()], [[2, -4, 6], 8]);
});
