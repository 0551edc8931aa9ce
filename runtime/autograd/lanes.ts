// Tensors of one example become tensors of a batch, with their history. In: results that were computed from placeholders, and the batches
// that these stand for. Out: the results for the whole batch, with one backward function: it runs the backward of the one example, on
// placeholders again, and makes that a batch in the same way. So everything that belongs to the way of the one example (detached
// tensors, custom functions, hooks) keeps its meaning, and derivatives of any order come by themselves.

import type { Node } from '../../compiler/node.ts';
import { batch } from '../../ops/batch.ts';
import { input } from '../../ops/source.ts';
import { makeScope, withBatch } from '../batching.ts';
import type { BatchScope } from '../batching.ts';
import { makeCell } from '../cell.ts';
import { nodeOfTensor } from '../core.ts';
import { Tensor } from '../tensor.ts';
import { edgeNow, edgeOf } from './accumulate.ts';
import { runBackward } from './engine.ts';
import type { Root } from './engine.ts';
import { GradFn } from './gradFn.ts';
import type { Edge, Gradients, Rule } from './gradFn.ts';
import { followsTangents, isGradEnabled, isRecording } from './mode.ts';
import { attach } from './record.ts';

/** A tensor that stands for one example, with the batch. */
export interface Lane {
  readonly one: Tensor;
  readonly many: Tensor;
}

/** Makes a placeholder for one example of `many`, whose first dimension counts them. */
export function laneOf(many: Tensor, scope: BatchScope): Lane {
  const { shape, dtype } = many;
  const place = input({ shape: shape.slice(1), dtype });
  scope.given.set(place, nodeOfTensor(many));
  const one = new Tensor(makeCell(place));
  one.core.wantsGrad = edgeNow(many) !== null;
  return { one, many };
}

export interface Batch {
  readonly lanes: readonly Lane[];
  readonly scope: BatchScope;
  /** Backward functions with smaller numbers were there before the function of one example ran. */
  readonly since: number;
}

/** The results for the whole batch; null stays null. */
export function batchTensors(results: Gradients, from: Batch): (Tensor | null)[] {
  const present = results.filter((x) => x !== null);
  const nodes = batch(present.map(nodeOfTensor), from.scope.given, from.scope.size);
  const fn = isRecording() ? backwardOfBatch(present, nodes, from) : null;
  const tensors = nodes.map((n, index) => {
    const x = new Tensor(makeCell(n, present[index].core.cell.depth));
    if (fn !== null && edgeNow(present[index]) !== null) attach(x, { fn, index });
    return x;
  });
  return results.map((x) => x && tensors[present.indexOf(x)]);
}

function backwardOfBatch(results: readonly Tensor[], nodes: readonly Node[], from: Batch): GradFn | null {
  const ends = results.map(edgeNow);
  if (ends.every((e) => e === null)) return null;
  const inside = from.lanes.map((lane) => edgeOf(lane.one));
  const own = new Set(inside.map((e) => e?.fn));
  const isOwn = (fn: GradFn): boolean => own.has(fn) || from.scope.given.has(nodeOfTensor(fn.leaf!));
  const outside = edgesOutside(ends, from.since, isOwn);
  const edges = [
    ...from.lanes.map((lane, i) => (inside[i] === null ? null : edgeNow(lane.many))),
    ...outside,
  ];
  let kept: Batch | null = from;
  const rule: Rule = {
    pull: (gradients) => pullBatch(gradients, ends, inside, outside, kept!),
    saved: () => ({}),
    needsSaved: true,
    free() {
      kept = null;
    },
  };
  return new GradFn(
    'VmapBackward0',
    edges,
    nodes.map((n) => n.type),
    rule,
    null,
    !isGradEnabled() || ends.every((e) => e === null || e.fn.tangentOnly),
  );
}

/** Where a backward leaves what was recorded since a moment, and ends in no leaf of its own. */
export function edgesOutside(
  ends: readonly (Edge | null)[],
  since: number,
  isOwn: (leaf: GradFn) => boolean,
): Edge[] {
  const outside: Edge[] = [];
  const inside = new Set<GradFn>();
  const visit = (edge: Edge | null): void => {
    if (edge === null) return;
    if (edge.fn.leaf === null ? edge.fn.sequence >= since : isOwn(edge.fn)) inside.add(edge.fn);
    else if (!outside.some((e) => e.fn === edge.fn && e.index === edge.index)) outside.push(edge);
  };
  ends.forEach(visit);
  for (const fn of inside) fn.edges.forEach(visit);
  return outside;
}

/** The gradients of the lanes and of what all examples share, given those of the results. */
function pullBatch(
  gradients: Gradients,
  ends: readonly (Edge | null)[],
  inside: readonly (Edge | null)[],
  outside: readonly Edge[],
  { lanes, scope: { size, given }, since }: Batch,
): Gradients {
  const scope = makeScope(size, 'same');
  for (const [place, many] of given) scope.given.set(place, many);
  const roots: Root[] = [];
  const cotangents: Lane[] = [];
  gradients.forEach((g, i) => {
    const edge = ends[i];
    if (g === null || edge === null || (edge.fn.tangentOnly && !followsTangents())) return;
    const lane = laneOf(g, scope);
    cotangents.push(lane);
    roots.push({ edge, gradient: lane.one });
  });
  const targets = [...inside.filter((e) => e !== null), ...outside];
  const found = withBatch(scope, () =>
    runBackward(roots, {
      createGraph: isGradEnabled(),
      retainGraph: true,
      targets,
      capture: true,
      boundary: new Set(outside.map((e) => e.fn)),
    }),
  );
  const many = batchTensors(found, { lanes: [...lanes, ...cotangents], scope, since });
  let at = 0;
  return [
    ...inside.map((e) => (e === null ? null : many[at++])),
    ...outside.map(() => many[at++]?.sum(0) ?? null),
  ];
}
