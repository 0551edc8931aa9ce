// The table of all operators, docs/operators.md. In: one call of each (samples.ts). Out: what was found by making it: which dtypes it takes,
// to which order it can be differentiated, and what computes it. `npm run docs` writes the file; a test holds the two together.

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Node } from '../compiler/node.ts';
import { isMain } from '../examples/lib/main.ts';
import * as g from '../index.ts';
import type { DType, Tensor } from '../index.ts';
import { nodeOfTensor } from '../runtime/core.ts';
import { functions } from '../runtime/functions.ts';
import { inplaceNames, inplaceViewNames, methodNames } from '../runtime/table.ts';
import { own, usual } from './samples.ts';
import type { Sample } from './samples.ts';

type AnyFunction = (...args: readonly unknown[]) => unknown;
const all = functions as unknown as Readonly<Record<string, AnyFunction>>;

const dtypes: readonly DType[] = ['float32', 'float64', 'int32', 'uint8', 'bool'];
/** Orders beyond this are taken to follow. */
const highestOrder = 3;

const snake = (name: string): string => name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);

/** Where PyTorch has another name than ours in snake_case. */
const theirNames: Readonly<Record<string, string>> = {
  variance: 'torch.var',
  linalgNorm: 'torch.linalg.norm',
  linalgDiagonal: 'torch.linalg.diagonal',
  linalgCross: 'torch.linalg.cross',
  bceLoss: 'F.binary_cross_entropy',
  bceWithLogits: 'F.binary_cross_entropy_with_logits',
  im2col: 'F.unfold',
  atleast1d: 'torch.atleast_1d',
  atleast2d: 'torch.atleast_2d',
  atleast3d: 'torch.atleast_3d',
  matrixTranspose: 'Tensor.mT',
  batchNormStats: '(statistics of batch_norm)',
  index: 'x[...]',
  slice: 'x[a:b]',
  multiDot: 'torch.linalg.multi_dot',
  vectorNorm: 'torch.linalg.vector_norm',
};

const functional: Readonly<Record<string, unknown>> = { ...g.nn.functional };
const inNamespace = (space: object, name: string): string | undefined =>
  Object.entries(space).find(([, f]) => f === all[name])?.[0];

/** The namespaces of operators, by the name that they have here and in torch. */
const spaces: readonly (readonly [prefix: string, space: object])[] = [
  ['linalg', g.linalg],
  ['special', g.special],
  ['fft', g.fft],
];

/** Its place in a namespace, as `linalg.inv`. */
function placeOf(name: string): readonly [prefix: string, member: string] | null {
  for (const [prefix, space] of spaces) {
    const member = inNamespace(space, name);
    if (member !== undefined) return [prefix, member];
  }
  return null;
}

/** True if it is exported by its own name; something else may have that (`cond` is control flow, `fft` is a namespace). */
const isTop = (name: string): boolean =>
  name in g && (placeOf(name) === null || Object.values(g).some((f) => f === all[name]));

function theirName(name: string): string {
  if (Object.hasOwn(theirNames, name)) return theirNames[name];
  const top = !isTop(name);
  const place = placeOf(name);
  if (place !== null && top) return `torch.${place[0]}.${snake(place[1])}`;
  if (top) return `Tensor.${snake(name)}`;
  if (onlyMethods.has(name)) return `Tensor.${snake(name)}`;
  if (onlyFunctional.has(name)) return `F.${snake(name)}`;
  return Object.hasOwn(functional, name) && !alsoTop.has(name) ? `F.${snake(name)}` : `torch.${snake(name)}`;
}
/** Functions here that are only methods there, and those that are only in torch.nn.functional. */
const onlyMethods = new Set('expand expandAs repeat reshapeAs unfold view viewAs'.split(' '));
const onlyFunctional = new Set('channelShuffle fold interpolate pixelShuffle pixelUnshuffle'.split(' '));
/** Functions of torch.nn.functional that torch has as well. */
const alsoTop = new Set(
  'bilinear celu dropout hardshrink logSoftmax pdist pairwiseDistance prelu relu rrelu selu sigmoid softmax tanh threshold'.split(
    ' ',
  ),
);

/** Calls with data of a dtype; null if it is refused. */
function callWith(name: string, sample: Sample, dtype: DType, leaves: Tensor[] = []): Tensor[] | null {
  const draw = (...shape: number[]): Tensor => {
    const x = g.full(shape, dtype.startsWith('float') ? 0.5 : 1, { dtype });
    if (dtype === 'float64') leaves.push(x.requiresGrad_());
    return x;
  };
  try {
    return [all[name](...sample(draw))].flat().filter(g.isTensor);
  } catch (error) {
    if (error instanceof g.GradloomError) return null;
    throw error;
  }
}

function sampleOf(name: string): Sample {
  const found =
    own[name] ?? usual.find((sample) => dtypes.some((dtype) => callWith(name, sample, dtype) !== null));
  if (found === undefined) throw new Error(`docs/samples.ts has no arguments for ${name}`);
  return found;
}

