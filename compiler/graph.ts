// Graphs: what a program computes. In: output nodes. Out: the nodes they need in topological order, interned so that equal
// structure is one object (common subexpressions are free), checked by `verifyGraph` and printed by `printGraph`.

import { InternalError } from './errors.ts';
import type { Node } from './node.ts';
import { printType, reachable, withInputs } from './node.ts';
import { isCommutative } from './rewrite.ts';
import { printScalar } from './scalar.ts';
import { sameShape } from './shape.ts';
import { printView, viewFault } from './view.ts';

export { reachable };

export interface Graph {
  /** The program's inputs in calling order; a graph may list some that nothing reads. */
  readonly inputs: readonly Node[];
  readonly outputs: readonly Node[];
  /** Everything reachable from the outputs, inputs before readers. */
  readonly nodes: readonly Node[];
}

/** Attributes as text: plain data only; numbers keep NaN, infinities and -0 apart; functions count by identity. */
export function attrsKey(attrs: unknown): string {
  if (attrs === undefined) return '';
  return JSON.stringify(attrs, (_, v: unknown) => {
    if (typeof v === 'number' && (!Number.isFinite(v) || Object.is(v, -0)))
      return `#${Object.is(v, -0) ? '-0' : v}`;
    if (typeof v === 'function') return `#f${identityNumber(v)}`;
    return v;
  });
}

const identities = new WeakMap<object, number>();
let identityCount = 0;
function identityNumber(value: object): number {
  let n = identities.get(value);
  if (n === undefined) identities.set(value, (n = identityCount++));
  return n;
}

/** Hash-consing: one object per structure. Input nodes are themselves, never merged. */
export class Interner {
  private readonly table = new Map<string, Node>();
  private readonly canonical = new Set<Node>();

  /** The one node with this structure; `n`'s own inputs must be interned already. */
  intern(n: Node): Node {
    if (this.canonical.has(n)) return n;
    if (n.op.meaning(n).tag === 'input') {
      this.canonical.add(n);
      return n;
    }
    const ids = n.inputs.map((i) => i.id);
    if (ids.length === 2 && ids[0] > ids[1] && isCommutative(n.op.name)) ids.reverse();
    const key = `${n.op.name}|${ids.join()}|${n.type.dtype}|${n.type.shape.join()}|${attrsKey(n.attrs)}`;
    const known = this.table.get(key);
    if (known) return known;
    this.table.set(key, n);
    this.canonical.add(n);
    return n;
  }
}

/** A graph of these outputs over these inputs, interned. Ids are renumbered by nobody: prints letter their own. */
export function makeGraph(
  inputs: readonly Node[],
  outputs: readonly Node[],
  interner = new Interner(),
): Graph {
  return mapGraph({ inputs, outputs, nodes: reachable(outputs) }, (n) => n, interner);
}

/**
 * Rebuilds a graph bottom-up. `f` sees each node over its new inputs and returns it or a replacement of the same type, which may
 * bring new nodes of its own.
 */
export function mapGraph(graph: Graph, f: (n: Node) => Node, interner = new Interner()): Graph {
  const done = new Map<Node, Node>();
  const settle = (n: Node): Node => {
    for (const m of reachable([n], (x) => done.has(x))) {
      if (done.has(m)) continue;
      const inputs = m.inputs.map((i) => done.get(i)!);
      const changed = inputs.some((x, i) => x !== m.inputs[i]);
      done.set(m, interner.intern(changed ? withInputs(m, inputs) : m));
    }
    return done.get(n)!;
  };
  for (const n of graph.nodes) {
    const inputs = n.inputs.map((i) => done.get(i)!);
    const changed = inputs.some((x, i) => x !== n.inputs[i]);
    const base = interner.intern(changed ? withInputs(n, inputs) : n);
    const result = f(base);
    done.set(n, result === base ? base : settle(result));
  }
  const outputs = graph.outputs.map((o) => done.get(o)!);
  return { inputs: graph.inputs, outputs, nodes: reachable(outputs) };
}

