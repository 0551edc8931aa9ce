// Loops for contractions. In: a `contraction` statement. Out: loops, in one of two forms.
//
// axpy tiles (11 GFLOP/s; a dot-product tile spills and gives 7): for 4 rows i of the result a scratch S of 4 x J doubles; for
// 4 values of k, sixteen values of A in locals and one pass over the columns,
//     S[r][j] += a[r][0]*B[k][j] + a[r][1]*B[k+1][j] + a[r][2]*B[k+2][j] + a[r][3]*B[k+3][j]
// and then the epilogue over the columns while S is in the first-level cache. Either operand may play B. If the chosen one is not
// contiguous along its columns (a transpose, a padded window) a panel of it is packed first, so no layout costs a transpose and
// a convolution never holds more than one panel of its windows.
//
// dot products in plain loops, where there are too few columns.

import type { LoopVar } from './affine.ts';
import { add, indexOf, ofAtom, ofVar, scale, strideIn, substitute } from './affine.ts';
import { limits } from './limits.ts';
import type { Buffer, Contraction, Expr, NestIndex, Stmt } from './nest.ts';
import { loadOf, local, mapExpr, mapStmt, num } from './nest.ts';

export interface TileContext {
  readonly fresh: (base: string) => string;
  readonly scratch: (base: string, dtype: 'float64' | 'float32', length: number) => Buffer;
}

type Vars = readonly LoopVar[];
const sizeOf = (vars: Vars): number => vars.reduce((p, v) => p * v.extent, 1);

export const loopOver = (vars: Vars, body: readonly Stmt[]): readonly Stmt[] =>
  vars.reduceRight<readonly Stmt[]>((inner, loop) => (loop.extent === 1 ? inner : [{ tag: 'loop', loop, body: inner }]), body);

/** The row-major index of a product of loop variables. */
const linear = (vars: Vars): NestIndex => vars.reduce<NestIndex>((sum, v) => add(scale(sum, v.extent), ofVar(v)), indexOf(0));

const at = (e: Expr, by: ReadonlyMap<string, NestIndex>): Expr => mapExpr(e, (x) => x, (i) => substitute(i, (v) => by.get(v.name) ?? null));
const stmtAt = (s: Stmt, by: ReadonlyMap<string, NestIndex>): Stmt => mapStmt(s, (x) => x, (i) => substitute(i, (v) => by.get(v.name) ?? null));

/** The stride of a load along a product of variables, if it moves evenly along them; null otherwise. */
function evenStride(e: Expr, vars: Vars): number | null {
  if (e.tag !== 'load') return null;
  let unit: number | null = null;
  let expected = 0;
  for (let i = vars.length - 1; i >= 0; i--) {
    const stride = strideIn(e.index, vars[i].name);
    if (stride === null || (unit !== null && stride !== expected)) return null;
    unit ??= stride;
    expected = stride * vars[i].extent;
  }
  return unit ?? 0;
}

const firstStore = (stmts: readonly Stmt[]): Extract<Stmt, { tag: 'store' }> | undefined =>
  stmts.find((s): s is Extract<Stmt, { tag: 'store' }> => s.tag === 'store');

interface Roles {
  readonly rows: Vars;
  readonly columns: Vars;
  readonly a: Expr;
  readonly b: Expr;
}

/** How good it is to let `columns` of operand `b` be the inner loop; negative if it is not worth tiling. */
function score(c: Contraction, { rows, columns, b }: Roles): number {
  const width = sizeOf(columns);
  if (width < limits.tileColumns) return -1;
  const direct = evenStride(b, columns.slice(-1)) === 1 ? 4 : sizeOf(rows) < limits.packRows ? -2 : 0;
  const store = firstStore(c.epilogue);
  const last = columns[columns.length - 1];
  const contiguous = store && strideIn(store.index, last.name) === 1 ? 2 : 0;
  return direct + contiguous + Math.min(3, Math.log2(last.extent) / 3) + Math.min(1, sizeOf(rows) / 4);
}

