// What groups must be, whatever they are: a partition in an order that can run, convex, with loops that fit. Held on random graphs; then
// one small graph for each rule that refuses a merge, and what shares a kernel beside the table of fusion.test.ts.

import test from 'ava';
import type { ExecutionContext } from 'ava';

import { differentiate } from '../compiler/differentiate.ts';
import type { DType } from '../compiler/dtype.ts';
import { makeGraph } from '../compiler/graph.ts';
import type { Group, Grouping } from '../compiler/group.ts';
import { analyse } from '../compiler/domain.ts';
import type { Domain } from '../compiler/domain.ts';
import { partsOf, printGroups } from '../compiler/group.ts';
import { limits } from '../compiler/limits.ts';
import type { Node } from '../compiler/node.ts';
import type { Built } from '../compiler/pipeline.ts';
import { isComputed, producersOf } from '../compiler/reads.ts';
import type { Shape } from '../compiler/shape.ts';
import { numel } from '../compiler/shape.ts';
import {
  add,
  amax,
  argmax,
  conv2d,
  cumsum,
  exp,
  expand,
  gather,
  gelu,
  layerNorm,
  matmul,
  mul,
  narrow,
  relu,
} from '../ops/index.ts';
import { reshape, sigmoid, sin, softmax, square, sub, sum, tanh, transpose, variance } from '../ops/index.ts';
import { input, onesLike } from '../ops/source.ts';
import { compileGraph, compileNodes, kernels } from './helpers/compile.ts';
import { gradientsOf } from './helpers/gradcheck.ts';
import { describe, randomGraph } from './helpers/randomGraph.ts';

const tensor = (shape: Shape, dtype: DType = 'float32'): Node => input({ shape, dtype });
const x = tensor([64, 128]);
const gradients = (y: Node, wanted: readonly Node[], g: Node = onesLike(y)): Node[] =>
  differentiate([y], [g], wanted, add).filter((n) => n !== null);

// --- properties ------------------------------------------------------------------------------------------------------------------------

const members = (g: Group): readonly Node[] => g.domain.members;

/** What is wrong with the groups of a program, in words. */
function groupFaults({ optimized, grouping }: Built): string[] {
  const faults: string[] = [];
  const { inlined } = grouping;
  const groups = grouping.groups.flatMap(partsOf);
  const kernelOf = new Map(grouping.groups.flatMap((g, k) => partsOf(g).map((part) => [part, k] as const)));
  /** Single numbers stay in locals of the kernel. */
  const isLocal = (p: Node, from: Group, to: Group): boolean =>
    numel(p.type.shape) === 1 && kernelOf.get(from) === kernelOf.get(to);
  const groupOf = new Map(groups.flatMap((g) => members(g).map((n) => [n, g] as const)));
  const computed = optimized.nodes.filter((n) => isComputed(n) && !inlined.has(n));
  if (groups.reduce((total, g) => total + members(g).length, 0) !== computed.length)
    faults.push('some node is in no group, or in two');
  for (const n of computed) if (!groupOf.has(n)) faults.push(`${n.op.name} is in no group`);
  groups.forEach((g, at) => {
    if (members(g).length > limits.groupMembers) faults.push(`group ${at} has ${members(g).length} members`);
    if (members(g).filter((n) => n.op.meaning(n).tag === 'contract').length > 1)
      faults.push(`group ${at} has two contractions`);
    const inside = new Set<Node>();
    for (const n of members(g)) {
      for (const p of producersOf(n)) {
        if (inlined.has(p)) continue;
        const from = groupOf.get(p);
        if (from === g && !inside.has(p)) faults.push(`group ${at}: ${n.op.name} comes before what it reads`);
        // An order of the groups in which each follows those that it reads exists only if all are convex.
        if (from && groups.indexOf(from) > at) faults.push(`group ${at} reads a later one`);
        if (from && from !== g && !from.stored.includes(p) && !isLocal(p, from, g))
          faults.push(`${p.op.name} is read but not stored`);
      }
      inside.add(n);
      const span = g.domain.spans.get(n);
      const dims = span?.dims.map((d) => d.reduce((size, a) => size * a.extent, 1)).join() ?? '';
      const shape = n.op.meaning(n).tag === 'scatter' ? n.inputs[1].type.shape : n.type.shape;
      if (dims !== shape.join()) faults.push(`${n.op.name} of [${shape}] has axes of [${dims}]`);
      if (
        g.domain.rows.some((a) => !span?.iter.includes(a)) &&
        !['tail', 'prologue'].includes(g.domain.place.get(n) ?? '')
      )
        faults.push(`group ${at}: ${n.op.name} does not run over all rows`);
    }
  });
  for (const o of optimized.outputs)
    if (!groupOf.get(o)?.stored.includes(o)) faults.push('an output is not stored');
  return faults;
}

/** A domain in words, whatever its axes are called. */
const domainText = ({ members: all, rows, place, sinks, pass, passes }: Domain): string =>
  [
    `rows ${rows.map((a) => a.extent).join()} passes ${passes}`,
    ...all.map((n) => `${n.op.name} ${place.get(n)} ${pass.get(n) ?? ''} ${sinks.has(n)}`),
  ].join('\n');

