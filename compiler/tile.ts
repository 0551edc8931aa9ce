// Loops for contractions. In: a `contraction` statement. Out: loops, in one of two forms.
//
// axpy tiles (11 GFLOP/s; a dot-product tile spills and gives 7): for 4 rows i of the result a scratch S of 4 x J doubles; for
// 4 values of k, sixteen values of A in locals and one pass over the columns,
//     S[r][j] += a[r][0]*B[k][j] + a[r][1]*B[k+1][j] + a[r][2]*B[k+2][j] + a[r][3]*B[k+3][j]
// four columns in an iteration, and then the epilogue over the columns while S is in the first-level cache. Either operand may play B.
// If the chosen one is not contiguous along its columns (a transpose, a padded window), or if many rows read it, a panel of it is packed
// into doubles first, so no layout costs a transpose. A panel has a limit: where k has several axes, the leading ones become outer loops around
// packing, and the sums of all rows stay in scratch; so a convolution never holds all of its windows.
//
// dot products in plain loops, where there are too few columns.
//
// An operand that exists only where a test holds is 0 elsewhere: if the test is the same for all columns, it stands before the pass over
// them, and decides whether to add anything. The gradient of a convolution by its input is such a sum, over the windows that reach a pixel.

import type { LoopVar } from './affine.ts';
import { add, indexOf, ofAtom, ofVar, scale, someVariable, strideIn, substitute } from './affine.ts';
import { isInteger } from './dtype.ts';
import { limits } from './limits.ts';
import type { Buffer, Contraction, Expr, NestGuard, NestIndex, Stmt } from './nest.ts';
import { loadOf, local, mapExpr, num, substituteIn } from './nest.ts';
import { numbered, widened } from './unroll.ts';

export interface TileContext {
  readonly fresh: (base: string) => string;
  readonly scratch: (base: string, dtype: 'float64' | 'float32', length: number) => Buffer;
}

type Vars = readonly LoopVar[];
const sizeOf = (vars: Vars): number => vars.reduce((p, v) => p * v.extent, 1);

export const loopOver = (vars: Vars, body: readonly Stmt[]): readonly Stmt[] =>
  vars.reduceRight<readonly Stmt[]>(
    (inner, loop) => (loop.extent === 1 ? inner : [{ tag: 'loop', loop, body: inner }]),
    body,
  );

/** The row-major index of a product of loop variables. */
const linear = (vars: Vars): NestIndex =>
  vars.reduce<NestIndex>((sum, v) => add(scale(sum, v.extent), ofVar(v)), indexOf(0));

const at = (e: Expr, by: ReadonlyMap<string, NestIndex>): Expr =>
  mapExpr(
    e,
    (x) => x,
    (i) => substitute(i, (v) => by.get(v.name) ?? null),
  );
const stmtAt = (s: Stmt, by: ReadonlyMap<string, NestIndex>): Stmt =>
  substituteIn(s, (v) => by.get(v.name) ?? null);

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

/** True if a test can have several answers along `vars`. What it reads at run time may be anything. */
const mentions = (g: NestGuard, vars: Vars): boolean =>
  readsData(g.index) || someVariable(g.index, (name) => vars.some((v) => v.name === name));
const readsData = ({ terms }: NestIndex): boolean =>
  terms.some(({ atom }) => atom.tag === 'value' || (atom.tag !== 'var' && readsData(atom.of)));

/** An expression that is 0 where a test fails. */
interface Tested {
  readonly guards: readonly NestGuard[];
  readonly value: Expr;
}

/** True if an operand's elements lie side by side along the columns. */
const isContiguous = (e: Expr, columns: Vars): boolean =>
  evenStride(apartFromTests(e, columns).value, columns) === 1;

/** An operand without the tests around it that have one answer along `vars`. */
function apartFromTests(e: Expr, vars: Vars): Tested {
  const guards: NestGuard[] = [];
  let value = e;
  while (value.tag === 'guarded' && value.otherwise === 0 && !value.guards.some((g) => mentions(g, vars))) {
    guards.push(...value.guards);
    value = value.value;
  }
  return { guards, value };
}

/** The statements, if there are tests only where they hold. */
const where = (guards: readonly NestGuard[], body: readonly Stmt[]): readonly Stmt[] =>
  guards.length === 0
    ? body
    : [{ tag: 'if', condition: { tag: 'guarded', guards, value: num(1), otherwise: 0 }, body }];

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
  const direct = isContiguous(b, columns.slice(-1)) ? 4 : sizeOf(rows) < limits.packRows ? -2 : 0;
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
  const product = times(c, c.a, c.b);
  const body: Stmt[] = [
    { tag: 'var', name: acc, value: num(0) },
    ...loopOver(c.k, [
      {
        tag: 'assign',
        name: acc,
        value: { tag: 'prim', prim: 'add', args: [local(acc), product], dtype: 'float64' },
      },
    ]),
    { tag: 'let', name: c.acc, value: finished(c, local(acc)) },
    ...c.epilogue,
  ];
  return loopOver([...c.m, ...c.n], body);
}

