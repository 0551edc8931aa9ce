// The domain of a fusion group: can these nodes share one loop nest, and which? In: the members. Out: the axes of each
// member, the row loops that all share, the inner loops in passes, sinks and tails; or the rule that refuses.
//
//   for rows                          every member runs here, but tails
//     row values of pass 0
//     for inner: pass 0               members whose index varies inside the row
//     row values of pass 1            (they may read what pass 0 has reduced)
//     for inner: pass 1 ...
//     sinks: reductions over a row axis accumulate, in a scalar or an array
//   for tail axes: tails              members that read finished sinks
//
// An axis is `inner` if a reduction over it is read by somebody who runs over it again (softmax: the maximum), or if a
// reduction over it leaves only slower axes (a row sum). All other shared axes are rows, and must be the slowest ones of the
// largest member, so that memory is walked in order.

import type { Axis, Dim } from './axes.ts';
import { Axes } from './axes.ts';
import { delay } from './delay.ts';
import { limits } from './limits.ts';
import type { Moment } from './moment.ts';
import type { Node } from './node.ts';
import type { Read } from './reads.ts';
import { meaningOf, onlyRenames, operandRead, producersOf } from './reads.ts';

/** Where one member runs. */
export interface Span {
  /** The axes of each dimension of its result. */
  readonly dims: readonly Dim[];
  /** reduce: the axes of each dimension of its operand. contract: by label. */
  readonly operand: ReadonlyMap<number, Dim>;
  /** All axes it runs over, slowest first. */
  readonly iter: readonly Axis[];
  readonly reduced: readonly Axis[];
}

export interface Domain {
  readonly members: readonly Node[];
  readonly spans: ReadonlyMap<Node, Span>;
  readonly rows: readonly Axis[];
  readonly place: ReadonlyMap<Node, Moment>;
  readonly sinks: ReadonlySet<Node>;
  /** The pass in which a row or inner member is computed. */
  readonly pass: ReadonlyMap<Node, number>;
  readonly passes: number;
}

/** A domain whose owner may add members to it (extend.ts). */
export interface GrowingDomain extends Domain {
  readonly members: Node[];
  readonly spans: Map<Node, Span>;
  readonly place: Map<Node, Moment>;
  readonly pass: Map<Node, number>;
  /** Tails that read no finished sum: they are only kept from running over the rows. */
  readonly late: Set<Node>;
}

export interface Refusal {
  readonly refused: string;
}

const refuse = (refused: string): Refusal => ({ refused });

/** The axes that an operand's dimensions have when read through views that only rename axes; null if one does more. */
export function renamed(axes: Axes, from: readonly Dim[], read: Read): readonly Dim[] | null {
  let at = from;
  for (const step of read.steps) {
    const { view, input } = step;
    if (view.tag === 'reshape') {
      const next = axes.repartition(at.flat(), input);
      if (!next) return null;
      at = next;
    } else if (onlyRenames(step)) {
      const before = at;
      at = input.map((size, i) =>
        size === 1 && view.fill === undefined ? [] : before[view.axes[i].terms[0][0]],
      );
    } else return null;
  }
  return at;
}

/** The dimensions at which a member reads operand `k`. */
export function operandDims(n: Node, span: Span, k: number): readonly Dim[] {
  const m = meaningOf(n);
  if (m.tag === 'reduce') return n.inputs[0].type.shape.map((_, i) => span.operand.get(i) as Dim);
  if (m.tag === 'contract') return (k === 0 ? m.a : m.b).map((label) => span.operand.get(label) as Dim);
  return span.dims;
}