/** One step of an optimizer with a memory, for each gradient; and running averages of what it leaves. */
function updatesOf(gradients: readonly Node[]): { readonly inputs: Node[]; readonly outputs: Node[] } {
  const inputs: Node[] = [];
  const state = (type: Node['type']): Node => {
    inputs.push(input(type));
    return inputs[inputs.length - 1];
  };
  const count = state({ shape: [], dtype: 'float32' });
  const correction = square(exp(count));
  const outputs = gradients.flatMap((gradient) => {
    const [p, m, v, average] = Array.from({ length: 4 }, () => state(gradient.type));
    const first = add(mul(m, m), mul(gradient, m));
    const second = add(square(v), mul(square(gradient), v));
    const now = sub(p, mul(mul(first, exp(second)), correction));
    return [first, second, now, add(mul(average, m), mul(now, v))];
  });
  return { inputs, outputs: [...outputs, add(count, correction)] };
}

/** Besides a range, graphs in which one more reader ties axes together, or lets a sum be delayed. */
const seedsOf = (from: number): number[] => [
  ...Array.from({ length: 40 }, (_, i) => from + i),
  ...[200_022, 200_097, 200_151, 210_015, 300_058, 400_280, 400_461],
];
const extentsOf = [
  [1, 2, 3, 8],
  [1, 4, 5],
  [2, 3, 16],
  [1, 2],
];

for (const withUpdates of [false, true])
  test(`a domain that grew node by node is what an analysis of all members says${withUpdates ? ', with updates' : ''}`, (t) => {
    let compared = 0;
    for (const seed of seedsOf(72_000)) {
      const g = randomGraph(seed, { size: 6 + (seed % 30), extents: extentsOf[seed % 4] });
      const all = gradientsOf(g, seed).graph;
      const more = withUpdates ? updatesOf(all.outputs.filter((n) => n.type.dtype === 'float32')) : null;
      const inputs = [...all.inputs, ...(more?.inputs ?? [])];
      const { built } = compileGraph(makeGraph(inputs, [...g.outputs, ...(more ?? all).outputs]));
      for (const { domain } of built.grouping.groups.flatMap(partsOf)) {
        if (domain.members.length < 3) continue;
        const again = analyse([...domain.members]);
        if ('refused' in again) return t.fail(`${again.refused}\n${domainText(domain)}`);
        compared++;
        if (domainText(again) !== domainText(domain))
          return t.fail(`${domainText(domain)}\nagain:\n${domainText(again)}\n${describe(g)}`);
      }
    }
    t.true(compared > 50);
  });

function checkRandom(
  t: ExecutionContext,
  from: number,
  to: number,
  size: number,
  extents: readonly number[],
): void {
  for (let seed = from; seed < to; seed++) {
    const g = randomGraph(seed, { size, extents });
    const all = gradientsOf(g, seed).graph;
    const { built } = compileGraph(makeGraph(all.inputs, [...g.outputs, ...all.outputs]));
    const faults = groupFaults(built);
    if (faults.length > 0)
      return t.fail(`${faults.join('\n')}\n${printGroups(built.grouping)}\n${describe(g)}`);
  }
  t.pass();
}
test('groups of random graphs are convex, ordered and complete', (t) =>
  checkRandom(t, 70_000, 70_080, 12, [1, 2, 3, 4]));
test('groups of deep random graphs are convex, ordered and complete', (t) =>
  checkRandom(t, 71_000, 71_015, 40, [1, 3, 8]));

// --- rules that refuse -------------------------------------------------------------------------------------------------------------------

const whyNot = (inputs: readonly Node[], outputs: readonly Node[]): Grouping =>
  compileNodes(inputs, outputs).built.grouping;

const index = tensor([64, 128], 'int32');
const [w, b] = [tensor([128, 32]), tensor([32])];
const long = tensor([100, 40_000]);
const refused: Readonly<Record<string, () => readonly [inputs: readonly Node[], outputs: readonly Node[]]>> =
  {
    'two contractions': () => [[x, w], [matmul(transpose(w, 0, 1), matmul(transpose(x, 0, 1), x))]],
    'a scatter or a routine stands alone': () => [[x], [exp(cumsum(x, 0))]],
    'a gather needs its data in memory': () => [[x, index], [gather(exp(x), 0, index)]],
    'through a view that moves elements': () => [
      [x],
      [sub(narrow(exp(x), 0, 1, 63), narrow(exp(x), 0, 0, 63))],
    ],
    'would run along a diagonal': () => {
      const y = exp(tensor([64, 64]));
      return [[y.inputs[0]], [add(y, transpose(y, 0, 1))]];
    },
    'shared axes are not the slowest in memory': () => [[x], [softmax(x, 0)]],
    'a path leaves the group and comes back': () => {
      const y = exp(x);
      return [[x], [add(y, cumsum(y, 0))]];
    },
    'a row is too long to be kept': () => [[long], [softmax(long, 1)]],
    'the group would be too large': () => {
      let y = x;
      for (let i = 0; i <= limits.groupMembers; i++) y = sin(add(y, i));
      return [[x], [y]];
    },
    'a contraction reads its operands from memory': () => {
      const [row, factors] = [exp(b), tensor([64])];
      return [
        [b, factors],
        [matmul(factors, expand(row, [64, 32])), row],
      ];
    },
  };
