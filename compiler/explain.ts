// What the compiler did, as plain data. In: what the pipeline made. Out: the graph before and after each pass with the rewrites in between,
// who shares a loop and why others do not, nests, and the plan with its lifetimes; under names that stay the same from stage to stage.
//
// Made when somebody asks. The pipeline records no rewrites: simplification is carried out once more, with somebody who watches, and since
// it is deterministic its results are those of the program, node for node.

import { InternalError } from './errors.ts';
import { letters, printDetail, reachable } from './graph.ts';
import type { Graph } from './graph.ts';
import { partsOf, printGroups } from './group.ts';
import type { Group } from './group.ts';
import { printKernel } from './printNest.ts';
import type { Buffer } from './nest.ts';
import type { Node, Origin } from './node.ts';
import { printType } from './node.ts';
import { materialise } from './pipeline.ts';
import type { Built } from './pipeline.ts';
import { printPlan } from './plan.ts';
import { numel } from './shape.ts';
import type { DType } from './dtype.ts';
import { dtypes } from './dtype.ts';
import { simplify } from './simplify.ts';

/** One operation of a graph. */
export interface Operation {
  /** The letter under which all stages know the value. */
  readonly name: string;
  readonly op: string;
  /** `float32[8, 100]` */
  readonly type: string;
  /** Names of the operands. */
  readonly inputs: readonly string[];
  /** What it does besides, such as the axes of a sum; may be empty. */
  readonly detail: string;
  readonly origin: Origin | null;
}

export interface GraphView {
  readonly inputs: readonly Operation[];
  /** Without the inputs; operands before their readers. */
  readonly operations: readonly Operation[];
  readonly outputs: readonly string[];
}

/** A rule was applied: an operation gave way to something else. */
export interface Rewrite {
  readonly rule: string;
  /** Null for what is only added. */
  readonly before: Operation | null;
  /** Who has the value now: the same name if it is a new operation, the last of `added`. */
  readonly after: string;
  /** New operations. */
  readonly added: readonly Operation[];
}

export interface GroupView {
  /** The kernel that it became. */
  readonly kernel: string;
  readonly members: readonly string[];
  /** Those whose values are stored because others need them. */
  readonly stored: readonly string[];
}

/** Two operations that could have shared a loop, and why they do not. */
export interface Refused {
  readonly producer: string;
  readonly consumer: string;
  readonly producerKernel: string;
  readonly consumerKernel: string;
  readonly why: string;
  /** Of the value of the producer if the consumer's kernel reads it, else 0. */
  readonly bytes: number;
}

export interface SlotView {
  readonly buffer: string;
  readonly role: Buffer['role'];
  readonly dtype: DType;
  readonly length: number;
  readonly offset: number;
  readonly bytes: number;
  /** The first and the last kernel that need it, by position; -1 and the number of kernels are the start and the end of a run. */
  readonly from: number;
  readonly to: number;
  /** The value that it holds, or null for scratch. */
  readonly value: string | null;
}

export interface PlanView {
  readonly kernels: readonly {
    readonly name: string;
    readonly reads: readonly string[];
    readonly writes: readonly string[];
  }[];
  readonly slots: readonly SlotView[];
  /** Buffers that lie in the memory of another. */
  readonly aliases: readonly { readonly buffer: string; readonly of: string }[];
  /** Copied at the end of a run. */
  readonly copies: readonly { readonly from: string; readonly to: string }[];
  readonly arenaBytes: number;
  readonly peakBytes: number;
}

/** The stages of a program as data. */
export interface Explanation {
  readonly graph: GraphView;
  readonly rewrites: readonly Rewrite[];
  readonly optimized: GraphView;
  readonly groups: readonly GroupView[];
  readonly refused: readonly Refused[];
  readonly plan: PlanView;
}

type NameOf = (n: Node) => string;

const plainOrigin = (origin: Origin | null): Origin | null =>
  origin && { op: origin.op, file: origin.file, line: origin.line, column: origin.column };

const operationOf = (n: Node, nameOf: NameOf): Operation => ({
  name: nameOf(n),
  op: n.op.name,
  type: printType(n.type),
  inputs: n.inputs.map(nameOf),
  detail: printDetail(n),
  origin: plainOrigin(n.origin),
});

