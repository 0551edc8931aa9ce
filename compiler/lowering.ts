// Values inside a kernel: how a member's operands are read and how its own value is named. In: a group with its domain, the buffer of
// every value in memory, and the block under construction. Out: expressions and named locals. Reading through views is index
// arithmetic; each load and each member gets one name per block, as far out as it can be evaluated.

import type { LoopVar } from './affine.ts';
import { add, flatten, indexOf, ofVar, place as placeAt, readThrough, scale, unflatten } from './affine.ts';
import type { Axis, Dim } from './axes.ts';
import type { Block } from './block.ts';
import { block, find, outermost } from './block.ts';
import type { Span } from './domain.ts';
import { operandDims } from './domain.ts';
import type { DType } from './dtype.ts';
import { isInteger } from './dtype.ts';
import { InternalError } from './errors.ts';
import type { Group } from './group.ts';
import { Names, scratchName } from './names.ts';
import type { Buffer, Expr, NestIndex, Stmt } from './nest.ts';
import { loadOf, local, num } from './nest.ts';
import { printExpr } from './printNest.ts';
import type { Node } from './node.ts';
import type { Read } from './reads.ts';
import { meaningOf, operandRead, producersOf } from './reads.ts';
import type { Primitive, Scalar } from './scalar.ts';
import { primitives } from './scalar.ts';

export interface LowerContext {
  readonly bufferOf: (n: Node) => Buffer | undefined;
  readonly inlined: ReadonlySet<Node>;
  /** Names that mean something in the whole program, and those that are taken in the kernel. */
  readonly taken: Names;
  /** Single numbers that the kernel has computed before these loops. */
  readonly known: ReadonlyMap<Node, Expr>;
  /** A name for a kernel or for scratch that nothing in the program has. */
  readonly uniqueName: (base: string) => string;
}

/** The dtype that decides accuracy and wrapping inside a map: its own, or that of its operands for comparisons. */
const computeType = (n: Node): DType =>
  n.type.dtype === 'bool' && n.inputs.length > 0 ? n.inputs[n.inputs.length - 1].type.dtype : n.type.dtype;

function countArgs(e: Scalar, into = new Map<number, number>()): Map<number, number> {
  if (e.tag === 'arg') into.set(e.index, (into.get(e.index) ?? 0) + 1);
  else if (e.tag === 'cast') countArgs(e.arg, into);
  else if (e.tag === 'prim') e.args.forEach((a) => countArgs(a, into));
  return into;
}

/**
 * Primitives in which a tiny difference of an operand makes a large one of the result. Locals carry float32 values in double; here they
 * are rounded, as if they had been stored: the maximum of a row must be equal to one of its elements.
 */
const steps: ReadonlySet<Primitive> = new Set([
  'eq',
  'ne',
  'lt',
  'le',
  'gt',
  'ge',
  'floor',
  'ceil',
  'trunc',
  'round',
  'fmod',
  'isfinite',
]);
const hasStep = (e: Scalar): boolean =>
  e.tag === 'cast' ? hasStep(e.arg) : e.tag === 'prim' && (steps.has(e.prim) || e.args.some(hasStep));
const isZero = (e: Scalar): boolean => e.tag === 'const' && e.value === 0;

export class Lowering {
  private readonly names: Names;
  /** Locals whose value a float32 holds exactly, because it was loaded or rounded. */
  private readonly exactLocals = new Set<string>();
  /** True if some member is sensitive to the last digit of what it reads. */
  private readonly compares: boolean;
  private readonly vars = new Map<Axis, LoopVar>();
  readonly scratch: Buffer[] = [];
  /** Inner values that later passes read from a row of scratch. */
  readonly staged = new Map<Node, Buffer>();
  /** Where finished sums of rows can be read: their accumulators. */
  readonly finished = new Map<Node, Expr>();
  readonly members: ReadonlySet<Node>;

