// Lowering of a contraction. In: the contract node of a group. Out: one `contraction` statement, its axes sorted by who carries
// them, within loops over what both operands and the result share (batch). `schedule` gives it loops later.

import type { Axis } from './axes.ts';
import { InternalError } from './errors.ts';
import type { Block } from './block.ts';
import { block } from './block.ts';
import type { Lowering } from './lowering.ts';
import type { Contraction } from './nest.ts';
import { local } from './nest.ts';
import type { Node } from './node.ts';
import { meaningOf } from './reads.ts';

export function contractionOf(
  lowering: Lowering,
  n: Node,
  row: Block,
  epilogue: () => void,
): { readonly outer: readonly Axis[]; readonly stmt: Contraction } {
  const meaning = meaningOf(n);
  if (meaning.tag !== 'contract') throw new InternalError('lower: no contraction');
  const span = lowering.span(n);
  const axesWhere = (test: (inA: boolean, inB: boolean, inOut: boolean) => boolean): Axis[] =>
    [...span.operand.entries()]
      .filter(([label]) =>
        test(meaning.a.includes(label), meaning.b.includes(label), meaning.out.includes(label)),
      )
      .flatMap(([, dim]) => [...dim])
      .filter((a) => a.extent !== 1);
  const outer = axesWhere((a, b, out) => a && b && out);
  const order = (axes: Axis[]): Axis[] => axes.sort((x, y) => span.iter.indexOf(x) - span.iter.indexOf(y));
  const whole = block(row, [], true);
  const a = lowering.operand(n, 0, whole);
  const b = lowering.operand(n, 1, whole);
  const acc = lowering.fresh('acc');
  row.values.set(n, local(acc));
  lowering.store(n, local(acc), row);
  epilogue();
  const vars = (axes: readonly Axis[]): Contraction['m'] => axes.map((axis) => lowering.varOf(axis));
  return {
    outer: order(outer),
    stmt: {
      tag: 'contraction',
      m: vars(order(axesWhere((inA, inB, out) => inA && !inB && out))),
      n: vars(order(axesWhere((inA, inB, out) => !inA && inB && out))),
      k: vars(axesWhere((inA, inB, out) => inA && inB && !out)),
      a,
      b,
      acc,
      dtype: n.type.dtype,
      epilogue: row.stmts,
    },
  };
}
