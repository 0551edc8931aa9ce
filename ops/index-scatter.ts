// Writing lanes by index: scatter, scatterAdd, scatterReduce. In: a node, an integer node with one index for each element of a source,
// and the source. Out: a new node; nothing is changed in place. Each is a choice of axes for one scatter (index-core.ts).

import { ValueError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import type { GatherAxis, ScatterMode } from '../compiler/op.ts';
import { defineOp } from '../compiler/op.ts';
import { checkDim } from '../compiler/shape.ts';
import { div, mul } from './binary.ts';
import { maximum } from './binary-extreme.ts';
import { cast } from './cast.ts';
import { eq, logicalAnd } from './compare.ts';
import { axesAlong, gatherFrom, indexNode, scatterOn, scatterOp } from './index-core.ts';
import { checkLaneIndex } from './index-gather.ts';
import { asNode, isNode } from './operand.ts';
import type { Operand } from './operand.ts';
import { where } from './select.ts';
import { slice } from './slice.ts';
import { constant, onesLike, zerosLike } from './source.ts';
import { reshape, spread } from './view.ts';

const ops = {
  scatter: scatterOp('scatter'),
  scatterValue: scatterOp('scatterValue', { gradName: () => 'ScatterBackward1' }),
  scatterAdd: scatterOp('scatterAdd'),
};

/** The part of a source that an index of its lanes reaches. */
const reached = (source: Node, index: Node): Node =>
  index.type.shape.reduce(
    (part, size, i) => (size === part.type.shape[i] ? part : slice(part, i, 0, size)),
    source,
  );

interface Lanes {
  readonly self: Node;
  readonly source: Node;
  readonly index: Node;
  readonly axes: readonly GatherAxis[];
}

/** Checked operands of a scatter along lanes; scalars are taken as vectors of one. */
function lanes(op: string, x: Node, dim: number, index: Node, source: Operand): Lanes {
  const d = checkDim(dim, x.type.shape.length);
  const at = indexNode(op, index);
  const given = isNode(source) ? source : null;
  checkLaneIndex(x, d, at, given ?? undefined);
  if (given && given.type.dtype !== x.type.dtype)
    throw new ValueError(`${op}(): Expected self.dtype to be equal to src.dtype`);
  const vector = (n: Node): Node => (n.type.shape.length === 0 ? reshape(n, [1]) : n);
  const [self, where1] = [vector(x), vector(at)];
  const from = given
    ? reached(vector(given), where1)
    : spread(asNode(source, x.type.dtype), where1.type.shape);
  return { self, source: from, index: where1, axes: axesAlong(self.type.shape.length, d) };
}

function scatterLanes(op: typeof ops.scatter, x: Node, parts: Lanes, mode: ScatterMode): Node {
  const result = node(op, [parts.self, parts.source, parts.index], { axes: parts.axes, mode });
  return x.type.shape.length === 0 ? reshape(result, []) : result;
}

/** A copy of `x` with x[i][index[i][j]] = source[i][j] for dim 1; a number is written everywhere. Of duplicates the last one stays. */
export const scatter = (x: Node, dim: number, index: Node, source: Operand): Node =>
  scatterLanes(
    isNode(source) ? ops.scatter : ops.scatterValue,
    x,
    lanes('scatter', x, dim, index, source),
    'set',
  );

/** As `scatter`, but adding; duplicates add up. */
export const scatterAdd = (x: Node, dim: number, index: Node, source: Node): Node =>
  scatterLanes(ops.scatterAdd, x, lanes('scatter_add', x, dim, index, source), 'add');

export type ScatterReduction = 'sum' | 'prod' | 'mean' | 'amax' | 'amin';

interface ReduceIntoAttrs {
  readonly axes: readonly GatherAxis[];
  readonly reduce: ScatterReduction;
  readonly includeSelf: boolean;
}

const modes: Readonly<Record<ScatterReduction, ScatterMode>> = {
  sum: 'add',
  mean: 'add',
  prod: 'mul',
  amax: 'max',
  amin: 'min',
};
const neutral: Readonly<Record<ScatterReduction, number>> = {
  sum: 0,
  mean: 0,
  prod: 1,
  amax: -Infinity,
  amin: Infinity,
};

const scatterReduceOp = defineOp<ReduceIntoAttrs>({
  name: 'scatterReduce',
  type: ([self]) => self,
  meaning: (n) => ({ tag: 'composite', expand: () => reduceInto(n) }),
  vjp: reduceIntoPullback,
  saves: ({ attrs: { reduce } }): Readonly<Record<string, number | 'output'>> =>
    reduce === 'sum' ? { index: 2 } : { self: 0, src: 1, index: 2, result: 'output' },
});

/** How many values meet at each place, `self` counted if it takes part; at least 1. */
function meeting({
  inputs: [self, source, index],
  attrs: { axes, includeSelf },
}: Node<ReduceIntoAttrs>): Node {
  const start = includeSelf ? onesLike(self) : zerosLike(self);
  return maximum(scatterOn(start, onesLike(source), [index], axes, 'add'), 1);
}

function reduceInto(n: Node<ReduceIntoAttrs>): Node {
  const {
    inputs: [self, source, index],
    attrs: { axes, reduce, includeSelf },
  } = n;
  const blank = constant(neutral[reduce], self.type.dtype, source.type.shape);
  const start = includeSelf ? self : scatterOn(self, blank, [index], axes, 'set');
  const result = scatterOn(start, source, [index], axes, modes[reduce]);
  return reduce === 'mean' ? div(result, meeting(n)) : result;
}

/** FunctionsManual.cpp, scatter_reduce_backward; the product is exact with at most one zero per place. */
function reduceIntoPullback(g: Node, n: Node<ReduceIntoAttrs>): (Node | null)[] {
  const {
    inputs: [self, source, index],
    attrs: { axes, reduce, includeSelf },
  } = n;
  const at = (x: Node): Node => gatherFrom(x, [index], axes, source.type.shape);
  const added = (start: Node, x: Node): Node => scatterOn(start, x, [index], axes, 'add');
  const kept = (gradient: Node): Node =>
    includeSelf ? gradient : scatterOn(gradient, zerosLike(source), [index], axes, 'set');
  switch (reduce) {
    case 'sum':
      return [kept(g), at(g)];
    case 'mean': {
      const share = div(g, meeting(n));
      return [kept(share), at(share)];
    }
    case 'prod': {
      const again = (a: Node, b: Node): Node => node(scatterReduceOp, [a, b, index], n.attrs);
      const filledSelf = where(eq(self, 0), 1, self);
      const ofSelf = mul(g, div(again(filledSelf, source), filledSelf));
      const zero = eq(source, 0);
      const zeros = at(added(zerosLike(self), cast(zero, self.type.dtype)));
      const single = logicalAnd(zero, eq(zeros, 1));
      const others = at(mul(g, again(self, where(single, 1, source))));
      return [kept(ofSelf), where(single, others, div(at(mul(g, n)), where(zero, 1, source)))];
    }
    case 'amax':
    case 'amin': {
      const chosenSelf = cast(eq(self, n), g.type.dtype);
      const chosenSource = cast(eq(source, at(n)), g.type.dtype);
      const share = div(g, added(chosenSelf, chosenSource));
      return [kept(mul(chosenSelf, share)), mul(chosenSource, at(share))];
    }
  }
}

/** As `scatter`, combining by `sum`, `prod`, `mean`, `amax` or `amin`; `includeSelf: false` leaves out what stood there. */
export function scatterReduce(
  x: Node,
  dim: number,
  index: Node,
  source: Node,
  reduce: ScatterReduction,
  { includeSelf = true }: { readonly includeSelf?: boolean } = {},
): Node {
  if (!Object.hasOwn(modes, reduce))
    throw new ValueError(
      `reduce argument must be either sum, prod, mean, amax or amin, got ${String(reduce)}`,
    );
  const { self, source: from, index: at, axes } = lanes('scatter_reduce', x, dim, index, source);
  const result = node(scatterReduceOp, [self, from, at], { axes, reduce, includeSelf });
  return x.type.shape.length === 0 ? reshape(result, []) : result;
}