  constructor(
    readonly group: Group,
    readonly context: LowerContext,
  ) {
    this.members = new Set(group.domain.members);
    this.compares = group.domain.members.some((n) => {
      const meaning = meaningOf(n);
      return meaning.tag === 'map' && hasStep(meaning.expr);
    });
    this.names = new Names(context.taken);
    const axes = new Set<Axis>(group.domain.rows);
    for (const span of group.domain.spans.values()) span.iter.forEach((a) => axes.add(a));
    for (const axis of axes) {
      const letter = String.fromCharCode(105 + (this.vars.size % 18));
      this.vars.set(axis, { tag: 'var', name: this.names.fresh(letter), extent: axis.extent });
    }
  }

  span(n: Node): Span {
    return this.group.domain.spans.get(n) as Span;
  }

  varOf(axis: Axis): LoopVar {
    return this.vars.get(axis) as LoopVar;
  }

  fresh(base: string): string {
    return this.names.fresh(base);
  }

  newScratch(base: string, dtype: DType, length: number): Buffer {
    const buffer: Buffer = {
      name: scratchName(base, this.names, this.context.uniqueName),
      dtype,
      length,
      role: 'scratch',
    };
    this.scratch.push(buffer);
    return buffer;
  }

  /** The row-major index of a product of axes. */
  indexOfDim(dim: Dim): NestIndex {
    return dim.reduce<NestIndex>(
      (sum, axis) => add(scale(sum, axis.extent), ofVar(this.varOf(axis))),
      indexOf(0),
    );
  }

  position(n: Node, dims: readonly Dim[]): NestIndex {
    return flatten(
      placeAt(
        n.type.shape,
        dims.map((d) => this.indexOfDim(d)),
      ),
    );
  }

  /** What a reader at `at` sees through a chain of views. */
  read(read: Read, shape: readonly number[], at: readonly NestIndex[], where: Block): Expr {
    let here = placeAt<Expr>(shape, at);
    const wraps: { readonly guards: Extract<Expr, { tag: 'guarded' }>['guards']; readonly fill: number }[] =
      [];
    for (const step of read.steps) {
      const next = readThrough<Expr>(step.view, step.input, here);
      here = next.place;
      const fill = step.view.tag === 'affine' ? (step.view.fill ?? 0) : 0;
      if (next.never) return this.wrap(num(fill), wraps);
      if (next.guards.length > 0) wraps.push({ guards: next.guards, fill });
    }
    const n = read.source;
    const meaning = meaningOf(n);
    if (meaning.tag === 'constant') return this.wrap(num(meaning.value), wraps);
    if (meaning.tag === 'iota') {
      const index = scale(unflatten(here)[meaning.axis], meaning.step);
      return this.wrap({ tag: 'index', index: { ...index, offset: index.offset + meaning.offset } }, wraps);
    }
    if (this.members.has(n)) return this.member(n, where);
    // What a guard keeps from being read must not be named before the guard.
    const inside = wraps.length > 0 ? block(where, [], true) : where;
    if (this.context.inlined.has(n)) return this.wrap(this.mapAt(n, unflatten(here), inside), wraps);
    const known = this.context.known.get(n);
    if (known) return this.wrap(known, wraps);
    const buffer = this.context.bufferOf(n);
    if (!buffer) throw new InternalError(`lower: ${n.op.name} is read but has no buffer`);
    return this.load(this.wrap(loadOf(buffer, flatten(here)), wraps), where);
  }

  /** A load gets one name per block, however many members read it. */
  private load(e: Expr, where: Block): Expr {
    if (where.raw) return e;
    const key = printExpr(e);
    for (let b: Block | null = where; b !== null; b = b.outer) {
      const known = b.loads.get(key);
      if (known) return known;
    }
    const home = outermost(e, where);
    const named = this.bind(e, 'x', home);
    home.loads.set(key, named);
    return named;
  }

