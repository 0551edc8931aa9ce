// PyTorch's answers as tests. In: for operator names of op-cases.json a function that builds the same call. Out: one test per case
// that compares values, the backward's name, gradients, and gradients of gradients.

import test from 'ava';
import { readFileSync } from 'node:fs';
import { differentiate } from '../../compiler/differentiate.ts';
import { makeGraph, verifyGraph } from '../../compiler/graph.ts';
import type { Node } from '../../compiler/node.ts';
import { numel } from '../../compiler/shape.ts';
import type { DType } from '../../compiler/dtype.ts';
import { add, mul } from '../../ops/binary.ts';
import { sum } from '../../ops/reduce-sum.ts';
import { input } from '../../ops/source.ts';
import { interpret } from '../../runtime/interpret.ts';
import { difference } from './evaluate.ts';

interface Values {
  readonly shape: readonly number[];
  readonly dtype?: string;
  readonly data: readonly number[];
}

export interface OpCase {
  readonly op: string;
  readonly attrs?: Readonly<Record<string, unknown>>;
  readonly inputs: readonly Values[];
  readonly consts?: Readonly<Record<string, Values>>;
  readonly outputs: readonly Values[];
  readonly grad_fn: readonly (string | null)[];
  readonly cotangents: readonly (readonly number[] | null)[];
  readonly grads: readonly (readonly number[] | null)[];
  readonly v?: readonly (readonly number[] | null)[];
  readonly grads2?: readonly (readonly number[] | null)[];
}

/** The call of a case: its differentiable inputs, attributes under PyTorch's names, and other operands by name. */
export type Call = (
  inputs: readonly Node[],
  attrs: never,
  consts: Readonly<Record<string, Node>>,
) => Node | readonly Node[];

const fixtures = new URL('../fixtures/', import.meta.url);
export const opCases = (
  JSON.parse(readFileSync(new URL('op-cases.json', fixtures), 'utf8')) as { cases: readonly OpCase[] }
).cases;

/** PyTorch's name of the backward of a node. */
export function gradNameOf(n: Node): string {
  const { name, gradName } = n.op;
  return gradName?.(n) ?? `${name[0].toUpperCase()}${name.slice(1)}Backward0`;
}

/** `crossEntropy` for `cross_entropy`. */
const dtypeOf = (dtype = 'float64'): DType => (dtype === 'int64' ? 'int32' : (dtype as DType));

/** Runs the cases of the named operators; `names` are those where ours differ from 1.13's on purpose. */
export function testOpCases(
  calls: Readonly<Record<string, Call>>,
  { tolerance = 1e-9, names = {} }: { tolerance?: number; names?: Readonly<Record<string, string>> } = {},
): void {
  for (const [op, call] of Object.entries(calls)) {
    const cases = opCases.filter((c) => c.op === op);
    if (cases.length === 0) throw new Error(`no case of ${op}`);
    cases.forEach((c, i) => {
      test(`${op} ${i} ${JSON.stringify(c.attrs ?? {})} does what PyTorch does`, (t) => {
        const faults = runCase(c, call, tolerance, names);
        t.deepEqual(faults, []);
      });
    });
  }
}

export function runCase(
  c: OpCase,
  call: Call,
  tolerance: number,
  names: Readonly<Record<string, string>> = {},
): string[] {
  const faults: string[] = [];
  const inputs = c.inputs.map(({ shape }) => input({ shape, dtype: 'float64' }));
  const arrays: (readonly number[])[] = c.inputs.map(({ data }) => data);
  const consts: Record<string, Node> = {};
  const free = [...inputs];
  const bind = (shape: readonly number[], dtype: DType, data: readonly number[]): Node => {
    const n = input({ shape, dtype });
    free.push(n);
    arrays.push(data);
    return n;
  };
  for (const [name, { shape, dtype, data }] of Object.entries(c.consts ?? {}))
    consts[name] = bind(shape, dtypeOf(dtype), data.map(Number));
  const result = call(inputs, (c.attrs ?? {}) as never, consts);
  const outputs = (Array.isArray(result) ? result : [result]) as readonly Node[];
  outputs.forEach((o, i) => {
    const expected = c.grad_fn[i];
    const actual = o.op.nondifferentiable ? null : gradNameOf(o);
    if (actual !== expected && names[expected ?? ''] !== actual)
      faults.push(`gradFn ${i}: ${actual} instead of ${expected}`);
    if (o.type.shape.join() !== c.outputs[i].shape.join())
      faults.push(`shape ${i}: ${o.type.shape} instead of ${c.outputs[i].shape}`);
  });
  const cotangents = outputs.map((o, i) => {
    const data = c.cotangents[i];
    return data ? bind(o.type.shape, 'float64', data) : null;
  });
  const grads = differentiate(outputs, cotangents, inputs, add);
  const check = (
    what: string,
    nodes: readonly (Node | null)[],
    expected: readonly (readonly number[] | null)[],
  ): void => {
    const present = nodes.filter((n) => n !== null);
    const graph = makeGraph(free, present);
    verifyGraph(graph);
    const values = interpret(graph, arrays);
    nodes.forEach((n, i) => {
      const wanted = expected[i];
      // a gradient that PyTorch counts as zeros may be none here
      const actual = n ? values[present.indexOf(n)] : wanted?.every((v) => v === 0) ? wanted : null;
      if (wanted === null || wanted === undefined || actual === null) {
        if ((wanted ?? null) !== actual) faults.push(`${what} ${i}: ${actual} instead of ${wanted}`);
        return;
      }
      const fault = difference(actual, wanted.map(Number), tolerance);
      if (fault) faults.push(`${what} ${i} ${fault}`);
    });
  };
  check(
    'output',
    outputs,
    c.outputs.map((o) => o.data),
  );
  check('gradient', grads, c.grads);
  const { v, grads2 } = c;
  if (v && grads2) {
    const terms = grads.flatMap((g, i) => {
      const vi = v[i];
      return g && vi ? [sum(mul(g, bind(g.type.shape, 'float64', vi)))] : [];
    });
    const total = terms.reduce((a, b) => add(a, b));
    const one = bind([], 'float64', [1]);
    check('second order', differentiate([total], [one], inputs, add), grads2);
  }
  if (arrays.some((a, i) => a.length !== numel(free[i].type.shape)))
    faults.push('an input has the wrong length');
  return faults;
}