function graphView(graph: Graph, nameOf: NameOf): GraphView {
  const inputs = new Set(graph.inputs);
  return {
    inputs: graph.inputs.map((n) => operationOf(n, nameOf)),
    operations: graph.nodes.filter((n) => !inputs.has(n)).map((n) => operationOf(n, nameOf)),
    outputs: graph.outputs.map(nameOf),
  };
}

/** Simplification once more, watched: its steps, and a name for each node of the program's optimized graph. */
function watch({ graph, optimized, options }: Built): { rewrites: Rewrite[]; nameOf: NameOf } {
  const names = new Map<Node, string>();
  let count = 0;
  const fresh = (n: Node): void => void names.set(n, letters(count++));
  const nameOf: NameOf = (n) => {
    const name = names.get(n);
    if (name === undefined) throw new InternalError(`explain: ${n.op.name} has no name`);
    return name;
  };
  const rewrites: Rewrite[] = [];
  /** New nodes get names, the last of them that of the value it stands for. */
  const introduce = (root: Node, name: string): Node[] => {
    const added = reachable([root], (n) => names.has(n)).filter((n) => !names.has(n));
    for (const n of added)
      if (n === root) names.set(n, name);
      else fresh(n);
    return added;
  };
  for (const n of [...graph.inputs, ...graph.nodes]) if (!names.has(n)) fresh(n);

  const follow = (from: Node, to: Node): void => {
    const name = nameOf(from);
    const other = names.get(to);
    if (other === undefined) names.set(to, name);
    else if (other !== name && from.op === to.op && !moved.has(from))
      rewrites.push({
        rule: 'common subexpression',
        before: operationOf(from, nameOf),
        after: other,
        added: [],
      });
    if (other !== undefined && other !== name) moved.add(from);
  };
  /** Nodes whose value has gone to another name. */
  const moved = new Set<Node>();
  const simplified = simplify(graph, {
    ...options,
    follow,
    trace({ rule, before, after }) {
      const name = nameOf(before);
      const operation = operationOf(before, nameOf);
      const added = introduce(after, name);
      moved.add(before);
      rewrites.push({
        rule,
        before: operation,
        after: nameOf(after),
        added: added.map((n) => operationOf(n, nameOf)),
      });
    },
  });
  const again = materialise(simplified, follow);
  for (const n of again.nodes)
    if (!names.has(n)) {
      fresh(n);
      const added = [operationOf(n, nameOf)];
      rewrites.push({ rule: 'a result has memory of its own', before: null, after: nameOf(n), added });
    }

  // the same graph, node for node
  again.nodes.forEach((n, i) => {
    const twin = optimized.nodes[i];
    if (twin?.op !== n.op) throw new InternalError('explain: simplification is not what it was');
    names.set(twin, nameOf(n));
  });
  return { rewrites, nameOf };
}

/** The stages that explain knows. */
export type Stage = 'graph' | 'optimized' | 'groups' | 'nests' | 'plan';

export interface Explained {
  readonly data: Explanation;
  /** The text of a stage: the same program gives the same text, good to compare and to keep. */
  text(stage: Stage): string;
}

/** All that one kernel computes. */
const membersOf = (g: Group): Node[] => partsOf(g).flatMap((part) => part.domain.members);

/** Everything that the compiler decided about a program. */
export function explain(built: Built): Explained {
  const { rewrites, nameOf } = watch(built);
  const data = explanationOf(built, rewrites, nameOf);
  return { data, text: (stage) => textOf(built, data, nameOf, stage) };
}

