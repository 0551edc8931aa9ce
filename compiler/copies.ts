// A kernel once more, over other memory. In: a kernel, and where each of its arrays lies in a group that is alike (alike.ts). Out: the same
// statements over those arrays, under a name and with scratch of its own, made when they are asked for; and for the emitter, which need not
// print them again, what becomes of the names.
//
// Where an array begins elsewhere in a copy (x[t] of a sequence x), both are printed over pieces, arrays that begin there: x_at64 is x
// from its element 64 on. So the loads of both have the same text.

import type { Window } from './alike.ts';
import type { Names } from './names.ts';
import { scratchName } from './names.ts';
import type { Buffer, Expr, Kernel, NestIndex, Stmt } from './nest.ts';
import { mapStmt, visitStmts } from './nest.ts';
import { namesOf } from './schedule.ts';

/** A group as loops. */
export interface Lowered {
  /** As lowered, before loops were chosen. */
  readonly nest: Kernel;
  readonly kernel: Kernel;
  /** The kernel as it is printed. Only after the plan: that compares whole indices, and this names parts of them. */
  readonly finish: () => Kernel;
}

/** The first of some groups that are alike. */
export interface Model extends Lowered {
  /** What it touches, and from where on. */
  readonly windows: readonly Window[];
  /** Arrays that begin elsewhere in some copy. */
  readonly moving: Set<Buffer>;
}

/** A lowered group that may have copies. */
export function modelOf(lowered: Lowered, windows: readonly Window[]): Model {
  const moving = new Set<Buffer>();
  let printed: Kernel | null = null;
  const finish = (): Kernel => (printed ??= overPieces(lowered.finish(), windows, moving));
  return { ...lowered, finish, windows, moving };
}

/** The piece of an array from an element on; no other name is formed like this. */
const pieceOf = (buffer: Buffer, start: number): Buffer =>
  start === 0
    ? buffer
    : {
        ...buffer,
        name: `${buffer.name}_at${start}`,
        length: buffer.length - start,
        piece: { of: buffer, start },
      };

/** A kernel that reads the arrays that move through pieces, which begin where its first window of them does. */
function overPieces(kernel: Kernel, windows: readonly Window[], moving: ReadonlySet<Buffer>): Kernel {
  if (moving.size === 0) return kernel;
  const pieces = new Map<Buffer, Place>();
  for (const buffer of moving) {
    const start = Math.min(...windows.filter((w) => w.buffer === buffer).map((w) => w.start));
    pieces.set(buffer, { buffer: pieceOf(buffer, start), shift: -start });
  }
  const body = kernel.body.map((s) => mapStmt(s, (e) => loadElsewhere(e, pieces)));
  return { ...kernel, body, pieces: [...pieces.values()].map((p) => p.buffer).filter((b) => b.piece) };
}

/** Another array, and what is added to an index to find the same element there. */
interface Place {
  readonly buffer: Buffer;
  readonly shift: number;
}
type Places = ReadonlyMap<Buffer, Place>;

const moved = (index: NestIndex, shift: number): NestIndex =>
  shift === 0 ? index : { ...index, offset: index.offset + shift };

function loadElsewhere(e: Expr, places: Places): Expr {
  const place = e.tag === 'load' ? places.get(e.buffer) : undefined;
  return place && e.tag === 'load' ? { ...e, buffer: place.buffer, index: moved(e.index, place.shift) } : e;
}

/** The same kernel over other memory: each array lies so far from where it lies in the model. */
export function copyOf(
  model: Model,
  distances: ReadonlyMap<Buffer, Window>,
  base: string,
  names: Names,
): Lowered {
  const locals = namesOf(model.kernel, names);
  const fresh = (word: string): string => scratchName(word, locals, (w) => names.fresh(w));
  const name = fresh(base);
  const places = new Map<Buffer, Place>();
  for (const [from, { buffer, start }] of distances) {
    places.set(from, { buffer, shift: start });
    if (start !== 0) model.moving.add(from);
  }
  for (const b of model.kernel.scratch)
    places.set(b, { buffer: { ...b, name: fresh(b.name.replace(/\d+$/, '')) }, shift: 0 });
  const rows = new Map<string, string>();
  visitStmts(model.kernel.body, (s) => {
    if (s.tag === 'loop' && s.apart !== undefined) rows.set(s.apart, fresh(`${name}Row`));
  });
  const finish = (): Kernel => {
    const kernel = model.finish();
    const printed = new Map(places);
    for (const from of model.moving) {
      const { buffer, shift } = places.get(from) as Place;
      const piece = kernel.pieces?.find((p) => p.piece?.of === from) ?? from;
      printed.set(piece, { buffer: pieceOf(buffer, (piece.piece?.start ?? 0) + shift), shift: 0 });
    }
    const renamed = new Map([[kernel.name, name], ...rows]);
    for (const [from, to] of printed) renamed.set(from.name, to.buffer.name);
    const pieces = [...printed.values()].map((p) => p.buffer).filter((b) => b.piece);
    return elsewhere({ ...kernel, name, pieces, like: { kernel, renamed } }, printed, rows);
  };
  return {
    nest: elsewhere({ ...model.nest, name }, places, rows),
    kernel: elsewhere({ ...model.kernel, name }, places, rows),
    finish,
  };
}

/** A kernel over other arrays; its statements are made when they are asked for. */
function elsewhere(k: Kernel, places: Places, rows: ReadonlyMap<string, string>): Kernel {
  const other = (b: Buffer): Buffer => places.get(b)?.buffer ?? b;
  const stmt = (s: Stmt): Stmt => {
    switch (s.tag) {
      case 'store':
        return { ...s, buffer: other(s.buffer) };
      case 'loop':
        return { ...s, body: s.body.map(stmt), apart: s.apart && rows.get(s.apart) };
      case 'if':
        return { ...s, body: s.body.map(stmt) };
      case 'contraction':
        return { ...s, epilogue: s.epilogue.map(stmt) };
      default:
        return s;
    }
  };
  let body: readonly Stmt[] | null = null;
  return {
    ...k,
    get body() {
      return (body ??= k.body.map((s) => stmt(mapStmt(s, (e) => loadElsewhere(e, places)))));
    },
    reads: k.reads.map((b) => other(b).piece?.of ?? other(b)),
    writes: k.writes.map(other),
    scratch: k.scratch.map(other),
  };
}
