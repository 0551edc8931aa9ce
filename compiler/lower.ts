// From groups to nests: the only pass that sees both graph and loops. In: a group with its domain, and the buffer of every
// value that is in memory. Out: a kernel whose loops follow the domain (domain.ts draws the skeleton). Each member becomes one
// named local at its place; how an operand is read is index arithmetic through its views.

import type { NestIndex, Stmt, Expr, Kernel, Buffer } from './nest.ts';
import { loadOf, local, num, printExpr, visitExpr } from './nest.ts';
import type { LoopVar } from './affine.ts';
import { add, flatten, indexOf, ofVar, place as placeAt, readThrough, scale, unflatten, variablesOf } from './affine.ts';
import type { Axis, Dim } from './axes.ts';
import type { Span } from './domain.ts';
import { operandDims } from './domain.ts';
import type { DType } from './dtype.ts';
import { InternalError } from './errors.ts';
import type { Group } from './group.ts';
import { Names, scratchName } from './names.ts';
import { limits } from './limits.ts';
import type { Node, Origin } from './node.ts';
import { identityOf } from './op.ts';
import type { Read } from './reads.ts';
import { meaningOf, operandRead } from './reads.ts';
import type { Scalar } from './scalar.ts';
import { scalarCost } from './scalar.ts';
import { numel } from './shape.ts';
import { combine, combineArg } from './monoid.ts';
import { contractionOf } from './contraction.ts';
import { measure } from './cost.ts';

export interface LowerContext {
  readonly bufferOf: (n: Node) => Buffer | undefined;
  readonly inlined: ReadonlySet<Node>;
  /** Names that mean something in the whole program: buffers. */
  readonly taken: Iterable<string>;
  /** A name for a kernel or for scratch that nothing in the program has. */
  readonly uniqueName: (base: string) => string;
}

/** Statements under construction, and the locals that hold members' values and loads there. */
export interface Block {
  readonly stmts: Stmt[];
  readonly values: Map<Node, Expr>;
  readonly loads: Map<string, Expr>;
  readonly outer: Block | null;
  /** The loop variables that are its own: nothing outside of it knows them. */
  readonly vars: ReadonlySet<string>;
  /** Nothing may be named here: the expression is wanted whole (an operand of a contraction). */
  readonly raw: boolean;
}

export const block = (outer: Block | null, vars: Iterable<LoopVar> = [], raw = false): Block => ({
  stmts: [],
  values: new Map(),
  loads: new Map(),
  outer,
  vars: new Set([...vars].map((v) => v.name)),
  raw,
});

/** The outermost block in which an expression can be evaluated: V8 does not move loads out of loops that store. */
function outermost(e: Expr, where: Block): Block {
  const needs = new Set<string>();
  let local = false;
  visitExpr(
    e,
    (x) => (local ||= x.tag === 'local'),
    (index) => variablesOf(index, needs),
  );
  let home = where;
  while (!local && home.outer && ![...needs].some((name) => home.vars.has(name))) home = home.outer;
  return home;
}

const find = (b: Block | null, n: Node): Expr | null => (b === null ? null : (b.values.get(n) ?? find(b.outer, n)));

/** The dtype that decides accuracy and wrapping inside a map: its own, or that of its operands for comparisons. */
const computeType = (n: Node): DType =>
  n.type.dtype === 'bool' && n.inputs.length > 0 ? n.inputs[n.inputs.length - 1].type.dtype : n.type.dtype;

function countArgs(e: Scalar, into = new Map<number, number>()): Map<number, number> {
  if (e.tag === 'arg') into.set(e.index, (into.get(e.index) ?? 0) + 1);
  else if (e.tag === 'cast') countArgs(e.arg, into);
  else if (e.tag === 'prim') e.args.forEach((a) => countArgs(a, into));
  return into;
}

export class Lowering {
  private readonly names: Names;
  private readonly vars = new Map<Axis, LoopVar>();
  readonly scratch: Buffer[] = [];
  private readonly staged = new Map<Node, Buffer>();
  private readonly members: ReadonlySet<Node>;

  constructor(
    readonly group: Group,
    readonly context: LowerContext,
  ) {
    this.members = new Set(group.domain.members);
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
    const buffer: Buffer = { name: scratchName(base, this.names, this.context.uniqueName), dtype, length, role: 'scratch' };
    this.scratch.push(buffer);
    return buffer;
  }

