// Fusion: who shares a loop nest. In: a simplified graph. Out: groups of computed nodes in an order that respects their
// dependencies, each with its domain, and every refused merge with the rule that refused it.
//
// Greedy over nodes in topological order: a node starts alone and joins the groups of its producers, largest value first
// (that saves the most memory traffic); then groups that read the same memory join as siblings. A merge must leave the group
// convex, that is, no path may leave it and come back, and `analyse` must find common loops.

import { flopsOf } from './cost.ts';
import type { Domain, GrowingDomain } from './domain.ts';
import { analyse } from './domain.ts';
import { InternalError } from './errors.ts';
import { extend, extendBefore } from './extend.ts';
import type { Graph } from './graph.ts';
import { limits } from './limits.ts';
import type { Node } from './node.ts';
import { isComputed, meaningOf, movesElements, producersOf, readOf } from './reads.ts';
import { findBroadcastBack, findInlined, findManyReaders, findSpread } from './roles.ts';
import { numel } from './shape.ts';

export interface Group {
  readonly id: number;
  readonly domain: Domain;
  /** Members whose values others need: they are stored. */
  readonly stored: readonly Node[];
  /** Small groups that the same kernel computes first, because this is the first to read them. */
  readonly preludes: readonly Group[];
}

export interface RefusedMerge {
  readonly producer: Node;
  readonly consumer: Node;
  readonly why: string;
}

export interface Grouping {
  readonly groups: readonly Group[];
  readonly refused: readonly RefusedMerge[];
  /** Nodes recomputed by every reader because they cost nothing: maps of constants and positions. */
  readonly inlined: ReadonlySet<Node>;
}

interface Draft {
  /** Those of its domain, if it has one. */
  readonly members: Node[];
  /** Null until somebody joins: most nodes do not stay alone. */
  readonly domain: GrowingDomain | null;
  readonly contracts: boolean;
  /** Iterations of its largest member. */
  volume: number;
  from: Set<Draft>;
  to: Set<Draft>;
  /** Position of the first member. */
  first: number;
  /** Position of the last member of this group or of any that it needs: a group that starts later is not among these. */
  late: number;
  /** The last search that came by. */
  searched: number;
}

/** How often a node's inner loop runs. */
function volumeOf(n: Node): number {
  const m = meaningOf(n);
  if (m.tag === 'reduce') return numel(n.inputs[0].type.shape);
  return m.tag === 'contract' ? flopsOf(n) / 2 : numel(n.type.shape);
}

const isNumber = (n: Node): boolean => numel(n.type.shape) === 1;
const isScalar = (d: Draft): boolean => d.members.every((n) => isNumber(n) && meaningOf(n).tag === 'map');

/** True if a path of at least one group in between leads from `a` to `b`. */
function detour(a: Draft, b: Draft): boolean {
  const search = ++searches;
  const stack: Draft[] = [];
  const look = (d: Draft): void => {
    if (d.searched === search || d.late < a.first) return;
    d.searched = search;
    stack.push(d);
  };
  for (const d of b.from) if (d !== a) look(d);
  for (let d = stack.pop(); d !== undefined; d = stack.pop()) {
    if (d.from.has(a)) return true;
    d.from.forEach(look);
  }
  return false;
}
let searches = 0;

/** Passes `late` on to all groups that need this one. */
function raise(d: Draft): void {
  const stack = [d];
  for (let from = stack.pop(); from !== undefined; from = stack.pop())
    for (const to of from.to)
      if (to.late < from.late) {
        to.late = from.late;
        stack.push(to);
      }
}

/** True if any path leads from `a` to `b`. */
const reaches = (a: Draft, b: Draft): boolean => b.from.has(a) || detour(a, b);

