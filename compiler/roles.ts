// What nodes are to those that read them, as far as that decides about groups. In: a graph, or its computed nodes in order. Out: sets of
// nodes: those without a kernel of their own, and those whose readers want them finished, or near.

import type { Graph } from './graph.ts';
import { limits } from './limits.ts';
import type { Node } from './node.ts';
import { meaningOf, producersOf, readOf } from './reads.ts';
import { scalarCost } from './scalar.ts';
import { numel } from './shape.ts';

/**
 * Maps that belong to their readers, unless their values are wanted in memory: those of constants and positions, and cheap ones that
 * only spread much smaller inputs (a one-hot mask of targets). Every reader computes them again, with all that they are made of. So what
 * costs as much as a value that is kept is no such map: a recurrence over positions would double its text at each step.
 */
export function findInlined(graph: Graph): Set<Node> {
  const inlined = new Set<Node>();
  /** Of one element, with the inlined maps below it. */
  const price = new Map<Node, number>();
  const pinned = new Set(graph.outputs);
  for (const n of graph.nodes)
    if (meaningOf(n).tag === 'routine') n.inputs.forEach((i) => pinned.add(readOf(i).source));
  for (const n of graph.nodes) {
    const meaning = meaningOf(n);
    if (meaning.tag !== 'map' || pinned.has(n)) continue;
    const free = n.inputs.every((i) => {
      const { source } = readOf(i);
      const { tag } = meaningOf(source);
      if (tag === 'constant' || tag === 'iota' || inlined.has(source)) return true;
      const small = numel(source.type.shape) * limits.spread <= numel(n.type.shape);
      return tag === 'input' && small && scalarCost(meaning.expr) <= limits.cheap;
    });
    if (!free) continue;
    const below = n.inputs.reduce((sum, i) => sum + (price.get(readOf(i).source) ?? 0), 0);
    const whole = scalarCost(meaning.expr) + below;
    if (whole >= limits.keepFrom) continue;
    inlined.add(n);
    price.set(n, whole);
  }
  return inlined;
}

/** Reductions whose result is spread again over what they reduced: the maximum of a softmax. They belong to who reads them. */
export function findBroadcastBack(computed: readonly Node[]): Set<Node> {
  const found = new Set<Node>();
  for (const n of computed)
    for (const p of producersOf(n))
      if (meaningOf(p).tag === 'reduce' && numel(n.type.shape) > numel(p.type.shape)) found.add(p);
  return found;
}

/** Single numbers with several readers: a learning rate. As part of one reader they would make the others wait for it. */
export function findManyReaders(computed: readonly Node[]): Set<Node> {
  const readers = new Map<Node, number>();
  for (const n of computed) for (const p of producersOf(n)) readers.set(p, (readers.get(p) ?? 0) + 1);
  return new Set(computed.filter((n) => numel(n.type.shape) === 1 && (readers.get(n) ?? 0) > 1));
}

/** Reductions whose result, after some arithmetic on it, is read along larger axes: a count that every row divides by. */
export function findSpread(computed: readonly Node[]): Set<Node> {
  const found = new Set<Node>();
  for (let i = computed.length - 1; i >= 0; i--) {
    const n = computed[i];
    for (const p of producersOf(n))
      if (numel(n.type.shape) > numel(p.type.shape) || (meaningOf(n).tag === 'map' && found.has(n)))
        found.add(p);
  }
  return new Set([...found].filter((n) => meaningOf(n).tag === 'reduce'));
}