  /** The row-major index of a product of axes. */
  indexOfDim(dim: Dim): NestIndex {
    return dim.reduce<NestIndex>((sum, axis) => add(scale(sum, axis.extent), ofVar(this.varOf(axis))), indexOf(0));
  }

  position(n: Node, dims: readonly Dim[]): NestIndex {
    return flatten(placeAt(n.type.shape, dims.map((d) => this.indexOfDim(d))));
  }

  /** What a reader at `at` sees through a chain of views. */
  read(read: Read, shape: readonly number[], at: readonly NestIndex[], where: Block): Expr {
    let here = placeAt<Expr>(shape, at);
    const wraps: { readonly guards: Extract<Expr, { tag: 'guarded' }>['guards']; readonly fill: number }[] = [];
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
    if (this.context.inlined.has(n)) return this.wrap(this.mapAt(n, unflatten(here), where), wraps);
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
    const name = this.fresh(base);
    where.stmts.push({ tag: 'let', name, value: e });
    return local(name);
  }

  /** A map's expression over operands; those it mentions more than once are named first. */
  private applyMap(n: Node, expr: Scalar, operand: (k: number) => Expr, where: Block): Expr {
    const uses = countArgs(expr);
    const args = n.inputs.map((_, k) => {
      const e = operand(k);
      return (uses.get(k) ?? 0) > 1 ? this.bind(e, 'x', where) : e;
    });
    return this.scalar(expr, args, computeType(n));
  }

  private wrap(value: Expr, wraps: readonly { readonly guards: Extract<Expr, { tag: 'guarded' }>['guards']; readonly fill: number }[]): Expr {
    return wraps.reduceRight<Expr>((e, w) => ({ tag: 'guarded', guards: w.guards, value: e, otherwise: w.fill }), value);
  }

  /** A map computed at any index of its own: for nodes that belong to their readers. */
  private mapAt(n: Node, at: readonly NestIndex[], where: Block): Expr {
    const meaning = meaningOf(n);
    if (meaning.tag !== 'map') throw new InternalError(`lower: ${n.op.name} is not a map`);
    return this.applyMap(n, meaning.expr, (k) => this.read(operandRead(n, k), n.type.shape, at, where), where);
  }

  scalar(e: Scalar, args: readonly Expr[], dtype: DType): Expr {
    switch (e.tag) {
      case 'arg':
        return args[e.index];
      case 'const':
        return num(e.value);
      case 'cast':
        return { tag: 'cast', dtype: e.dtype, arg: this.scalar(e.arg, args, dtype) };
      case 'prim':
        return { tag: 'prim', prim: e.prim, args: e.args.map((a) => this.scalar(a, args, dtype)), dtype };
    }
  }

  /** Operand `k` of a member at the member's own place. */
  operand(n: Node, k: number, where: Block): Expr {
    const dims = operandDims(n, this.span(n), k);
    const read = operandRead(n, k);
    const shape = read.steps[0]?.output ?? read.source.type.shape;
    return this.read(read, shape, dims.map((d) => this.indexOfDim(d)), where);
  }

  /** The value of a member as seen in a block: a local, or what an earlier pass left behind. */
  private member(n: Node, where: Block): Expr {
    const known = find(where, n);
    if (known) return known;
    const kept = this.staged.get(n);
    if (kept) return loadOf(kept, this.rowIndex(n));
    const sums = this.sinkArrays.get(n);
    if (sums) return loadOf(sums.index ?? sums.value, this.indexOfDim(this.span(n).dims.flat()));
    const buffer = this.group.stored.includes(n) ? this.context.bufferOf(n) : undefined;
    if (buffer) return loadOf(buffer, this.position(n, this.span(n).dims));
    return this.define(n, where);
  }

