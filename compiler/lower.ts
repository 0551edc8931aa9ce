// From groups to nests: the only pass that sees both graph and loops. In: a group with its domain, and the buffer of every
// value that is in memory. Out: a kernel whose loops follow the domain (domain.ts draws the skeleton): what runs once, the row loops
// with their passes, or a contraction with its epilogue, and what follows the rows.

import type { Axis } from './axes.ts';
import type { Block } from './block.ts';
import { block } from './block.ts';
import { contractionOf } from './contraction.ts';
import { measure } from './cost.ts';
import type { Group } from './group.ts';
import type { LowerContext } from './lowering.ts';
import { Lowering } from './lowering.ts';
import type { Kernel } from './nest.ts';
import type { Origin } from './node.ts';
import { innerPass, planStaging, rowMember } from './passes.ts';
import { meaningOf } from './reads.ts';
import { lowerRoutine, lowerScatter } from './scatter.ts';
import { Sinks } from './sinks.ts';

/** The whole group as one kernel. */
export function lower(group: Group, context: LowerContext): Kernel {
  const l = new Lowering(group, context);
  const top = block(null);
  const [first] = group.domain.members;
  if (meaningOf(first).tag === 'routine') lowerRoutine(l, first, top);
  else if (meaningOf(first).tag === 'scatter') lowerScatter(l, first, top);
  else lowerLoops(l, top);
  return kernelOf(l, top);
}

function lowerLoops(l: Lowering, top: Block): void {
  const { members, place, rows, sinks: reductions, pass, passes } = l.group.domain;
  const sinks = new Sinks(l);
  for (const n of members) if (place.get(n) === 'prologue') l.store(n, l.define(n, top), top);
  for (const n of reductions) sinks.open(n, top);
  planStaging(l);
  const contraction = members.find((n) => meaningOf(n).tag === 'contract');
  const rowAxes = contraction ? l.span(contraction).dims.flat() : rows;
  const row = block(
    top,
    rowAxes.map((a) => l.varOf(a)),
  );
  const rowMembers = (p: number): void => {
    for (const n of members) if (place.get(n) === 'row' && pass.get(n) === p) rowMember(l, sinks, n, row);
  };
  if (contraction) {
    const { outer, stmt } = contractionOf(l, contraction, row, () => rowMembers(0));
    top.stmts.push(...l.loops(outer, [stmt]));
  } else {
    for (let p = 0; p <= passes + 1; p++) {
      rowMembers(p);
      innerPass(
        l,
        sinks,
        members.filter((n) => place.get(n) === 'inner' && pass.get(n) === p),
        row,
      );
    }
    top.stmts.push(...l.loops(rows, row.stmts));
  }
  sinks.close(top);
}

function kernelOf(l: Lowering, top: Block): Kernel {
  const { members, rows, passes, sinks } = l.group.domain;
  const words = [...new Set(members.map((n) => n.op.name.replace(/[^A-Za-z0-9]/g, '')))];
  const base =
    words.length <= 4 ? words.join('_') : [...words.slice(0, 2), 'etc', words[words.length - 1]].join('_');
  const inner = new Set(members.flatMap((n) => l.span(n).iter.filter((a) => !rows.includes(a))));
  const extents = (axes: Iterable<Axis>): string =>
    [...axes].map((a) => `${l.varOf(a).name}<${a.extent}`).join(' ');
  const parts = [
    rows.length > 0 ? `for ${extents(rows)}` : 'once',
    inner.size > 0 ? `inner ${extents(inner)}${passes > 0 ? ` in ${passes + 1} passes` : ''}` : '',
    sinks.size > 0 ? `summing over rows: ${[...sinks].map((n) => n.op.name).join(', ')}` : '',
  ];
  const origins: Origin[] = [];
  for (const { origin } of members)
    if (
      origin &&
      !origins.some((o) => o.op === origin.op && o.line === origin.line && o.file === origin.file)
    )
      origins.push(origin);
  return {
    name: l.context.uniqueName(base),
    body: top.stmts,
    summary: parts.filter(Boolean).join(' · '),
    origins,
    ...measure(top.stmts, l.scratch, members),
    scratch: l.scratch,
  };
}
