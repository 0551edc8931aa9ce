// Counting into bins: histc and histogram. In: floats, and bins between two ends or at given edges. Out: routines without gradient; how many
// elements (or how much weight) lie in each bin. A bin holds its left end and not its right one, the last bin both.

import { DTypeError, ShapeError, ValueError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import { defineOp } from '../compiler/op.ts';
import { numel, sameShape } from '../compiler/shape.ts';
import { div, mul, sub } from './binary.ts';
import { checkFloats } from './operand.ts';
import { sum } from './reduce-sum.ts';
import { narrow } from './slice.ts';
import { ravel } from './view.ts';

interface EdgesAttrs {
  readonly bins: number;
  readonly range: readonly [from: number, to: number];
}

const edgesOp = defineOp<EdgesAttrs>({
  name: 'histogramEdges',
  type: ([x], { bins }) => ({ shape: [bins + 1], dtype: x.dtype }),
  meaning: ({ attrs: { bins, range } }) => ({
    tag: 'routine',
    run([x], out) {
      let [low, high] = range;
      if (low === high && x.length > 0) {
        [low, high] = [Infinity, -Infinity];
        for (let i = 0; i < x.length; i++) {
          if (!(x[i] >= low)) low = x[i];
          if (!(x[i] <= high)) high = x[i];
        }
      }
      if (!Number.isFinite(low) || !Number.isFinite(high))
        throw new ValueError(`torch.histc: range of [${low}, ${high}] is not finite`);
      if (x.length === 0 && low === high) [low, high] = [0, 1];
      if (low === high) [low, high] = [low - 1, high + 1];
      for (let k = 0; k <= bins; k++) out[k] = k === bins ? high : low + (k * (high - low)) / bins;
    },
  }),
  nondifferentiable: true,
});

/** The number of the bin, or -1. */
function binOf(edges: ArrayLike<number>, even: boolean, value: number): number {
  const bins = edges.length - 1;
  const [low, high] = [edges[0], edges[bins]];
  if (!(value >= low && value <= high)) return -1;
  if (value === high) return bins - 1;
  if (even) return Math.min(bins - 1, Math.floor(((value - low) * bins) / (high - low)));
  let [first, end] = [0, bins];
  while (end - first > 1) {
    const middle = (first + end) >> 1;
    if (edges[middle] <= value) first = middle;
    else end = middle;
  }
  return first;
}

const countOp = defineOp<{ readonly even: boolean }>({
  name: 'histogramCounts',
  type: ([x, edges]) => ({ shape: [edges.shape[0] - 1], dtype: x.dtype }),
  meaning: ({ attrs: { even } }) => ({
    tag: 'routine',
    run([x, edges, weight], out) {
      const counts = new Float64Array(out.length);
      for (let i = 0; i < x.length; i++) {
        const bin = binOf(edges, even, x[i]);
        if (bin >= 0) counts[bin] += weight ? weight[i] : 1;
      }
      for (let k = 0; k < out.length; k++) out[k] = counts[k];
    },
  }),
  nondifferentiable: true,
});

function evenEdges(op: string, x: Node, bins: number, range: readonly [number, number]): Node {
  if (!Number.isInteger(bins) || bins <= 0)
    throw new ValueError(`${op}: bins must be > 0, but got ${bins} for dimension 0`);
  if (!(range[0] <= range[1])) throw new ValueError(`${op}: max must be larger than min`);
  return node(edgesOp, [x], { bins, range });
}

export interface HistcOptions {
  readonly bins?: number;
  /** The lower end; if it equals `max`, both ends are those of the data. */
  readonly min?: number;
  readonly max?: number;
}

/** How many elements lie in each of `bins` (100) even bins from `min` to `max`, in the dtype of `x`. Elements outside are not counted. */
export function histc(x: Node, { bins = 100, min = 0, max = 0 }: HistcOptions = {}): Node {
  checkFloats('histogram_cpu', x);
  const edges = evenEdges('torch.histc', x, bins, [min, max]);
  return node(countOp, [ravel(x), edges], { even: true });
}

export interface HistogramOptions {
  readonly range?: readonly [from: number, to: number];
  /** How much each element counts. */
  readonly weight?: Node | null;
  /** Divide by the total and by the widths, so that the integral is 1. */
  readonly density?: boolean;
}

/** [hist, binEdges]: counts in a number of even bins over `range` (or that of the data), or between given edges (ascending). */
export function histogram(
  x: Node,
  bins: number | Node,
  { range = [0, 0], weight = null, density = false }: HistogramOptions = {},
): [Node, Node] {
  checkFloats('histogram_cpu', x);
  const even = typeof bins === 'number';
  if (weight && !sameShape(weight.type.shape, x.type.shape))
    throw new ShapeError(
      'torch.histogram(): if weight tensor is provided it should have the same shape as the input tensor',
    );
  if (!even && (bins.type.shape.length !== 1 || numel(bins.type.shape) < 2))
    throw new ShapeError('torch.histogram(): bins tensor should have one dimension and at least 2 elements');
  if (!even && bins.type.dtype !== x.type.dtype)
    throw new DTypeError(
      `torch.histogram(): input tensor and bins tensors should have the same dtype, but got input with dtype ${x.type.dtype} and bins with dtype ${bins.type.dtype}`,
    );
  const edges = even ? evenEdges('torch.histogram()', x, bins, range) : bins;
  const counts = node(countOp, [ravel(x), edges, ...(weight ? [ravel(weight)] : [])], { even });
  if (!density) return [counts, edges];
  const n = edges.type.shape[0] - 1;
  const widths = sub(narrow(edges, 0, 1, n), narrow(edges, 0, 0, n));
  return [div(counts, mul(sum(counts), widths)), edges];
}
