// Rules about choices between two numbers: reads from a pair against jumps. Whether a jump is foreseen is all that matters, so each is measured with
// data of random signs and once with data that always choose alike. There are many elements: a processor learns ten thousand signs by heart.

import type { Tensor } from 'gradloom';
import { maximum } from 'gradloom';
import { edit, given } from '../lib/rule.ts';
import type { Rule } from '../lib/rule.ts';

const n = 300_000;
const table = 'choices';
/** In one process a loop of either kind takes its time, in the next twice that. */
const copies = 4;
const random = (): Tensor => given([n]);
const positive = (): Tensor => given([n]).abs().add(0.1).detach();

/** `y = pair[+(test)]` as a conditional expression over what was stored before; the second if a number lies there from the beginning. */
const jump = (source: string, a: string, b: string): string =>
  edit(source, [/\w+\[(?:\+|)(\(.*\))\];$/m, `$1 ? ${a} : ${b};`], [/^ {4}pair\[[01]\] = .*\n/gm, '']);

export const choices: readonly Rule[] = [
  {
    name: 'rule-no-jump-relu',
    says: `${table}: relu without a jump, random signs`,
    fn: (x) => x.relu(),
    args: () => [random()],
    copies,
    broken: (source) => jump(source, '0', 'x'),
  },
  {
    name: 'rule-no-jump-relu-positive',
    says: `${table}: relu without a jump, all positive`,
    fn: (x) => x.relu(),
    args: () => [positive()],
    copies,
    broken: (source) => jump(source, '0', 'x'),
  },
  {
    name: 'rule-no-jump-maximum',
    says: `${table}: the greater of two without a jump`,
    fn: (x, y) => maximum(x, y),
    args: () => [random(), given([n], 2)],
    copies,
    broken: (source) => jump(source, 'x3', 'x4'),
  },
  {
    name: 'rule-no-jump-test',
    says: `${table}: a comparison as a number without a jump`,
    fn: (x) => x.lt(0).to('float32'),
    args: () => [random()],
    broken: (source) => edit(source, [/= \+(\(.*\));$/m, '= $1 ? 1 : 0;']),
  },
];