  /** Gives an expression a name, unless it is one already. */
  private bind(e: Expr, base: string, where: Block): Expr {
    if (where.raw || e.tag === 'local' || e.tag === 'number') return e;
    return this.name(e, this.fresh(base), where);
  }

  private name(value: Expr, name: string, where: Block, of: Node | null = null): Expr {
    where.stmts.push({ tag: 'let', name, value, origin: of?.origin });
    if (this.isExact(value)) this.exactLocals.add(name);
    return local(name);
  }

  /** True if a float32 holds the value of this expression. */
  private isExact(e: Expr): boolean {
    switch (e.tag) {
      case 'number':
        return Object.is(Math.fround(e.value), e.value);
      case 'local':
        return this.exactLocals.has(e.name);
      case 'load':
        return e.buffer.dtype !== 'float64';
      case 'index':
        return true;
      case 'cast':
        return e.dtype !== 'float64' || this.isExact(e.arg);
      case 'guarded':
        return this.isExact(e.value) && Object.is(Math.fround(e.otherwise), e.otherwise);
      case 'prim': {
        if (primitives[e.prim].logical) return true;
        if (e.prim === 'select') return e.args.slice(1).every((a) => this.isExact(a));
        return ['neg', 'abs', 'min', 'max'].includes(e.prim) && e.args.every((a) => this.isExact(a));
      }
    }
  }

  /** A value as it would be read from memory. */
  exactly(e: Expr, dtype: DType): Expr {
    return dtype !== 'float32' || this.isExact(e) ? e : { tag: 'cast', dtype, arg: e };
  }

  /** A map's expression over operands; those it mentions more than once are named first. */
  private applyMap(n: Node, expr: Scalar, operand: (k: number) => Expr, where: Block): Expr {
    const uses = countArgs(expr);
    const args = n.inputs.map((_, k) => {
      const e = operand(k);
      return (uses.get(k) ?? 0) > 1 ? this.bind(e, 'x', where) : e;
    });
    const exact = args.map((e, k) => this.exactly(e, n.inputs[k].type.dtype));
    return this.scalar(expr, args, exact, computeType(n));
  }

  private wrap(
    value: Expr,
    wraps: readonly { readonly guards: Extract<Expr, { tag: 'guarded' }>['guards']; readonly fill: number }[],
  ): Expr {
    return wraps.reduceRight<Expr>(
      (e, w) => ({ tag: 'guarded', guards: w.guards, value: e, otherwise: w.fill }),
      value,
    );
  }

  /** A map computed at any index of its own: for nodes that belong to their readers. */
  private mapAt(n: Node, at: readonly NestIndex[], where: Block): Expr {
    const meaning = meaningOf(n);
    if (meaning.tag !== 'map') throw new InternalError(`lower: ${n.op.name} is not a map`);
    return this.applyMap(
      n,
      meaning.expr,
      (k) => this.read(operandRead(n, k), n.type.shape, at, where),
      where,
    );
  }

  private scalar(e: Scalar, args: readonly Expr[], exact: readonly Expr[], dtype: DType): Expr {
    switch (e.tag) {
      case 'arg':
        return args[e.index];
      case 'const':
        return num(e.value);
      case 'cast':
        return {
          tag: 'cast',
          dtype: e.dtype,
          arg: this.scalar(e.arg, isInteger(e.dtype) || e.dtype === 'float64' ? exact : args, exact, dtype),
        };
      case 'prim': {
        const inside = steps.has(e.prim) && !e.args.some(isZero) ? exact : args;
        return {
          tag: 'prim',
          prim: e.prim,
          args: e.args.map((a) => this.scalar(a, inside, exact, dtype)),
          dtype,
        };
      }
    }
  }

  /** Operand `k` of a member at the member's own place. */
  operand(n: Node, k: number, where: Block): Expr {
    const dims = operandDims(n, this.span(n), k);
    const read = operandRead(n, k);
    const shape = read.steps[0]?.output ?? read.source.type.shape;
    return this.read(
      read,
      shape,
      dims.map((d) => this.indexOfDim(d)),
      where,
    );
  }

