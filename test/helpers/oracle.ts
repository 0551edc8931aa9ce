// Operators against real PyTorch. In: a case of test/fixtures/op-cases.json or gradient-conventions.json (see the `meta` there), and a
// function that builds the operator. Out: what is wrong, as lines; none if values, gradients, gradients of gradients and the names
// of backward nodes agree.

import { readFileSync } from 'node:fs';
import { differentiate } from '../../compiler/differentiate.ts';
import type { DType } from '../../compiler/dtype.ts';
import { makeGraph, printGraph, verifyGraph } from '../../compiler/graph.ts';
import type { Node } from '../../compiler/node.ts';
import type { Shape } from '../../compiler/shape.ts';
import { sameShape } from '../../compiler/shape.ts';
import { add, mul } from '../../ops/binary.ts';
import { sum } from '../../ops/reduce.ts';
import { constant, input } from '../../ops/source.ts';
import { prepare } from '../../runtime/executable.ts';
import { interpret } from '../../runtime/interpret.ts';

type Written = number | string | boolean;

export interface Value {
  readonly shape: Shape;
  readonly dtype?: string;
  readonly data: readonly Written[];
}

// attributes are what the fixtures' author wrote: each builder knows its own
type Attrs = Readonly<Record<string, never>>;

export interface Case {
  readonly op: string;
  readonly attrs?: Attrs;
  readonly inputs: readonly Value[];
  readonly consts?: Readonly<Record<string, Value>>;
  readonly outputs: readonly Value[];
  readonly grad_fn: readonly (string | null)[];
  readonly cotangents: readonly (readonly Written[] | null)[];
  readonly grads: readonly (readonly Written[] | null)[];
  readonly v?: readonly (readonly Written[] | null)[];
  readonly grads2?: readonly (readonly Written[] | null)[];
}

export type Nested = Written | null | readonly Nested[];

export interface Convention {
  readonly op: string;
  readonly x: Nested;
  readonly y: Nested;
  readonly grad: Nested;
}

/** One node, or several for operators with several results. */
export type Build = (
  inputs: readonly Node[],
  attrs: Attrs,
  consts: Readonly<Record<string, Node>>,
) => Node | readonly Node[];

