// Keys of graphs: when two lazy graphs are the same program. In: output nodes. Out: a text that is equal for equal structure (operators,
// attributes, types, wiring), the buffers the graph reads, and its constants. Constants stand apart from the key, so that a learning
// rate that changes in each step does not make each step a new program.

import { reachable } from '../compiler/graph.ts';
import type { Node } from '../compiler/node.ts';
import type { Op } from '../compiler/op.ts';
import type { Buffer } from './cell.ts';
import { bufferOf } from './cell.ts';
import { limits } from './limits.ts';
import { refuseEscaped } from './trace.ts';

export interface KeyedGraph {
  readonly key: string;
  /** Inputs before readers; computed nodes and inputs have no inputs here. */
  readonly nodes: readonly Node[];
  /** What the graph reads, in order of first use, with the nodes that stand for it. */
  readonly leaves: readonly { readonly node: Node; readonly buffer: Buffer }[];
  readonly constants: readonly { readonly node: Node; readonly value: number }[];
}

const opNumbers = new WeakMap<Op<never>, number>();
let opCount = 0;
function numberOfOp(op: Op<never>): number {
  let n = opNumbers.get(op);
  if (n === undefined) opNumbers.set(op, (n = opCount++));
  return n;
}

let numbers = new Map<string, number>();
let epoch = 0;

/** Changes when texts of kinds are numbered anew: keys of different epochs must not be compared. */
export const keyEpoch = (): number => epoch;

function numberOfKind(text: string): number {
  let n = numbers.get(text);
  if (n === undefined) numbers.set(text, (n = numbers.size));
  return n;
}

/** Plain data as text that keeps all values apart; functions count by identity. */
export function dataKey(value: unknown): string {
  switch (typeof value) {
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value);
    case 'string':
      return JSON.stringify(value);
    case 'object': {
      if (value === null) return 'null';
      if (Array.isArray(value) || ArrayBuffer.isView(value)) {
        let text = '[';
        for (const item of value as unknown as Iterable<unknown>) text += `${dataKey(item)},`;
        return `${text}]`;
      }
      let text = '{';
      for (const name of Object.keys(value))
        text += `${name}:${dataKey((value as Record<string, unknown>)[name])},`;
      return `${text}}`;
    }
    case 'function':
      return `f${identityOf(value)}`;
    default:
      return String(value);
  }
}

const identities = new WeakMap<object, number>();
let identityCount = 0;
/** A number that stands for an object. */
export function identityOf(value: object): number {
  let n = identities.get(value);
  if (n === undefined) identities.set(value, (n = identityCount++));
  return n;
}

/** The key of the graph below some nodes, cut where values have been computed. */
export function keyGraph(outputs: readonly Node[]): KeyedGraph {
  if (numbers.size > limits.numberedOps) {
    numbers = new Map();
    epoch++;
  }
  const nodes = reachable(outputs, (n) => bufferOf(n) !== undefined);
  const leaves: KeyedGraph['leaves'][number][] = [];
  const constants: KeyedGraph['constants'][number][] = [];
  const places = new Map<Node, number>();
  const parts: string[] = [];
  nodes.forEach((n, place) => {
    places.set(n, place);
    const { dtype, shape } = n.type;
    const buffer = bufferOf(n);
    if (buffer !== undefined) {
      leaves.push({ node: n, buffer });
      parts.push(String(numberOfKind(`leaf ${dtype} ${shape.join()}`)));
      return;
    }
    if (n.inputs.length === 0) {
      const meaning = n.op.meaning(n);
      if (meaning.tag === 'input') refuseEscaped();
      if (meaning.tag === 'constant') {
        constants.push({ node: n, value: meaning.value });
        parts.push(String(numberOfKind(`constant ${dtype} ${shape.join()}`)));
        return;
      }
    }
    const attrs = n.attrs === undefined ? '' : dataKey(n.attrs);
    let part = String(numberOfKind(`${numberOfOp(n.op)} ${dtype} ${shape.join()} ${attrs}`));
    for (const i of n.inputs) part += `,${places.get(i)!}`;
    parts.push(part);
  });
  return { key: `${parts.join(';')}>${outputs.map((o) => places.get(o)!).join()}`, nodes, leaves, constants };
}
