// Rules about scalar functions of float32: the emitter's own forms against those of Math, which are exact to the last bit of a double.

import type { Tensor } from 'gradloom';
import { edit, given } from '../lib/rule.ts';
import type { Rule } from '../lib/rule.ts';

const n = 10_000;
const table = 'scalar functions';

/** `fn` of numbers between -4 and 4, with calls of a helper as calls of Math. */
const own = (name: string, fn: (x: Tensor) => Tensor): Rule => ({
  name: `rule-float32-${name}`,
  says: `${table}: ${name} in the kernel, not Math.${name}`,
  fn,
  args: () => [given([n], 1, 4)],
  broken: (source) => edit(source, [new RegExp(`= ${name}32\\(`), `= Math.${name}(`]),
});

export const scalars: readonly Rule[] = [
  own('exp', (x) => x.exp()),
  own('tanh', (x) => x.tanh()),
  own('sin', (x) => x.sin()),
  own('cos', (x) => x.cos()),
  own('log', (x) => x.abs().add(0.1).log()),
  own('expm1', (x) => x.expm1()),
  own('log1p', (x) => x.abs().log1p()),
  {
    name: 'rule-float32-sigmoid',
    says: `${table}: sigmoid with the exp of float32`,
    fn: (x) => x.sigmoid(),
    args: () => [given([n], 1, 4)],
    broken: (source) => edit(source, [/\/ \(1 \+ exp32\(/, '/ (1 + Math.exp(']),
  },
  {
    name: 'rule-log-same-width',
    says: `${table}: bits of a float32, not halves of a double`,
    fn: (x) => x.abs().add(0.1).log(),
    args: () => [given([n], 1, 4)],
    // bit 20 of the upper half is the lowest of the exponent; 614,242 moves sqrt(1/2) to a power of two
    broken: (source) =>
      edit(
        source,
        [
          /new Float32Array\(new ArrayBuffer\(128\), 0, 32\)/,
          'new Float64Array(new ArrayBuffer(128), 0, 16)',
        ],
        [/\(bits\[0\] \+ 4913933\) >> 23/, '((bits[1] + 614242) >> 20) - 896'],
      ),
  },
  {
    name: 'rule-no-rare-call',
    says: 'helpers: no branch with a call for the rare cases',
    fn: (x) => x.exp(),
    args: () => [given([n], 1, 4)],
    broken: (source) =>
      edit(source, [
        /const a = x < -103\.98 \?.*/,
        'if (!(x > -87 && x < 88)) return Math.exp(x);\n  const a = x;',
      ]),
  },
  {
    name: 'rule-log-no-rare-call',
    says: 'helpers, not followed: nor in log',
    fn: (x) => x.abs().add(0.1).log(),
    args: () => [given([n], 1, 4)],
    broken: (source) => edit(source, [/ *if .* return Math\.log\(a\);\n/, '']),
  },
  {
    name: 'rule-sin-no-rare-call',
    says: 'helpers, not followed: nor in sin',
    fn: (x) => x.sin(),
    args: () => [given([n], 1, 4)],
    broken: (source) => edit(source, [/ *if .* return Math\.sin\(a\);\n/, '']),
  },
  {
    name: 'rule-powers',
    says: `${table}: small powers as products, not **`,
    fn: (x) => x.pow(3),
    args: () => [given([n], 1, 4)],
    broken: (source) => edit(source, [/(?<== )(\w+) \* \1 \* \1;/, '$1 ** 3;']),
  },
];
