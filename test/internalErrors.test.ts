// Whose fault an error is. In: operators that are broken on purpose, in each of their parts, and sound ones with arguments of the wrong kind. Out:
// an InternalError with the cause for the former, a ValueError for the latter; a type error of the user's own functions passes.

import test from 'ava';
import { InternalError, ones } from '../index.ts';
import type { Tensor } from '../index.ts';
import { KernelPrinter } from '../compiler/emit/js.ts';
import { arg } from '../compiler/scalar.ts';
import { node } from '../compiler/node.ts';
import type { Node } from '../compiler/node.ts';
import { defineOp } from '../compiler/op.ts';
import type { Op } from '../compiler/op.ts';
import { lift } from '../runtime/lift.ts';

const fault = (): never => (undefined as never as { shape: { length: never } }).shape.length;

const sound: Op<undefined> = defineOp<undefined>({
  name: 'sound',
  type: ([x]) => x,
  meaning: () => ({ tag: 'map', expr: arg(0) }),
  vjp: (g) => [g],
});

const made = (parts: Partial<Op<undefined>>): ((...args: unknown[]) => Tensor) => {
  const op = defineOp<undefined>({ ...sound, ...parts });
  return lift('broken', ((x: Node) => node(op, [x], undefined)) as never, { method: true }) as never;
};

const broken: Readonly<Record<string, () => unknown>> = {
  'type rule': () => made({ type: fault })(ones([2])),
  derivative: () =>
    made({ vjp: fault })(ones([2], { requiresGrad: true }))
      .sum()
      .backward(),
  'name of its backward': () => made({ gradName: fault })(ones([2], { requiresGrad: true })),
  meaning: () => made({ meaning: fault })(ones([2])).toArray(),
};
for (const [part, call] of Object.entries(broken))
  test(`a bug in the ${part} of an operator is an internal error, with its cause and the user's line`, (t) => {
    const error = t.throws(call, { instanceOf: InternalError, message: /^internal: Cannot read/ });
    t.true(error.cause instanceof TypeError);
    t.regex(error.message, /\n at test\/internalErrors\.test\.ts:\d+:\d+, in .+$/);
  });

test('a text that an operator took for a number does not become code', (t) => {
  t.throws(() => new KernelPrinter().number('alert()' as never), {
    instanceOf: InternalError,
    message: /a string in the place of a number/,
  });
});

test('an argument of a kind that an operator does not take is no bug of ours', (t) => {
  for (const call of [() => ones([2]).add([1, 2] as never), () => ones([2, 2]).matmul(3 as never)])
    t.throws(call, { name: 'ValueError', message: /received an invalid combination of arguments/ });
});
