// The passes over a row. In: the members of a group that run inside rows. Out: inner loops in order: members of one pass and one set of
// axes share a loop; a reduction is opened before its loop and read after it; what a later pass needs again is computed again
// if it is cheap, and kept in a row of scratch if it is dear.

import { resultOf, step } from './accumulate.ts';
import type { Axis } from './axes.ts';
import type { Block } from './block.ts';
import { block } from './block.ts';
import { limits } from './limits.ts';
import type { Lowering } from './lowering.ts';
import type { Node } from './node.ts';
import { meaningOf, operandRead } from './reads.ts';
import { scalarCost } from './scalar.ts';
import type { Sinks } from './sinks.ts';
import { answerOf, openLocal, reducedIndex, reducedValue } from './sinks.ts';

const isKept = (l: Lowering, n: Node): boolean => l.staged.has(n) || l.group.stored.includes(n);

/** The price of computing an inner value again, with those it needs that are kept nowhere. */
function priceAgain(l: Lowering, n: Node): number {
  const meaning = meaningOf(n);
  if (meaning.tag !== 'map') return Infinity;
  let price = scalarCost(meaning.expr) + n.inputs.length / 2;
  for (let k = 0; k < n.inputs.length; k++) {
    const { source } = operandRead(n, k);
    const isInner = l.members.has(source) && l.group.domain.place.get(source) === 'inner';
    if (isInner && !isKept(l, source) && l.span(source).reduced.length === 0) price += priceAgain(l, source);
  }
  return price;
}

/** Gives scratch to the inner values that later passes need and that are dear and not stored anyway. */
export function planStaging(l: Lowering): void {
  const { members, place, pass, rows } = l.group.domain;
  for (const n of members) {
    if (place.get(n) !== 'inner' || l.span(n).reduced.length > 0 || isKept(l, n)) continue;
    const readLater = members.some(
      (user) =>
        place.get(user) === 'inner' &&
        (pass.get(user) as number) > (pass.get(n) as number) &&
        user.inputs.some((_, k) => operandRead(user, k).source === n),
    );
    if (!readLater || priceAgain(l, n) < limits.keepFrom) continue;
    const inner = l
      .span(n)
      .dims.flat()
      .filter((a) => !rows.includes(a));
    const length = inner.reduce((product, a) => product * a.extent, 1);
    const dtype = n.type.dtype === 'float32' ? 'float64' : n.type.dtype;
    l.staged.set(n, l.newScratch(`${n.op.name}Row`, dtype, length));
  }
}

/** A member that runs once per row. */
export function rowMember(l: Lowering, sinks: Sinks, n: Node, row: Block): void {
  if (meaningOf(n).tag === 'contract') return;
  if (l.span(n).reduced.length > 0) sinks.addHere(n, row);
  else l.store(n, l.define(n, row), row);
}

/** The inner loops of one pass. */
export function innerPass(l: Lowering, sinks: Sinks, nodes: readonly Node[], row: Block): void {
  const { rows } = l.group.domain;
  const sets: { readonly axes: readonly Axis[]; readonly nodes: Node[] }[] = [];
  for (const n of nodes) {
    const axes = l.span(n).iter.filter((a) => !rows.includes(a));
    const same = sets.find((x) => x.axes.length === axes.length && axes.every((a) => x.axes.includes(a)));
    if (same) same.nodes.push(n);
    else sets.push({ axes, nodes: [n] });
  }
  for (const { axes, nodes: together } of sets) {
    const vars = axes.map((a) => l.varOf(a));
    const body = block(row, vars);
    const afterLoop: (() => void)[] = [];
    for (const n of together) {
      if (l.span(n).reduced.length > 0) {
        afterLoop.push(reduceInside(l, sinks, n, row, body));
        continue;
      }
      const value = l.define(n, body);
      l.store(n, value, body);
      const kept = l.staged.get(n);
      if (kept) body.stmts.push({ tag: 'store', buffer: kept, index: l.rowIndex(n), value });
    }
    row.stmts.push(...l.loops(axes, body.stmts));
    afterLoop.forEach((f) => f());
  }
}

/** A reduction inside an inner loop; returns what is to be done when the loop has ended. */
function reduceInside(l: Lowering, sinks: Sinks, n: Node, row: Block, body: Block): () => void {
  const { domain } = l.group;
  const inner = (axes: readonly Axis[]): boolean => axes.some((a) => !domain.rows.includes(a));
  const isSink = domain.sinks.has(n);
  if (isSink && (inner(l.span(n).dims.flat()) || !inner(l.span(n).reduced))) {
    sinks.addHere(n, body);
    return () => {};
  }
  const acc = openLocal(l, n, row);
  body.stmts.push(...step(acc, reducedValue(l, n, body), reducedIndex(l, n), n, (base) => l.fresh(base)));
  return () => {
    // A partial index counts all reduced axes already: reducedIndex uses the row variables too.
    if (isSink) sinks.add(n, acc.value.read, resultOf(acc), row);
    else {
      const answer = answerOf(n, acc);
      row.values.set(n, answer);
      l.store(n, answer, row);
    }
  };
}