const sets: readonly (readonly [text: string, dtypes: readonly DType[]])[] = [
  ['all', dtypes],
  ['numbers', ['float32', 'float64', 'int32', 'uint8']],
  ['floats', ['float32', 'float64']],
  ['integers, bool', ['int32', 'uint8', 'bool']],
  ['integers', ['int32', 'uint8']],
];

function dtypesOf(name: string, sample: Sample): string {
  const taken = dtypes.filter((dtype) => callWith(name, sample, dtype) !== null);
  return sets.find(([, set]) => set.join() === taken.join())?.[0] ?? taken.join(', ');
}

/** How often the call can be differentiated: the gradient of the sum of the squares of what is differentiable, again and again. */
function ordersOf(name: string, sample: Sample): string {
  const leaves: Tensor[] = [];
  let values = callWith(name, sample, 'float64', leaves) ?? [];
  for (let order = 0; order < highestOrder; order++) {
    const roots = values.filter((y) => y.requiresGrad);
    if (roots.length === 0) return order === 0 ? 'none' : 'zero';
    try {
      const found = g.autograd.grad(
        roots.map((y) => y.square().sum()),
        leaves,
        { createGraph: true, allowUnused: true },
      );
      values = found.filter((x) => x !== null);
    } catch (error) {
      if (!(error instanceof g.GradloomError)) throw error;
      return order === 0 ? 'none' : `order ${order}`;
    }
  }
  return 'any order';
}

/** What the nodes of a result are: views alone, elementwise work and loops that fuse, or among them a function that stays by itself. */
function computedBy(results: readonly Tensor[]): string {
  const seen = new Set<Node>();
  const tags = new Set<string>();
  const visit = (n: Node): void => {
    if (seen.has(n)) return;
    seen.add(n);
    const meaning = n.op.meaning(n);
    tags.add(meaning.tag);
    if (meaning.tag === 'composite') visit(meaning.expand());
    n.inputs.forEach(visit);
  };
  results.forEach((x) => visit(nodeOfTensor(x)));
  if (tags.has('routine')) return 'routine';
  return ['map', 'reduce', 'contract', 'gather', 'scatter'].some((tag) => tags.has(tag)) ? 'kernel' : 'view';
}

function formsOf(name: string): string {
  const method = name === 'variance' ? 'var' : name;
  const forms = [
    ...((methodNames as readonly string[]).includes(method) ? ['method'] : []),
    ...(([...inplaceNames, ...inplaceViewNames] as readonly string[]).includes(name) ? ['in place'] : []),
  ];
  return forms.join(', ');
}

/** Under which name it is called here. */
function ourName(name: string): string {
  if (isTop(name)) return name;
  return placeOf(name)?.join('.') ?? `x.${name}`;
}

const order = (name: string): string => ourName(name).toLowerCase();

function row(name: string): readonly string[] {
  const sample = sampleOf(name);
  const results = dtypes.map((dtype) => callWith(name, sample, dtype)).find((r) => r !== null) ?? [];
  return [
    `\`${ourName(name)}\``,
    `\`${theirName(name)}\``,
    formsOf(name),
    dtypesOf(name, sample),
    ordersOf(name, sample),
    computedBy(results),
  ];
}

const introduction = `# Operators

Written by \`npm run docs\` from what the operators themselves say; a test fails if this file is not what it prints.

- **dtypes**: what the data may be: \`floats\` are float32 and float64, \`numbers\` also int32 and uint8, \`all\` also bool.
- **gradient**: \`none\` for values without one (comparisons, indices); \`zero\` for step functions; \`any order\` was made to order
  ${highestOrder}.
- **computed by**: \`view\` is index arithmetic of whoever reads it; \`kernel\` is generated loops that fuse with their neighbours; \`routine\` contains a
  host function that stays by itself (sorting, scans, factorisations, Fourier transforms), surrounded by kernels.
- **form**: \`method\` also as \`x.name(...)\`, \`in place\` also as \`x.name_(...)\`.

There are no complex dtypes. In \`fft\` a complex number is a pair in a last dimension of size 2, as \`torch.view_as_real\` lays it out; \`dim\` does not
count that dimension. Beside the operators below it has \`fft.fftfreq\` and \`fft.rfftfreq\`.

Not there, because they need complex numbers: \`linalg.eig\` and \`linalg.eigvals\`, \`real\`, \`imag\`, \`polar\`, \`viewAsComplex\`. Functions whose shape depends
on values (\`nonzero\`, \`argwhere\`, \`unique\`, \`bincount\`, \`maskedSelect\`, boolean indices) read their argument, and so are refused inside \`compile\`.
`;

/** The text of docs/operators.md. */
export function operatorTable(): string {
  const rows = Object.keys(all)
    .sort((a, b) => (order(a) < order(b) ? -1 : 1))
    .map(row);
  const head = ['gradloom', 'PyTorch', 'form', 'dtypes', 'gradient', 'computed by'];
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return `${introduction}\n${rows.length} operators.\n\n${lines.join('\n')}\n`;
}

if (isMain(import.meta.url))
  writeFileSync(fileURLToPath(new URL('operators.md', import.meta.url)), operatorTable());