export function group(graph: Graph): Grouping {
  const inlined = findInlined(graph);
  const computed = graph.nodes.filter((n) => isComputed(n) && !inlined.has(n));
  const position = new Map(computed.map((n, i) => [n, i]));
  const draftOf = new Map<Node, Draft>();
  const broadcastBack = findBroadcastBack(computed);
  const manyReaders = findManyReaders(computed);
  const spread = findSpread(computed);
  const refused: RefusedMerge[] = [];
  const positionOf = (n: Node): number => position.get(n) as number;

  /** `a` has taken in the one member of `b`. */
  const grow = (a: Draft, b: Draft, volume: number): Draft => {
    a.volume = volume;
    a.first = Math.min(a.first, b.first);
    a.late = Math.max(a.late, b.late);
    for (const d of b.from) {
      d.to.delete(b);
      if (d !== a) {
        d.to.add(a);
        a.from.add(d);
      }
    }
    for (const d of b.to) {
      d.from.delete(b);
      if (d !== a) {
        d.from.add(a);
        a.to.add(d);
      }
    }
    draftOf.set(b.members[0], a);
    raise(a);
    return a;
  };

  const merge = (a: Draft, b: Draft, producer: Node, consumer: Node): Draft | null => {
    const why = (reason: string): null => {
      refused.push({ producer, consumer, why: reason });
      return null;
    };
    if (a.members.length + b.members.length > limits.groupMembers) return why('the group would be too large');
    if (a.contracts && b.contracts) return why('two contractions');
    if (movesElements(consumer, producer))
      return why(`${consumer.op.name} reads ${producer.op.name} through a view that moves elements`);
    if (isScalar(a) && !isScalar(b) && manyReaders.has(producer))
      return why('a scalar that several kernels read comes first');
    if ((a.contracts || b.contracts) && broadcastBack.has(consumer))
      return why('its result is read along its own axis');
    if (detour(a, b) || detour(b, a)) return why('a path leaves the group and comes back');
    const volume = Math.max(a.volume, b.volume);
    const comesFirst = (side: Draft, domain: Domain): boolean =>
      side.volume < volume && side.members.some((n) => spread.has(n) && domain.sinks.has(n));
    const tooLate = 'a small sum that rows read again comes first';
    if (b.members.length === 1 && positionOf(b.members[0]) > positionOf(a.members[a.members.length - 1])) {
      if (a.domain && comesFirst(a, a.domain)) return why(tooLate);
      if (a.domain && extend(a.domain, b.members[0])) return grow(a, b, volume);
    } else if (a.members.length === 1 && b.domain && !comesFirst(b, b.domain)) {
      if (extendBefore(b.domain, a.members[0], positionOf)) return grow(b, a, volume);
    }
    const members = [...a.members, ...b.members].sort((x, y) => positionOf(x) - positionOf(y));
    const domain = analyse(members);
    if ('refused' in domain) return why(domain.refused);
    if (comesFirst(a, domain) || comesFirst(b, domain)) return why(tooLate);
    const merged: Draft = {
      members,
      domain,
      contracts: a.contracts || b.contracts,
      volume,
      from: new Set([...a.from, ...b.from]),
      to: new Set([...a.to, ...b.to]),
      first: Math.min(a.first, b.first),
      late: Math.max(a.late, b.late),
      searched: 0,
    };
    for (const d of [a, b]) {
      merged.from.delete(d);
      merged.to.delete(d);
    }
    for (const d of merged.from) {
      d.to.delete(a);
      d.to.delete(b);
      d.to.add(merged);
    }
    for (const d of merged.to) {
      d.from.delete(a);
      d.from.delete(b);
      d.from.add(merged);
    }
    for (const n of members) draftOf.set(n, merged);
    raise(merged);
    return merged;
  };

  for (const n of computed) {
    const at = position.get(n) as number;
    let mine: Draft = {
      members: [n],
      domain: null,
      contracts: meaningOf(n).tag === 'contract',
      volume: volumeOf(n),
      from: new Set(),
      to: new Set(),
      first: at,
      late: at,
      searched: 0,
    };
    draftOf.set(n, mine);
    const producers = producersOf(n).filter((p) => !inlined.has(p));
    for (const p of producers) {
      const theirs = draftOf.get(p) as Draft;
      mine.from.add(theirs);
      theirs.to.add(mine);
    }
    // The largest value first, then the group that works most, then the last one: so a sum of many products grows one by one and not in
    // one kernel that reads them all.
    const volume = (p: Node): number => (draftOf.get(p) as Draft).volume;
    producers.sort(
      (p, q) =>
        numel(q.type.shape) - numel(p.type.shape) ||
        volume(q) - volume(p) ||
        (position.get(q) as number) - (position.get(p) as number),
    );
    for (const p of producers) {
      const theirs = draftOf.get(p) as Draft;
      if (theirs !== mine) mine = merge(theirs, mine, p, n) ?? mine;
    }
  }

  // Siblings: readers of one large value, neither of which needs the other.
  const readers = new Map<Node, Node[]>();
  for (const n of computed)
    for (const source of new Set(n.inputs.map((i) => readOf(i).source))) {
      if (source.type.shape.length === 0 || meaningOf(source).tag === 'constant' || inlined.has(source))
        continue;
      const list = readers.get(source);
      if (list) list.push(n);
      else readers.set(source, [n]);
    }
  for (const list of readers.values()) {
    const drafts = [...new Set(list.map((n) => draftOf.get(n) as Draft))];
    for (let i = 1; i < drafts.length && i < 8; i++)
      for (let j = 0; j < i; j++) {
        const [a, b] = [
          draftOf.get(drafts[j].members[0]) as Draft,
          draftOf.get(drafts[i].members[0]) as Draft,
        ];
        if (a === b || reaches(a, b) || reaches(b, a)) continue;
        if (merge(a, b, a.members[0], b.members[0])) break;
      }
  }

  // Single numbers that nothing connects still share one kernel: a call costs more than they do.
  const scalars = [...new Set(draftOf.values())].filter(isScalar).sort((p, q) => p.first - q.first);
  scalars.reduce<Draft | null>((a, d) => {
    const [one, two] = [a && (draftOf.get(a.members[0]) as Draft), draftOf.get(d.members[0]) as Draft];
    if (one === null || one === two) return two;
    return merge(one, two, one.members[0], two.members[0]) ?? two;
  }, null);

  const drafts = sortDrafts([...new Set(draftOf.values())]);
  const hosts = findHosts(drafts);
  /** What others read, or the program returns. */
  const needed = new Set(graph.outputs);
  for (const n of computed) {
    const mine = draftOf.get(n) as Draft;
    for (const p of producersOf(n)) {
      const theirs = draftOf.get(p);
      if (theirs === undefined || theirs === mine) continue;
      if (hosts.get(theirs) !== mine || !isNumber(p)) needed.add(p);
    }
  }
  const groupOf = (d: Draft, id: number): Group => {
    const domain = d.domain ?? analyse(d.members);
    if ('refused' in domain)
      throw new InternalError(`${d.members[0].op.name} cannot run alone: ${domain.refused}`);
    const preludes = drafts.filter((p) => hosts.get(p) === d).map((p) => groupOf(p, id));
    return { id, domain, stored: d.members.filter((n) => needed.has(n)), preludes };
  };
  const groups = drafts.filter((d) => !hosts.has(d)).map(groupOf);
  return {
    groups,
    refused: refused.filter((r) => draftOf.get(r.producer) !== draftOf.get(r.consumer)),
    inlined,
  };
}

