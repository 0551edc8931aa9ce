// Bad arguments, by table: every operator, with something else in the place of each of its arguments and options. In: a call that docs/samples.ts
// knows to be good. Out: a value, or an error of ours with the user's line; never an error of JavaScript's, nor one that calls itself internal.

import test from 'ava';
import * as g from '../index.ts';
import { own, usual } from '../docs/samples.ts';
import type { Sample } from '../docs/samples.ts';
import { functions } from '../runtime/functions.ts';
import { optionTable } from '../runtime/optionTable.ts';
import { isPlainObject } from '../runtime/describe.ts';

type Call = (...args: readonly unknown[]) => unknown;
const operators = functions as unknown as Readonly<Record<string, Call>>;
const options: Readonly<Record<string, readonly string[]>> = optionTable;

const others: readonly unknown[] = [
  ...[undefined, null, true, NaN, Infinity, -1, -7, 1.5, 3n, 'abc', '1'],
  ...[{}, { a: 1 }, [], [[]], ['abc'], () => 1, Symbol('s'), new Date(0)],
  ...[g.zeros([0]), g.tensor([true]), g.tensor([1], { dtype: 'int32' })],
];

/** Computes all that a call gives. */
function run(value: unknown): void {
  if (g.isTensor(value)) value.toTypedArray();
  else if (typeof value === 'object' && value !== null) Object.values(value).forEach(run);
}

g.manualSeed(0);
/** Square matrices are positive definite. */
const floats = (...shape: number[]): g.Tensor =>
  g.rand([...shape]).add(shape.length === 2 && shape[0] === shape[1] ? g.eye(shape[0]) : 0.5);
const integers = (...shape: number[]): g.Tensor => g.ones([...shape], { dtype: 'int32' });

/** The arguments of a good call. */
function sampleOf(name: string): readonly unknown[] | null {
  const samples: readonly Sample[] = Object.hasOwn(own, name) ? [own[name]] : usual;
  for (const draw of [floats, integers])
    for (const sample of samples) {
      const args = sample(draw);
      if (faultOf(name, args) === null) return args;
    }
  return null;
}

/** What a call throws; null if it has a value. */
function faultOf(name: string, args: readonly unknown[]): Error | null {
  try {
    run(operators[name](...args));
    return null;
  } catch (error) {
    return error as Error;
  }
}

const isOurs = (error: Error): boolean =>
  error instanceof g.GradloomError &&
  !error.message.startsWith('internal') &&
  /badArguments\.test\.ts:\d+/.test(error.message);

const show = (value: unknown): string =>
  g.isTensor(value)
    ? `${value.dtype}[${value.shape.join(', ')}]`
    : Array.isArray(value)
      ? `[${value.map(show).join(', ')}]`
      : String(value);

/** Faults that are not for a user, of calls that are good but for one argument or option. */
function badFaults(name: string, good: readonly unknown[]): string[] {
  const calls: (readonly unknown[])[] = good.flatMap((_, i) => others.map((other) => good.with(i, other)));
  const last = good.at(-1);
  const [args, given] = isPlainObject(last) ? [good.slice(0, -1), last] : [good, {}];
  for (const option of options[name] ?? [])
    for (const other of others) calls.push([...args, { ...given, [option]: other }]);
  return calls.flatMap((call) => {
    const fault = faultOf(name, call);
    return fault === null || isOurs(fault) ? [] : [`${name}(${call.map(show).join(', ')}): ${String(fault)}`];
  });
}

test('all operators have a good call', (t) => {
  t.deepEqual(
    Object.keys(operators).filter((name) => sampleOf(name) === null),
    [],
  );
});

const initials = [...new Set(Object.keys(operators).map((name) => name[0]))];
for (const initial of initials)
  test(`operators that begin with ${initial} refuse bad arguments in their own words`, (t) => {
    const names = Object.keys(operators).filter((name) => name[0] === initial);
    t.deepEqual(
      names.flatMap((name) => badFaults(name, sampleOf(name) ?? [])),
      [],
    );
  });
