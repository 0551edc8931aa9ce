// Several gradients of the same outputs at once: the rows of a Jacobian. In: a batch of cotangents and the search for the gradients that
// belong to one of them. Out: their gradients, stacked along a new first dimension.

import type { TensorType } from '../../compiler/node.ts';
import { functions } from '../functions.ts';
import type { Tensor } from '../tensor.ts';

type Found = readonly (Tensor | null)[];

export interface RowOptions {
  readonly createGraph: boolean;
  readonly retainGraph: boolean;
}

/** `search(cotangents, retainGraph)` for each row of the batch, stacked. */
export function gradientRows(
  _outputs: readonly TensorType[],
  batch: Found,
  { retainGraph }: RowOptions,
  search: (cotangents: Found, retainGraph: boolean) => Found,
): (Tensor | null)[] {
  const count = batch.find((g) => g !== null)?.shape[0] ?? 0;
  const rows = Array.from({ length: count }, (_, b) =>
    search(
      batch.map((g) => g && g.select(0, b)),
      retainGraph || b < count - 1,
    ),
  );
  return rows.length === 0
    ? []
    : rows[0].map((_, k) => {
        const parts = rows.map((row) => row[k]);
        return parts.some((g) => g === null) ? null : functions.stack(parts as Tensor[]);
      });
}
