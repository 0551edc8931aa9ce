// Groups that are the same but for the memory they touch: a step of a recurrent network, written once by the user, is a group per time
// step. In: a group, and the buffer of every value that is in memory. Out: a text, the same for two groups if lowering makes the same loops
// of them, and the windows in the order in which the text mentions them. kernels.ts lowers one of such groups.
//
// A window of a buffer (x[t] of a sequence x) is a place of its own: the text says how far its elements are apart, and not where it begins.

import type { Group } from './group.ts';
import { partsOf } from './group.ts';
import { attrsKey } from './graph.ts';
import type { Buffer } from './nest.ts';
import type { Node } from './node.ts';
import { printType } from './node.ts';
import { meaningOf } from './reads.ts';
import { stridesOf } from './shape.ts';

/** A piece of memory that a group touches, from an element on; a whole buffer begins at 0. */
export interface Window {
  readonly buffer: Buffer;
  readonly start: number;
}

export interface Description {
  readonly text: string;
  readonly windows: readonly Window[];
}

/** Null for a routine: each has a place of its own in a table. */
export function describeGroup(
  group: Group,
  bufferOf: (n: Node) => Buffer | undefined,
  inlined: ReadonlySet<Node>,
): Description | null {
  const parts = partsOf(group);
  const members = new Set(parts.flatMap((part) => part.domain.members));
  const names = new Map<Node, string>();
  const buffers: Buffer[] = [];
  const windows: Window[] = [];
  const lines: string[] = [];

  const inMemory = (n: Node, start = 0): string => {
    const buffer = bufferOf(n) as Buffer;
    if (!buffers.includes(buffer)) buffers.push(buffer);
    windows.push({ buffer, start });
    return `memory ${buffers.indexOf(buffer)}: ${printType(n.type)}`;
  };
  const isRead = (n: Node): boolean => {
    const { tag } = meaningOf(n);
    return tag !== 'view' && tag !== 'constant' && tag !== 'iota' && !inlined.has(n) && !members.has(n);
  };
  const describe = (n: Node): string => {
    if (isRead(n)) return inMemory(n);
    const meaning = meaningOf(n);
    if (meaning.tag === 'view' && meaning.view.tag === 'affine' && isRead(n.inputs[0])) {
      const { axes, fill } = meaning.view;
      if (fill === undefined && axes.every((a) => a.div === undefined)) {
        const strides = stridesOf(n.inputs[0].type.shape);
        const start = axes.reduce((sum, a, i) => sum + a.offset * strides[i], 0);
        return `window ${axes.map((a) => a.terms.join()).join(';')} of ${inMemory(n.inputs[0], start)}`;
      }
    }
    return `${n.op.name} ${attrsKey(n.attrs)} ${n.inputs.map(refer).join(' ')}`;
  };
  /** The name of a value; its line comes before that of its reader. */
  const refer = (n: Node): string => {
    const known = names.get(n);
    if (known !== undefined) return known;
    const line = `${describe(n)}: ${printType(n.type)}`;
    const name = `v${names.size}`;
    names.set(n, name);
    lines.push(`${name} = ${line}`);
    return name;
  };
  for (const { domain, stored } of parts) {
    for (const n of domain.members) {
      if (meaningOf(n).tag === 'routine') return null;
      const from = n.origin && `${n.origin.op} ${n.origin.file}:${n.origin.line}:${n.origin.column}`;
      const role = `${domain.place.get(n)} ${domain.pass.get(n)} ${domain.sinks.has(n)}`;
      lines.push(`${refer(n)} is ${role}, ${stored.includes(n) ? inMemory(n) : 'kept'}, from ${from}`);
    }
    lines.push(`rows ${domain.rows.map((a) => a.extent).join()}, passes ${domain.passes}`);
  }
  return { text: lines.join('\n'), windows };
}

/** How far each buffer of one group is from its like in another that has the same text; null if windows of one buffer lie differently. */
export function distances(
  from: readonly Window[],
  to: readonly Window[],
): ReadonlyMap<Buffer, Window> | null {
  const result = new Map<Buffer, Window>();
  for (let i = 0; i < from.length; i++) {
    const start = to[i].start - from[i].start;
    const known = result.get(from[i].buffer);
    if (known && known.start !== start) return null;
    result.set(from[i].buffer, { buffer: to[i].buffer, start });
  }
  return result;
}