function explanationOf(built: Built, rewrites: readonly Rewrite[], nameOf: NameOf): Explanation {
  const { graph, optimized, grouping, nests, plan, valueOf } = built;
  const kernelOf = new Map(
    grouping.groups.flatMap((g, i) => membersOf(g).map((n) => [n, nests[i].name] as const)),
  );
  const readers = new Map(plan.kernels.map((k) => [k.name, new Set(k.reads)]));
  const bufferOf = new Map([...valueOf].map(([b, n]) => [n, b]));
  const seen = new Set<string>();
  const refused = grouping.refused.flatMap(({ producer, consumer, why }): Refused[] => {
    const key = `${nameOf(producer)} ${nameOf(consumer)} ${why}`;
    if (seen.has(key)) return [];
    seen.add(key);
    const [producerKernel, consumerKernel] = [producer, consumer].map((n) => kernelOf.get(n) ?? '');
    const buffer = bufferOf.get(producer);
    const crosses = buffer !== undefined && readers.get(consumerKernel)?.has(buffer);
    const bytes = crosses ? numel(producer.type.shape) * dtypes[producer.type.dtype].bytes : 0;
    return [
      { producer: nameOf(producer), consumer: nameOf(consumer), producerKernel, consumerKernel, why, bytes },
    ];
  });
  return {
    graph: graphView(graph, nameOf),
    rewrites,
    optimized: graphView(optimized, nameOf),
    groups: grouping.groups.map((g, i) => ({
      kernel: nests[i].name,
      members: membersOf(g).map(nameOf),
      stored: partsOf(g).flatMap((part) => part.stored.map(nameOf)),
    })),
    refused,
    plan: planView(built, nameOf),
  };
}

function planView({ plan, valueOf }: Built, nameOf: NameOf): PlanView {
  const names = (buffers: readonly Buffer[]): string[] => buffers.map((b) => b.name);
  return {
    kernels: plan.kernels.map((k) => ({ name: k.name, reads: names(k.reads), writes: names(k.writes) })),
    slots: plan.slots.map(({ buffer, offset, bytes, from, to }) => {
      const value = valueOf.get(buffer);
      const { name, role, dtype, length } = buffer;
      return {
        ...{ buffer: name, role, dtype, length, offset, bytes, from, to },
        value: value === undefined ? null : nameOf(value),
      };
    }),
    aliases: [...plan.aliases].map(([a, b]) => ({ buffer: a.name, of: b.name })),
    copies: plan.copies.map(({ from, to }) => ({ from: from.name, to: to.name })),
    arenaBytes: plan.arenaBytes,
    peakBytes: plan.peakBytes,
  };
}

function textOf(
  built: Built,
  { graph, rewrites, optimized }: Explanation,
  nameOf: NameOf,
  stage: Stage,
): string {
  switch (stage) {
    case 'graph':
      return printGraphView(graph);
    case 'optimized':
      return [...rewrites.map(printRewrite), printGraphView(optimized)].join('\n');
    case 'groups':
      return printGroups(
        built.grouping,
        (n) => `${nameOf(n)} ${n.op.name}`,
        (g) => `group ${g.id}: ${built.nests[built.grouping.groups.indexOf(g)].name}`,
      );
    case 'nests':
      return built.plan.kernels.map(printKernel).join('\n\n');
    case 'plan':
      return printPlan(built.plan);
  }
}

const printOperation = ({ op, inputs, detail }: Operation): string =>
  `${[op, ...inputs].join(' ')}${detail === '' ? '' : ` {${detail}}`}`;

const printOrigin = (origin: Origin | null): string =>
  origin === null
    ? ''
    : `   // ${origin.op}${origin.file === '' ? '' : ` ${origin.file}:${origin.line}:${origin.column}`}`;

/** One line per operation: `c: float32[2, 3] = mul a b   // mul model.ts:12:7`. */
export function printGraphView({ inputs, operations, outputs }: GraphView): string {
  const head = inputs.map((x) => `${x.name}: ${x.type}`).join(', ');
  const lines = operations.map(
    (x) => `  ${x.name}: ${x.type} = ${printOperation(x)}${printOrigin(x.origin)}`,
  );
  return [`graph(${head}) {`, ...lines, `  return ${outputs.join(', ')}`, '}'].join('\n');
}

/** `x * 1 = x:  e: mul d c -> d`, and below it the operations that are new. */
export function printRewrite({ rule, before, after, added }: Rewrite): string {
  const root = added[added.length - 1];
  const now = root?.name === after ? printOperation(root) : after;
  const head = before === null ? `${after}: ${now}` : `${before.name}: ${printOperation(before)} -> ${now}`;
  const others = added.filter((x) => x !== root || x.name !== after);
  return [`${rule}:  ${head}`, ...others.map((x) => `    ${x.name}: ${x.type} = ${printOperation(x)}`)].join(
    '\n',
  );
}
