// Indexing as in x[...]: numbers, ranges, null, '...' and integer nodes. In: a node and one part per dimension. Out: the numbers, ranges
// and nulls become selects, slices and unsqueezes; all integer nodes together become one gather. Their broadcast shape stands where
// they stood if they stand side by side, else in front (NumPy's rule).

import { IndexError, ShapeError, ValueError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import type { GatherAxis } from '../compiler/op.ts';
import { broadcastShapes, numel, showShape } from '../compiler/shape.ts';
import type { Shape } from '../compiler/shape.ts';
import { along } from '../compiler/view.ts';
import { cast } from './cast.ts';
import { gatherOp, indexNode, scatterOp, wrapIndex } from './index-core.ts';
import { asNode } from './operand.ts';
import type { Operand } from './operand.ts';
import { select, slice } from './slice.ts';
import { affineOp, affineView } from './view-affine.ts';
import { viewRules } from './view-rules.ts';
import { reshape, spread, unsqueeze } from './view.ts';
import { writeThrough } from './view-put.ts';

/** [start, end, step?]; null and undefined are the ends. */
export type Range = readonly [start?: number | null, end?: number | null, step?: number];
export type IndexPart = number | Range | null | '...' | Node;

const isRange = (part: IndexPart): part is Range => Array.isArray(part);
const isIndexNode = (part: IndexPart): part is Node =>
  typeof part === 'object' && part !== null && !isRange(part);

const indexOp = gatherOp('index', { saves: () => ({ indices: 1 }) });
const indexPutOp = scatterOp('indexPut', { saves: () => ({ indices: 2 }) });
const selectAtOp = gatherOp('selectAt', { gradName: () => 'SelectBackward0', saves: () => ({ index: 1 }) });
const aliasOp = affineOp('alias');

interface Located {
  readonly indices: readonly Node[];
  readonly axes: readonly GatherAxis[];
  readonly shape: Shape;
}

/** Where integer nodes, one or null per dimension, point to in a tensor. */
function locate(shape: Shape, parts: readonly (Node | null)[]): Located {
  const dims = parts.map((_, d) => d).filter((d) => parts[d] !== null);
  const wrapped = dims.map((d) => wrapIndex(indexNode('index', parts[d]!), shape[d]));
  const common = commonShape(wrapped);
  const adjacent = dims.every((d, i) => d === dims[0] + i);
  const rest = shape.map((_, d) => d).filter((d) => !dims.includes(d));
  const front = adjacent ? rest.filter((d) => d < dims[0]).length : 0;
  const behind = rest.length - front;
  const place = (d: number): number => {
    const i = rest.indexOf(d);
    return i < front ? i : i + common.length;
  };
  const axes = shape.map((_, d): GatherAxis =>
    dims.includes(d) ? { input: dims.indexOf(d) + 1 } : { axis: place(d) },
  );
  const sizes = rest.map((d) => shape[d]);
  const ones = new Array<number>(behind).fill(1);
  return {
    indices: wrapped.map((index) => (behind === 0 ? index : reshape(index, [...index.type.shape, ...ones]))),
    axes,
    shape: [...sizes.slice(0, front), ...common, ...sizes.slice(front)],
  };
}

function commonShape(indices: readonly Node[]): Shape {
  const shapes = indices.map((index) => index.type.shape);
  try {
    return broadcastShapes(...shapes);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new IndexError(
      `shape mismatch: indexing tensors could not be broadcast together with shapes ${shapes.map(showShape).join(', ')}`,
    );
  }
}

function gatherParts(op: typeof indexOp, x: Node, parts: readonly (Node | null)[]): Node {
  const { indices, axes, shape } = locate(x.type.shape, parts);
  return node(op, [x, ...indices], { axes, shape });
}

/** Parts without '...', one for each dimension that is left to index. */
function spelledOut(parts: readonly IndexPart[], ndim: number): IndexPart[] {
  const used = parts.filter((part) => part !== null && part !== '...').length;
  if (parts.filter((part) => part === '...').length > 1)
    throw new IndexError("an index can only have a single ellipsis ('...')");
  if (used > ndim) {
    if (ndim === 0)
      throw new IndexError(
        'invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in C++ to convert a 0-dim tensor to a number',
      );
    throw new IndexError(`too many indices for tensor of dimension ${ndim}`);
  }
  const all = Array.from({ length: ndim - used }, (): Range => []);
  const at = parts.indexOf('...');
  return at < 0 ? [...parts, ...all] : [...parts.slice(0, at), ...all, ...parts.slice(at + 1)];
}

/**
 * x[parts]: a number takes one slice, [start, end, step] a range, null adds a dimension, '...' stands for all dimensions not named,
 * integer nodes pick (negative indices count from the end). A boolean node is for the runtime, which knows its values.
 */
export function index(x: Node, ...parts: readonly IndexPart[]): Node {
  let result = x;
  const picks: (Node | null)[] = [];
  for (const part of spelledOut(parts, x.type.shape.length)) {
    const d = picks.length;
    const size = result.type.shape[d];
    if (part === null) {
      result = unsqueeze(result, d);
      picks.push(null);
    } else if (typeof part === 'number') {
      if (!Number.isInteger(part) || part < -size || part >= size)
        throw new IndexError(`index ${part} is out of bounds for dimension ${d} with size ${size}`);
      result = select(result, d, part);
    } else if (isIndexNode(part)) {
      if (part.type.shape.length > 0) picks.push(part);
      else
        result = gatherParts(
          selectAtOp,
          result,
          result.type.shape.map((_, i) => (i === d ? part : null)),
        );
    } else if (isRange(part)) {
      const [start, end, step = 1] = part;
      if (!Number.isInteger(step) || step <= 0) throw new ValueError('step must be greater than zero');
      const next = slice(result, d, start, end, step);
      if (step !== 1 || next.type.shape[d] !== size) result = next;
      picks.push(null);
    } else throw new ValueError(`index: '...' stands once, and not for ${String(part)}`);
  }
  if (picks.some((pick) => pick !== null)) return gatherParts(indexOp, result, picks);
  return result === x
    ? affineView(
        aliasOp,
        x,
        x.type.shape,
        x.type.shape.map((_, i) => along(i)),
      )
    : result;
}

/** The new value of `x` after x[parts] = value; the value is broadcast. */
export const assign = (x: Node, parts: readonly IndexPart[], value: Operand): Node =>
  writeThrough(x, index(x, ...parts), asNode(value, x.type.dtype));

/** A copy of `x` with `values` (broadcast) at integer nodes, one or null per dimension; `accumulate` adds, duplicates too. */
export function indexPut(
  x: Node,
  indices: readonly (Node | null)[],
  values: Operand,
  { accumulate = false }: { readonly accumulate?: boolean } = {},
): Node {
  const ndim = x.type.shape.length;
  if (indices.length > ndim)
    throw new IndexError(`too many indices for tensor of dimension ${ndim} (got ${indices.length})`);
  const parts = x.type.shape.map((_, d) => indices[d] ?? null);
  if (parts.every((part) => part === null))
    throw new ValueError('index_put: at least one index must be a tensor');
  const at = locate(x.type.shape, parts);
  const source = cast(asNode(values, x.type.dtype), x.type.dtype);
  if (numel(source.type.shape) !== 1 && source.type.shape.length > at.shape.length)
    throw new ShapeError(
      `shape mismatch: value tensor of shape ${showShape(source.type.shape)} cannot be broadcast to indexing result of shape ${showShape(at.shape)}`,
    );
  const attrs = { axes: at.axes, mode: accumulate ? 'add' : 'set' } as const;
  return node(indexPutOp, [x, spread(source, at.shape), ...at.indices], attrs);
}

export const rules = viewRules([aliasOp]);
