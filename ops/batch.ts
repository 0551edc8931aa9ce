// Batching: a graph for one example becomes a graph for many (JAX's vmap, on nodes). In: output nodes, and for some nodes below them others
// that hold a whole batch, with one more axis in front. Out: the outputs for the whole batch. Nothing is unrolled: what an operator
// does along its axes it does along axes one further on.
//
// Each form of meaning has its rule, so no operator needs one of its own. Operators with a derivative of their own keep it: they become
// `vmap(...)`, a composite whose pullback is the batched pullback of the operator.

import { isFloat } from '../compiler/dtype.ts';
import { InternalError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import { node, reachable, withInputs } from '../compiler/node.ts';
import type { GatherAxis, Meaning, Op } from '../compiler/op.ts';
import { defineOp } from '../compiler/op.ts';
import { sameShape } from '../compiler/shape.ts';
import { along } from '../compiler/view.ts';
import { contract } from './contract.ts';
import { gatherFrom, scatterOn } from './index-core.ts';
import { stack } from './join.ts';
import { sum } from './reduce-sum.ts';
import { select } from './slice.ts';
import { input } from './source.ts';
import { affine, affineView } from './view-affine.ts';
import { expand, reshape } from './view.ts';

/** A node in a batched graph: with one more axis in front, or the same for all examples. */
interface Lane {
  readonly node: Node;
  readonly batched: boolean;
}

/** `outputs` for a batch of `size`; those that do not depend on a node of `given` are repeated. */
export function batch(outputs: readonly Node[], given: ReadonlyMap<Node, Node>, size: number): Node[] {
  const lanes = new Map<Node, Lane>();
  for (const [n, many] of given) lanes.set(n, { node: many, batched: true });
  return batchLanes(outputs, lanes, size).map((lane) => whole(lane, size));
}

function batchLanes(outputs: readonly Node[], lanes: Map<Node, Lane>, size: number): Lane[] {
  for (const n of reachable(outputs, (x) => lanes.has(x))) {
    if (lanes.has(n)) continue;
    const inputs = n.inputs.map((i) => lanes.get(i)!);
    if (inputs.some((i) => i.batched)) lanes.set(n, { node: batchNode(n, inputs, size), batched: true });
    else
      lanes.set(n, {
        node: sameInputs(n, inputs)
          ? n
          : withInputs(
              n,
              inputs.map((i) => i.node),
            ),
        batched: false,
      });
  }
  return outputs.map((n) => lanes.get(n)!);
}

const sameInputs = (n: Node, lanes: readonly Lane[]): boolean =>
  lanes.every((lane, i) => lane.node === n.inputs[i]);

const whole = ({ node: n, batched }: Lane, size: number): Node =>
  batched ? n : expand(n, [size, ...n.type.shape]);

/** One operator over a batch. */
function batchNode(n: Node, lanes: readonly Lane[], size: number): Node {
  const meaning = n.op.meaning(n);
  return (
    direct(n, meaning, lanes, size) ??
    (n.op.vjp === undefined && meaning.tag === 'composite'
      ? expanded(n, meaning.expand(), lanes, size)
      : node(
          batchedOp(n.op),
          lanes.map((lane) => lane.node),
          attrsOf(n, lanes, size),
        ))
  );
}

const expanded = (n: Node, expansion: Node, lanes: readonly Lane[], size: number): Node =>
  whole(batchLanes([expansion], new Map(n.inputs.map((x, i) => [x, lanes[i]])), size)[0], size);

/** Forms for which the batched operator is an operator that there is already, with the same derivative. */
function direct(n: Node, meaning: Meaning, lanes: readonly Lane[], size: number): Node | null {
  const [first, second] = lanes;
  const shape = [size, ...n.type.shape];
  switch (meaning.tag) {
    case 'map': {
      const rank = n.type.shape.length;
      const many = node(
        n.op,
        lanes.map((lane) => widened(lane, rank)),
        n.attrs,
      );
      return sameShape(many.type.shape, shape) && many.op.meaning(many).tag === 'map' ? many : null;
    }
    case 'reduce': {
      const attrs = n.attrs as { readonly axes?: readonly number[] };
      if (attrs.axes?.join() !== meaning.axes.join()) return null;
      return node(n.op, [first.node], { ...attrs, axes: meaning.axes.map((a) => a + 1), whole: false });
    }
    case 'view': {
      const { view } = meaning;
      if (view.tag === 'reshape') return reshape(first.node, shape);
      const axes = view.axes.map((m) => ({ ...m, terms: m.terms.map(([a, c]) => [a + 1, c] as const) }));
      return affineView(affine, first.node, shape, [along(0), ...axes], view.fill);
    }
    case 'contract': {
      const label = 1 + Math.max(-1, ...meaning.a, ...meaning.b);
      const a = first.batched ? [label, ...meaning.a] : meaning.a;
      const b = second.batched ? [label, ...meaning.b] : meaning.b;
      return contract(first.node, second.node, { a, b, out: [label, ...meaning.out] });
    }
    default:
      return null;
  }
}

/** A batched operand with axes of size 1 after the first, so that it broadcasts like the single one. */
function widened({ node: n, batched }: Lane, rank: number): Node {
  const [size, ...rest] = n.type.shape;
  const missing = rank - rest.length;
  return batched && missing > 0 ? reshape(n, [size, ...Array<number>(missing).fill(1), ...rest]) : n;
}

interface BatchedAttrs {
  readonly size: number;
  readonly batched: readonly boolean[];
  readonly attrs: unknown;
}

const attrsOf = (n: Node, lanes: readonly Lane[], size: number): BatchedAttrs => ({
  size,
  batched: lanes.map((lane) => lane.batched),
  attrs: n.attrs,
});

/** The operator over single examples, on fresh inputs. */
function single(op: Op, { inputs, attrs: { batched, attrs } }: Node<BatchedAttrs>): Node {
  const places = inputs.map(({ type: { shape, dtype } }, i) =>
    input({ shape: batched[i] ? shape.slice(1) : shape, dtype }),
  );
  return node(op, places, attrs);
}

const known = new WeakMap<Op, Op<BatchedAttrs>>();

/** An operator over batches of some of its inputs. */
function batchedOp(op: Op): Op<BatchedAttrs> {
  const before = known.get(op);
  if (before) return before;
  const made = defineOp<BatchedAttrs>({
    name: `vmap(${op.name})`,
    type(inputs, { size, batched, attrs }) {
      const types = inputs.map(({ shape, dtype }, i) => ({
        shape: batched[i] ? shape.slice(1) : shape,
        dtype,
      }));
      const { shape, dtype } = op.type(types, attrs);
      return { shape: [size, ...shape], dtype };
    },
    meaning: (n) => ({ tag: 'composite', expand: () => expandBatched(op, n) }),
    vjp: op.nondifferentiable ? undefined : (g, n, wants) => pullBatched(op, g, n, wants),
    nondifferentiable: op.nondifferentiable,
    gradName: (n) =>
      op.gradName?.(single(op, n)) ?? `${op.name.replace(/^./, (c) => c.toUpperCase())}Backward0`,
  });
  known.set(op, made);
  return made;
}

function expandBatched(op: Op, n: Node<BatchedAttrs>): Node {
  const { size, batched } = n.attrs;
  const one = single(op, n);
  const lanes = n.inputs.map((x, i): Lane => ({ node: x, batched: batched[i] }));
  const meaning = one.op.meaning(one);
  switch (meaning.tag) {
    case 'composite':
      return expanded(one, meaning.expand(), lanes, size);
    case 'gather':
      return batchGather(one, meaning.axes, lanes, size);
    case 'scatter':
      return batchScatter(meaning.axes, meaning.mode, lanes, size, one);
    case 'routine':
      return stack(
        Array.from({ length: size }, (_, b) =>
          withInputs(
            one,
            lanes.map((lane) => (lane.batched ? select(lane.node, 0, b) : lane.node)),
          ),
        ),
      );
    default:
      throw new InternalError(`no rule to batch ${op.name}`);
  }
}

const shifted = (axes: readonly GatherAxis[]): GatherAxis[] =>
  axes.map((a) => ('axis' in a ? { axis: a.axis + 1 } : a));

function batchGather(
  one: Node,
  axes: readonly GatherAxis[],
  [data, ...indices]: readonly Lane[],
  size: number,
): Node {
  const rank = one.type.shape.length;
  const list = data.batched ? [{ axis: 0 }, ...shifted(axes)] : shifted(axes);
  return gatherFrom(
    data.node,
    indices.map((i) => widened(i, rank)),
    list,
    [size, ...one.type.shape],
  );
}

function batchScatter(
  axes: readonly GatherAxis[],
  mode: Parameters<typeof scatterOn>[4],
  [base, source, ...indices]: readonly Lane[],
  size: number,
  one: Node,
): Node {
  const rank = one.inputs[1].type.shape.length;
  // the meaning counts the source as an input as well, scatterOn does not
  const list = shifted(axes).map((a) => ('input' in a ? { input: a.input - 1 } : a));
  return scatterOn(
    whole(base, size),
    whole(source, size),
    indices.map((i) => widened(i, rank)),
    [{ axis: 0 }, ...list],
    mode,
  );
}

/** The pullback of one example, batched; summed over the batch for what all examples share. */
function pullBatched(op: Op, g: Node, n: Node<BatchedAttrs>, wants: readonly boolean[]): (Node | null)[] {
  const { size, batched } = n.attrs;
  const one = single(op, n);
  const cotangent = input(one.type);
  const gradients = op.vjp!(cotangent, one, wants);
  const lanes = new Map<Node, Lane>(
    one.inputs.map((x, i) => [x, { node: n.inputs[i], batched: batched[i] }]),
  );
  lanes.set(one, { node: n, batched: true });
  lanes.set(cotangent, { node: g, batched: true });
  return gradients.map((gradient, i) => {
    if (gradient === null || !wants[i] || !isFloat(n.inputs[i].type.dtype)) return null;
    const many = whole(batchLanes([gradient], lanes, size)[0], size);
    return batched[i] ? many : sum(many, 0);
  });
}