function freshSpan(axes: Axes, n: Node): Span {
  const m = meaningOf(n);
  const shape = n.type.shape;
  if (m.tag === 'reduce') {
    const operand = new Map(n.inputs[0].type.shape.map((size, i) => [i, axes.dim(size)] as const));
    const kept = [...operand.keys()].filter((i) => !m.axes.includes(i));
    const dims = m.keepdim
      ? [...operand.keys()].map((i) => (m.axes.includes(i) ? [] : (operand.get(i) as Dim)))
      : kept.map((i) => operand.get(i) as Dim);
    return {
      dims,
      operand,
      iter: [...operand.values()].flat(),
      reduced: m.axes.flatMap((i) => operand.get(i) as Dim),
    };
  }
  if (m.tag === 'contract') {
    const operand = new Map<number, Dim>();
    m.a.forEach((label, i) => operand.set(label, axes.dim(n.inputs[0].type.shape[i])));
    m.b.forEach((label, i) => {
      if (!operand.has(label)) operand.set(label, axes.dim(n.inputs[1].type.shape[i]));
    });
    const reduced = [...operand.keys()]
      .filter((label) => !m.out.includes(label))
      .flatMap((label) => operand.get(label) as Dim);
    const dims = m.out.map((label) => operand.get(label) as Dim);
    return { dims, operand, iter: [...dims.flat(), ...reduced], reduced };
  }
  const dims = (m.tag === 'scatter' ? n.inputs[1].type.shape : shape).map((size) => axes.dim(size));
  return { dims, operand: new Map(), iter: dims.flat(), reduced: [] };
}

/**
 * Members that read nothing of the rows and are read only after a reduction: an optimizer's state beside a bias gradient. They
 * need not run over the rows.
 */
function findLate(
  members: readonly Node[],
  users: ReadonlyMap<Node, readonly Node[]>,
  producers: (n: Node) => readonly Node[],
  downstream: ReadonlySet<Node>,
  place: ReadonlyMap<Node, Moment>,
): Set<Node> {
  if (downstream.size === 0) return new Set();
  const late = new Set(
    members.filter(
      (n) => !downstream.has(n) && place.get(n) !== 'prologue' && users.has(n) && meaningOf(n).tag === 'map',
    ),
  );
  for (let before = -1; before !== late.size;) {
    before = late.size;
    for (const n of late) {
      const readLate = (users.get(n) as Node[]).every((u) => late.has(u) || downstream.has(u));
      if (!readLate || producers(n).some((p) => !late.has(p) && place.get(p) !== 'prologue')) late.delete(n);
    }
  }
  return late;
}

export const productOf = (list: readonly Axis[]): number => list.reduce((p, a) => p * a.extent, 1);