  /** The place of an inner value in a row of scratch. */
  private rowIndex(n: Node): NestIndex {
    const rows = this.group.domain.rows;
    return this.indexOfDim(this.span(n).dims.flat().filter((a) => !rows.includes(a)));
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

  /** Computes a member in a block, gives it a name there and stores it if others need it. */
  define(n: Node, where: Block): Expr {
    const name = this.fresh(n.op.name);
    where.stmts.push({ tag: 'let', name, value: this.valueOf(n, where) });
    where.values.set(n, local(name));
    return local(name);
  }

  store(n: Node, value: Expr, where: Block): void {
    if (!this.group.stored.includes(n)) return;
    const buffer = this.context.bufferOf(n);
    if (!buffer) throw new InternalError(`lower: ${n.op.name} must be stored but has no buffer`);
    where.stmts.push({ tag: 'store', buffer, index: this.position(n, this.span(n).dims), value });
  }

  private loops(axes: readonly Axis[], body: readonly Stmt[]): Stmt[] {
    return axes.reduceRight<readonly Stmt[]>(
      (inner, axis) => (axis.extent === 1 ? inner : [{ tag: 'loop', loop: this.varOf(axis), body: inner }]),
      body,
    ) as Stmt[];
  }

  /** The whole group as one kernel. */
  lower(): Kernel {
    const { domain } = this.group;
    const { members, place, rows, sinks, pass, passes } = domain;
    const first = meaningOf(members[0]);
    const top = block(null);
    if (first.tag === 'routine') this.lowerRoutine(members[0], top);
    else if (first.tag === 'scatter') this.lowerScatter(members[0], top);
    else {
      for (const n of members) if (place.get(n) === 'prologue') this.store(n, this.define(n, top), top);
      for (const n of sinks) this.openSink(n, top);
      const contraction = members.find((n) => meaningOf(n).tag === 'contract');
      const row = block(top, contraction ? this.span(contraction).dims.flat().map((a) => this.varOf(a)) : rows.map((a) => this.varOf(a)));
      this.planStaging();
      if (contraction) {
        const { outer, stmt } = contractionOf(this, contraction, row, () => {
          for (const n of members) if (place.get(n) === 'row') this.rowMember(n, row);
        });
        top.stmts.push(...this.loops(outer, [stmt]));
      } else {
        for (let p = 0; p <= passes + 1; p++) {
          for (const n of members) if (place.get(n) === 'row' && pass.get(n) === p) this.rowMember(n, row);
          this.innerPass(members.filter((n) => place.get(n) === 'inner' && pass.get(n) === p), row);
        }
        top.stmts.push(...this.loops(rows, row.stmts));
      }
      this.closeSinks(top);
    }
    return this.kernel(top);
  }

  /** A member that runs once per row. */
  private rowMember(n: Node, row: Block): void {
    if (meaningOf(n).tag === 'contract') return;
    if (this.span(n).reduced.length > 0) this.accumulate(n, row);
    else this.store(n, this.define(n, row), row);
  }

  // --- inner passes ---------------------------------------------------------------------------------------------------------

  /** Which inner values later passes need from memory: those dear to compute again and not stored anyway. */
  private planStaging(): void {
    const { members, place, pass, rows } = this.group.domain;
    const again = (n: Node): number => {
      const meaning = meaningOf(n);
      if (meaning.tag !== 'map') return Infinity;
      let price = scalarCost(meaning.expr) + n.inputs.length / 2;
      for (let k = 0; k < n.inputs.length; k++) {
        const { source } = operandRead(n, k);
        if (this.members.has(source) && place.get(source) === 'inner' && !this.kept(source) && this.span(source).reduced.length === 0)
          price += again(source);
      }
      return price;
    };
    for (const n of members) {
      if (place.get(n) !== 'inner' || this.span(n).reduced.length > 0 || this.kept(n)) continue;
      const later = members.some(
        (user) =>
          place.get(user) === 'inner' &&
          (pass.get(user) as number) > (pass.get(n) as number) &&
          user.inputs.some((_, k) => operandRead(user, k).source === n),
      );
      if (!later || again(n) < limits.keepFrom) continue;
      const length = this.span(n).dims.flat().reduce((p, a) => (rows.includes(a) ? p : p * a.extent), 1);
      this.staged.set(n, this.newScratch(`${n.op.name}Row`, n.type.dtype === 'float32' ? 'float64' : n.type.dtype, length));
    }
  }

  private kept(n: Node): boolean {
    return this.staged.has(n) || this.group.stored.includes(n);
  }

  private innerPass(nodes: readonly Node[], row: Block): void {
    const rows = this.group.domain.rows;
    const sets: { readonly axes: readonly Axis[]; readonly nodes: Node[] }[] = [];
    for (const n of nodes) {
      const axes = this.span(n).iter.filter((a) => !rows.includes(a));
      const same = sets.find((x) => x.axes.length === axes.length && axes.every((a) => x.axes.includes(a)));
      if (same) same.nodes.push(n);
      else sets.push({ axes, nodes: [n] });
    }
    for (const { axes, nodes: together } of sets) {
      const body = block(row, axes.map((a) => this.varOf(a)));
      const after: (() => void)[] = [];
      for (const n of together) {
        if (this.span(n).reduced.length > 0) after.push(this.reduceInside(n, row, body));
        else {
          const value = this.define(n, body);
          this.store(n, value, body);
          const kept = this.staged.get(n);
          if (kept) body.stmts.push({ tag: 'store', buffer: kept, index: this.rowIndex(n), value });
        }
      }
      row.stmts.push(...this.loops(axes, body.stmts));
      after.forEach((f) => f());
    }
  }

  /** A reduction inside an inner loop; returns what is to be done when the loop has ended. */
  private reduceInside(n: Node, row: Block, body: Block): () => void {
    const { rows, sinks } = this.group.domain;
    const span = this.span(n);
    const innerKept = span.dims.flat().some((a) => !rows.includes(a));
    const innerReduced = span.reduced.some((a) => !rows.includes(a));
    if (sinks.has(n) && (innerKept || !innerReduced)) {
      this.accumulate(n, body);
      return () => {};
    }
    const cell = this.openCell(n, row);
    this.step(n, cell, this.operand(n, 0, body), body);
    return () => {
      if (sinks.has(n)) this.accumulateCell(n, cell, row);
      else {
        row.values.set(n, local(cell.result));
        this.store(n, local(cell.result), row);
      }
    };
  }

  // --- reductions -----------------------------------------------------------------------------------------------------------

  /** Accumulators in locals: `value`, and for arg-reductions `index`. `result` names the one that is the answer. */
  private openCell(n: Node, where: Block): { readonly value: string; readonly index: string | null; readonly result: string } {
    const { monoid } = meaningOf(n) as Extract<ReturnType<typeof meaningOf>, { tag: 'reduce' }>;
    const value = this.fresh(n.op.name);
    where.stmts.push({ tag: 'var', name: value, value: num(identityOf(monoid, n.inputs[0].type.dtype)) });
    if (monoid !== 'argmax' && monoid !== 'argmin') return { value, index: null, result: value };
    const index = this.fresh('index');
    where.stmts.push({ tag: 'var', name: index, value: num(-1) });
    return { value, index, result: index };
  }

  /** The index that an arg-reduction reports: row-major over the reduced axes. */
  private reducedIndex(n: Node): Expr {
    return { tag: 'index', index: this.indexOfDim(this.span(n).reduced) };
  }

  private step(n: Node, cell: { readonly value: string; readonly index: string | null }, v: Expr, where: Block): void {
    const { monoid } = meaningOf(n) as Extract<ReturnType<typeof meaningOf>, { tag: 'reduce' }>;
    if (cell.index === null) {
      where.stmts.push({ tag: 'assign', name: cell.value, value: combine(monoid, local(cell.value), v, n.type.dtype) });
      return;
    }
    const name = this.fresh('candidate');
    where.stmts.push({ tag: 'let', name, value: v });
    where.stmts.push({
      tag: 'if',
      condition: combineArg(monoid, local(cell.value), local(cell.index), local(name)),
      body: [
        { tag: 'assign', name: cell.value, value: local(name) },
        { tag: 'assign', name: cell.index, value: this.reducedIndex(n) },
      ],
    });
  }

  // Sinks: one accumulator per kept place. Without kept axes that is a local, else an array of doubles.
  private readonly sinkCells = new Map<Node, { readonly value: string; readonly index: string | null; readonly result: string }>();
  private readonly sinkArrays = new Map<Node, { readonly value: Buffer; readonly index: Buffer | null }>();

  private openSink(n: Node, top: Block): void {
    const kept = this.span(n).dims.flat();
    if (kept.length === 0) {
      this.sinkCells.set(n, this.openCell(n, top));
      return;
    }
    const { monoid } = meaningOf(n) as Extract<ReturnType<typeof meaningOf>, { tag: 'reduce' }>;
    const length = numel(n.type.shape);
    const isArg = monoid === 'argmax' || monoid === 'argmin';
    const value = this.newScratch(`${n.op.name}Sum`, 'float64', length);
    const index = isArg ? this.newScratch('indexBest', 'int32', length) : null;
    this.sinkArrays.set(n, { value, index });
    const at = this.indexOfDim(kept);
    const body: Stmt[] = [{ tag: 'store', buffer: value, index: at, value: num(identityOf(monoid, n.inputs[0].type.dtype)) }];
    if (index) body.push({ tag: 'store', buffer: index, index: at, value: num(-1) });
    top.stmts.push(...this.loops(kept, body));
  }

  /** Adds the operand's value at the current place to a sink. */
  private accumulate(n: Node, where: Block): void {
    this.addToSink(n, this.operand(n, 0, where), this.reducedIndex(n), where);
  }

  /** Adds a finished partial accumulator to a sink. */
  private accumulateCell(n: Node, cell: { readonly value: string; readonly index: string | null }, where: Block): void {
    // A partial index counts all reduced axes already: reducedIndex uses the row variables too.
    this.addToSink(n, local(cell.value), cell.index === null ? num(0) : local(cell.index), where);
  }

  private addToSink(n: Node, v: Expr, index: Expr, where: Block): void {
    const { monoid } = meaningOf(n) as Extract<ReturnType<typeof meaningOf>, { tag: 'reduce' }>;
    const cell = this.sinkCells.get(n);
    if (cell) {
      if (cell.index === null) return this.step(n, cell, v, where);
      const name = this.fresh('candidate');
      where.stmts.push({ tag: 'let', name, value: v });
      where.stmts.push({
        tag: 'if',
        condition: combineArg(monoid, local(cell.value), local(cell.index), local(name)),
        body: [
          { tag: 'assign', name: cell.value, value: local(name) },
          { tag: 'assign', name: cell.index, value: index },
        ],
      });
      return;
    }
    const arrays = this.sinkArrays.get(n) as { readonly value: Buffer; readonly index: Buffer | null };
    const at = this.indexOfDim(this.span(n).dims.flat());
    const old = loadOf(arrays.value, at);
    if (arrays.index === null) {
      where.stmts.push({ tag: 'store', buffer: arrays.value, index: at, value: combine(monoid, old, v, n.type.dtype) });
      return;
    }
    const name = this.fresh('candidate');
    where.stmts.push({ tag: 'let', name, value: v });
    where.stmts.push({
      tag: 'if',
      condition: combineArg(monoid, old, loadOf(arrays.index, at), local(name)),
      body: [
        { tag: 'store', buffer: arrays.value, index: at, value: local(name) },
        { tag: 'store', buffer: arrays.index, index: at, value: index },
      ],
    });
  }

  /** After the row loops: finished sinks are stored, and tails computed, in one loop per set of axes. */
  private closeSinks(top: Block): void {
    const { members, sinks, place } = this.group.domain;
    let open: { readonly key: string; readonly axes: readonly Axis[]; readonly body: Block } | null = null;
    const flush = (): void => {
      if (open && open.axes.length > 0) top.stmts.push(...this.loops(open.axes, open.body.stmts));
      open = null;
    };
    for (const n of members) {
      if (!sinks.has(n) && place.get(n) !== 'tail') continue;
      const axes = this.span(n).dims.flat();
      const key = axes.map((a) => a.id).join();
      if (open === null || open.key !== key) {
        flush();
        open = { key, axes, body: axes.length > 0 ? block(top, axes.map((a) => this.varOf(a))) : top };
      }
      const { body } = open;
      if (!sinks.has(n)) {
        this.store(n, this.define(n, body), body);
        continue;
      }
      const cell = this.sinkCells.get(n);
      const arrays = this.sinkArrays.get(n);
      const value = cell ? local(cell.result) : loadOf((arrays?.index ?? arrays?.value) as Buffer, this.indexOfDim(axes));
      // Only scalar results may be read from another loop; arrays are read back from their accumulators.
      (cell ? top : body).values.set(n, value);
      this.store(n, value, body);
    }
    flush();
  }

  // --- scatter and routines -------------------------------------------------------------------------------------------------

  private lowerScatter(n: Node, top: Block): void {
    const meaning = meaningOf(n);
    if (meaning.tag !== 'scatter') throw new InternalError('lower: no scatter');
    const out = this.context.bufferOf(n) as Buffer;
    const shape = n.type.shape;
    const copyVars = shape.map((extent, i): LoopVar => ({ tag: 'var', name: this.fresh(`c${i}`), extent }));
    const copyAt = copyVars.map((v) => ofVar(v));
    const copy = block(top, copyVars);
    const base = this.read(operandRead(n, 0), shape, copyAt, copy);
    copy.stmts.push({ tag: 'store', buffer: out, index: flatten(placeAt(shape, copyAt)), value: base });
    top.stmts.push(
      ...copyVars.reduceRight<Stmt[]>(
        (inner, loop) => (loop.extent === 1 ? inner : [{ tag: 'loop', loop, body: inner }]),
        copy.stmts,
      ),
    );
    const span = this.span(n);
    const body = block(top, span.iter.map((a) => this.varOf(a)));
    const at = span.dims.map((d) => this.indexOfDim(d));
    const index = meaning.axes.map((axis, i): NestIndex => {
      if ('axis' in axis) return at[axis.axis];
      const expr = this.operand(n, axis.input, body);
      return { offset: 0, terms: [{ atom: { tag: 'value', expr, extent: shape[i] }, coef: 1 }] };
    });
    const where = flatten(placeAt<Expr>(shape, index));
    const source = this.read(operandRead(n, 1), n.inputs[1].type.shape, at, body);
    const old = loadOf(out, where);
    const dtype = n.type.dtype;
    const value: Expr =
      meaning.mode === 'set' ? source : { tag: 'prim', prim: meaning.mode, args: [source, old], dtype };
    body.stmts.push({ tag: 'store', buffer: out, index: where, value });
    top.stmts.push(...this.loops(span.dims.flat(), body.stmts));
  }

  private lowerRoutine(n: Node, top: Block): void {
    const inputs = n.inputs.map((i) => {
      const buffer = this.context.bufferOf(operandRead({ ...n, inputs: [i] }, 0).source);
      if (!buffer) throw new InternalError(`lower: an input of ${n.op.name} is not in memory`);
      return buffer;
    });
    top.stmts.push({ tag: 'routine', name: n.op.name, output: this.context.bufferOf(n) as Buffer, inputs, slot: n.id });
  }

  // --- the kernel -------------------------------------------------------------------------------------------------------------

  private kernel(top: Block): Kernel {
    const { members, rows, passes, sinks } = this.group.domain;
    const words = [...new Set(members.map((n) => n.op.name.replace(/[^A-Za-z0-9]/g, '')))];
    const base = words.length <= 4 ? words.join('_') : [...words.slice(0, 2), 'etc', words[words.length - 1]].join('_');
    const inner = new Set(members.flatMap((n) => this.span(n).iter.filter((a) => !rows.includes(a))));
    const name = (list: Iterable<Axis>): string => [...list].map((a) => `${this.varOf(a).name}<${a.extent}`).join(' ');
    const parts = [
      rows.length > 0 ? `for ${name(rows)}` : 'once',
      inner.size > 0 ? `inner ${name(inner)}${passes > 0 ? ` in ${passes + 1} passes` : ''}` : '',
      sinks.size > 0 ? `summing over rows: ${[...sinks].map((n) => n.op.name).join(', ')}` : '',
    ];
    const origins: Origin[] = [];
    for (const n of members)
      if (n.origin && !origins.some((o) => o.op === n.origin?.op && o.line === n.origin?.line && o.file === n.origin?.file))
        origins.push(n.origin);
    return {
      name: this.context.uniqueName(base),
      body: top.stmts,
      summary: parts.filter(Boolean).join(' · '),
      origins,
      ...measure(top.stmts, this.scratch, members),
      scratch: this.scratch,
    };
  }
}

export const lower = (group: Group, context: LowerContext): Kernel => new Lowering(group, context).lower();