export function tile(c: Contraction, context: TileContext): readonly Stmt[] {
  const straight: Roles = { rows: c.m, columns: c.n, a: c.a, b: c.b };
  const swapped: Roles = { rows: c.n, columns: c.m, a: c.b, b: c.a };
  const scores = [score(c, straight), score(c, swapped)];
  if (Math.max(...scores) < 0 || sizeOf(c.k) === 0) return dot(c, context);
  return axpy(c, scores[0] >= scores[1] ? straight : swapped, context);
}

/** One accumulator per element of the result. */
function dot(c: Contraction, context: TileContext): readonly Stmt[] {
  const acc = context.fresh('acc');
  const product: Expr = { tag: 'prim', prim: 'mul', args: [c.a, c.b], dtype: 'float64' };
  const body: Stmt[] = [
    { tag: 'var', name: acc, value: num(0) },
    ...loopOver(c.k, [{ tag: 'assign', name: acc, value: { tag: 'prim', prim: 'add', args: [local(acc), product], dtype: 'float64' } }]),
    { tag: 'let', name: c.acc, value: local(acc) },
    ...c.epilogue,
  ];
  return loopOver([...c.m, ...c.n], body);
}

/** The columns of a tile: trailing axes until there are enough of them; what is left becomes outer loops. */
function splitColumns(columns: Vars): { readonly outer: Vars; readonly inner: Vars } {
  let from = columns.length - 1;
  while (from > 0 && sizeOf(columns.slice(from)) < limits.enoughColumns) from--;
  return { outer: columns.slice(0, from), inner: columns.slice(from) };
}