/** Small sums without rows, each with the group that reads it first: a kernel of their own would cost more than they do. */
function findHosts(drafts: readonly Draft[]): Map<Draft, Draft> {
  /** When a group runs: with its host. */
  const time = new Map(drafts.map((d, i) => [d, i]));
  const timeOf = (d: Draft): number => time.get(d) as number;
  const hosts = new Map<Draft, Draft>();
  for (const d of [...drafts].reverse()) {
    if (d.domain === null || d.domain.rows.length > 0 || d.volume > limits.rowlessInner) continue;
    if (!d.members.some((n) => meaningOf(n).tag === 'reduce')) continue;
    const [first] = [...d.to].sort((a, b) => timeOf(a) - timeOf(b));
    if (first === undefined || d.members.length + first.members.length > limits.groupMembers) continue;
    const { tag } = meaningOf(first.members[0]);
    if (tag === 'scatter' || tag === 'routine') continue;
    hosts.set(d, first);
    time.set(d, timeOf(first));
  }
  return hosts;
}

/** A group with its preludes, in the order in which they are computed. */
export const partsOf = (g: Group): readonly Group[] => [...g.preludes.flatMap(partsOf), g];

/** Groups in an order in which each follows those it reads; ties by the first member. */
function sortDrafts(drafts: readonly Draft[]): Draft[] {
  const waiting = new Map(drafts.map((d) => [d, d.from.size]));
  const ready = drafts.filter((d) => d.from.size === 0).sort((a, b) => b.first - a.first);
  const order: Draft[] = [];
  while (ready.length > 0) {
    const d = ready.pop() as Draft;
    order.push(d);
    for (const to of d.to) {
      const left = (waiting.get(to) as number) - 1;
      waiting.set(to, left);
      if (left > 0) continue;
      let at = ready.length;
      while (at > 0 && ready[at - 1].first < to.first) at--;
      ready.splice(at, 0, to);
    }
  }
  if (order.length !== drafts.length) throw new InternalError('group: the groups form a cycle');
  return order;
}

/** One line per group: what it computes, over which loops, what it stores; then the refused merges. Others may have better names. */
export function printGroups(
  grouping: Grouping,
  nameOf: (n: Node) => string = (n) => n.op.name,
  titleOf: (g: Group) => string = (g) => `group ${g.id}`,
): string {
  const describe = (g: Group): string => {
    const { rows, members, sinks, place, passes } = g.domain;
    const names = members.map((n) => {
      const mark = sinks.has(n)
        ? ' (sink)'
        : place.get(n) === 'tail'
          ? ' (tail)'
          : place.get(n) === 'prologue'
            ? ' (once)'
            : '';
      return nameOf(n) + mark;
    });
    const loops = rows.map((a) => a.extent).join(' x ') || '1';
    const stored = g.stored.map(nameOf).join(', ');
    return `rows ${loops}${passes > 0 ? `, ${passes + 1} passes` : ''}: ${names.join(', ')}   -> ${stored}`;
  };
  const lines = grouping.groups.map((g) => `${titleOf(g)}: ${partsOf(g).map(describe).join('\n  then ')}`);
  const why = grouping.refused.map(
    (r) => `not merged: ${nameOf(r.producer)} with ${nameOf(r.consumer)}: ${r.why}`,
  );
  return [...lines, ...new Set(why)].join('\n');
}
