// From groups to nests: the only pass that sees both graph and loops. In: a group with its domain, and the buffer of every
// value that is in memory. Out: a kernel whose loops follow the domain (domain.ts draws the skeleton): what runs once, the row loops
// with their passes, or a contraction with its epilogue, and what follows the rows.

import type { Axis } from './axes.ts';
import type { Block } from './block.ts';
import { block } from './block.ts';
import { contractionOf } from './contraction.ts';
import { measure } from './cost.ts';
import type { Group } from './group.ts';
import { partsOf } from './group.ts';
import type { LowerContext } from './lowering.ts';
import { Lowering } from './lowering.ts';
import { Names } from './names.ts';
import type { Expr, Kernel, Stmt } from './nest.ts';
import { visitStmts } from './nest.ts';
import type { Node, Origin } from './node.ts';
import { innerPass, planStaging, rowMember } from './passes.ts';
import { meaningOf } from './reads.ts';
import { lowerRoutine, lowerScatter } from './scatter.ts';
import { numel } from './shape.ts';
import { Sinks } from './sinks.ts';

/** What is the same for all groups of a program. */
export type ProgramContext = Omit<LowerContext, 'known'>;

/** The whole group, with its preludes, as one kernel. */
export function lower(group: Group, context: ProgramContext): Kernel {
  const taken = new Names(context.taken);
  const known = new Map<Node, Expr>();
  const parts = partsOf(group).map((part): Part => {
    const l = new Lowering(part, { ...context, taken, known });
    const top = block(null);
    const [first] = part.domain.members;
    if (meaningOf(first).tag === 'routine') lowerRoutine(l, first, top);
    else if (meaningOf(first).tag === 'scatter') lowerScatter(l, first, top);
    else lowerLoops(l, top, known);
    visitStmts(top.stmts, (s) => (s.tag === 'let' || s.tag === 'var') && taken.reserve(s.name));
    return { l, stmts: top.stmts };
  });
  return kernelOf(parts, context);
}

interface Part {
  readonly l: Lowering;
  readonly stmts: readonly Stmt[];
}

/** Also notes the single numbers that the loops leave behind. */
function lowerLoops(l: Lowering, top: Block, known: Map<Node, Expr>): void {
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
  const left = [...top.values, ...(rows.length === 0 ? row.values : []), ...l.finished];
  for (const [n, value] of left) if (numel(n.type.shape) === 1) known.set(n, value);
}

function kernelOf(parts: readonly Part[], context: ProgramContext): Kernel {
  const body = parts.flatMap(({ stmts }) => stmts);
  const scratch = parts.flatMap(({ l }) => l.scratch);
  const members = parts.flatMap(({ l }) => l.group.domain.members);
  const origins: Origin[] = [];
  // the product comes first: what a tile does without saying so belongs to its line
  const product = members.filter((n) => meaningOf(n).tag === 'contract');
  for (const { origin } of [...product, ...members])
    if (
      origin &&
      !origins.some((o) => o.op === origin.op && o.line === origin.line && o.file === origin.file)
    )
      origins.push(origin);
  return {
    name: context.uniqueName(nameOf(parts[parts.length - 1].l.group)),
    body,
    summary: parts.map(({ l }) => summaryOf(l)).join(', then '),
    origins,
    ...measure(body, scratch, members),
    scratch,
  };
}

/** What a kernel is called, unless another one is called so already. */
export function nameOf({ domain: { members } }: Group): string {
  const words = [...new Set(members.map((n) => n.op.name.replace(/[^A-Za-z0-9]/g, '')))];
  return (words.length <= 4 ? words : [...words.slice(0, 2), 'etc', words[words.length - 1]]).join('_');
}

function summaryOf(l: Lowering): string {
  const { members, rows, sinks } = l.group.domain;
  const inner = new Set(members.flatMap((n) => l.span(n).iter.filter((a) => !rows.includes(a))));
  const extents = (axes: Iterable<Axis>): string =>
    [...axes].map((a) => `${l.varOf(a).name}<${a.extent}`).join(' ');
  return [
    rows.length > 0 ? `for ${extents(rows)}` : 'once',
    inner.size > 0 ? `inner ${extents(inner)}` : '',
    sinks.size > 0 ? `summing over rows: ${[...sinks].map((n) => n.op.name).join(', ')}` : '',
  ]
    .filter(Boolean)
    .join(' · ');
}
