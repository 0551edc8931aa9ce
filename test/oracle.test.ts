// The public functions against real PyTorch. In: the cases of test/fixtures/{op,more,fft}-cases.json, or of every JSON file of that form in the folder
// GRADLOOM_ORACLE_DIR. Out: for each case its values, first and second derivatives on three paths (the interpreter; compiled alone;
// compiled inside a larger graph, with which it fuses), and eagerly, with the name of its backward node.

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { autograd, compile, tensor } from '../index.ts';
import type { DType, Tensor } from '../index.ts';
import { near, number } from './helpers/oracle.ts';
import type { Case, Value } from './helpers/oracle.ts';
import { callOf } from './helpers/publicCases.ts';
import type { Attrs, Call, Consts } from './helpers/publicCases.ts';

const paths = ['eager', 'interpreter', 'compiled', 'fused'] as const;
type Path = (typeof paths)[number];

interface Exception {
  readonly op: string;
  /** All paths if absent. */
  readonly paths?: readonly Path[];
  readonly reason: string;
}

/** What cannot hold, and why. */
const exceptions: readonly Exception[] = [
  {
    op: 'masked_select',
    paths: ['interpreter', 'compiled', 'fused'],
    reason: 'its shape depends on values, and a compiled function has fixed shapes',
  },
  {
    op: 'repeat_interleave_tensor',
    paths: ['interpreter', 'compiled', 'fused'],
    reason: 'its shape depends on values, and a compiled function has fixed shapes',
  },
];

/** rtol 1e-9, and 1e-7 for linear algebra, as the fixtures ask for. */
const loose = /^(linalg\.|lu_solve|lstsq|pinverse|det|logdet|slogdet|inverse|matrix_exp|cholesky)/;

function load(): Case[] {
  const directory = process.env.GRADLOOM_ORACLE_DIR;
  const files = directory
    ? readdirSync(directory)
        .filter((name) => name.endsWith('.json'))
        .map((name) => join(directory, name))
    : ['op-cases.json', 'more-cases.json', 'fft-cases.json'].map((name) =>
        fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url)),
      );
  const read = (file: string): { cases?: Case[] } =>
    JSON.parse(readFileSync(file, 'utf8')) as { cases?: Case[] };
  // other files of PyTorch's answers may lie beside them
  return files.flatMap((file) =>
    (read(file).cases ?? []).filter((c) => c.inputs && c.outputs && c.cotangents),
  );
}

/** PyTorch's integers are int64, ours int32. */
const dtypeOf = (torch: string | undefined): DType =>
  torch === 'int64' || torch === 'int32' ? 'int32' : ((torch ?? 'float64') as DType);

const make = ({ shape, data, dtype }: Value): Tensor =>
  tensor(Float64Array.from(data, number), { shape, dtype: dtypeOf(dtype) });

interface Given {
  readonly xs: readonly Tensor[];
  readonly consts: Consts;
  /** One per differentiable output. */
  readonly cotangents: readonly Tensor[];
  readonly vs: readonly (Tensor | null)[];
  /** What surrounds the call with other work; it is 1. */
  readonly one: Tensor;
}

interface Answer {
  readonly outputs: readonly Tensor[];
  readonly grads: readonly (Tensor | null)[];
  readonly grads2: readonly (Tensor | null)[];
  readonly more: readonly Tensor[];
}

const listOf = (x: Tensor | readonly Tensor[]): readonly Tensor[] =>
  Array.isArray(x) ? (x as Tensor[]) : [x as Tensor];

/** Value, vjp and the gradient of <vjp, v>, through public functions only. */
function answer(
  call: Call,
  attrs: Attrs,
  { xs, consts, cotangents, vs, one }: Given,
  fused: boolean,
): Answer {
  const leaves = xs.map((x) => x.detach().requiresGrad_());
  const around = (x: Tensor): Tensor => (fused ? x.mul(one) : x);
  const given = leaves.map(around);
  const outputs = listOf(call(given, attrs, consts)).map((y) => (y.dtype === 'float64' ? around(y) : y));
  const floats = outputs.filter((y) => y.dtype === 'float64');
  const roots = floats.filter((y) => y.requiresGrad);
  const grads = autograd.grad(roots, leaves, {
    gradOutputs: cotangents.filter((_, i) => floats[i].requiresGrad),
    createGraph: true,
    allowUnused: true,
  });
  const products = grads.flatMap((g, i) => (g?.requiresGrad && vs[i] ? [around(g).mul(vs[i]).sum()] : []));
  const grads2 =
    products.length === 0 ? leaves.map(() => null) : autograd.grad(products, leaves, { allowUnused: true });
  const more = fused
    ? [...given.map((x) => x.tanh().sum()), ...floats.map((y) => y.sub(1).abs().mean())]
    : [];
  return { outputs, grads, grads2, more };
}