const load = <T>(name: string): readonly T[] =>
  (JSON.parse(readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8')) as { cases: T[] }).cases;

export const opCases = (): readonly Case[] => load<Case>('op-cases.json');
export const conventions = (): readonly Convention[] => load<Convention>('gradient-conventions.json');

/** The cases of the operators in a table, with the title of their test. */
export const casesOf = (
  table: Readonly<Record<string, Build>>,
): readonly (readonly [title: string, c: Case, build: Build])[] =>
  opCases().flatMap((c) => {
    if (!Object.hasOwn(table, c.op)) return [];
    const shapes = c.inputs.map((i) => `[${i.shape.join(', ')}]`).join(' ');
    const attrs = c.attrs ? `${JSON.stringify(c.attrs)} ` : '';
    return [[`${c.op} ${attrs}of ${shapes} agrees with PyTorch`, c, table[c.op]]];
  });

const special: Readonly<Record<string, number>> = { nan: NaN, inf: Infinity, '-inf': -Infinity, '-0': -0 };
export const number = (x: Written): number => (typeof x === 'string' ? special[x] : Number(x));

export const flatten = (x: Nested): number[] => {
  if (x === null) throw new Error('null is no value');
  return typeof x === 'object' ? x.flatMap(flatten) : [number(x)];
};

/** The values of nodes over inputs, interpreted from a verified graph; the compiled program must agree. */
export function evaluate(
  inputs: readonly Node[],
  outputs: readonly Node[],
  arrays: readonly (readonly number[])[],
): number[][] {
  const graph = makeGraph(inputs, outputs);
  verifyGraph(graph);
  const values = interpret(graph, arrays).map((a) => Array.from(a));
  const program = prepare(graph, {
    name: 'oracle',
    homes: inputs.map(() => null),
    writeBack: outputs.map(() => null),
  });
  arrays.forEach((a, i) => program.inputs[i].set(a));
  program.run();
  values.forEach((want, o) => {
    const got = Array.from(program.outputs[o]);
    const rtol = outputs[o].type.dtype === 'float32' ? 1e-5 : 1e-11;
    if (got.length !== want.length || !got.every((x, i) => near(x, want[i], rtol, rtol)))
      throw new Error(`compiled: ${got}, interpreted: ${want}\n${printGraph(graph)}`);
  });
  return values;
}

export const gradNameOf = (n: Node): string =>
  n.op.gradName?.(n) ?? `${n.op.name.replace(/^./, (c) => c.toUpperCase())}Backward0`;

/** PyTorch's integers are int64, ours int32. */
const dtypeOf = (torch: string): 'bool' | 'int32' | 'float64' =>
  torch === 'bool' ? 'bool' : torch === 'int64' ? 'int32' : 'float64';

export const near = (x: number, y: number, rtol: number, atol: number): boolean =>
  Object.is(x, y) || x === y || Math.abs(x - y) <= atol + rtol * Math.abs(y);

/** What is wrong with a case. */
export function checkCase(c: Case, build: Build, rtol = 1e-9): string[] {
  const faults: string[] = [];
  const xs = c.inputs.map(({ shape }) => input({ shape, dtype: 'float64' }));
  const consts = Object.entries(c.consts ?? {});
  const cs = consts.map(([, { shape, dtype }]) => input({ shape, dtype: dtypeOf(dtype ?? '') }));
  const built = build(xs, c.attrs ?? {}, Object.fromEntries(consts.map(([name], i) => [name, cs[i]])));
  const ys = 'op' in built ? [built] : built;
  const gs = ys.map((y) => input({ shape: y.type.shape, dtype: 'float64' }));
  const floats = ys.map((_, i) => i).filter((i) => c.outputs[i].dtype === 'float64');
  const gradients = differentiate(
    floats.map((i) => ys[i]),
    floats.map((i) => gs[i]),
    xs,
    add,
  );
  const vs = xs.map((x) => input(x.type));
  const products = gradients.flatMap((gradient, i) => (gradient ? [sum(mul(gradient, vs[i]))] : []));
  const second = differentiate(
    products,
    products.map(() => constant(1, 'float64')),
    xs,
    add,
  );

  const inputs = [...xs, ...cs, ...floats.map((i) => gs[i]), ...vs];
  const arrays = [
    ...c.inputs.map((i) => i.data.map(number)),
    ...consts.map(([, { data }]) => data.map(number)),
    ...c.cotangents.filter((g) => g !== null).map((g) => g.map(number)),
    ...c.inputs.map(({ data }, i) => c.v?.[i]?.map(number) ?? data.map(() => 0)),
  ];
  const compare = (
    what: string,
    got: Node | null,
    want: readonly Written[] | null,
    zeroIsNull = false,
  ): void => {
    if (!got) {
      if (want && !(zeroIsNull && want.every((x) => x === 0))) faults.push(`${what}: none, want ${want}`);
      return;
    }
    if (!want) return void faults.push(`${what}: a node, want none`);
    const [values] = evaluate(inputs, [got], arrays);
    const wanted = want.map(number);
    if (values.length !== wanted.length || !values.every((x, i) => near(x, wanted[i], rtol, 1e-12)))
      faults.push(`${what}: ${values} want ${wanted}`);
  };
  c.outputs.forEach(({ shape, dtype, data }, i) => {
    if (!sameShape(ys[i].type.shape, shape))
      faults.push(`output ${i}: [${ys[i].type.shape}] want [${shape}]`);
    if (ys[i].type.dtype !== dtypeOf(dtype ?? ''))
      faults.push(`output ${i}: ${ys[i].type.dtype} want ${dtype}`);
    compare(`output ${i}`, ys[i], data);
    const name = c.grad_fn[i];
    if (name && gradNameOf(ys[i]) !== name) faults.push(`name: ${gradNameOf(ys[i])} want ${name}`);
  });
  c.grads.forEach((want, i) => compare(`gradient ${i}`, gradients[i], want));
  c.grads2?.forEach((want, i) => compare(`second gradient ${i}`, second[i], want, true));
  return faults;
}

const nestedShape = (x: Nested): number[] =>
  x !== null && typeof x === 'object' ? [x.length, ...(x.length > 0 ? nestedShape(x[0]) : [])] : [];

/** What is wrong at an odd point: the value and the gradient of one input (or of a pair) with cotangents of 1. */
export function checkConvention(c: Convention, build: Build, dtype: DType = 'float32'): string[] {
  const isPair = Array.isArray(c.x) && !Array.isArray(c.y) && build.length > 1;
  const parts = isPair ? (c.x as readonly Nested[]) : [c.x];
  const xs = parts.map((part) => input({ shape: nestedShape(part), dtype }));
  const built = build(xs, {}, {});
  const y = 'op' in built ? built : built[0];
  const gradients = differentiate([y], [constant(1, y.type.dtype, y.type.shape)], xs, add);
  const faults: string[] = [];
  const compare = (what: string, got: readonly number[], want: readonly number[]): void => {
    if (got.length !== want.length || !got.every((x, i) => near(x, want[i], 2e-6, 2e-7)))
      faults.push(`${what}: ${got} want ${want}`);
  };
  const arrays = parts.map(flatten);
  compare('value', evaluate(xs, [y], arrays)[0], flatten(c.y));
  if (c.grad === null)
    return gradients.some((g) => g !== null) ? [...faults, 'a gradient, want none'] : faults;
  compare(
    'gradient',
    evaluate(
      xs,
      gradients.map((g) => g!),
      arrays,
    ).flat(),
    flatten(c.grad),
  );
  return faults;
}