/** Throws an InternalError that prints the graph if a node breaks the rules of its form. */
export function verifyGraph(graph: Graph): void {
  const seen = new Set<Node>();
  const inputs = new Set(graph.inputs);
  const fail = (n: Node, why: string): never => {
    throw new InternalError(`graph: ${n.op.name}: ${why}\n${printGraph(graph)}`);
  };
  for (const n of graph.nodes) {
    for (const i of n.inputs) if (!seen.has(i)) fail(n, 'reads a node that comes later');
    seen.add(n);
    const meaning = n.op.meaning(n);
    if (meaning.tag === 'input' && !inputs.has(n)) fail(n, 'is an input that the program does not list');
    const type =
      meaning.tag === 'input'
        ? n.type
        : n.op.type(
            n.inputs.map((i) => i.type),
            n.attrs,
          );
    if (type.dtype !== n.type.dtype || !sameShape(type.shape, n.type.shape))
      fail(n, `is ${printType(n.type)}, but its rule says ${printType(type)}`);
    if (meaning.tag === 'view') {
      const fault = viewFault(meaning.view, n.inputs[0].type.shape, n.type.shape);
      if (fault) fail(n, fault);
    }
  }
  for (const o of graph.outputs) if (!seen.has(o)) fail(o, 'is an output that is not among the nodes');
}

/** Names for prints: a, b, ... z, aa, ab, ... */
export function letters(i: number): string {
  const head = i >= 26 ? letters(Math.floor(i / 26) - 1) : '';
  return head + String.fromCharCode(97 + (i % 26));
}

/** One line per node: `c: float32[2, 3] = mul a b   // model.ts:12`. Stable, good to diff. */
export function printGraph(graph: Graph): string {
  const names = new Map<Node, string>();
  const nameOf = (n: Node): string => names.get(n) ?? '?';
  const all = [...graph.inputs, ...graph.nodes.filter((n) => !graph.inputs.includes(n))];
  all.forEach((n, i) => names.set(n, letters(i)));
  const head = graph.inputs.map((n) => `${nameOf(n)}: ${printType(n.type)}`).join(', ');
  const lines = graph.nodes
    .filter((n) => n.op.meaning(n).tag !== 'input')
    .map((n) => {
      const words = [n.op.name, ...n.inputs.map(nameOf)];
      const detail = printDetail(n);
      const from = n.origin ? `   // ${n.origin.op} ${n.origin.file}:${n.origin.line}` : '';
      return `  ${nameOf(n)}: ${printType(n.type)} = ${words.join(' ')}${detail ? ` {${detail}}` : ''}${from}`;
    });
  return [`graph(${head}) {`, ...lines, `  return ${graph.outputs.map(nameOf).join(', ')}`, '}'].join('\n');
}

/** What an operation does besides its name: a number, a view, the axes of a sum. */
export function printDetail(n: Node): string {
  const m = n.op.meaning(n);
  switch (m.tag) {
    case 'constant':
      return String(Object.is(m.value, -0) ? '-0' : m.value);
    case 'iota':
      return `${m.offset} + ${m.step} * i${m.axis}`;
    case 'map':
      return m.expr.tag === 'prim' && m.expr.args.every((x) => x.tag === 'arg')
        ? ''
        : printScalar(m.expr, ['$0', '$1', '$2', '$3']);
    case 'reduce':
      return `${m.monoid} over ${m.axes.join(', ')}${m.keepdim ? ', keepdim' : ''}`;
    case 'view':
      return printView(m.view);
    case 'contract':
      return `${labels(m.a)},${labels(m.b)}->${labels(m.out)}`;
    default:
      return attrsKey(n.attrs);
  }
}

const labels = (ids: readonly number[]): string => ids.map((i) => letters(8 + i)).join('');