for (const [reason, make] of Object.entries(refused))
  test(`a refused merge is told with its reason: ${reason}`, (t) => {
    const grouping = whyNot(...make());
    t.true(grouping.groups.length > 1);
    t.true(
      grouping.refused.some((r) => r.why.includes(reason)),
      printGroups(grouping),
    );
    const printed = printGroups(grouping);
    t.true(printed.includes(reason));
    t.regex(printed, /^group 0: rows .*-> /);
  });

test('reasons name the operations', (t) => {
  const text = printGroups(whyNot([x], [exp(cumsum(sin(x), 0))]));
  t.regex(text, /not merged: sin with cumsum/);
  t.regex(text, /not merged: cumsum with exp/);
});

test('what was merged after all is not listed as refused', (t) => {
  const { groups, refused: list } = whyNot([x], [softmax(mul(x, 2), 1)]);
  t.is(groups.length, 1);
  t.deepEqual(list, []);
});

// --- more that is one kernel ---------------------------------------------------------------------------------------------------------------

const [g, scale, step] = [tensor([64, 128]), tensor([]), tensor([])];
const mask = tensor([64, 128], 'bool');
const [image, kernel, channel] = [tensor([2, 3, 8, 8]), tensor([4, 3, 3, 3]), tensor([4])];
const oneKernel: Readonly<Record<string, readonly [inputs: readonly Node[], outputs: readonly Node[]]>> = {
  'reductions over rows, columns and everything': [[x], [sum(x, 1), sum(x, 0), sum(x), amax(x, 1)]],
  'a mean, a variance and the normalised values': [[x], [variance(x, 1), layerNorm(x, [128])]],
  'the place and the value of a maximum': [[x], [amax(x, 1), argmax(x, 1)]],
  'what is computed once and used by all rows': [[x, scale, step], [mul(x, exp(mul(scale, step)))]],
  'a loss and what follows it': [[x, scale], [mul(sum(square(x)), scale)]],
  'three results of different shapes': [[x], [exp(x), sum(exp(x), 1), sum(mul(exp(x), 2), 0)]],
  'gelu with its gradient': [
    [x, g],
    [gelu(x), ...gradients(gelu(x), [x], g)],
  ],
  'softmax with its gradient': [
    [x, g],
    [softmax(x, 1), ...gradients(softmax(x, 1), [x], g)],
  ],
  'a residual block of norms': [[x, g], [add(x, layerNorm(add(x, g), [128]))]],
  'a masked softmax over split heads': [
    [x, mask],
    [softmax(mul(reshape(x, [64, 4, 32]), reshape(mask, [64, 4, 32])), 2)],
  ],
  'a gate of two halves': [[x], [mul(tanh(narrow(x, 1, 0, 64)), sigmoid(narrow(x, 1, 64, 64)))]],
  'siblings that share what they read': [
    [x, g],
    [sum(mul(x, g), 1), relu(x)],
  ],
  'a bias gradient beside what its rows give': [
    [x, g],
    [sum(mul(g, x), 0), mul(g, 2)],
  ],
  'a convolution with bias and relu': [[image, kernel, channel], [relu(conv2d(image, kernel, channel))]],
};
for (const [what, [inputs, outputs]] of Object.entries(oneKernel))
  test(`one kernel: ${what}`, (t) => {
    const { built } = compileNodes(inputs, outputs);
    t.is(built.plan.kernels.length, 1, printGroups(built.grouping));
  });

test('attention is two products and one softmax', (t) => {
  const [q, k, v] = [tensor([2, 16, 8]), tensor([2, 16, 8]), tensor([2, 16, 8])];
  const scores = mul(matmul(q, transpose(k, 1, 2)), 1 / Math.sqrt(8));
  const y = matmul(softmax(scores, 2), v);
  t.is(kernels([q, k, v], [y]), 3);
});

test('the same reader twice, and equal expressions, are one computation', (t) => {
  const { built } = compileNodes([x], [add(exp(x), exp(x)), mul(exp(x), exp(x))]);
  t.is(built.optimized.nodes.filter((n) => n.op.name === 'exp').length, 1);
  t.is(built.plan.kernels.length, 1);
});

test('no kernel is made for views, constants and what is only passed on', (t) => {
  const { built } = compileNodes([x], [sum(reshape(transpose(reshape(x, [8, 8, 128]), 0, 1), [64, 128]), 1)]);
  t.is(built.plan.kernels.length, 1);
});

test('a program never has more kernels than computed values', (t) => {
  for (let seed = 72_000; seed < 72_025; seed++) {
    const { built } = compileGraph(randomGraph(seed));
    const computed = built.optimized.nodes.filter(isComputed).length;
    t.true(built.plan.kernels.length <= Math.max(1, computed));
    t.true(built.plan.slots.every((s) => s.bytes >= numel([s.buffer.length])));
  }
});