/** Trailing axes of the columns until there are enough of them, as long as `fits` holds; the others become outer loops. */
function splitColumns(
  columns: Vars,
  fits: (inner: Vars) => boolean,
): { readonly outer: Vars; readonly inner: Vars } {
  let from = columns.length - 1;
  while (from > 0 && sizeOf(columns.slice(from)) < limits.enoughColumns && fits(columns.slice(from - 1)))
    from--;
  return { outer: columns.slice(0, from), inner: columns.slice(from) };
}

/** How many leading axes of k must become outer loops for a panel to stay within its limit. */
function splitDepth(k: Vars, width: number): number {
  let outer = 0;
  while (outer < k.length - 1 && sizeOf(k.slice(outer)) * width > limits.panel) outer++;
  return outer;
}

function axpy(c: Contraction, roles: Roles, context: TileContext): readonly Stmt[] {
  const { fresh } = context;
  const asTheyLie = splitColumns(roles.columns, (inner) => isContiguous(roles.b, inner));
  // A panel would hold zeros where a test can pass them over.
  const hasTests = apartFromTests(roles.b, asTheyLie.inner).guards.length > 0;
  const direct =
    isContiguous(roles.b, asTheyLie.inner) &&
    sizeOf(asTheyLie.inner) >= (hasTests ? limits.tileColumns : limits.directColumns);
  const { outer, inner } = direct ? asTheyLie : splitColumns(roles.columns, () => true);
  const width = sizeOf(inner);
  const rowTotal = sizeOf(roles.rows);
  const tested = apartFromTests(roles.b, inner);
  const pack = direct
    ? rowTotal >= limits.packAnyway && sizeOf(c.k) * width <= limits.panel && tested.guards.length === 0
    : rowTotal >= limits.packRows;

  // k: outer loops around a panel, loops inside, and the axis that is cut into fours. Axes along which everything moves evenly are one.
  const canSplit = pack && rowTotal * width <= limits.allSums;
  const depth = canSplit ? splitDepth(c.k, width) : 0;
  const kOuter = c.k.slice(0, depth);
  const kInner = c.k.slice(depth);
  const b: Tested = pack ? { guards: [], value: roles.b } : tested;
  // What a test looks at stays a loop, so that one test serves all that is cut into fours.
  const kTested = kInner.filter((v) => b.guards.some((g) => mentions(g, [v])));
  const kFree = kInner.filter((v) => !kTested.includes(v));
  const kEven = evenStride(roles.a, kInner) !== null && (pack || evenStride(b.value, kInner) !== null);
  const joined = kEven && kInner.length > 1 && kTested.length === 0;
  const lastK = kFree.at(-1);
  const kAxis: LoopVar =
    joined || !lastK ? { tag: 'var', name: fresh('k'), extent: sizeOf(joined ? kInner : []) } : lastK;
  const kLoops = joined ? [] : kFree.slice(0, -1);
  const keepAll = kOuter.length > 0;

  // Rows: the longest axis is cut into fours, the others are loops around.
  const rowAxis = roles.rows.reduce<LoopVar | null>(
    (best, v) => (best === null || v.extent > best.extent ? v : best),
    null,
  );
  const rowLoops = roles.rows.filter((v) => v !== rowAxis);
  const rowCount = rowAxis?.extent ?? 1;

  const sums = context.scratch(
    'sums',
    'float64',
    (keepAll ? rowTotal : Math.min(limits.tile, rowCount)) * width,
  );
  const panel = pack ? context.scratch('panel', 'float64', sizeOf(kInner) * width) : null;
  const column: LoopVar = inner.length === 1 ? inner[0] : { tag: 'var', name: fresh('j'), extent: width };
  const flat = direct || panel ? [column] : inner;
  const j = linear(flat);
  const [zeroName, rowName] = [fresh('z'), fresh('r')];

  /** Puts a k of the tile where the operands expect their own k axes. */
  const kPlace = (k: NestIndex): Map<string, NestIndex> => {
    if (!joined) return new Map(lastK ? [[lastK.name, k]] : []);
    // Even along all of them: the flat k on the last axis moves by the same stride.
    return new Map(kInner.map((v) => [v.name, v === lastK ? k : indexOf(0)]));
  };
  const bAt = (k: NestIndex): Expr => {
    if (panel) {
      const flatK = kLoops.length > 0 ? add(scale(linear(kLoops), kAxis.extent), k) : k;
      return loadOf(panel, add(scale(flatK, width), j));
    }
    const by = kPlace(k);
    if (flat !== inner) inner.forEach((v, i) => by.set(v.name, i === inner.length - 1 ? j : indexOf(0)));
    return at(b.value, by);
  };
  /** Where the sums of a row begin. */
  const sumsOf = (row: NestIndex, r: number): NestIndex =>
    scale(keepAll ? add(add(scale(linear(rowLoops), rowCount), row), indexOf(r)) : indexOf(r), width);
  const clear = (count: number): readonly Stmt[] => {
    const zero: LoopVar = { tag: 'var', name: zeroName, extent: count * width };
    return loopOver([zero], [{ tag: 'store', buffer: sums, index: ofVar(zero), value: num(0) }]);
  };

  /** One pass over the columns for `count` rows and `deep` values of k. */
  const step = (row: NestIndex, count: number, k: NestIndex, deep: number): Stmt[] => {
    const body: Stmt[] = [];
    const bs = Array.from({ length: deep }, (_, q) => {
      const name = fresh(`b${q}`);
      body.push({ tag: 'let', name, value: bAt(add(k, indexOf(q))) });
      return name;
    });
    const as: Stmt[] = [];
    for (let r = 0; r < count; r++) {
      const place = add(sumsOf(row, r), j);
      const value = bs.reduce<Expr>(
        (total, b, q) => {
          const by = kPlace(add(k, indexOf(q)));
          if (rowAxis) by.set(rowAxis.name, add(row, indexOf(r)));
          const name = fresh(`a${r}${q}`);
          as.push({ tag: 'let', name, value: at(roles.a, by) });
          return sum(total, times(c, local(name), local(b)));
        },
        loadOf(sums, place),
      );
      body.push({ tag: 'store', buffer: sums, index: place, value });
    }
    const along = flat[flat.length - 1];
    // a pass may be cut into several, side by side
    const columns = widened(along, body, limits.columnsAtOnce, (name, k) => fresh(numbered(name, k)));
    return [...as, ...loopOver(flat.slice(0, -1), columns)];
  };
  /** All of k for `count` rows. A short k goes in one step. */
  const accumulate = (row: NestIndex, count: number): readonly Stmt[] => {
    const deep = kAxis.extent <= limits.deepest ? kAxis.extent : limits.tile;
    const main = deep === 0 ? 0 : kAxis.extent - (kAxis.extent % deep);
    const body: Stmt[] = [];
    if (main === deep && deep > 0) body.push(...step(row, count, indexOf(0), deep));
    else if (main > 0) {
      const k: LoopVar = { ...kAxis, extent: main, step: deep };
      body.push({ tag: 'loop', loop: k, body: step(row, count, ofAtom(k), deep) });
    }
    if (main < kAxis.extent) body.push(...step(row, count, indexOf(main), kAxis.extent - main));
    return loopOver(kTested, where(b.guards, loopOver(kLoops, body)));
  };
  /** The epilogue of `count` rows. It sees its own row and columns again. */
  const finish = (row: NestIndex, count: number): readonly Stmt[] => {
    const r: LoopVar = { tag: 'var', name: rowName, extent: count };
    const by = new Map<string, NestIndex>();
    if (rowAxis) by.set(rowAxis.name, add(row, ofVar(r)));
    const acc: Stmt = {
      tag: 'let',
      name: c.acc,
      value: finished(c, loadOf(sums, add(add(sumsOf(row, 0), scale(ofVar(r), width)), linear(inner)))),
    };
    return loopOver([r, ...inner], [acc, ...c.epilogue.map((s) => stmtAt(s, by))]);
  };
  /** Runs something for all rows, four at a time. */
  const forRows = (each: (row: NestIndex, count: number) => readonly Stmt[]): readonly Stmt[] => {
    const main = rowCount - (rowCount % limits.tile);
    const body: Stmt[] = [];
    if (main === limits.tile) body.push(...each(indexOf(0), limits.tile));
    else if (main > 0) {
      const i: LoopVar = { tag: 'var', name: rowAxis?.name ?? 'i', extent: main, step: limits.tile };
      body.push({ tag: 'loop', loop: i, body: each(ofAtom(i), limits.tile) });
    }
    if (main < rowCount) body.push(...each(indexOf(main), rowCount - main));
    return loopOver(rowLoops, body);
  };

  const packing: readonly Stmt[] = panel
    ? loopOver(
        [...kInner, ...inner],
        [
          {
            tag: 'store',
            buffer: panel,
            index: add(scale(linear(kInner), width), linear(inner)),
            value: roles.b,
          },
        ],
      )
    : [];
  const stmts = keepAll
    ? [...clear(rowTotal), ...loopOver(kOuter, [...packing, ...forRows(accumulate)]), ...forRows(finish)]
    : [
        ...packing,
        ...forRows((row, count) => [...clear(count), ...accumulate(row, count), ...finish(row, count)]),
      ];
  return loopOver(outer, stmts);
}

const sum = (a: Expr, b: Expr): Expr => ({ tag: 'prim', prim: 'add', args: [a, b], dtype: 'float64' });

/** A product; of two large integers only the low bits matter, and a double would lose them. */
const times = ({ dtype }: Contraction, a: Expr, b: Expr): Expr => ({
  tag: 'prim',
  prim: 'mul',
  args: [a, b],
  dtype: dtype === 'int32' ? dtype : 'float64',
});

/** What a sum of products is as a value of its dtype. */
const finished = ({ dtype }: Contraction, acc: Expr): Expr =>
  isInteger(dtype) ? { tag: 'cast', dtype, arg: acc } : acc;