/** Analyses a set of members given in topological order; the list becomes the domain's. */
export function analyse(members: Node[]): GrowingDomain | Refusal {
  const alone = members.length === 1;
  const inside = new Set(members);
  const axes = new Axes();
  const raw = new Map(members.map((n) => [n, freshSpan(axes, n)]));
  const contractions = members.filter((n) => meaningOf(n).tag === 'contract');
  if (contractions.length > 1) return refuse('two contractions');
  if (!alone && members.some((n) => meaningOf(n).tag === 'scatter' || meaningOf(n).tag === 'routine'))
    return refuse('a scatter or a routine stands alone');

  // 1. Members that read one another, or the same memory, run over the same axes.
  const component = new Map(members.map((n) => [n, n]));
  const find = (n: Node): Node => {
    let root = n;
    while (component.get(root) !== root) root = component.get(root) as Node;
    component.set(n, root);
    return root;
  };
  const users = new Map<Node, Node[]>();
  const outside = new Map<Node, { readonly reader: Node; readonly dims: readonly Dim[] }>();
  for (const n of members) {
    const span = raw.get(n) as Span;
    const { tag } = meaningOf(n);
    // Alone, a contraction wants few long axes: tiles are cut along one.
    const refines = !alone || tag === 'map' || tag === 'reduce';
    for (let k = 0; k < n.inputs.length; k++) {
      const read = operandRead(n, k);
      const whole = meaningOf(n).tag === 'gather' && k === 0;
      if (inside.has(read.source)) {
        if (whole) return refuse('a gather needs its data in memory');
        const dims = renamed(axes, operandDims(n, span, k), read);
        if (!dims)
          return refuse(`${n.op.name} reads ${read.source.op.name} through a view that moves elements`);
        const produced = (raw.get(read.source) as Span).dims;
        for (let d = 0; d < dims.length; d++)
          if (!axes.unify(produced[d], dims[d]))
            return refuse(`${n.op.name} and ${read.source.op.name} split axes differently`);
        component.set(find(n), find(read.source));
        const list = users.get(read.source);
        if (!list) users.set(read.source, [n]);
        else if (!list.includes(n)) list.push(n);
      } else if (refines && !whole && read.source.type.shape.length > 0) {
        const first = outside.get(read.source);
        if (first && find(first.reader) === find(n)) continue;
        const dims = renamed(axes, operandDims(n, span, k), read);
        if (!dims) continue;
        if (!first) outside.set(read.source, { reader: n, dims });
        else if (first.dims.every((dim, d) => axes.unify(dim, dims[d])))
          component.set(find(n), find(first.reader));
        else return refuse('readers of one value split axes differently');
      }
    }
  }

  // 2. Everything in atomic axes; no member may run over one axis twice.
  const spans = new Map<Node, Span>();
  for (const [n, span] of raw) {
    const iter = axes.resolve(span.iter);
    if (new Set(iter).size !== iter.length) return refuse(`${n.op.name} would run along a diagonal`);
    spans.set(n, {
      dims: span.dims.map((d) => axes.resolve(d)),
      operand: new Map([...span.operand].map(([key, d]) => [key, axes.resolve(d)])),
      iter,
      reduced: axes.resolve(span.reduced),
    });
  }
  const spanOf = (n: Node): Span => spans.get(n) as Span;

  // 3. Scalars that depend on no loop of the group are computed once, before everything.
  const place = new Map<Node, Moment>();
  const read = new Map(members.map((n) => [n, producersOf(n).filter((x) => inside.has(x))]));
  const producers = (n: Node): readonly Node[] => read.get(n) as readonly Node[];
  for (const n of members)
    if (spanOf(n).iter.length === 0 && producers(n).every((p) => place.get(p) === 'prologue'))
      place.set(n, 'prologue');

  // 4. Which axes are inner.
  const reducers = members.filter((n) => spanOf(n).reduced.length > 0);
  const reach = new Map<Node, Set<Axis>>();
  for (let i = reducers.length === 0 ? -1 : members.length - 1; i >= 0; i--) {
    const set = new Set<Axis>();
    users.get(members[i])?.forEach((user) => {
      spanOf(user).iter.forEach((a) => set.add(a));
      reach.get(user)?.forEach((a) => set.add(a));
    });
    reach.set(members[i], set);
  }
  const readAgain = reducers.filter((n) => spanOf(n).reduced.some((a) => reach.get(n)?.has(a)));
  if (contractions.some((n) => readAgain.includes(n)))
    return refuse('the sum of a contraction is read along its own axis');
  const inner = new Set<Axis>([...readAgain, ...contractions].flatMap((n) => spanOf(n).reduced));
  const downstream = new Set<Node>();
  for (const n of members)
    if (
      producers(n).some(
        (p) =>
          downstream.has(p) ||
          (spanOf(p).reduced.length > 0 && !readAgain.includes(p) && meaningOf(p).tag !== 'contract'),
      )
    )
      downstream.add(n);
  const late = findLate(members, users, producers, downstream, place);
  const base = members.filter((n) => !downstream.has(n) && !late.has(n) && place.get(n) !== 'prologue');
  const lead = members.reduce((best, n) =>
    productOf(spanOf(n).iter) > productOf(spanOf(best).iter) ? n : best,
  );
  const leadOrder = spanOf(lead).iter;
  const shared = (): Axis[] =>
    leadOrder.filter((a) => !inner.has(a) && base.every((n) => spanOf(n).iter.includes(a)));
  if (inner.size === 0)
    for (const n of reducers) {
      const span = spanOf(n);
      const kept = span.dims.flat();
      const last = Math.max(-1, ...kept.map((a) => span.iter.indexOf(a)));
      if (kept.length > 0)
        span.reduced.filter((a) => span.iter.indexOf(a) > last).forEach((a) => inner.add(a));
    }
  let rows = shared();

  // 5. Sinks reduce a row axis; who reads one is a tail. Everybody else must run over all rows.
  const sinks = new Set<Node>();
  const isTail = new Set<Node>();
  for (;;) {
    sinks.clear();
    isTail.clear();
    for (const n of members) {
      if (place.get(n) === 'prologue') continue;
      if (producers(n).some((p) => sinks.has(p) || isTail.has(p))) isTail.add(n);
      else if (spanOf(n).reduced.some((a) => rows.includes(a))) sinks.add(n);
    }
    // What only tails read is computed with them, unless it runs over the rows anyway.
    for (const n of [...members].reverse())
      if (late.has(n) && (users.get(n) as Node[]).every((u) => isTail.has(u))) isTail.add(n);
    const narrower = rows.filter((a) =>
      members.every((n) => place.get(n) === 'prologue' || isTail.has(n) || spanOf(n).iter.includes(a)),
    );
    if (narrower.length === rows.length) break;
    rows = narrower;
  }
  if (!alone && rows.some((a, i) => leadOrder[i] !== a))
    return refuse('shared axes are not the slowest in memory');
  for (const n of isTail) {
    if (meaningOf(n).tag !== 'map') return refuse(`${n.op.name} would follow a reduction over rows`);
    if (producers(n).some((p) => !sinks.has(p) && !isTail.has(p) && place.get(p) !== 'prologue'))
      return refuse(`${n.op.name} reads a finished sum and a row value together`);
    place.set(n, 'tail');
  }

  // 6. Passes.
  const innerOf = (list: readonly Axis[]): Axis[] => list.filter((a) => !rows.includes(a));
  const pass = new Map<Node, number>();
  const loops = new Set<string>();
  for (const n of members) {
    if (place.has(n)) continue;
    const span = spanOf(n);
    const mine = innerOf(span.iter);
    if (
      span.reduced.length > 0 &&
      !sinks.has(n) &&
      meaningOf(n).tag === 'reduce' &&
      innerOf(span.dims.flat()).length > 0
    )
      return refuse(`${n.op.name} keeps an inner axis`);
    place.set(n, mine.length > 0 ? 'inner' : 'row');
    let p = 0;
    for (const producer of producers(n)) {
      if (place.get(producer) === 'prologue') continue;
      const theirs = spanOf(producer);
      const kept = innerOf(theirs.dims.flat());
      if (kept.length > 0) {
        if (mine.length !== kept.length || !kept.every((a) => mine.includes(a)))
          return refuse(`${n.op.name} and ${producer.op.name} run over different inner loops`);
      }
      const finished = innerOf(theirs.reduced).length > 0 && meaningOf(producer).tag !== 'contract';
      p = Math.max(p, (pass.get(producer) ?? 0) + (finished ? 1 : 0));
    }
    pass.set(n, p);
    if (mine.length > 0)
      loops.add(
        `${p}:${mine
          .map((a) => a.id)
          .sort()
          .join()}`,
      );
  }
  const passes = Math.max(0, ...pass.values());
  if (contractions.length > 0) {
    if (producers(contractions[0]).some((p) => place.get(p) !== 'prologue'))
      return refuse('a contraction reads its operands from memory');
    if (members.some((n) => place.get(n) === 'inner' && meaningOf(n).tag !== 'contract'))
      return refuse('beside a contraction only what is elementwise over its result fits');
    if (rows.length !== spanOf(contractions[0]).dims.flat().length)
      return refuse('a contraction keeps all axes of its result as rows');
  }
  const innerSize = Math.max(
    1,
    ...members.filter((n) => place.get(n) === 'inner').map((n) => productOf(innerOf(spanOf(n).iter))),
  );
  if (!alone && loops.size > 1 && rows.length === 0 && innerSize > limits.rowlessInner)
    return refuse('no common row');
  if (!alone && passes > 0 && innerSize > limits.stagedRow && contractions.length === 0)
    return refuse('a row is too long to be kept');
  const when = contractions.length > 0 ? pass : delay({ members, users, place, sinks, pass, passes });
  return { members, spans, rows, place, sinks, pass: when, passes, late };
}
