// Rules about kernels that walk each row several times: a row is a function, and what is dear is computed once.

import type { Tensor } from 'gradloom';
import { layerNorm, valueAndGrad } from 'gradloom';
import { captured, edit, given } from '../lib/rule.ts';
import type { Rule } from '../lib/rule.ts';

const n = 1024;

/** The value and all gradients of a layer norm: three passes over a row. */
function norm(x: Tensor, weight: Tensor, bias: Tensor, g: Tensor): readonly Tensor[] {
  const fn = (x: Tensor, weight: Tensor, bias: Tensor): Tensor =>
    layerNorm(x, [n], { weight, bias }).mul(g).sum();
  const [value, gradients] = valueAndGrad(fn, { argnums: [0, 1, 2] })(x, weight, bias);
  return [value, ...gradients];
}

/** The function of a row, written where it was called. */
function inPlace(source: string): string {
  const row = /^function (\w+Row)\(i\) \{\n {2}const .*;\n([\s\S]*?)^\}\n/m.exec(source);
  if (row === null) throw new Error(`the source has no function of a row:\n${source}`);
  const [whole, name, body] = row;
  const locals = captured(source).map((b) => `${b} = $${b}`);
  const main = name.replace(/Row$/, '');
  const rest = source.replace(whole, '');
  const [before, after] = rest.split(`function ${main}() {\n`);
  return `${before}function ${main}() {\n  const ${locals.join(', ')};\n${after
    .replace(/^ {2}const .* = \$.*;\n/, '')
    .replace(`${name}(i);`, () => body)}`;
}

/** The body of the only outer loop as a function. */
function asFunction(source: string): string {
  const locals = captured(source).map((b) => `${b} = $$${b}`);
  return edit(source, [
    /^(function (?!run)\w+\(\) \{\n.*\n {2}for \(let i = .*\n)(\s*let [\s\S]*?)^ {2}\}$/m,
    `function row(i) {\n  const ${locals.join(', ')};\n$2}\n$1    row(i);\n  }`,
  ]);
}

/** Exponentials computed again instead of being kept. */
const expTwice = (source: string): string =>
  edit(source, [/ *expRow\[j\] = exp;\n/, ''], [/expRow\[j\] \*/, 'exp32(in0[base + j] - amax) *']);

export const rows: readonly Rule[] = [
  {
    name: 'rule-apart-row',
    says: '11, limits.apartRow: a row of several loops is a function',
    fn: norm,
    args: () => [given([n, n], 1, 2), given([n], 2), given([n], 3), given([n, n], 4)],
    broken: inPlace,
    // in some processes half or all of the copies of the broken text stay slow, in most of them none
    copies: 4,
    tolerance: 1e-5,
  },
  {
    name: 'rule-short-in-one',
    says: 'limits.apartFrom: but not in a short kernel',
    fn: (x) => x.softmax(-1),
    args: () => [given([16, 100], 1, 4)],
    broken: asFunction,
  },
  {
    name: 'rule-exp-once',
    says: 'scalars, limits.keepFrom: an exponential is never computed twice',
    fn: (x) => x.softmax(-1),
    args: () => [given([512, 512], 1, 4)],
    broken: expTwice,
  },
  {
    name: 'rule-staged-row',
    says: 'limits.stagedRow: also in rows of 32,768',
    fn: (x) => x.softmax(-1),
    args: () => [given([8, 32768], 1, 4)],
    broken: expTwice,
  },
  {
    name: 'rule-inverse',
    says: 'invert: one division and products, not divisions',
    fn: (x) => x.softmax(-1),
    args: () => [given([512, 512], 1, 4)],
    broken: (source) => edit(source, [/expRow\[j\] \* inverse/, 'expRow[j] / sum']),
  },
];
