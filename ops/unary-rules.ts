// Rewrites that keep numbers finite and precise: logarithms of sums, exponentials minus 1, the logistic curve. In: patterns as
// users write them. Out: the function that was meant. All of them change values for the better, which is what `stabilising`
// says. An exponential whose argument is bounded above is left alone: it cannot overflow, and others share it.

import type { Node } from '../compiler/node.ts';
import { match, rule } from '../compiler/rewrite.ts';
import type { OpPattern, Pattern, Rule } from '../compiler/rewrite.ts';
import { add, maximum } from './binary.ts';
import { ge } from './compare.ts';
import { where } from './select.ts';
import { fullLike } from './source.ts';
import { erfc } from './special.ts';
import { abs, exp, expm1, log1p, neg, sigmoid } from './unary.ts';
import { spread } from './view.ts';

/** log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|)): no overflow, and precise on both sides. */
const softplus = (x: Node): Node => add(maximum(x, 0), log1p(exp(neg(abs(x)))));

/** -|z|, or z cut off at a threshold: arguments that our own softplus and logaddexp give to exp. */
const isBounded = (x: Node): boolean =>
  match(['neg', ['abs', 'z']], x) !== null || match(['where', ['gt', 'z', 't'], 'k', 'z'], x) !== null;

const stabilise = (name: string, pattern: OpPattern, build: (x: Node) => Node | null): Rule =>
  rule(name, 'stabilising', pattern, ({ x }, n) => {
    const better = build(x);
    return better && spread(better, n.type.shape);
  });

const unlessBounded =
  (build: (x: Node) => Node) =>
  (x: Node): Node | null =>
    isBounded(x) ? null : build(x);

const exponential: Pattern = ['exp', 'x'];
const onePlusExp: Pattern = ['add', 1, exponential];
const onePlusExpMinus: Pattern = ['add', 1, ['exp', ['neg', 'x']]];
const logistic: Pattern = ['sigmoid', 'x'];

export const rules: readonly Rule[] = [
  stabilise('log(1 + exp(x)) = softplus(x)', ['log', onePlusExp], unlessBounded(softplus)),
  stabilise('log1p(exp(x)) = softplus(x)', ['log1p', exponential], unlessBounded(softplus)),
  stabilise('log(sigmoid(x)) = -softplus(-x)', ['log', logistic], (x) => neg(softplus(neg(x)))),
  stabilise('log(1 - sigmoid(x)) = -softplus(x)', ['log', ['sub', 1, logistic]], (x) => neg(softplus(x))),
  stabilise('log1p(-sigmoid(x)) = -softplus(x)', ['log1p', ['neg', logistic]], (x) => neg(softplus(x))),
  stabilise('log(exp(x)) = x', ['log', exponential], (x) => x),
  stabilise('log(1 + x) = log1p(x)', ['log', ['add', 1, 'x']], log1p),
  stabilise('log(1 - x) = log1p(-x)', ['log', ['sub', 1, 'x']], (x) => log1p(neg(x))),

  stabilise('exp(x) - 1 = expm1(x)', ['sub', exponential, 1], expm1),
  stabilise('exp(x) + -1 = expm1(x)', ['add', exponential, -1], expm1),
  stabilise('exp(log(x)) = x where x >= 0', ['exp', ['log', 'x']], (x) =>
    where(ge(x, 0), x, fullLike(x, NaN)),
  ),

  stabilise('1 / (1 + exp(-x)) = sigmoid(x)', ['div', 1, onePlusExpMinus], sigmoid),
  stabilise('1 / (1 + exp(-x)) = sigmoid(x), as a reciprocal', ['reciprocal', onePlusExpMinus], sigmoid),
  stabilise(
    '1 / (1 + exp(x)) = sigmoid(-x)',
    ['div', 1, onePlusExp],
    unlessBounded((x) => sigmoid(neg(x))),
  ),
  stabilise(
    '1 / (1 + exp(x)) = sigmoid(-x), as a reciprocal',
    ['reciprocal', onePlusExp],
    unlessBounded((x) => sigmoid(neg(x))),
  ),
  stabilise('exp(x) / (1 + exp(x)) = sigmoid(x)', ['div', exponential, onePlusExp], unlessBounded(sigmoid)),

  stabilise('sqrt(x * x) = |x|', ['sqrt', ['mul', 'x', 'x']], abs),
  stabilise('1 - erf(x) = erfc(x)', ['sub', 1, ['erf', 'x']], erfc),
];