function run(path: Path, call: Call, attrs: Attrs, given: Given): Answer {
  if (path === 'eager') return answer(call, attrs, given, false);
  const step = (data: Given): Answer => answer(call, attrs, data, path === 'fused');
  return compile(step, { backend: path === 'interpreter' ? 'interpreter' : 'js' })(given);
}

const wantsGradient = ({ dtype }: Value): boolean => dtypeOf(dtype) === 'float64';

/** What is wrong with a case on a path. */
function faultsOf(c: Case, call: Call, path: Path): string[] {
  const faults: string[] = [];
  const rtol = loose.test(c.op) ? 1e-7 : 1e-9;
  const compare = (
    what: string,
    got: Tensor | null,
    want: readonly (number | string | boolean)[] | null,
  ): void => {
    if (got === null || want === null) {
      if ((got === null) !== (want === null)) faults.push(`${what}: ${String(got)}, want ${String(want)}`);
      return;
    }
    const values = Array.from(got.toTypedArray());
    const wanted = want.map(number);
    if (values.length !== wanted.length || !values.every((x, i) => near(x, wanted[i], rtol, 1e-12)))
      faults.push(`${what}: ${values}, want ${wanted}`);
  };
  const floats = c.outputs.filter(wantsGradient);
  const result = run(path, call, c.attrs ?? {}, {
    xs: c.inputs.map(make),
    consts: Object.fromEntries(Object.entries(c.consts ?? {}).map(([name, value]) => [name, make(value)])),
    cotangents: c.cotangents
      .filter((data) => data !== null)
      .map((data, i) => make({ shape: floats[i].shape, data })),
    vs: c.inputs.map(({ shape }, i) => (c.v?.[i] ? make({ shape, data: c.v[i] }) : null)),
    one: tensor(1, { dtype: 'float64' }),
  });
  if (result.outputs.length !== c.outputs.length)
    return [`${result.outputs.length} outputs, want ${c.outputs.length}`];
  result.outputs.forEach((y, i) => {
    const { shape, dtype, data } = c.outputs[i];
    if (y.shape.join() !== shape.join()) faults.push(`output ${i}: [${y.shape}], want [${shape}]`);
    if (y.dtype !== dtypeOf(dtype)) faults.push(`output ${i}: ${y.dtype}, want ${dtype}`);
    compare(`output ${i}`, y, data);
    const name = c.grad_fn[i];
    if (path === 'eager' && name && y.gradFn?.name !== name)
      faults.push(`name: ${y.gradFn?.name}, want ${name}`);
  });
  result.grads.forEach((g, i) => compare(`gradient ${i}`, g, c.grads[i]));
  c.grads2?.forEach((want, i) => {
    const got = result.grads2[i];
    if (got !== null || !want?.every((x) => x === 0)) compare(`second gradient ${i}`, got, want);
  });
  return faults;
}

const cases = load();

test('there are cases', (t) => {
  t.true(cases.length > 0);
});

for (const path of paths)
  cases.forEach((c, i) => {
    const shapes = c.inputs.map(({ shape }) => `[${shape.join(', ')}]`).join(' ');
    const title = `${path}: ${c.op} ${c.attrs ? `${JSON.stringify(c.attrs)} ` : ''}of ${shapes} (${i}) answers as PyTorch does`;
    const exception = exceptions.find((e) => e.op === c.op && (e.paths?.includes(path) ?? true));
    if (exception) {
      test(`${title}: not so, ${exception.reason}`, (t) => t.true(c.outputs.length > 0));
      return;
    }
    test(title, (t) => {
      const call = callOf(c.op);
      if (call === null) return t.fail(`no public function for ${c.op}`);
      t.deepEqual(faultsOf(c, call, path), []);
    });
  });
