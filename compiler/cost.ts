// What a kernel costs. In: its statements and members. Out: the buffers it touches, and the arithmetic and traffic of one run.

import type { Buffer, Kernel, Stmt } from './nest.ts';
import { visitOwn, visitStmts } from './nest.ts';
import { dtypes } from './dtype.ts';
import type { Node } from './node.ts';
import { meaningOf } from './reads.ts';
import type { Scalar } from './scalar.ts';
import { numel } from './shape.ts';

const countPrims = (e: Scalar): number =>
  e.tag === 'prim' ? e.args.reduce((n, a) => n + countPrims(a), 1) : e.tag === 'cast' ? countPrims(e.arg) : 0;

/** Arithmetic operations of one node: one per primitive and element, two per multiply-add. */
export function flopsOf(n: Node): number {
  const m = meaningOf(n);
  switch (m.tag) {
    case 'map':
      return countPrims(m.expr) * numel(n.type.shape);
    case 'reduce':
      return numel(n.inputs[0].type.shape);
    case 'scatter':
      return m.mode === 'set' ? 0 : numel(n.inputs[1].type.shape);
    case 'contract': {
      const sizes = new Map<number, number>();
      m.a.forEach((label, i) => sizes.set(label, n.inputs[0].type.shape[i]));
      m.b.forEach((label, i) => sizes.set(label, n.inputs[1].type.shape[i]));
      return 2 * [...sizes.values()].reduce((p, s) => p * s, 1);
    }
    default:
      return 0;
  }
}

/** Buffers that statements read and write, scratch apart, and the price of one run. */
export function measure(
  stmts: readonly Stmt[],
  scratch: readonly Buffer[],
  members: readonly Node[],
): Pick<Kernel, 'reads' | 'writes' | 'flops' | 'bytes'> {
  const reads = new Set<Buffer>();
  const writes = new Set<Buffer>();
  const internal = new Set(scratch);
  visitStmts(stmts, (s) => {
    visitOwn(s, (x) => x.tag === 'load' && !internal.has(x.buffer) && reads.add(x.buffer));
    if (s.tag === 'store' && !internal.has(s.buffer)) writes.add(s.buffer);
    if (s.tag === 'routine') {
      writes.add(s.output);
      s.inputs.forEach((b) => reads.add(b));
    }
  });
  const size = (list: Iterable<Buffer>): number =>
    [...list].reduce((sum, b) => sum + b.length * dtypes[b.dtype].bytes, 0);
  return {
    reads: [...reads],
    writes: [...writes],
    flops: members.reduce((sum, n) => sum + flopsOf(n), 0),
    bytes: size(reads) + size(writes),
  };
}
