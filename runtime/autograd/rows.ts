// Several gradients of the same outputs at once: the rows of a Jacobian. In: a batch of cotangents, and the search for the gradients that
// belong to one of them. Out: their gradients, along a new first dimension.
//
// The search runs once, on cotangents that are placeholders; what it builds is then batched (lanes.ts), so that all rows are one graph of
// the size of one. Only if something on the way insists on values is there one search per row.

import { TraceError } from '../../compiler/errors.ts';
import { makeScope, withBatch } from '../batching.ts';
import { stack } from '../operators.ts';
import type { Tensor } from '../tensor.ts';
import { isAnomalyEnabled } from './anomaly.ts';
import { nextSequence } from './gradFn.ts';
import type { GradFn, Gradients } from './gradFn.ts';
import { batchTensors, laneOf } from './lanes.ts';
import { withMode } from './mode.ts';

export interface Rows {
  /** For each output the cotangents of all rows; null where there is none. */
  readonly batch: Gradients;
  readonly createGraph: boolean;
  readonly retainGraph: boolean;
  /** The gradients for one row; lists the backward functions that ran in `executed`. */
  search(cotangents: Gradients, retainGraph: boolean, executed: GradFn[]): Gradients;
}

/** The gradients of all rows. */
export function gradientRows(rows: Rows): (Tensor | null)[] {
  const count = rows.batch.find((g) => g !== null)?.shape[0] ?? 0;
  if (count > 0 && !isAnomalyEnabled()) {
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
function searchTogether(rows: Rows, count: number): (Tensor | null)[] | null {
  return withMode(rows.createGraph, false, () => {
    const scope = makeScope(count, 'same');
    const since = nextSequence();
    const lanes = rows.batch.map((g) => g && laneOf(g, scope));
    const executed: GradFn[] = [];
    try {
      const ones = lanes.map((lane) => lane && lane.one);
      const found = withBatch(scope, () => rows.search(ones, true, executed));
      const result = batchTensors(found, { lanes: lanes.filter((lane) => lane !== null), scope, since });
      if (!rows.retainGraph) for (const fn of executed) fn.free();
      return result;
    } catch (error) {
      if (error instanceof TraceError) return null;
      throw error;
    }
  });
}
