// vmap against its definition: what stacking the results of every example would give. In: all cases of test/fixtures/op-cases.json, with three
// examples each. Compared are values, the gradient of the batched function, and the batched gradient, each also with one operand
// shared by all examples.

import test from 'ava';
import * as g from '../index.ts';
import type { Tensor } from '../index.ts';
import { near, number, opCases } from './helpers/oracle.ts';
import type { Case, Value } from './helpers/oracle.ts';
import { callOf } from './helpers/publicCases.ts';
import type { Call } from './helpers/publicCases.ts';

const { autograd, compile, stack, tensor, vmap } = g;

const examples = 3;

/** Operators whose result's shape depends on values. */
const impossible = new Set(['masked_select']);

const make = ({ shape, data, dtype }: Value): Tensor =>
  tensor(Float64Array.from(data, number), {
    shape,
    dtype: dtype === 'int64' ? 'int32' : dtype === 'bool' ? 'bool' : 'float64',
  });

const listOf = (x: Tensor | readonly Tensor[]): readonly Tensor[] =>
  Array.isArray(x) ? (x as Tensor[]) : [x as Tensor];
const weighted = (ys: readonly Tensor[]): Tensor =>
  ys
    .filter((y) => y.dtype === 'float64')
    .map((y, i) =>
      y
        .mul(
          y
            .cos()
            .detach()
            .add(0.3 * (i + 1)),
        )
        .sum(),
    )
    .reduce((a, b) => a.add(b));

function differ(a: readonly (Tensor | null)[], b: readonly (Tensor | null)[]): string[] {
  if (a.length !== b.length) return [`${a.length} results, want ${b.length}`];
  return a.flatMap((x, i) => {
    const y = b[i];
    if (x === null || y === null) return x === y ? [] : [`${i}: ${String(x)}, want ${String(y)}`];
    const [u, v] = [x.toTypedArray(), y.toTypedArray()];
    const same = u.length === v.length && Array.from(u).every((value, k) => near(value, v[k], 1e-9, 1e-9));
    return same && x.shape.join() === y.shape.join() ? [] : [`${i}: ${String(x)}, want ${String(y)}`];
  });
}

/** Checks one case with the operands in `shared` the same for all examples. */
function faultsOf(c: Case, call: Call, shared: readonly boolean[]): string[] {
  const consts = Object.fromEntries(Object.entries(c.consts ?? {}).map(([k, v]) => [k, make(v)]));
  const f = (...xs: Tensor[]): readonly Tensor[] => listOf(call(xs, c.attrs ?? {}, consts));
  const inputs = c.inputs.map((value, i) => {
    const x = make(value);
    // examples differ a little, and stay where the function is defined
    return shared[i] ? x : stack(Array.from({ length: examples }, (_, b) => x.mul(1 + 0.01 * b)));
  });
  const inDims = shared.map((s) => (s ? null : 0));
  const each = (run: (xs: Tensor[]) => readonly (Tensor | null)[]): (Tensor | null)[] => {
    const rows = Array.from({ length: examples }, (_, b) =>
      run(inputs.map((x, i) => (shared[i] ? x : x.select(0, b)))),
    );
    return rows[0].map((_, k) => {
      const parts = rows.map((row) => row[k]);
      return parts.some((p) => p === null) ? null : stack(parts as Tensor[]);
    });
  };
  const batched = vmap(f, { inDims });
  const values = differ(
    batched(...inputs),
    each((xs) => f(...xs)),
  ).map((s) => `value ${s}`);
  const derivative = (h: (...xs: Tensor[]) => Tensor) => (xs: readonly Tensor[]) => {
    const leaves = xs.map((x) => x.detach().requiresGrad_());
    const y = h(...leaves);
    return y.requiresGrad
      ? autograd.grad(y, leaves, { materializeGrads: true })
      : leaves.map((x) => g.zerosLike(x));
  };
  const loss = (...xs: Tensor[]): Tensor => weighted(f(...xs));
  const perExample = derivative(loss);
  const outside = differ(
    derivative((...xs) => vmap(loss, { inDims })(...xs).sum())(inputs),
    each(perExample).map((row, i) => (shared[i] ? row!.sum(0) : row)),
  ).map((s) => `gradient of the batch ${s}`);
  const inside = differ(
    vmap((...xs: Tensor[]) => perExample(xs), { inDims })(...inputs),
    each(perExample),
  ).map((s) => `gradient of each example ${s}`);
  return [...values, ...outside, ...inside];
}

opCases().forEach((c, i) => {
  if (impossible.has(c.op)) return;
  const call = callOf(c.op)!;
  const shapes = c.inputs.map(({ shape }) => `[${shape.join(', ')}]`).join(' ');
  const name = `${c.op} ${c.attrs ? `${JSON.stringify(c.attrs)} ` : ''}of ${shapes} (${i})`;
  test(`${name} for a batch is what it is for each example`, (t) => {
    t.deepEqual(
      faultsOf(
        c,
        call,
        c.inputs.map(() => false),
      ),
      [],
    );
  });
  if (c.inputs.length > 1)
    test(`${name} for a batch that shares its last operand`, (t) => {
      t.deepEqual(
        faultsOf(
          c,
          call,
          c.inputs.map((_, k) => k === c.inputs.length - 1),
        ),
        [],
      );
    });
});

test('an index of any example that points outside is refused, as without vmap', (t) => {
  const x = tensor([1, 2, 3]);
  const pick = vmap((i: Tensor) => x.indexSelect(0, i));
  const int = (rows: number[][]): Tensor => tensor(rows, { dtype: 'int32' });
  t.deepEqual(pick(int([[0], [2]])).toArray(), [[1], [3]]);
  const message = /^index out of range in self\n at .*vmap\.test\.ts/;
  t.throws(() => pick(int([[0], [3]])), { message });
  const compiled = compile(pick);
  compiled(int([[0], [2]]));
  t.throws(() => compiled(int([[0], [3]])), { message });
});