function axpy(c: Contraction, roles: Roles, context: TileContext): readonly Stmt[] {
  const { outer, inner } = splitColumns(roles.columns);
  const width = sizeOf(inner);
  const direct = evenStride(roles.b, inner) === 1;
  // The row axis that is tiled is the longest; the others are loops around.
  const rowAxis = roles.rows.reduce<LoopVar | null>((best, v) => (best === null || v.extent > best.extent ? v : best), null);
  const rowLoops = roles.rows.filter((v) => v !== rowAxis);
  const rowCount = rowAxis?.extent ?? 1;

  // Columns run as one variable if everything that uses them is even along them; else as a nest.
  const pack = !direct && sizeOf(roles.rows) >= limits.packRows;
  const kEven = (direct || pack || evenStride(roles.b, c.k) !== null) && evenStride(roles.a, c.k) !== null && (pack || evenStride(roles.b, c.k) !== null);
  const kAxis: LoopVar = kEven || c.k.length <= 1 ? { tag: 'var', name: c.k.length === 1 ? c.k[0].name : context.fresh('k'), extent: sizeOf(c.k) } : c.k[c.k.length - 1];
  const kLoops = kEven || c.k.length <= 1 ? [] : c.k.slice(0, -1);

  const stmts: Stmt[] = [];
  let panel: Buffer | null = null;
  if (pack) {
    panel = context.scratch('panel', 'float64', sizeOf(c.k) * width);
    const place = add(scale(linear(c.k), width), linear(inner));
    stmts.push(...loopOver([...c.k, ...inner], [{ tag: 'store', buffer: panel, index: place, value: roles.b }]));
  }
  const sums = context.scratch('sums', 'float64', Math.min(limits.tile, rowCount) * width);

  /** Where a k of the tile lies, for the operands' own k axes. */
  const kPlace = (k: NestIndex): Map<string, NestIndex> => {
    if (kLoops.length > 0 || c.k.length === 1) return new Map(c.k.length > 0 ? [[c.k[c.k.length - 1].name, k]] : []);
    // Even along all axes: putting the flat k on the last axis moves by the same stride.
    return new Map(c.k.map((v, i) => [v.name, i === c.k.length - 1 ? k : indexOf(0)]));
  };
  const jVars: Vars = width === inner[inner.length - 1].extent || direct || panel ? [columnVar(inner, context)] : inner;
  const jFlat = linear(jVars);
  const bAt = (k: NestIndex): Expr => {
    if (panel) {
      const flatK = kLoops.length > 0 ? add(scale(linear(kLoops), kAxis.extent), k) : k;
      return loadOf(panel, add(scale(flatK, width), jFlat));
    }
    const by = kPlace(k);
    if (jVars !== inner) inner.forEach((v, i) => by.set(v.name, i === inner.length - 1 ? jFlat : indexOf(0)));
    return at(roles.b, by);
  };

  const zeroName = context.fresh('z');
  const rowName = context.fresh('r');
  /** The block of `count` rows from `row` on. */
  const block = (row: NestIndex, count: number): Stmt[] => {
    const rowAt = (r: number): NestIndex => add(row, indexOf(r));
    const aAt = (r: number, k: NestIndex): Expr => {
      const by = kPlace(k);
      if (rowAxis) by.set(rowAxis.name, rowAt(r));
      return at(roles.a, by);
    };
    const clear: Stmt[] = [];
    const zero: LoopVar = { tag: 'var', name: zeroName, extent: count * width };
    clear.push(...loopOver([zero], [{ tag: 'store', buffer: sums, index: ofVar(zero), value: num(0) }]));
    const step = (k: NestIndex, depth: number): Stmt[] => {
      const locals: Stmt[] = [];
      const names: string[][] = [];
      for (let r = 0; r < count; r++) {
        names.push([]);
        for (let q = 0; q < depth; q++) {
          const name = context.fresh(`a${r}${q}`);
          names[r].push(name);
          locals.push({ tag: 'let', name, value: aAt(r, add(k, indexOf(q))) });
        }
      }
      const body: Stmt[] = [];
      const bs: string[] = [];
      for (let q = 0; q < depth; q++) {
        const name = context.fresh(`b${q}`);
        bs.push(name);
        body.push({ tag: 'let', name, value: bAt(add(k, indexOf(q))) });
      }
      for (let r = 0; r < count; r++) {
        const place = add(jFlat, indexOf(r * width));
        const value = bs.reduce<Expr>(
          (sum, b, q) => prim('add', sum, prim('mul', local(names[r][q]), local(b))),
          loadOf(sums, place),
        );
        body.push({ tag: 'store', buffer: sums, index: place, value });
      }
      return [...locals, ...loopOver(jVars, body)];
    };
    const kMain = kAxis.extent - (kAxis.extent % limits.tile);
    const kBody: Stmt[] = [];
    if (kMain > 0) {
      const kv: LoopVar = { tag: 'var', name: kAxis.name, extent: kMain, step: limits.tile };
      if (kMain === limits.tile) kBody.push(...step(indexOf(0), limits.tile));
      else kBody.push({ tag: 'loop', loop: kv, body: step(ofAtom(kv), limits.tile) });
    }
    if (kMain < kAxis.extent) kBody.push(...step(indexOf(kMain), kAxis.extent - kMain));
    // The epilogue sees its own row and columns again.
    const r: LoopVar = { tag: 'var', name: rowName, extent: count };
    const by = new Map<string, NestIndex>();
    if (rowAxis) by.set(rowAxis.name, add(row, ofVar(r)));
    const acc: Stmt = { tag: 'let', name: c.acc, value: loadOf(sums, add(scale(ofVar(r), width), linear(inner))) };
    const epilogue = loopOver([r, ...inner], [acc, ...c.epilogue.map((s) => stmtAt(s, by))]);
    return [...clear, ...loopOver(kLoops, kBody), ...epilogue];
  };

  const rowMain = rowCount - (rowCount % limits.tile);
  const body: Stmt[] = [];
  if (rowMain > 0) {
    const i: LoopVar = { tag: 'var', name: rowAxis?.name ?? 'i', extent: rowMain, step: limits.tile };
    if (rowMain === limits.tile) body.push(...block(indexOf(0), limits.tile));
    else body.push({ tag: 'loop', loop: i, body: block(ofAtom(i), limits.tile) });
  }
  if (rowMain < rowCount) body.push(...block(indexOf(rowMain), rowCount - rowMain));
  stmts.push(...loopOver(rowLoops, body));
  return loopOver(outer, stmts);
}

const prim = (name: 'add' | 'mul', ...args: Expr[]): Expr => ({ tag: 'prim', prim: name, args, dtype: 'float64' });

/** One variable for all columns of a tile. */
const columnVar = (inner: Vars, context: TileContext): LoopVar =>
  inner.length === 1 ? inner[0] : { tag: 'var', name: context.fresh('j'), extent: sizeOf(inner) };

