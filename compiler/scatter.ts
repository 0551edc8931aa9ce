// Kernels that stand alone. In: a scatter or a routine. Out: for a scatter, a copy of its base and a loop over its source that writes
// where the indices say, in row-major order; for a routine, one call.

import type { LoopVar } from './affine.ts';
import { flatten, ofVar, place } from './affine.ts';
import type { Block } from './block.ts';
import { block } from './block.ts';
import { InternalError } from './errors.ts';
import type { Lowering } from './lowering.ts';
import type { Buffer, Expr, NestIndex, Stmt } from './nest.ts';
import { loadOf } from './nest.ts';
import type { Node } from './node.ts';
import { meaningOf, operandRead, readOf } from './reads.ts';

export function lowerScatter(l: Lowering, n: Node, top: Block): void {
  const meaning = meaningOf(n);
  if (meaning.tag !== 'scatter') throw new InternalError('lower: no scatter');
  const out = l.context.bufferOf(n) as Buffer;
  const shape = n.type.shape;

  const copyVars = shape.map((extent, i): LoopVar => ({ tag: 'var', name: l.fresh(`c${i}`), extent }));
  const copyAt = copyVars.map((v) => ofVar(v));
  const copy = block(top, copyVars);
  const base = l.read(operandRead(n, 0), shape, copyAt, copy);
  copy.stmts.push({ tag: 'store', buffer: out, index: flatten(place(shape, copyAt)), value: base });
  const loop = (inner: readonly Stmt[], v: LoopVar): readonly Stmt[] =>
    v.extent === 1 ? inner : [{ tag: 'loop', loop: v, body: inner }];
  top.stmts.push(...copyVars.reduceRight(loop, copy.stmts));

  const span = l.span(n);
  const body = block(
    top,
    span.iter.map((a) => l.varOf(a)),
  );
  const at = span.dims.map((d) => l.indexOfDim(d));
  const index = meaning.axes.map((axis, i): NestIndex => {
    if ('axis' in axis) return at[axis.axis];
    const expr = l.operand(n, axis.input, body);
    return { offset: 0, terms: [{ atom: { tag: 'value', expr, extent: shape[i] }, coef: 1 }] };
  });
  const where = flatten(place<Expr>(shape, index));
  const source = l.read(operandRead(n, 1), n.inputs[1].type.shape, at, body);
  const value: Expr =
    meaning.mode === 'set'
      ? source
      : { tag: 'prim', prim: meaning.mode, args: [source, loadOf(out, where)], dtype: n.type.dtype };
  body.stmts.push({ tag: 'store', buffer: out, index: where, value });
  top.stmts.push(...l.loops(span.dims.flat(), body.stmts));
}

export function lowerRoutine(l: Lowering, n: Node, top: Block): void {
  const inputs = n.inputs.map((i) => {
    const buffer = l.context.bufferOf(readOf(i).source);
    if (!buffer) throw new InternalError(`lower: an input of ${n.op.name} is not in memory`);
    return buffer;
  });
  top.stmts.push({
    tag: 'routine',
    name: n.op.name,
    output: l.context.bufferOf(n) as Buffer,
    inputs,
    slot: n.id,
  });
}