  /** The value of a member as seen in a block: a local, or what an earlier pass left behind. */
  private member(n: Node, where: Block): Expr {
    const known = find(where, n);
    if (known) return known;
    const kept = this.staged.get(n);
    if (kept) return loadOf(kept, this.rowIndex(n));
    const sum = this.finished.get(n);
    if (sum) return sum;
    const buffer = this.group.stored.includes(n) ? this.context.bufferOf(n) : undefined;
    if (buffer) return loadOf(buffer, this.position(n, this.span(n).dims));
    return this.define(n, where);
  }

  /** The place of an inner value in a row of scratch. */
  rowIndex(n: Node): NestIndex {
    const rows = this.group.domain.rows;
    return this.indexOfDim(
      this.span(n)
        .dims.flat()
        .filter((a) => !rows.includes(a)),
    );
  }

  /** The right-hand side of a map or gather member. */
  private valueOf(n: Node, where: Block): Expr {
    const meaning = meaningOf(n);
    if (meaning.tag === 'map') return this.applyMap(n, meaning.expr, (k) => this.operand(n, k, where), where);
    if (meaning.tag === 'gather') {
      const data = n.inputs[0].type.shape;
      const at = this.span(n).dims.map((d) => this.indexOfDim(d));
      const index = meaning.axes.map((axis, i): NestIndex => {
        if ('axis' in axis) return at[axis.axis];
        const expr = this.operand(n, axis.input, where);
        return { offset: 0, terms: [{ atom: { tag: 'value', expr, extent: data[i] }, coef: 1 }] };
      });
      return this.read(operandRead(n, 0), data, index, where);
    }
    if (meaning.tag === 'reduce') {
      // Over axes of size 1: the value itself.
      const value = this.operand(n, 0, where);
      if (meaning.monoid === 'argmax' || meaning.monoid === 'argmin') return num(0);
      if (meaning.monoid !== 'any' && meaning.monoid !== 'all') return value;
      return { tag: 'prim', prim: 'ne', args: [value, num(0)], dtype: n.inputs[0].type.dtype };
    }
    throw new InternalError(`lower: ${n.op.name} is no map`);
  }

  /**
   * True if one loop of the kernel may see a member's local and another what was stored of it. Both must be the same number: an
   * element computed from it once more must still be equal to the maximum.
   */
  private readsBack(n: Node): boolean {
    const { place, passes } = this.group.domain;
    if (!this.compares) return false;
    const where = place.get(n);
    if (!(where === 'tail' || (where === 'inner' && passes > 0)) || !this.group.stored.includes(n))
      return false;
    return [...this.members].some((user) => producersOf(user).includes(n));
  }

  /** Computes a member in a block, gives it a name there and stores it if others need it. */
  define(n: Node, where: Block): Expr {
    const name = this.fresh(n.op.name);
    const computed = this.valueOf(n, where);
    const exact = this.readsBack(n) ? this.exactly(computed, n.type.dtype) : computed;
    const value = this.name(exact, name, where, n);
    where.values.set(n, value);
    return value;
  }

  store(n: Node, value: Expr, where: Block): void {
    if (!this.group.stored.includes(n)) return;
    const buffer = this.context.bufferOf(n);
    if (!buffer) throw new InternalError(`lower: ${n.op.name} must be stored but has no buffer`);
    const index = this.position(n, this.span(n).dims);
    where.stmts.push({ tag: 'store', buffer, index, value, origin: n.origin });
  }

  loops(axes: readonly Axis[], body: readonly Stmt[]): Stmt[] {
    return axes.reduceRight<readonly Stmt[]>(
      (inner, axis) => (axis.extent === 1 ? inner : [{ tag: 'loop', loop: this.varOf(axis), body: inner }]),
      body,
    ) as Stmt[];
  }
}
