// Reductions as late as they may be. In: the members of a group with the earliest pass of each. Out: the pass in which each is computed.
// A reduction that nobody waits for moves to a later pass that reads its operands anyway: the early pass then loads less. A layer
// norm takes the mean of x first; the sums of its gradient, over other arrays, join the pass that reads those for the result.

import { limits } from './limits.ts';
import type { Moment } from './moment.ts';
import type { Node } from './node.ts';
import { meaningOf, operandRead } from './reads.ts';
import { scalarCost } from './scalar.ts';

export interface Timing {
  readonly members: readonly Node[];
  /** Readers inside of the group. */
  readonly users: ReadonlyMap<Node, readonly Node[]>;
  readonly place: ReadonlyMap<Node, Moment>;
  readonly sinks: ReadonlySet<Node>;
  readonly pass: Map<Node, number>;
  readonly passes: number;
}

/** The passes after everything that can wait has been moved. */
export function delay({ members, users, place, sinks, pass, passes }: Timing): Map<Node, number> {
  if (passes < 2) return pass;
  const isInner = (n: Node): boolean => place.get(n) === 'inner';
  const reduces = (n: Node): boolean => meaningOf(n).tag === 'reduce';

  /** What must be loaded to compute a value inside of the rows: cheap maps are computed again from theirs. */
  const leaves = new Map<Node, ReadonlySet<Node>>();
  const leavesOf = (n: Node): ReadonlySet<Node> => {
    const known = leaves.get(n);
    if (known) return known;
    const set = new Set<Node>();
    for (let k = 0; k < n.inputs.length; k++) {
      const { source } = operandRead(n, k);
      const meaning = meaningOf(source);
      if (meaning.tag === 'constant' || meaning.tag === 'iota') continue;
      if (!place.has(source)) set.add(source);
      else if (!isInner(source) || reduces(source)) continue;
      else if (meaning.tag === 'map' && scalarCost(meaning.expr) < limits.keepFrom)
        leavesOf(source).forEach((x) => set.add(x));
      else set.add(source);
    }
    leaves.set(n, set);
    return set;
  };

  const backwards = [...members].reverse().filter((n) => pass.has(n) && place.get(n) !== 'tail');
  /** The last pass in which a value is in time for its readers, which run in the given passes; at least its own. */
  const limitOf = (n: Node, at: ReadonlyMap<Node, number>): number => {
    const own = pass.get(n) as number;
    if (sinks.has(n)) return isInner(n) ? passes : own;
    const readers = users.get(n) ?? [];
    if (readers.length === 0 || !(reduces(n) || meaningOf(n).tag === 'map')) return own;
    const first = Math.min(...readers.map((u) => at.get(u) as number));
    return Math.max(own, isInner(n) && reduces(n) ? first - 1 : first);
  };
  const limit = new Map<Node, number>();
  for (const n of backwards) limit.set(n, limitOf(n, limit));

  // What cannot wait decides what a pass loads, and whether it sums: a pass that waits for its sums has room for a sum over the rows,
  // which would hold up one that only writes.
  const loaded = Array.from({ length: passes + 1 }, () => new Set<Node>());
  const summing = new Set<number>();
  for (const n of backwards.filter(isInner)) {
    const p = pass.get(n) as number;
    const stays = reduces(n) ? limit.get(n) === p : (users.get(n) ?? []).length === 0;
    if (stays) leavesOf(n).forEach((x) => loaded[p].add(x));
    if (stays && reduces(n)) summing.add(p);
  }
  const late = new Map<Node, number>();
  for (const n of backwards) {
    let p = limitOf(n, late);
    const fits = (): boolean =>
      (!sinks.has(n) || summing.has(p)) && [...leavesOf(n)].every((x) => loaded[p].has(x));
    if (isInner(n) && reduces(n)) while (p > (pass.get(n) as number) && !fits()) p--;
    late.set(n, p);
  }
  return late;
}
