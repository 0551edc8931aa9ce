// The operators that PyTorch's autograd has (section 2 of its description, by PyTorch's names in test/fixtures/section-2.json), each by a proof:
// real PyTorch's answers (op-cases.json, held in oracle.test.ts), or a row of a table here, whose first and second derivatives are held
// against differences, or the reason why it is not there. In: the tables of helpers/section2. Out: no name without one.

import { readFileSync } from 'node:fs';
import test from 'ava';
import { AutogradError, autograd } from '../index.ts';
import type { Tensor } from '../index.ts';
import { opCases } from './helpers/oracle.ts';
import { creation } from './helpers/section2/creation.ts';
import { fourier } from './helpers/section2/fourier.ts';
import { indexing } from './helpers/section2/indexing.ts';
import { layers, losses } from './helpers/section2/layers.ts';
import { matrix } from './helpers/section2/matrix.ts';
import { activations, binary, unary } from './helpers/section2/pointwise.ts';
import { reductions } from './helpers/section2/reductions.ts';
import type { Row } from './helpers/section2/row.ts';
import { shape } from './helpers/section2/shape.ts';

const named = JSON.parse(
  readFileSync(new URL('./fixtures/section-2.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, readonly string[]>>;

const rows: readonly Row[] = [
  creation,
  unary,
  activations,
  binary,
  reductions,
  shape,
  indexing,
  matrix,
  fourier,
  layers,
  losses,
].flat();

const complex = 'its values are complex numbers, a dtype that does not exist yet';
/** What is not there, and why. */
const waiting: Readonly<Record<string, string>> = {
  'linalg.eig': complex,
  real: complex,
  imag: complex,
  conj: complex,
  polar: complex,
  complex,
  view_as_real: complex,
  view_as_complex: complex,
};

test('every operator has one proof: an answer of PyTorch, a row here, or the reason why it waits', (t) => {
  const answered = new Set(opCases().map((c) => c.op));
  const proofs = [...answered, ...rows.map((row) => row.name), ...Object.keys(waiting)];
  const names = Object.values(named).flat();
  t.deepEqual(
    names.filter((name) => proofs.filter((proof) => proof === name).length !== 1),
    [],
  );
  const unheardOf = [...rows.map((row) => row.name), ...Object.keys(waiting)].filter(
    (n) => !names.includes(n),
  );
  t.deepEqual(unheardOf, []);
});

const listOf = (x: Tensor | readonly Tensor[]): readonly Tensor[] =>
  Array.isArray(x) ? (x as readonly Tensor[]) : [x as Tensor];

/** What kind of gradient the inputs get from results that have values only. */
function gradientOf(results: readonly Tensor[], inputs: readonly Tensor[]): string {
  if (results.every((y) => !y.requiresGrad && y.gradFn === null)) return 'none';
  try {
    const sums = results.map((y) => y.sum());
    const gradients = autograd.grad(sums, inputs, { allowUnused: true });
    return gradients.every((x) => x === null) ? 'undefined' : 'defined';
  } catch (error) {
    if (error instanceof AutogradError && /^the derivative for '\w+' is not implemented/.test(error.message))
      return 'refused';
    throw error;
  }
}

for (const row of rows)
  if ('value' in row)
    test(`${row.name} has its value, and its gradient is ${row.gradient ?? 'none'}`, (t) => {
      const results = listOf(row.call(...(row.inputs ?? [])));
      const values = results.map((y) => y.toArray());
      t.deepEqual(values.length === 1 ? values[0] : values, row.value);
      t.is(gradientOf(results, row.inputs ?? []), row.gradient ?? 'none');
    });
  else
    test(`${row.name} has the derivatives that differences show, to the second order`, (t) => {
      t.true(autograd.gradcheck(row.call, row.inputs));
      t.true(autograd.gradgradcheck(row.call, row.inputs));
    });
