// Several gradients of the same outputs at once: the rows of a Jacobian. In: a batch of cotangents, and the search for the gradients that
// belong to one of them. Out: their gradients, along a new first dimension.
//
// The search runs once, on cotangents that are placeholders; what it builds is then batched (ops/batch.ts), so that all rows are one
// graph of the size of one. Only if the rows must be differentiated again, or something on the way insists on values, is there one
// search per row.

import { TraceError } from '../../compiler/errors.ts';
import type { TensorType } from '../../compiler/node.ts';
import { batch } from '../../ops/batch.ts';
import { input } from '../../ops/source.ts';
import { makeScope, withBatch } from '../batching.ts';
import { makeCell } from '../cell.ts';
import { stack } from '../operators.ts';
import { Tensor, nodeOfTensor } from '../tensor.ts';
import { isAnomalyEnabled } from './anomaly.ts';
import type { GradFn } from './gradFn.ts';

type Found = readonly (Tensor | null)[];

export interface Rows {
  /** Types of the outputs. */
  readonly outputs: readonly TensorType[];
  /** For each output the cotangents of all rows; null where there is none. */
  readonly batch: Found;
  readonly createGraph: boolean;
  readonly retainGraph: boolean;
  /** The gradients for one row; lists the backward functions that ran in `executed`. */
  search(cotangents: Found, retainGraph: boolean, executed: GradFn[]): Found;
}

/** The gradients of all rows. */
export function gradientRows(rows: Rows): (Tensor | null)[] {
  const count = rows.batch.find((g) => g !== null)?.shape[0] ?? 0;
  if (!rows.createGraph && !isAnomalyEnabled()) {
    const together = searchTogether(rows, count);
    if (together !== null) return together;
  }
  const found = Array.from({ length: count }, (_, b) =>
    rows.search(
      rows.batch.map((g) => g && g.select(0, b)),
      rows.retainGraph || b < count - 1,
      [],
    ),
  );
  return (found[0] ?? []).map((_, k) => {
    const parts = found.flatMap((row) => row[k] ?? []);
    return parts.length < count ? null : stack(parts);
  });
}

/** All rows by one search; null if that needs values. */
function searchTogether(
  { outputs, batch: many, retainGraph, search }: Rows,
  count: number,
): (Tensor | null)[] | null {
  const scope = makeScope(count, 'same');
  const cotangents = many.map((g, i) => {
    if (g === null) return null;
    const place = input(outputs[i]);
    scope.given.set(place, nodeOfTensor(g));
    return new Tensor(makeCell(place));
  });
  try {
    const executed: GradFn[] = [];
    const found = withBatch(scope, () => search(cotangents, true, executed));
    const present = found.filter((g) => g !== null);
    const nodes = batch(present.map(nodeOfTensor), scope.given, count);
    const tensors = nodes.map((n, i) => new Tensor(makeCell(n, present[i].core.cell.depth)));
    if (!retainGraph) for (const fn of executed) fn.free();
    return found.map((g) => g && tensors[present.indexOf(g)]);
  } catch (error) {
    if (error instanceof TraceError) return null;
    throw error;
  }
}
