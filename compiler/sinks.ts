// Sums over rows. In: the reductions of a group that reduce a row axis. Out: accumulators that are opened before the row loops, take in a
// value wherever one is computed, and are stored and handed to the tails after the loops. One that keeps no axis is a local;
// otherwise it is an array of doubles, one element per kept place.

import type { Accumulator } from './accumulate.ts';
import { inArray, inLocal, isArg, resultOf, startOf, step } from './accumulate.ts';
import type { Axis } from './axes.ts';
import type { Block } from './block.ts';
import { block } from './block.ts';
import { isInteger } from './dtype.ts';
import type { Lowering } from './lowering.ts';
import type { Expr, Stmt } from './nest.ts';
import { num } from './nest.ts';
import type { Node } from './node.ts';
import type { Monoid } from './op.ts';
import { meaningOf } from './reads.ts';
import { numel } from './shape.ts';

export function monoidOf(n: Node): Monoid {
  const meaning = meaningOf(n);
  return meaning.tag === 'reduce' ? meaning.monoid : 'sum';
}

/** The index that an arg-reduction reports: row-major over the reduced axes. */
export const reducedIndex = (l: Lowering, n: Node): Expr => ({
  tag: 'index',
  index: l.indexOfDim(l.span(n).reduced),
});

/** The value that a reduction takes in at the current place. The place of an extreme must not depend on digits that memory drops. */
export function reducedValue(l: Lowering, n: Node, where: Block): Expr {
  const value = l.operand(n, 0, where);
  return isArg(monoidOf(n)) ? l.exactly(value, n.inputs[0].type.dtype) : value;
}

/** The answer of a reduction as a value of its dtype: sums of integers wrap here, not at every step. */
export function answerOf(n: Node, acc: Accumulator): Expr {
  const { dtype } = n.type;
  const value = resultOf(acc);
  return acc.monoid === 'sum' && isInteger(dtype) ? { tag: 'cast', dtype, arg: value } : value;
}

/** An accumulator in locals, opened in a block. */
export function openLocal(l: Lowering, n: Node, where: Block): Accumulator {
  const monoid = monoidOf(n);
  const start = startOf(monoid, n.inputs[0].type.dtype);
  const open = (base: string, value: number): string => {
    const name = l.fresh(base);
    where.stmts.push({ tag: 'var', name, value: num(value) });
    return name;
  };
  const value = inLocal(open(n.op.name, start.value));
  return { monoid, value, index: isArg(monoid) ? inLocal(open('index', start.index)) : null };
}

export class Sinks {
  private readonly accumulators = new Map<Node, Accumulator>();

  constructor(private readonly l: Lowering) {}

  open(n: Node, top: Block): void {
    const { l } = this;
    const kept = l.span(n).dims.flat();
    if (kept.length === 0) {
      this.accumulators.set(n, openLocal(l, n, top));
      return;
    }
    const monoid = monoidOf(n);
    const length = numel(n.type.shape);
    const at = l.indexOfDim(kept);
    const start = startOf(monoid, n.inputs[0].type.dtype);
    const value = inArray(l.newScratch(`${n.op.name}Sum`, 'float64', length), at);
    const index = isArg(monoid) ? inArray(l.newScratch('indexBest', 'int32', length), at) : null;
    this.accumulators.set(n, { monoid, value, index });
    const body: Stmt[] = [value.write(num(start.value))];
    if (index) body.push(index.write(num(start.index)));
    top.stmts.push(...l.loops(kept, body));
  }

  /** Takes in a value of the operand. */
  add(n: Node, value: Expr, index: Expr, where: Block): void {
    const acc = this.accumulators.get(n) as Accumulator;
    where.stmts.push(...step(acc, value, index, n, (base) => this.l.fresh(base)));
  }

  /** Takes in the operand at the current place. */
  addHere(n: Node, where: Block): void {
    this.add(n, reducedValue(this.l, n, where), reducedIndex(this.l, n), where);
  }

  /** After the row loops: stores finished sums and computes the tails, in one loop per set of axes. */
  close(top: Block): void {
    const { l } = this;
    const { members, sinks, place } = l.group.domain;
    let open: { readonly key: string; readonly axes: readonly Axis[]; readonly body: Block } | null = null;
    const flush = (): void => {
      if (open && open.axes.length > 0) top.stmts.push(...l.loops(open.axes, open.body.stmts));
      open = null;
    };
    for (const n of members) {
      if (!sinks.has(n) && place.get(n) !== 'tail') continue;
      const axes = l.span(n).dims.flat();
      const key = axes.map((a) => a.id).join();
      if (open === null || open.key !== key) {
        flush();
        const vars = axes.map((a) => l.varOf(a));
        open = { key, axes, body: axes.length > 0 ? block(top, vars) : top };
      }
      const { body } = open;
      if (sinks.has(n)) {
        const value = answerOf(n, this.accumulators.get(n) as Accumulator);
        l.finished.set(n, value);
        l.store(n, value, body);
      } else l.store(n, l.define(n, body), body);
    }
    flush();
  }
}
